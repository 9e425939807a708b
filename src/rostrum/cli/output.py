"""What commands print: tables for people, JSON for programs."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, cast

import click
import msgspec

from rostrum.model.runs import Run, RunStatus
from rostrum.model.secrets import masked_run

GLYPHS = {
    RunStatus.QUEUED: ("○", "white"),
    RunStatus.STARTING: ("◔", "blue"),
    RunStatus.RUNNING: ("◐", "blue"),
    RunStatus.CANCELING: ("◑", "yellow"),
    RunStatus.SUCCESS: ("●", "green"),
    RunStatus.FAILURE: ("◆", "red"),
    RunStatus.CANCELED: ("⊘", "white"),
}


_ALWAYS = (
    "status",
    "created_at",
    "started_at",
    "ended_at",
    "tags",
    "steps_total",
    "steps_done",
    "steps_failed",
    "error",
)


def run_json(run: Run) -> dict[str, Any]:
    """A run as data, the same for every command: what programs look for is always there. Secrets in its config are
    masked.
    """
    masked = masked_run(run)
    found: dict[str, Any] = {"run_id": run.run_id, **{name: getattr(masked, name) for name in _ALWAYS}}
    return {**found, **msgspec.to_builtins(masked), "trigger": {"kind": run.trigger.kind, "name": run.trigger.name}}


def print_json(value: Any) -> None:
    """One JSON document; runs in it as of `run_json`."""
    if isinstance(value, Run):
        value = run_json(value)
    elif isinstance(value, (list, tuple)):
        items = cast("Sequence[Any]", value)
        value = [run_json(item) if isinstance(item, Run) else item for item in items]
    sys.stdout.flush()
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n")


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Columns, as wide as their widest cell; styles do not count."""
    cells = [list(headings), *[list(row) for row in rows]]
    widths = [max(len(click.unstyle(row[place])) for row in cells) for place in range(len(headings))]
    for number, row in enumerate(cells):
        padded = [cell + " " * (width - len(click.unstyle(cell))) for cell, width in zip(row, widths, strict=True)]
        line = "  ".join(padded).rstrip()
        click.echo(click.style(line, dim=True) if number == 0 else line)


def status_text(run: Run) -> str:
    """Glyph and word of a run's status."""
    glyph, color = GLYPHS[run.status]
    word = f"{run.status.value} (disconnected)" if run.disconnected_at else run.status.value
    return click.style(f"{glyph} {word}", fg=color)


def target_text(run: Run) -> str:
    """What the run executes, in a few words."""
    target = run.target
    if not target.asset_selection:
        return target.job
    first = str(target.asset_selection[0])
    more = len(target.asset_selection) - 1
    return f"{first} +{more}" if more else first


def duration_text(start: datetime | None, end: datetime | None) -> str:
    """`2.3 s`, `4 m 10 s`, or a dash."""
    if start is None or end is None:
        return "–"
    seconds = (end - start).total_seconds()
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds // 60)} m {int(seconds % 60):02d} s"
