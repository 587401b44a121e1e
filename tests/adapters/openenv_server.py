"""Our server of OpenEnv, as a program of its own."""

import contextlib
import socket
import subprocess
import sys
import time


@contextlib.contextmanager
def serving():
    """Start it; yield its address and the process."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as found:
        port = found.getsockname()[1]
    command = [sys.executable, "-m", "vlm_gym.adapters.openenv", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        end = time.monotonic() + 120
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            assert server.poll() is None, server.stdout.read()
            assert time.monotonic() < end
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}", server
        server.terminate()
