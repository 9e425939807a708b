"""What comes together in a run's life: cancel and resume, two daemons, a drained spool and a verdict, a deletion. On
each store, with a clock of its own.
"""

from __future__ import annotations

import pytest

from rostrum.control.slots import Claim, claim_slot
from rostrum.daemon.queue import QueueLoop
from rostrum.interfaces.launching import WorkerRef
from rostrum.model.assets import AssetKey
from rostrum.model.errors import ErrorInfo, NotFound
from rostrum.model.events import (
    Event,
    RunCanceled,
    RunDisconnected,
    RunFailed,
    RunSucceeded,
    StepFailed,
    StepRetrying,
    StepStarted,
    StepSucceeded,
    step_stream,
    worker_stream,
)
from rostrum.model.manifest import ASSET_JOB
from rostrum.model.pools import PoolLimit, SlotAnswer, SlotWish
from rostrum.model.principals import StepScope
from rostrum.model.runs import Run, RunStatus, RunTarget
from rostrum.planning.pools import PoolRules
from rostrum.testing.launchers import FakeLauncher
from tests.control_plane import LOCATION, Plane, launch_settings

ERROR = ErrorInfo("E", "x")


def running(plane: Plane) -> Run:
    """A run whose worker is under way with `extract`."""
    run = plane.starting(plane.submit())
    plane.runs.mark_launched(run.run_id, 1, WorkerRef(run_id=run.run_id, epoch=1, launcher="fake"))
    plane.begin(run.run_id)
    plane.work(run.run_id, 1, StepStarted(at=plane.clock.now(), step_key="extract"))
    return plane.run(run.run_id)


def resuming(plane: Plane) -> Run:
    """A run whose next worker nobody has begun to start."""
    run = running(plane)
    return plane.runs.resume(run.run_id, "killed", "crash", epoch=1)


def queue(plane: Plane, launcher: FakeLauncher) -> QueueLoop:
    return QueueLoop(plane.storage, plane.runs, launcher, plane.doorbell, plane.clock, launch_settings(), threads=0)


def placed(run: Run, stream: str, first: int, *events: Event) -> list[Event]:
    return [
        type(event)(
            **{name: getattr(event, name) for name in event.__struct_fields__}
            | {"run_id": run.run_id, "stream": stream, "sequence": first + number}
        )
        for number, event in enumerate(events)
    ]


@pytest.mark.parametrize("resumes", [False, True])
def test_what_a_dead_worker_has_left_is_no_sign_of_life(plane: Plane, resumes: bool) -> None:
    run = running(plane)
    plane.clock.advance(400)
    plane.runs.record(run.run_id, RunDisconnected(at=plane.clock.now()))
    heard = plane.run(run.run_id).last_heard_at
    left = placed(run, worker_stream(1), 3, StepSucceeded(at=plane.clock.now(), step_key="extract"))
    assert plane.events.drain(run.run_id, 1, [left]) == 1
    assert (plane.run(run.run_id).last_heard_at, plane.run(run.run_id).steps_done) == (heard, 1)
    if resumes:
        plane.runs.resume(run.run_id, "silent", "lost", epoch=1)
    else:
        plane.runs.fail(run.run_id, "worker_lost", epoch=1)
    assert "run_reconnected" not in plane.kinds(run.run_id)
    assert plane.run(run.run_id).disconnected_at is None


def test_a_cancel_ends_a_resume_that_nobody_has_begun(plane: Plane) -> None:
    """It does not wait for a worker that there is not; steps get their end."""
    run = resuming(plane)
    assert (run.status, run.epoch, run.worker) == (RunStatus.STARTING, 2, None)
    assert plane.runs.cancel(run.run_id).status is RunStatus.CANCELED
    assert plane.kinds(run.run_id)[-5:] == ["run_canceling", *["step_not_run"] * 3, "run_canceled"]
    launcher = FakeLauncher()
    queue(plane, launcher).run_once(plane.clock.now())
    assert launcher.launches == []


def test_a_time_limit_that_ends_a_resume_fails_the_run(plane: Plane) -> None:
    run = plane.runs.cancel(resuming(plane).run_id, reason="timeout")
    assert (run.status, run.failure_reason) == (RunStatus.FAILURE, "timeout")


def test_a_cancel_while_a_resume_is_launched_ends_the_run_before_its_worker(plane: Plane) -> None:
    run = resuming(plane)
    launcher = FakeLauncher()
    loop = queue(plane, launcher)
    ((claimed, is_new),) = loop._claim(plane.clock.now())
    assert plane.runs.cancel(run.run_id).status is RunStatus.CANCELING
    loop._hand_over(claimed, is_new)
    assert (plane.run(run.run_id).status, launcher.launches) == (RunStatus.CANCELED, [])
    with plane.storage.begin() as session:
        assert list(session.leases.all()) == []


def test_a_run_that_is_to_end_is_not_resumed(plane: Plane) -> None:
    """The cancel came between the look at the worker and what it led to."""
    run = running(plane)
    plane.runs.cancel(run.run_id)
    after = plane.runs.resume(run.run_id, "killed", "crash", epoch=1)
    assert (after.status, after.epoch) == (RunStatus.CANCELING, 1)


def test_two_daemons_resume_a_run_once(plane: Plane) -> None:
    run = resuming(plane)
    again = plane.runs.resume(run.run_id, "killed", "crash", epoch=1)
    assert (again.epoch, again.resumes) == (2, 1)
    assert plane.runs.fail(run.run_id, "worker_died", epoch=1).status is RunStatus.STARTING
    one, two = FakeLauncher(), FakeLauncher()
    loops = [queue(plane, one), queue(plane, two)]
    for loop in loops:
        loop.run_once(plane.clock.now())
    assert (one.launches, two.launches) == ([(run.run_id, 2)], [])


@pytest.mark.parametrize("is_deleted", [False, True])
def test_a_run_that_ends_while_its_resume_is_queued_gets_no_worker(plane: Plane, is_deleted: bool) -> None:
    run = resuming(plane)
    launcher = FakeLauncher()
    loop = queue(plane, launcher)
    ((claimed, is_new),) = loop._claim(plane.clock.now())
    plane.runs.fail(run.run_id, "engine_error")
    if is_deleted:
        plane.runs.delete(run.run_id)
        with pytest.raises(NotFound):
            plane.runs.resume(run.run_id, "killed", "crash", epoch=1)
    loop._hand_over(claimed, is_new)
    assert launcher.launches == []
    with plane.storage.begin() as session:
        assert list(session.leases.all()) == []


def test_what_two_workers_say_after_the_end_is_evidence(plane: Plane) -> None:
    run = resuming(plane)
    plane.runs.fail(run.run_id, "engine_error")
    ended = plane.run(run.run_id)
    plane.work(run.run_id, 1, StepSucceeded(at=plane.clock.now(), step_key="extract"))
    plane.begin(run.run_id, 2)
    plane.work(run.run_id, 2, RunSucceeded(at=plane.clock.now()))
    assert plane.run(run.run_id) == ended
    with plane.storage.begin() as session:
        late = [one.event.kind for one in session.events.read(run.run_id) if one.evidence]
    assert late == ["step_succeeded", "run_started", "run_succeeded"]


def claim(plane: Plane, run: Run, key: str, epoch: int, after: int) -> SlotAnswer:
    def ask(session: object) -> SlotAnswer:
        current = session.runs.get(run.run_id)  # type: ignore[attr-defined]
        return claim_slot(session, Claim(current, epoch, SlotWish("db", key), (), after), PoolRules())  # type: ignore[arg-type]

    return plane.events.call(ask).result()


def held(plane: Plane) -> list[tuple[str, int]]:
    with plane.storage.begin() as session:
        return [(slot.step_key, slot.epoch) for slot in session.pools.slots("db")]


@pytest.fixture
def pooled(plane: Plane) -> Plane:
    with plane.storage.begin(write=True) as session:
        session.pools.put_limit(PoolLimit(pool="db", limit=1, set_at=session.now()))
    return plane


def test_a_slot_is_freed_by_the_resume_and_not_again_by_what_comes_late(pooled: Plane) -> None:
    plane = pooled
    run = running(plane)
    assert claim(plane, run, "extract", 1, 2).granted
    plane.runs.resume(run.run_id, "killed", "crash", epoch=1)
    assert held(plane) == []
    assert claim(plane, run, "extract", 2, 0).granted
    plane.work(run.run_id, 1, StepFailed(at=plane.clock.now(), step_key="extract", error=ERROR))
    assert held(plane) == [("extract", 2)], "the end of the attempt before"
    assert not claim(plane, run, "load", 1, 3).granted, "the worker before gets none"
    plane.runs.cancel(run.run_id)
    assert held(plane) == []


def test_a_step_elsewhere_that_has_ended_holds_no_slot_though_its_run_worker_is_told_late(pooled: Plane) -> None:
    """What the run worker had told before its claim has not arrived yet."""
    plane = pooled
    run = running(plane)
    assert claim(plane, run, "load", 1, 5).granted
    stream, scope = step_stream(1, "load"), StepScope("load", 1, "load")
    again = StepRetrying(at=plane.clock.now(), step_key="load", error=ERROR, attempt=1)
    plane.events.submit(run.run_id, 1, placed(run, stream, 1, again), stream=stream, scope=scope).result()
    assert held(plane) == [("load", 1)], "it may be of the attempt before the one that holds it"
    stream, scope = step_stream(1, "load.2"), StepScope("load", 2, "load")
    end = StepSucceeded(at=plane.clock.now(), step_key="load")
    plane.events.submit(run.run_id, 1, placed(run, stream, 1, end), stream=stream, scope=scope).result()
    assert held(plane) == []


def test_a_time_limit_that_comes_after_the_end_stops_no_retry(plane: Plane) -> None:
    """The monitor had read the run before it failed; only a wish of somebody's stops what comes by itself."""
    run = plane.starting(plane.submit(tags={"dagster/max_retries": "1"}))
    plane.begin(run.run_id)
    failed = plane.runs.fail(run.run_id, "step_failure")
    assert failed.retry_at is not None
    assert plane.runs.cancel(run.run_id, "time limit of 5 s", reason="timeout", epoch=1) == failed
    assert plane.runs.cancel(run.run_id, "ann").retry_at is None


def test_a_run_that_fails_while_it_is_canceled_is_not_repeated_by_itself(plane: Plane) -> None:
    """Its worker told of the failure before the order reached it. A time limit is no wish of anybody's."""
    for reason in ("", "timeout"):
        run = plane.starting(plane.submit(tags={"dagster/max_retries": "1"}))
        plane.begin(run.run_id)
        plane.runs.cancel(run.run_id, reason=reason)
        plane.work(run.run_id, 1, RunFailed(at=plane.clock.now(), reason="step_failure"))
        failed = plane.run(run.run_id)
        assert failed.status is RunStatus.FAILURE
        assert (failed.retry_at is not None) == bool(reason)
        assert failed.retry_note == ("" if reason else "somebody had cancelled it")


def test_a_backfill_that_is_canceled_leaves_no_run_that_comes_again(plane: Plane) -> None:
    """Not one that its time limit was ending, nor one that waits to be resumed."""
    target = RunTarget(LOCATION, ASSET_JOB, asset_selection=(AssetKey.of("regions"),))
    tags = {"dagster/max_retries": "1"}
    backfill, runs = plane.backfills.create(target, ["eu", "us"], tags=tags)
    for run in runs:
        plane.starting(run)
        plane.begin(run.run_id, steps=("regions",))
    timed, resumed = (run.run_id for run in runs)
    plane.runs.cancel(timed, reason="timeout")
    plane.runs.resume(resumed, "killed", "crash", epoch=1)
    plane.backfills.cancel(backfill.backfill_id)
    assert plane.run(resumed).status is RunStatus.CANCELED
    assert plane.kinds(resumed)[-3:] == ["run_canceling", "step_not_run", "run_canceled"]
    plane.runs.finish(timed, RunCanceled(at=plane.clock.now()))
    assert (plane.run(timed).status, plane.run(timed).retry_at) == (RunStatus.CANCELED, None)
