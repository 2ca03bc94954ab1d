"""What tests of models share: a folder, a tiny model, a server that cuts short, a wheel. Standard error is silent."""

import functools
import http.server
import tempfile
import threading
import unittest
import zipfile
from pathlib import Path
from unittest import mock

GGUF = b"GGUF\x03\0\0\0" + bytes(range(256)) * 400
POLL = 0.01  # seconds within which a server notices that it is shut down


class Server(http.server.SimpleHTTPRequestHandler):
    """Serves a folder with ranges; cuts the first answer short when told to."""

    cut = 0

    def do_GET(self):
        file = Path(self.translate_path(self.path))
        if not file.is_file():
            return self.send_error(404, "Not Found")
        data = file.read_bytes()
        begin = int(self.headers.get("Range", "bytes=0-")[6:-1])
        if begin > len(data):
            return self.send_error(416)
        self.send_response(206 if begin else 200)
        self.send_header("Content-Length", str(len(data) - begin))
        self.end_headers()
        part = data[begin:]
        if Server.cut:
            part, Server.cut = part[: Server.cut], 0
        self.wfile.write(part)

    def log_message(self, *_):
        pass


class ModelCase(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.base = Path(temporary.name)
        self.folder = self.base / "models"
        self.source = self.base / "source"
        self.source.mkdir()
        self.file = self.source / "tiny.gguf"
        self.file.write_bytes(GGUF)
        quiet = mock.patch("sys.stderr")
        quiet.start()
        self.addCleanup(quiet.stop)

    def serve(self, cut=0):
        Server.cut = cut
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Server, directory=str(self.source)))
        threading.Thread(target=server.serve_forever, args=(POLL,), daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"http://127.0.0.1:{server.server_address[1]}/tiny.gguf"

    def wheel(self, name="tiny-1.0-py3-none-any.whl", content=GGUF, member="tiny/tiny.gguf"):
        path = self.source / name
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(member, content)
        return path

    def nothing_half_done(self):
        left = [p.name for p in self.folder.glob("*")] if self.folder.exists() else []
        self.assertEqual([name for name in left if name.endswith(".gguf")], [])
