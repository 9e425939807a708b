"""Output of a run that was launched twice: each worker has files of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from rostrum import Definitions, FilesystemIOManager, job, op
from rostrum.control.run_session import StoreSession
from rostrum.execution.workers.run_worker import execute_run
from rostrum.executors.in_process import InProcessExecutor
from rostrum.executors.multiprocess import MultiprocessExecutor
from rostrum.interfaces.execution import Executor
from rostrum.model.events import LogsCaptured, RunStarting
from rostrum.model.runs import Run, RunStatus, RunTarget
from rostrum.storage.logs import LocalLogStore
from tests.control_plane import LOCATION, Plane


@op
def talks() -> None:
    print("as long as the one of the other epoch")


@job
def talking() -> None:
    talks()


@pytest.mark.parametrize("executor", [InProcessExecutor, lambda: MultiprocessExecutor(1)])
def test_each_epoch_writes_its_own_files(tmp_path: Path, executor: Callable[[], Executor]) -> None:
    plane, logs = Plane(), LocalLogStore(tmp_path / "logs")
    run = Run(run_id=plane.clock.new_id(), target=RunTarget(LOCATION, "talking"), created_at=plane.clock.now())
    with plane.events.transaction() as session:
        session.runs.add([run])
        run = plane.events.append_control(session, run, RunStarting(at=plane.clock.now(), epoch=1))
    keys: list[str] = []
    for epoch in (1, 2):
        if epoch == 2:
            with plane.events.transaction() as session:
                run = plane.events.append_control(session, run, RunStarting(at=plane.clock.now(), epoch=2))
        store = StoreSession(plane.events, plane.storage, logs, run.run_id, epoch, plane.clock)
        told = _Told(store, ends=epoch == 2)
        execute_run(
            Definitions(jobs=[talking], resources={"io_manager": FilesystemIOManager(tmp_path / "values")}),
            run,
            told,  # type: ignore[arg-type]
            executor=executor(),
            clock=plane.clock,
            stop=threading.Event(),
            capture=tmp_path / f"spool.{epoch}",
        )
        keys += told.keys
    assert len(set(keys)) == len(keys)
    chunks = [logs.read(run.run_id, key, "out") for key in keys]
    assert all(chunk.complete for chunk in chunks)
    assert [chunk.data for chunk in chunks if chunk.data] == [b"as long as the one of the other epoch\n"] * 2
    with plane.storage.begin() as session:
        found = session.runs.get(run.run_id)
    assert found is not None
    assert found.status is RunStatus.SUCCESS


class _Told:
    """The session; the first worker is lost before it tells the end of its run."""

    def __init__(self, session: StoreSession, *, ends: bool) -> None:
        self._session, self._ends = session, ends
        self.keys: list[str] = []

    def append(self, events: object) -> None:
        for event in events:  # type: ignore[attr-defined]
            if isinstance(event, LogsCaptured):
                self.keys.append(event.file_key)
            if self._ends or event.kind != "run_succeeded":
                self._session.append([event])

    def __getattr__(self, name: str) -> object:
        return getattr(self._session, name)
