"""One HTTP connection of a worker to the gateway, over a unix socket, TCP or TLS; kept alive, one request at a time.

Standard library only: importing an HTTP library costs a worker more than its whole start may. A request and its answer
are two calls, so that a worker without threads can go on while the control plane commits.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import ipaddress
import os
import select
import socket
import urllib.parse
from typing import NamedTuple

from rostrum.interfaces.launching import GatewayAddress
from rostrum.model.errors import ConfigError

NETWORK_ERRORS = (OSError, http.client.HTTPException)
"""What a connection raises when the other side is away."""


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("gateway", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _open(address: GatewayAddress, timeout: float) -> http.client.HTTPConnection:
    """A connection, not yet connected; certificates are checked against the system's authorities."""
    parts = urllib.parse.urlsplit(address.url)
    if parts.scheme == "unix":
        return _UnixConnection(urllib.parse.unquote(parts.path), timeout)
    kind = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}.get(parts.scheme)
    if parts.hostname and kind is not None:
        proxy = proxy_for(address)
        if proxy is None:
            return kind(parts.hostname, parts.port, timeout=timeout)
        through = kind(proxy.host, proxy.port, timeout=timeout)
        if parts.scheme == "https":
            through.set_tunnel(parts.hostname, parts.port, headers=proxy.headers)
        return through
    raise ConfigError(
        f"{address.url!r} is no gateway address. Use unix:/path/to/socket, http://host:port or https://host:port."
    )


class Proxy(NamedTuple):
    """A proxy on the way to the gateway."""

    host: str
    port: int | None
    headers: dict[str, str]


def proxy_for(address: GatewayAddress) -> Proxy | None:
    """The proxy that the environment names for this address (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, except NO_PROXY); None
    for none, and for this machine. Raises ConfigError for one that is no HTTP proxy.
    """
    parts = urllib.parse.urlsplit(address.url)
    if parts.scheme == "unix" or _is_here(parts.hostname or ""):
        return None
    url = _variable(f"{parts.scheme}_proxy") or _variable("all_proxy")
    if not url or _bypasses(parts.netloc.rpartition("@")[2], _variable("no_proxy")):
        return None
    found = urllib.parse.urlsplit(url if "://" in url else f"http://{url}")
    if found.scheme != "http" or not found.hostname:
        shown = found._replace(netloc=found.netloc.rpartition("@")[2]).geturl()
        raise ConfigError(f"{shown!r}, of the environment, is no HTTP proxy. Use http://host:port, or set NO_PROXY.")
    headers: dict[str, str] = {}
    if found.username is not None:
        pair = f"{urllib.parse.unquote(found.username)}:{urllib.parse.unquote(found.password or '')}"
        headers["Proxy-Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    return Proxy(found.hostname, found.port, headers)


def _variable(name: str) -> str:
    """A variable of the environment, in small letters or capitals."""
    return os.environ.get(name) or os.environ.get(name.upper()) or ""


def _bypasses(place: str, exceptions: str) -> bool:
    """Whether NO_PROXY, a list of names with commas, names this host or a domain that it is in; `*`: all."""
    place = place.lower()
    host = place.partition(":")[0] if place.count(":") == 1 else place
    for each in exceptions.lower().split(","):
        name = each.strip().lstrip(".")
        if name == "*" or (name and (name in {place, host} or host.endswith(f".{name}"))):
            return True
    return False


def _is_here(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


class GatewayConnection:
    """Connects when first used, and again after `close()`."""

    def __init__(self, address: GatewayAddress, *, timeout: float = 10.0) -> None:
        self._http = _open(address, timeout)
        self._base, self._fields = "", dict[str, str]()
        if address.url.startswith("unix:"):
            return
        parts = urllib.parse.urlsplit(address.url)
        self._base = parts.path.rstrip("/")
        proxy = proxy_for(address)
        if proxy is not None and parts.scheme == "http":  # such a proxy is told the whole address
            self._base, self._fields = f"http://{parts.netloc}{self._base}", proxy.headers

    def send(self, path: str, body: bytes, token: str, headers: dict[str, str] | None = None) -> None:
        """Send a POST. Raises one of NETWORK_ERRORS."""
        fields = {"Authorization": f"Bearer {token}", "Content-Type": "application/msgpack", **self._fields}
        fields.update(headers or {})
        self._http.request("POST", self._base + path, body, fields)

    def fileno(self) -> int:
        """Descriptor to wait on for the answer; -1 when there is no connection."""
        sock = self._http.sock
        return sock.fileno() if sock is not None else -1

    def ready(self, seconds: float) -> bool:
        """Whether the answer has begun to arrive (or the connection has ended), waiting at most `seconds`."""
        number = self.fileno()
        if number < 0:
            return True
        poll = select.poll()
        poll.register(number, select.POLLIN)
        return bool(poll.poll(seconds * 1000))

    def receive(self) -> tuple[int, bytes]:
        """Status and body of the answer. Raises one of NETWORK_ERRORS."""
        response = self._http.getresponse()
        return response.status, response.read()

    def abort(self) -> None:
        """Have a thread that waits for an answer get none."""
        sock = self._http.sock
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End the connection."""
        self._http.close()
