"""Runs as the GraphQL API shows them."""

from __future__ import annotations

import functools
import statistics
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from rostrum.auth.authorize import permissions
from rostrum.model.errors import RostrumError
from rostrum.model.manifest import ASSET_JOB
from rostrum.model.plans import Plan
from rostrum.model.principals import Permission
from rostrum.model.reserved_names import AUTO_RETRY_RUN_TAG
from rostrum.model.runs import Run, RunFilter, RunStatus, RunTarget
from rostrum.model.secrets import masked_config, masked_tags
from rostrum.planning.dynamic import known_items
from rostrum.planning.plan import build_plan
from rostrum.planning.run_retries import next_number
from rostrum.web.context import RequestContext
from rostrum.web.jsonable import plain
from rostrum.web.logs import log_files
from rostrum.web.steps import STEP_KINDS, StepRow, step_rows
from rostrum.web.views.pools import holders_json, wait_now

TYPICAL_OF = 20
"""How many successful runs of the same target the typical duration is the median of."""


def typical_seconds(context: RequestContext, target: RunTarget, besides: str = "") -> float | None:
    """Median duration of the last successful runs of the same target, without the one that is compared with them; None
    when there is none.
    """
    key = (target.location, target.job, tuple(str(item) for item in target.asset_selection[:1]))
    if key not in context.typical:
        first = target.asset_selection[0] if target.asset_selection else None
        where = RunFilter(statuses=(RunStatus.SUCCESS,), location=target.location, job=target.job, asset_key=first)
        page = context.session.runs.list(where, limit=TYPICAL_OF)
        same = [
            r for r in page.runs if r.target.asset_selection == target.asset_selection and r.started_at and r.ended_at
        ]
        context.typical[key] = {
            r.run_id: (r.ended_at - r.started_at).total_seconds() for r in same if r.ended_at and r.started_at
        }
    seconds = [taken for run_id, taken in context.typical[key].items() if run_id != besides]
    return statistics.median(seconds) if seconds else None


def plan_of(context: RequestContext, run: Run) -> Plan | None:
    """The run's plan, from the manifest that it ran on; None when that is gone or the plan cannot be made."""
    digest = run.manifest_hash or context.catalog.hashes.get(run.target.location)
    if digest is None:
        return None
    try:
        loaded = context.services.catalogs.manifests.get(digest, context.session)
        return build_plan(loaded.manifest, run.target, loaded.graph, known_items(run.output_origins))
    except RostrumError:
        return None


class RunView:
    """A run."""

    def __init__(self, context: RequestContext, run: Run) -> None:
        self._context = context
        self._run = run
        self.id = run.run_id
        self.status = run.status.value
        self.disconnected_at = run.disconnected_at
        self.location = run.target.location
        self.job = run.target.job
        self.partition_key = run.target.partition_key
        self.trigger_kind = run.trigger.kind
        self.trigger_name = run.trigger.name
        self.created_at = run.created_at
        self.started_at = run.started_at
        self.ended_at = run.ended_at
        self.steps_total = run.steps_total
        self.steps_done = run.steps_done
        self.steps_failed = run.steps_failed
        self.checks_failed = run.checks_failed
        self.failure_reason = run.failure_reason
        self.failed_step_key = run.failed_step_key
        self.error_line = run.error.first_line if run.error else None
        self.tags = masked_tags(run.tags)
        self.config = masked_config(run.config)
        self.parent_run_id = run.parent_run_id
        self.root_run_id = run.root_run_id
        self.backfill_id = run.backfill_id
        self.resumes = run.resumes
        self.retry_at = run.retry_at
        number = next_number(run) if run.retry_at is not None else (None, None)
        self.retry_number, self.retry_most = number
        self.retry_note = run.retry_note or None
        self.retried_by = run.tags.get(AUTO_RETRY_RUN_TAG)

    @functools.cached_property
    def _keys(self) -> list[str]:
        target = self._run.target
        if target.asset_selection:
            return [str(key) for key in target.asset_selection]
        job = self._context.catalog.jobs.get((target.location, target.job))
        return [str(key) for key in job.asset_selection] if job else []

    @property
    def asset_keys(self) -> list[str]:
        return self._keys

    @property
    def title(self) -> str:
        return self._keys[0] if self.job == ASSET_JOB and self._keys else self.job

    @property
    def more(self) -> int:
        return max(len(self._keys) - 1, 0) if self.job == ASSET_JOB else 0

    @property
    def typical_seconds(self) -> float | None:
        return typical_seconds(self._context, self._run.target, besides=self.id)

    @property
    def error(self) -> Any:
        return plain(self._run.error) if self._run.error else None

    @functools.cached_property
    def _seen(self) -> list[Run]:
        """Failed runs of seven days with the same error."""
        if self._run.error is None:
            return []
        since = self._run.created_at - timedelta(days=7)
        where = RunFilter(statuses=(RunStatus.FAILURE,), location=self.location, created_after=since)
        found = self._context.session.runs.list(where, limit=200).runs
        return [run for run in found if run.error and run.error.fingerprint == self._run.error.fingerprint]

    @property
    def error_seen(self) -> int | None:
        return len(self._seen) or None

    @property
    def error_first_at(self) -> Any:
        return min((run.ended_at or run.created_at for run in self._seen), default=None)

    @property
    def retries(self) -> list[RunView]:
        where = RunFilter(root_run_id=self._run.root_run_id or self._run.run_id)
        found = self._context.session.runs.list(where, limit=50).runs
        return [RunView(self._context, run) for run in found if run.run_id != self._run.run_id]

    @property
    def wait_reason(self) -> Any:
        reason = self._context.waiting.get(self.id) if self._run.status is RunStatus.QUEUED else None
        if reason is None:
            return None
        return {
            "kind": reason.kind,
            "name": reason.group,
            "limit": reason.limit,
            "inProgress": reason.in_progress,
            "message": reason.message,
            "holders": holders_json(self._context, reason.holders),
        }

    @property
    def waits_for(self) -> str | None:
        if self._run.status is not RunStatus.QUEUED:
            return None
        reason = self._context.waiting.get(self.id)
        if reason is not None:
            return reason.message
        state = next((s for s in self._context.session.locations.states() if s.name == self.location), None)
        if state is None or state.status == "unreachable":
            return f"code location {self.location}, which does not answer"
        return "the queue's next look"

    @functools.cached_property
    def _rows(self) -> Sequence[StepRow]:
        stored = self._context.session.events.read(self.id, kinds=STEP_KINDS, limit=100_000)
        told = (item.event for item in stored if not item.evidence)
        rows = step_rows(self._run, plan_of(self._context, self._run), told)
        for row in rows:
            if row.waits_for is not None:
                row.waits_for = wait_now(self._context, self.id, row.key, row.waits_for)
        return rows

    @property
    def steps(self) -> Any:
        return plain(list(self._rows))

    @property
    def log_files(self) -> Any:
        return log_files(self._context.session, self._context.services.logs, self.id)

    @property
    def can_cancel(self) -> bool:
        principal = self._context.principal
        over = self._run.is_finished and self._run.retry_at is None
        return not over and principal is not None and Permission.CANCEL in permissions(principal)

    @property
    def can_retry(self) -> bool:
        principal = self._context.principal
        return self._run.is_finished and principal is not None and Permission.LAUNCH in permissions(principal)
