"""A code location as the control plane sees it."""

from __future__ import annotations

from typing import Protocol

import msgspec

from rostrum.interfaces.launching import LaunchSpec, WorkerRef, WorkerStatus
from rostrum.model.errors import ErrorInfo
from rostrum.model.ticks import TickRequest, TickResult


class ManifestReply(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The active version of a code location."""

    manifest_hash: str | None
    """None when no version has ever loaded."""
    data: bytes | None = None
    """Encoded manifest, unless the caller knows the hash."""
    error: ErrorInfo | None = None
    """Why a newer version did not load."""
    revision: int = 0
    """Grows at each load attempt."""
    fork: str = ""
    """How work is started: `fork`, or `fresh: <reason>`."""


class CodeLocation(Protocol):
    """One code location: a client of its code server. Raises Unavailable when the server does not answer."""

    name: str

    def manifest(self, known_hash: str | None = None) -> ManifestReply:
        """Active version and load error."""
        ...

    def reload(self) -> ManifestReply:
        """Load the code anew beside the running version; returns when that has succeeded or failed."""
        ...

    def wait_for_change(self, revision: int, seconds: float) -> ManifestReply | None:
        """Block until the revision differs from `revision`, at most `seconds`; None when nothing changed."""
        ...

    def evaluate(self, request: TickRequest, deadline_seconds: float) -> TickResult:
        """Run a schedule's or sensor's function for one tick in an evaluator process; killed at the deadline."""
        ...

    def partition_keys(self, name: str) -> list[str]:
        """Keys of a partitions definition whose keys only user code knows."""
        ...

    def launch(self, spec: LaunchSpec) -> WorkerRef:
        """Fork a run worker."""
        ...

    def terminate(self, ref: WorkerRef, *, force: bool) -> None:
        """Ask the worker and all its processes to end (`force`: kill). No error when it is gone."""
        ...

    def inspect(self, ref: WorkerRef) -> WorkerStatus:
        """What is known of the worker now. Never blocks for long."""
        ...

    def adopt(self, run_ids: list[str]) -> list[WorkerRef]:
        """Workers of these runs that still live: also those that an earlier life of the server started."""
        ...

    def close(self) -> None:
        """Let the connection go; calls that wait end. The code server and its workers go on. May be repeated."""
        ...


class CodeLocations(Protocol):
    """The code locations of a deployment, by name."""

    def names(self) -> list[str]:
        """Names of all code locations, in the workspace's order."""
        ...

    def get(self, name: str) -> CodeLocation:
        """Raises NotFound."""
        ...
