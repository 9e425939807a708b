"""Temporary folders of a process: gone with it, or swept by the next one that makes such a folder on this machine.

A folder is locked by the process that has made it; the kernel lets go of the lock when that ends, however it ends. So
it needs no process numbers, which mean nothing where containers share a folder.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
from collections.abc import Generator
from pathlib import Path

try:
    import fcntl
except ImportError:  # there is no such lock on Windows: nothing is swept
    fcntl = None

KEPT = "undelivered."
"""A folder with a file whose name begins so is kept: somebody is to look into it."""


@contextlib.contextmanager
def own_folder(kind: str) -> Generator[Path]:
    """A folder `rostrum-<kind>-...` that only this user reads, for a while. At its end it is removed, unless it is
    `KEPT`.
    """
    sweep(kind)
    path, lock = _made(kind)
    try:
        yield path
    finally:
        if not is_kept(path):
            shutil.rmtree(path, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def sweep(kind: str) -> None:
    """Remove such folders whose processes have ended without doing so."""
    if fcntl is None:
        return
    for path in Path(tempfile.gettempdir()).glob(f"rostrum-{kind}-*"):
        with contextlib.suppress(OSError):  # it is another user's, or somebody else has been faster
            found = path.lstat()
            if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid():
                _sweep_one(path)


def _sweep_one(path: Path) -> None:
    lock = _locked(path, wait=False)
    try:
        if not is_kept(path):
            shutil.rmtree(path, ignore_errors=True)
    finally:
        os.close(lock)


def _made(kind: str) -> tuple[Path, int | None]:
    while True:
        path = Path(tempfile.mkdtemp(prefix=f"rostrum-{kind}-"))
        if fcntl is None:
            return path, None
        with contextlib.suppress(FileNotFoundError):
            lock = _locked(path, wait=True)
            if os.path.samestat(os.fstat(lock), path.lstat()):
                return path, lock
            os.close(lock)
        # One that swept was faster than the lock: another folder.


def _locked(path: Path, *, wait: bool) -> int:
    """A descriptor that holds the lock. Raises OSError: it is not there, or (unless it waits) another has the lock."""
    assert fcntl is not None
    file = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        os.close(file)
        raise
    return file


def is_kept(path: Path) -> bool:
    """Whether something is in it that somebody has to look into."""
    return any(path.glob(f"{KEPT}*"))
