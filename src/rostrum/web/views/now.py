"""What needs a person, and what happened in the window: the Now page."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from rostrum.model.manifest import ASSET_JOB
from rostrum.model.runs import Run, RunFilter, RunStatus
from rostrum.planning import cron
from rostrum.web.context import RequestContext
from rostrum.web.jsonable import plain
from rostrum.web.steps import STEP_KINDS, step_rows
from rostrum.web.views.runs import plan_of

WINDOW_RUNS = 2000
"""Runs of the window that are looked at; the newest count."""
TIMELINE_ROWS = 12


@dataclass
class Attention:
    """One thing that needs a person."""

    kind: str
    title: str
    message: str
    at: datetime
    href: str
    times: int = 1
    run_id: str | None = None
    asset_key: str | None = None
    consequences: list[str] = field(default_factory=list[str])


class NowView:
    """The Now page over the last `hours`."""

    def __init__(self, context: RequestContext, hours: int) -> None:
        self._context = context
        self._now = context.services.clock.now()
        self._since = self._now - timedelta(hours=min(max(hours, 1), 24 * 14))

    @functools.cached_property
    def _runs(self) -> tuple[Run, ...]:
        return self._context.session.runs.list(RunFilter(created_after=self._since), limit=WINDOW_RUNS).runs

    @property
    def attention(self) -> list[Attention]:
        items = [*self._broken_locations(), *self._failed_runs(), *self._failing_checks(), *self._failing_automations()]
        rank = {"location": 0, "run": 1, "check": 2, "automation": 3}
        return sorted(items, key=lambda item: (rank[item.kind], -item.at.timestamp()))

    def _broken_locations(self) -> Iterable[Attention]:
        for state in self._context.session.locations.states():
            if state.error is not None:
                frame = state.error.user_frame
                where = f" at {frame.file}:{frame.line}" if frame else ""
                at = state.error_at or state.updated_at
                yield Attention("location", state.name, state.error.first_line + where, at, "/system")

    def _failed_runs(self) -> Iterable[Attention]:
        """Failures that no later success of the same target and partition has healed, one item a cause."""
        groups: dict[tuple[str, str, str], list[Run]] = {}
        healed: set[tuple[Any, ...]] = set()
        for run in self._runs:  # newest first
            same = (run.target.location, run.target.job, run.target.asset_selection, run.target.partition_key)
            if run.status is RunStatus.SUCCESS:
                healed.add(same)
            elif run.status is RunStatus.FAILURE and same not in healed:
                print_of = run.error.fingerprint if run.error else run.failure_reason or ""
                groups.setdefault((run.target.location, self._title(run), print_of), []).append(run)
        for (_, title, _), runs in groups.items():
            last = runs[0]
            message = last.error.first_line if last.error else (last.failure_reason or "failed").replace("_", " ")
            at = last.ended_at or last.created_at
            href = f"/r/{last.run_id}"
            yield Attention("run", title, message, at, href, len(runs), last.run_id, consequences=self._not_run(last))

    def _not_run(self, run: Run) -> list[str]:
        stored = self._context.session.events.read(run.run_id, kinds=STEP_KINDS, limit=10_000)
        rows = step_rows(run, plan_of(self._context, run), (item.event for item in stored))
        return [f"{row.title} not run" for row in rows if row.status == "not_run"][:6]

    def _title(self, run: Run) -> str:
        if run.target.job != ASSET_JOB or not run.target.asset_selection:
            return run.target.job
        failed = next((key for key in run.target.asset_selection if key.step_key == run.failed_step_key), None)
        return str(failed or run.target.asset_selection[0])

    def _failing_checks(self) -> Iterable[Attention]:
        for key, state in self._context.session.assets.checks().items():
            if state.status == "failed" and key in self._context.catalog.checks:
                at = state.since or state.evaluated_at or self._now
                message = state.description or f"failed with severity {state.severity}"
                asset = str(key.asset_key)
                yield Attention(
                    "check",
                    f"{asset} {key.name}",
                    message,
                    at,
                    f"/a/{asset}?tab=checks",
                    run_id=state.run_id,
                    asset_key=asset,
                )

    def _failing_automations(self) -> Iterable[Attention]:
        for location, name in self._context.catalog.schedules:
            tick = self._last_ticks.get((location, name))
            if tick is not None and tick.status == "failure" and tick.error is not None:
                yield Attention(
                    "automation", name, tick.error.first_line, tick.started_at, f"/automations/{location}/{name}"
                )

    @functools.cached_property
    def _last_ticks(self) -> dict[tuple[str, str], Any]:
        found: dict[tuple[str, str], Any] = {}
        for tick in self._context.session.automations.ticks(limit=1000):
            found.setdefault((tick.key.location, tick.key.name), tick)
        return found

    @property
    def counts(self) -> dict[str, Any]:
        session = self._context.session
        status = session.runs.count(RunFilter(), "status")
        kinds = [item.kind for item in self.attention]
        in_progress = len(session.runs.in_progress())
        return {
            "failedRuns": kinds.count("run"),
            "failingChecks": kinds.count("check"),
            "brokenLocations": kinds.count("location"),
            "failingAutomations": kinds.count("automation"),
            "runningRuns": in_progress,
            "queuedRuns": status.get("queued", 0),
            "slotsUsed": in_progress,
            "slotsTotal": self._context.places,
        }

    @property
    def throughput(self) -> Any:
        hours = int((self._now - self._since).total_seconds() // 3600)
        buckets = [
            {"at": self._since + timedelta(hours=n), "success": 0, "failure": 0, "canceled": 0} for n in range(hours)
        ]
        for run in self._runs:
            if run.is_finished and run.ended_at:
                place = min(int((run.ended_at - self._since).total_seconds() // 3600), hours - 1)
                if place >= 0:
                    buckets[place][run.status.value] += 1  # type: ignore[operator]
        return plain(buckets)

    @property
    def timeline(self) -> Any:
        rows: dict[str, dict[str, Any]] = {}
        for (location, name), node in self._context.catalog.schedules.items():
            following = cron.next_tick(node.cron, node.timezone, self._now)
            rows[f"schedule {location} {node.job}"] = {
                "name": name,
                "kind": "schedule",
                "href": f"/automations/{location}/{name}",
                "runs": [],
                "ticks": [],
                "next": [following] if following else [],
            }
        for tick in self._context.session.automations.ticks(limit=500):
            node = self._context.catalog.schedules.get((tick.key.location, tick.key.name))
            if node is not None and tick.scheduled_at >= self._since:
                rows[f"schedule {tick.key.location} {node.job}"]["ticks"].append(
                    {"at": tick.scheduled_at, "status": tick.status}
                )
        for run in self._runs:
            key = f"schedule {run.target.location} {run.target.job}"
            row = rows.get(key)
            if row is None:
                title = self._title(run)
                href = f"/a/{title}" if run.target.job == ASSET_JOB else f"/runs?job={run.target.job}"
                row = rows.setdefault(
                    title, {"name": title, "kind": "target", "href": href, "runs": [], "ticks": [], "next": []}
                )
            if len(row["runs"]) < 300:
                start, end = run.started_at or run.created_at, run.ended_at
                row["runs"].append({"id": run.run_id, "status": run.status.value, "start": start, "end": end})
        return plain(list(rows.values())[:TIMELINE_ROWS])

    @property
    def last_failure_at(self) -> datetime | None:
        page = self._context.session.runs.list(RunFilter(statuses=(RunStatus.FAILURE,)), limit=1)
        return page.runs[0].ended_at if page.runs else None
