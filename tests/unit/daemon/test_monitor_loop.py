from __future__ import annotations

import pytest

from rostrum.daemon.monitor import GATEWAY_LOOP, MONITOR_LOOP, MonitorLoop
from rostrum.daemon.queue import QueueLoop
from rostrum.interfaces.launching import WorkerStatus
from rostrum.model.errors import Unavailable
from rostrum.model.events import RunSucceeded
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
    assert "kill -9" in run.error.message
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
