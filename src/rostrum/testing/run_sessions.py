"""A run session for tests: records what a worker does, and can give orders, be away, have few slots."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from rostrum.execution.sessions import MemoryRunSession
from rostrum.interfaces.clock import Clock
from rostrum.interfaces.runs import Orders, RunAnswer, RunQuery
from rostrum.model.errors import Unavailable
from rostrum.model.events import ATTEMPT_ENDS, CONTROL_STREAM, Event, RunQueued, RunStarting
from rostrum.model.pools import GRANTED, SlotAnswer, SlotWish
from rostrum.model.runs import Run, RunTarget


class FakeRunSession(MemoryRunSession):
    """Implements `RunSession`. `events` are the worker's; `run` is what follows from them. Thread-safe for the
    settings.

    `away`: questions raise Unavailable, heartbeats bring no orders. `orders`: what the next heartbeats bring. `slots`:
    size of each limited pool. `logs`: captured output by (file key, stream).
    """

    def __init__(self, run: Run, *, slots: Mapping[str, int] | None = None) -> None:
        super().__init__(run)
        self.away = False
        self.orders = Orders()
        self.heartbeats = 0
        self.slots = dict(slots or {})
        self.held: dict[str, str] = {}
        """step key -> pool"""
        self.most_held = 0
        self.logs: dict[tuple[str, str], bytearray] = {}
        self.completed: list[str] = []
        """Keys of the log files that were said to be complete."""
        self.appended = threading.Condition()

    @classmethod
    def started(cls, target: RunTarget, clock: Clock, **run_fields: object) -> FakeRunSession:
        """A session of a fresh run that has been admitted as epoch 1."""
        run = Run(run_id=clock.new_id(), target=target, created_at=clock.now(), **run_fields)  # type: ignore[arg-type]
        place: dict[str, Any] = {"run_id": run.run_id, "stream": CONTROL_STREAM, "at": clock.now()}
        for event in (RunQueued(sequence=1, **place), RunStarting(sequence=2, epoch=1, **place)):
            run = run.after(event)
        return cls(run)

    def append(self, events: Sequence[Event]) -> None:
        """Keep the events and wake who waits for them."""
        super().append(events)
        for event in events:
            if isinstance(event, ATTEMPT_ENDS):
                self.held.pop(event.step_key or "", None)
        with self.appended:
            self.appended.notify_all()

    def read(self, query: RunQuery) -> RunAnswer:
        """Answer, unless away."""
        self._reachable()
        return super().read(query)

    def add_dynamic_partitions(self, name: str, keys: Sequence[str]) -> None:
        self._reachable()
        super().add_dynamic_partitions(name, keys)

    def claim_slot(self, wish: SlotWish, others: Sequence[SlotWish] = ()) -> SlotAnswer:
        limit, holders = self.slots.get(wish.pool), [key for key, held in self.held.items() if held == wish.pool]
        if limit is not None and len(holders) >= limit and wish.step_key not in holders:
            return SlotAnswer(False, limit, tuple(f"{self.run.run_id}:{key}" for key in holders))
        self.held[wish.step_key] = wish.pool
        self.most_held = max(self.most_held, len(self.held))
        return GRANTED

    def heartbeat(self) -> Orders:
        self.heartbeats += 1
        return Orders() if self.away else self.orders

    def write_log(self, file_key: str, stream: str, offset: int, data: bytes) -> None:
        """Keep output; a gap is an error of the worker."""
        stored = self.logs.setdefault((file_key, stream), bytearray())
        if file_key in self.completed:
            raise AssertionError(f"{file_key}.{stream}: written after it was complete")
        if offset > len(stored):
            raise AssertionError(f"{file_key}.{stream}: {offset} written after {len(stored)}")
        stored[offset : offset + len(data)] = data

    def complete_log(self, file_key: str) -> None:
        """Keep the key."""
        self.completed.append(file_key)

    def wait_for(self, kind: str, step_key: str | None = None, seconds: float = 10.0) -> bool:
        """Block until such an event has been appended; False when it did not come in time (real seconds)."""

        def came() -> bool:
            return any(e.kind == kind and (step_key is None or e.step_key == step_key) for e in list(self.events))

        with self.appended:
            return self.appended.wait_for(came, seconds)

    def _reachable(self) -> None:
        if self.away:
            raise Unavailable("the control plane is away (told so by the test)")
