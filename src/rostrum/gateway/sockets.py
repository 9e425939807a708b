"""Unix sockets that only their owner may open. (A server left to bind its own socket makes it open to everybody.)"""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

from rostrum.model.errors import ConfigError

MAX_PATH = 100
"""Bytes of a socket's path that every kernel takes (107 on Linux, 103 elsewhere)."""


def bind_private_socket(path: str | Path, *, backlog: int = 2048) -> socket.socket:
    """A listening unix socket with mode 0600 in a directory with mode 0700 that belongs to us. An old socket file is
    replaced.

    Raises ConfigError when the path is too long, is no socket, or its directory is open to others and cannot be closed.
    """
    path = Path(path)
    if len(os.fsencode(path)) > MAX_PATH:
        raise ConfigError(f"the socket path {path} is longer than {MAX_PATH} bytes. Choose a shorter directory.")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _close_directory(path.parent)
    if path.exists() or path.is_symlink():
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise ConfigError(f"{path} exists and is not a socket. Remove it or choose another path.")
        path.unlink()
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # The directory is closed, so nobody can connect between bind and chmod.
        server.bind(str(path))
        path.chmod(0o600)
        server.listen(backlog)
    except OSError:
        server.close()
        raise
    return server


def _close_directory(directory: Path) -> None:
    info = directory.stat()
    if info.st_uid != os.geteuid():
        raise ConfigError(f"the directory {directory} belongs to another user. Choose one of your own for the socket.")
    if stat.S_IMODE(info.st_mode) & 0o077:
        directory.chmod(0o700)
