"""Keeping what runs in a caller's own process: what `rostrum.Instance` is a handle of."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from rostrum.interfaces.runs import RunReader, RunSession
from rostrum.interfaces.storage import Session
from rostrum.model.assets import AssetKey
from rostrum.model.events import Event
from rostrum.model.manifest import Manifest
from rostrum.model.runs import Run, RunFilter


class InstanceStore(RunReader, Protocol):
    """An instance as scripts use it; found by the entry points of group `rostrum.instance`."""

    @property
    def values_folder(self) -> str:
        """Folder in which values are kept where no IO manager is bound."""
        ...

    def open_run(self, run: Run, manifest: Manifest) -> tuple[Run, RunSession]:
        """Submit a run of these definitions and claim it for this process; returns it as stored, in epoch 1, and its
        worker's session. A run with a `parent_run_id` takes what it needs and does not make from that one. Raises what
        submitting raises: NotFound, StateError, ConfigError.
        """
        ...

    @property
    def is_ephemeral(self) -> bool:
        """Whether it is gone with this process."""
        ...

    def now(self) -> datetime:
        """The instance's time."""
        ...

    def reading(self) -> AbstractContextManager[Session]:
        """A transaction that only reads."""
        ...

    def report(self, event: Event) -> None:
        """Record an event of no run, with all that follows from it."""
        ...

    def wipe_assets(self, keys: Sequence[AssetKey]) -> None:
        """Forget what is known of assets."""
        ...

    def delete_run(self, run_id: str) -> None:
        """Delete a finished run with its events. Raises NotFound; Conflict while it goes on."""
        ...

    def run(self, run_id: str) -> Run | None:
        """A run."""
        ...

    def unfinished_steps(self, run_id: str) -> Sequence[str]:
        """Keys of the steps of a finished run that have not ended well, in order. Raises RunNotFound."""
        ...

    def runs(self, where: RunFilter, limit: int) -> Sequence[Run]:
        """Runs, newest first."""
        ...

    def close(self) -> None:
        """Let go of the database."""
        ...
