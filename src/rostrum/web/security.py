"""What stands before every route: host and origin checks, security headers, one answer for every error."""

from __future__ import annotations

import logging
import secrets

import msgspec
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rostrum.auth.requests import came_through_proxy, host_of, is_loopback

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


_log = logging.getLogger("rostrum.web")


class Guard:
    """Refuses requests that a foreign page could have caused, adds the security headers, and answers what nobody has
    foreseen. Nothing stands before it, so this holds for every answer.

    `loopback_only`: the Host must be a loopback name, so that no DNS name rebound to this machine gets through.
    `login_required`: where it is not, what a reverse proxy passes on is refused: it would be let in as the machine's
    own user. A browser's `Origin`, where sent, must be the host that is asked.
    """

    def __init__(self, app: ASGIApp, *, loopback_only: bool, login_required: bool) -> None:
        self._app = app
        self._loopback_only = loopback_only
        self._login_required = login_required

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def send_with_headers(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        problem = self._problem(Headers(scope=scope))
        if problem:
            await refuse(send_with_headers, 403, "forbidden", problem)
            return
        try:
            await self._app(scope, receive, send_with_headers)
        except Exception:
            if begun:
                raise
            request_id = secrets.token_hex(8)
            _log.exception("request %s: %s %s failed", request_id, scope["method"], scope["path"])
            message = f"the server failed; its log says why, under request {request_id}"
            await refuse(send_with_headers, 500, "internal", message, request_id=request_id)

    def _problem(self, headers: Headers) -> str | None:
        host = headers.get("host", "")
        if self._loopback_only and not is_loopback(host_of(host)):
            return f"this server answers on loopback names only, not as {host!r}"
        if not self._login_required and came_through_proxy(headers):
            return (
                "a proxy passed this request on, and this server lets everybody in who reaches it: "
                "set web.require_login: true in rostrum.yaml and add a user with `rostrum user add NAME`"
            )
        origin = headers.get("origin")
        if origin is not None and origin.partition("://")[2] != host:
            return f"a page of {origin} may not call this server"
        return None


async def refuse(send: Send, status: int, code: str, message: str, **extensions: str) -> None:
    """Answer with a JSON error."""
    body = msgspec.json.encode({"errors": [{"message": message, "extensions": {"code": code, **extensions}}]})
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
