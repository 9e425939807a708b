"""Streams of step workers that talk to the gateway themselves, `worker/<epoch>/<file key>`: what they may say, and
until when.

A run worker that gives an attempt up says so in its own stream; what the attempt's worker tells later is evidence. So
an attempt that was thought lost, or that ran on after a cancel, changes nothing, whenever it is heard of again. To know
that, the ends of a run's attempts are kept in memory here, and only those that came since are read: one short look by
the run's index.
"""

from __future__ import annotations

import zlib
from collections import OrderedDict
from collections.abc import Callable, Sequence

from rostrum.interfaces.storage import Session, Storage
from rostrum.model.errors import StateError
from rostrum.model.events import (
    ATTEMPT_ENDS,
    STEP_ENDS,
    AnyEvent,
    Event,
    LocationUpdated,
    RunCanceled,
    RunCanceling,
    RunDisconnected,
    RunFailed,
    RunPlanned,
    RunQueued,
    RunReconnected,
    RunStarted,
    RunStarting,
    RunSucceeded,
    RunWorkerLaunched,
    StepNotRun,
    StepRetrying,
    StepsMapped,
    StepWaiting,
    StoredEvent,
    worker_stream,
)
from rostrum.model.principals import StepScope

_OF_THE_RUN: tuple[type[Event], ...] = (
    RunQueued, RunStarting, RunWorkerLaunched, RunStarted, RunSucceeded, RunFailed, RunCanceling, RunCanceled,
    RunDisconnected, RunReconnected, RunPlanned, StepsMapped, StepWaiting, StepNotRun, LocationUpdated,
)  # fmt: skip
"""Kinds that are not a step worker's to tell."""

_END_KINDS = tuple(str(kind.__struct_config__.tag) for kind in ATTEMPT_ENDS)
_PAGE = 1000
_BELLS = 16
_MOST_RUNS = 500


def is_step_stream(stream: str) -> bool:
    """Whether the stream is that of a step worker, of whichever epoch."""
    return stream.startswith("worker/") and stream.count("/") > 1


def is_step_stream_of(stream: str, epoch: int) -> bool:
    """Whether the stream is that of a step worker of this epoch."""
    return stream.startswith(f"{worker_stream(epoch)}/")


def steps_topic(run_id: str) -> str:
    """The doorbell that rings when a step worker of the run has told something. A few serve all runs: a ring only
    shortens a wait, and whoever follows a run is not to look at the database whenever another one goes on.
    """
    return f"steps-{zlib.crc32(run_id.encode()) % _BELLS}"


def told_by_steps(storage: Storage, run_id: str, epoch: int, after: int) -> tuple[list[AnyEvent], int]:
    """What the step workers of a run's epoch have told after a cursor (at most a page of it), and the cursor behind it.
    What came too late is not among them: it changes nothing anywhere.
    """
    while True:
        with storage.begin() as session:
            found = session.events.read(run_id, after=after, limit=_PAGE)
        after = found[-1].id if found else after
        events = [one.event for one in found if is_step_stream_of(one.event.stream, epoch) and not one.evidence]
        if events or len(found) < _PAGE:
            return events, after


def check_step_events(events: Sequence[Event], scope: StepScope) -> None:
    """Raises StateError for an event that is of another step, or none that a step worker may tell."""
    for event in events:
        if event.step_key != scope.step_key:
            raise StateError(f"event {event.sequence} is of step {event.step_key}, not of {scope.step_key}")
        if isinstance(event, _OF_THE_RUN):
            raise StateError(f"event {event.sequence} is {event.kind}, which is not for a step worker to tell")


class StepEnds:
    """Ends of attempts in one run and epoch: in which streams they are."""

    def __init__(self) -> None:
        self._final: dict[str, set[str]] = {}
        """By step: streams that say that it has ended for good."""
        self._retried: dict[str, set[tuple[str, int]]] = {}
        """By step: streams that say that it is tried again, with the attempt that failed."""

    def note(self, event: Event) -> None:
        """Take an end in."""
        key = event.step_key or ""
        if isinstance(event, StepRetrying):
            self._retried.setdefault(key, set()).add((event.stream, event.attempt))
        elif isinstance(event, STEP_ENDS):
            self._final.setdefault(key, set()).add(event.stream)

    def elsewhere(self, scope: StepScope, stream: str) -> bool:
        """Whether another stream than the attempt's own says that it is over."""
        if any(each != stream for each in self._final.get(scope.step_key, ())):
            return True
        return any(
            each != stream and attempt >= scope.attempt for each, attempt in self._retried.get(scope.step_key, ())
        )

    def here(self, scope: StepScope, stream: str) -> bool:
        """Whether the attempt's own stream has told its end."""
        if stream in self._final.get(scope.step_key, ()):
            return True
        return any(each == stream for each, _ in self._retried.get(scope.step_key, ()))


class _Known:
    """Stored ends, up to a cursor."""

    def __init__(self) -> None:
        self.ends, self.cursor = StepEnds(), 0

    def learn(self, stored: Sequence[StoredEvent], cursor: int) -> None:
        for one in stored:
            self.ends.note(one.event)
        self.cursor = max(self.cursor, cursor)


class EndsCache:
    """What one process knows of ended attempts. Not for several threads at once."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, int], _Known] = OrderedDict()

    def of(self, run_id: str, epoch: int) -> _Known:
        """What is known of a run; the runs that nobody has asked for longest are forgotten."""
        place = (run_id, epoch)
        known = self._known.setdefault(place, _Known())
        self._known.move_to_end(place)
        while len(self._known) > _MOST_RUNS:
            self._known.popitem(last=False)
        return known


class StepStreams:
    """The view of one transaction: what is known, what is stored since, and what this transaction is about to store.

    `commit()` after the transaction: what has been rolled back must not be remembered.
    """

    def __init__(self, session: Session, cache: EndsCache) -> None:
        self._session, self._cache = session, cache
        self._looks: dict[tuple[str, int], _Look] = {}
        self._pending: list[tuple[int, Event]] = []

    def note(self, epoch: int | None, events: Sequence[Event], evidence: Sequence[bool]) -> None:
        """Events of workers that this transaction takes."""
        if epoch is None:
            return
        for event, late in zip(events, evidence, strict=True):
            if not late and isinstance(event, ATTEMPT_ENDS):
                self._pending.append((epoch, event))
                look = self._looks.get((event.run_id, epoch))
                if look is not None:
                    look.fresh.note(event)

    def is_over(self, run_id: str, epoch: int, scope: StepScope, stream: str) -> bool:
        """Whether the attempt has been ended by another stream than its own."""
        look = self._look(run_id, epoch)
        return look.known.ends.elsewhere(scope, stream) or look.fresh.elsewhere(scope, stream)

    def may(self, run_id: str, epoch: int, scope: StepScope, stream: str) -> Callable[[Event], bool]:
        """A judge of the events of one batch, asked in order: which of them change anything."""
        over = self.is_over(run_id, epoch, scope, stream)
        look = self._look(run_id, epoch)
        ended = look.known.ends.here(scope, stream) or look.fresh.here(scope, stream)

        def judge(event: Event) -> bool:
            nonlocal ended
            if over or (ended and isinstance(event, ATTEMPT_ENDS)):
                return False
            ended = ended or isinstance(event, ATTEMPT_ENDS)
            return True

        return judge

    def commit(self) -> None:
        """The transaction is committed."""
        for look in self._looks.values():
            look.known.learn(look.read, look.cursor)

    def _look(self, run_id: str, epoch: int) -> _Look:
        place = (run_id, epoch)
        if place not in self._looks:
            known = self._cache.of(run_id, epoch)
            cursor = self._session.events.last_id()  # before the look: what is stored meanwhile is looked at again
            look = self._looks[place] = _Look(known, _read_ends(self._session, run_id, epoch, known.cursor), cursor)
            for of, event in self._pending:
                if (event.run_id, of) == place:
                    look.fresh.note(event)
        return self._looks[place]


class _Look:
    def __init__(self, known: _Known, read: Sequence[StoredEvent], cursor: int) -> None:
        self.known, self.read, self.fresh, self.cursor = known, read, StepEnds(), cursor
        for one in read:
            self.fresh.note(one.event)


def _read_ends(session: Session, run_id: str, epoch: int, after: int) -> list[StoredEvent]:
    found: list[StoredEvent] = []
    while True:
        page = session.events.read(run_id, after=after, limit=_PAGE, kinds=_END_KINDS)
        for one in page:
            of_epoch = one.event.stream == worker_stream(epoch) or is_step_stream_of(one.event.stream, epoch)
            if of_epoch and not one.evidence:
                found.append(one)
        if len(page) < _PAGE:
            return found
        after = page[-1].id
