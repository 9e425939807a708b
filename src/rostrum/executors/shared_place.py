"""One child of the run worker for all steps that run beside others: in its main thread, in threads, in its event loop.

Their values stay in its memory. When it dies, the steps that ran in it have failed; those that had not begun go on in a
new one. An attempt that does not end when it is interrupted is abandoned: the process then takes no more attempts, and
is killed when the others in it have ended.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from rostrum.executors.attempts import not_started
from rostrum.executors.journal import Journal
from rostrum.executors.places import Attempt, Ended, Place, Reactor, Reports
from rostrum.executors.processes import MemoryKills, crash_error
from rostrum.executors.workers import Ear, WorkerProcess, WorkerProcesses
from rostrum.interfaces.execution import RunHost, StepRunner
from rostrum.interfaces.frames import (
    DONE,
    EVENTS,
    FORGET,
    INTERRUPT,
    OPEN,
    START,
    Done,
    Interrupt,
    Open,
    Start,
)
from rostrum.model.errors import RostrumError
from rostrum.model.events import Event, StepStarted, StepWorkerStarted
from rostrum.model.plans import Plan, Step
from rostrum.planning.placement import MAIN, THREAD, Readers, lane_of, shares

_ABANDON_SECONDS = 2.0
"""So long after an attempt was to be abandoned it may take the process to say so."""


class _Shared:
    """A process and what it does."""

    __slots__ = ("abandoned", "attempts", "begun", "ear", "is_tainted", "knows", "process")

    ear: Ear

    def __init__(self, process: WorkerProcess, knows: tuple[int, int]) -> None:
        self.process, self.knows = process, knows
        self.attempts: dict[str, tuple[Attempt, SharedLane]] = {}
        """By key of the step."""
        self.begun: set[str] = set()
        """Keys of the steps that have begun in it."""
        self.is_tainted = False
        """Abandoned code runs in it: it takes no more."""
        self.abandoned: dict[str, float] = {}
        """Steps that it has not said to have abandoned -> when it is killed for that."""

    def does(self, attempt: Attempt) -> bool:
        """Whether it has been given this attempt, and has not said that it is over."""
        entered = self.attempts.get(attempt.step.key)
        return entered is not None and entered[0] is attempt


class SharedProcess:
    """The process, and another one where that died. `room`: most attempts at once, by lane."""

    def __init__(
        self,
        processes: WorkerProcesses,
        runner: StepRunner,
        host: RunHost,
        plan: Plan,
        default: str,
        room: Mapping[str, int],
        journal: Journal,
    ) -> None:
        self._processes, self._runner, self._host, self._journal = processes, runner, host, journal
        self._default, self._threads = default, room[THREAD]
        self._steps = tuple(step.key for step in plan.steps if shares(step, default))
        self._readers = Readers(plan.steps, default)
        self._read_to = 0
        """Steps of the journal that the readers know."""
        self._unread: list[str] = []
        """Keys of steps that have ended, whose values may be wanted by nobody."""
        self._kills = MemoryKills()
        self._living: dict[int, _Shared] = {}
        self._current: _Shared | None = None
        self._number = 0
        self._lanes = {lane: SharedLane(self, lane, most) for lane, most in room.items()}
        self._reports: Reports | None = None

    @property
    def places(self) -> Sequence[Place]:
        """Its lanes."""
        return list(self._lanes.values())

    def place_of(self, step: Step) -> Place:
        """The lane of a step."""
        return self._lanes[lane_of(step, self._default, self._runner.is_async)]

    def open(self, reports: Reports, reactor: Reactor) -> None:
        """Of all lanes: called by each."""
        self._reports, self._reactor = reports, reactor

    def start(self, attempt: Attempt, lane: SharedLane) -> None:
        """Start an attempt in a lane that has room."""
        shared = self._current
        if shared is None or shared.process.has_exited:
            shared = self._hire()
        self._enter(shared, attempt, lane)
        started = StepWorkerStarted(
            at=self._host.clock.now(),
            step_key=attempt.step.key,
            pid=shared.process.pid,
            attempt=attempt.number,
            place=lane.name,
        )
        assert self._reports is not None
        self._reports.events(attempt, (started,))  # on record before the code can run
        self._tell(shared, attempt, lane)

    def interrupt(self, attempt: Attempt, level: int) -> None:
        """See `places.Place`."""
        key = attempt.step.key
        shared = next((each for each in self._living.values() if each.does(attempt)), None)
        if shared is None:
            return
        if level < 3 or not self._host.stop.is_set():
            body = Interrupt(step_key=key, attempt=attempt.number, level=level)
            shared.process.send(INTERRUPT, msgspec.msgpack.encode(body))
        if level < 3:
            return
        if self._host.stop.is_set():
            shared.process.signal(signal.SIGKILL)
            return
        shared.is_tainted, shared.abandoned[key] = True, time.monotonic() + _ABANDON_SECONDS
        if self._current is shared:
            self._current = None

    def look(self) -> None:
        """See `places.Place`."""
        now = time.monotonic()
        for shared in list(self._living.values()):
            if shared.is_tainted and (not shared.attempts or any(now >= at for at in shared.abandoned.values())):
                shared.process.signal(signal.SIGKILL)
            shared.ear.look()
        self._forget()

    def close(self) -> None:
        """Let it tear its resources down; then leave nothing behind."""
        for shared in self._living.values():
            shared.attempts.clear()
        good = [shared.ear for shared in self._living.values() if not shared.is_tainted]
        self._processes.let_go([shared.ear for shared in self._living.values()], good, self._host)
        self._living.clear()

    # --- the process
    # ---------------------------------------------------------------------------------------------------

    def _hire(self) -> _Shared:
        process = self._processes.start("shared")
        shared = _Shared(process, self._journal.end)
        shared.ear = Ear(process, self._reactor, self._host, partial(self._hear, shared), partial(self._bury, shared))
        self._current = self._living[process.pid] = shared
        self._number += 1
        opening = Open(steps=self._steps, threads=self._threads, number=self._number)
        process.send(OPEN, msgspec.msgpack.encode(opening))
        return shared

    def _tell(self, shared: _Shared, attempt: Attempt, lane: SharedLane) -> None:
        """Give the attempt to the process. One that is gone is seen gone."""
        (events, steps), shared.knows = self._journal.since(shared.knows), self._journal.end
        start = Start(
            step=attempt.step,
            attempt=attempt.number,
            apart=attempt.apart,
            steps=steps,
            events=events,
            lane=lane.name,
        )
        shared.process.send(START, msgspec.msgpack.encode(start))

    def _enter(self, shared: _Shared, attempt: Attempt, lane: SharedLane) -> None:
        shared.attempts[attempt.step.key] = attempt, lane
        shared.begun.discard(attempt.step.key)

    def _hear(self, shared: _Shared, kind: int, body: Any) -> None:
        if kind == EVENTS:
            self._take(shared, body)
        elif kind == DONE:
            for done in body:
                self._leave(shared, done)

    def _take(self, shared: _Shared, events: Sequence[Event]) -> None:
        """Hand events on, together those of one attempt that come in a row."""
        assert self._reports is not None
        first = 0
        while first < len(events):
            key, last = events[first].step_key, first + 1
            while last < len(events) and events[last].step_key == key:
                last += 1
            entered = shared.attempts.get(key or "")
            if entered is not None:
                if any(type(event) is StepStarted for event in events[first:last]):
                    shared.begun.add(entered[0].step.key)
                self._reports.events(entered[0], events[first:last])
            elif key is None:
                for event in events[first:last]:  # of the process
                    self._host.record(event)
            first = last

    def _leave(self, shared: _Shared, done: Done) -> None:
        entered = shared.attempts.get(done.step_key)
        if entered is None or entered[0].number != done.attempt:
            return
        del shared.attempts[done.step_key]
        shared.abandoned.pop(done.step_key, None)
        self._host.output_ended(done.step_key, done.attempt)
        if done.cause == "lost" and shared is not self._current and self._may_begin(shared, done.step_key):
            self._again(*entered)
            return
        how = Ended(cause=done.cause, error=done.error) if done.error is not None else None
        self._end(*entered, how)

    def _end(self, attempt: Attempt, lane: SharedLane, how: Ended | None) -> None:
        lane.left()
        self._unread.append(attempt.step.key)
        assert self._reports is not None
        self._reports.ended(attempt, how)

    def _bury(self, shared: _Shared) -> None:
        """The process has ended: what ran in it has failed, what had not begun goes on in a new one."""
        del self._living[shared.process.pid]
        if self._current is shared:
            self._current = None
        end = self._processes.bury(shared.process)
        self._host.worker_ended(end.pid)
        error = crash_error(end, self._kills)
        if not shared.begun:
            shared.begun.update(shared.attempts)  # it may never get any further
        for key, (attempt, lane) in list(shared.attempts.items()):
            if self._may_begin(shared, key):
                self._again(attempt, lane)
            else:
                self._end(attempt, lane, Ended(cause="crash", error=error))

    def _again(self, attempt: Attempt, lane: SharedLane) -> None:
        """In another process."""
        try:
            self.start(attempt, lane)
        except (RostrumError, OSError) as error:
            self._end(attempt, lane, not_started(error))

    def _may_begin(self, shared: _Shared, key: str) -> bool:
        """Whether an attempt that a process does not do can go on in another one."""
        return key not in shared.begun and not self._host.stop.is_set()

    # --- values in its memory
    # --------------------------------------------------------------------------------------------

    def _forget(self) -> None:
        """Have it forget the values that no step in it wants any more."""
        joined = self._journal.steps[self._read_to :]
        self._read_to += len(joined)
        self._readers.add(joined)
        unread, self._unread = self._unread, []
        gone: list[str] = []
        for key in unread:
            gone += self._readers.ended(key)
            if not self._readers.wants(key):
                gone.append(key)
        if gone:
            for shared in self._living.values():
                shared.process.send(FORGET, msgspec.msgpack.encode(gone))


class SharedLane:
    """See `places.Place`: the main thread, the threads or the event loop of the shared process."""

    tells_limits = True

    def __init__(self, shared: SharedProcess, name: str, room: int) -> None:
        self._shared, self.name, self._room = shared, name, room

    def open(self, reports: Reports, reactor: Reactor) -> None:
        """See `places.Place`."""
        self._shared.open(reports, reactor)

    def has_room(self) -> bool:
        """See `places.Place`."""
        return self._room > 0

    def start(self, attempt: Attempt) -> None:
        """See `places.Place`."""
        self._shared.start(attempt, self)
        self._room -= 1

    def left(self) -> None:
        """One of its attempts has ended."""
        self._room += 1

    def interrupt(self, attempt: Attempt, level: int) -> None:
        """See `places.Place`."""
        self._shared.interrupt(attempt, level)

    def look(self) -> None:
        """See `places.Place`."""
        if self.name == MAIN:
            self._shared.look()

    def close(self) -> None:
        """See `places.Place`."""
        if self.name == MAIN:
            self._shared.close()
