"""A launcher of real processes of this machine, for tests: it starts the very commands that containers are started
with, and tells them what they need through their environment only. The plainest `Launcher` there is.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from rostrum.interfaces.launching import LaunchSpec, WorkerRef, WorkerStatus
from rostrum.interfaces.worker_environment import worker_command, worker_variables

RUNNER = (sys.executable, "-m", "rostrum.cli.main")
_Key = tuple[str, int, str | None, int]


class ProcessLauncher:
    """Implements `Launcher`. Thread-safe. `folder`: where the processes work and what they write is kept;
    `environment`: what they get beside what they are told (of this process's they inherit nothing); `command`: started
    in place of `rostrum`, with the same arguments.
    """

    def __init__(
        self, folder: Path, environment: Mapping[str, str] | None = None, command: Sequence[str] = RUNNER
    ) -> None:
        self._folder, self._environment, self._command = folder, dict(environment or {}), list(command)
        self._lock = threading.Lock()
        self.processes: dict[_Key, subprocess.Popen[bytes]] = {}
        """By run, epoch, step and attempt."""

    def launch(self, spec: LaunchSpec) -> WorkerRef:
        """Start a process, unless it has been started before."""
        step = spec.step
        key: _Key = (spec.run.run_id, spec.epoch, step.step_key if step else None, step.attempt if step else 0)
        with self._lock:
            if key not in self.processes:
                self.processes[key] = self._start(spec, key)
        return self._ref(key)

    def terminate(self, ref: WorkerRef, *, force: bool) -> None:
        """SIGTERM for the process; `force`: SIGKILL for all of its group."""
        process = self.processes.get(_key(ref))
        if process is None or process.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            if force:
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.terminate()

    def inspect(self, ref: WorkerRef) -> WorkerStatus:
        """What is known of the process."""
        process = self.processes.get(_key(ref))
        if process is None:
            return WorkerStatus(state="unknown", reason="it was not started here")
        code = process.poll()
        if code is None:
            return WorkerStatus(state="running")
        return WorkerStatus(state="exited", exit_code=code if code >= 0 else None, signal=-code if code < 0 else None)

    def adopt(self, run_ids: list[str]) -> list[WorkerRef]:
        """Processes of these runs that live."""
        living = [key for key, process in list(self.processes.items()) if process.poll() is None]
        return [self._ref(key) for key in living if key[0] in run_ids]

    def close(self) -> None:
        """Kill all and wait for them."""
        for key, process in self.processes.items():
            self.terminate(self._ref(key), force=True)
            process.wait()

    def _start(self, spec: LaunchSpec, key: _Key) -> subprocess.Popen[bytes]:
        variables = worker_variables(spec)
        environment = {**self._environment, **variables.plain, **variables.secret, **spec.environment}
        name = "-".join(str(part) for part in key if part is not None).replace("/", "_")
        with (self._folder / f"{name}.txt").open("ab") as output:
            return subprocess.Popen(
                [*self._command, *worker_command(spec)[1:]],
                cwd=self._folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _ref(self, key: _Key) -> WorkerRef:
        run_id, epoch, step_key, attempt = key
        return WorkerRef(
            launcher="process",
            run_id=run_id,
            epoch=epoch,
            host="here",
            pid=self.processes[key].pid,
            step_key=step_key,
            attempt=attempt,
        )


def _key(ref: WorkerRef) -> _Key:
    return ref.run_id, ref.epoch, ref.step_key, ref.attempt
