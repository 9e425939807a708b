"""One HTTP connection of a worker to the gateway, over a unix socket, TCP or TLS; kept alive, one request at a time.

Standard library only: importing an HTTP library costs a worker more than its whole start may. A request and its answer
are two calls, so that a worker without threads can go on while the control plane commits.
"""

from __future__ import annotations

import http.client
import select
import socket
import urllib.parse

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
    parts = urllib.parse.urlsplit(address.url)
    if parts.scheme == "unix":
        return _UnixConnection(urllib.parse.unquote(parts.path), timeout)
    if parts.hostname and parts.scheme == "http":
        return http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)
    if parts.hostname and parts.scheme == "https":
        return http.client.HTTPSConnection(parts.hostname, parts.port, timeout=timeout)
    raise ConfigError(
        f"{address.url!r} is no gateway address. Use unix:/path/to/socket, http://host:port or https://host:port."
    )


class GatewayConnection:
    """Connects when first used, and again after `close()`."""

    def __init__(self, address: GatewayAddress, *, timeout: float = 10.0) -> None:
        self._http = _open(address, timeout)
        self._base = urllib.parse.urlsplit(address.url).path.rstrip("/") if not address.url.startswith("unix:") else ""

    def send(self, path: str, body: bytes, token: str, headers: dict[str, str] | None = None) -> None:
        """Send a POST. Raises one of NETWORK_ERRORS."""
        fields = {"Authorization": f"Bearer {token}", "Content-Type": "application/msgpack", **(headers or {})}
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

    def close(self) -> None:
        """End the connection."""
        self._http.close()
