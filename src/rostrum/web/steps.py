"""The rows of a run's timeline: a pure fold of its step events over its plan."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from rostrum.model import events as ev
from rostrum.model.metadata import MetadataValue
from rostrum.model.plans import Plan, Step
from rostrum.model.runs import Run
from rostrum.planning.dynamic import base_of

STEP_KINDS = (
    "run_started",
    "steps_mapped",
    "step_waiting",
    "step_worker_started",
    "step_started",
    "step_succeeded",
    "step_failed",
    "step_retrying",
    "step_skipped",
    "step_not_run",
    "step_canceled",
)


class Where(msgspec.Struct, rename="camel", frozen=True):
    """Where an attempt runs."""

    place: str
    """One of `rostrum.model.plans.ISOLATIONS`, or the name of the cluster; empty: the run's own worker."""
    pid: int | None = None
    host: str | None = None
    worker: str | None = None
    """What the place calls it: name of the container or pod, id of the task."""


class Try(msgspec.Struct, rename="camel"):
    """One attempt of a step."""

    worker_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    where: Where | None = None
    cause: str | None = None
    """Why it failed, see `rostrum.model.events.StepFailed.cause`; None while it has not."""
    error: str | None = None


class StepRow(msgspec.Struct, rename="camel"):
    """One step as the timeline shows it (API.md: StepRow)."""

    key: str
    title: str
    asset_keys: list[str]
    upstream: list[str]
    status: str = "waiting"
    attempts: int = 0
    queued_at: datetime | None = None
    worker_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    error: str | None = None
    waits_for: dict[str, Any] | None = None
    """While the step could start and waits for what others hold: kind, name, limit, holders, since."""
    where: Where | None = None
    """Where its last attempt runs or ran."""
    cause: str | None = None
    """Why it failed for good."""
    metadata: dict[str, MetadataValue] | None = None
    """That of the `Failure` it failed with."""
    tries: list[Try] = []
    """All attempts in order, where there was more than one, or another is to come."""


_OPEN = ("waiting", "running", "starting", "retrying")
_ENDS: dict[type[ev.Event], str] = {
    ev.StepSucceeded: "success",
    ev.StepFailed: "failure",
    ev.StepSkipped: "skipped",
    ev.StepNotRun: "not_run",
    ev.StepCanceled: "canceled",
}


def step_rows(run: Run, plan: Plan | None, events: Iterable[ev.AnyEvent]) -> list[StepRow]:
    """Rows in plan order. A step that stands for others gives way to them when they are known."""
    rows = {step.key: _planned(step) for step in plan.steps} if plan else {}
    standing = {step.key: step for step in plan.steps if step.mapped_over} if plan else {}
    began = None
    home = Where("")
    for event in events:
        if isinstance(event, ev.RunStarted):
            began = began or event.at
            home = Where("", event.pid, event.host)
            selected = set(event.step_keys)
            if selected and not event.resumed:
                rows = {key: row for key, row in rows.items() if key in selected or key in standing} | {
                    key: _row(key, [], []) for key in event.step_keys if key not in rows
                }
        elif isinstance(event, ev.StepsMapped):
            rows = _unfolded(rows, standing, event)
        elif event.step_key is not None:
            _apply(rows.setdefault(event.step_key, _row(event.step_key, [], [])), event, home)
    for row in rows.values():
        ends = [rows[key].ended_at for key in row.upstream if key in rows]
        if run.is_finished:
            row.waits_for = None
        if began is not None and (row.waits_for is not None or row.status not in ("waiting", "not_run")):
            row.queued_at = max([began, *(end for end in ends if end is not None)])
        if run.is_finished and row.status in _OPEN:
            _begun(row)
            row.status = (
                "not_run" if row.started_at is None else "canceled" if run.status.value == "canceled" else "failure"
            )
            row.ended_at = run.ended_at if row.started_at else None
        if len(row.tries) == 1 and row.status != "retrying":
            row.tries = []
        elif row.tries and row.tries[-1].ended_at is None:
            row.tries[-1].ended_at = row.ended_at
    return list(rows.values())


def _unfolded(rows: dict[str, StepRow], standing: dict[str, Step], event: ev.StepsMapped) -> dict[str, StepRow]:
    """Rows for the steps of the items, in the place of the row that stood for them."""
    source = base_of(event.step_key or "")
    gone = {key for key, step in standing.items() if step.mapped_over[-1][0] == source}
    of_items: dict[str, list[str]] = {}
    for key in event.step_keys:
        of_items.setdefault(base_of(key), []).append(key)
    result: dict[str, StepRow] = {}
    for key, row in rows.items():
        if key in gone:
            for each in of_items.get(key, ()):
                items = each.removeprefix(key)
                above = [f"{up}{items}" if up in standing else up for up in row.upstream]
                result[each] = _row(each, [], above)
        else:
            row.upstream = [each for up in row.upstream for each in (of_items.get(up, ()) if up in gone else (up,))]
            result[key] = row
    for key in event.step_keys:
        result.setdefault(key, _row(key, [], [event.step_key or ""]))
    return result


def _planned(step: Step) -> StepRow:
    row = _row(step.key, [str(key) for key in step.asset_keys], list(step.upstream))
    if not row.asset_keys and step.check_keys:
        first = step.check_keys[0]
        row.title = f"{first.asset_key} {first.name}"
    return row


def _row(key: str, asset_keys: list[str], upstream: list[str]) -> StepRow:
    return StepRow(key=key, title=asset_keys[0] if asset_keys else key, asset_keys=asset_keys, upstream=upstream)


def _apply(row: StepRow, event: ev.AnyEvent, home: Where) -> None:
    row.waits_for = None
    if isinstance(event, ev.StepWaiting):
        row.waits_for = {
            "kind": event.reason,
            "name": event.name,
            "limit": event.limit,
            "holders": list(event.holders),
            "since": event.at,
        }
    elif isinstance(event, ev.StepWorkerStarted):
        row.worker_at = row.worker_at or event.at
        # A process without a host of its own is beside the worker of the run.
        host = event.host or (home.host if event.pid is not None else None)
        row.where = Where(event.place, event.pid, host, event.worker)
        if row.tries and row.tries[-1].where is home and row.tries[-1].ended_at is None:
            row.tries[-1].where = row.where  # a worker elsewhere was faster to tell than the one that started it
        else:
            row.status = "starting"
            row.tries.append(Try(worker_at=event.at, where=row.where))
    elif isinstance(event, ev.StepStarted):
        row.started_at = row.started_at or event.at
        # The worker that goes on after the loss of another counts from 1 again.
        row.attempts = event.attempt if event.attempt > row.attempts else row.attempts + 1
        row.status = "running"
        if not row.tries or row.tries[-1].started_at is not None or row.tries[-1].ended_at is not None:
            row.where = home
            row.tries.append(Try(where=home))
        row.tries[-1].started_at = event.at
    elif isinstance(event, ev.StepRetrying):
        row.status = "retrying"
        row.error = event.error.first_line
        _failed(row, event)
    elif (ended := _ENDS.get(type(event))) is not None:
        if isinstance(event, ev.StepNotRun) and row.status in ("running", "starting"):
            return  # it did run, and its worker died: an open step when the run ends
        if isinstance(event, (ev.StepSucceeded, ev.StepFailed, ev.StepCanceled)):
            _begun(row)
        row.status = ended
        row.ended_at = event.at if row.started_at else None
        row.error = None
        if isinstance(event, ev.StepFailed):
            row.error, row.cause = event.error.first_line, event.cause
            row.metadata = event.metadata or None
            _failed(row, event)


def _failed(row: StepRow, event: ev.StepRetrying | ev.StepFailed) -> None:
    """An attempt has failed; one that never told of itself is told by its end alone."""
    if row.tries and row.tries[-1].ended_at is None:
        last = row.tries[-1]
        last.ended_at, last.cause, last.error = event.at, event.cause, event.error.first_line


def _begun(row: StepRow) -> None:
    """A step whose worker died before it could tell that it has begun began with its worker."""
    if row.started_at is None and row.worker_at is not None:
        row.started_at = row.worker_at
        row.attempts = max(row.attempts, 1)
