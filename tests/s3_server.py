"""An S3 of this machine on a real port: what moto answers, behind a server of the standard library, so that clients
which are no Python (and other processes) can be its customers.
"""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY_ID, SECRET = "AKIAEXAMPLE", "not-a-secret"
SIGNED = f"AWS4-HMAC-SHA256 Credential={KEY_ID}/20240101/us-east-1/s3/aws4_request"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        from moto.core.request import Request
        from moto.s3.responses import S3Response

        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.append((self.command, self.path))  # type: ignore[attr-defined]
        refused = self.server.refused  # type: ignore[attr-defined]
        if refused is not None and refused in self.path:
            self._send(403, {}, b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>")
            return
        url = f"http://{self.headers['Host']}{self.path}"
        headers = {"Authorization": SIGNED, **dict(self.headers)}  # clients of GCS need not sign here
        request = Request.from_primitives(self.command, url, headers, body)
        is_key = len([part for part in self.path.partition("?")[0].split("/") if part]) > 1
        dispatch = S3Response.key_dispatch if is_key else S3Response.ambiguous_dispatch
        status, told, content = dispatch(request, url, headers)
        self._send(status, told, content.encode() if isinstance(content, str) else bytes(content))

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _answer  # noqa: N815

    def _send(self, status: int, headers: dict[str, Any], content: bytes) -> None:
        self.send_response(status)
        told = {name.lower(): str(value) for name, value in headers.items()}
        told.setdefault("content-length", str(len(content)))
        told.pop("transfer-encoding", None)
        for name, value in told.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.server.sent += len(content)  # type: ignore[attr-defined]
            self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        pass


class S3Server(ThreadingHTTPServer):
    """`options`: what a client of an object store is given to be its customer."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[tuple[str, str]] = []
        self.sent = 0
        """Bytes of answers."""
        self.refused: str | None = None
        """Requests with this in their path are denied."""
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.options = {
            "aws_endpoint": self.url,
            "aws_region": "us-east-1",
            "aws_access_key_id": KEY_ID,
            "aws_secret_access_key": SECRET,
        }
        self.variables = {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET,
        }

    def client(self) -> Any:
        """A boto3 client."""
        import boto3

        library: Any = boto3
        return library.client(
            "s3", "us-east-1", endpoint_url=self.url, aws_access_key_id=KEY_ID, aws_secret_access_key=SECRET
        )


@contextmanager
def s3_server(*buckets: str) -> Generator[S3Server]:
    """A running server with these (empty) buckets."""
    from moto.s3.models import s3_backends

    server = S3Server()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True, name="s3")
    thread.start()
    try:
        for bucket in buckets:
            server.client().create_bucket(Bucket=bucket)
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        for backends in s3_backends.values():
            for backend in backends.values():
                backend.reset()
