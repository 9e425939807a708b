"""Retries of op jobs from failure: values of steps that are not executed again come from the runs that made them."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from rostrum import Definitions, FilesystemIOManager, InMemoryIOManager, Out, job, op
from rostrum.control.run_session import StoreSession
from rostrum.control.runs import SubmitRequest
from rostrum.execution.workers.run_worker import execute_run
from rostrum.executors.in_process import InProcessExecutor
from rostrum.executors.multiprocess import MultiprocessExecutor
from rostrum.interfaces.execution import Executor
from rostrum.interfaces.launching import WorkerRef
from rostrum.interfaces.locations import ManifestReply
from rostrum.model.manifest_parts import encode_manifest, manifest_hash
from rostrum.model.runs import Run, RunStatus, RunTarget
from rostrum.storage.logs import LocalLogStore
from tests.control_plane import LOCATION, Plane


class Shop:
    """A control plane and a job whose steps fail as long as a file is there."""

    def __init__(self, folder: Path, io_manager: Any, executor: Executor) -> None:
        self.folder, self._executor = folder, executor
        self.plane = Plane()
        self.definitions = Definitions(
            jobs=[chain_of(folder)], resources={"io_manager": io_manager, "other": FilesystemIOManager(folder / "o")}
        )
        data = encode_manifest(self.definitions.manifest())
        self.plane.locations.record(LOCATION, ManifestReply(manifest_hash=manifest_hash(data), data=data))

    def submit(self) -> Run:
        return self.plane.runs.submit(SubmitRequest(target=RunTarget(location=LOCATION, job="chain")))

    def execute(self, run: Run) -> Run:
        plane = self.plane
        run = plane.starting(run)
        plane.runs.mark_launched(run.run_id, run.epoch, WorkerRef(launcher="test", run_id=run.run_id, epoch=run.epoch))
        logs = LocalLogStore(self.folder / "logs")
        session = StoreSession(plane.events, plane.storage, logs, run.run_id, run.epoch, plane.clock)
        execute_run(self.definitions, run, session, executor=self._executor, clock=plane.clock, stop=threading.Event())
        session.close()
        with plane.storage.begin() as opened:
            found = opened.runs.get(run.run_id)
        assert found is not None
        return found

    def calls(self) -> str:
        file = self.folder / "calls"
        return file.read_text() if file.exists() else ""


def chain_of(folder: Path) -> Any:
    def called(name: str) -> None:
        with (folder / "calls").open("a") as calls:
            calls.write(name)
        if (folder / f"{name}.fails").exists():
            raise ValueError(f"{name} fails")

    @op
    def a() -> int:
        called("a")
        return 1

    @op(out=Out(io_manager_key="other"))
    def elsewhere() -> int:
        called("e")
        return 10

    @op
    def b(a: int, elsewhere: int) -> int:
        called("b")
        return a + elsewhere

    @op
    def c(b: int, values: list[int]) -> int:
        called("c")
        (folder / "result").write_text(str([b, values]))
        return b

    @job
    def chain() -> None:
        first, second = a(), elsewhere()
        third = b(first, second)
        c(third, [first, third])

    return chain


@pytest.fixture(params=["in_process", "multiprocess"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Shop:
    executor = InProcessExecutor() if request.param == "in_process" else MultiprocessExecutor(2)
    return Shop(tmp_path, FilesystemIOManager(tmp_path / "values"), executor)


def test_a_retry_loads_what_the_failed_run_made(shop: Shop) -> None:
    (shop.folder / "b.fails").touch()
    first = shop.execute(shop.submit())
    assert (first.status, sorted(shop.calls())) == (RunStatus.FAILURE, ["a", "b", "e"])
    (shop.folder / "b.fails").unlink()
    retry = shop.plane.runs.retry(first.run_id)
    assert retry.target.step_selection == ("b", "c")
    assert retry.output_origins == {"a:result": first.run_id, "elsewhere:result": first.run_id}
    done = shop.execute(retry)
    assert done.status is RunStatus.SUCCESS, done.error
    assert shop.calls()[3:] == "bc"
    assert (shop.folder / "result").read_text() == "[11, [1, 11]]"


def test_a_retry_of_a_retry_finds_the_run_that_made_each_value(shop: Shop) -> None:
    for name in ("b", "c"):
        (shop.folder / f"{name}.fails").touch()
    first = shop.execute(shop.submit())
    (shop.folder / "b.fails").unlink()
    second = shop.execute(shop.plane.runs.retry(first.run_id))
    assert (second.status, second.failed_step_key) == (RunStatus.FAILURE, "c")
    again = shop.execute(shop.plane.runs.retry(second.run_id))
    assert again.output_origins == {"a:result": first.run_id, "b:result": second.run_id}
    (shop.folder / "c.fails").unlink()
    done = shop.execute(shop.plane.runs.retry(again.run_id))
    assert done.status is RunStatus.SUCCESS, done.error
    assert done.output_origins == again.output_origins
    whole = shop.plane.runs.retry(second.run_id, "all")
    assert (whole.target, whole.output_origins) == (second.target, second.output_origins)
    assert (shop.folder / "result").read_text() == "[11, [1, 11]]"


def test_values_in_memory_do_not_outlive_their_run(tmp_path: Path) -> None:
    memory = InMemoryIOManager()
    shop = Shop(tmp_path, memory, InProcessExecutor())
    (tmp_path / "b.fails").touch()
    first = shop.execute(shop.submit())
    memory.values.clear()  # as in another process
    failed = shop.execute(shop.plane.runs.retry(first.run_id))
    assert failed.status is RunStatus.FAILURE
    assert failed.error is not None
    told = str(failed.error)
    assert f"step a was made by run {first.run_id}" in told
    assert "Retry all steps" in told
    assert shop.execute(shop.plane.runs.retry(failed.run_id, "all")).failed_step_key == "b"


def test_steps_selected_without_a_run_before_say_what_is_missing(shop: Shop) -> None:
    target = RunTarget(location=LOCATION, job="chain", step_selection=("c",))
    failed = shop.execute(shop.plane.runs.submit(SubmitRequest(target=target)))
    assert failed.status is RunStatus.FAILURE
    assert "which this run does not execute and no run before it has stored" in str(failed.error)
