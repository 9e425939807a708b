"""As much of Azure Blob Storage as a client of blobs asks for, in memory, on a real port."""

from __future__ import annotations

import re
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

MODIFIED = "Mon, 01 Jan 2024 00:00:00 GMT"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def store(self) -> AzureServer:
        return cast("AzureServer", self.server)

    def do_PUT(self) -> None:
        body, asked = self._body(), self._asked()
        key, blocks = self._key(), self.store.blocks
        if asked.get("comp") == ["block"]:
            blocks[key, asked["blockid"][0]] = body
        elif asked.get("comp") == ["blocklist"]:
            names = re.findall(r"<(?:Latest|Uncommitted)>([^<]*)<", body.decode())
            self.store.blobs[key] = b"".join(blocks.pop((key, name)) for name in names)
        else:
            assert self.headers["x-ms-blob-type"] == "BlockBlob"
            self.store.blobs[key] = body
        self._send(201)

    def do_GET(self) -> None:
        asked = self._asked()
        if asked.get("comp") == ["list"]:
            self._list(asked.get("prefix", [""])[0])
            return
        blob = self.store.blobs.get(self._key())
        if blob is None:
            self._send(404, b"<?xml version='1.0'?><Error><Code>BlobNotFound</Code></Error>")
            return
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("x-ms-range") or self.headers.get("Range") or "")
        if found is None:
            self._send(200, blob)
            return
        start, end = int(found[1]), min(int(found[2] or len(blob)), len(blob) - 1)
        self._send(206, blob[start : end + 1], {"Content-Range": f"bytes {start}-{end}/{len(blob)}"})

    do_HEAD = do_GET  # noqa: N815

    def do_POST(self) -> None:
        """A batch of deletions, each a request of its own in the body."""
        parts: list[str] = []
        for number, path in enumerate(re.findall(r"^DELETE (\S+)", self._body().decode(), re.MULTILINE)):
            key = unquote(urlsplit(str(path)).path).split("/", 2)[2]
            known = self.store.blobs.pop(key, None) is not None
            error = "" if known else "x-ms-error-code: BlobNotFound\r\n"
            status = "202 Accepted" if known else "404 Not Found"
            head = f"Content-Type: application/http\r\nContent-ID: {number}\r\n\r\n"
            parts.append(f"--batch\r\n{head}HTTP/1.1 {status}\r\n{error}x-ms-request-id: {number}\r\n\r\n")
        text = "".join(parts) + "--batch--\r\n"
        self._send(202, text.encode(), {"Content-Type": "multipart/mixed; boundary=batch"})

    def do_DELETE(self) -> None:
        self._send(202 if self.store.blobs.pop(self._key(), None) is not None else 404)

    def _list(self, prefix: str) -> None:
        found = "".join(
            f"<Blob><Name>{escape(key)}</Name><Properties><Last-Modified>{MODIFIED}</Last-Modified>"
            f"<Content-Length>{len(blob)}</Content-Length><Content-Type>x</Content-Type><Etag>1</Etag></Properties></Blob>"
            for key, blob in sorted(self.store.blobs.items())
            if key.startswith(prefix)
        )
        text = f"<?xml version='1.0'?><EnumerationResults><Blobs>{found}</Blobs><NextMarker/></EnumerationResults>"
        self._send(200, text.encode())

    def _key(self) -> str:
        return unquote(urlsplit(self.path).path).split("/", 2)[2]

    def _asked(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.path).query)

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _send(self, status: int, content: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        told = {"Content-Length": str(len(content)), "ETag": '"1"', "Last-Modified": MODIFIED, **(headers or {})}
        for name, value in told.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


class AzureServer(ThreadingHTTPServer):
    """`options`: what a client of an object store is given to be its customer."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.blobs: dict[str, bytes] = {}
        self.blocks: dict[tuple[str, str], bytes] = {}
        self.options = {
            "azure_storage_account_name": "account",
            "azure_storage_account_key": "a2V5",
            "azure_endpoint": f"http://127.0.0.1:{self.server_address[1]}",
        }


@contextmanager
def azure_server() -> Generator[AzureServer]:
    """A running server; every container is there, and they share their blobs."""
    server = AzureServer()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True, name="azure")
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
