"""A run on the terminal: found by a part of its id, its events as they come, its errors."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from rostrum.cli.run_waits import why_queued
from rostrum.model import events as ev
from rostrum.model.errors import ErrorInfo, NotFound
from rostrum.model.runs import Run, RunFilter, RunStatus

POLL_SECONDS = 0.3
PATIENCE = 3.0
"""Seconds in the queue after which `--follow` says what the run waits for."""
_MESSAGE_LINES = 30
"""Of the message of an error, what is printed."""


def find_run(storage: Any, run_id: str) -> Run:
    """The run of an id, or of a unique beginning or end of one. Raises NotFound."""
    with storage.begin() as session:
        exact = session.runs.get(run_id)
        page = session.runs.list(RunFilter(run_id_part=run_id.lower()), limit=2)
    if exact is not None:
        return exact
    if len(page.runs) != 1:
        found = "several runs have ids that begin or end" if page.runs else "no run has an id that begins or ends"
        raise NotFound(f"{found} with {run_id!r}; see `rostrum run list`")
    return page.runs[0]


def follow_run(control: Any, run_id: str, *, follow: bool, as_json: bool) -> bool:
    """Print events as they come; True when the run has not succeeded."""
    cursor = 0
    bell = control.doorbell.count("events")
    asked_at = control.clock.now()
    told = False
    while True:
        with control.storage.begin() as session:
            stored = session.events.read(run_id, after=cursor, limit=1000)
            run = session.runs.get(run_id)
        for item in stored:
            cursor = item.id
            if as_json:
                click.echo(_event_json(item.event))
            else:
                print_event(item.event)
        if len(stored) == 1000:
            continue
        if run is None or run.is_finished or not follow:
            return run is None or run.status is not RunStatus.SUCCESS
        if run.status is RunStatus.QUEUED and not told and (control.clock.now() - asked_at).total_seconds() > PATIENCE:
            told = True
            click.secho(f"still queued: {why_queued(control, run)}", fg="yellow", err=True)
        bell = control.doorbell.wait("events", bell, POLL_SECONDS)


def _event_json(event: Any) -> str:
    import msgspec

    return msgspec.json.encode(event).decode()


def event_text(event: ev.AnyEvent) -> str:
    """An event in one line."""
    if isinstance(event, ev.LogMessage | ev.EngineMessage | ev.StepWaiting):
        return event.message
    if isinstance(event, ev.StepFailed | ev.StepRetrying):
        return event.error.first_line
    if isinstance(event, ev.AssetMaterialized):
        return f"{event.asset_key}" + (f" [{event.partition_key}]" if event.partition_key else "")
    if isinstance(event, ev.CheckEvaluated):
        verdict = "passed" if event.passed else f"failed ({event.severity})"
        return f"{event.check_key} {verdict}" + (f": {event.description}" if event.description else "")
    if isinstance(event, ev.HookCompleted):
        return f"{event.hook}: {event.outcome}" + (f": {event.error.first_line}" if event.error else "")
    if isinstance(event, ev.RunFailed):
        return event.message or event.reason
    if isinstance(event, ev.StepSucceeded):
        return f"{event.seconds:.2f} s"
    if isinstance(event, ev.RunCanceling):
        return f"{event.reason} {event.by}".strip()
    return ""


def print_event(event: ev.AnyEvent) -> None:
    """Time, kind, step and text of an event."""
    bad = isinstance(event, ev.StepFailed | ev.RunFailed | ev.ResourceFailed) or (
        isinstance(event, ev.CheckEvaluated) and not event.passed
    )
    moment: datetime = event.at.astimezone()
    head = click.style(f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03d}", dim=True)
    kind = click.style(f"{event.kind:<21}", fg="red" if bad else None)
    click.echo(f"{head}  {kind}  {event.step_key or '':<28}  {event_text(event)}".rstrip())


def print_error(error: ErrorInfo) -> None:
    """An error: the user's frames with their code; library frames only counted."""
    click.secho(error.first_line, fg="red", bold=True)
    for line in error.message.strip().splitlines()[1:_MESSAGE_LINES]:
        click.secho(f"  {line}", fg="red")
    hidden = 0
    for frame in error.frames:
        if not frame.user:
            hidden += 1
            continue
        click.echo(f"  {frame.file}:{frame.line} in {frame.function}")
        for place, line in enumerate(frame.source):
            number = frame.first_source_line + place
            click.secho(
                f"    {number:>5}  {line}", fg="red" if number == frame.line else None, dim=number != frame.line
            )
    if hidden:
        click.secho(f"  and {hidden} library frames", dim=True)
    for place, each in enumerate(error.group, start=1):
        click.echo(f"exception {place} of the group")
        print_error(each)
    if error.cause is not None:
        click.echo("caused by")
        print_error(error.cause)
