"""Sockets that only their owner may open."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from rostrum.gateway.sockets import bind_private_socket
from rostrum.model.errors import ConfigError


def test_socket_and_directory_are_closed_to_others(tmp_path: Path) -> None:
    directory = tmp_path / "run"
    directory.mkdir(mode=0o755)
    path = directory / "gateway.sock"
    for _ in range(2):  # an old socket file is replaced
        with bind_private_socket(path):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_what_cannot_be_used_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="longer than"):
        bind_private_socket(tmp_path / ("x" * 120))
    (tmp_path / "file").write_text("precious")
    with pytest.raises(ConfigError, match="not a socket"):
        bind_private_socket(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "precious"
