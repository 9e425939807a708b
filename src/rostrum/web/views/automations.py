"""Schedules and jobs as the GraphQL API shows them."""

from __future__ import annotations

import functools
from datetime import datetime
from typing import Any

from rostrum.model.manifest import JobNode, ScheduleNode
from rostrum.model.runs import RunFilter, RunTarget
from rostrum.model.secrets import masked_config, schema_without_secrets
from rostrum.model.ticks import AutomationKey, AutomationState, Tick
from rostrum.planning import cron
from rostrum.planning.graph import AssetGraph
from rostrum.planning.job_schemas import run_config_schema
from rostrum.planning.plan import build_plan
from rostrum.web.context import RequestContext
from rostrum.web.jsonable import plain
from rostrum.web.views.partitions import partition_keys
from rostrum.web.views.runs import RunView


class TickView:
    """One tick."""

    def __init__(self, tick: Tick) -> None:
        self.id = tick.tick_id
        self.scheduled_at = tick.scheduled_at
        self.status = tick.status
        self.started_at = tick.started_at
        self.ended_at = tick.ended_at
        self.run_ids = list(tick.run_ids)
        self.skip_reason = tick.skip_reason
        self.error = plain(tick.error) if tick.error else None


class AutomationView:
    """A schedule."""

    kind = "schedule"

    def __init__(
        self, context: RequestContext, location: str, node: ScheduleNode, state: AutomationState | None
    ) -> None:
        self._context = context
        self._node = node
        self.location = location
        self.name = node.name
        self.job = node.job
        self.description = node.description
        self.cron = list(node.cron)
        self.timezone = node.timezone
        self.running = state.running if state else node.default_running
        self.file = node.source.file if node.source else None
        self.line = node.source.line if node.source else None

    @property
    def words(self) -> str:
        return cron.describe(self._node.cron)

    @functools.cached_property
    def upcoming(self) -> list[datetime]:
        moment = self._context.services.clock.now()
        found: list[datetime] = []
        for _ in range(5):
            following = cron.next_tick(self._node.cron, self._node.timezone, moment)
            if following is None:
                break
            found.append(following)
            moment = following
        return found

    @property
    def next_at(self) -> Any:
        return self.upcoming[0] if self.running and self.upcoming else None

    def ticks(self, limit: int = 50) -> list[TickView]:
        key = AutomationKey(self.location, self.name)
        return [TickView(tick) for tick in self._context.session.automations.ticks(key, limit=min(max(limit, 1), 500))]

    @property
    def last_tick(self) -> TickView | None:
        return next(iter(self.ticks(1)), None)


class JobView:
    """A job."""

    def __init__(self, context: RequestContext, location: str, node: JobNode) -> None:
        self._context = context
        self._node = node
        self.location = location
        self.name = node.name
        self.description = node.description
        self.kind = "graph" if node.graph else "assets"
        self.asset_keys = [str(key) for key in node.asset_selection]
        self.config = masked_config(node.config)
        self.tags = node.tags
        self.file = node.source.file if node.source else None
        self.line = node.source.line if node.source else None

    @functools.cached_property
    def config_schema(self) -> Any:
        """Of the whole run config."""
        manifest = self._context.catalog.manifests[self.location]
        graph = AssetGraph(manifest)
        plan = build_plan(manifest, RunTarget(location=self.location, job=self.name), graph)
        return schema_without_secrets(run_config_schema(manifest, self._node, plan.steps, graph))

    @functools.cached_property
    def _partitions(self) -> Any:
        manifest = self._context.catalog.manifests[self.location]
        name = self._node.partitions
        if name is None:
            assets = {node.key: node for node in manifest.assets}
            names = {assets[key].partitions for key in self._node.asset_selection if key in assets} - {None}
            name = next(iter(names)) if len(names) == 1 else None
        return manifest.partitions.get(name) if name else None

    @property
    def partitions_kind(self) -> str | None:
        return self._partitions.__struct_config__.tag if self._partitions else None

    @property
    def partition_keys(self) -> Any:
        return partition_keys(self._context, self._partitions)[-20_000:] if self._partitions else None

    @property
    def last_run(self) -> RunView | None:
        page = self._context.session.runs.list(RunFilter(location=self.location, job=self.name), limit=1)
        return RunView(self._context, page.runs[0]) if page.runs else None
