"""`rostrum completion`: prints the script that a shell sources."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script for SHELL; e.g. `eval "$(rostrum completion bash)"`."""
    from rostrum.cli.main import command as root

    found = get_completion_class(shell)
    if found is None:
        raise click.ClickException(f"no completion for {shell}")
    click.echo(found(root, {}, "rostrum", "_ROSTRUM_COMPLETE").source())
