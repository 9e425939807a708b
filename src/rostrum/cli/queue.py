"""`rostrum queue`: why runs wait, and the switch that holds all of them."""

from __future__ import annotations

import click

from rostrum.cli.options import home_option, json_option
from rostrum.cli.output import print_json, print_table
from rostrum.config.instance import Home, InstanceSettings

BY = "cli"
_NEXT_LOOK = "the queue's next look"


@click.group("queue")
def command() -> None:
    """The queue of runs: what waits for what, hold everything, let it go on."""


@command.command("show")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000))
@json_option
@home_option
def show(limit: int, as_json: bool, home: Home, settings: InstanceSettings) -> None:
    """Show queued runs in the order in which they are to start, and what each waits for."""
    from rostrum.config.deployment import open_control, queue_limits
    from rostrum.control.waiting import queue_hold, waiting_reasons

    control = open_control(home, settings)
    with control.storage.begin() as session:
        queued = session.runs.queued(limit)
        reasons = waiting_reasons(session, queue_limits(settings), control.clock.now(), limit)
        hold = queue_hold(session)
    if as_json:
        waiting = [{"run_id": run.run_id, "reason": reasons.get(run.run_id)} for run in queued]
        print_json({"hold": hold, "waiting": waiting})
        return
    if hold is not None:
        click.secho(f"on hold by {hold.by or 'somebody'} since {hold.at.astimezone():%Y-%m-%d %H:%M:%S}", fg="yellow")
    if not queued:
        click.echo("nothing is queued")
        return
    told = [reasons[run.run_id].message if run.run_id in reasons else _NEXT_LOOK for run in queued]
    rows = [(run.run_id, run.target.job, str(run.priority), why) for run, why in zip(queued, told, strict=True)]
    print_table(("Run", "Job", "Priority", "Waits for"), rows)


@command.command("hold")
@home_option
def hold(home: Home, settings: InstanceSettings) -> None:
    """Start no run from now on; runs in progress go on. `rostrum queue resume` ends it."""
    from rostrum.config.deployment import open_control

    open_control(home, settings).pools.hold_queue(BY)
    click.echo("the queue is on hold")


@command.command("resume")
@home_option
def resume(home: Home, settings: InstanceSettings) -> None:
    """Start runs again."""
    from rostrum.config.deployment import open_control

    open_control(home, settings).pools.resume_queue(BY)
    click.echo("the queue goes on")
