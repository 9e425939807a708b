"""The one door through which events become state: every writer of events goes through `EventLog`.

An event, the run's status, asset, check and partition states and freed slots commit together (law 3). Appends are
idempotent by (run, stream, sequence): duplicates are dropped, a batch behind a gap is refused and the answer tells
where to go on. Events of a fenced epoch or after the run's end are kept as evidence and change nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any, TypeVar

import msgspec

from rostrum.control.step_streams import EndsCache, check_step_events, is_step_stream
from rostrum.control.unit import Unit
from rostrum.control.writer import GroupWriter
from rostrum.interfaces.clock import Clock
from rostrum.interfaces.doorbell import Doorbell
from rostrum.interfaces.storage import Session, Storage
from rostrum.model.errors import InvocationError, NotFound, StateError, Unavailable
from rostrum.model.events import EngineMessage, Event, worker_stream
from rostrum.model.principals import StepScope
from rostrum.model.runs import Run, RunStatus

T = TypeVar("T")

HEARD_SECONDS = 2.0
"""`Run.last_heard_at` is stored at most this often for one run."""


class AppendResult(msgspec.Struct, frozen=True):
    """What became of a batch."""

    stored: int
    """Newly stored events, evidence included."""
    last_sequence: int
    """Of the stream, now: go on with the next one, whatever was sent."""
    fenced: bool = False
    """The batch was kept as evidence, in part or whole: the epoch is over or the run has ended."""
    cancel: bool = False
    """The run is to end early."""


class _Append(msgspec.Struct, frozen=True):
    run_id: str
    epoch: int | None
    stream: str
    events: Sequence[Event]
    scope: StepScope | None = None
    is_alive: bool = True
    """The worker sends it itself, just now."""


class _Heard(msgspec.Struct, frozen=True):
    run_id: str
    epoch: int


class _Call(msgspec.Struct, frozen=True):
    function: Callable[[Session], Any]


class EventLog:
    """Appends events, and keeps all state that follows from them.

    Thread-safe. After `start()` concurrent calls share transactions (group commit); before, each makes its own. Whoever
    holds a writing transaction appends with `append_control`: `append`, `heard` and `call` would wait for it for ever.
    """

    def __init__(self, storage: Storage, doorbell: Doorbell, clock: Clock, *, gather_seconds: float = 0.0) -> None:
        self._storage = storage
        self._doorbell = doorbell
        self._clock = clock
        self._writer = GroupWriter[_Append | _Heard | _Call](self._commit, weigh=_weight, gather_seconds=gather_seconds)
        self._heard: dict[str, datetime] = {}
        """When `last_heard_at` was last stored by this replica, of runs heard lately."""
        self._ends = EndsCache()

    def start(self) -> None:
        """Start gathering. Called by the composition root of a long-running process."""
        self._writer.start()

    def stop(self) -> None:
        """Finish what was handed over, then work inline again."""
        self._writer.stop()

    def append(self, run_id: str, epoch: int | None, events: Sequence[Event]) -> AppendResult:
        """Store a batch of one stream with all that follows from it. Raises NotFound when there is no such run.

        `epoch` is that of the worker that sends them; None for events that no worker wrote (`run_id` "" for runless
        ones).
        """
        return self.submit(run_id, epoch, events).result()

    def submit(
        self,
        run_id: str,
        epoch: int | None,
        events: Sequence[Event],
        *,
        stream: str = "",
        scope: StepScope | None = None,
    ) -> Future[AppendResult]:
        """As `append`, without waiting. An empty batch of a named stream asks for its last sequence.

        A stream of a step worker needs the `scope` of its token: raises StateError for events that are not of its step.
        """
        stream = stream or (events[0].stream if events else "")
        if not stream or any(event.run_id != run_id or event.stream != stream for event in events):
            raise InvocationError("a batch holds events of one run and one stream")
        if is_step_stream(stream) != (scope is not None):
            raise StateError(f"stream {stream} {'is no' if scope is not None else 'is a'} step worker's")
        if scope is not None:
            check_step_events(events, scope)
        return self._writer.submit(_Append(run_id, epoch, stream, events, scope))

    def heard(self, run_id: str, epoch: int) -> Future[Run]:
        """The worker of `epoch` lives. Cheap: stored at most every two seconds. Resolves to the run."""
        return self._writer.submit(_Heard(run_id, epoch))

    def call(self, function: Callable[[Session], T]) -> Future[T]:
        """Run a small piece of writing in the next group's transaction. It may be called twice (then the first was
        rolled back).
        """
        return self._writer.submit(_Call(function))

    def append_control(self, session: Session, run: Run, *events: Event) -> Run:
        """Append events of the control plane in the caller's transaction; they get run id, stream and sequence here.

        `run` is the run as read (locked) or added in this transaction. Returns it after the events, stored. Raises
        InvalidTransition when one cannot follow, storing none. The caller rings the doorbells after its commit, or uses
        `transaction()`, which does.
        """
        return self.append_controls(session, [(run, events)])[0]

    def append_controls(self, session: Session, pairs: Iterable[tuple[Run, Sequence[Event]]]) -> list[Run]:
        """As `append_control`, for many runs at the price of one write each."""
        unit = Unit(session)
        runs: list[Run] = []
        for run, events in pairs:
            unit.adopt(run)
            runs.append(unit.control(run.run_id, events))
        unit.finish()
        return runs

    @contextmanager
    def transaction(self) -> Generator[Session]:
        """A writing transaction after whose commit `events`, `runs` and `queue` are rung."""
        with self._storage.begin(write=True) as session:
            yield session
        self._ring({"events", "runs", "queue"})

    def drain(self, run_id: str, epoch: int, batches: Iterable[Sequence[Event]]) -> int:
        """Store what a dead worker accepted and did not deliver, under its epoch; before its run is failed.

        Returns the number of newly stored events. What is no event of this worker ends it; an event that cannot be
        stored is replaced by a message: a broken spool must not keep its run from ending. Raises Unavailable, NotFound.
        """
        stored = 0
        stream = worker_stream(epoch)
        for batch in batches:
            own = list(takewhile(lambda event: event.run_id == run_id and event.stream == stream, batch))
            last = self._drain_batch(run_id, epoch, own) if own else AppendResult(0, 0)
            stored += last.stored
            if len(own) < len(batch) or (own and last.last_sequence < own[-1].sequence):
                break
        return stored

    def _drain_batch(self, run_id: str, epoch: int, batch: Sequence[Event]) -> AppendResult:
        try:
            return self._left_behind(run_id, epoch, batch)
        except (Unavailable, NotFound):
            raise
        except Exception as error:  # noqa: BLE001 - whatever is wrong with an event, the run's end is worth more
            if len(batch) > 1:
                results = [self._drain_batch(run_id, epoch, [event]) for event in batch]
                return AppendResult(sum(result.stored for result in results), results[-1].last_sequence)
            event = batch[0]
            message = f"an event ({event.kind}) of the dead worker could not be stored: {error}"
            note = EngineMessage(
                run_id=run_id,
                stream=event.stream,
                sequence=event.sequence,
                at=self._clock.now(),
                message=message[:1000],
                level="error",
            )
            return self._left_behind(run_id, epoch, [note])

    def _left_behind(self, run_id: str, epoch: int, batch: Sequence[Event]) -> AppendResult:
        """What a worker says that is dead is no sign of its life."""
        return self._writer.submit(_Append(run_id, epoch, batch[0].stream, batch, is_alive=False)).result()

    def _commit(self, requests: Sequence[_Append | _Heard | _Call]) -> Sequence[Any]:
        now = self._clock.now()
        write = any(self._writes(request, now) for request in requests)
        with self._storage.begin(write=write) as session:
            # Calls first: the unit keeps what it has loaded, and must not write it over what a call has changed.
            done = [request.function(session) if isinstance(request, _Call) else None for request in requests]
            unit = Unit(session, self._ends)
            unit.load(request.run_id for request in requests if not isinstance(request, _Call))
            answers = [
                answer if isinstance(request, _Call) else self._answer(unit, request, now, write=write)
                for request, answer in zip(requests, done, strict=True)
            ]
            if write:
                unit.finish()
        unit.committed()
        self._ring(unit.topics)
        return answers

    def _writes(self, request: _Append | _Heard | _Call, now: datetime) -> bool:
        if isinstance(request, _Heard):
            return self._is_due(request.run_id, now)
        # A step worker asks with an empty batch whether it is still wanted.
        return not (isinstance(request, _Append) and request.scope is not None and not request.events)

    def _answer(self, unit: Unit, request: _Append | _Heard, now: datetime, *, write: bool) -> Any:
        try:
            if isinstance(request, _Heard):
                return self._beat(unit, request, now, write=write)
            return self._append(unit, request, now)
        except (StateError, Unavailable) as error:
            return error  # found before anything was taken: it fails this request only

    def _append(self, unit: Unit, request: _Append, now: datetime) -> AppendResult:
        if request.scope is not None and request.events:
            run = unit.run(request.run_id)
            if run.status is RunStatus.STARTING and run.epoch == request.epoch:
                # Another daemon may still start it anew, from its first step: nothing may have succeeded by then.
                raise Unavailable(f"run {run.run_id} has not begun: its own worker has not been heard of")
        accepted = unit.append(request.run_id, request.epoch, request.stream, request.events, request.scope)
        run = accepted.run
        if run is None or request.epoch is None:
            return AppendResult(accepted.stored, accepted.last_sequence)
        if request.scope is not None:  # of the run worker's life a step worker says nothing
            over = unit.is_over(run.run_id, request.epoch, request.stream, request.scope)
            return AppendResult(accepted.stored, accepted.last_sequence, over, run.status is RunStatus.CANCELING)
        if request.is_alive and request.epoch == run.epoch and not run.is_finished:
            run = self._note(unit, run, now)
        fenced = accepted.evidence > 0 or request.epoch != run.epoch
        return AppendResult(accepted.stored, accepted.last_sequence, fenced, run.status is RunStatus.CANCELING)

    def _beat(self, unit: Unit, request: _Heard, now: datetime, *, write: bool) -> Run:
        run = unit.run(request.run_id)
        if not write or request.epoch != run.epoch or run.is_finished:
            return run
        return self._note(unit, run, now)

    def _note(self, unit: Unit, run: Run, now: datetime) -> Run:
        due = self._is_due(run.run_id, now)
        if due:
            self._heard[run.run_id] = now
            if len(self._heard) > 10_000:
                limit = now - timedelta(seconds=HEARD_SECONDS)
                self._heard = {key: at for key, at in self._heard.items() if at > limit}
        return unit.heard(run.run_id, now, write=due)

    def _is_due(self, run_id: str, now: datetime) -> bool:
        last = self._heard.get(run_id)
        return last is None or (now - last).total_seconds() >= HEARD_SECONDS

    def _ring(self, topics: Iterable[str]) -> None:
        for topic in sorted(topics):
            self._doorbell.ring(topic)


def _weight(request: _Append | _Heard | _Call) -> int:
    return len(request.events) if isinstance(request, _Append) else 1
