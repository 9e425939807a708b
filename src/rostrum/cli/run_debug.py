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
    "--steps",
    "steps",
    multiple=True,
    metavar="STEP",
    help="Only this step; repeat for several; `name*`: and all below.",
)
@click.option("--config", "config_file", metavar="FILE", help="Run config (YAML or JSON) in place of the recorded one.")
@click.option("--pdb", "post_mortem", is_flag=True, help="Open the debugger where the code raises.")
@partial(code_options, required=False)
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
    from rostrum.cli.run_config import read_run_config
    from rostrum.cli.run_events import find_run
    from rostrum.config.deployment import open_control

    config = read_run_config(config_file) if config_file is not None else None
    control = open_control(home, settings)
    parent = find_run(control.storage, run_id)
    target, resolved = _code(_location(locations, parent))
    run = _repeated(control, resolved, parent, steps, config)
    replayed = _replay(control, target, resolved, run)
    failed = replayed.run.status.value != "success"
    if failed and post_mortem and replayed.raised is not None:
        import pdb  # noqa: T100 - what the option is for

        pdb.post_mortem(replayed.raised.__traceback__)
    if failed:
        sys.exit(1)


def _repeated(control: Any, resolved: Any, parent: Run, steps: tuple[str, ...], config: dict[str, Any] | None) -> Run:
    """The run that repeats the recorded one, as a retry would, with the code as it is here, submitted to nobody."""
    from rostrum.control.manifests import LoadedManifest
    from rostrum.control.retries import Rerun, repeating_with
    from rostrum.model.runs import Trigger

    with control.storage.begin() as session:
        wanted = Rerun(strategy="all", steps=steps, config=config)
        here = LoadedManifest("", resolved.manifest)
        request = repeating_with(session, here, parent, wanted, Trigger("retry"))
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
        here = f"are {', '.join(spec.name for spec in locations)}" if locations else "is no code"
        raise ConfigError(
            f"the run's code location is {run.target.location!r}, and here there {here}; name its code, as in "
            f"`rostrum run debug {_likely(run.target.location)} ...`"
        )
    if found[0].server is not None:
        raise ConfigError(f"code location {found[0].name} has a code server of its own: name its code with -f or -m")
    return found[0]


def _likely(location: str) -> str:
    """What would load the location: unless it was given another name, it has that of its file or module."""
    if not location.endswith(".py"):
        return f"-m {location}"
    return f"-f {location if Path(location).is_file() else f'path/to/{location}'}"


def _code(spec: LocationSpec) -> tuple[Any, Any]:
    """What to load, and the definitions: imported in this process."""
    from rostrum.config.local import executable
    from rostrum.config.targets import code_target

    folder = Path.cwd()
    target = code_target(spec)
    resolved = executable(target).resolved()
    os.chdir(folder)
    return target, resolved


def _replay(control: Any, target: Any, resolved: Any, run: Run) -> Any:
    from rostrum.cli.run_events import print_error, print_event
    from rostrum.execution.plugins import IO_MANAGERS, plugin
    from rostrum.execution.replay import replay

    stored = partial(plugin(IO_MANAGERS, "filesystem"), str(control.home.storage))
    replayed = replay(resolved, run, control.clock, stored=stored, target=target, watch=print_event)
    if replayed.run.error is not None:
        print_error(replayed.run.error)
    return replayed
