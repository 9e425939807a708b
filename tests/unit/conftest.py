"""Unit tests neither wait nor reach out: a test that needs either is not a unit test."""

from __future__ import annotations

import socket
import time

import pytest


@pytest.fixture(autouse=True)
def no_network_and_no_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connecting over a network and sleeping raise; unix sockets within the machine are allowed."""
    connect = socket.socket.connect

    def connect_locally(self: socket.socket, address: object) -> None:
        if self.family != socket.AF_UNIX:
            pytest.fail(f"a unit test connects to {address}: move it to tests/integration")
        connect(self, address)  # type: ignore[arg-type]

    def refuse_to_sleep(seconds: float) -> None:
        pytest.fail(f"a unit test sleeps {seconds} s: use FakeClock, or poll a condition in tests/integration")

    monkeypatch.setattr(socket.socket, "connect", connect_locally)
    monkeypatch.setattr(time, "sleep", refuse_to_sleep)
