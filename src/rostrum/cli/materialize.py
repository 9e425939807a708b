"""`rostrum materialize`: make assets in this process; run, events and state go into the instance."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import Any, Self

import click

from rostrum.cli.options import code_options, home_option, json_option, key_values
from rostrum.cli.output import print_json, status_text
from rostrum.config.instance import Home, InstanceSettings
from rostrum.config.workspace import LocationSpec
from rostrum.model import events as ev
from rostrum.model.errors import ConfigError
from rostrum.service.signals import stop_on_signals


@click.command("materialize")
@code_options
@home_option
@click.option(
    "--select",
    default="*",
    show_default=True,
    help="Asset selection, e.g. 'core/orders+' or 'group:core and kind:pandas'.",
)
@click.option("--partition", metavar="KEY", help="Partition to make.")
@click.option("--config", "config_file", metavar="FILE", help="Run config (YAML or JSON).")
@click.option("--tag", "tags", multiple=True, metavar="KEY=VALUE")
@click.option(
    "--executor",
    type=click.Choice(["in_process", "multiprocess", "threaded", "async"]),
    default="in_process",
    show_default=True,
    help="Where steps run.",
)
@json_option
def command(
    locations: list[LocationSpec],
    home: Home,
    settings: InstanceSettings,
    select: str,
    partition: str | None,
    config_file: str | None,
    tags: tuple[str, ...],
    executor: str,
    as_json: bool,
) -> None:
    """Materialise the selected assets of one code location here and now, with a progress bar; exits 1 when the run does
    not succeed.
    """
    from rostrum.cli.run_config import read_run_config
    from rostrum.config.deployment import open_control
    from rostrum.config.local import executable, materialize_here
    from rostrum.config.targets import code_target

    if len(locations) != 1:
        raise ConfigError(f"one code location at a time; {len(locations)} were named")
    config = read_run_config(config_file)
    spec = locations[0]
    folder = Path.cwd()
    target = code_target(spec)
    code = executable(target)
    os.chdir(folder)
    control = open_control(home, settings)
    stop = stop_on_signals()
    # What steps print goes to standard error where standard output is one JSON document.
    aside = contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext()
    with aside, _Progress(show=not as_json and sys.stderr.isatty()) as progress:
        run = materialize_here(
            control,
            spec.name,
            code,
            select,
            partition_key=partition,
            run_config=config,
            tags=key_values(tags, "tag"),
            executor=executor,
            stop=stop,
            watch=progress.see,
            target=target,
        ).run
    if as_json:
        print_json(run)
    else:
        click.echo(f"{status_text(run)}  {run.steps_done} of {run.steps_total} steps  {run.run_id}")
        if run.error is not None:
            from rostrum.cli.run_events import print_error

            print_error(run.error)
    if run.status.value != "success":
        sys.exit(1)


class _Progress:
    """A bar of steps on standard error."""

    def __init__(self, *, show: bool) -> None:
        self._show = show
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Self:
        if self._show:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
            self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task("planning", total=None)
            self._bar.start()
        return self

    def __exit__(self, *raised: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def see(self, event: ev.Event) -> None:
        """Move the bar by an event."""
        if self._bar is None:
            return
        if isinstance(event, ev.RunStarted):
            self._bar.update(self._task, total=len(event.step_keys))
        elif isinstance(event, ev.StepStarted):
            self._bar.update(self._task, description=event.step_key or "")
        elif isinstance(event, ev.STEP_ENDS):
            self._bar.advance(self._task)
