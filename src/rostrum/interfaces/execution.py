"""Running the steps of a plan."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Protocol

from rostrum.interfaces.runs import EventSink
from rostrum.model.events import Event
from rostrum.model.plans import Plan, Step


class StepRunner(Protocol):
    """Executes one attempt of one step in the calling process. Knows the live definitions; owns user code and its errors."""

    def run_step(self, step: Step, attempt: int, emit: Callable[[Event], None]) -> str:
        """Run one attempt: `emit` its events, ending with one of `step_succeeded`, `step_failed`, `step_retrying`, `step_skipped`.

        Returns the kind of that last event. Never raises for user errors. KeyboardInterrupt (cancel) ends with `step_canceled`.
        """
        ...

    def expand(self, step: Step) -> list[Step]:
        """Mapped steps of a dynamic step that has succeeded (empty when it is not dynamic)."""
        ...

    def open(self, steps: list[Step], emit: Callable[[Event], None]) -> bool:
        """Set up the resources that these steps need in this process (once a process). False when that failed (events tell)."""
        ...

    def close(self) -> None:
        """Tear resources down."""
        ...


class Executor(Protocol):
    """Executes a plan: decides where each step runs."""

    name: str

    def execute(self, plan: Plan, runner: StepRunner, sink: EventSink, stamp: Callable[[Event], Event], stop: threading.Event) -> bool:
        """Run all steps in order of their dependencies; True when none failed.

        `stamp` gives an event its place in the run's stream; the executor calls it for every event, in the order of appending, from one
        thread. When `stop` is set no further step starts and running ones are interrupted, then killed.
        """
        ...


class LocalRunner(Protocol):
    """What definitions call to execute in process (`materialize`, `execute_in_process`); loaded by the entry point `rostrum.local_runner`."""

    def execute(self, definitions: Any, **options: Any) -> Any:
        """Execute a job of live definitions in this process; returns an `ExecutionResult`."""
        ...
