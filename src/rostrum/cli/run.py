"""`rostrum run`: list, show, follow, cancel and retry runs of the instance."""

from __future__ import annotations

import sys
from typing import Any

import click

from rostrum.cli.options import home_option, json_option, key_values
from rostrum.cli.output import duration_text, print_json, print_table, run_json, status_text, target_text
from rostrum.cli.run_config import read_run_config
from rostrum.cli.run_debug import debug
from rostrum.cli.run_events import find_run, follow_run, print_error
from rostrum.cli.run_waits import daemon_lives, waits_of
from rostrum.config.instance import Home, InstanceSettings
from rostrum.model.assets import AssetKey
from rostrum.model.runs import RunFilter, RunStatus
from rostrum.planning.run_retries import retry_told


@click.group("run")
def command() -> None:
    """List, show, follow, cancel and retry runs."""


command.add_command(debug)


def _open(home: Home, settings: InstanceSettings) -> Any:
    from rostrum.config.deployment import open_control

    return open_control(home, settings)


@command.command("list")
@click.option(
    "--status",
    "statuses",
    multiple=True,
    type=click.Choice([status.value for status in RunStatus]),
    help="Repeat for several.",
)
@click.option("--job", help="Only this job.")
@click.option("--asset", help="Only runs that make this asset.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 500))
@json_option
@home_option
def list_runs(
    statuses: tuple[str, ...],
    job: str | None,
    asset: str | None,
    limit: int,
    as_json: bool,
    home: Home,
    settings: InstanceSettings,
) -> None:
    """List runs, newest first."""
    control = _open(home, settings)
    where = RunFilter(
        statuses=tuple(RunStatus(name) for name in statuses), job=job, asset_key=AssetKey.of(asset) if asset else None
    )
    with control.storage.begin() as session:
        runs = session.runs.list(where, limit=limit).runs
    if as_json:
        print_json(runs)
        return
    rows = [
        (
            status_text(run),
            target_text(run),
            run.target.partition_key or "",
            f"{run.created_at.astimezone():%Y-%m-%d %H:%M:%S}",
            duration_text(run.started_at, run.ended_at),
            run.error.first_line[:60] if run.error else "",
            run.run_id,
        )
        for run in runs
    ]
    print_table(("Status", "Target", "Partition", "Created", "Duration", "Error", "Id"), rows)


@command.command("show")
@click.argument("run_id")
@json_option
@home_option
def show(run_id: str, as_json: bool, home: Home, settings: InstanceSettings) -> None:
    """Show one run: what, how far, and why it failed."""
    control = _open(home, settings)
    run = find_run(control.storage, run_id)
    waits = waits_of(control, run)
    if as_json:
        print_json({**run_json(run), "waits_for": waits})
        return
    click.echo(f"{status_text(run)}  {target_text(run)}  {run.target.partition_key or ''}".rstrip())
    click.echo(f"  id         {run.run_id}")
    click.echo(f"  triggered  {run.trigger.kind} {run.trigger.name}".rstrip())
    click.echo(f"  created    {run.created_at.astimezone():%Y-%m-%d %H:%M:%S}")
    began, ended = run.started_at, run.ended_at or control.clock.now()
    click.echo(f"  duration   {duration_text(began, ended)}{' so far' if began and not run.is_finished else ''}")
    click.echo(f"  steps      {run.steps_done} of {run.steps_total} done, {run.steps_failed} failed")
    for wait in waits[:_MOST_WAITS]:
        click.secho(f"  waiting    {wait.text}", fg="yellow")
    if len(waits) > _MOST_WAITS:
        click.secho(f"  waiting    and {len(waits) - _MOST_WAITS} more steps", fg="yellow")
    if run.resumes:
        click.echo(f"  resumed    {run.resumes} {'time' if run.resumes == 1 else 'times'}, after the loss of a worker")
    told = retry_told(run, control.clock.now())
    if told:
        click.echo(f"  retries    {told}")
    if run.failed_step_key:
        others = f", and {run.steps_failed - 1} more" if run.steps_failed > 1 else ""
        click.echo(f"  failed in  {run.failed_step_key}{others}")
    if run.error:
        click.echo()
        print_error(run.error)


_MOST_WAITS = 10


@command.command("logs")
@click.argument("run_id")
@click.option("-f", "--follow", is_flag=True, help="Go on until the run ends.")
@click.option("--output", is_flag=True, help="Print captured standard output and error instead of events.")
@click.option("--step", metavar="KEY", help="Only output of this step, with all its items (implies --output).")
@click.option("--attempt", type=click.IntRange(1), help="Only output of this attempt (implies --output).")
@json_option
@home_option
def logs(
    run_id: str,
    follow: bool,
    output: bool,
    step: str | None,
    attempt: int | None,
    as_json: bool,
    home: Home,
    settings: InstanceSettings,
) -> None:
    """Print a run's events, or what it wrote."""
    from rostrum.cli.run_output import print_output

    control = _open(home, settings)
    run = find_run(control.storage, run_id)
    if output or step is not None or attempt is not None:
        print_output(control, run.run_id, step=step, attempt=attempt, follow=follow)
        return
    failed = follow_run(control, run.run_id, follow=follow, as_json=as_json)
    if follow and failed:
        sys.exit(1)


@command.command("bundle")
@click.argument("run_id")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False), help="The file; `-` is standard output. It must not exist yet."
)
@home_option
def bundle(run_id: str, output: str | None, home: Home, settings: InstanceSettings) -> None:
    """Write all that is known of a run into one zip file: definitions, config, plan, events, logs, versions. Secrets
    are covered.
    """
    from rostrum.cli.run_output import write_bundle

    control = _open(home, settings)
    write_bundle(control, find_run(control.storage, run_id), output)


@command.command("cancel")
@click.argument("run_id")
@click.option(
    "--force", is_flag=True, help="Kill the worker without asking it, and do not wait for one that cannot be reached."
)
@json_option
@home_option
def cancel(run_id: str, force: bool, as_json: bool, home: Home, settings: InstanceSettings) -> None:
    """Ask for the end of a run. A queued run ends at once; the daemon ends a running one. A failed run is not repeated
    by itself any more.
    """
    control = _open(home, settings)
    run = control.runs.cancel(find_run(control.storage, run_id).run_id, by="cli", force=force)
    if force and not run.is_finished:
        from rostrum.config.dead_runs import end_by_force

        run = end_by_force(control, run)
    if as_json:
        print_json(run)
        return
    click.echo(f"{status_text(run)}  {run.run_id}")
    if not run.is_finished and not daemon_lives(control, "monitor"):
        click.secho(
            "no daemon is running on this instance: a worker that listens ends the run, else the next daemon", err=True
        )


@command.command("retry")
@click.argument("run_id")
@click.option("--from-failure", is_flag=True, help="What failed, was interrupted or did not run (the default).")
@click.option("--all", "everything", is_flag=True, help="All steps.")
@click.option(
    "--steps",
    "--step",
    "steps",
    multiple=True,
    metavar="CLAUSE",
    help="These steps or assets: NAME, +NAME and NAME+ with their neighbours, *NAME and NAME* with all above or below. "
    "Repeat for several.",
)
@click.option("--config", "config_file", metavar="FILE", help="Run config (YAML or JSON) in place of that of the run.")
@click.option("--tag", "tags", multiple=True, metavar="KEY=VALUE", help="Laid over the tags of the run.")
@click.option("-f", "--follow", is_flag=True, help="Print events until the run ends; exit 1 when it does not succeed.")
@json_option
@home_option
def retry(
    run_id: str,
    from_failure: bool,
    everything: bool,
    steps: tuple[str, ...],
    config_file: str | None,
    tags: tuple[str, ...],
    follow: bool,
    as_json: bool,
    home: Home,
    settings: InstanceSettings,
) -> None:
    """Run a finished run again: what is left of it, all of it, or some of its steps; as it was, or changed."""
    from rostrum.control.retries import Rerun

    if from_failure + everything + bool(steps) > 1:
        raise click.UsageError("choose one of --from-failure, --all and --steps")
    how = Rerun(
        strategy="all" if everything else "from_failure",
        steps=steps,
        config=read_run_config(config_file) if config_file is not None else None,
        tags=key_values(tags, "tag"),
    )
    control = _open(home, settings)
    run = control.runs.retry(find_run(control.storage, run_id).run_id, by="cli", how=how)
    if follow:
        if follow_run(control, run.run_id, follow=True, as_json=as_json):
            sys.exit(1)
    elif as_json:
        print_json(run)
    else:
        click.echo(f"{status_text(run)}  {run.run_id}")
