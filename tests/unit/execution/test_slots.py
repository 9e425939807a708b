"""The desk where a run asks for slots: few questions, however many steps wait and however often the loop tries."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace

import pytest

from rostrum.execution.workers import slots
from rostrum.execution.workers.slots import SlotDesk
from rostrum.interfaces.clock import Clock
from rostrum.model.plans import Step
from rostrum.model.pools import SlotAnswer, SlotWish
from rostrum.model.runs import RunTarget
from rostrum.service.clock import SystemClock
from rostrum.testing.run_sessions import FakeRunSession


class Session(FakeRunSession):
    """Counts the questions."""

    asked: list[tuple[str, int]]

    def claim_slot(self, wish: SlotWish, others: Sequence[SlotWish] = ()) -> SlotAnswer:
        self.asked.append((wish.step_key, len(others)))
        return super().claim_slot(wish, others)


class Desk:
    def __init__(self, monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
        self.now = 100.0
        monkeypatch.setattr(slots, "time", SimpleNamespace(monotonic=lambda: self.now))
        clock: Clock = SystemClock()
        self.session = Session.started(RunTarget("l", "j"), clock)
        self.session.asked = []
        self.session.slots = {"db": limit}
        self.desk = SlotDesk(self.session)

    def round(self, *steps: Step) -> list[str]:
        """What the loop does in one turn; returns who got a slot."""
        return [step.key for step in steps if self.desk.claim(step)]

    def end(self, step: Step) -> None:
        self.session.held.pop(step.key)
        self.desk.ended(step)


def step(key: str, priority: int = 0) -> Step:
    return Step(key, key, pool="db", tags={"dagster/priority": str(priority)} if priority else {})


def test_a_wide_fan_out_asks_once_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(monkeypatch, 2)
    steps = [step(f"s{number}") for number in range(1000)]
    assert desk.round(*steps) == ["s0", "s1"]
    assert desk.session.asked == [("s0", 0), ("s1", 0), ("s2", 0)]
    waiting = steps[2:]
    for _ in range(4):
        desk.now += 0.1
        assert desk.round(*waiting) == []
    assert desk.session.asked[3:] == [("s2", 50)], "one question, and most of those behind are told"


def test_the_end_of_a_step_lets_the_next_one_ask_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(monkeypatch, 1)
    steps = [step("a"), step("b"), step("c")]
    assert desk.round(*steps) == ["a"]
    assert desk.round(*steps[1:]) == []
    desk.end(steps[0])
    assert desk.round(*steps[1:]) == ["b"]
    assert desk.round(steps[2]) == []


def test_a_step_is_never_told_to_wait_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its attempt has failed; what others were refused for then was this step."""
    desk = Desk(monkeypatch, 1)
    failed, other = step("failed"), step("other")
    assert desk.round(failed) == ["failed"]
    assert "failed" in str(desk.desk.claim(other).holders)
    desk.end(failed)
    again = desk.desk.claim(failed)
    assert (again.granted, again.holders, again.limit) == (False, (), -1), "nobody was asked: nothing is told"
    assert desk.round(other) == ["other"]
    desk.now += 1.0
    assert "other" in str(desk.desk.claim(failed).holders)


def test_the_most_urgent_step_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(monkeypatch, 1)
    slow, urgent = step("slow"), step("urgent", 5)
    assert desk.round(step("first")) == ["first"]
    assert desk.round(slow, urgent) == []
    desk.end(step("first"))
    assert desk.round(slow, urgent) == ["urgent"]


def test_a_step_that_the_loop_has_dropped_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(monkeypatch, 1)
    assert desk.round(step("first")) == ["first"]
    assert desk.round(step("dropped", 5), step("other")) == []
    desk.end(step("first"))
    assert desk.round(step("other")) == []
    desk.now += 1.1
    assert desk.round(step("other")) == ["other"]
