"""Captured output at the gateway: stored as it comes, never waited for longer than a moment.

A log store that does not answer must not hold up anything else: it has few threads, and a worker that is told to try
again later keeps its output and goes on with its events. What was being written then is written all the same; the
worker sends it once more, and it is passed over.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import anyio
import anyio.to_thread

from rostrum.interfaces.doorbell import Doorbell
from rostrum.interfaces.logs import LogStore
from rostrum.model.errors import Conflict, Unavailable
from rostrum.rpc.gateway_wire import LogBatch, LogPart, LogReply

T = TypeVar("T")

THREADS = 12
PATIENCE_SECONDS = 3.0
TOPIC = "logs"
"""What the doorbell rings when output has come."""


class LogWriter:
    """Writes to the log store, off the event loop."""

    def __init__(self, logs: LogStore, doorbell: Doorbell | None) -> None:
        self._logs = logs
        self._doorbell = doorbell
        self._threads = anyio.CapacityLimiter(THREADS)

    async def write(self, check: Callable[[], None], run_id: str, batch: LogBatch) -> LogReply:
        """Store output of a run, after `check`. Raises InvocationError for a name that is none, Unavailable where the
        store does not take it now, and what `check` raises.
        """

        def write() -> LogReply:
            check()
            limits = self._logs.limits
            sizes = tuple(self._append(run_id, part) for part in batch.parts)
            for file_key in batch.complete:
                self._logs.complete(run_id, file_key)
            return LogReply(sizes, limits.head, limits.tail)

        reply = await self._soon(write)
        if self._doorbell is not None:
            self._doorbell.ring(TOPIC)
        return reply

    def _append(self, run_id: str, part: LogPart) -> int:
        place = (run_id, part.file_key, part.stream)
        try:
            return self._logs.append(*place, part.offset, part.data, leave_out=part.left_out)
        except Conflict:  # a gap: say where to go on
            return self._logs.read(*place, 0, 0).size

    async def _soon(self, function: Callable[[], T]) -> T:
        with anyio.move_on_after(PATIENCE_SECONDS):
            return await anyio.to_thread.run_sync(function, limiter=self._threads, abandon_on_cancel=True)
        raise Unavailable("the store of captured output does not answer; trying again is safe")
