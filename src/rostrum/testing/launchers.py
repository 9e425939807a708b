"""A launcher for tests: its workers are entries in a table, which the test moves on by hand."""

from __future__ import annotations

import threading
from collections.abc import Callable

from rostrum.interfaces.launching import LaunchSpec, WorkerRef, WorkerStatus


class FakeLauncher:
    """Implements `Launcher`. Thread-safe.

    `launches` lists (run id, epoch) in order, repetitions included. `on_launch(spec, before)` may raise to make one
    fail, before the worker is there (`before` is True) or after it.
    """

    def __init__(self, on_launch: Callable[[LaunchSpec, bool], None] | None = None) -> None:
        self._lock = threading.Lock()
        self._on_launch = on_launch
        self.launches: list[tuple[str, int]] = []
        self.specs: dict[tuple[str, int], LaunchSpec] = {}
        self.workers: dict[tuple[str, int], WorkerStatus] = {}
        self.terminated: list[tuple[str, int, bool]] = []

    def launch(self, spec: LaunchSpec) -> WorkerRef:
        """Start a pretended worker."""
        key = (spec.run.run_id, spec.epoch)
        if self._on_launch is not None:
            self._on_launch(spec, True)
        with self._lock:
            self.launches.append(key)
            self.specs[key] = spec
            self.workers.setdefault(key, WorkerStatus(state="running"))
        if self._on_launch is not None:
            self._on_launch(spec, False)
        return _ref(*key)

    def terminate(self, ref: WorkerRef, *, force: bool) -> None:
        """Note the order; a forced one ends the worker."""
        with self._lock:
            self.terminated.append((ref.run_id, ref.epoch, force))
            if force and self.workers.get((ref.run_id, ref.epoch), WorkerStatus(state="")).state == "running":
                self.workers[ref.run_id, ref.epoch] = WorkerStatus(state="exited", signal=9)

    def inspect(self, ref: WorkerRef) -> WorkerStatus:
        """What the table says."""
        with self._lock:
            return self.workers.get((ref.run_id, ref.epoch), WorkerStatus(state="unknown"))

    def adopt(self, run_ids: list[str]) -> list[WorkerRef]:
        """Running workers of these runs."""
        with self._lock:
            return [
                _ref(run_id, epoch)
                for (run_id, epoch), status in self.workers.items()
                if run_id in run_ids and status.state == "running"
            ]

    def exit(self, run_id: str, epoch: int, *, code: int | None = 0, signal: int | None = None) -> None:
        """Have a worker end."""
        with self._lock:
            self.workers[run_id, epoch] = WorkerStatus(state="exited", exit_code=code, signal=signal)


def _ref(run_id: str, epoch: int) -> WorkerRef:
    return WorkerRef(launcher="fake", run_id=run_id, epoch=epoch, host="test", pid=1000 + epoch)
