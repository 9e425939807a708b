"""Python's output in a process in which attempts of several runs run beside each other, as in a cluster's worker that
has threads: told apart by context, as `attribution` does for the attempts of one run.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any, TextIO, cast

from rostrum.execution.active import ACTIVE
from rostrum.execution.output.attribution import Attribution, StepStream
from rostrum.execution.output.logs import RunLog
from rostrum.interfaces.clock import Clock


class RunOutput(Attribution):
    """The attempts of one run, whose log is not alone in its process: what writes outside of its context is not its."""

    def output(self) -> Any:
        """Where code that runs here writes; None: nothing of this run."""
        active = self._log.current()
        if active is None or active.has_ended:
            return None
        return active.output or self._begin(active)


class SharedOutput:
    """Replaces `sys.stdout` and `sys.stderr` while any run has joined."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs: dict[RunLog, RunOutput] = {}
        self._below: tuple[TextIO, TextIO] | None = None

    def join(self, log: RunLog, folder: Path, clock: Clock, epoch: int) -> RunOutput:
        """From now on output of this run's attempts goes to files in the folder."""
        log.is_alone = False
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        run = RunOutput(folder, log, clock, epoch)
        with self._lock:
            self._runs[log] = run
            if self._below is None:
                below = self._below = sys.stdout, sys.stderr
                ours = [StepStream(cast(Attribution, self), number, stream) for number, stream in enumerate(below)]
                sys.stdout, sys.stderr = cast("list[TextIO]", ours)
        return run

    def leave(self, log: RunLog) -> None:
        """The run writes nothing more here."""
        with self._lock:
            run = self._runs.pop(log, None)
            if run is not None:
                run.stop()
            if not self._runs and self._below is not None:
                sys.stdout, sys.stderr = self._below
                self._below = None

    def output(self) -> Any:
        """Where code that runs here writes; None: where the process does."""
        active = ACTIVE.get()
        while active is not None:
            run = self._runs.get(active.run_log)
            if run is not None:
                return run.output()
            active = active.around
        return None


SHARED = SharedOutput()
"""Of this process."""
