"""As much of an X server as our question whether there is one needs: it answers at a display of its own."""

import contextlib
import socket
import struct
import threading

FIRST_PORT = 6000
QUERY_EXTENSION = 98


class XServer:
    """Serves, in a thread, a display whose name is `display`. It has GLX or not, and accepts all or nobody."""

    def __init__(self, *, has_glx=True, accepts=True):
        self.has_glx, self.accepts = has_glx, accepts
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.display = f"127.0.0.1:{self.listener.getsockname()[1] - FIRST_PORT}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self):
        self.listener.close()

    def _serve(self):
        with contextlib.suppress(OSError):  # it was closed
            while True:
                client, _ = self.listener.accept()
                with client:
                    self._answer(client)

    def _answer(self, client):
        order, major = struct.unpack("<BxH8x", client.recv(12, socket.MSG_WAITALL))
        assert (order, major) == (ord("l"), 11)
        if not self.accepts:
            client.sendall(struct.pack("<BBHHH", 0, 7, 11, 0, 2) + b"No way!\0")
            return
        client.sendall(struct.pack("<BxHHH", 1, 11, 0, 2) + bytes(8))
        opcode, length = struct.unpack("<BxH4x", client.recv(8, socket.MSG_WAITALL))
        name = client.recv(4 * (length - 2), socket.MSG_WAITALL)
        assert (opcode, name.rstrip(b"\0")) == (QUERY_EXTENSION, b"GLX")
        client.sendall(struct.pack("<B7xB23x", 1, self.has_glx))
