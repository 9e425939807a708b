"""One home with its services as processes of their own, any of which may be killed, stopped and started again."""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Generator, Sequence
from pathlib import Path

import psutil

from rostrum.interfaces.storage import Session
from rostrum.model.events import StoredEvent
from rostrum.model.runs import Run
from rostrum.service.clock import SystemClock
from rostrum.storage.sql import SqlStorage
from tests.acceptance.servers import Api, Process, Project, kill_workers, until
from tests.chaos.project import CODE

SETTINGS = """\
monitor: {disconnected_after: 4, lost_after: 60, start_timeout: 10, cancel_grace: 2, max_resume_attempts: %d}
run_queue: {max_concurrent_runs: 20}
pools: {narrow: 2}
"""
_GROUP = Path("/sys/fs/cgroup/memory") / f"rostrum-chaos-{os.getpid()}"
"""A memory cgroup so narrow that whoever is put into it is killed by the kernel at its next page."""


class World:
    """`rostrum webserver` (with the gateway) and `rostrum daemon run` (with the code servers) over one SQLite home."""

    def __init__(self, *, resumes: bool) -> None:
        """`resumes`: runs whose worker dies are continued by another one."""
        self.resumes = resumes
        self.folder = Path(tempfile.mkdtemp(prefix="rch"))
        self.home = self.folder / "home"
        self.home.mkdir(mode=0o700)
        (self.home / "rostrum.yaml").write_text(SETTINGS % (5 if resumes else 0))
        self.project = Project(self.folder / "project", CODE)
        self._processes: dict[str, Process] = {}
        self._port = 0
        self.start("web")
        self.start("daemon")
        until(
            "the code is loaded", lambda: self.api.ask("{ locations { status } }")["locations"][0]["status"] == "ready"
        )
        self._storage = SqlStorage(f"sqlite:///{self.home / 'rostrum.db'}", clock=SystemClock())

    # --- services

    def start(self, name: str) -> None:
        """Start a service and wait until it is up."""
        command = ["webserver", "--port", str(self._port)] if name == "web" else ["daemon", "run"]
        arguments = [*command, "-f", str(self.project.file), "--home", str(self.home)]
        process = self._processes[name] = Process(
            arguments, self.project.folder, self.home / f"{name}.{time.monotonic_ns()}.log"
        )
        if name == "daemon":
            until("the daemon is up", lambda: "daemon is up" in process.text)
            return
        until("the webserver is up", lambda: "serving on" in process.text)
        found = process.text.split("127.0.0.1:")[1]
        self._port = int(found.split()[0])
        self.api = Api(self._port)

    def pid(self, name: str) -> int | None:
        """Pid of a service, or of the eldest code server or zygote; None while there is none."""
        if name in self._processes:
            popen = self._processes[name].popen
            return popen.pid if popen.poll() is None else None
        found: list[tuple[float, int]] = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                line = " ".join(process.cmdline())
                if f"codeserver.{name}" in line and str(self.home) in line and process.name() not in _FORKED:
                    found.append((process.create_time(), process.pid))
        return min(found)[1] if found else None

    def heal(self) -> None:
        """Start again what has died."""
        for name, process in list(self._processes.items()):
            if process.popen.poll() is not None:
                self.start(name)

    # --- what is stored

    @contextlib.contextmanager
    def reading(self) -> Generator[Session]:
        """A transaction that only reads."""
        with self._storage.begin() as session:
            yield session

    def run(self, run_id: str) -> Run:
        """The run as stored."""
        with self.reading() as session:
            run = session.runs.get(run_id)
        assert run is not None
        return run

    def events(self, run_id: str) -> Sequence[StoredEvent]:
        """All events of a run."""
        with self.reading() as session:
            return session.events.read(run_id, limit=100_000)

    def tail(self, after: int) -> Sequence[StoredEvent]:
        """Events of all runs after a cursor."""
        with self.reading() as session:
            return session.events.tail(after)

    def last_event(self) -> int:
        """Cursor of the newest event."""
        with self.reading() as session:
            return session.events.last_id()

    @property
    def calls(self) -> str:
        """What the steps themselves have told."""
        path = self.project.folder / "calls"
        return path.read_text() if path.exists() else ""

    def close(self) -> None:
        """Kill everything and remove the folder."""
        self._storage.close()
        for process in self._processes.values():
            if process.popen.poll() is None:
                process.popen.kill()
                process.popen.wait()
        kill_workers(self.home)
        shutil.rmtree(self.folder, ignore_errors=True)

    def told_by_services(self) -> str:
        """The end of what the services have printed, for a failing round."""
        return "\n".join(f"--- {name}\n{process.text[-3000:]}" for name, process in self._processes.items())


_FORKED = ("rostrum-run", "rostrum-step", "rostrum-eval")


def can_run_out_of_memory() -> bool:
    """Whether this machine lets us make a memory cgroup: then the kernel itself kills for lack of memory. The group
    is removed when this process ends.
    """
    atexit.register(_remove_group)
    try:
        _GROUP.mkdir(exist_ok=True)
        (_GROUP / "memory.limit_in_bytes").write_text("65536")
    except OSError:
        return False
    return True


def _remove_group() -> None:
    with contextlib.suppress(OSError):
        _GROUP.rmdir()


def act(pids: Sequence[int], action: str, seconds: float) -> None:
    """`kill` (-9), `oom` (the kernel kills them for lack of memory), or `stop` them for `seconds`. Whoever is killed is
    dead when this returns.
    """
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            if action == "oom":
                (_GROUP / "cgroup.procs").write_text(str(pid))
            else:
                os.kill(pid, signal.SIGKILL if action == "kill" else signal.SIGSTOP)
    if action == "stop":
        time.sleep(seconds)
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        return
    if not _have_ended(pids, 2):  # the kernel kills at the next page that a process wants: help one that sleeps
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        assert _have_ended(pids, 20), f"processes {list(pids)} outlive their kill"


def _have_ended(pids: Sequence[int], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not all(_has_ended(pid) for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.001)
    return True


def _has_ended(pid: int) -> bool:
    """A process whose first thread is a zombie lives as long as its others do, and cannot be waited for."""
    try:
        process = psutil.Process(pid)
        return process.status() == psutil.STATUS_ZOMBIE and process.num_threads() <= 1
    except psutil.NoSuchProcess:
        return True
