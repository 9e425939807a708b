"""Two daemons over one store, with crashes between any two transactions: nothing is doubled, nothing is stuck.

A crash is a BaseException that a daemon's storage or launcher raises before or after any transaction; the daemon's
objects are thrown away with all that they remember, and new ones take their place. Time is a fake clock's.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from rostrum.control.events import EventLog
from rostrum.control.reruns import Reruns
from rostrum.control.runs import Runs
from rostrum.daemon.monitor import MonitorLoop
from rostrum.daemon.queue import QueueLoop, QueueSettings
from rostrum.daemon.retries import RetryLoop
from rostrum.daemon.schedules import ScheduleLoop
from rostrum.interfaces.launching import LaunchSpec
from rostrum.interfaces.locations import CodeLocations
from rostrum.interfaces.storage import Session, Storage
from rostrum.model.errors import ErrorInfo, Unavailable
from rostrum.model.events import (
    RunCanceled,
    RunFailed,
    RunStarted,
    RunSucceeded,
    StepFailed,
    StepStarted,
    worker_stream,
)
from rostrum.model.manifest import ScheduleNode
from rostrum.model.reserved_names import AUTO_RETRY_RUN_TAG
from rostrum.model.runs import RunFilter
from rostrum.model.ticks import AutomationKey, RunRequest, TickRequest, TickResult
from rostrum.planning.monitor import MonitorLimits
from rostrum.planning.queue import QueueLimits
from rostrum.planning.run_retries import RunRetryDefaults
from rostrum.planning.standing import KINDS, Standing
from rostrum.storage.sql import SqlStorage
from rostrum.testing.clock import FakeClock
from rostrum.testing.launchers import FakeLauncher
from tests.control_plane import LOCATION, START, Plane, launch_settings

LIMIT = 3
RETRIES = 2
RESUMES = 1
STEPS = ("extract", "load", "tell")
PLAIN = ScheduleNode("plain", "etl", ("* * * * *",), default_running=True)
ASKS = ScheduleNode("asks", "etl", ("*/2 * * * *",), default_running=True, evaluates=True)


class Crash(BaseException):
    """The daemon's process ends here."""


class CrashingStorage:
    """The store as one daemon sees it."""

    def __init__(self, storage: Storage, dice: Dice) -> None:
        self._storage = storage
        self._dice = dice

    @contextmanager
    def begin(self, *, write: bool = False) -> Iterator[Session]:
        self._dice.maybe_interleave()
        self._dice.maybe_crash(write)
        with self._storage.begin(write=write) as session:
            yield session
            self._dice.maybe_crash(write)  # rolled back
        self._dice.maybe_interleave()
        self._dice.maybe_crash(write)  # committed, but nobody knows

    def close(self) -> None: ...


class Dice:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.crashes = True
        self.other: Callable[[], None] = lambda: None
        self._inside = False

    def maybe_interleave(self) -> None:
        """Between two transactions of one daemon the other one may do anything."""
        if self._inside or self.random.random() > 0.15:
            return
        self._inside = True
        try:
            self.other()
        finally:
            self._inside = False

    def maybe_crash(self, write: bool) -> None:
        if self.crashes and write and self.random.random() < 0.04:
            raise Crash

    def on_launch(self, _spec: LaunchSpec, before: bool) -> None:
        if not self.crashes:
            return
        roll = self.random.random()
        if roll < 0.05:
            raise Crash
        if roll < 0.12:
            raise Unavailable("no answer")


class Locations:
    def __init__(self, dice: Dice) -> None:
        self._dice = dice

    def get(self, name: str) -> Locations:
        return self

    def evaluate(self, request: TickRequest, deadline_seconds: float) -> TickResult:
        if self._dice.crashes and self._dice.random.random() < 0.2:
            raise Unavailable("away")
        assert request.scheduled_at is not None
        return TickResult(run_requests=(RunRequest(run_key=f"key-{request.scheduled_at:%H:%M}"),))


class World:
    def __init__(self, seed: int, storage: Storage | None, clock: FakeClock) -> None:
        self.plane = Plane(storage, clock, PLAIN, ASKS)
        self.dice = Dice(seed)
        self.launcher = FakeLauncher(self.dice.on_launch)
        self.daemons: list[list[Any]] = [self.daemon(), self.daemon()]
        self.crashes = 0
        self.succeeded: dict[str, set[str]] = {}

    def daemon(self) -> list[Any]:
        plane = self.plane
        storage = cast("Storage", CrashingStorage(plane.storage, self.dice))
        events = EventLog(storage, plane.doorbell, plane.clock)
        defaults = RunRetryDefaults(enabled=True, max_retries=RETRIES)
        runs = Runs(storage, events, plane.doorbell, plane.clock, plane.manifests, defaults)
        settings = QueueSettings(limits=QueueLimits(max_concurrent_runs=LIMIT))
        locations = cast("CodeLocations", Locations(self.dice))
        common = (plane.doorbell, plane.clock)
        return [
            QueueLoop(storage, runs, self.launcher, *common, launch_settings(), settings, threads=0),
            ScheduleLoop(storage, events, runs, plane.manifests, locations, *common, threads=0, max_catchup=3),
            MonitorLoop(storage, runs, self.launcher, plane.clock, MonitorLimits(max_resumes=RESUMES)),
            RetryLoop(storage, Reruns(events, runs, plane.manifests)),
        ]

    def turn(self) -> None:
        number = self.dice.random.randrange(2)
        self.dice.other = lambda: self.run(1 - number)
        self.run(number)
        self.work()
        self.check()

    def run(self, number: int) -> None:
        """One iteration of one loop of one daemon, which may be its last."""
        loop = self.dice.random.choice(self.daemons[number])
        try:
            loop.run_once(self.plane.clock.now())
        except Crash:
            self.crashes += 1
            self.daemons[number] = self.daemon()

    def work(self) -> None:
        """Every living worker moves on a little, or dies, or says nothing."""
        for (run_id, epoch), status in list(self.launcher.workers.items()):
            roll = self.dice.random.random()
            if status.state != "running" or roll < 0.5:
                continue
            if roll > 0.95 and self.dice.crashes:
                self.launcher.exit(run_id, epoch, code=None, signal=9)
                continue
            if self.step(run_id, epoch):
                self.launcher.exit(run_id, epoch)

    def step(self, run_id: str, epoch: int) -> bool:
        """One batch of a worker; True when it has nothing more to do."""
        plane = self.plane
        run = plane.run(run_id)
        if run.epoch != epoch or run.is_finished:
            return True  # fenced: it stops without writing
        with plane.storage.begin() as session:
            said = session.events.last_sequence(run_id, worker_stream(epoch))
        if run.cancel_requested_at is not None and said:
            plane.work(run_id, epoch, RunCanceled(at=plane.clock.now()))
            return True
        if said == 0:
            left = self.left(run_id, run.target.step_selection)
            plane.work(
                run_id,
                epoch,
                RunStarted(at=plane.clock.now(), epoch=epoch, step_keys=tuple(left), resumed=run.resumes > 0),
                *[StepStarted(at=plane.clock.now(), step_key=key) for key in left[:1]],
            )
        elif left := self.left(run_id, run.target.step_selection):
            if self.dice.random.random() < 0.12:
                error = ErrorInfo("ValueError", "no gust")
                failed = StepFailed(at=plane.clock.now(), step_key=left[0], error=error)
                plane.work(run_id, epoch, failed, RunFailed(at=plane.clock.now(), reason="step_failure"))
                return True
            done = self.succeeded.setdefault(run_id, set())
            assert left[0] not in done, "a step that has succeeded is not done again by a later worker of its run"
            done.add(left[0])
            plane.succeed_step(run_id, left[0], epoch)
            if left[1:]:
                plane.work(run_id, epoch, StepStarted(at=plane.clock.now(), step_key=left[1]))
        else:
            plane.work(run_id, epoch, RunSucceeded(at=plane.clock.now()))
            return True
        return False

    def standing(self, run_id: str) -> Standing:
        with self.plane.storage.begin() as session:
            stored = session.events.read(run_id, limit=10_000, kinds=KINDS)
        return Standing(one.event for one in stored if not one.evidence)

    def left(self, run_id: str, selection: tuple[str, ...]) -> list[str]:
        good = self.standing(run_id).good
        return [key for key in selection or STEPS if key not in good]

    def check_retries(self) -> None:
        """Each failed run is repeated by itself once at most, and no chain is longer than it may be."""
        runs = {run.run_id: run for run in self.all_runs()}
        by_itself = [run for run in runs.values() if run.user_retries + run.infrastructure_retries]
        parents = Counter(run.parent_run_id for run in by_itself)
        assert all(number == 1 for number in parents.values()), "repeated twice"
        for run in by_itself:
            assert run.user_retries <= RETRIES
            assert run.infrastructure_retries <= RETRIES
            assert runs[run.parent_run_id or ""].tags[AUTO_RETRY_RUN_TAG] == run.run_id
        for run in runs.values():
            assert run.retry_at is None, f"{run.run_id} still waits"
            assert not self.standing(run.run_id).under_way or run.status.value != "failure" or run.steps_failed == 0

    def check(self) -> None:
        repeated = [key for key, number in Counter(self.launcher.launches).items() if number > 1]
        assert not repeated, f"launched twice under one epoch: {repeated}"
        with self.plane.storage.begin() as session:
            in_progress = session.runs.in_progress()
        assert len(in_progress) <= LIMIT

    def all_runs(self) -> list[Any]:
        with self.plane.storage.begin() as session:
            return list(session.runs.list(RunFilter(), limit=10_000).runs)

    def check_ticks(self, name: str, minutes: int, until: datetime) -> None:
        key = AutomationKey(LOCATION, name)
        with self.plane.storage.begin() as session:
            ticks = session.automations.ticks(key, limit=10_000)
        expected = START + timedelta(minutes=minutes)
        for tick in sorted(ticks, key=lambda tick: tick.scheduled_at):
            assert tick.scheduled_at == expected
            expected += timedelta(minutes=minutes)
        assert expected > until
        made = [run_id for tick in ticks for run_id in tick.run_ids]
        runs = {run.run_id for run in self.all_runs() if run.trigger.name == name}
        assert len(made) == len(set(made))
        assert set(made) == runs


def simulate(seed: int, storage: Storage | None, clock: FakeClock, turns: int) -> World:
    world = World(seed, storage, clock)
    plane, dice = world.plane, world.dice
    for _ in range(turns):
        roll = dice.random.random()
        if roll < 0.08:
            plane.submit(priority=dice.random.randrange(3), tags={"dagster/max_retries": str(RETRIES)})
        elif roll < 0.12 and (runs := world.all_runs()):
            plane.runs.cancel(dice.random.choice(runs).run_id)
        elif roll < 0.5:
            clock.advance(dice.random.choice([0.2, 1, 5, 20]))
        world.turn()
    # The trouble ends; what there is must come to an end in bounded time.
    dice.crashes = False
    for node in (PLAIN, ASKS):
        plane.automations.set_running(AutomationKey(LOCATION, node.name), running=False, by="test")
    until = clock.now()
    for _ in range(3000):
        if all(run.is_finished and run.retry_at is None for run in world.all_runs()):
            break
        clock.advance(1)
        world.turn()
    stuck = [(run.run_id, run.status, run.epoch) for run in world.all_runs() if not run.is_finished]
    assert not stuck
    world.check_retries()
    for run in world.all_runs():
        with plane.storage.begin() as session:
            stored = session.events.read(run.run_id, limit=10_000)
        ends = [
            one
            for one in stored
            if one.event.kind in {"run_succeeded", "run_failed", "run_canceled"} and not one.evidence
        ]
        assert len(ends) == 1
    for name, minutes in (("plain", 1), ("asks", 2)):
        key = AutomationKey(LOCATION, name)
        with plane.storage.begin() as session:
            state = session.automations.get(key)
        assert state is not None
        world.check_ticks(name, minutes, min(until, state.last_tick_at or START))
    return world


@pytest.mark.parametrize("seed", range(40))
def test_in_memory(seed: int) -> None:
    simulate(seed, None, FakeClock(START, seed=seed), turns=500)


@pytest.mark.parametrize("seed", range(3))
def test_on_sqlite(seed: int, tmp_path: Path) -> None:
    clock = FakeClock(START, seed=seed)
    storage = SqlStorage(f"sqlite:///{tmp_path / 'rostrum.db'}", clock=clock)
    storage.migrate()
    try:
        simulate(1000 + seed, storage, clock, turns=200)
    finally:
        storage.close()


def test_trouble_happens() -> None:
    """The simulation is worth something only if daemons die and launches fail in it."""
    worlds = [simulate(seed, None, FakeClock(START), turns=400) for seed in (7, 8, 9)]
    runs = [run for world in worlds for run in world.all_runs()]
    assert sum(world.crashes for world in worlds) > 15
    assert all(max(epoch for _, epoch in world.launcher.launches) > 1 for world in worlds)
    assert len(runs) > 60
    assert any(run.resumes for run in runs)
    assert any(run.infrastructure_retries for run in runs)
    assert any(run.user_retries for run in runs)
