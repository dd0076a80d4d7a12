"""A small Hugging Face Hub on this machine, for one repository at a time.

It speaks what huggingface_hub 1 and 2 ask when they fetch a snapshot and upload
a folder: https://huggingface.co/docs/hub/api
"""

import base64
import contextlib
import hashlib
import http.server
import json
import re
import threading


def _sha1(data):
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()


class Hub:
    """Repositories by OWNER/NAME: revision -> {path: bytes}.

    A revision is also its commit, spelled in hexadecimal digits.
    """

    def __init__(self):
        self.repositories = {}
        self.endpoint = ""

    def commit(self, revision):
        return _sha1(revision.encode())

    def files(self, name, revision):
        revisions = self.repositories[name]
        return next(
            files
            for key, files in revisions.items()
            if revision in (key, self.commit(key))
        )


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        path = self.path.partition("?")[0]
        for pattern, answer in (
            (r"/api/models/([^/]+/[^/]+)/revision/(.+)", self._info),
            (r"/api/models/([^/]+/[^/]+)/tree/([^/]+)", self._tree),
            (r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", self._file),
            (r"/api/models/([^/]+/[^/]+)", self._info),
        ):
            match = re.fullmatch(pattern, path)
            if match:
                return self._guarded(answer, *match.groups())
        return self._send(404, b"")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        path = self.path.partition("?")[0]
        if self.headers["Authorization"] != "Bearer hf_write":
            return self._json({"error": "no token"}, 401)
        if path == "/api/repos/create":
            sent = json.loads(body)
            name = "/".join(
                filter(None, (sent.get("organization"), sent["name"]))
            )
            self.server.hub.repositories.setdefault(name, {"main": {}})
            return self._json({"url": f"{self.server.hub.endpoint}/{name}"})
        if path == "/api/validate-yaml":
            return self._json({"errors": [], "warnings": []})
        name = "/".join(path.split("/")[3:5])
        if "/preupload/" in path:
            files = json.loads(body)["files"]
            modes = [
                {
                    "path": file["path"],
                    "uploadMode": "regular",
                    "shouldIgnore": False,
                }
                for file in files
            ]
            return self._json({"files": modes})
        self._commit(name, body)
        return self._json(
            {
                "success": True,
                "commitOid": self.server.hub.commit("main"),
                "commitUrl": f"{self.server.hub.endpoint}/{name}/commit/main",
            }
        )

    def _commit(self, name, body):
        files = self.server.hub.repositories[name]["main"]
        for line in body.splitlines():
            entry = json.loads(line)
            value = entry["value"]
            if entry["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif entry["key"] == "deletedFile":
                del files[value["path"]]

    def _guarded(self, answer, name, revision="main", *rest):
        if name not in self.server.hub.repositories:
            return self._send(404, b"", **{"X-Error-Code": "RepoNotFound"})
        try:
            self.server.hub.files(name, revision)
        except StopIteration:
            return self._send(404, b"", **{"X-Error-Code": "RevisionNotFound"})
        return answer(name, revision, *rest)

    def _info(self, name, revision):
        sha = next(
            self.server.hub.commit(key)
            for key in self.server.hub.repositories[name]
            if revision in (key, self.server.hub.commit(key))
        )
        self._json({"id": name, "sha": sha, "siblings": []})

    def _tree(self, name, revision):
        self._json(
            [
                {
                    "type": "file",
                    "path": path,
                    "size": len(data),
                    "oid": _sha1(data),
                }
                for path, data in self.server.hub.files(name, revision).items()
            ]
        )

    def _file(self, name, revision, path):
        data = self.server.hub.files(name, revision)[path]
        etag = f'"{_sha1(data)}"'
        headers = {"ETag": etag, "X-Repo-Commit": revision}
        self._send(200, data, **headers)

    def _json(self, value, status=200):
        data = json.dumps(value).encode()
        self._send(status, data, **{"Content-Type": "application/json"})

    def _send(self, status, data, **headers):
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


@contextlib.contextmanager
def running():
    """Yields a `Hub` that answers at its `endpoint`."""
    hub = Hub()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.hub = hub
    hub.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
