"""Starting run workers and step workers."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from rostrum.model.runs import Run


class GatewayAddress(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where workers reach the gateway."""

    url: str
    """`http://host:port`, `https://...` or `unix:/path/to/socket`."""


class GatewayAccess(msgspec.Struct, frozen=True):
    """All that a step worker elsewhere needs to talk to the control plane."""

    address: GatewayAddress
    token: str
    """Good for one attempt of one step. A secret: never logged."""

    def __repr__(self) -> str:
        """Without the token: clusters show arguments of tasks that fail."""
        return f"GatewayAccess({self.address.url!r})"


class StepLaunch(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One attempt of one step, for a worker that does nothing else."""

    step_key: str
    attempt: int
    work: bytes
    """What `rostrum step-worker` is to do, encoded (`execution.workers.remote.RemoteWork`)."""
    tags: dict[str, str] = {}
    """Tags of the step: they may ask for an image, processors, memory."""


class LaunchSpec(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """All that a run worker needs to know."""

    run: Run
    epoch: int
    gateway: GatewayAddress
    token: str
    """Run token: short-lived, scoped to this run and epoch. Never logged."""
    spool_dir: str
    """Directory where the worker spools events and captured output until they are acknowledged."""
    environment: dict[str, str] = {}
    labels: dict[str, str] = {}
    executor: dict[str, Any] | None = None
    """The instance's default executor, `{"name": ..., "config": {...}}`: for runs whose job and location name none."""
    step: StepLaunch | None = None
    """Start a step worker instead of a run worker."""
    code: dict[str, Any] | None = None
    """What a worker that is started by a command imports (a `CodeTarget` as plain data); None: its image or the
    launcher's settings say. What is in `interfaces.worker_environment` is made of this."""


class WorkerRef(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Names one worker for good: enough to find it again after any restart."""

    launcher: str
    run_id: str
    epoch: int
    host: str = ""
    pid: int = 0
    start_time: float = 0.0
    """Of the process, by the kernel (seconds since boot): with `pid` it is unique until reboot."""
    boot_id: str = ""
    step_key: str | None = None
    """Of a step worker."""
    attempt: int = 0
    details: dict[str, str] = {}


class WorkerStatus(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What is known of a worker."""

    state: str
    """`running`, `exited` (known dead) or `unknown` (cannot be told now)."""
    exit_code: int | None = None
    signal: int | None = None
    reason: str = ""


class Launcher(Protocol):
    """Starts run workers somewhere."""

    def launch(self, spec: LaunchSpec) -> WorkerRef:
        """Start a worker. Idempotent by (run, epoch), and by step and attempt for a step worker. Raises Unavailable
        (try again) or RostrumError (will not work).
        """
        ...

    def terminate(self, ref: WorkerRef, *, force: bool) -> None:
        """Ask the worker and all its processes to end (`force`: kill). No error when it is gone."""
        ...

    def inspect(self, ref: WorkerRef) -> WorkerStatus:
        """What is known of the worker now. Never blocks for long."""
        ...

    def adopt(self, run_ids: list[str]) -> list[WorkerRef]:
        """Workers of these runs that still live, found after a restart."""
        ...


class HostProcesses(Protocol):
    """Worker processes of this host, found by their identity alone (no server needs to be up)."""

    def is_here(self, ref: WorkerRef) -> bool:
        """True when the worker was started on this host."""
        ...

    def status(self, ref: WorkerRef) -> WorkerStatus:
        """`running` or `exited`, `unknown` for a worker of another host. Never blocks."""
        ...

    def terminate(self, ref: WorkerRef, *, force: bool) -> None:
        """Ask the worker to end, or kill it and every process of its session. No error when it is gone."""
        ...
