"""Pools as the GraphQL API shows them: limit, who is in, who waits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rostrum.control.pools import PoolState
from rostrum.model.manifest import ASSET_JOB
from rostrum.model.runs import Run
from rostrum.web.context import RequestContext

SHOWN = 100
SHOWN_HOLDERS = 10


class PoolView:
    """A pool."""

    def __init__(self, context: RequestContext, state: PoolState) -> None:
        self._context, self._state = context, state
        self.name = state.name
        self.limit = state.limit
        self.source = state.source
        self.set_by = state.set_by
        self.set_at = state.set_at
        self.granularity = state.granularity
        self.held = len(state.holders)
        self.waiting = len(state.waiters)

    @property
    def holders(self) -> Any:
        return [
            {**_step(self._context, each.run_id, each.step_key), "since": each.since}
            for each in self._state.holders[:SHOWN]
        ]

    @property
    def waiters(self) -> Any:
        return [
            {
                **_step(self._context, each.run_id, each.step_key),
                "since": each.since,
                "position": each.position,
                "priority": [each.run_priority, each.step_priority],
            }
            for each in self._state.waiters[:SHOWN]
        ]

    @property
    def queued_runs(self) -> Any:
        return [{"runId": run_id, "title": title_of(self._context, run_id)} for run_id in self._state.queued[:SHOWN]]


def title_of(context: RequestContext, run_id: str) -> str:
    """What a list shows of a run; empty where it is gone."""
    if run_id not in context.titles:
        run = context.session.runs.get(run_id)
        context.titles[run_id] = run_title(run) if run is not None else ""
    return context.titles[run_id]


def run_title(run: Run) -> str:
    """The job, or the first asset of a run of assets."""
    keys = run.target.asset_selection
    return str(keys[0]) if keys and run.target.job == ASSET_JOB else run.target.job


def _step(context: RequestContext, run_id: str, step_key: str) -> dict[str, Any]:
    return {"runId": run_id, "stepKey": step_key, "title": title_of(context, run_id)}


def holders_json(context: RequestContext, holders: Iterable[str]) -> Any:
    """Holders told as `<run id>:<step key>` or `<run id>`."""
    pairs = [holder.partition(":") for holder in holders]
    return [_step(context, run_id, step_key) for run_id, _, step_key in pairs[:SHOWN_HOLDERS]]


def wait_now(context: RequestContext, run_id: str, step_key: str, told: dict[str, Any]) -> dict[str, Any]:
    """A step's wait as it is now: who holds the pool has changed since the wait began."""
    state = context.pools.get(told["name"]) if told["kind"] == "pool" else None
    if state is None:
        holders = holders_json(context, told["holders"])
        return {**told, "holders": holders, "held": told["limit"], "position": None}
    line = (each.position for each in state.waiters if (each.run_id, each.step_key) == (run_id, step_key))
    return {
        **told,
        "limit": state.limit,
        "held": len(state.holders),
        "position": next(line, None),
        "holders": [_step(context, each.run_id, each.step_key) for each in state.holders[:SHOWN_HOLDERS]],
    }
