"""The gateway on a loopback port, served by a thread of this process: for scripts whose steps run in workers of their
own on this machine.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Generator

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp

from rostrum.interfaces.launching import GatewayAddress

_STOP_SECONDS = 5.0


class LoopbackGateway:
    """Serves from its making until `stop`. `address` is where."""

    def __init__(self, gateway: ASGIApp) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        self.address = GatewayAddress(f"http://127.0.0.1:{listener.getsockname()[1]}")
        app = Starlette(routes=[Mount("/gateway", gateway)])
        self._server = _Server(
            uvicorn.Config(
                app, log_level="error", access_log=False, http="httptools", lifespan="off", timeout_graceful_shutdown=1
            )
        )
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listener]}, name="rostrum-gateway", daemon=True
        )
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            self._thread.join(0.005)

    def stop(self) -> None:
        """Serve no more; safe to call twice."""
        self._server.should_exit = True
        self._thread.join(_STOP_SECONDS)


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """They are the script's."""
        yield
