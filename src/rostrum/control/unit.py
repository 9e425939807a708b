"""One transaction's worth of appends: loads each run and state once, folds all batches, writes everything once (law
3).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from rostrum.control.slots import frees
from rostrum.control.state import (
    NEEDS_PLAN,
    Derivation,
    RunFacts,
    as_meant,
    continuing,
    facts_from,
    fold_run,
)
from rostrum.control.step_streams import EndsCache, StepStreams, steps_topic
from rostrum.interfaces.storage import Session
from rostrum.model.assets import AssetKey, CheckKey
from rostrum.model.errors import NotFound
from rostrum.model.events import (
    ATTEMPT_ENDS,
    CONTROL_STREAM,
    RUN_ENDS,
    AssetMaterialized,
    AssetObserved,
    CheckEvaluated,
    Event,
    RunFailed,
    RunPlanned,
    RunReconnected,
    RunStarting,
    StoredEvent,
    worker_stream,
)
from rostrum.model.principals import StepScope
from rostrum.model.runs import Run

NO_FACTS = RunFacts()


class Accepted(msgspec.Struct, frozen=True):
    """What became of one batch."""

    stored: int
    last_sequence: int
    evidence: int
    run: Run | None


class Unit:
    """Collects batches, then `finish()` stores events and all that follows from them. Use once, inside one writing
    session.
    """

    def __init__(self, session: Session, ends: EndsCache | None = None) -> None:
        self._session = session
        self._steps = StepStreams(session, ends or EndsCache())
        self._runs: dict[str, Run] = {}
        self._written: dict[str, Run] = {}
        self._sequences: dict[tuple[str, str], int] = {}
        self._events: list[Event] = []
        self._evidence: list[bool] = []
        self._after: list[Run | None] = []
        """For each event the run right after it."""
        self.topics: set[str] = set()
        """Doorbells to ring after the commit."""

    def load(self, run_ids: Iterable[str]) -> None:
        """Load (and lock) runs in one fixed order, so that units of several replicas cannot lock crosswise."""
        for run_id in sorted({run_id for run_id in run_ids if run_id and run_id not in self._runs}):
            run = self._session.runs.get(run_id)
            if run is not None:
                self._runs[run_id] = self._written[run_id] = run

    def adopt(self, run: Run) -> None:
        """Take a run as the caller has it, in place of loading it; it is stored again only if events change it."""
        self._runs[run.run_id] = self._written[run.run_id] = run

    def run(self, run_id: str) -> Run:
        """The run as it is after all batches so far. Raises NotFound."""
        self.load((run_id,))
        if run_id not in self._runs:
            raise NotFound(f"there is no run {run_id}")
        return self._runs[run_id]

    def last_sequence(self, run_id: str, stream: str) -> int:
        """Last sequence of a stream, counting the batches so far."""
        place = (run_id, stream)
        if place not in self._sequences:
            self._sequences[place] = self._session.events.last_sequence(run_id, stream)
        return self._sequences[place]

    def append(
        self, run_id: str, epoch: int | None, stream: str, events: Sequence[Event], scope: StepScope | None = None
    ) -> Accepted:
        """Take the part of a batch that continues its stream; `scope` belongs to a stream of a step worker. Changes
        nothing when it raises NotFound.
        """
        run = self.run(run_id) if run_id else None
        fresh = continuing(events, self.last_sequence(run_id, stream))
        if run is not None:
            fresh = as_meant(run, fresh)
        evidence = [False] * len(fresh)
        runs: Sequence[Run | None] = [None] * len(fresh)
        if run is not None and fresh:
            judge = [self._steps.may(run_id, epoch, scope, stream)] if scope is not None and epoch is not None else []
            runs, evidence = fold_run(run, fresh, epoch, *judge)
            self._steps.note(epoch, fresh, evidence)
            if scope is not None:
                self.topics.add(steps_topic(run_id))
            self._runs[run_id] = run = runs[-1]
        self._take(run_id, stream, fresh, evidence, runs)
        return Accepted(len(fresh), self.last_sequence(run_id, stream), sum(evidence), run)

    def is_over(self, run_id: str, epoch: int, stream: str, scope: StepScope) -> bool:
        """Whether the attempt of a step worker counts no more: the run has ended or belongs to another epoch, or the
        run worker has given the attempt up. Raises NotFound.
        """
        run = self.run(run_id)
        return run.is_finished or run.epoch != epoch or self._steps.is_over(run_id, epoch, scope, stream)

    def committed(self) -> None:
        """To be called after the commit."""
        self._steps.commit()

    def control(self, run_id: str, events: Sequence[Event]) -> Run:
        """Append events of the control plane itself: they get their place here. Raises InvalidTransition and takes
        none.
        """
        run = self.run(run_id)
        first = self.last_sequence(run_id, CONTROL_STREAM) + 1
        placed = [
            msgspec.structs.replace(event, run_id=run_id, stream=CONTROL_STREAM, sequence=first + index)
            for index, event in enumerate(events)
        ]
        placed = as_meant(run, placed)
        runs, evidence = fold_run(run, placed, None)
        self._take(run_id, CONTROL_STREAM, placed, evidence, runs)
        self._runs[run_id] = run = runs[-1] if runs else run
        return run

    def heard(self, run_id: str, at: datetime, *, write: bool) -> Run:
        """The worker lives: note it (`write`: store the time), and end a disconnection. Raises NotFound."""
        run = self.run(run_id)
        if run.is_finished:
            return run
        if run.disconnected_at is not None:
            run = self.control(run_id, [RunReconnected(at=at)])
        if write and (run.last_heard_at is None or run.last_heard_at < at):
            run = msgspec.structs.replace(run, last_heard_at=at)
        self._runs[run_id] = run
        return run

    def _take(
        self,
        run_id: str,
        stream: str,
        events: Sequence[Event],
        evidence: Sequence[bool],
        after: Sequence[Run | None],
    ) -> None:
        if events:
            self._sequences[run_id, stream] = events[-1].sequence
            self._events.extend(events)
            self._evidence.extend(evidence)
            self._after.extend(after)

    def finish(self) -> None:
        """Store the events, derive, and store what follows."""
        stored = self._store_events()
        after, self._after = self._after, []
        accepted = [(one, run) for one, run in zip(stored, after, strict=True) if not one.evidence]
        self._derive(accepted)
        self._free_slots([one.event for one, _ in accepted])
        for run_id in sorted(self._runs):
            run = self._runs[run_id]
            if run is not self._written[run_id]:
                self._session.runs.put(run)
                self._written[run_id] = run
                self.topics.add("runs")
                if run.retry_at is not None:
                    self.topics.add("retries")
        if stored:
            self.topics.add("events")

    def _store_events(self) -> list[StoredEvent]:
        stored: list[StoredEvent] = []
        start = 0
        for end in range(1, len(self._events) + 1):
            if end == len(self._events) or self._evidence[end] != self._evidence[start]:
                part = self._events[start:end]
                stored.extend(self._session.events.append(part, evidence=self._evidence[start]))
                start = end
        self._events, self._evidence = [], []
        return stored

    def _derive(self, stored: Sequence[tuple[StoredEvent, Run | None]]) -> None:
        facts = self._facts([one.event for one, _ in stored])
        assets: set[AssetKey] = set()
        checks: set[CheckKey] = set()
        for fact in facts.values():
            assets |= fact.asset_keys()
            checks |= fact.check_keys()
        for one, _ in stored:
            event = one.event
            if isinstance(event, (AssetMaterialized, AssetObserved)):
                assets.add(event.asset_key)
            elif isinstance(event, CheckEvaluated):
                checks.add(event.check_key)
            elif isinstance(event, RunPlanned):
                assets.update(event.asset_keys)
                checks.update(event.check_keys)
        if not assets and not checks:
            return
        table = self._session.assets
        derivation = Derivation(table.get(assets) if assets else {}, table.checks(checks) if checks else {})
        for one, run in stored:
            derivation.apply(one, run, facts.get(one.event.run_id, NO_FACTS))
        self._write(derivation)

    def _write(self, derivation: Derivation) -> None:
        states, checks = derivation.changed_assets(), derivation.changed_checks()
        if states:
            self._session.assets.put(states)
        if checks:
            self._session.assets.put_checks(checks)
        for layer in derivation.marks.layers():
            for asset_key in sorted(layer):
                self._session.partitions.mark(asset_key, layer[asset_key])

    def _facts(self, events: Sequence[Event]) -> dict[str, RunFacts]:
        """Facts of the runs whose steps failed or that ended: two short reads a run."""
        run_ids = {event.run_id for event in events if isinstance(event, NEEDS_PLAN)}
        failed = {event.run_id for event in events if isinstance(event, RunFailed)}
        facts: dict[str, RunFacts] = {}
        for run_id in run_ids:
            planned = self._read(run_id, ("run_planned",))
            made = self._read(run_id, ("asset_materialized", "step_skipped")) if planned and run_id in failed else ()
            facts[run_id] = facts_from(planned, made)
        return facts

    def _read(self, run_id: str, kinds: tuple[str, ...]) -> list[StoredEvent]:
        found: list[StoredEvent] = []
        after = 0
        while True:
            page = self._session.events.read(run_id, after=after, limit=1000, kinds=kinds)
            found.extend(page)
            if len(page) < 1000:
                return found
            after = page[-1].id

    def _free_slots(self, events: Sequence[Event]) -> None:
        # A new epoch is another worker: what the last one held is free, its steps have to claim anew.
        over = {
            event.run_id
            for event in events
            if isinstance(event, RUN_ENDS) or (isinstance(event, RunStarting) and event.epoch > 1)
        }
        for run_id in sorted(over):
            self._session.pools.release(run_id)
        if over:
            self.topics.add("queue")
        ends = [event for event in events if isinstance(event, ATTEMPT_ENDS) and event.run_id not in over]
        if ends:
            held = {(slot.run_id, slot.step_key): slot for slot in self._session.pools.slots()}
            for event in ends if held else ():
                slot = held.get((event.run_id, event.step_key or ""))
                if slot is not None and frees(event, slot, self.last_sequence(slot.run_id, worker_stream(slot.epoch))):
                    self._session.pools.release(slot.run_id, slot.step_key)
                    self.topics.add("queue")
