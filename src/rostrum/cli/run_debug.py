"""`rostrum run debug`: a recorded run, or one step of it, executed again here, where breakpoints work."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import Any

import click

from rostrum.cli.options import code_options, home_option
from rostrum.config.instance import Home, InstanceSettings
from rostrum.config.workspace import LocationSpec
from rostrum.model.errors import ConfigError
from rostrum.model.runs import Run


@click.command("debug")
@click.argument("run_id")
@click.option(
    "--step",
    "steps",
    multiple=True,
    metavar="STEP",
    help="Only this step; repeat for several; `name*`: and all below.",
)
@click.option("--config", "config_file", metavar="FILE", help="Run config (YAML or JSON) in place of the recorded one.")
@click.option("--pdb", "post_mortem", is_flag=True, help="Open the debugger where the code raises.")
@code_options
@home_option
def debug(
    run_id: str,
    steps: tuple[str, ...],
    config_file: str | None,
    post_mortem: bool,
    locations: list[LocationSpec],
    home: Home,
    settings: InstanceSettings,
) -> None:
    """Execute a finished run again in this process, with its recorded config and inputs; nothing of it is stored.

    Inputs that the replay does not make itself are loaded from where the run has stored them. Exits 1 when it fails.
    """
    from rostrum.cli.job import read_run_config
    from rostrum.config.deployment import open_control

    config = read_run_config(config_file) if config_file is not None else None
    control = open_control(home, settings)
    run = _repeated(control, run_id, steps, config)
    spec = _location(locations, run)
    replayed = _replay(control, spec, run)
    failed = replayed.run.status.value != "success"
    if failed and post_mortem and replayed.raised is not None:
        import pdb  # noqa: T100 - what the option is for

        pdb.post_mortem(replayed.raised.__traceback__)
    if failed:
        sys.exit(1)


def _repeated(control: Any, run_id: str, steps: tuple[str, ...], config: dict[str, Any] | None) -> Run:
    """The run that repeats the recorded one, as a retry would, submitted to nobody."""
    from rostrum.cli.run import find_run
    from rostrum.control.retries import Rerun, repeating
    from rostrum.model.runs import Trigger

    parent = find_run(control.storage, run_id)
    with control.storage.begin() as session:
        wanted = Rerun(strategy="all", steps=steps, config=config)
        request = repeating(session, control.manifests, parent, wanted, Trigger("retry"))
    return Run(
        run_id=control.clock.new_id(),
        target=request.target,
        created_at=control.clock.now(),
        trigger=Trigger("retry"),
        config=dict(request.config),
        tags=dict(request.tags),
        parent_run_id=parent.run_id,
        root_run_id=parent.root_run_id or parent.run_id,
        output_origins=dict(request.output_origins),
    )


def _location(locations: list[LocationSpec], run: Run) -> LocationSpec:
    """Where the run's code is. Raises ConfigError naming what was found."""
    named = [spec for spec in locations if spec.name == run.target.location]
    found = named or (locations if len(locations) == 1 else [])
    if not found:
        known = ", ".join(spec.name for spec in locations) or "none"
        raise ConfigError(
            f"the run's code location is {run.target.location!r}, and here there are {known}; name its code with -f or "
            "-m"
        )
    if found[0].server is not None:
        raise ConfigError(f"code location {found[0].name} has a code server of its own: name its code with -f or -m")
    return found[0]


def _replay(control: Any, spec: LocationSpec, run: Run) -> Any:
    from rostrum.cli.run import print_error, print_event
    from rostrum.config.local import executable
    from rostrum.config.targets import code_target
    from rostrum.execution.plugins import IO_MANAGERS, plugin
    from rostrum.execution.replay import replay

    folder = Path.cwd()
    target = code_target(spec)
    resolved = executable(target).resolved()
    os.chdir(folder)
    stored = partial(plugin(IO_MANAGERS, "filesystem"), str(control.home.storage))
    replayed = replay(resolved, run, control.clock, stored=stored, target=target, watch=print_event)
    if replayed.run.error is not None:
        print_error(replayed.run.error)
    return replayed
