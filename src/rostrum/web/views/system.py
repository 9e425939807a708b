"""Code locations, daemon loops, the queue and backfills as the GraphQL API shows them."""

from __future__ import annotations

from collections import Counter
from typing import Any

from rostrum.control.backfills import run_counts
from rostrum.control.waiting import queue_hold
from rostrum.model.backfills import Backfill
from rostrum.model.locations import DaemonState, LocationState
from rostrum.model.runs import RunFilter
from rostrum.web.context import RequestContext
from rostrum.web.jsonable import plain
from rostrum.web.views.pools import run_title

NEXT_LOOK = "the queue's next look"


class LocationView:
    """A code location."""

    def __init__(self, context: RequestContext, state: LocationState) -> None:
        manifest = context.catalog.manifests.get(state.name)
        self.name = state.name
        self.status = state.status
        self.manifest_hash = state.manifest_hash
        self.loaded_at = state.loaded_at
        self.error = plain(state.error) if state.error else None
        self.error_at = state.error_at
        self.fork = state.fork
        self.assets = len(manifest.assets) if manifest else 0
        self.jobs = len(manifest.jobs) if manifest else 0
        self.schedules = len(manifest.schedules) if manifest else 0


class DaemonLoopView:
    """One loop of one daemon replica."""

    def __init__(self, state: DaemonState) -> None:
        self.loop = state.loop
        self.owner = state.owner
        self.heartbeat_at = state.heartbeat_at
        self.iterations = state.iterations
        self.last_seconds = state.last_seconds
        self.last_error = plain(state.last_error) if state.last_error else None


class QueueView:
    """The queue: limits, and what each queued run waits for."""

    def __init__(self, context: RequestContext) -> None:
        self._context, self._session = context, context.session
        self.max_concurrent_runs = context.places

    @property
    def hold(self) -> Any:
        hold = queue_hold(self._session)
        return {"by": hold.by, "at": hold.at} if hold is not None else None

    @property
    def queued(self) -> int:
        return self._session.runs.count(RunFilter(), "status").get("queued", 0)

    @property
    def in_progress(self) -> int:
        return len(self._session.runs.in_progress())

    @property
    def waiting(self) -> Any:
        reasons = self._context.waiting
        return [
            {
                "runId": run.run_id,
                "title": run_title(run),
                "reason": reasons[run.run_id].message if run.run_id in reasons else NEXT_LOOK,
            }
            for run in self._session.runs.queued(100)
        ]


class BackfillView:
    """A backfill."""

    def __init__(self, context: RequestContext, backfill: Backfill) -> None:
        selection = backfill.target.asset_selection
        runs = run_counts(context.session, backfill.backfill_id)
        self.id = backfill.backfill_id
        self.title = str(selection[0]) if selection else backfill.target.job
        self.created_at = backfill.created_at
        self.canceled_at = backfill.canceled_at
        self.partition_keys = list(backfill.partition_keys)
        self.counts = dict(Counter(runs))
