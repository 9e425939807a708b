from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, cast

import msgspec
import pytest

from rostrum.daemon.schedules import ScheduleLoop
from rostrum.interfaces.locations import CodeLocations
from rostrum.model.errors import ErrorInfo, NotFound, Unavailable
from rostrum.model.manifest import ScheduleNode
from rostrum.model.runs import RunStatus
from rostrum.model.ticks import AutomationKey, AutomationState, RunRequest, Tick, TickRequest, TickResult
from tests.control_plane import LOCATION, Plane, manifest

EVERY_MINUTE = ScheduleNode("minutely", "etl", ("* * * * *",), default_running=True, tags={"by": "schedule"})
ASKS = msgspec.structs.replace(EVERY_MINUTE, evaluates=True)
KEY = AutomationKey(LOCATION, "minutely")


class FakeLocations:
    """One code location whose schedules are a function of the test."""

    def __init__(self, evaluate: Callable[[TickRequest], TickResult]) -> None:
        self.name = LOCATION
        self._evaluate = evaluate

    def get(self, name: str) -> FakeLocations:
        return self

    def evaluate(self, request: TickRequest, deadline_seconds: float) -> TickResult:
        return self._evaluate(request)


def loop_of(plane: Plane, evaluate: Callable[[TickRequest], TickResult] | None = None, **more: Any) -> ScheduleLoop:
    locations = cast("CodeLocations", FakeLocations(evaluate or (lambda _request: TickResult())))
    more.setdefault("threads", 0)
    return ScheduleLoop(
        plane.storage, plane.events, plane.runs, plane.manifests, locations, plane.doorbell, plane.clock, **more
    )


def ticks(plane: Plane) -> list[Tick]:
    with plane.storage.begin() as session:
        return list(session.automations.ticks(KEY))[::-1]


def state(plane: Plane) -> AutomationState:
    with plane.storage.begin() as session:
        found = session.automations.get(KEY)
    assert found is not None
    return found


def queued(plane: Plane) -> int:
    with plane.storage.begin() as session:
        return len(session.runs.queued(1000))


def turn(plane: Plane, loop: ScheduleLoop, seconds: float = 60) -> float:
    plane.clock.advance(seconds)
    return loop.run_once(plane.clock.now())


def test_a_tick_is_a_run_a_row_and_a_state() -> None:
    plane = Plane(None, None, EVERY_MINUTE)
    loop = loop_of(plane)
    assert loop.run_once(plane.clock.now()) == 60
    assert ticks(plane) == []
    assert turn(plane, loop, 61) == 59
    (tick,) = ticks(plane)
    assert (tick.status, len(tick.run_ids)) == ("success", 1)
    run = plane.run(tick.run_ids[0])
    assert (run.status, run.trigger.kind, run.trigger.name) == (RunStatus.QUEUED, "schedule", "minutely")
    assert run.tags == {"team": "data", "by": "schedule", "dagster/schedule_name": "minutely"}
    assert state(plane).last_tick_at == tick.scheduled_at
    loop.run_once(plane.clock.now())
    loop_of(plane).run_once(plane.clock.now())  # another daemon
    assert len(ticks(plane)) == 1
    assert queued(plane) == 1


def test_missed_ticks_are_recorded() -> None:
    plane = Plane(None, None, EVERY_MINUTE)
    turn(plane, loop_of(plane), 200)
    assert [tick.status for tick in ticks(plane)] == ["missed", "missed", "success"]
    assert queued(plane) == 1


def test_switching() -> None:
    plane = Plane(None, None, EVERY_MINUTE)
    loop = loop_of(plane)
    assert state(plane).changed_by == "default"
    off = plane.automations.set_running(KEY, running=False, by="ann")
    assert (off.running, off.changed_by) == (False, "ann")
    turn(plane, loop, 600)
    assert ticks(plane) == []
    plane.automations.set_running(KEY, running=True, by="ann")
    loop.run_once(plane.clock.now())
    assert ticks(plane) == []  # ticks before the switch-on are not made up for
    turn(plane, loop)
    assert len(ticks(plane)) == 1
    assert plane.automations.reset(KEY).changed_by == "default"
    with pytest.raises(NotFound):
        plane.automations.set_running(AutomationKey(LOCATION, "none"), running=True, by="ann")


def test_a_new_version_of_the_code_keeps_what_a_user_switched() -> None:
    plane = Plane(None, None, EVERY_MINUTE)
    stopped = msgspec.structs.replace(EVERY_MINUTE, default_running=False)
    plane.load(manifest(stopped))
    assert not state(plane).running  # nobody had switched it: the new default applies
    plane.automations.set_running(KEY, running=True, by="ann")
    plane.load(manifest(msgspec.structs.replace(stopped, description="new")))
    assert state(plane).running


def test_a_user_function_decides() -> None:
    plane = Plane(None, None, ASKS)
    answers = [
        TickResult(run_requests=(RunRequest(run_key="a"), RunRequest(run_key="b", tags={"n": "2"}))),
        TickResult(run_requests=(RunRequest(run_key="b"),)),
        TickResult(skip_reason="nothing new"),
        TickResult(error=ErrorInfo("ValueError", "oops")),
        TickResult(run_requests=(RunRequest(job="elt"),)),
    ]
    asked: list[TickRequest] = []

    def evaluate(request: TickRequest) -> TickResult:
        asked.append(request)
        return answers[len(asked) - 1]

    loop = loop_of(plane, evaluate)
    for _ in answers:
        turn(plane, loop)
    made = ticks(plane)
    assert [tick.status for tick in made] == ["success", "skipped", "skipped", "failure", "failure"]
    assert len(made[0].run_ids) == 2
    assert "same run keys" in (made[1].skip_reason or "")
    assert made[2].skip_reason == "nothing new"
    assert made[3].error == ErrorInfo("ValueError", "oops")
    assert "Did you mean 'etl'" in (made[4].error.message if made[4].error else "")
    assert [request.scheduled_at for request in asked] == [tick.scheduled_at for tick in made]
    assert queued(plane) == 2


def test_an_unreachable_location_is_tried_again() -> None:
    plane = Plane(None, None, ASKS)
    away = [True]

    def evaluate(_request: TickRequest) -> TickResult:
        if away[0]:
            raise Unavailable("the code server does not answer")
        return TickResult(run_requests=(RunRequest(),))

    loop = loop_of(plane, evaluate)
    turn(plane, loop)
    assert ticks(plane) == []
    away[0] = False
    turn(plane, loop, 1)
    assert ticks(plane) == []  # not before its time
    turn(plane, loop, 2)
    assert [tick.status for tick in ticks(plane)] == ["success"]


def test_a_slow_schedule_holds_up_no_other() -> None:
    other = msgspec.structs.replace(EVERY_MINUTE, name="other")
    plane = Plane(None, None, ASKS, other)
    inside, go = threading.Event(), threading.Event()

    def evaluate(_request: TickRequest) -> TickResult:
        inside.set()
        assert go.wait(5)
        return TickResult(run_requests=(RunRequest(),))

    loop = loop_of(plane, evaluate, threads=2)
    turn(plane, loop)
    assert inside.wait(5)
    turn(plane, loop)
    assert queued(plane) == 2  # the other's
    assert ticks(plane) == []
    go.set()
    loop.close()
    assert [tick.status for tick in ticks(plane)] == ["success"]
    assert plane.doorbell.count("schedules") >= 1


def test_switched_off_while_it_evaluates() -> None:
    plane = Plane(None, None, ASKS)

    def evaluate(_request: TickRequest) -> TickResult:
        plane.automations.set_running(KEY, running=False, by="ann")
        return TickResult(run_requests=(RunRequest(),))

    turn(plane, loop_of(plane, evaluate))
    assert (ticks(plane), queued(plane), state(plane).running) == ([], 0, False)


def test_a_partitioned_job_makes_its_last_partition() -> None:
    node = ScheduleNode("minutely", "daily", ("0 6 * * *",), default_running=True)
    plane = Plane(None, None, node)
    turn(plane, loop_of(plane), 3 * 86400)
    made = ticks(plane)
    assert [tick.status for tick in made] == ["success"] * 3
    keys = [plane.run(tick.run_ids[0]).target.partition_key for tick in made]
    assert keys == ["2026-03-02", "2026-03-03", "2026-03-04"]
