"""Becomes the program given by its arguments, which then ends with the process that started it, however that ends.

ai2thor starts Unity's player through this file: `python -I thor_launcher.py PLAYER ARGUMENT...`. Linux only.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # prctl(2)

if __name__ == "__main__":
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606 - the build that the user has installed
