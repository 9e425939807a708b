"""The code locations of a deployment: clients of their code servers, and the server processes that are ours to keep
up.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import msgspec

from rostrum.codeserver.process import CodeServerProcess
from rostrum.codeserver.server import CodeServerOptions
from rostrum.config.instance import Home
from rostrum.config.targets import code_target
from rostrum.config.workspace import LocationSpec
from rostrum.interfaces.clock import Clock
from rostrum.interfaces.locations import CodeLocation
from rostrum.model.errors import ConfigError, NotFound
from rostrum.rpc.code_location import ClientTls, GrpcCodeLocation

MAX_SOCKET_PATH = 100
"""A unix socket's path may have 107 bytes."""


def server_address(spec: LocationSpec, home: Home) -> str:
    """Where the code server of a location listens. One that is ours to start listens on a socket in the home folder."""
    if spec.server is None:
        path = home.sockets / f"{spec.name}.code"
        if len(str(path)) > MAX_SOCKET_PATH:
            raise ConfigError(f"the home folder's path is too long for a unix socket ({path}); choose a shorter --home")
        return f"unix:{path}"
    if spec.server.socket:
        return f"unix:{spec.server.socket}"
    if spec.server.port is None:
        raise ConfigError(f"code location {spec.name}: grpc_server needs a port or a socket")
    return f"{spec.server.host}:{spec.server.port}"


class LocationClients:
    """`CodeLocations` over gRPC clients."""

    def __init__(self, specs: Sequence[LocationSpec], home: Home) -> None:
        self._clients: dict[str, CodeLocation] = {
            spec.name: GrpcCodeLocation(
                spec.name,
                server_address(spec, home),
                token=spec.server.token if spec.server else None,
                tls=ClientTls() if spec.server is not None and spec.server.ssl else None,
            )
            for spec in specs
        }

    def names(self) -> list[str]:
        """All names, in order."""
        return list(self._clients)

    def get(self, name: str) -> CodeLocation:
        """The client of a location. Raises NotFound naming those that there are."""
        if name not in self._clients:
            raise NotFound(f"there is no code location {name!r}; there are {', '.join(self._clients) or 'none'}")
        return self._clients[name]

    def close(self) -> None:
        """Let all connections go."""
        for client in self._clients.values():
            client.close()


def server_processes(
    specs: Sequence[LocationSpec], home: Home, clock: Clock, *, watch: bool, fork: str = "auto"
) -> list[CodeServerProcess]:
    """One process for each location that is ours to start. `watch`: reload when files change."""
    return [
        CodeServerProcess(
            CodeServerOptions(
                location=spec.name,
                target=msgspec.Raw(msgspec.json.encode(code_target(spec))),
                address=server_address(spec, home),
                fork=fork,
                watch=watch,
                workers_dir=str(home.sockets / "workers"),
            ),
            clock,
            python=spec.executable or sys.executable,
        )
        for spec in specs
        if spec.server is None
    ]
