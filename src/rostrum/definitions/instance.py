"""`Instance`: a persistent or an ephemeral instance in scripts, notebooks and tests."""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence
from importlib import metadata
from typing import Any, Self

from rostrum.definitions.run_instance import RunInstance
from rostrum.interfaces.instances import InstanceStore
from rostrum.model.runs import Run, RunFilter, RunStatus

GROUP = "rostrum.instance"
DEFAULTS = {
    "persistent": "rostrum.config.local:persistent_instance",
    "ephemeral": "rostrum.config.local:ephemeral_instance",
}
"""Where the instances are when the package was not installed and so has no entry points."""


class Instance(RunInstance):
    """Runs, events and the state of assets, as `rostrum dev` shows them. Given to `materialize` it keeps what happens.

    A context manager: leaving it closes the database.
    """

    __slots__ = ("store",)

    def __init__(self, store: InstanceStore) -> None:
        super().__init__(store)
        self.store = store
        """What does the work."""

    @staticmethod
    def open(home: str | os.PathLike[str] | None = None) -> Instance:
        """The instance in the folder `home`, else in `$ROSTRUM_HOME`, else in `.rostrum` of the current folder; made
        where there is none yet. Servers may be running on it.
        """
        return Instance(_store("persistent")(home))

    @staticmethod
    def ephemeral() -> Instance:
        """A fresh instance in memory: gone with this process."""
        return Instance(_store("ephemeral")())

    def get_runs(
        self,
        *,
        statuses: Sequence[RunStatus | str] = (),
        job: str | None = None,
        partition_key: str | None = None,
        limit: int = 100,
    ) -> Sequence[Run]:
        """Runs, newest first, that match all that is given."""
        wanted = tuple(RunStatus(status) for status in statuses)
        return self.store.runs(RunFilter(statuses=wanted, job=job, partition_key=partition_key), limit)

    def get_run_by_id(self, run_id: str) -> Run | None:
        """The run, None where there is none."""
        return self.store.run(run_id)

    def close(self) -> None:
        """Let go of the database."""
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()


def _store(name: str) -> Any:
    found = list(metadata.entry_points(group=GROUP, name=name))
    if found:
        return found[0].load()
    module, _, attribute = DEFAULTS[name].partition(":")
    return getattr(importlib.import_module(module), attribute)
