"""Runs in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from rostrum.model.errors import Conflict, NotFound, StateError
from rostrum.model.runs import IN_PROGRESS, Run, RunFilter, RunPage, RunStatus
from rostrum.model.ticks import AutomationKey
from rostrum.storage.cursors import read_run_cursor, write_run_cursor
from rostrum.storage.memory.tables import Tables
from rostrum.storage.memory.undo import Undo

_FACETS: dict[str, Callable[[Run], str]] = {
    "status": lambda run: run.status.value,
    "job": lambda run: run.target.job,
    "location": lambda run: run.target.location,
    "trigger_kind": lambda run: run.trigger.kind,
    "trigger_name": lambda run: run.trigger.name,
}


class MemoryRuns:
    """`RunTable`."""

    def __init__(self, tables: Tables, undo: Undo) -> None:
        self._tables = tables
        self._undo = undo

    def add(self, runs: Sequence[Run], idempotency_key: str | None = None) -> list[Run]:
        """Insert runs, or find the one that has the idempotency key. Raises Conflict for a run id that exists."""
        self._undo.require_writing()
        if idempotency_key is not None:
            first = self._claim_idempotency_key(runs, idempotency_key)
            if first is not None:
                return [first]
        for run in runs:
            if run.run_id in self._tables.runs:
                raise Conflict(f"there is a run {run.run_id} already")
            self._undo.put(self._tables.runs, run.run_id, run)
            self._undo.put(self._tables.run_assets, run.run_id, frozenset(run.target.asset_selection))
        return list(runs)

    def get(self, run_id: str) -> Run | None:
        """The run, or None."""
        self._undo.require()
        return self._tables.runs.get(run_id)

    def put(self, run: Run) -> None:
        """Replace a run."""
        self._undo.require_writing()
        before = self._tables.runs.get(run.run_id)
        if before is None:
            raise NotFound(f"there is no run {run.run_id}")
        self._undo.put(self._tables.runs, run.run_id, run)
        if before.target.asset_selection != run.target.asset_selection:
            assets = self._tables.run_assets[run.run_id].union(run.target.asset_selection)
            self._undo.put(self._tables.run_assets, run.run_id, assets)

    def list(self, where: RunFilter, *, limit: int = 50, cursor: str | None = None) -> RunPage:
        """A page of runs, newest first."""
        runs = sorted(self._matching(where), key=_age, reverse=True)
        if cursor is not None:
            place = read_run_cursor(cursor)
            runs = [run for run in runs if _age(run) < place]
        page = tuple(runs[:limit])
        return RunPage(page, write_run_cursor(page[-1]) if page and len(runs) > limit else None)

    def count(self, where: RunFilter, by: str) -> dict[str, int]:
        """Numbers of matching runs by facet."""
        if by not in _FACETS:
            raise StateError(f"runs cannot be counted by {by!r}; by {', '.join(_FACETS)} they can")
        return dict(Counter(map(_FACETS[by], self._matching(where))))

    def queued(self, limit: int) -> Sequence[Run]:
        """Queued runs in the order in which they are to start."""
        self._undo.require()
        queued = [run for run in self._tables.runs.values() if run.status is RunStatus.QUEUED]
        return sorted(queued, key=lambda run: (-run.priority, *_age(run)))[:limit]

    def in_progress(self) -> Sequence[Run]:
        """Runs that have been admitted and have not ended."""
        self._undo.require()
        return sorted((run for run in self._tables.runs.values() if run.status in IN_PROGRESS), key=_age)

    def tagged(self, tag: str, value: str) -> Sequence[Run]:
        """Runs with this tag."""
        self._undo.require()
        return sorted((run for run in self._tables.runs.values() if run.tags.get(tag) == value), key=_age)

    def run_keys(self, automation: AutomationKey, keys: Iterable[str]) -> Mapping[str, str]:
        """Which of these run keys are taken, and by which run."""
        self._undo.require()
        taken = self._tables.run_keys
        return {key: taken[automation, key] for key in keys if (automation, key) in taken}

    def claim_run_key(self, automation: AutomationKey, run_key: str, run_id: str) -> str:
        """Take a run key, or learn who has it."""
        self._undo.require_writing()
        holder = self._tables.run_keys.get((automation, run_key))
        if holder is None:
            self._undo.put(self._tables.run_keys, (automation, run_key), run_id)
        return holder or run_id

    def delete(self, run_id: str) -> None:
        """Delete a finished run. Raises NotFound, and StateError while it has not ended."""
        self._undo.require_writing()
        run = self._tables.runs.get(run_id)
        if run is None:
            raise NotFound(f"there is no run {run_id}")
        if not run.is_finished:
            raise StateError(
                f"run {run_id} is {run.status.value}: only a run that has ended can be deleted. Cancel it first."
            )
        self._undo.drop(self._tables.runs, run_id)
        self._undo.drop(self._tables.run_assets, run_id)
        self._undo.drop(self._tables.run_events, run_id)
        self._undo.replace(self._tables.events, [s for s in self._tables.events if s.event.run_id != run_id])
        for place in [place for place in self._tables.sequences if place[0] == run_id]:
            self._undo.drop(self._tables.sequences, place)
            self._undo.drop(self._tables.last_sequences, place)

    def _claim_idempotency_key(self, runs: Sequence[Run], idempotency_key: str) -> Run | None:
        if len(runs) != 1:
            raise StateError(f"an idempotency key stands for one run, not {len(runs)}")
        run_id = self._tables.idempotency_keys.get(idempotency_key)
        if run_id is None:
            self._undo.put(self._tables.idempotency_keys, idempotency_key, runs[0].run_id)
            return None
        first = self._tables.runs.get(run_id)
        if first is None:
            raise Conflict(
                f"the run that was launched under the key {idempotency_key!r} has been deleted: use another key"
            )
        return first

    def _matching(self, where: RunFilter) -> list[Run]:
        self._undo.require()
        assets = self._tables.run_assets
        return [
            run
            for run in self._tables.runs.values()
            if matches(run, where) and (where.asset_key is None or where.asset_key in assets[run.run_id])
        ]


def _age(run: Run) -> tuple[object, str]:
    return run.created_at, run.run_id


def _begins_or_ends(run_id: str, part: str) -> bool:
    return run_id.startswith(part) or run_id.endswith(part)


def matches(run: Run, where: RunFilter) -> bool:
    """Say whether a run fits all conditions but `asset_key`."""
    exact = (
        (where.location, run.target.location),
        (where.job, run.target.job),
        (where.partition_key, run.target.partition_key),
        (where.trigger_kind, run.trigger.kind),
        (where.trigger_name, run.trigger.name),
        (where.backfill_id, run.backfill_id),
        (where.root_run_id, run.root_run_id or run.run_id),
    )
    return (
        all(wanted is None or wanted == actual for wanted, actual in exact)
        and (not where.statuses or run.status in where.statuses)
        and (where.run_id_part is None or _begins_or_ends(run.run_id, where.run_id_part))
        and (where.tag is None or run.tags.get(where.tag[0]) == where.tag[1])
        and (where.created_after is None or run.created_at >= where.created_after)
        and (where.created_before is None or run.created_at < where.created_before)
    )
