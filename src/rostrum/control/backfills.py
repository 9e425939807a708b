"""Backfills: one transaction that queues one run a partition; progress is that of the runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from rostrum.control.endings import closing
from rostrum.control.events import EventLog
from rostrum.control.runs import Runs, SubmitRequest, has_no_worker
from rostrum.interfaces.clock import Clock
from rostrum.interfaces.doorbell import Doorbell
from rostrum.interfaces.storage import RunTable, Session, Storage
from rostrum.model.backfills import Backfill
from rostrum.model.errors import NotFound, StateError
from rostrum.model.events import Event, RunCanceled, RunCanceling
from rostrum.model.reserved_names import RETRY_STATE_TAG
from rostrum.model.runs import IN_PROGRESS, Run, RunFilter, RunStatus, RunTarget, Trigger
from rostrum.planning.backfills import BackfillProgress, progress, targets
from rostrum.planning.run_retries import stopped


def run_counts(session: Session, backfill_id: str) -> dict[str, int]:
    """Numbers of a backfill's runs by status. A failed one that another repeats by itself is left out; where that is
    still to come, it counts as queued.
    """
    counts = dict(session.runs.count(RunFilter(backfill_id=backfill_id), "status"))
    failed, queued = RunStatus.FAILURE.value, RunStatus.QUEUED.value
    for state in ("done", "waiting") if counts.get(failed) else ():
        where = RunFilter(statuses=(RunStatus.FAILURE,), backfill_id=backfill_id, tag=(RETRY_STATE_TAG, state))
        number = session.runs.count(where, "status").get(failed, 0)
        counts[failed] -= number
        if state == "waiting" and number:
            counts[queued] = counts.get(queued, 0) + number
    return {status: number for status, number in counts.items() if number}


class Backfills:
    """The verbs on backfills."""

    def __init__(self, storage: Storage, events: EventLog, doorbell: Doorbell, runs: Runs, clock: Clock) -> None:
        self._storage = storage
        self._events = events
        self._doorbell = doorbell
        self._runs = runs
        self._clock = clock

    def create(
        self,
        target: RunTarget,
        partition_keys: Sequence[str],
        *,
        by: str = "",
        tags: dict[str, str] | None = None,
        config: dict[str, Any] | None = None,
        priority: int = 0,
    ) -> tuple[Backfill, list[Run]]:
        """Queue one run a partition, in the order given. All or none; raises as `Runs.submit` does."""
        wanted = targets(target, partition_keys)
        if not wanted:
            raise StateError("a backfill needs at least one partition")
        backfill = Backfill(
            backfill_id=self._clock.new_id(),
            target=msgspec.structs.replace(target, partition_key=None, partition_range=None),
            partition_keys=tuple(one.partition_key or "" for one in wanted),
            created_at=self._clock.now(),
            created_by=by,
            tags=tags or {},
        )
        trigger = Trigger("backfill", backfill.backfill_id)
        requests = [
            SubmitRequest(
                target=one,
                config=config or {},
                tags=tags or {},
                priority=priority,
                trigger=trigger,
                backfill_id=backfill.backfill_id,
            )
            for one in wanted
        ]
        with self._events.transaction() as session:
            session.backfills.add(backfill)
            runs = self._runs.submit_in(session, requests)
        return backfill, runs

    def cancel(self, backfill_id: str, by: str = "") -> Backfill:
        """Cancel all its runs that have not ended, in one transaction: queued ones end, others as by `Runs.cancel`."""
        with self._events.transaction() as session:
            backfill = session.backfills.get(backfill_id)
            if backfill is None:
                raise NotFound(f"there is no backfill {backfill_id!r}")
            now = self._clock.now()
            if backfill.canceled_at is None:
                backfill = msgspec.structs.replace(backfill, canceled_at=now)
                session.backfills.put(backfill)
            pairs: list[tuple[Run, Sequence[Event]]] = []
            where = RunFilter(statuses=(RunStatus.QUEUED, *IN_PROGRESS), backfill_id=backfill_id)
            for run_id in self._ids(session.runs, where):
                run = session.runs.get(run_id)
                # One that is being ended for a reason, its time limit, is cancelled by this wish all the same.
                if run is None or run.is_finished or (run.status is RunStatus.CANCELING and not run.cancel_reason):
                    continue
                events: list[Event] = [RunCanceling(at=now, by=by)]
                if has_no_worker(session, run):
                    end = RunCanceled(at=now)
                    events += [*closing(session, run, end), end]
                pairs.append((run, events))
            self._events.append_controls(session, pairs)
            for run_id in self._ids(session.runs, RunFilter(backfill_id=backfill_id, tag=(RETRY_STATE_TAG, "waiting"))):
                run = session.runs.get(run_id)
                if run is not None and run.retry_at is not None:
                    session.runs.put(stopped(run, "the backfill is cancelled"))
        self._doorbell.ring("cancel")
        return backfill

    def progress(self, backfill_id: str) -> BackfillProgress:
        """How far it is. Raises NotFound."""
        with self._storage.begin() as session:
            backfill = session.backfills.get(backfill_id)
            if backfill is None:
                raise NotFound(f"there is no backfill {backfill_id!r}")
            counts = run_counts(session, backfill_id)
        return progress(len(backfill.partition_keys), counts, canceled=backfill.canceled_at is not None)

    @staticmethod
    def _ids(table: RunTable, where: RunFilter) -> list[str]:
        ids: list[str] = []
        cursor: str | None = None
        while True:
            page = table.list(where, limit=1000, cursor=cursor)
            ids.extend(run.run_id for run in page.runs)
            cursor = page.cursor
            if cursor is None:
                return sorted(ids)
