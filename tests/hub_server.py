"""A stand-in for the Hugging Face Hub: real HTTP on the loopback address, as much of its protocol as uploads take."""

import base64
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = "hf_test"
KINDS = ("create", "validate-yaml", "preupload", "batch", "commit")


class Hub:
    """Repositories by name, with their files; it takes no commit without the bytes of its large files.

    `fails` maps a kind of request to the status that it is answered with.
    """

    def __init__(self):
        self.files, self.visibility, self.fails = {}, {}, {}
        self._blobs = {}

    def __enter__(self):
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (_Handler,), {"hub": self}))
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def post(self, path, headers, body):
        path = path.partition("?")[0]
        kind = next((word for word in KINDS if word in path), "")
        if headers.get("Authorization") != f"Bearer {TOKEN}":
            return 401, {"error": "Invalid username or password."}
        if kind in self.fails:
            return self.fails[kind], {"error": "told to fail"}
        if kind == "create":
            return self._create(json.loads(body))
        if kind == "validate-yaml":
            return 200, {"errors": [], "warnings": []}
        if kind == "batch":
            objects = [one for one in json.loads(body)["objects"] if one["oid"] not in self._blobs]
            return 200, {"transfer": "basic", "objects": [self._told_where(one) for one in objects]}
        name = path.removeprefix("/api/models/").rpartition(f"/{kind}/")[0]
        if name not in self.files:
            return 404, {"error": "Repository not found"}
        if kind == "commit":
            return self._commit(name, [json.loads(line) for line in body.splitlines()])
        paths = [one["path"] for one in json.loads(body)["files"]]
        return 200, {"files": [{"path": path, "uploadMode": _mode(path), "shouldIgnore": False} for path in paths]}

    def put(self, path, body):
        oid = path.rpartition("/")[2]
        if hashlib.sha256(body).hexdigest() != oid:
            return 400, {"error": "these are other bytes"}
        self._blobs[oid] = body
        return 200, {}

    def _create(self, said):
        name = f"{said['organization']}/{said['name']}"
        is_there = name in self.files
        self.files.setdefault(name, {})
        self.visibility.setdefault(name, said.get("visibility") or ("private" if said.get("private") else "public"))
        return (409 if is_there else 200), {"url": f"{self.address}/{name}"}

    def _told_where(self, one):
        return {**one, "actions": {"upload": {"href": f"{self.address}/blobs/{one['oid']}"}}}

    def _commit(self, name, lines):
        found = {}
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                found[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                if value["oid"] not in self._blobs:
                    return 400, {"error": f"the bytes of {value['path']} are missing"}
                found[value["path"]] = self._blobs[value["oid"]]
        self.files[name] |= found
        return 200, {"success": True, "commitUrl": f"{self.address}/{name}/commit/1", "commitOid": "1" * 40}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        self.answer(*self.hub.post(self.path, self.headers, self.body()))

    def do_PUT(self):
        self.answer(*self.hub.put(self.path, self.body()))

    def do_GET(self):
        self.answer(404, {"error": "not here"})

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def answer(self, status, said):
        text = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


def _mode(path):
    return "lfs" if path.endswith((".safetensors", ".bin")) else "regular"
