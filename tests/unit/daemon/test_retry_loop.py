from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from rostrum.control.reruns import Reruns
from rostrum.daemon.retries import RetryLoop
from rostrum.interfaces.storage import Storage
from rostrum.model.errors import ErrorInfo, Unavailable
from rostrum.model.events import RunFailed, StepFailed
from rostrum.model.manifest import JobNode, RetryPolicy, RunRetryPolicy
from rostrum.model.runs import Run, RunFilter, RunStatus
from rostrum.storage.memory import MemoryStorage
from rostrum.storage.sql import SqlStorage
from rostrum.testing.clock import FakeClock
from tests.control_plane import START, Plane, manifest

POLICY = RunRetryPolicy(RetryPolicy(max_retries=2, delay_seconds=10, backoff="linear"))


class Scene:
    def __init__(self, storage: Storage, clock: FakeClock, policy: RunRetryPolicy = POLICY) -> None:
        self.plane = plane = Plane(storage, clock)
        whole = manifest()
        jobs = tuple(self.with_policy(job, policy) for job in whole.jobs)
        plane.load(msgspec.structs.replace(whole, jobs=jobs))
        self.reruns = Reruns(plane.events, plane.runs, plane.manifests)
        self.loops = [self.loop(), self.loop()]

    @staticmethod
    def with_policy(job: JobNode, policy: RunRetryPolicy) -> JobNode:
        return msgspec.structs.replace(job, run_retry_policy=policy) if job.name == "etl" else job

    def loop(self) -> RetryLoop:
        return RetryLoop(self.plane.storage, self.reruns)

    def fail(self, run: Run, reason: str = "step_failure") -> Run:
        plane = self.plane
        starting = plane.starting(run)
        plane.begin(run.run_id, starting.epoch)
        plane.succeed_step(run.run_id, "extract", starting.epoch)
        at = plane.clock.now()
        error = ErrorInfo("ValueError", "no gust")
        plane.work(
            run.run_id, starting.epoch, StepFailed(at=at, step_key="load", error=error), RunFailed(at=at, reason=reason)
        )
        return plane.run(run.run_id)

    def look(self) -> float:
        return min(loop.run_once(self.plane.clock.now()) for loop in self.loops)

    def newest(self) -> Run:
        with self.plane.storage.begin() as session:
            return session.runs.list(RunFilter(), limit=1).runs[0]

    def count(self) -> int:
        with self.plane.storage.begin() as session:
            return len(session.runs.list(RunFilter(), limit=100).runs)


@pytest.fixture(params=["memory", "sqlite"])
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    clock = FakeClock(START)
    if request.param == "memory":
        yield Scene(MemoryStorage(clock), clock)
        return
    storage = SqlStorage(f"sqlite:///{tmp_path / 'rostrum.db'}", clock=clock)
    storage.migrate()
    yield Scene(storage, clock)
    storage.close()


def test_retries_come_when_they_are_due_and_end(scene: Scene) -> None:
    plane = scene.plane
    first = scene.fail(plane.submit(tags={"team": "data"}))
    assert first.tags["dagster/will_retry"] == "true"
    assert 0 < scene.look() <= 10
    assert scene.count() == 1
    plane.clock.advance(10)
    scene.look()
    second = scene.newest()
    assert second.parent_run_id == second.root_run_id == first.run_id
    assert second.target.step_selection == ("load", "tell"), "what has succeeded is not done again"
    assert second.tags == {"team": "data", "dagster/retry_number": "1"}
    assert plane.run(first.run_id).tags["dagster/auto_retry_run_id"] == second.run_id
    scene.fail(second)
    plane.clock.advance(19)
    scene.look()
    assert scene.count() == 2, "the second pause is longer"
    plane.clock.advance(1)
    scene.look()
    third = scene.fail(scene.newest())
    assert (third.tags["dagster/retry_number"], third.root_run_id) == ("2", first.run_id)
    assert third.retry_note == "2 retries have been made, which is as many as are allowed"
    plane.clock.advance(1000)
    scene.look()
    assert scene.count() == 3


def test_a_lost_worker_does_not_use_up_what_the_code_may_fail(scene: Scene) -> None:
    plane = scene.plane
    run = plane.submit()
    for reason in ("worker_died", "step_failure", "worker_lost", "step_failure"):
        scene.fail(run, reason)
        plane.clock.advance(100)
        scene.look()
        run = scene.newest()
    assert (run.user_retries, run.infrastructure_retries) == (2, 2)
    assert scene.fail(run).retry_at is None


def test_a_loop_that_dies_between_its_look_and_its_deed_doubles_nothing(scene: Scene) -> None:
    run = scene.fail(scene.plane.submit())
    scene.plane.clock.advance(10)
    for _ in range(3):
        scene.reruns.retry_by_itself(run.run_id)
    scene.look()
    assert scene.count() == 2


def test_cancel_of_a_failed_run_stops_its_retries(scene: Scene) -> None:
    run = scene.fail(scene.plane.submit())
    after = scene.plane.runs.cancel(run.run_id, "ann")
    assert (after.status, after.retry_at, after.retry_note) == (RunStatus.FAILURE, None, "stopped by ann")
    scene.plane.clock.advance(100)
    scene.look()
    assert scene.count() == 1


def test_a_retry_by_hand_takes_the_place_of_the_one_to_come(scene: Scene) -> None:
    run = scene.fail(scene.plane.submit())
    by_hand = scene.plane.runs.retry(run.run_id, by="ann")
    assert (by_hand.user_retries, by_hand.trigger.name) == (0, "ann")
    scene.plane.clock.advance(100)
    scene.look()
    assert scene.count() == 2
    assert by_hand.run_id in scene.plane.run(run.run_id).retry_note


def test_what_cannot_be_repeated_any_more_says_why(scene: Scene) -> None:
    """The job is gone since: nothing is tried for ever."""
    run = scene.fail(scene.plane.submit())
    whole = manifest()
    scene.plane.load(msgspec.structs.replace(whole, jobs=whole.jobs[1:]))
    scene.plane.clock.advance(10)
    scene.look()
    waiting = scene.plane.run(run.run_id)
    assert waiting.retry_at is not None, "it may come back with the next version"
    assert "there is no job 'etl'" in waiting.retry_note
    scene.plane.load(whole)
    scene.look()
    assert scene.plane.run(run.run_id).retry_at is None
    assert scene.count() == 2


def of_partition(scene: Scene, key: str) -> Run:
    """A failed run of one partition of an asset whose partitions come and go."""
    with scene.plane.events.transaction() as session:
        session.partitions.add_dynamic("names", [key])
    policy = {"dagster/max_retries": "1"}
    return scene.fail(scene.plane.submit_assets("users", partition_key=key, tags=policy))


def test_a_partition_that_is_gone_is_given_up(scene: Scene) -> None:
    run = of_partition(scene, "k1")
    with scene.plane.events.transaction() as session:
        session.partitions.delete_dynamic("names", "k1")
    scene.look()
    after = scene.plane.run(run.run_id)
    assert (after.retry_at, after.tags["dagster/will_retry"]) == (None, "false")
    assert "'k1'" in after.retry_note
    assert scene.count() == 1


def test_what_is_partitioned_no_more_is_given_up(scene: Scene) -> None:
    run = of_partition(scene, "k1")
    whole = manifest()
    assets = tuple(msgspec.structs.replace(each, partitions=None) for each in whole.assets)
    scene.plane.load(msgspec.structs.replace(whole, assets=assets))
    scene.look()
    after = scene.plane.run(run.run_id)
    assert after.retry_at is None
    assert "is not partitioned" in after.retry_note
    assert scene.count() == 1


def test_a_run_that_cannot_be_repeated_keeps_no_other_from_it(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = [scene.fail(scene.plane.submit()) for _ in range(2)]
    scene.plane.clock.advance(10)
    repeat = scene.reruns.retry_by_itself

    def poisoned(run_id: str) -> Run | None:
        if run_id == runs[0].run_id:
            raise OverflowError
        return repeat(run_id)

    monkeypatch.setattr(scene.reruns, "retry_by_itself", poisoned)
    scene.look()
    assert scene.count() == 3
    assert scene.plane.run(runs[1].run_id).retry_at is None


@pytest.mark.parametrize("backoff", ["constant", "linear", "exponential"])
def test_a_delay_beyond_the_calendar_ends_the_run_all_the_same(backoff: str) -> None:
    clock = FakeClock(START)
    retry = RetryPolicy(max_retries=5000, delay_seconds=1e12, backoff=backoff)
    scene = Scene(MemoryStorage(clock), clock, RunRetryPolicy(retry))
    run = scene.fail(scene.plane.submit())
    assert run.status is RunStatus.FAILURE
    assert run.retry_at == clock.now() + timedelta(days=365)


def test_a_database_that_is_away_gives_nothing_up(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    run = scene.fail(scene.plane.submit())
    scene.plane.clock.advance(10)

    def away(*_: object) -> None:
        raise Unavailable("the database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(scene.plane.runs, "submit_in", away)
        scene.look()
    after = scene.plane.run(run.run_id)
    assert (after.retry_at, after.retry_note) == (run.retry_at, "")
    scene.look()
    assert scene.count() == 2


def test_a_deleted_run_is_not_repeated(scene: Scene) -> None:
    run = scene.fail(scene.plane.submit())
    scene.plane.runs.delete(run.run_id)
    scene.plane.clock.advance(100)
    scene.look()
    assert scene.count() == 0


def test_of_a_backfill_what_is_repeated_counts_once(scene: Scene) -> None:
    plane = scene.plane
    tags = {"dagster/max_retries": "1"}
    backfill, runs = plane.backfills.create(plane.request("daily").target, ["2026-01-01", "2026-01-02"], tags=tags)

    def counts() -> dict[str, int]:
        return plane.backfills.progress(backfill.backfill_id).by_status

    scene.fail(runs[0])
    assert counts() == {"queued": 2}
    scene.look()
    again = scene.newest()
    assert (again.backfill_id, again.target.partition_key) == (backfill.backfill_id, "2026-01-01")
    assert counts() == {"queued": 2}
    scene.fail(again)
    assert counts() == {"queued": 1, "failure": 1}
    scene.fail(runs[1])
    plane.backfills.cancel(backfill.backfill_id)
    scene.look()
    assert scene.count() == 3
    assert counts() == {"failure": 2}
