"""Run sessions of this layer: one in memory, for runs without a control plane, and one that asks the run worker over a
line.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from rostrum.interfaces.masks import KNOWN
from rostrum.interfaces.runs import (
    Orders,
    ReadAssets,
    ReadDynamicPartitions,
    ReadMaterializations,
    ReadPartitions,
    ReadRuns,
    ReadSteps,
    RunAnswer,
    RunQuery,
    RunSession,
    StepsLine,
)
from rostrum.model.assets import AssetKey, AssetState
from rostrum.model.errors import InvalidTransition, RostrumError, Unavailable
from rostrum.model.events import AnyEvent, AssetMaterialized, Event
from rostrum.model.pools import GRANTED, SlotAnswer, SlotWish
from rostrum.model.runs import Run


class MemoryRunSession:
    """Keeps the events of one run and folds `Run.after` over them: what a control plane would, without one."""

    steps: StepsLine | None = None

    def __init__(self, run: Run) -> None:
        self.run = run
        self.events: list[AnyEvent] = []
        self._dynamic: dict[str, list[str]] = {}

    def append(self, events: Sequence[Event]) -> None:
        """Keep the events; one that cannot follow changes nothing."""
        for event in events:
            self.events.append(event)  # type: ignore[arg-type]
            try:
                self.run = self.run.after(event)  # type: ignore[arg-type]
            except InvalidTransition:
                continue

    def read(self, query: RunQuery) -> RunAnswer:
        """Answer from this run's own events: nothing else is known here."""
        if isinstance(query, ReadDynamicPartitions):
            return RunAnswer(keys=tuple(self._dynamic.get(query.name, ())))
        if isinstance(query, ReadMaterializations):
            found = [e for e in self._made(query.asset_key) if query.partition_key in (None, e.partition_key)]
            return RunAnswer(events=tuple(found[::-1][: query.limit]))
        if isinstance(query, ReadPartitions):
            return RunAnswer(
                partitions={e.partition_key: "materialized" for e in self._made(query.asset_key) if e.partition_key}
            )
        if isinstance(query, ReadRuns):
            asked = not query.run_ids or self.run.run_id in query.run_ids
            return RunAnswer(runs=(msgspec.structs.replace(self.run, config={}),) if asked else ())
        if isinstance(query, ReadSteps):
            return RunAnswer(events=tuple(self.events))
        return RunAnswer(assets=tuple(state for key in query.asset_keys if (state := self._state(key))))

    def add_dynamic_partitions(self, name: str, keys: Sequence[str]) -> None:
        present = self._dynamic.setdefault(name, [])
        present.extend(key for key in dict.fromkeys(keys) if key not in present)

    def delete_dynamic_partition(self, name: str, key: str) -> None:
        if key in self._dynamic.get(name, ()):
            self._dynamic[name].remove(key)

    def claim_slot(self, wish: SlotWish, others: Sequence[SlotWish] = ()) -> SlotAnswer:
        """Pools are the control plane's: without one nothing limits."""
        return GRANTED

    def heartbeat(self) -> Orders:
        return Orders()

    @property
    def captured_folder(self) -> Path | None:
        return None

    def write_log(self, file_key: str, stream: str, offset: int, data: bytes) -> None:
        """Captured output is not kept."""

    def complete_log(self, file_key: str) -> None:
        """Nothing is kept that could be complete."""

    def flush(self, seconds: float) -> bool:
        return True

    def close(self) -> None:
        """Nothing is held."""

    def _made(self, key: AssetKey) -> list[AssetMaterialized]:
        return [event for event in self.events if isinstance(event, AssetMaterialized) and event.asset_key == key]

    def _state(self, key: AssetKey) -> AssetState | None:
        made = self._made(key)
        if not made:
            return None
        last = made[-1]
        return AssetState(
            key,
            last_materialized_at=last.at,
            last_materialized_run_id=last.run_id,
            last_partition_key=last.partition_key,
            data_version=last.data_version,
            code_version=last.code_version,
            metadata=last.metadata,
        )


class _Ask(msgspec.Struct, frozen=True, tag="read", tag_field="ask"):
    query: RunQuery


class _AddKeys(msgspec.Struct, frozen=True, tag="add_keys", tag_field="ask"):
    name: str
    keys: tuple[str, ...]


class _DeleteKey(msgspec.Struct, frozen=True, tag="delete_key", tag_field="ask"):
    name: str
    key: str


class _Cover(msgspec.Struct, frozen=True, tag="cover", tag_field="ask"):
    values: tuple[str, ...]


class _Reply(msgspec.Struct, frozen=True):
    answer: RunAnswer = RunAnswer()
    error: str | None = None
    retryable: bool = False


_question = msgspec.msgpack.Decoder(_Ask | _AddKeys | _DeleteKey | _Cover)
_reply = msgspec.msgpack.Decoder(_Reply)


def answer_question(session: RunSession, question: bytes) -> bytes:
    """Answer what a `LineSession` asks, from the real session. A failing question is an answer too."""
    try:
        asked = _question.decode(question)
        if isinstance(asked, _Ask):
            return msgspec.msgpack.encode(_Reply(session.read(asked.query)))
        if isinstance(asked, _Cover):
            KNOWN.add(asked.values)
        elif isinstance(asked, _AddKeys):
            session.add_dynamic_partitions(asked.name, asked.keys)
        else:
            session.delete_dynamic_partition(asked.name, asked.key)
    except RostrumError as error:
        return msgspec.msgpack.encode(_Reply(error=str(error), retryable=error.retryable))
    except msgspec.MsgspecError as error:
        return msgspec.msgpack.encode(_Reply(error=f"what is asked cannot be read: {error}"))
    return msgspec.msgpack.encode(_Reply())


class LineSession:
    """The session of a step worker: events go down the line, questions are answered by the run worker. Threads may
    share it.
    """

    steps: StepsLine | None = None

    def __init__(self, send_events: Callable[[Sequence[Event]], None], ask: Callable[[bytes], bytes]) -> None:
        self._send_events, self._ask_line = send_events, ask
        self._lock = threading.Lock()

    def append(self, events: Sequence[Event]) -> None:
        self._send_events(events)

    def read(self, query: RunQuery) -> RunAnswer:
        return self._ask(_Ask(query))

    def add_dynamic_partitions(self, name: str, keys: Sequence[str]) -> None:
        self._ask(_AddKeys(name, tuple(keys)))

    def delete_dynamic_partition(self, name: str, key: str) -> None:
        self._ask(_DeleteKey(name, key))

    def cover(self, values: Sequence[str]) -> None:
        """Tell of secrets: nothing that is written after this leaves the run worker with them in it."""
        with contextlib.suppress(RostrumError):  # without a run worker nothing leaves at all
            self._ask(_Cover(tuple(values)))

    def claim_slot(self, wish: SlotWish, others: Sequence[SlotWish] = ()) -> SlotAnswer:
        """The run worker has claimed the slot before this process was started."""
        return GRANTED

    def heartbeat(self) -> Orders:
        return Orders()

    @property
    def captured_folder(self) -> Path | None:
        return None

    def write_log(self, file_key: str, stream: str, offset: int, data: bytes) -> None:
        """The run worker reads the files."""

    def complete_log(self, file_key: str) -> None:
        """The run worker sees the end of this process."""

    def flush(self, seconds: float) -> bool:
        return True

    def close(self) -> None:
        """The line belongs to the process."""

    def _ask(self, question: Any) -> RunAnswer:
        with self._lock:
            reply = _reply.decode(self._ask_line(msgspec.msgpack.encode(question)))
        if reply.error is not None:
            raise Unavailable(reply.error) if reply.retryable else RostrumError(reply.error)
        return reply.answer


def latest_states(session: RunSession, keys: Sequence[AssetKey]) -> Sequence[AssetState]:
    """States of assets as the control plane knows them; none while it is away (versions are information, not
    correctness).
    """
    if not keys:
        return ()
    try:
        return session.read(ReadAssets(tuple(keys))).assets
    except RostrumError:
        return ()
