"""From the headers of an HTTP request to a principal. Knows no web framework: headers are a mapping with lower-case
names.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie

from rostrum.auth.tokens import Tokens
from rostrum.interfaces.auth import IdentityProvider
from rostrum.model.principals import Principal

SESSION_COOKIE = "rostrum_session"
LOOPBACK = Principal(kind="loopback", name="local", roles=("admin",))
"""The one user of a single-machine server that listens on loopback only."""

FORWARDING = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")
"""Headers that a reverse proxy adds."""


def is_loopback(host: str) -> bool:
    """Whether a host name or address (without port) is this machine only: `localhost` or a loopback address, nothing
    that merely begins like one.
    """
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return False


def came_through_proxy(headers: Mapping[str, str]) -> bool:
    """Whether a reverse proxy has passed the request on: then it may come from anywhere, whatever address it came
    from last.
    """
    return any(name in headers for name in FORWARDING)


def host_of(header: str) -> str:
    """Host name or address of a `Host` header, without the port."""
    if header.startswith("["):
        return header.partition("]")[0] + "]"
    if header.count(":") > 1:
        return header  # an IPv6 address without brackets has no port
    return header.rpartition(":")[0] if ":" in header else header


class Authenticator:
    """Finds the principal of a request."""

    def __init__(self, tokens: Tokens, identity: IdentityProvider, *, login_required: bool) -> None:
        self.tokens = tokens
        self.identity = identity
        self.login_required = login_required

    def principal(self, headers: Mapping[str, str]) -> Principal | None:
        """Bearer token first, then session cookie; without either the loopback principal where no login is required."""
        kind, _, secret = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return self.tokens.principal(secret.strip(), "api")
        cookie = _cookie(headers.get("cookie", ""))
        if cookie is not None:
            found = self.tokens.principal(cookie, "session")
            if found is not None:
                return found
        return None if self.login_required else LOOPBACK


def _cookie(header: str) -> str | None:
    try:
        morsel = SimpleCookie(header).get(SESSION_COOKIE)
    except CookieError:
        return None
    return morsel.value if morsel else None


def session_cookie(secret: str, *, secure: bool, seconds: int) -> str:
    """Value of a `Set-Cookie` header."""
    flags = "; Secure" if secure else ""
    return f"{SESSION_COOKIE}={secret}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{flags}"
