"""Executors that run steps concurrently in the run worker's own process: in threads, in an event loop. They never fork.

The loop runs in a thread beside, so that the main thread is free for steps that need it (`isolation="in_process"`).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from rostrum.executors.concurrent import Engine
from rostrum.executors.places import Attempt, Place, Reactor, Reports
from rostrum.executors.rules import Rules
from rostrum.executors.schedule import Schedule
from rostrum.interfaces.execution import RunHost, StepRunner
from rostrum.model.errors import InvocationError
from rostrum.model.plans import Plan, Step
from rostrum.planning.placement import MAIN, SHARED, TASK, THREAD, isolation_of, lane_of

MOST_TASKS = 1000
"""Async steps at once, where nothing else is said."""


class ThreadedExecutor:
    """Runs steps in threads of one process, at most `max_concurrent` at once (None: four more than there are
    processors, 32 at most); steps with `isolation="async"` in an event loop, at most `max_tasks`.

    Where a step is cancelled or over its time, KeyboardInterrupt (StepTimeout) is raised in its code; a call that
    blocks is not woken up, and after `grace_seconds` the step is abandoned. Other options as in `MultiprocessExecutor`.
    """

    name = "threaded"
    isolates = False
    ticks = True
    _lane = THREAD

    def __init__(
        self,
        max_concurrent: int | None = None,
        *,
        max_tasks: int | None = None,
        grace_seconds: float = 20.0,
        tag_concurrency_limits: Sequence[Mapping[str, Any]] = (),
        retries: bool = True,
        require_upstream_step_success: bool = True,
    ) -> None:
        for name, given in (("max_concurrent", max_concurrent), ("max_tasks", max_tasks)):
            if given is not None and given < 1:
                raise InvocationError(f"{name} is {given}; give a number from 1, or None for the usual one.")
        self.max_concurrent = max_concurrent or min(32, (os.cpu_count() or 1) + 4)
        self.max_tasks = max_tasks or MOST_TASKS
        self.grace_seconds, self.retries = grace_seconds, retries
        self.tag_concurrency_limits = tag_concurrency_limits
        self.require_upstream_step_success = require_upstream_step_success

    @property
    def default(self) -> str:
        """Where steps run that say nothing of isolation."""
        return self._lane

    @property
    def options(self) -> Mapping[str, Any]:
        """For an executor that takes its place where steps ask for other processes."""
        return {
            "max_threads": self.max_concurrent,
            "max_tasks": self.max_tasks,
            "grace_seconds": self.grace_seconds,
            "tag_concurrency_limits": self.tag_concurrency_limits,
            "retries": self.retries,
            "require_upstream_step_success": self.require_upstream_step_success,
        }

    def execute(self, plan: Plan, runner: StepRunner, host: RunHost) -> bool:
        """See `interfaces.execution.Executor`. Raises InvocationError for a step that asks for another process."""
        for step in plan.steps:
            if isolation_of(step, self._lane) not in SHARED:
                raise InvocationError(
                    f"step {step.key} asks for isolation {step.isolation!r}, and the {self.name} executor runs all "
                    "steps in one process: use the multiprocess executor, which runs each step where it asks to run, "
                    "or another isolation."
                )
        lanes = Lanes(runner, host, threads=self.max_concurrent, tasks=self.max_tasks, default=self._lane)
        rules = Rules(
            retries=self.retries,
            tag_concurrency_limits=self.tag_concurrency_limits,
            require_upstream_step_success=self.require_upstream_step_success,
            grace_seconds=self.grace_seconds,
        )
        schedule = Schedule(plan, runner, host, lanes.places, lanes.place_of, rules)
        try:
            return runner.open(list(plan.steps), host.record) and _beside(schedule, lanes.engine)
        finally:
            runner.close()
            lanes.engine.close()


class AsyncExecutor(ThreadedExecutor):
    """Runs async steps in an event loop of one process, at most `max_tasks` at once (default 1000); other steps in
    threads. Other options as in `ThreadedExecutor`.
    """

    name = "async"
    _lane = TASK


class Lanes:
    """The places of an engine that runs in the process of the loop."""

    def __init__(self, runner: StepRunner, host: RunHost, *, threads: int, tasks: int, default: str) -> None:
        self._runner, self._host = runner, host
        self.engine = Engine(runner, self._wake, threads=threads)
        self._default = default
        self._reports: Reports | None = None
        self._reactor: Reactor | None = None
        self._by_lane = {
            lane: LanePlace(self, lane, room) for lane, room in ((MAIN, 1), (THREAD, threads), (TASK, tasks))
        }

    @property
    def places(self) -> Sequence[Place]:
        """All of them."""
        return list(self._by_lane.values())

    def place_of(self, step: Step) -> Place:
        """Where a step runs."""
        return self._by_lane[lane_of(step, self._default, self._runner.is_async)]

    def connect(self, reports: Reports | None, reactor: Reactor | None) -> None:
        """Tell this loop; None: it is over."""
        self._reports, self._reactor = reports, reactor

    def look(self) -> None:
        """Now and then: code that is interrupted just where it tells something has woken nobody."""
        self.engine.look()
        self._deliver()

    def _wake(self) -> None:
        reactor = self._reactor
        if reactor is not None:
            reactor.call(self._deliver)

    def _deliver(self) -> None:
        reports = self._reports
        if reports is None:
            return
        for attempt, events, done in self.engine.collect():
            if events:
                reports.events(attempt, events)
            if done is not None:
                self._by_lane[lane_of(attempt.step, self._default, self._runner.is_async)].left()
                self._host.output_ended(attempt.step.key, attempt.number)
                reports.ended(attempt, done.how)


class LanePlace:
    """A lane of an engine as a `Place`."""

    tells_limits = True

    def __init__(self, lanes: Lanes, name: str, room: int) -> None:
        self._lanes, self.name, self._room = lanes, name, room

    def open(self, reports: Reports, reactor: Reactor) -> None:
        """See `Place`."""
        self._lanes.connect(reports, reactor)

    def has_room(self) -> bool:
        """See `Place`."""
        return self._room > 0

    def start(self, attempt: Attempt) -> None:
        """See `Place`."""
        self._lanes.engine.start(attempt, self.name)
        self._room -= 1

    def left(self) -> None:
        """One of its attempts has ended."""
        self._room += 1

    def interrupt(self, attempt: Attempt, level: int) -> None:
        """See `Place`."""
        self._lanes.engine.interrupt(attempt, level)

    def look(self) -> None:
        """See `Place`."""
        if self.name == MAIN:
            self._lanes.look()

    def close(self) -> None:
        """See `Place`."""
        self._lanes.connect(None, None)
        self._lanes.engine.close()


def _beside(schedule: Schedule, engine: Engine) -> bool:
    """Run the loop in a thread, and here the steps of the main thread."""
    outcome: list[bool] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(schedule.run())
        except BaseException as exception:  # noqa: BLE001 - raised again in the main thread
            raised.append(exception)
        finally:
            engine.close()

    loop = threading.Thread(target=run, name="rostrum-schedule", daemon=True)
    loop.start()
    while loop.is_alive():
        try:
            engine.serve()
            loop.join()
        except KeyboardInterrupt:
            continue  # the run is being cancelled: the loop sees that
    if raised:
        raise raised[0]
    return outcome[0]
