"""Live events for browsers: one reader of the event store for all of them, server-sent events to each.

The reader is level-triggered: it reads what is new after its cursor; the doorbell only wakes it sooner.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from rostrum.interfaces.doorbell import Doorbell
from rostrum.interfaces.logs import LogStore
from rostrum.interfaces.storage import Session, Storage
from rostrum.model import events as ev
from rostrum.model.assets import AssetKey, CheckKey
from rostrum.model.events import StoredEvent
from rostrum.web.logs import WatchedLogs

IDLE_SECONDS = 1.0
"""How long the reader waits at most before it looks again."""
KEEP_ALIVE_SECONDS = 15.0
RESUME_LIMIT = 5000
"""How many events back a stream can resume; beyond it the client is told to fetch anew."""
BACKLOG = 1000
"""Messages a slow client may be behind before it is told to fetch anew."""

_BATCH_SECONDS = 0.05
_WITHOUT_EVENTS = {"schedules": "automation", "locations": "location", "limits": "limits"}
"""Doorbell -> topic of the message, of what changes without an event."""
_TOPICS = ("events", "logs", *_WITHOUT_EVENTS)
"""What wakes the reader."""


@dataclass(eq=False)
class _Subscriber:
    loop: asyncio.AbstractEventLoop
    queue: asyncio.Queue[bytes] = field(default_factory=lambda: asyncio.Queue(BACKLOG))

    def offer(self, messages: Sequence[bytes]) -> None:
        self.loop.call_soon_threadsafe(self._put, messages)

    def _put(self, messages: Sequence[bytes]) -> None:
        for message in messages:
            if self.queue.full():
                while not self.queue.empty():
                    self.queue.get_nowait()
                self.queue.put_nowait(_message(None, {"topic": "reset"}))
            else:
                self.queue.put_nowait(message)


class Live:
    """Tells subscribers what has changed. Starts its reader with the first one; `stop` ends it."""

    def __init__(
        self, storage: Storage, logs: LogStore, doorbell: Doorbell, watched: WatchedLogs | None = None
    ) -> None:
        self._watched = watched or WatchedLogs()
        self._rung = threading.Event()
        self._storage = storage
        self._logs = logs
        self._doorbell = doorbell
        self._subscribers: set[_Subscriber] = set()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    async def stream(self, last_id: int | None, may_read: Callable[[], bool]) -> AsyncIterator[bytes]:
        """Server-sent events from `last_id` on (None: from now on). Ends soon after `may_read` says no: it is asked
        again with every keep-alive.
        """
        subscriber = _Subscriber(asyncio.get_running_loop())
        cursor = await asyncio.to_thread(self._subscribe, subscriber)
        try:
            # A resumed stream must not be told a place that it has not reached: it may break before the replay.
            yield b"retry: 1000\n" + _message(cursor if last_id is None else None, {"topic": "hello"})
            if last_id is not None and last_id < cursor:
                for message in await asyncio.to_thread(self._replay, last_id, cursor):
                    yield message
            check_at = subscriber.loop.time() + KEEP_ALIVE_SECONDS
            while True:
                try:
                    left = max(check_at - subscriber.loop.time(), 0)
                    message = await asyncio.wait_for(subscriber.queue.get(), left)
                except TimeoutError:
                    message = b": still here\n\n"
                if subscriber.loop.time() >= check_at:
                    if not await asyncio.to_thread(may_read):
                        return
                    check_at = subscriber.loop.time() + KEEP_ALIVE_SECONDS
                yield message
        finally:
            with self._lock:
                self._subscribers.discard(subscriber)

    def stop(self) -> None:
        """End the reader."""
        self._stop.set()
        self._rung.set()
        if self._thread is not None:
            self._thread.join(5)

    def _subscribe(self, subscriber: _Subscriber) -> int:
        with self._storage.begin() as session:
            cursor = session.events.last_id()
        with self._lock:
            self._subscribers.add(subscriber)
            if self._thread is None:
                self._thread = threading.Thread(target=self._read, args=(cursor,), name="live", daemon=True)
                self._thread.start()
        return cursor

    def _replay(self, last_id: int, until: int) -> list[bytes]:
        with self._storage.begin() as session:
            stored = session.events.tail(last_id, RESUME_LIMIT)
            if stored and stored[-1].id < until:
                return [_message(until, {"topic": "reset"})]
            return list(messages(session, stored))

    def _read(self, cursor: int) -> None:
        seen = {topic: self._doorbell.count(topic) for topic in _TOPICS}  # asked for, so that rings come here
        unsubscribe = self._doorbell.subscribe(lambda topic: self._rung.set() if topic in _TOPICS else None)
        try:
            self._tell(cursor, seen)
        finally:
            unsubscribe()

    def _tell(self, cursor: int, seen: dict[str, int]) -> None:
        while not self._stop.is_set():
            self._rung.wait(IDLE_SECONDS if self._subscribers else 5.0)
            self._rung.clear()
            self._stop.wait(_BATCH_SECONDS)  # gather a burst into one message a run
            if not self._subscribers:
                with self._lock:
                    if not self._subscribers:
                        self._thread = None
                        return
            told, cursor = self._look(cursor)
            for topic, name in _WITHOUT_EVENTS.items():
                count = self._doorbell.count(topic)
                if count != seen[topic]:
                    seen[topic] = count
                    told.append(_message(cursor, {"topic": name}))
            if told:
                with self._lock:
                    for subscriber in self._subscribers:
                        subscriber.offer(told)

    def _look(self, cursor: int) -> tuple[list[bytes], int]:
        try:
            with self._storage.begin() as session:
                stored = session.events.tail(cursor, RESUME_LIMIT)
                told = list(messages(session, stored))
                going = {run.run_id for run in session.runs.in_progress()}
        except Exception:  # noqa: BLE001 - the database may be away: the next look tells all
            return [], cursor
        grown = self._watched.grown(self._logs, going.__contains__)
        told += [_message(cursor, {"topic": "logs", "runId": run_id}) for run_id in grown]
        return told, stored[-1].id if stored else cursor


def messages(session: Session, stored: Sequence[StoredEvent]) -> Iterable[bytes]:
    """What a batch of events means to the screen: one message a run, asset, check and location that changed."""
    if not stored:
        return
    cursor = stored[-1].id
    last_of: dict[str, int] = {}
    assets: dict[AssetKey, None] = {}
    checks: dict[CheckKey, None] = {}
    for item in stored:
        event = item.event
        if event.run_id:
            last_of[event.run_id] = item.id
        if isinstance(event, ev.AssetMaterialized | ev.AssetObserved):
            assets[event.asset_key] = None
        elif isinstance(event, ev.CheckEvaluated):
            checks[event.check_key] = None
        elif isinstance(event, ev.RunPlanned):
            assets.update(dict.fromkeys(event.asset_keys))
            checks.update(dict.fromkeys(event.check_keys))
        elif isinstance(event, ev.LocationUpdated):
            yield _message(
                cursor, {"topic": "location", "name": event.location, "status": "failed" if event.error else "ready"}
            )
    for run_id, last_id in {**_repeated(session, stored), **last_of}.items():
        run = session.runs.get(run_id)
        if run is None:
            continue
        if run.is_finished:
            assets.update(dict.fromkeys(run.target.asset_selection))
        fields = {
            "topic": "run",
            "id": run_id,
            "status": run.status.value,
            "stepsDone": run.steps_done,
            "stepsTotal": run.steps_total,
        }
        yield _message(cursor, fields | {"disconnected": run.disconnected_at is not None, "endedAt": run.ended_at})
        yield _message(cursor, {"topic": "events", "runId": run_id, "lastId": last_id})
    for key, state in session.assets.get(assets).items():
        last_at = int(state.last_materialized_at.timestamp() * 1000) if state.last_materialized_at else None
        yield _message(
            cursor,
            {
                "topic": "asset",
                "key": str(key),
                "status": state.status,
                "lastAt": last_at,
                "runId": state.last_materialized_run_id,
            },
        )
    for check, found in session.assets.checks(checks).items() if checks else ():
        yield _message(
            cursor, {"topic": "check", "assetKey": str(check.asset_key), "name": check.name, "status": found.status}
        )


def _message(cursor: int | None, fields: dict[str, Any]) -> bytes:
    head = b"id: %d\n" % cursor if cursor is not None else b""
    return head + b"data: " + msgspec.json.encode(fields) + b"\n\n"


def _repeated(session: Session, stored: Sequence[StoredEvent]) -> dict[str, int]:
    """Runs that others have been queued to repeat: they have changed, too, without an event of their own."""
    found: dict[str, int] = {}
    for item in stored:
        run = session.runs.get(item.event.run_id) if isinstance(item.event, ev.RunQueued) else None
        if run is not None and run.parent_run_id is not None:
            found[run.parent_run_id] = item.id
    return found
