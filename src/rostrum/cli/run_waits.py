"""What a run, or a step of it, waits for: in words and as data."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from rostrum.model.pools import taken_text
from rostrum.model.runs import Run, RunStatus

DAEMON_SILENT = 30.0
"""Age of a heartbeat, in seconds, from which on a daemon counts as gone."""


class Wait(msgspec.Struct, frozen=True, kw_only=True):
    """One wait, as `run show --json` prints it."""

    step_key: str = ""
    """Empty: the run itself, before it starts."""
    since: datetime | None = None
    message: str

    @property
    def text(self) -> str:
        """In one line."""
        return f"{self.step_key} {self.message}".strip()


def waits_of(control: Any, run: Run) -> list[Wait]:
    """What a run that has not ended waits for: a queued one to be started, one in progress in its steps."""
    if run.is_finished:
        return []
    if run.status is RunStatus.QUEUED:
        return [Wait(message=why_queued(control, run), since=run.created_at)]
    from rostrum.cli.pool import states
    from rostrum.web.steps import STEP_KINDS, step_rows

    with control.storage.begin() as session:
        stored = session.events.read(run.run_id, kinds=STEP_KINDS, limit=100_000)
    rows = step_rows(run, None, (item.event for item in stored if not item.evidence))
    waiting = [row for row in rows if row.waits_for is not None]
    pools = {state.name: state for state in states(control)} if waiting else {}
    return [_of_step(run, row, pools) for row in waiting]


def _of_step(run: Run, row: Any, pools: dict[str, Any]) -> Wait:
    """As it is now: who is in a pool has changed since the wait began."""
    told, state = row.waits_for, pools.get(row.waits_for["name"]) if row.waits_for["kind"] == "pool" else None
    limit = state.limit if state is not None else told["limit"]
    held = len(state.holders) if state is not None else limit
    message = f"waits for {told['kind']} {told['name']}: {taken_text(held, limit)}"
    if state is not None:
        if limit == 0 and state.set_by:
            message += f", set by {state.set_by}"
        elif limit != 0 and state.holders:
            first = state.holders[0]
            more = f" and {held - 1} more" if held > 1 else ""
            message += f" by run {first.run_id}{f', step {first.step_key}' if first.step_key else ''}{more}"
        turn = next(
            (each.position for each in state.waiters if (each.run_id, each.step_key) == (run.run_id, row.key)), 0
        )
        if turn:
            message += ", its turn is next" if turn == 1 else f", turn {turn}"
    return Wait(step_key=row.key, since=told["since"], message=message)


def why_queued(control: Any, run: Run) -> str:
    """What a queued run waits for, as far as the instance can tell."""
    from rostrum.config.deployment import queue_limits
    from rostrum.control.waiting import waiting_reasons

    now = control.clock.now()
    with control.storage.begin() as session:
        reason = waiting_reasons(session, queue_limits(control.settings), now).get(run.run_id)
    if not daemon_lives(control, "queue"):
        return "no daemon is running on this instance; start `rostrum dev` or `rostrum daemon run`"
    return reason.message if reason else "the daemon has not taken it yet"


def daemon_lives(control: Any, loop: str) -> bool:
    """Whether a daemon with this loop was heard of lately."""
    with control.storage.begin() as session:
        beats = [state.heartbeat_at for state in session.locations.daemons() if state.loop == loop]
    return bool(beats) and (control.clock.now() - max(beats)).total_seconds() <= DAEMON_SILENT
