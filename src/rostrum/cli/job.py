"""`rostrum job`: launch jobs (and assets) through the queue of the instance."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from rostrum.cli.options import home_option, json_option, key_values
from rostrum.cli.output import print_json, status_text
from rostrum.cli.run_config import read_run_config
from rostrum.cli.run_events import follow_run
from rostrum.config.instance import Home, InstanceSettings
from rostrum.control.runs import SubmitRequest
from rostrum.model.assets import AssetKey
from rostrum.model.errors import ConfigError, NotFound
from rostrum.model.manifest import ASSET_JOB
from rostrum.model.runs import RunTarget, Trigger


@click.group("job")
def command() -> None:
    """Launch jobs."""


@command.command("launch")
@click.argument("job", required=False)
@click.option("--asset", "assets", multiple=True, metavar="KEY", help="Instead of a job: make these assets.")
@click.option("--location", help="Code location, where several have a job of this name.")
@click.option("--partition", "partitions", multiple=True, metavar="KEY", help="Partition; several make a backfill.")
@click.option("--config", "config_file", metavar="FILE", help="Run config (YAML or JSON).")
@click.option("--tag", "tags", multiple=True, metavar="KEY=VALUE")
@click.option("-f", "--follow", is_flag=True, help="Print events until the run ends; exit 1 when it does not succeed.")
@json_option
@home_option
def launch(
    job: str | None,
    assets: tuple[str, ...],
    location: str | None,
    partitions: tuple[str, ...],
    config_file: str | None,
    tags: tuple[str, ...],
    follow: bool,
    as_json: bool,
    home: Home,
    settings: InstanceSettings,
) -> None:
    """Put a run of JOB (or of --asset) into the queue; a running daemon starts it."""
    from rostrum.config.deployment import open_control

    if job is None and not assets:
        raise click.UsageError("name a job, or assets with --asset")
    control = open_control(home, settings)
    target = _target(control, job or ASSET_JOB, tuple(AssetKey.of(text) for text in assets), location)
    config = read_run_config(config_file)
    if len(partitions) > 1:
        backfill, _ = control.backfills.create(
            target, partitions, config=config, tags=key_values(tags, "tag"), by="cli"
        )
        print_json(backfill) if as_json else click.echo(
            f"backfill {backfill.backfill_id}: {len(partitions)} runs queued"
        )
        return
    if partitions:
        import msgspec

        target = msgspec.structs.replace(target, partition_key=partitions[0])
    trigger = Trigger(kind="manual", name="cli")
    run = control.runs.submit(
        SubmitRequest(target=target, config=config, tags=key_values(tags, "tag"), trigger=trigger)
    )
    if not follow:
        print_json(run) if as_json else click.echo(f"{status_text(run)}  {run.run_id}")
        return
    if follow_run(control, run.run_id, follow=True, as_json=as_json):
        sys.exit(1)


def _target(control: Any, job: str, assets: tuple[AssetKey, ...], location: str | None) -> RunTarget:
    with control.storage.begin() as session:
        catalog = control.catalogs.get(session)
    if assets:
        for key in assets:
            if key not in catalog.assets:
                raise NotFound(f"there is no asset {key} in the instance; is a code location loaded (`rostrum dev`)?")
        found = {catalog.assets[key][0] for key in assets}
    else:
        found = {place for place, name in catalog.jobs if name == job}
    if location is not None:
        found &= {location}
    if not found and Path(job).is_file():
        raise click.UsageError(
            f"{job} is a file, and this launches jobs of code that is served: `rostrum dev -f {job}` serves it. "
            "(`-f` is --follow here.)"
        )
    if not found:
        raise NotFound(f"there is no job {job}; jobs: {', '.join(sorted(name for _, name in catalog.jobs)) or 'none'}")
    if len(found) > 1:
        raise ConfigError(f"several code locations fit ({', '.join(sorted(found))}): choose one with --location")
    return RunTarget(location=found.pop(), job=job, asset_selection=assets)
