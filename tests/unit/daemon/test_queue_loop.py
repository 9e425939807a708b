from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from rostrum.control.runs import launch_lease
from rostrum.daemon.queue import QueueLoop, QueueSettings
from rostrum.interfaces.launching import GatewayAddress, LaunchSpec, WorkerRef
from rostrum.interfaces.storage import Session
from rostrum.model.errors import NotFound, Unavailable
from rostrum.model.events import RunSucceeded
from rostrum.model.runs import Run, RunStatus
from rostrum.planning.queue import QueueLimits
from rostrum.service.processes import identity
from rostrum.testing.launchers import FakeLauncher
from tests.control_plane import Plane, launch_settings


@pytest.fixture
def plane() -> Plane:
    return Plane()


def loop_of(plane: Plane, launcher: FakeLauncher, **settings: object) -> QueueLoop:
    return QueueLoop(
        plane.storage,
        plane.runs,
        launcher,
        plane.doorbell,
        plane.clock,
        launch_settings(),
        QueueSettings(**settings),  # type: ignore[arg-type]
        threads=0,
    )


def launches_held(plane: Plane) -> list[str]:
    with plane.storage.begin() as session:
        return [lease.name for lease in session.leases.all() if lease.name.startswith("launch/")]


def test_launches_up_to_the_limit(plane: Plane) -> None:
    launcher = FakeLauncher()
    loop = loop_of(plane, launcher, limits=QueueLimits(max_concurrent_runs=2))
    low = plane.submit()
    runs = [plane.submit(priority=1) for _ in range(2)]
    assert loop.run_once(plane.clock.now()) > 0
    assert launcher.launches == [(run.run_id, 1) for run in runs]
    assert plane.run(low.run_id).status is RunStatus.QUEUED
    stored = plane.run(runs[0].run_id)
    assert (stored.status, stored.epoch, stored.worker is not None) == (RunStatus.STARTING, 1, True)
    spec = launcher.specs[runs[0].run_id, 1]
    assert (spec.token, spec.executor) == (f"token-{runs[0].run_id}-1", {"name": "threaded"})
    plane.begin(runs[0].run_id)
    plane.work(runs[0].run_id, 1, RunSucceeded(at=plane.clock.now()))
    loop.run_once(plane.clock.now())
    assert launcher.launches[-1] == (low.run_id, 1)


def test_a_full_or_empty_queue_writes_nothing(plane: Plane) -> None:
    loop = loop_of(plane, FakeLauncher(), limits=QueueLimits(max_concurrent_runs=0))
    plane.submit()
    loop.run_once(plane.clock.now())
    with plane.storage.begin() as session:
        assert session.leases.all() == []


def test_a_run_that_cannot_be_claimed_keeps_no_other_waiting(plane: Plane, monkeypatch: pytest.MonkeyPatch) -> None:
    launcher = FakeLauncher()
    loop = loop_of(plane, launcher, limits=QueueLimits(max_concurrent_runs=1))
    poison, other = plane.submit(), plane.submit()
    claim = plane.runs.mark_starting

    def poisoned(session: Session, run: Run) -> Run:
        if run.run_id == poison.run_id:
            raise OverflowError
        return claim(session, run)

    monkeypatch.setattr(plane.runs, "mark_starting", poisoned)
    for _ in range(2):
        loop.run_once(plane.clock.now())
    failed = plane.run(poison.run_id)
    assert (failed.status, failed.failure_reason) == (RunStatus.FAILURE, "launch_failure")
    assert plane.run(other.run_id).worker is not None


def test_an_unavailable_launcher_is_tried_again_under_a_new_epoch(plane: Plane) -> None:
    away = [True]

    def fail(_spec: LaunchSpec, before: bool) -> None:
        if away[0] and before:
            raise Unavailable("the code server does not answer")

    launcher = FakeLauncher(fail)
    loop = loop_of(plane, launcher)
    run = plane.submit()
    loop.run_once(plane.clock.now())
    assert plane.run(run.run_id).status is RunStatus.STARTING
    assert "engine_message" in plane.kinds(run.run_id)
    loop.run_once(plane.clock.now())
    assert plane.run(run.run_id).epoch == 1  # not before its time
    away[0] = False
    plane.clock.advance(5)
    loop.run_once(plane.clock.now())
    assert launcher.launches == [(run.run_id, 2)]


def test_an_unanswered_launch_never_leaves_two_workers(plane: Plane) -> None:
    """The worker that came of it unheard is found and kept: what it has begun is not done twice."""
    answers = [False]

    def fail(_spec: LaunchSpec, before: bool) -> None:
        if not answers[0] and not before:
            raise Unavailable("no answer in time")

    launcher = FakeLauncher(fail)
    loop = loop_of(plane, launcher)
    run = plane.submit()
    loop.run_once(plane.clock.now())
    answers[0] = True
    plane.clock.advance(5)
    loop.run_once(plane.clock.now())
    assert [state.state for state in launcher.workers.values()] == ["running"]
    assert launcher.launches == [(run.run_id, 1)]
    stored = plane.run(run.run_id)
    assert (stored.epoch, stored.worker is not None) == (1, True)
    assert launches_held(plane) == []


def test_a_worker_that_speaks_is_not_replaced(plane: Plane) -> None:
    """Nobody finds it (its code server is away), but the gateway has just heard it."""

    class Blind(FakeLauncher):
        def adopt(self, run_ids: list[str]) -> list[WorkerRef]:
            plane.clock.advance(3)
            plane.events.heard(run_ids[0], 1).result()
            return []

    def fail(_spec: LaunchSpec, before: bool) -> None:
        if not before:
            raise Unavailable("no answer in time")

    launcher = Blind(fail)
    loop = loop_of(plane, launcher)
    run = plane.submit()
    loop.run_once(plane.clock.now())
    plane.clock.advance(5)
    plane.events.start()
    loop.run_once(plane.clock.now())
    plane.events.stop()
    assert plane.run(run.run_id).epoch == 1
    assert launcher.launches == [(run.run_id, 1)]


def test_gives_up_in_the_end_or_at_once(plane: Plane) -> None:
    def fail(spec: LaunchSpec, before: bool) -> None:
        raise Unavailable("away") if spec.run.target.job == "etl" else NotFound("no such job")

    loop = loop_of(plane, FakeLauncher(fail), max_attempts=3)
    run, other = plane.submit(), plane.submit_assets("report")
    for _ in range(4):
        loop.run_once(plane.clock.now())
        plane.clock.advance(100)
    for run_id, epoch, text in ((run.run_id, 3, "away"), (other.run_id, 1, "no such job")):
        stored = plane.run(run_id)
        assert (stored.status, stored.epoch, stored.failure_reason) == (RunStatus.FAILURE, epoch, "launch_failure")
        assert stored.error is not None
        assert text in stored.error.message


def test_cancelled_between_attempts(plane: Plane) -> None:
    def fail(_spec: LaunchSpec, before: bool) -> None:
        raise Unavailable("away")

    loop = loop_of(plane, FakeLauncher(fail))
    run = plane.submit()
    loop.run_once(plane.clock.now())
    assert plane.runs.cancel(run.run_id).status is RunStatus.CANCELING
    loop.run_once(plane.clock.now())
    assert plane.run(run.run_id).status is RunStatus.CANCELED


def test_a_worker_of_a_run_that_has_ended_meanwhile_is_ended(plane: Plane) -> None:
    def cancel(spec: LaunchSpec, before: bool) -> None:
        if not before:
            plane.runs.fail(spec.run.run_id, "engine_error")

    launcher = FakeLauncher(cancel)
    loop = loop_of(plane, launcher)
    run = plane.submit()
    loop.run_once(plane.clock.now())
    assert launcher.terminated == [(run.run_id, 1, True)]


def dead_daemons(plane: Plane) -> str:
    """A run that a daemon claimed before it died."""
    run = plane.submit()
    with plane.storage.begin(write=True) as session:
        plane.runs.mark_starting(session, run)
        session.leases.acquire(launch_lease(run.run_id), "dead", 10.0)
    return run.run_id


def test_a_run_that_a_dead_daemon_left_is_taken_over(plane: Plane) -> None:
    launcher = FakeLauncher()
    run_id = dead_daemons(plane)
    loop = loop_of(plane, launcher)
    loop.run_once(plane.clock.now())
    assert launcher.launches == []
    plane.clock.advance(11)
    loop.run_once(plane.clock.now())
    assert launcher.launches == [(run_id, 2)]
    assert launches_held(plane) == []


def test_the_worker_that_a_dead_daemon_left_is_taken_over(plane: Plane) -> None:
    """It died between the launch and its record."""
    launcher = FakeLauncher()
    run_id = dead_daemons(plane)
    launcher.launch(
        LaunchSpec(run=plane.run(run_id), epoch=1, gateway=GatewayAddress("unix:/x"), token="", spool_dir="")
    )
    plane.clock.advance(11)
    loop_of(plane, launcher).run_once(plane.clock.now())
    assert (launcher.launches, launcher.terminated) == ([(run_id, 1)], [])
    assert plane.run(run_id).worker is not None


def test_leases_of_dead_daemons_on_ended_runs_are_forgotten(plane: Plane) -> None:
    run_id = dead_daemons(plane)
    plane.runs.fail(run_id, "engine_error")
    plane.clock.advance(11)
    loop_of(plane, FakeLauncher()).run_once(plane.clock.now())
    assert launches_held(plane) == []


def test_a_pause_between_attempts_is_no_invitation_to_another_daemon(plane: Plane) -> None:
    """Its clock may be wrong, its patience short: the run is the first one's while that one lives."""

    def fail(_spec: LaunchSpec, before: bool) -> None:
        raise Unavailable("away")

    launcher = FakeLauncher(fail)
    one = loop_of(plane, launcher, retry_seconds=60.0)
    two = loop_of(plane, FakeLauncher())
    run = plane.submit()
    one.run_once(plane.clock.now())
    for _ in range(15):
        plane.clock.advance(2)
        one.run_once(plane.clock.now())
        two.run_once(plane.clock.now() + timedelta(hours=1))
    assert plane.run(run.run_id).epoch == 1
    plane.clock.advance(11)  # and now the first one is dead
    two.run_once(plane.clock.now())
    stored = plane.run(run.run_id)
    assert (stored.epoch, stored.worker is not None) == (2, True)


def test_a_launch_that_is_not_answered_is_no_invitation_either(plane: Plane) -> None:
    entered, go = threading.Event(), threading.Event()

    def stall(_spec: LaunchSpec, before: bool) -> None:
        if before:
            entered.set()
            assert go.wait(10)

    launcher, other = FakeLauncher(stall), FakeLauncher()
    one = QueueLoop(plane.storage, plane.runs, launcher, plane.doorbell, plane.clock, launch_settings())
    two = loop_of(plane, other)
    run = plane.submit()
    one.run_once(plane.clock.now())
    assert entered.wait(10)
    for _ in range(30):
        plane.clock.advance(2)
        two.run_once(plane.clock.now())
        one.run_once(plane.clock.now())
    go.set()
    one.close()
    assert (launcher.launches, other.launches) == ([(run.run_id, 1)], [])
    assert plane.run(run.run_id).worker is not None
    assert launches_held(plane) == []


def test_a_daemon_that_slept_through_its_lease_launches_nothing(plane: Plane) -> None:
    """The claimed run waits for a thread while the machine sleeps; another daemon has gone on."""
    launcher = FakeLauncher()
    one, two = loop_of(plane, FakeLauncher()), loop_of(plane, launcher)
    run = plane.submit()
    ((claimed, is_new),) = one._claim(plane.clock.now())
    plane.clock.advance(11)
    two.run_once(plane.clock.now())
    one._hand_over(claimed, is_new)
    assert launcher.launches == [(run.run_id, 2)]
    assert plane.run(run.run_id).epoch == 2


def test_limits_hold_over_all_daemons_and_none_of_them_leads(plane: Plane) -> None:
    launcher = FakeLauncher()
    one, two = (loop_of(plane, launcher, limits=QueueLimits(max_concurrent_runs=2)) for _ in range(2))
    runs = [plane.submit()]
    one.run_once(plane.clock.now())
    runs += [plane.submit(), plane.submit()]
    two.run_once(plane.clock.now())
    one.run_once(plane.clock.now())
    assert launcher.launches == [(run.run_id, 1) for run in runs[:2]]
    plane.runs.fail(runs[0].run_id, "engine_error")
    one.run_once(plane.clock.now())
    assert launcher.launches == [(run.run_id, 1) for run in runs]


def test_a_run_that_is_deleted_while_it_is_launched_keeps_no_worker(plane: Plane) -> None:

    def delete(spec: LaunchSpec, before: bool) -> None:
        if not before:
            plane.runs.fail(spec.run.run_id, "engine_error")
            plane.runs.delete(spec.run.run_id)

    launcher = FakeLauncher(delete)
    run = plane.submit()
    loop_of(plane, launcher).run_once(plane.clock.now())
    assert launcher.terminated == [(run.run_id, 1, True)]
    assert launches_held(plane) == []


def test_a_run_that_is_deleted_before_it_is_launched_is_forgotten(
    plane: Plane, caplog: pytest.LogCaptureFixture
) -> None:
    run_id = dead_daemons(plane)
    plane.clock.advance(11)
    launcher = FakeLauncher()
    loop = loop_of(plane, launcher)
    ((claimed, is_new),) = loop._claim(plane.clock.now())
    plane.runs.fail(run_id, "engine_error")
    plane.runs.delete(run_id)
    loop._hand_over(claimed, is_new)
    assert (launcher.launches, launches_held(plane), caplog.text) == ([], [], "")


def test_launches_in_a_pool(plane: Plane) -> None:
    launcher = FakeLauncher()
    loop = QueueLoop(plane.storage, plane.runs, launcher, plane.doorbell, plane.clock, launch_settings())
    runs = [plane.submit() for _ in range(5)]
    loop.run_once(plane.clock.now())
    loop.close()
    assert sorted(launcher.launches) == sorted((run.run_id, 1) for run in runs)
    assert all(plane.run(run.run_id).worker is not None for run in runs)


def test_runs_that_are_queued_do_not_wait_for_the_lease_of_a_dead_daemon(plane: Plane) -> None:
    """It died when it had launched one of them: whoever comes next admits the others at once."""
    launcher = FakeLauncher()
    first = plane.submit()
    dead = loop_of(plane, launcher, limits=QueueLimits(max_concurrent_runs=1))
    dead.run_once(plane.clock.now())
    left = [plane.submit(), plane.submit()]
    plane.begin(first.run_id)
    plane.work(first.run_id, 1, RunSucceeded(at=plane.clock.now()))
    loop_of(plane, launcher).run_once(plane.clock.now())
    assert launcher.launches == [(run.run_id, 1) for run in (first, *left)]


def test_resumes_do_not_count_as_attempts_to_launch(plane: Plane) -> None:
    def fail(spec: LaunchSpec, before: bool) -> None:
        if before and spec.epoch == 4:
            raise Unavailable("away")

    launcher = FakeLauncher(fail)
    loop = loop_of(plane, launcher, max_attempts=2, retry_seconds=1.0)
    run = plane.submit()
    loop.run_once(plane.clock.now())
    for epoch in (1, 2, 3):
        plane.begin(run.run_id, epoch)
        plane.runs.resume(run.run_id, "killed", "crash", epoch=epoch)
        loop.run_once(plane.clock.now())
    assert plane.run(run.run_id).status is RunStatus.STARTING
    plane.clock.advance(2)  # not eight
    loop.run_once(plane.clock.now())
    assert launcher.launches[-1] == (run.run_id, 5)


def test_a_launcher_that_cannot_be_asked_keeps_no_run_waiting_for_ever(
    plane: Plane, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it may have started is shut out by the new epoch; attempts are counted."""

    def fail(_spec: LaunchSpec, before: bool) -> None:
        raise Unavailable("away")

    def away(_run_ids: list[str]) -> list[WorkerRef]:
        raise Unavailable("away")

    launcher = FakeLauncher(fail)
    monkeypatch.setattr(launcher, "adopt", away)
    loop = loop_of(plane, launcher, max_attempts=3, retry_seconds=1.0)
    run = plane.submit()
    for _ in range(3):
        loop.run_once(plane.clock.now())
        plane.clock.advance(5)
    assert plane.run(run.run_id).failure_reason == "launch_failure"


def test_a_run_whose_daemon_is_known_dead_is_taken_over_at_once(plane: Plane) -> None:
    """It was killed on this very machine: nobody waits for its lease to end."""
    place, pid, *_ = identity("living").split(".")
    launcher = FakeLauncher()
    run = plane.submit()
    with plane.storage.begin(write=True) as session:
        plane.runs.mark_starting(session, run)
        session.leases.acquire(launch_lease(run.run_id), f"{place}.{pid}.1.00@dead", 10.0)
    loop_of(plane, launcher).run_once(plane.clock.now())
    assert launcher.launches == [(run.run_id, 2)]
    assert launches_held(plane) == []
