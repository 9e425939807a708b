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
from rostrum.rpc.gateway_wire import LogReply

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

    async def append(
        self, check: Callable[[], None], place: tuple[str, str, str], offset: int, data: bytes, *, leave_out: bool
    ) -> tuple[LogReply, int]:
        """Store output at `place` (run, file key, stream) after `check`; what to answer: sizes, and status 409 for a
        gap. Raises Unavailable where the store does not take it now, and what `check` raises.
        """

        def append() -> tuple[LogReply, int]:
            check()
            limits = self._logs.limits
            try:
                size, status = self._logs.append(*place, offset, data, leave_out=leave_out), 200
            except Conflict:  # a gap: say where to go on
                size, status = self._logs.read(*place, 0, 0).size, 409
            return LogReply(size, limits.head, limits.tail), status

        reply = await self._soon(append)
        if data and self._doorbell is not None:
            self._doorbell.ring(TOPIC)
        return reply

    async def complete(self, check: Callable[[], None], run_id: str, file_key: str) -> None:
        """Mark both streams complete, after `check`."""

        def complete() -> None:
            check()
            self._logs.complete(run_id, file_key)

        await self._soon(complete)
        if self._doorbell is not None:
            self._doorbell.ring(TOPIC)

    async def _soon(self, function: Callable[[], T]) -> T:
        with anyio.move_on_after(PATIENCE_SECONDS):
            return await anyio.to_thread.run_sync(function, limiter=self._threads, abandon_on_cancel=True)
        raise Unavailable("the store of captured output does not answer; trying again is safe")
