"""What is remembered of run workers on disk, so that nothing is forgotten when zygote or code server die.

One file for each worker (`<run>.<epoch>.worker`, written by the worker itself before anything else: the first to
create it owns (run, epoch)) and one beside it when it has ended (`.exit`: written by the worker on an orderly end, by
the zygote when it was killed). Files appear whole: they are written aside and linked into place.
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import threading
import time
from pathlib import Path
from typing import TypeVar

import msgspec

from rostrum.interfaces.launching import WorkerRef, WorkerStatus
from rostrum.model.errors import InvocationError
from rostrum.service.processes import LocalProcesses, is_zombie

_T = TypeVar("_T")
_BURIAL_SECONDS = 0.5
_SAFE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")


class WorkerExit(msgspec.Struct, frozen=True):
    """How a worker ended."""

    exit_code: int | None = None
    signal: int | None = None
    reason: str = ""


def private_directory(path: Path) -> Path:
    """Make a directory that only this user can enter. Raises PermissionError when somebody else's is there already."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.lstat().st_uid != os.getuid() or path.is_symlink():
        raise PermissionError(f"{path} belongs to another user: remove it or choose another directory")
    path.chmod(0o700)
    return path


def default_workers_dir() -> Path:
    """Directory for the records of all workers of this user on this host."""
    return Path(tempfile.gettempdir()) / f"rostrum-{os.getuid()}" / "workers"


class WorkerRecords:
    """The records in one directory. Safe to use from several processes at once."""

    def __init__(self, directory: Path) -> None:
        self.directory = private_directory(directory)
        self._processes = LocalProcesses()

    def claim(self, ref: WorkerRef) -> WorkerRef:
        """Create the record of a worker; returns the ref of the worker that owns (run, epoch) now: `ref`, or an
        earlier one's.
        """
        path = self._path(ref.run_id, ref.epoch, "worker")
        if self._create(path, msgspec.msgpack.encode(ref)):
            return ref
        return self.find(ref.run_id, ref.epoch) or ref

    def find(self, run_id: str, epoch: int) -> WorkerRef | None:
        """The worker of (run, epoch)."""
        return _read(self._path(run_id, epoch, "worker"), WorkerRef)

    def end(self, run_id: str, epoch: int, ended: WorkerExit) -> None:
        """Remember how a worker ended; the first to say it is right."""
        self._create(self._path(run_id, epoch, "exit"), msgspec.msgpack.encode(ended))

    def status(self, ref: WorkerRef) -> WorkerStatus:
        """What is known of a worker: its exit record, else what the kernel says."""
        if not self._processes.is_here(ref):
            return self._processes.status(ref)
        # Asked before the record is read: the zygote writes the record before it lets the process go.
        now = self._processes.status(ref)
        ended = self._exit(ref)
        until = time.monotonic() + _BURIAL_SECONDS
        while (
            ended is None and now.state == "exited" and is_zombie(ref.pid, ref.start_time) and time.monotonic() < until
        ):
            threading.Event().wait(0.005)  # the zygote kills what the dead worker left, then writes its end down
            ended = self._exit(ref)
        if now.state == "running" and (ended is None or ended.signal is None):
            return now  # an orderly end is written down just before the process goes
        if ended is None:
            return now
        return WorkerStatus(state="exited", exit_code=ended.exit_code, signal=ended.signal, reason=ended.reason)

    def _exit(self, ref: WorkerRef) -> WorkerExit | None:
        return _read(self._path(ref.run_id, ref.epoch, "exit"), WorkerExit)

    def terminate(self, ref: WorkerRef, *, force: bool) -> None:
        """Ask the worker to end, or kill its session."""
        self._processes.terminate(ref, force=force)

    def living(self, run_ids: list[str]) -> list[WorkerRef]:
        """Workers of these runs that still live."""
        found: list[WorkerRef] = []
        for run_id in run_ids:
            if not _SAFE.fullmatch(run_id):
                continue
            for path in sorted(self.directory.glob(f"{run_id}.*.worker")):
                ref = _read(path, WorkerRef)
                if ref is not None and self.status(ref).state == "running":
                    found.append(ref)
        return found

    def prune(self, older_than: float) -> None:
        """Forget workers that have ended and whose record was written before a time (seconds since 1970)."""
        for path in list(self.directory.glob("*.worker")):
            with contextlib.suppress(OSError):
                ref = _read(path, WorkerRef)
                if path.stat().st_mtime < older_than and (ref is None or self.status(ref).state == "exited"):
                    path.with_suffix(".exit").unlink(missing_ok=True)
                    path.unlink(missing_ok=True)

    def _path(self, run_id: str, epoch: int, kind: str) -> Path:
        if not _SAFE.fullmatch(run_id):
            raise InvocationError(f"{run_id!r} is no id of a run")
        return self.directory / f"{run_id}.{int(epoch)}.{kind}"

    def _create(self, path: Path, data: bytes) -> bool:
        aside = path.with_name(f".{path.name}.{os.getpid()}")
        aside.touch(mode=0o600)
        aside.write_bytes(data)
        try:
            os.link(aside, path)  # unlike rename it fails when the name is taken
        except FileExistsError:
            return False
        finally:
            aside.unlink(missing_ok=True)
        return True


def _read(path: Path, kind: type[_T]) -> _T | None:
    try:
        return msgspec.msgpack.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.DecodeError):
        return None
