"""`rostrum pool`: what limits how many steps run at once, who is in, who waits."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from rostrum.cli.options import home_option, json_option
from rostrum.cli.output import duration_text, print_json, print_table
from rostrum.cli.run import find_run
from rostrum.config.instance import Home, InstanceSettings
from rostrum.model.errors import NotFound

BY = "cli"


@click.group("pool")
def command() -> None:
    """Limits of pools: see who holds slots and who waits, set limits while everything runs."""


def states(control: Any) -> list[Any]:
    """What goes on in all pools: those with a limit, those that active code names, those that anybody is in."""
    from rostrum.config.deployment import queue_limits
    from rostrum.control.pools import pool_states
    from rostrum.control.waiting import waiting_reasons

    limits, now = queue_limits(control.settings), control.clock.now()
    with control.storage.begin() as session:
        reasons = waiting_reasons(session, limits, now)
        ops = control.catalogs.get(session).ops.values()
        return pool_states(session, limits.pools, now, reasons, {op.pool for op in ops if op.pool is not None})


def state_of(control: Any, name: str) -> Any:
    """One of them. Raises NotFound."""
    found = {state.name: state for state in states(control)}
    if name not in found:
        known = f"; there are {', '.join(found)}" if found else ""
        raise NotFound(f"no step names pool {name!r}, and it has no limit{known}")
    return found[name]


def limit_text(state: Any) -> str:
    """The limit and where it comes from."""
    if state.limit is None:
        return "no limit"
    told = {"set": f"set{f' by {state.set_by}' if state.set_by else ''}", "file": "rostrum.yaml", "default": "default"}
    return f"{state.limit} ({told.get(state.source, state.source)})"


@command.command("list")
@json_option
@home_option
def list_pools(as_json: bool, home: Home, settings: InstanceSettings) -> None:
    """List pools: limit, slots that are taken, steps that wait."""
    from rostrum.config.deployment import open_control

    found = states(open_control(home, settings))
    if as_json:
        print_json(found)
        return
    rows = [
        (state.name, limit_text(state), str(len(state.holders)), str(len(state.waiters)), str(len(state.queued)))
        for state in found
    ]
    print_table(("Pool", "Limit", "Taken", "Waiting steps", "Queued runs"), rows)


@command.command("show")
@click.argument("name")
@json_option
@home_option
def show(name: str, as_json: bool, home: Home, settings: InstanceSettings) -> None:
    """Show who is in the pool NAME and who waits for it, in the order of their turns."""
    from rostrum.config.deployment import open_control

    control = open_control(home, settings)
    state = state_of(control, name)
    if as_json:
        print_json(state)
        return
    now = control.clock.now()
    counted = "runs" if state.granularity == "run" else "steps"
    click.echo(f"{state.name}: limit {limit_text(state)}, {len(state.holders)} {counted} in")
    rows = [("in", "", each.run_id, each.step_key, _age(each.since, now)) for each in state.holders]
    rows += [("waits", str(each.position), each.run_id, each.step_key, _age(each.since, now)) for each in state.waiters]
    rows += [("queued", "", run_id, "", "") for run_id in state.queued]
    if rows:
        print_table(("", "Turn", "Run", "Step", "For"), rows)


def _age(since: datetime, now: datetime) -> str:
    return duration_text(since, now)


@command.command("set")
@click.argument("name")
@click.argument("limit", type=click.IntRange(0))
@json_option
@home_option
def set_limit(name: str, limit: int, as_json: bool, home: Home, settings: InstanceSettings) -> None:
    """Let at most LIMIT steps of the pool NAME run at once, from now on. Wins over rostrum.yaml; 0 lets nobody in."""
    change_limit(home, settings, name, limit)
    print_json({"pool": name, "limit": limit}) if as_json else click.echo(f"pool {name}: limit {limit}")


def change_limit(home: Home, settings: InstanceSettings, name: str, limit: int) -> None:
    """Set a limit in the instance."""
    from rostrum.config.deployment import open_control

    open_control(home, settings).pools.set_limit(name, limit, BY)


@command.command("unset")
@click.argument("name")
@json_option
@home_option
def unset(name: str, as_json: bool, home: Home, settings: InstanceSettings) -> None:
    """Give the limit of the pool NAME back to rostrum.yaml."""
    from rostrum.config.deployment import open_control

    control = open_control(home, settings)
    control.pools.unset_limit(name, BY)
    left = {state.name: state for state in states(control)}.get(name)
    if as_json:
        print_json({"pool": name, "limit": left.limit if left is not None else None})
    else:
        click.echo(f"pool {name}: limit {limit_text(left)}" if left is not None else f"pool {name}: no limit")


@command.command("free")
@click.argument("run_id")
@click.argument("step_key", required=False)
@json_option
@home_option
def free(run_id: str, step_key: str | None, as_json: bool, home: Home, settings: InstanceSettings) -> None:
    """Take the slots of a run, or of one of its steps, away. They are freed by themselves when a step or run ends or a
    worker is lost: this is for what nobody foresaw.
    """
    from rostrum.config.deployment import open_control

    control = open_control(home, settings)
    run = find_run(control.storage, run_id)
    freed = control.pools.free(run.run_id, step_key, BY)
    if as_json:
        print_json({"run_id": run.run_id, "freed": freed})
    else:
        click.echo(f"freed {freed} slot{'' if freed == 1 else 's'} of run {run.run_id}")
