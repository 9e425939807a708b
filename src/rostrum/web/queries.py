"""Entry points of reading: one method a field of `Query`."""

from __future__ import annotations

from typing import Any

import msgspec

from rostrum.auth.authorize import permissions
from rostrum.model.assets import AssetKey
from rostrum.model.errors import ConfigError, NotFound
from rostrum.model.ids import is_id
from rostrum.model.runs import RunFilter, RunStatus
from rostrum.model.ticks import AutomationKey
from rostrum.web.context import RequestContext
from rostrum.web.jsonable import events_json
from rostrum.web.logs import log_part
from rostrum.web.preview import plan_preview
from rostrum.web.search import search
from rostrum.web.targets import resolve_target
from rostrum.web.views.assets import AssetView, CheckView, check_views
from rostrum.web.views.automations import AutomationView, JobView
from rostrum.web.views.now import NowView
from rostrum.web.views.partitions import partition_status
from rostrum.web.views.runs import RunView
from rostrum.web.views.system import BackfillView

MAX_PAGE = 500
MAX_EVENTS = 20_000


def run_filter(given: dict[str, Any] | None) -> RunFilter:
    """A `RunFilter` from the API's input. Raises ConfigError naming the wrong status."""
    given = given or {}
    try:
        statuses = tuple(RunStatus(name) for name in given.get("statuses") or ())
    except ValueError as error:
        known = ", ".join(status.value for status in RunStatus)
        raise ConfigError(f"{error}: the statuses are {known}") from None
    tag = given.get("tag")
    return RunFilter(
        statuses=statuses,
        location=given.get("location"),
        job=given.get("job"),
        asset_key=AssetKey.of(given["assetKey"]) if given.get("assetKey") else None,
        partition_key=given.get("partitionKey"),
        trigger_kind=given.get("triggerKind"),
        trigger_name=given.get("triggerName"),
        backfill_id=given.get("backfillId"),
        run_id_part=given.get("idPart"),
        tag=(tag[0], tag[1]) if tag and len(tag) == 2 else None,
        created_after=given.get("createdAfter"),
        created_before=given.get("createdBefore"),
    )


class Query:
    """Root of queries."""

    def __init__(self, context: RequestContext) -> None:
        self._context = context

    def deployment(self) -> dict[str, Any]:
        services, principal = self._context.services, self._context.principal
        viewer: dict[str, Any] | None = None
        if principal:
            granted = sorted(permission.value for permission in permissions(principal))
            viewer = {"name": principal.name, "kind": principal.kind, "permissions": granted}
        return {
            "name": services.deployment,
            "version": services.version,
            "user": viewer,
            "loginRequired": services.authenticator.login_required,
            "timezone": services.timezone,
            "serverTime": services.clock.now(),
        }

    def now(self, hours: int = 24) -> NowView:
        return NowView(self._context, hours)

    def assets(self) -> Any:
        return msgspec.Raw(
            self._context.services.catalogs.asset_table(self._context.session, self._context.services.clock.now())[1]
        )

    def asset(self, key: str) -> AssetView | None:
        found = self._context.catalog.assets.get(AssetKey.of(key))
        return AssetView(self._context, *found) if found else None

    def graph(self) -> Any:
        return msgspec.Raw(self._context.catalog.graph_json)

    def partitions(self, asset_key: str) -> Any:
        return partition_status(self._context, AssetKey.of(asset_key))

    def runs(self, filter: dict[str, Any] | None = None, limit: int = 50, cursor: str | None = None) -> dict[str, Any]:
        page = self._context.session.runs.list(run_filter(filter), limit=min(max(limit, 1), MAX_PAGE), cursor=cursor)
        return {"runs": [RunView(self._context, run) for run in page.runs], "cursor": page.cursor}

    def run_facets(self, filter: dict[str, Any] | None = None) -> Any:
        where = run_filter(filter)
        facets = ("status", "job", "location", "trigger_kind", "trigger_name")
        return {facet: self._context.session.runs.count(where, facet) for facet in facets}

    def run(self, id: str) -> RunView | None:
        run = self._context.session.runs.get(id) if is_id(id) else None
        return RunView(self._context, run) if run else None

    def events(
        self,
        run_id: str,
        after: int = 0,
        limit: int = 1000,
        kinds: list[str] | None = None,
        step_key: str | None = None,
    ) -> dict[str, Any]:
        session = self._context.session
        run = session.runs.get(run_id) if is_id(run_id) else None
        if run is None:
            raise NotFound(f"there is no run {run_id}")
        limit = min(max(limit, 1), MAX_EVENTS)
        stored = session.events.read(run_id, after=after, limit=limit, kinds=tuple(kinds or ()), step_key=step_key)
        self._context.budget.events(len(stored))
        cursor = stored[-1].id if stored else after
        return {"events": events_json(stored), "cursor": cursor, "end": run.is_finished and len(stored) < limit}

    def log(self, run_id: str, file_key: str, stream: str, offset: int = 0, limit: int = 262_144) -> dict[str, Any]:
        if self._context.session.runs.get(run_id) is None:
            raise NotFound(f"there is no run {run_id}")
        services = self._context.services
        services.watched_logs.read(run_id)
        return log_part(services.logs, run_id, file_key, stream, offset, limit)

    def automations(self) -> list[AutomationView]:
        states = self._context.session.automations.states()
        schedules = self._context.catalog.schedules.items()
        return [
            AutomationView(self._context, location, node, states.get(AutomationKey(location, name)))
            for (location, name), node in schedules
        ]

    def automation(self, location: str, name: str) -> AutomationView | None:
        node = self._context.catalog.schedules.get((location, name))
        state = self._context.session.automations.get(AutomationKey(location, name))
        return AutomationView(self._context, location, node, state) if node else None

    def jobs(self) -> list[JobView]:
        return [JobView(self._context, location, node) for (location, _), node in self._context.catalog.jobs.items()]

    def job(self, location: str, name: str) -> JobView | None:
        node = self._context.catalog.jobs.get((location, name))
        return JobView(self._context, location, node) if node else None

    def backfill(self, id: str) -> BackfillView | None:
        backfill = self._context.session.backfills.get(id)
        return BackfillView(self._context, backfill) if backfill else None

    def checks(self) -> list[CheckView]:
        return check_views(self._context, list(self._context.catalog.checks))

    def search(self, text: str, limit: int = 20) -> list[dict[str, str]]:
        return search(self._context, text, min(max(limit, 1), 100))

    def plan_preview(
        self, target: dict[str, Any], partition_keys: list[str] | None = None, config: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        return plan_preview(self._context, resolve_target(self._context, target), partition_keys, config or {})
