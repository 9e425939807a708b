"""A run or a step executed again for debugging: with recorded config and inputs, in this process, leaving no trace.

What the replay makes stays in its memory; what was made before comes from where it was stored. Nothing is recorded, no
IO manager of the user's is asked to store anything, no hook is called, and output is not captured: breakpoints work.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from copy import copy
from typing import Any

import msgspec

from rostrum.definitions.location.live import Resolved
from rostrum.execution.plugins import EXECUTORS, IO_MANAGERS, plugin
from rostrum.execution.sessions import MemoryRunSession
from rostrum.execution.workers.run_worker import RunWork
from rostrum.interfaces.clock import Clock
from rostrum.interfaces.io import IOManager
from rostrum.model.errors import NotFound
from rostrum.model.events import CONTROL_STREAM, AnyEvent, Event, RunQueued, RunStarting
from rostrum.model.runs import Run


class Replayed(msgspec.Struct, frozen=True):
    """What a replay has shown."""

    run: Run
    events: Sequence[AnyEvent]
    raised: BaseException | None
    """What the user's code raised first, with its traceback."""


class _Apart:
    """Keeps what the replay makes and asks the bound IO manager for the rest."""

    def __init__(self, made: Any, stored: IOManager) -> None:
        self._made, self._stored = made, stored

    def handle_output(self, context: Any, value: Any) -> None:
        self._made.handle_output(context, value)

    def load_input(self, context: Any) -> Any:
        try:
            return self._made.load_input(context)
        except NotFound:  # not of this replay
            return self._stored.load_input(context)


def replay(
    resolved: Resolved,
    run: Run,
    clock: Clock,
    *,
    stored: Callable[[], IOManager],
    target: Any = None,
    stop: threading.Event | None = None,
    watch: Callable[[AnyEvent], None] | None = None,
) -> Replayed:
    """Execute `run`, which names in `output_origins` where the inputs are that it does not make. `stored` makes the IO
    manager where the user bound none; `target`: where the code came from; `watch` is called with each event.
    """
    session = _Watched(run, watch)
    now = clock.now()
    begin = (RunQueued(at=now), RunStarting(at=now, epoch=1))
    for number, event in enumerate(begin, 1):
        session.append([msgspec.structs.replace(event, run_id=run.run_id, stream=CONTROL_STREAM, sequence=number)])
    quiet = copy(resolved)
    quiet.hooks = {}
    work = RunWork(quiet, session.run, session, clock, stop or threading.Event())
    made = plugin(IO_MANAGERS, "memory")()
    work.default_io_manager, work.target, work.heartbeat = stored, target, False
    work.around_io_manager = lambda manager: _Apart(made, manager)
    work.run(plugin(EXECUTORS, "in_process")(retries=False))
    first = next((error for error in work.runner.endings.raised.values()), None) if work.runner is not None else None
    return Replayed(session.run, session.events, first or work.exception)


class _Watched(MemoryRunSession):
    def __init__(self, run: Run, watch: Callable[[AnyEvent], None] | None) -> None:
        super().__init__(run)
        self._watch = watch

    def append(self, events: Sequence[Event]) -> None:
        super().append(events)
        if self._watch is not None:
            for event in events:
                self._watch(event)  # type: ignore[arg-type] - all kinds are
