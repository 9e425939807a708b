"""What `rostrum run-worker` and `rostrum step-worker` share: how they are told what to do, and how they end."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any, get_args

import click
import msgspec

from rostrum.config.dotenv import load_dotenv
from rostrum.config.projects import Compat
from rostrum.config.targets import code_target
from rostrum.config.workspace import find_locations
from rostrum.definitions.location.loading import CodeTarget
from rostrum.interfaces.masks import KNOWN
from rostrum.interfaces.worker_environment import RUN_ID, WorkerOrders, take_worker_orders
from rostrum.model.errors import ConfigError, Unavailable

WRONG, NOTHING_TO_DO, UNDELIVERED = 2, 3, 4
"""Exit statuses."""


def worker_command(name: str) -> Callable[[Callable[..., None]], click.Command]:
    """A command with the options of both; what is wrong with its environment ends it with status 2."""

    def decorate(function: Callable[..., None]) -> click.Command:
        @wraps(function)
        def guarded(**options: Any) -> None:
            try:
                function(**options)
            except ConfigError as error:
                click.secho(f"ConfigError: {error}", fg="red", err=True)
                sys.exit(WRONG)
            except Unavailable as error:
                click.secho(f"Unavailable: {error}", fg="red", err=True)
                sys.exit(UNDELIVERED)

        made: Any = guarded
        for option in (
            click.option("--compat", type=click.Choice(get_args(Compat)), help="As of `rostrum code-server start`."),
            click.option(
                "-d", "--working-directory", "directory", metavar="FOLDER", help="Folder to load the code in."
            ),
            click.option("-a", "--attribute", metavar="NAME", help="Name of the Definitions object."),
            click.option("-m", "--module", metavar="MODULE", help="Importable module with definitions."),
            click.option("-f", "--python-file", "file", metavar="FILE", help="Python file with definitions."),
            click.argument("run_id", required=False),
        ):
            made = option(made)
        return click.command(name)(made)

    return decorate


def worker_orders(run_id: str | None) -> WorkerOrders:
    """What the environment says, with `.env`; the secrets are taken out of it. The token is covered in all that leaves
    this process: the kernel goes on to show it to whoever reads `/proc/self/environ`. Raises ConfigError.
    """
    load_dotenv(os.environ)
    told = {**os.environ, RUN_ID: os.environ.get(RUN_ID) or run_id or ""}
    orders = take_worker_orders(told)
    for name in [name for name in os.environ if name not in told]:
        del os.environ[name]
    KNOWN.add((orders.token,))
    if run_id and run_id != orders.run_id:
        raise ConfigError(f"the run is {run_id} on the command line and {orders.run_id} in {RUN_ID}")
    return orders


def code_of(
    told: Mapping[str, Any] | None,
    location: str,
    *,
    file: str | None,
    module: str | None,
    attribute: str | None,
    directory: str | None,
    compat: str | None,
) -> CodeTarget:
    """What to import: what was named on the command line, else what the launcher has told, else what is found here.
    Raises ConfigError.
    """
    if told is not None and not (file or module):
        try:
            target = msgspec.convert(dict(told), CodeTarget)
        except msgspec.ValidationError as error:
            raise ConfigError(f"ROSTRUM_CODE does not say what to import: {error}") from None
    else:
        files, modules = (file,) if file else (), (module,) if module else ()
        found = find_locations(files, modules, None, attribute, directory)
        named = [spec for spec in found if spec.name == location] or found
        if len(named) > 1:
            names = ", ".join(spec.name for spec in named)
            raise ConfigError(f"there are several code locations here ({names}) and none is called {location}")
        target = code_target(named[0])
    if attribute:
        target = msgspec.structs.replace(target, attribute=attribute)
    if directory:
        target = msgspec.structs.replace(target, working_directory=str(Path(directory).absolute()))
    return msgspec.structs.replace(target, compat=compat) if compat else target
