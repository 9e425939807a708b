from __future__ import annotations

import pytest

from rostrum.daemon.monitor import GATEWAY_LOOP, MONITOR_LOOP, MonitorLoop
from rostrum.daemon.queue import QueueLoop
from rostrum.interfaces.launching import WorkerRef, WorkerStatus
from rostrum.model.errors import Unavailable
from rostrum.model.events import RunCanceled, RunStarted, RunSucceeded, StepStarted
from rostrum.model.locations import DaemonState
from rostrum.model.runs import Run, RunStatus
from rostrum.planning.monitor import MonitorLimits
from rostrum.testing.launchers import FakeLauncher
from tests.control_plane import Plane, launch_settings


class Scene:
    def __init__(self) -> None:
        self.plane = Plane()
        self.launcher = FakeLauncher()
        self.drained: list[str] = []
        self.queue = QueueLoop(
            self.plane.storage,
            self.plane.runs,
            self.launcher,
            self.plane.doorbell,
            self.plane.clock,
            launch_settings(),
            threads=0,
        )
        self.monitor = self.new_monitor()

    def new_monitor(self) -> MonitorLoop:
        plane = self.plane
        return MonitorLoop(plane.storage, plane.runs, self.launcher, plane.clock, drain=self.drain)

    def drain(self, run: Run) -> None:
        self.drained.append(run.run_id)

    def running(self) -> str:
        run = self.plane.submit()
        self.queue.run_once(self.plane.clock.now())
        self.plane.begin(run.run_id)
        return run.run_id

    def look(self, seconds: float = 0.0) -> None:
        for _ in range(int(seconds // 10)):
            self.plane.clock.advance(10)
            self.monitor.run_once(self.plane.clock.now())
        self.plane.clock.advance(seconds % 10)
        self.monitor.run_once(self.plane.clock.now())

    def status(self, run_id: str) -> RunStatus:
        return self.plane.run(run_id).status


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_run_that_nobody_can_look_after_keeps_no_other_from_it(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever is wrong with it."""
    poison, dead = scene.running(), scene.running()
    inspect = scene.launcher.inspect

    def poisoned(ref: WorkerRef) -> WorkerStatus:
        if ref.run_id == poison:
            raise OverflowError("date value out of range")
        return inspect(ref)

    monkeypatch.setattr(scene.launcher, "inspect", poisoned)
    scene.launcher.exit(dead, 1, code=None, signal=9)
    scene.look(1)
    scene.look(1)
    assert scene.status(dead) is RunStatus.FAILURE
    assert scene.status(poison) is RunStatus.RUNNING
    assert f"run {poison} could not be looked after" in caplog.text


def test_a_worker_known_dead_fails_its_run_after_its_spool(scene: Scene) -> None:
    run_id = scene.running()
    scene.look(1)
    scene.launcher.exit(run_id, 1, code=None, signal=9)
    scene.look(1)
    assert scene.status(run_id) is RunStatus.RUNNING  # its last words may be on their way
    scene.look(1)
    run = scene.plane.run(run_id)
    assert (run.status, run.failure_reason) == (RunStatus.FAILURE, "worker_died")
    assert run.error is not None
    assert "killed by SIGKILL" in run.error.message
    assert scene.drained == [run_id]


def test_an_end_found_in_the_spool_is_the_end(scene: Scene) -> None:
    run_id = scene.running()
    scene.launcher.exit(run_id, 1)
    scene.monitor._drain = lambda run: scene.plane.work(run.run_id, 1, RunSucceeded(at=scene.plane.clock.now()))
    scene.look(1)
    scene.look(1)
    assert scene.status(run_id) is RunStatus.SUCCESS


def test_disconnected_is_not_lost(scene: Scene) -> None:
    run_id = scene.running()
    scene.look(40)
    assert scene.plane.run(run_id).disconnected_at is not None
    assert scene.status(run_id) is RunStatus.RUNNING
    scene.plane.events.heard(run_id, 1).result()
    assert scene.plane.run(run_id).disconnected_at is None
    scene.look(295)
    assert scene.status(run_id) is RunStatus.RUNNING
    scene.look(20)
    run = scene.plane.run(run_id)
    assert (run.status, run.failure_reason) == (RunStatus.FAILURE, "worker_lost")
    assert scene.launcher.terminated == [(run_id, 1, True)]


def test_time_in_which_the_daemon_was_down_does_not_count(scene: Scene) -> None:
    run_id = scene.running()
    with scene.plane.storage.begin(write=True) as session:
        beat = DaemonState(loop=MONITOR_LOOP, owner="x", heartbeat_at=scene.plane.clock.now())
        session.locations.put_daemon(beat)
    scene.plane.clock.advance(3600)
    scene.monitor = scene.new_monitor()
    scene.look(20)
    run = scene.plane.run(run_id)
    assert (run.status, run.disconnected_at) == (RunStatus.RUNNING, None)
    scene.monitor = scene.new_monitor()  # the outage is remembered
    scene.look(200)
    assert scene.status(run_id) is RunStatus.RUNNING
    scene.look(130)
    assert scene.status(run_id) is RunStatus.FAILURE


def test_time_in_which_the_gateway_was_down_does_not_count(scene: Scene) -> None:
    run_id = scene.running()
    with scene.plane.storage.begin(write=True) as session:
        beat = DaemonState(loop=GATEWAY_LOOP, owner="web", heartbeat_at=scene.plane.clock.now())
        session.locations.put_daemon(beat)
    scene.look(1000)
    assert scene.status(run_id) is RunStatus.RUNNING


def test_a_gateway_that_is_down_for_seconds_is_noticed_before_a_short_limit(scene: Scene) -> None:
    plane = scene.plane
    monitor = MonitorLoop(plane.storage, plane.runs, scene.launcher, plane.clock, MonitorLimits(lost_after_seconds=15))
    run_id = scene.running()
    with plane.storage.begin(write=True) as session:
        session.locations.put_daemon(DaemonState(loop=GATEWAY_LOOP, owner="web", heartbeat_at=plane.clock.now()))
    for _ in range(25):
        plane.clock.advance(1)
        monitor.run_once(plane.clock.now())
    assert scene.status(run_id) is RunStatus.RUNNING


def test_cancel_asks_then_kills(scene: Scene) -> None:
    run_id = scene.running()
    scene.plane.runs.cancel(run_id, "ann")
    scene.look(1)
    scene.look(1)
    assert scene.launcher.terminated == [(run_id, 1, False)]
    scene.look(30)
    assert scene.launcher.terminated[-1] == (run_id, 1, True)
    scene.look(1)
    scene.look(1)
    assert scene.status(run_id) is RunStatus.CANCELED


def test_a_worker_that_was_never_recorded_is_adopted(scene: Scene) -> None:
    plane = scene.plane
    run = plane.starting(plane.submit())
    scene.launcher.workers[run.run_id, 1] = WorkerStatus(state="running")
    plane.begin(run.run_id)
    scene.look(1)
    assert plane.run(run.run_id).worker is not None


def test_one_location_that_is_away_does_not_hold_up_the_rest(scene: Scene) -> None:
    first, second = scene.running(), scene.running()
    asked: list[str] = []

    def inspect(ref: object) -> None:
        asked.append(ref.run_id)  # type: ignore[attr-defined]
        raise Unavailable("away")

    scene.launcher.inspect = inspect  # type: ignore[assignment, method-assign]
    scene.look(1)
    assert asked == [first]
    assert scene.status(second) is RunStatus.RUNNING


def test_a_worker_that_never_reports_times_out(scene: Scene) -> None:
    run = scene.plane.submit()
    scene.queue.run_once(scene.plane.clock.now())
    scene.look(310)
    after = scene.plane.run(run.run_id)
    assert (after.status, after.failure_reason) == (RunStatus.FAILURE, "launch_failure")
    assert scene.launcher.terminated == [(run.run_id, 1, True)]


def step_events(scene: Scene, run_id: str) -> list[tuple[str, str | None, str | None]]:
    with scene.plane.storage.begin() as session:
        stored = session.events.read(run_id)
    return [
        (one.event.kind, one.event.step_key, getattr(one.event, "cause", None))
        for one in stored
        if one.event.step_key is not None and one.event.stream == "control"
    ]


def working(scene: Scene) -> str:
    run_id = scene.running()
    scene.plane.succeed_step(run_id, "extract")
    scene.plane.work(run_id, 1, StepStarted(at=scene.plane.clock.now(), step_key="load"))
    return run_id


def die(scene: Scene, run_id: str, epoch: int = 1) -> None:
    scene.launcher.exit(run_id, epoch, code=None, signal=9)
    scene.look(1)
    scene.look(1)


def test_steps_that_a_dead_worker_left_open_get_ends(scene: Scene) -> None:
    run_id = working(scene)
    die(scene, run_id)
    assert step_events(scene, run_id) == [("step_failed", "load", "crash"), ("step_not_run", "tell", None)]
    run = scene.plane.run(run_id)
    assert (run.failed_step_key, run.steps_failed, run.steps_done) == ("load", 1, 2)
    assert run.error is not None
    assert run.error.class_name == "RunWorkerDied"


@pytest.mark.parametrize("reachable", [True, False])
def test_the_spool_of_a_lost_worker_goes_with_it(scene: Scene, reachable: bool) -> None:
    """Where it is known to be dead: else it may still write."""
    run_id, discarded = scene.running(), list[str]()
    plane, launcher = scene.plane, scene.launcher
    scene.monitor = MonitorLoop(
        plane.storage, plane.runs, launcher, plane.clock, discard=lambda run: discarded.append(run.run_id)
    )
    if not reachable:
        launcher.workers[run_id, 1] = WorkerStatus(state="unknown")
    scene.look(400)
    assert plane.run(run_id).failure_reason == "worker_lost"
    assert discarded == ([run_id] if reachable else [])


def test_steps_of_a_lost_worker_are_lost(scene: Scene) -> None:
    run_id = working(scene)
    scene.look(400)
    assert step_events(scene, run_id)[0] == ("step_failed", "load", "lost")


def test_a_cancelled_run_closes_its_steps(scene: Scene) -> None:
    run_id = working(scene)
    scene.plane.runs.cancel(run_id, force=True)
    scene.look(1)
    assert scene.launcher.terminated == [(run_id, 1, True)]
    scene.look(1)
    scene.look(1)
    assert scene.status(run_id) is RunStatus.CANCELED
    assert step_events(scene, run_id) == [("step_canceled", "load", None), ("step_not_run", "tell", None)]


def test_what_a_killed_worker_had_accepted_is_stored_before_the_end_and_nothing_after_it(scene: Scene) -> None:
    plane = scene.plane
    run_id = working(scene)
    scene.monitor._drain = lambda run: plane.succeed_step(run.run_id, "load")
    plane.runs.cancel(run_id, force=True)
    for _ in range(3):
        scene.look(1)
    plane.succeed_step(run_id, "tell")
    run = plane.run(run_id)
    assert (run.status, run.steps_done) == (RunStatus.CANCELED, 2)
    with plane.storage.begin() as session:
        assert [one.event.step_key for one in session.events.read(run_id) if one.evidence] == ["tell"]


def test_a_run_that_takes_too_long_fails_once(scene: Scene) -> None:
    """Asked, then killed, then failed; whatever the worker says of it, and nothing afterwards."""
    plane = scene.plane
    run = plane.submit(tags={"dagster/max_runtime": "5"})
    scene.queue.run_once(plane.clock.now())
    plane.begin(run.run_id)
    scene.look(6)
    scene.look(1)
    assert scene.status(run.run_id) is RunStatus.CANCELING
    assert scene.launcher.terminated == [(run.run_id, 1, False)]
    for _ in range(2):
        plane.work(run.run_id, 1, RunCanceled(at=plane.clock.now()))
    after = plane.run(run.run_id)
    assert (after.status, after.failure_reason) == (RunStatus.FAILURE, "timeout")
    assert after.error is not None
    assert after.error.message == "the run was ended after 6 s, because it had taken longer than it may"
    told = [kind for kind in plane.kinds(run.run_id) if kind.startswith("run_")]
    assert told[-3:] == ["run_canceling", "run_failed", "run_canceled"]
    with plane.storage.begin() as session:
        assert [one.event.kind for one in session.events.read(run.run_id) if one.evidence] == ["run_canceled"]


@pytest.mark.parametrize("force", [False, True])
def test_a_cancel_while_the_time_limit_ends_the_run_is_a_cancel(scene: Scene, force: bool) -> None:
    """Who cancels it does not want it repeated."""
    plane = scene.plane
    tags = {"rostrum/max_runtime": "5", "dagster/max_retries": "2"}
    run = plane.submit(tags=tags)
    assert run.retry_policy is not None
    scene.queue.run_once(plane.clock.now())
    plane.begin(run.run_id)
    scene.look(6)
    assert plane.run(run.run_id).cancel_reason == "timeout"
    for _ in range(2):
        assert plane.runs.cancel(run.run_id, "ann", force=force).status is RunStatus.CANCELING
    assert plane.runs.cancel(run.run_id, "time limit", reason="timeout").cancel_reason == ""
    plane.work(run.run_id, 1, RunCanceled(at=plane.clock.now()))
    after = plane.run(run.run_id)
    assert (after.status, after.retry_at) == (RunStatus.CANCELED, None)
    assert plane.kinds(run.run_id).count("run_canceling") == 2


def test_a_run_that_takes_too_long_and_does_not_listen_is_killed(scene: Scene) -> None:
    plane = scene.plane
    run = plane.submit(tags={"rostrum/max_runtime": "5"})
    scene.queue.run_once(plane.clock.now())
    plane.begin(run.run_id)
    plane.work(run.run_id, 1, StepStarted(at=plane.clock.now(), step_key="load"))
    scene.look(6)
    scene.look(40)
    scene.look(1)
    scene.look(1)
    after = plane.run(run.run_id)
    assert (after.status, after.failure_reason) == (RunStatus.FAILURE, "timeout")
    assert step_events(scene, run.run_id)[0] == ("step_failed", "load", "timeout")
    assert plane.kinds(run.run_id).count("run_canceling") == 1


def resuming(scene: Scene, attempts: int = 1) -> None:
    plane = scene.plane
    scene.monitor = MonitorLoop(
        plane.storage, plane.runs, scene.launcher, plane.clock, MonitorLimits(max_resumes=attempts), drain=scene.drain
    )


def test_another_worker_goes_on_with_the_run(scene: Scene) -> None:
    plane = scene.plane
    resuming(scene)
    run_id = working(scene)
    die(scene, run_id)
    run = plane.run(run_id)
    assert (run.status, run.epoch, run.resumes, run.worker) == (RunStatus.STARTING, 2, 1, None)
    assert step_events(scene, run_id) == [("step_retrying", "load", "crash")]
    scene.queue.run_once(plane.clock.now())
    assert scene.launcher.launches == [(run_id, 1), (run_id, 2)], "under the epoch of the resume, at once"
    assert scene.launcher.specs[run_id, 2].run.resumes == 1
    plane.work(run_id, 2, RunStarted(at=plane.clock.now(), epoch=2, step_keys=("load", "tell"), resumed=True))
    run = plane.run(run_id)
    assert (run.status, run.steps_done, run.steps_total) == (RunStatus.RUNNING, 1, 3)
    plane.succeed_step(run_id, "load", 1)  # the old worker lives on somewhere
    assert plane.run(run_id).steps_done == 1
    die(scene, run_id, 2)
    assert (scene.status(run_id), plane.run(run_id).failure_reason) == (RunStatus.FAILURE, "worker_died")


def test_a_launch_for_a_resume_that_fails_is_no_further_resume(scene: Scene) -> None:
    plane = scene.plane
    resuming(scene)
    run_id = working(scene)
    die(scene, run_id)
    fail = [True]

    def on_launch(_spec: object, before: bool) -> None:
        if before and fail.pop() if fail else False:
            raise Unavailable("no answer")

    scene.launcher._on_launch = on_launch
    for _ in range(3):
        scene.queue.run_once(plane.clock.now())
        plane.clock.advance(2)
    run = plane.run(run_id)
    assert (run.epoch, run.resumes) == (3, 1)
    assert scene.launcher.launches[-1] == (run_id, 3)


@pytest.mark.parametrize("quiet", [45, 400])
def test_a_worker_that_is_heard_while_others_are_looked_at_is_neither_cut_off_nor_lost(
    scene: Scene, quiet: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looking at many workers may take long: what was read before is not what holds."""
    run_id = scene.running()
    inspect = scene.launcher.inspect

    def slow(ref: WorkerRef) -> WorkerStatus:
        scene.plane.events.heard(run_id, 1).result()
        return inspect(ref)

    monkeypatch.setattr(scene.launcher, "inspect", slow)
    scene.monitor.run_once(scene.plane.clock.now())
    scene.plane.clock.advance(quiet)
    scene.monitor._looked_at = scene.plane.clock.now()  # nobody was away
    scene.monitor.run_once(scene.plane.clock.now())
    run = scene.plane.run(run_id)
    assert (run.status, run.disconnected_at) == (RunStatus.RUNNING, None)
    assert scene.launcher.terminated == []
    assert "run_disconnected" not in scene.plane.kinds(run_id)


def test_a_lost_run_that_is_resumed_is_not_told_to_be_reconnected(scene: Scene) -> None:
    """Its spool is stored before the next worker comes."""
    plane = scene.plane
    limits = MonitorLimits(max_resumes=1)

    def drain(run: Run) -> None:
        left = StepStarted(at=plane.clock.now(), run_id=run.run_id, stream="worker/1", sequence=2, step_key="extract")
        plane.events.drain(run.run_id, 1, [[left]])

    scene.monitor = MonitorLoop(plane.storage, plane.runs, scene.launcher, plane.clock, limits, drain=drain)
    run_id = scene.running()
    scene.look(320)
    run = plane.run(run_id)
    assert (run.status, run.epoch, run.resumes, run.disconnected_at) == (RunStatus.STARTING, 2, 1, None)
    told = [kind for kind in plane.kinds(run_id) if kind in ("run_disconnected", "run_reconnected", "step_retrying")]
    assert told == ["run_disconnected", "step_retrying"]


def test_a_cancel_ends_though_nobody_knows_of_a_worker(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The daemon died while it launched the run, and whatever could tell of its worker is away for good."""
    plane = scene.plane
    run = plane.starting(plane.submit())

    def away(_run_ids: list[str]) -> list[WorkerRef]:
        raise Unavailable("away")

    monkeypatch.setattr(scene.launcher, "adopt", away)
    plane.runs.cancel(run.run_id)
    scene.look(20)
    assert scene.status(run.run_id) is RunStatus.CANCELING
    scene.look(20)
    assert scene.status(run.run_id) is RunStatus.CANCELED
