"""`rostrum api`: classic names of the processes."""

from __future__ import annotations

import click

from rostrum.cli.code_server import start


@click.group("api")
def command() -> None:
    """Classic names of the processes."""


command.add_command(start, "grpc")
