"""Cursors of lists, as text that travels through pages and commands."""

from __future__ import annotations

from datetime import datetime

from rostrum.model.errors import StateError
from rostrum.model.runs import Run


def write_run_cursor(run: Run) -> str:
    """The place in a list of runs after `run`."""
    return f"{run.created_at.isoformat()}~{run.run_id}"


def read_run_cursor(cursor: str) -> tuple[datetime, str]:
    """Creation time and id of the run before the place. Raises StateError for text that is no cursor."""
    time, mark, run_id = cursor.partition("~")
    try:
        created_at = datetime.fromisoformat(time)
    except ValueError:
        created_at = None
    if created_at is None or created_at.tzinfo is None or not mark:
        raise StateError(f"{cursor[:80]!r} is not a cursor of a list of runs: start from the first page")
    return created_at, run_id
