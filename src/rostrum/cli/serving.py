"""Runs ASGI applications on given sockets in threads or in the foreground. Knows uvicorn, so that nobody else has
to.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Generator
from email.utils import formatdate
from typing import Any

import uvicorn

from rostrum.model.errors import ConfigError


class _Server(uvicorn.Server):
    """Leaves signals to the command: it stops servers and daemon in order."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending = asyncio.Event()

    def request_stop(self) -> None:
        """Have it stop, from any thread."""
        self.should_exit = True
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended by itself
                self._loop.call_soon_threadsafe(self._ending.set)

    async def main_loop(self) -> None:
        """Wait for `request_stop`. The library looks for it ten times a second, and for the date once: that would be
        most of what an idle machine does.
        """
        self._loop = asyncio.get_running_loop()
        if not self.should_exit:
            await self._ending.wait()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


def bind(host: str, port: int) -> socket.socket:
    """A listening TCP socket. Raises ConfigError when the port is taken; port 0 chooses a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise ConfigError(f"cannot listen on {host}:{port}: {error.strerror}; choose another --port") from None
    listener.listen(2048)
    return listener


class _Dated:
    """Adds the date to answers, which the server leaves to its ticks."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def dated(message: Any) -> None:
            if message["type"] == "http.response.start":
                headers = [*message.get("headers", ()), (b"date", formatdate(usegmt=True).encode())]
                message = {**message, "headers": headers}
            await send(message)

        await self._app(scope, receive, dated if scope["type"] == "http" else send)


class ServerThread:
    """One application served on one socket by a thread of its own. `start` returns when it answers."""

    def __init__(self, app: Any, listener: socket.socket, name: str) -> None:
        config = uvicorn.Config(
            _Dated(app),
            log_level="warning",
            access_log=False,
            http="httptools",
            timeout_graceful_shutdown=2,
            backlog=2048,
            date_header=False,
        )
        self._server = _Server(config)
        self._listener = listener
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listener]}, name=name, daemon=True)

    def start(self) -> None:
        """Serve."""
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            self._thread.join(0.005)

    def stop(self) -> None:
        """Stop serving; open streams are cut."""
        if self._thread.is_alive():
            self._server.request_stop()
            self._thread.join(5)
        self._listener.close()
