"""Two whole daemons with real threads and clocks over one database file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from rostrum.control.reruns import Reruns
from rostrum.daemon.monitor import MONITOR_LOOP, MonitorLoop
from rostrum.daemon.queue import QueueLoop, QueueSettings
from rostrum.daemon.retries import RetryLoop
from rostrum.daemon.schedules import ScheduleLoop
from rostrum.interfaces.launching import LaunchSpec
from rostrum.interfaces.locations import CodeLocations
from rostrum.model.errors import Unavailable
from rostrum.model.manifest import ScheduleNode
from rostrum.model.runs import Run, RunFilter, RunStatus
from rostrum.planning.queue import QueueLimits
from rostrum.service.clock import SystemClock
from rostrum.service.doorbells import LocalDoorbell
from rostrum.service.leases import LeaseKeeper
from rostrum.service.loops import Loop
from rostrum.service.supervisor import Supervisor, leading
from rostrum.storage.sql import SqlStorage
from rostrum.testing.launchers import FakeLauncher
from tests.control_plane import Plane, launch_settings

RUNS = 60


class NoLocations:
    def names(self) -> list[str]:
        return []

    def get(self, name: str) -> Any:
        raise AssertionError(name)


@pytest.fixture
def plane(tmp_path: Path) -> Iterator[Plane]:
    clock = SystemClock()
    storage = SqlStorage(f"sqlite:///{tmp_path / 'rostrum.db'}", clock=clock)
    storage.migrate()
    yield Plane(storage, cast("Any", clock), ScheduleNode("s", "etl", ("* * * * *",)))
    storage.close()


def daemon(plane: Plane, launcher: FakeLauncher, owner: str, **more: float) -> Supervisor:
    clock, bell = plane.clock, plane.doorbell
    keeper = LeaseKeeper(plane.storage, clock, owner)
    settings = QueueSettings(limits=QueueLimits(max_concurrent_runs=8), idle_seconds=0.2, **more)
    queue = QueueLoop(plane.storage, plane.runs, launcher, bell, clock, launch_settings(), settings, owner=owner)
    locations = cast("CodeLocations", NoLocations())
    schedules = ScheduleLoop(plane.storage, plane.events, plane.runs, plane.manifests, locations, bell, clock)
    monitor = MonitorLoop(plane.storage, plane.runs, launcher, clock)
    loops = [
        Loop("queue", queue.run_once, clock, doorbell=bell, topics=("queue",)),
        Loop(
            "schedules", leading(keeper, "schedules", schedules.run_once), clock, doorbell=bell, topics=("schedules",)
        ),
        Loop(MONITOR_LOOP, monitor.run_once, clock, doorbell=bell, topics=("cancel",)),
        Loop(
            "retries",
            RetryLoop(plane.storage, Reruns(plane.events, plane.runs, plane.manifests)).run_once,
            clock,
            doorbell=bell,
            topics=("retries",),
        ),
    ]
    return Supervisor(plane.storage, clock, loops, keeper=keeper)


def test_every_run_is_launched_once_and_limits_hold(plane: Plane) -> None:
    launcher = FakeLauncher()
    daemons = [daemon(plane, launcher, owner) for owner in ("one", "two")]
    runs = plane.runs.submit_many([plane.request() for _ in range(RUNS)])
    for one in daemons:
        one.start()
        one.start()
    seen = 0
    try:
        for _ in range(2000):
            with plane.storage.begin() as session:
                in_progress = session.runs.in_progress()
                left = session.runs.queued(1)
            assert len(in_progress) <= 8
            for run in in_progress:
                if run.worker is not None:
                    plane.runs.fail(run.run_id, "engine_error")
            if not in_progress and not left:
                break
            seen = plane.doorbell.wait("runs", seen, 0.01)
        assert sorted(launcher.launches) == sorted((run.run_id, 1) for run in runs)
        assert {plane.run(run.run_id).status for run in runs} == {RunStatus.FAILURE}
        expected = {(loop, owner) for loop in ("queue", "schedules", "monitor", "retries") for owner in ("one", "two")}
        beats: set[tuple[str, str]] = set()
        for _ in range(500):
            with plane.storage.begin() as session:
                beats = {(beat.loop, beat.owner) for beat in session.locations.daemons()}
            if beats == expected:
                break
            plane.doorbell.wait("never", 0, 0.01)
        assert beats == expected
    finally:
        for one in daemons:
            one.stop()
            one.stop()
    assert isinstance(plane.doorbell, LocalDoorbell)
    assert plane.doorbell.subscribers == 0
    with plane.storage.begin() as session:
        now = session.now()
        assert [lease.name for lease in session.leases.all() if lease.expires_at > now] == []


def test_every_failed_run_is_repeated_by_itself_as_often_as_it_may_be(plane: Plane) -> None:
    launcher = FakeLauncher()
    daemons = [daemon(plane, launcher, owner) for owner in ("one", "two")]
    plane.runs.submit_many([plane.request(tags={"dagster/max_retries": "2"}) for _ in range(10)])
    for one in daemons:
        one.start()
    try:
        runs: list[Run] = []
        for _ in range(2000):
            with plane.storage.begin() as session:
                runs = list(session.runs.list(RunFilter(), limit=200).runs)
            for run in runs:
                if not run.is_finished and run.worker is not None:
                    plane.runs.fail(run.run_id, "step_failure")
            if all(run.is_finished and run.retry_at is None for run in runs):
                break
            plane.doorbell.wait("never", 0, 0.01)
    finally:
        for one in daemons:
            one.stop()
    assert sorted(run.user_retries for run in runs) == [0] * 10 + [1] * 10 + [2] * 10
    assert len({run.parent_run_id for run in runs if run.parent_run_id}) == 20, "each at most once"


def test_a_launcher_slower_than_the_lease_launches_every_run_once(plane: Plane) -> None:
    """Whoever has claimed a run keeps it while its launch goes unanswered, and between its attempts."""
    failed: set[str] = set()

    def stall(spec: LaunchSpec, before: bool) -> None:
        if before:
            plane.doorbell.wait("never", 0, 1.5)
            if spec.run.run_id not in failed:
                failed.add(spec.run.run_id)
                raise Unavailable("no answer in time")

    launcher = FakeLauncher(stall)
    daemons = [daemon(plane, launcher, owner, launch_lease_seconds=0.9, retry_seconds=1.0) for owner in ("one", "two")]
    runs = plane.runs.submit_many([plane.request() for _ in range(3)])
    try:
        for one in daemons:
            one.start()
        for _ in range(1000):
            if all(plane.run(run.run_id).worker is not None for run in runs):
                break
            plane.doorbell.wait("never", 0, 0.01)
        assert sorted(launcher.launches) == sorted((run.run_id, 2) for run in runs)
        assert [plane.run(run.run_id).epoch for run in runs] == [2, 2, 2]
    finally:
        for one in daemons:
            one.stop()
