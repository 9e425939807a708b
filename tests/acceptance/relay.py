"""The gateway of a `rostrum dev` on a TCP port of this machine."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path


class Relay:
    """Passes what comes to a TCP port on to a unix socket: the gateway, as containers reach it."""

    def __init__(self, host: str, path: Path) -> None:
        self._path = path
        self._listener = socket.create_server((host, 0))
        self._lines: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()
        self.url = f"http://{host}:{self._listener.getsockname()[1]}"

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            self._lines += [near, far]
            if far.connect_ex(str(self._path)) != 0:
                near.close()
                continue
            for one, other in ((near, far), (far, near)):
                self._threads.append(threading.Thread(target=self._pass, args=(one, other)))
                self._threads[-1].start()

    def _pass(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        for each in (one, other):
            _shut(each)

    def close(self) -> None:
        """Cut every line."""
        for each in (self._listener, *self._lines):
            _shut(each)
        for thread in self._threads:
            thread.join()
        for each in (self._listener, *self._lines):
            each.close()


def _shut(line: socket.socket) -> None:
    with contextlib.suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
