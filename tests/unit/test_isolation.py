"""The fixture of the unit tests does refuse what it says it refuses."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest


def test_connecting_fails() -> None:
    with socket.socket() as line, pytest.raises(pytest.fail.Exception, match="connects"):
        line.connect(("127.0.0.1", 9))


def test_sleeping_fails() -> None:
    with pytest.raises(pytest.fail.Exception, match="sleeps"):
        time.sleep(0.01)


def test_unix_sockets_are_allowed(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(str(tmp_path / "s"))
        server.listen()
        client.connect(str(tmp_path / "s"))
