"""How a backfill is cut into runs."""

from __future__ import annotations

from typing import NamedTuple, Self

from rostrum.model.errors import DefinitionError


class _Fields(NamedTuple):
    max_partitions_per_run: int | None


class BackfillPolicy(_Fields):
    """How many partitions a run of a backfill makes; None: all in one run."""

    __slots__ = ()

    def __new__(cls, max_partitions_per_run: int | None = 1) -> Self:
        """Raises DefinitionError for a number below 1."""
        if max_partitions_per_run is not None and max_partitions_per_run < 1:
            raise DefinitionError("BackfillPolicy: max_partitions_per_run is at least 1.")
        return super().__new__(cls, max_partitions_per_run)

    @staticmethod
    def single_run() -> BackfillPolicy:
        """All partitions in one run."""
        return BackfillPolicy(None)

    @staticmethod
    def multi_run(max_partitions_per_run: int = 1) -> BackfillPolicy:
        """At most so many partitions a run."""
        return BackfillPolicy(max_partitions_per_run)

    def __str__(self) -> str:
        if self.max_partitions_per_run is None:
            return "BackfillPolicy.single_run()"
        return f"BackfillPolicy.multi_run(max_partitions_per_run={self.max_partitions_per_run})"
