"""Assets and checks as the GraphQL API shows them."""

from __future__ import annotations

import functools
from typing import Any

from rostrum.model import events as ev
from rostrum.model.assets import AssetKey, AssetState, CheckKey, CheckState
from rostrum.model.manifest import AssetNode, CheckNode
from rostrum.model.metadata import is_number
from rostrum.model.runs import RunFilter
from rostrum.model.secrets import schema_without_secrets
from rostrum.web.catalog import partition_counts
from rostrum.web.context import RequestContext
from rostrum.web.jsonable import events_json, plain

RECENT_RUNS = 30
TREND_POINTS = 100
_HISTORY = ("asset_materialized", "asset_observed", "check_evaluated")


class AssetRef:
    """An asset named by another: its key and status."""

    def __init__(self, key: AssetKey, state: AssetState | None) -> None:
        self.key = str(key)
        self.status = state.status if state else "missing"


class CheckView:
    """A check."""

    def __init__(self, context: RequestContext, node: CheckNode, state: CheckState | None) -> None:
        self._context = context
        self._key = node.key
        self.asset_key = str(node.key.asset_key)
        self.name = node.key.name
        self.blocking = node.blocking
        self.description = node.description
        state = state or CheckState(check_key=node.key)
        self.status = state.status
        self.severity = state.severity
        self.message = state.description
        self.evaluated_at = state.evaluated_at
        self.since = state.since
        self.run_id = state.run_id
        self.partition_key = state.partition_key
        self.metadata = plain(state.metadata)

    @property
    def history(self) -> Any:
        stored = self._context.session.events.read_asset(self._key.asset_key, kinds=("check_evaluated",), limit=400)
        mine = [
            item.event
            for item in stored
            if isinstance(item.event, ev.CheckEvaluated) and item.event.check_key == self._key
        ]
        points = [
            {"at": e.at, "passed": e.passed, "runId": e.run_id, "partitionKey": e.partition_key}
            for e in reversed(mine[:TREND_POINTS])
        ]
        return plain(points)


def check_views(context: RequestContext, keys: list[CheckKey]) -> list[CheckView]:
    """Views of these checks."""
    states = context.session.assets.checks(keys)
    return [CheckView(context, context.catalog.checks[key][1], states.get(key)) for key in sorted(keys)]


class AssetView:
    """An asset."""

    def __init__(self, context: RequestContext, location: str, node: AssetNode) -> None:
        self._context = context
        self._node = node
        self._key = node.key
        self.key = str(node.key)
        self.location = location
        self.group = node.group
        self.kinds = list(node.kinds)
        self.owners = list(node.owners)
        self.tags = node.tags
        self.description = node.description
        self.is_external = node.op is None
        self.metadata = plain(node.metadata)
        self.file = node.source.file if node.source else None
        self.line = node.source.line if node.source else None
        self.io_manager_key = node.io_manager_key
        self.step_key = node.op
        self.code_version = node.code_version

    @functools.cached_property
    def _state(self) -> AssetState:
        return self._context.session.assets.get([self._key]).get(self._key) or AssetState(asset_key=self._key)

    @property
    def status(self) -> str:
        return self._state.status

    @property
    def last_metadata(self) -> Any:
        return plain(self._state.metadata)

    @property
    def last_materialized_at(self) -> Any:
        return self._state.last_materialized_at

    @property
    def last_materialized_run_id(self) -> str | None:
        return self._state.last_materialized_run_id

    @property
    def last_partition_key(self) -> str | None:
        return self._state.last_partition_key

    @property
    def last_failed_at(self) -> Any:
        return self._state.last_failed_at

    @property
    def last_error(self) -> str | None:
        return self._state.last_error

    @property
    def data_version(self) -> str | None:
        return self._state.data_version

    @functools.cached_property
    def _failing(self) -> list[CheckView]:
        return [check for check in self.checks if check.status == "failed"]

    @property
    def health(self) -> str:
        """One sentence: what is true, and why."""
        state = self._state
        if self.is_external:
            return "Made elsewhere: Rostrum only records what is told of it."
        if state.status == "failed":
            return f"The last run failed: {state.last_error or 'see the run'}."
        if self._failing:
            names = ", ".join(check.name for check in self._failing)
            told = self._failing[0].message
            return f"{len(self._failing)} of {len(self.checks)} checks fail: {names}." + (f" {told}" if told else "")
        if state.status == "running":
            return "A run is making it now."
        if state.status == "missing":
            return "It has never been materialized."
        counts = self.partition_counts
        if counts and counts["materialized"] < counts["total"]:
            missing = counts["total"] - counts["materialized"]
            made = f"{counts['materialized']} of {counts['total']} partitions are materialized"
            return f"{made}, {missing} are missing or failed."
        checks = f", and its {len(self.checks)} checks pass" if self.checks else ""
        return f"Materialized{checks}."

    @property
    def partitions_kind(self) -> str | None:
        if not self._node.partitions:
            return None
        spec = self._context.catalog.manifests[self.location].partitions[self._node.partitions]
        return str(spec.__struct_config__.tag)

    @functools.cached_property
    def partition_counts(self) -> dict[str, int] | None:
        if not self._node.partitions:
            return None
        total, materialized, failed, running = partition_counts(
            self._context.session, self._context.catalog, self._key, self._context.services.clock.now()
        )
        return {
            "total": total,
            "materialized": materialized,
            "failed": failed,
            "running": running,
            "missing": total - materialized - failed - running,
        }

    def _refs(self, keys: list[AssetKey]) -> list[AssetRef]:
        states = self._context.session.assets.get(keys)
        return [AssetRef(key, states.get(key)) for key in sorted(set(keys))]

    @property
    def upstream(self) -> list[AssetRef]:
        return self._refs([dep.asset_key for dep in self._node.deps])

    @property
    def downstream(self) -> list[AssetRef]:
        return self._refs(self._context.catalog.downstream.get(self._key, []))

    @property
    def jobs(self) -> list[str]:
        return [
            name
            for (location, name), job in self._context.catalog.jobs.items()
            if location == self.location and self._key in job.asset_selection
        ]

    @property
    def automations(self) -> list[str]:
        jobs = set(self.jobs)
        return [
            name
            for (location, name), node in self._context.catalog.schedules.items()
            if location == self.location and node.job in jobs
        ]

    @functools.cached_property
    def checks(self) -> list[CheckView]:
        return check_views(self._context, self._context.catalog.checks_of.get(self._key, []))

    @property
    def config_schema(self) -> Any:
        op = self._context.catalog.ops.get((self.location, self._node.op or ""))
        return schema_without_secrets(op.config_schema) if op else None

    @property
    def recent_runs(self) -> Any:
        runs = self._context.session.runs.list(RunFilter(asset_key=self._key), limit=RECENT_RUNS).runs
        return plain(
            [
                {
                    "id": run.run_id,
                    "status": run.status.value,
                    "startedAt": run.started_at,
                    "seconds": (run.ended_at - run.started_at).total_seconds()
                    if run.ended_at and run.started_at
                    else None,
                    "partitionKey": run.target.partition_key,
                }
                for run in reversed(runs)
            ]
        )

    @property
    def trends(self) -> Any:
        stored = self._context.session.events.read_asset(self._key, kinds=("asset_materialized",), limit=TREND_POINTS)
        found: dict[str, list[list[Any]]] = {}
        for item in reversed(stored):
            event = item.event
            if not isinstance(event, ev.AssetMaterialized) or item.evidence:
                continue
            for name, value in event.metadata.items():
                number = is_number(value)
                if number is not None:
                    found.setdefault(name, []).append([event.at, number, event.run_id, event.partition_key])
        return plain(found)

    def history(self, limit: int = 50, before: int | None = None) -> Any:
        limit = min(max(limit, 1), 500)
        stored = self._context.session.events.read_asset(self._key, kinds=_HISTORY, limit=limit, before=before)
        self._context.budget.events(len(stored))
        return events_json(stored)
