"""Whether processes have ended that need not be our children."""

import os
import select

LONG_S = 30.0


def wait_for_end(pid, timeout_s=LONG_S):
    """Return whether a process ends in time."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    has_ended = bool(poll.poll(1000 * timeout_s))
    os.close(handle)
    return has_ended
