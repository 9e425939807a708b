"""A run worker as a process of its own, for tests that kill it: `worker_main.py <job> <executor> <start method>
<folder>`.

Writes each event's kind, step and pid to `<folder>/events` as it is appended.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from rostrum.definitions.location.loading import CodeTarget, load_definitions
from rostrum.execution.workers.run_worker import execute_run
from rostrum.executors.in_process import InProcessExecutor
from rostrum.executors.multiprocess import MultiprocessExecutor
from rostrum.model.events import Event
from rostrum.model.runs import RunTarget
from rostrum.service.clock import SystemClock
from rostrum.testing.conformance.executors.bench import CODE
from rostrum.testing.run_sessions import FakeRunSession


def main(job: str, executor: str, start_method: str, folder: str) -> int:
    target = CodeTarget(module_name=CODE)
    session = FakeRunSession.started(RunTarget("test", job), SystemClock())
    told = (Path(folder) / "events").open("a", buffering=1)
    keep = session.append

    def append(events: Sequence[Event]) -> None:
        keep(events)
        for event in events:
            print(event.kind, event.step_key, getattr(event, "pid", ""), event.sequence, file=told)

    session.append = append
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    chosen = (
        InProcessExecutor()
        if executor == "in_process"
        else MultiprocessExecutor(
            2, start_method=start_method, grace_seconds=0.6, default="thread" if executor == "shared" else "process"
        )
    )
    done = execute_run(
        load_definitions(target),
        session.run,
        session,
        executor=chosen,
        clock=SystemClock(),
        stop=stop,
        capture=Path(folder) / "logs",
        target=target,
    )
    return 0 if done else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
