"""`rostrum pool`: what limits how many steps run at once, who is in, who waits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click

from rostrum.cli.options import home_option, json_option
from rostrum.cli.output import duration_text, print_json, print_table
from rostrum.cli.run_events import find_run
from rostrum.config.instance import Home, InstanceSettings
from rostrum.model.errors import NotFound

BY = "cli"
_MOST_NAMES, _MOST_DIGITS = 20, 18


def whole_limit(context: click.Context, parameter: click.Parameter, value: str) -> int:
    """The number that an argument says. (`-1` is no option of these commands and gets here, too: see NEGATIVES.)"""
    if not value.isdecimal() or len(value) > _MOST_DIGITS:
        message = f"{value!r} is no limit: give a whole number, 0 (nobody is let in) or more"
        raise click.BadParameter(message, context, parameter)
    return int(value)


NEGATIVES = {"ignore_unknown_options": True}
"""Settings of commands for which a negative number is an argument, to be refused as such."""


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
        return pool_states(session, limits.pools, now, reasons, _named(control, session))


def _named(control: Any, session: Any) -> set[str]:
    """Pools that steps of the active code name."""
    return {op.pool for op in control.catalogs.get(session).ops.values() if op.pool is not None}


def state_of(control: Any, name: str) -> Any:
    """One of them. Raises NotFound."""
    found = {state.name: state for state in states(control)}
    if name not in found:
        raise NotFound(f"no step names pool {name!r}, and it has no limit{named_instead(name, list(found))}")
    return found[name]


def named_instead(name: str, known: Sequence[str]) -> str:
    """What may have been meant, or what there is."""
    from difflib import get_close_matches

    close = get_close_matches(name, known, n=1)
    if close:
        return f"; did you mean {close[0]}?"
    return f"; there are {', '.join(known[:_MOST_NAMES])}" if known else ""


def limit_text(state: Any) -> str:
    """The limit and where it comes from, as in a table."""
    if state.limit is None:
        return "no limit"
    told = {"set": f"set{f' by {state.set_by}' if state.set_by else ''}", "file": "rostrum.yaml", "default": "default"}
    return f"{state.limit} ({told.get(state.source, state.source)})"


def _limited(state: Any) -> str:
    """The same, in a sentence."""
    return f"limit {limit_text(state)}" if state.limit is not None else limit_text(state)


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
    click.echo(f"{state.name}: {_limited(state)}, {len(state.holders)} {counted} in")
    rows = [("in", "", each.run_id, each.step_key, _age(each.since, now)) for each in state.holders]
    rows += [("waits", str(each.position), each.run_id, each.step_key, _age(each.since, now)) for each in state.waiters]
    rows += [("queued", "", run_id, "", "") for run_id in state.queued]
    if rows:
        print_table(("", "Turn", "Run", "Step", "For"), rows)


def _age(since: datetime, now: datetime) -> str:
    return duration_text(since, now)


@command.command("set", context_settings=NEGATIVES)
@click.argument("name")
@click.argument("limit", callback=whole_limit)
@json_option
@home_option
def set_limit(name: str, limit: int, as_json: bool, home: Home, settings: InstanceSettings) -> None:
    """Let at most LIMIT steps of the pool NAME run at once, from now on. Wins over rostrum.yaml; 0 lets nobody in."""
    change_limit(home, settings, name, limit)
    print_json({"pool": name, "limit": limit}) if as_json else click.echo(f"pool {name}: limit {limit}")


def change_limit(home: Home, settings: InstanceSettings, name: str, limit: int) -> None:
    """Set a limit in the instance. Says so where the name is nobody's yet."""
    from rostrum.config.deployment import open_control

    control = open_control(home, settings)
    with control.storage.begin() as session:
        known = sorted({*_named(control, session), *control.settings.pools})
    control.pools.set_limit(name, limit, BY)
    if name not in known:
        click.secho(
            f"no step of the code that is loaded names pool {name}{named_instead(name, known)}", fg="yellow", err=True
        )


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
        click.echo(f"pool {name}: {_limited(left) if left is not None else 'no limit'}")


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
