"""Two whole daemons with real threads and clocks over one database file."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from rostrum.daemon.assembly import Daemon, DaemonParts
from rostrum.daemon.queue import QueueSettings
from rostrum.interfaces.locations import CodeLocations
from rostrum.model.manifest import ScheduleNode
from rostrum.model.runs import RunStatus
from rostrum.planning.queue import QueueLimits
from rostrum.service.clock import SystemClock
from rostrum.service.doorbells import LocalDoorbell
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


def daemon(plane: Plane, launcher: FakeLauncher) -> Daemon:
    return Daemon(
        DaemonParts(
            storage=plane.storage,
            events=plane.events,
            runs=plane.runs,
            manifests=plane.manifests,
            doorbell=plane.doorbell,
            clock=plane.clock,
            locations=cast("CodeLocations", NoLocations()),
            launcher=launcher,
            launch=launch_settings(),
            drain=lambda _run: None,
            queue=QueueSettings(limits=QueueLimits(max_concurrent_runs=8), idle_seconds=0.2),
        )
    )


def test_every_run_is_launched_once_and_limits_hold(plane: Plane) -> None:
    launcher = FakeLauncher()
    daemons = [daemon(plane, launcher) for _ in range(2)]
    runs = plane.runs.submit_many([plane.request() for _ in range(RUNS)])
    for one in daemons:
        one.start()
        one.start()
    seen = 0
    deadline = threading.Event()
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
        deadline.wait(0.01)
        with plane.storage.begin() as session:
            beats = session.locations.daemons()
        assert {(beat.loop, beat.owner) for beat in beats} == {
            (loop, one.owner) for loop in ("queue", "schedules", "monitor") for one in daemons
        }
    finally:
        for one in daemons:
            one.stop()
            one.stop()
    assert isinstance(plane.doorbell, LocalDoorbell)
    assert plane.doorbell.subscribers == 0
    with plane.storage.begin() as session:
        now = session.now()
        assert [
            lease.name for lease in session.leases.all() if lease.expires_at > now and lease.name != "loop/queue"
        ] == []
