"""The loop, with places that do what a test says: whatever they do, a run ends, and each step has one end."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rostrum.executors.places import Attempt, Ended, Reactor, Reports
from rostrum.executors.rules import Rules
from rostrum.executors.schedule import Schedule
from rostrum.model.errors import ErrorInfo, Unavailable
from rostrum.model.events import (
    STEP_ENDS,
    Event,
    HookCompleted,
    OutputStored,
    StepCanceled,
    StepFailed,
    StepRetrying,
    StepStarted,
    StepSucceeded,
    StepWaiting,
)
from rostrum.model.manifest import RetryPolicy
from rostrum.model.plans import FromStep, Plan, Step, StepInput
from rostrum.model.pools import GRANTED, SlotAnswer
from rostrum.planning.placement import Chains
from rostrum.service.clock import SystemClock

ERROR = ErrorInfo(class_name="Gone", message="it went away")
DOES = ("succeeds", "fails", "crashes", "is lost", "cannot start", "hangs", "swallows", "is silent")


class Host:
    """What a run worker gives to its executor; pools have one slot each."""

    def __init__(self) -> None:
        self.clock, self.stop = SystemClock(), threading.Event()
        self.events: list[Event] = []
        self.noted: list[Event] = []
        self.held: set[str] = set()

    def record(self, event: Event) -> None:
        self.events.append(event)

    def note(self, event: Event) -> None:
        self.noted.append(event)

    def limit(self, step: Step) -> Any:
        return nullcontext()

    def tick(self) -> None:
        pass

    def worker_ended(self, pid: int) -> None:
        pass

    def claim_slot(self, step: Step) -> SlotAnswer:
        if step.pool is None:
            return GRANTED
        if step.pool in self.held:
            return SlotAnswer(False, 1, ("another",))
        self.held.add(step.pool)
        return GRANTED

    def release_slot(self, step: Step) -> None:
        self.held.discard(step.pool or "")

    def answer(self, question: bytes) -> bytes:
        return b""

    def kinds(self, key: str | None = None) -> list[str]:
        return [event.kind for event in self.events if key is None or event.step_key == key]


class Runner:
    """Knows no dynamic outputs."""

    def items(self, step: Step) -> None:
        return None


class Scripted:
    """A place where attempts do what is said of their step: one thing for each attempt, the last one for all others."""

    name, tells_limits = "scripted", True

    def __init__(self, does: Mapping[str, Sequence[str]], room: int = 2) -> None:
        self._does, self._room = does, room
        self.running: dict[str, Attempt] = {}
        self.most = 0
        self.levels: Counter[int] = Counter()
        self.is_closed = False

    def open(self, reports: Reports, reactor: Reactor) -> None:
        self._reports, self._reactor = reports, reactor

    def has_room(self) -> bool:
        return len(self.running) < self._room

    def start(self, attempt: Attempt) -> None:
        what = self._what(attempt)
        if what == "cannot start":
            raise Unavailable("no place left")
        self.running[attempt.step.key] = attempt
        self.most = max(self.most, len(self.running))
        self._tell(attempt, StepStarted, attempt=attempt.number)
        if what not in ("hangs", "swallows"):
            self._reactor.call(lambda: self._end(attempt, what))

    def interrupt(self, attempt: Attempt, level: int) -> None:
        self.levels[level] += 1
        what = self._what(attempt)
        if what == "swallows" and level < 3:
            return
        if level < 2:
            self._tell(attempt, StepCanceled)
        self._leave(attempt, None if level < 2 else Ended(cause="crash", error=ERROR))

    def look(self) -> None:
        pass

    def close(self) -> None:
        self.is_closed = True

    def _what(self, attempt: Attempt) -> str:
        script = self._does.get(attempt.step.key, ["succeeds"])
        return script[min(attempt.number, len(script)) - 1]

    def _end(self, attempt: Attempt, what: str) -> None:
        if self.running.get(attempt.step.key) is not attempt:
            return
        if what == "succeeds":
            self._tell(attempt, OutputStored, output="result")
            self._tell(attempt, StepSucceeded)
        elif what == "fails":
            self._tell(attempt, StepFailed, error=ERROR, attempt=attempt.number)
        how = {"crashes": "crash", "is lost": "lost"}.get(what)
        self._leave(attempt, Ended(cause=how, error=ERROR) if how else None)

    def _leave(self, attempt: Attempt, how: Ended | None) -> None:
        self.running.pop(attempt.step.key, None)
        self._reports.ended(attempt, how)
        self._tell(attempt, StepSucceeded)  # too late: nobody takes it

    def _tell(self, of: Attempt, kind: type[Any], /, **fields: Any) -> None:
        event = kind(at=SystemClock().now(), step_key=of.step.key, **fields)
        self._reports.events(of, [event])


def step(name: str, *upstream: str, **fields: Any) -> Step:
    inputs = tuple(StepInput(up, (FromStep(up),)) for up in upstream)
    return Step(name, name, inputs=inputs, upstream=upstream, **fields)


def execute(steps: Sequence[Step], does: Mapping[str, Sequence[str]], host: Host | None = None, **rules: Any) -> Host:
    host, place = host or Host(), Scripted(does)
    rules = {"grace_seconds": 0.02, **rules}
    schedule = Schedule(Plan(tuple(steps)), Runner(), host, [place], lambda _: place, Rules(**rules))  # type: ignore[arg-type]
    outcome = schedule.run()
    assert place.is_closed
    assert not place.running
    assert not host.held
    assert place.most <= 2
    assert outcome is (not host.stop.is_set() and not any(kind in host.kinds() for kind in ("step_failed",)))
    return host


def test_a_crash_is_forgiven_as_often_as_is_said():
    host = execute([step("a")], {"a": ["crashes", "is lost", "succeeds"]}, infrastructure_retries=2)
    assert [event.cause for event in host.events if isinstance(event, StepRetrying)] == ["crash", "lost"]
    assert host.kinds("a")[-1] == "step_succeeded"


def test_a_place_that_cannot_start_an_attempt_has_lost_it():
    host = execute([step("a"), step("b", "a")], {"a": ["cannot start"]})
    (failed,) = [event for event in host.events if isinstance(event, StepFailed)]
    assert (failed.cause, failed.error.message) == ("lost", "no place left")
    assert host.kinds("b") == ["step_not_run"]


def test_every_place_is_closed_whatever_another_one_raises():
    class Broken(Scripted):
        def close(self) -> None:
            super().close()
            raise KeyboardInterrupt

    places = [Broken({}), Scripted({}), Broken({})]
    host: Any = Host()
    runner: Any = Runner()
    with pytest.raises(KeyboardInterrupt):
        Schedule(Plan((step("a"),)), runner, host, places, lambda _: places[1], Rules()).run()
    assert [place.is_closed for place in places] == [True, True, True]


@pytest.mark.parametrize("what", ["crashes", "is lost", "cannot start", "is silent"])
def test_hooks_that_nobody_could_run_are_told(what: str):
    policy = RetryPolicy(max_retries=1)
    host = execute([step("a", hooks=("tells",), retry_policy=policy)], {"a": [what]})
    assert host.kinds("a")[-2:] == ["step_failed", "hook_completed"]
    (skipped,) = [event for event in host.events if isinstance(event, HookCompleted)]
    assert (skipped.hook, skipped.outcome) == ("tells", "skipped")
    assert skipped.error is not None
    assert skipped.error.code == "hook_not_run"


def test_of_hooks_that_a_worker_has_run_the_loop_says_nothing():
    host = execute([step("a", hooks=("tells",)), step("b", hooks=("tells",))], {"a": ["fails"]})
    assert "hook_completed" not in host.kinds()


@pytest.mark.parametrize("what", ["hangs", "swallows"])
def test_who_takes_too_long_is_interrupted_and_killed(what: str):
    policy = RetryPolicy(max_retries=1)
    host = execute([step("a", timeout_seconds=0.01, retry_policy=policy)], {"a": [what, "succeeds"]})
    (retried,) = [event for event in host.events if isinstance(event, StepRetrying)]
    assert (retried.cause, retried.error.class_name) == ("timeout", "StepTimeout")
    assert host.kinds("a")[-1] == "step_succeeded"


@pytest.mark.parametrize(("fields", "told"), [({"tags": {"db": "x"}}, ("tag", "db")), ({"pool": "p"}, ("pool", "p"))])
def test_steps_wait_for_tags_and_pools_and_say_so_once(fields: dict[str, Any], told: tuple[str, str]):
    steps = [step(name, **fields) for name in "abc"]
    host = execute(steps, {}, tag_concurrency_limits=[{"key": "db", "limit": 1}])
    waits = [(event.step_key, event.reason, event.name) for event in host.events if isinstance(event, StepWaiting)]
    assert waits == [("b", *told), ("c", *told)]


@st.composite
def runs(draw: st.DrawFn) -> tuple[list[Step], dict[str, list[str]]]:
    steps: list[Step] = []
    does: dict[str, list[str]] = {}
    for number in range(draw(st.integers(1, 7))):
        name = f"s{number}"
        above = draw(st.sets(st.sampled_from([step.key for step in steps]), max_size=2)) if steps else set[str]()
        script: list[str] = draw(st.lists(st.sampled_from(DOES), min_size=1, max_size=3))
        endless = {"hangs", "swallows"} & set(script)
        policy = RetryPolicy(
            max_retries=draw(st.integers(0, 2)), max_infrastructure_retries=draw(st.none() | st.integers(0, 1))
        )
        steps.append(
            step(
                name,
                *sorted(above),
                retry_policy=draw(st.none() | st.just(policy)),
                pool=draw(st.sampled_from([None, None, "p"])),
                timeout_seconds=0.005 if endless else None,
            )
        )
        does[name] = script
    return steps, does


@settings(deadline=None, max_examples=60)
@given(runs(), st.none() | st.integers(0, 10))
def test_whatever_happens_every_step_has_one_end(
    run: tuple[list[Step], dict[str, list[str]]], canceled_after: int | None
):
    steps, does = run
    host = Host()
    if canceled_after is not None:
        record = host.record

        def cancel(event: Event) -> None:
            record(event)
            if len(host.events) > canceled_after:
                host.stop.set()

        host.record = cancel  # type: ignore[method-assign]
    execute(steps, does, host)
    for each in steps:
        ends = [event for event in host.events if event.step_key == each.key and isinstance(event, STEP_ENDS)]
        assert len(ends) == 1, host.kinds(each.key)
        assert host.events.index(ends[0]) == max(n for n, e in enumerate(host.events) if e.step_key == each.key)
    done: set[str | None] = set()
    by_key = {each.key: each for each in steps}
    for event in host.events:
        if isinstance(event, StepStarted):
            assert done.issuperset(by_key[event.step_key or ""].upstream), "in order"
        if isinstance(event, StepSucceeded):
            done.add(event.step_key)


def test_urgent_steps_start_first() -> None:
    """By the tag of priorities, high ones first, then in the order of the plan; also when they become ready later."""
    tags = {"low": "-1", "plain": "", "high": "5", "later": "9"}
    steps = [Step(key, key, tags={"dagster/priority": value} if value else {}) for key, value in tags.items()]
    steps[3] = msgspec.structs.replace(steps[3], upstream=("high",))
    host, place = Host(), Scripted({}, room=1)
    schedule = Schedule(Plan(tuple(steps)), Runner(), host, [place], lambda _: place, Rules())  # type: ignore[arg-type]
    assert schedule.run()
    assert [event.step_key for event in host.events if event.kind == "step_started"] == [
        "high",
        "later",
        "plain",
        "low",
    ]


def test_what_is_tried_again_starts_before_what_has_not_begun():
    host, place = Host(), Scripted({"a": ["crashes", "succeeds"], "b": ["crashes", "succeeds"]}, room=1)
    rules = Rules(infrastructure_retries=1)
    plan = Plan((step("a"), step("b"), step("c")))
    assert Schedule(plan, Runner(), host, [place], lambda _: place, rules).run()  # type: ignore[arg-type]
    started = [event.step_key for event in host.events if isinstance(event, StepStarted)]
    assert started == ["a", "a", "b", "b", "c"]


def test_a_step_that_a_worker_waits_for_starts_before_others():
    host, place = Host(), Scripted({}, room=1)
    steps = [step("a"), step("b"), step("c"), step("z", "a")]
    chains = Chains(steps)
    schedule = Schedule(Plan(tuple(steps)), Runner(), host, [place], lambda _: place, Rules(), chains=chains)  # type: ignore[arg-type]
    assert schedule.run()
    started = [event.step_key for event in host.events if isinstance(event, StepStarted)]
    assert started == ["a", "z", "b", "c"]


def test_who_waits_longest_is_first_and_many_may_wait():
    steps = [step(f"s{number:04}", tags={"db": "x"}) for number in range(2000)]
    host = execute(steps, {}, tag_concurrency_limits=[{"key": "db", "limit": 1}])
    started = [event.step_key or "" for event in host.events if isinstance(event, StepStarted)]
    assert started == sorted(started)
    assert len(started) == 2000
