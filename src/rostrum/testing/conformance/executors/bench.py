"""How the suite runs a job: a worker's body with a fake session, and looks at what came of it."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rostrum.definitions.location.definitions import Definitions
from rostrum.definitions.location.loading import CodeTarget
from rostrum.execution.workers.run_worker import execute_run
from rostrum.interfaces.execution import Executor
from rostrum.interfaces.runs import Orders
from rostrum.model.events import AnyEvent, LogsCaptured
from rostrum.model.runs import RunTarget
from rostrum.service.clock import SystemClock
from rostrum.testing.run_sessions import FakeRunSession

CODE = "rostrum.testing.conformance.executors.code"


class Bench:
    """Runs jobs of the suite's code with one executor; `folder` is the run's home, spool and place for marks."""

    def __init__(
        self, make: Callable[[], Executor], definitions: Definitions, folder: Path, module: str = CODE
    ) -> None:
        self._make, self._definitions, self.folder, self._module = make, definitions, folder, module
        self.clock = SystemClock()
        self.session: FakeRunSession | None = None

    def run(
        self,
        job: str,
        *,
        slots: dict[str, int] | None = None,
        cancel_after: tuple[str, str] | None = None,
        partition_key: str | None = None,
    ) -> FakeRunSession:
        """Execute a job to its end; `cancel_after`: (kind, step key) of the event after which the order to cancel is
        given.
        """
        session = FakeRunSession.started(RunTarget("test", job, partition_key=partition_key), self.clock)
        session.slots = dict(slots or {})
        canceler = None
        if cancel_after is not None:
            canceler = threading.Thread(target=_cancel, args=(session, *cancel_after))
            canceler.start()
        execute_run(
            self._definitions,
            session.run,
            session,
            executor=self._make(),
            clock=self.clock,
            stop=threading.Event(),
            capture=self.folder / "logs",
            target=CodeTarget(module_name=self._module),
        )
        if canceler is not None:
            canceler.join()
        self.session = session
        return session

    def value(self, session: FakeRunSession, step_key: str) -> Any:
        """The stored value of a step's output."""
        path = self.folder / "home" / "storage" / session.run.run_id / step_key / "result"
        return pickle.loads(path.read_bytes())  # noqa: S301 - written by the test itself


def _cancel(session: FakeRunSession, kind: str, step_key: str) -> None:
    assert session.wait_for(kind, step_key)
    session.orders = Orders(cancel=True)


def kinds(session: FakeRunSession, step_key: str | None = None) -> list[str]:
    """Kinds of the worker's events, of one step where it is named."""
    return [event.kind for event in session.events if step_key is None or event.step_key == step_key]


def output(session: FakeRunSession, step_key: str, stream: str = "out") -> bytes:
    """All that the log files have that a step's output is in."""
    files = [e.file_key for e in session.events if isinstance(e, LogsCaptured) and step_key in e.step_keys]
    return b"".join(bytes(session.logs.get((key, stream), b"")) for key in files)


def only(session: FakeRunSession, kind: str, step_key: str | None = None) -> Any:
    """The one event of a kind."""
    found: list[AnyEvent] = [
        e for e in session.events if e.kind == kind and (step_key is None or e.step_key == step_key)
    ]
    assert len(found) == 1, f"{len(found)} events {kind} of {step_key}: {kinds(session)}"
    return found[0]
