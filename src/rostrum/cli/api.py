"""`rostrum api`: classic names of the processes."""

from __future__ import annotations

import click

from rostrum.cli import run_worker, step_worker
from rostrum.cli.code_server import start


@click.group("api")
def command() -> None:
    """Classic names of the processes."""


command.add_command(start, "grpc")
command.add_command(run_worker.command, "execute_run")
command.add_command(step_worker.command, "execute_step")
