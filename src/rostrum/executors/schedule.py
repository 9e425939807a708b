"""The one loop that executes a plan in places: what starts when, what is tried again, what waits for a slot, what has
run too long, what a cancel interrupts. Where an attempt runs is the business of its `Place`.
"""

from __future__ import annotations

import time
from bisect import insort
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from rostrum.executors.attempts import Underway, given_up, lingering, not_started, silent
from rostrum.executors.hook_skips import hooks_not_run
from rostrum.executors.journal import Journal
from rostrum.executors.ledger import SUCCEEDED, Ledger, expand, skip_event
from rostrum.executors.limits import TagLimits
from rostrum.executors.places import Attempt, Ended, Place
from rostrum.executors.reactor import SelectorReactor
from rostrum.executors.rules import Rules
from rostrum.executors.verdicts import Verdicts
from rostrum.executors.waits import Waits
from rostrum.interfaces.execution import RunHost, StepRunner
from rostrum.model.errors import RostrumError
from rostrum.model.events import STEP_ENDS, Event, StepRetrying
from rostrum.model.plans import Plan, Step
from rostrum.planning.placement import Chains
from rostrum.planning.retries import counted_apart, is_apart

_TICK_SECONDS = 0.25
_ENDS = frozenset((*STEP_ENDS, StepRetrying))


class Schedule:
    """One execution. Implements `places.Reports`; `place_of` says where a step runs, `chains` which step is to go on
    in the worker of another one (`planning.placement`).
    """

    def __init__(
        self,
        plan: Plan,
        runner: StepRunner,
        host: RunHost,
        places: Sequence[Place],
        place_of: Callable[[Step], Place],
        rules: Rules,
        *,
        chains: Chains | None = None,
        journal: Journal | None = None,
    ) -> None:
        self._runner, self._host, self._rules = runner, host, rules
        self._places, self._place_of, self._chains, self._journal = places, place_of, chains or Chains(), journal
        self._ledger = Ledger(plan, require_success=rules.require_upstream_step_success)
        self._tried, self._verdicts = plan.tried, Verdicts(rules, host)
        self._limits, self._waits = TagLimits(rules.tag_concurrency_limits), Waits(host)
        self._lines: dict[int, deque[Attempt]] = {id(place): deque() for place in places}
        """What may start, by place."""
        self._blocked: dict[tuple[str, str], list[tuple[int, Attempt]]] = {}
        """Attempts by the pool or tag that had no free slot when they were tried last, each with its turn."""
        self._turns: dict[str, int] = {}
        """By key of the step that is blocked: who was first keeps being first."""
        self._freed = 0
        """Attempts that have ended since then: each may have freed a slot."""
        self._expected: set[str] = set()
        """Keys of steps that a worker waits for: they start before others."""
        self._retries: list[tuple[float, int, Attempt]] = []
        """(when by the monotonic clock, number, attempt), the next one first."""
        self._underway: dict[str, Underway] = {}
        """By key of the step."""
        self._watched: dict[str, Underway] = {}
        """Those of them that have a time limit, or are to end."""
        self._reactor = SelectorReactor()
        self._number = 0
        self._ticked = 0.0
        self._is_due = False
        """All blocked attempts are to be tried again: slots are freed by other runs, too."""

    # --- the loop
    # ------------------------------------------------------------------------------------------------------

    def run(self) -> bool:
        """Execute; True when no step failed. Places are opened and closed here."""
        with ExitStack() as closing:  # all of them, whatever one of them may raise
            closing.callback(self._reactor.close)
            for place in self._places:
                closing.callback(place.close)
            for place in self._places:
                place.open(self, self._reactor)
            self._loop()
        for event in self._ledger.leftovers(self._host.clock):
            self._host.record(event)
        return not self._ledger.failures and not self._host.stop.is_set()

    def _loop(self) -> None:
        while True:
            try:
                now = time.monotonic()
                if self._host.stop.is_set():
                    self._watched.update(self._underway)
                else:
                    self._start_ready()
                self._interrupt(now)
                if not self._underway and (self._host.stop.is_set() or not self._is_waiting):
                    return
                self._reactor.turn(self._patience())
                self._tick()
            except KeyboardInterrupt:
                self._host.stop.set()

    @property
    def _is_waiting(self) -> bool:
        return bool(self._retries or any(self._blocked.values()) or any(self._lines.values()))

    def _patience(self) -> float:
        now, seconds = time.monotonic(), _TICK_SECONDS
        if self._retries:
            seconds = min(seconds, self._retries[0][0] - now)
        for each in self._watched.values():
            at = each.next_look(self._rules.grace_seconds)
            seconds = min(seconds, at - now) if at is not None else seconds
        return max(0.0, seconds)

    def _tick(self) -> None:
        now = time.monotonic()
        if now - self._ticked < _TICK_SECONDS:
            return
        self._ticked, self._is_due = now, True
        self._host.tick()
        for place in self._places:
            place.look()

    # --- starting
    # ------------------------------------------------------------------------------------------------------

    def _start_ready(self) -> None:
        self._line_up()
        for place in self._places:
            line = self._lines[id(place)]
            while line and place.has_room():
                attempt = line.popleft()
                full = self._claim(attempt.step)
                if full is None:
                    self._turns.pop(attempt.step.key, None)
                    self._start(attempt, place)
                else:
                    self._number += 1
                    turn = self._turns.setdefault(attempt.step.key, self._number)
                    insort(self._blocked.setdefault(full, []), (turn, attempt), key=_turn)

    def _line_up(self) -> None:
        """Bring what may start to its place's line: what was blocked and what is tried again first."""
        before = self._count_lined_up()
        if self._is_due or self._freed:
            for full, blocked in self._blocked.items():
                # Many may be blocked: what has ended here lets only so many others start.
                most = len(blocked) if self._is_due else self._freed
                again, self._blocked[full] = blocked[:most], blocked[most:]
                for _, attempt in reversed(again):
                    self._line_of(attempt.step).appendleft(attempt)
            self._is_due, self._freed = False, 0
        now, due = time.monotonic(), list[Attempt]()
        while self._retries and self._retries[0][0] <= now:
            due.append(self._retries.pop(0)[2])
        for attempt in reversed(due):
            self._line_of(attempt.step).appendleft(attempt)
        while (step := self._ledger.take()) is not None:
            line, attempt, tried = self._line_of(step), self._first(step), self._tried.get(step.key)
            if tried is not None and tried.delay_seconds > 0:
                self._later(attempt, tried.delay_seconds)
            elif step.key in self._expected:
                self._expected.discard(step.key)
                line.appendleft(attempt)
            else:
                line.append(attempt)
        if self._ledger.is_ranked and self._count_lined_up() > before:
            self._lines = {
                place: deque(sorted(line, key=lambda attempt: -attempt.step.priority))
                for place, line in self._lines.items()
            }

    def _first(self, step: Step) -> Attempt:
        """The first attempt of this worker's: others may have made some before."""
        before = self._tried.get(step.key)
        if before is None:
            return Attempt(step, 1)
        apart = counted_apart(step.retry_policy, before, self._rules.infrastructure_retries)
        return Attempt(step, before.attempts + 1, apart)

    def _count_lined_up(self) -> int:
        return sum(len(line) for line in self._lines.values())

    def _line_of(self, step: Step) -> deque[Attempt]:
        return self._lines[id(self._place_of(step))]

    def _claim(self, step: Step) -> tuple[str, str] | None:
        """Take the step's tags and slot. Where one of them is not free now nothing is taken: returns which."""
        full = self._limits.take(step)
        if full is not None:
            self._waits.for_tag(step, *full)
            return "tag", full[0]
        answer = self._host.claim_slot(step)
        if not answer.granted:
            self._waits.for_pool(step, answer)
            self._limits.release(step)
            return "pool", step.pool or ""
        self._waits.over(step)
        return None

    def _start(self, attempt: Attempt, place: Place) -> None:
        self._underway[attempt.step.key] = Underway(attempt, place, time.monotonic())
        try:
            place.start(attempt)
        except (RostrumError, OSError) as error:  # a machine without room for one more process, too
            self.ended(attempt, not_started(error))

    # --- what places tell
    # ----------------------------------------------------------------------------------------------

    def events(self, attempt: Attempt, events: Sequence[Event], *, stored: bool = False) -> None:
        """See `places.Reports`."""
        underway = self._underway.get(attempt.step.key)
        for event in events:
            if event.step_key == attempt.step.key and (underway is None or underway.attempt is not attempt):
                continue  # it has been settled: nothing follows
            if type(event) not in _ENDS or underway is None:
                if underway is not None and underway.note(event):
                    self._watched[attempt.step.key] = underway
                self._record(event, stored)
            elif underway.end is None:
                underway.finish(event if stored else self._verdicts.told(underway, event))
                if underway.is_near:
                    self._watched[attempt.step.key] = underway
                self._record(underway.end or event, stored)

    def ended(self, attempt: Attempt, how: Ended | None) -> None:
        """See `places.Reports`."""
        underway = self._underway.get(attempt.step.key)
        if underway is None or underway.attempt is not attempt:
            return
        is_silent = underway.end is None
        if underway.end is None:
            underway.end = self._verdicts.untold(underway, how or silent(underway))
            self._record(underway.end)
        for event in hooks_not_run(underway, is_silent=is_silent, clock=self._host.clock):
            self._host.record(event)
        del self._underway[attempt.step.key]
        self._watched.pop(attempt.step.key, None)
        self._settle(underway, underway.end)

    def _record(self, event: Event, stored: bool = False) -> None:
        self._ledger.note(event)
        if stored:
            self._host.note(event)
        else:
            self._host.record(event)
        if self._journal is not None:
            self._journal.note(event)

    # --- ending
    # --------------------------------------------------------------------------------------------------------

    def _settle(self, underway: Underway, end: Event) -> None:
        attempt, host = underway.attempt, self._host
        step = attempt.step
        self._limits.release(step)
        self._freed += 1
        if step.pool is not None:
            host.release_slot(step)
        if isinstance(end, StepRetrying):
            if not host.stop.is_set():
                self._again(attempt, end)
            return
        if end.kind == SUCCEEDED:
            joined = expand(step, self._runner, host, self._ledger)
            if self._journal is not None:
                self._journal.adopt(joined)
        for passed_over in self._ledger.end(step, end.kind):
            host.record(skip_event(passed_over, host.clock))
        following = self._chains.after(step.key)
        if following is not None and end.kind == SUCCEEDED:
            self._expected.add(following)

    def _again(self, attempt: Attempt, end: StepRetrying) -> None:
        apart = is_apart(attempt.step.retry_policy, end.cause, self._rules.infrastructure_retries)
        self._later(Attempt(attempt.step, attempt.number + 1, attempt.apart + apart), end.delay_seconds)

    def _later(self, attempt: Attempt, seconds: float) -> None:
        self._number += 1
        self._retries.append((time.monotonic() + seconds, self._number, attempt))
        self._retries.sort(key=_due)

    def _interrupt(self, now: float) -> None:
        """Have attempts end whose time is over, and all of a run that is to end."""
        grace, stop = self._rules.grace_seconds, self._host.stop.is_set()
        for each in list(self._watched.values()):
            if not stop and each.interrupted_at is None and each.lingers_at(now, grace):
                self._host.record(lingering(each, self._host.clock.now()))
            if (stop or each.is_over_at(now) or each.lingers_at(now, grace)) and not each.interrupt(now, grace):
                self.ended(each.attempt, given_up())


def _turn(blocked: tuple[int, Attempt]) -> int:
    return blocked[0]


def _due(retry: tuple[float, int, Attempt]) -> tuple[float, int]:
    return retry[:2]
