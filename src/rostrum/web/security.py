"""What stands before every route: host and origin checks, security headers, one answer for every error."""

from __future__ import annotations

import msgspec
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rostrum.auth.requests import host_of, is_loopback

_POLICY = (
    "default-src 'self'; "
    "script-src 'self'; "
    "style-src 'self'; "
    "style-src-attr 'unsafe-inline'; "
    "img-src 'self' data:; "
    "worker-src 'self' blob:; "
    "object-src 'none'; "
    "base-uri 'none'; "
    "form-action 'self'; "
    "frame-ancestors 'none'"
)
"""No inline script or style sheet. Style attributes are allowed: bars and timelines set their lengths as custom
properties."""

HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


class Guard:
    """Refuses requests that a foreign page could have caused, and adds the security headers.

    `loopback_only`: the Host must be a loopback name, so that no DNS name rebound to this machine gets through.
    A browser's `Origin`, where sent, must be the host that is asked.
    """

    def __init__(self, app: ASGIApp, *, loopback_only: bool) -> None:
        self._app = app
        self._loopback_only = loopback_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        problem = self._problem(Headers(scope=scope))
        if problem:
            await refuse(send, 403, "forbidden", problem)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _problem(self, headers: Headers) -> str | None:
        host = headers.get("host", "")
        if self._loopback_only and not is_loopback(host_of(host)):
            return f"this server answers on loopback names only, not as {host!r}"
        origin = headers.get("origin")
        if origin is not None and origin.partition("://")[2] != host:
            return f"a page of {origin} may not call this server"
        return None


async def refuse(send: Send, status: int, code: str, message: str) -> None:
    """Answer with a JSON error."""
    body = msgspec.json.encode({"errors": [{"message": message, "extensions": {"code": code}}]})
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
