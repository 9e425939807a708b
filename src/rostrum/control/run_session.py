"""`StoreSession`: a `RunSession` directly on the store, for runs in the control plane's own process or a script
with its own database.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

from rostrum.control.events import EventLog
from rostrum.control.run_queries import answer_query, change_partitions, orders_for
from rostrum.control.slots import Claim, claim_slot
from rostrum.interfaces.clock import Clock
from rostrum.interfaces.logs import LogStore
from rostrum.interfaces.masks import KNOWN
from rostrum.interfaces.runs import Orders, RunAnswer, RunQuery, StepsLine
from rostrum.interfaces.storage import Session, Storage
from rostrum.model.errors import InvocationError, Unavailable
from rostrum.model.events import Event
from rostrum.model.pools import REFUSED, SlotAnswer, SlotWish
from rostrum.planning.pools import NO_RULES, PoolRules

BATCH_EVENTS = 200
BATCH_SECONDS = 0.1
LOOK_SECONDS = 1.0
"""Pause between two calls of `on_refused`."""


def _nothing() -> None:
    return None


class StoreSession:
    """Appends through `EventLog`. Thread-safe.

    With `batch=True` events wait in memory until there are enough, 0.1 s have passed, or somebody asks: many times
    faster for a run of many small steps. The events of a process that is killed meanwhile are lost with the process.
    """

    def __init__(
        self,
        events: EventLog,
        storage: Storage,
        logs: LogStore,
        run_id: str,
        epoch: int,
        clock: Clock,
        *,
        pools: PoolRules = NO_RULES,
        on_refused: Callable[[], object] = _nothing,
        batch: bool = False,
        steps: StepsLine | None = None,
        on_close: Callable[[], None] | None = None,
    ) -> None:
        self._events = events
        self._storage = storage
        self._logs = logs
        self._run_id = run_id
        self._epoch = epoch
        self._clock = clock
        self._pools = pools
        self._on_refused = on_refused
        self._looked_at = clock.now() - timedelta(seconds=LOOK_SECONDS)
        self._batch = batch
        KNOWN.add_environment()
        self.steps, self._on_close = steps, on_close
        self._pending: list[Event] = []
        self._appended = 0
        """Sequence of the last event."""
        self._since = clock.now()
        self._files: set[str] = set()
        self._lock = threading.RLock()
        """Held while a batch is being stored: batches stay in order whoever flushes."""

    def append(self, events: Sequence[Event]) -> None:
        """Store events, or take them into the batch. Raises InvocationError on a gap."""
        with self._lock:
            if not self._pending:
                self._since = self._clock.now()
            self._pending.extend(events)
            self._appended = events[-1].sequence if events else self._appended
            full = len(self._pending) >= BATCH_EVENTS
            if full or not self._batch or self._clock.now() - self._since >= timedelta(seconds=BATCH_SECONDS):
                self.flush(0.0)

    def read(self, query: RunQuery) -> RunAnswer:
        """Ask the store."""
        self.flush(0.0)
        with self._storage.begin() as session:
            return answer_query(session, query, self._run_id)

    def add_dynamic_partitions(self, name: str, keys: Sequence[str]) -> None:
        """Add keys to a dynamic partitions definition."""
        self._events.call(lambda session: change_partitions(session, name, keys, ())).result()

    def delete_dynamic_partition(self, name: str, key: str) -> None:
        """Remove a key."""
        self._events.call(lambda session: change_partitions(session, name, (), (key,))).result()

    def claim_slot(self, wish: SlotWish, others: Sequence[SlotWish] = ()) -> SlotAnswer:
        """Try to take a slot, once what was appended is stored."""

        def claim(session: Session) -> SlotAnswer:
            run = session.runs.get(self._run_id)
            if run is None:
                return REFUSED
            return claim_slot(session, Claim(run, self._epoch, wish, others, self._appended), self._pools)

        try:
            self.flush(0.0)
            answer = self._events.call(claim).result()
            if not answer.granted and self._clock.now() - self._looked_at >= timedelta(seconds=LOOK_SECONDS):
                self._looked_at = self._clock.now()
                self._on_refused()
        except Unavailable:
            return REFUSED
        return answer

    def heartbeat(self) -> Orders:
        """Say that the worker lives; get orders."""
        self.flush(0.0)
        return orders_for(self._events.heard(self._run_id, self._epoch).result(), self._epoch)

    @property
    def captured_folder(self) -> Path | None:
        return None

    def write_log(self, file_key: str, stream: str, offset: int, data: bytes) -> None:
        """Store captured output, as long as the run is ours."""
        if self._is_ours():
            self._files.add(file_key)
            self._logs.append(self._run_id, file_key, stream, offset, KNOWN.data(data))

    def complete_log(self, file_key: str) -> None:
        """Mark both streams complete."""
        self._files.discard(file_key)
        if self._is_ours():
            self._logs.complete(self._run_id, file_key)

    def _is_ours(self) -> bool:
        with self._storage.begin() as session:
            run = session.runs.get(self._run_id)
        return run is not None and run.epoch == self._epoch

    def flush(self, seconds: float) -> bool:
        """Store what waits in the batch. Always True, or raises."""
        with self._lock:
            batch = [KNOWN.event(event) for event in self._pending] if KNOWN else self._pending
            if batch:
                result = self._events.append(self._run_id, self._epoch, batch)
                self._pending = []
                if result.last_sequence < batch[-1].sequence:
                    due = result.last_sequence + 1
                    raise InvocationError(f"event {batch[-1].sequence} of run {self._run_id} came where {due} was due")
        return True

    def close(self) -> None:
        """Store what is left and mark captured output complete."""
        self.flush(0.0)
        for file_key in sorted(self._files):
            self.complete_log(file_key)
        if self._on_close is not None:
            self._on_close()
