"""`rostrum instance`: classic names of what `rostrum pool` does."""

from __future__ import annotations

import click

from rostrum.cli.options import home_option
from rostrum.cli.pool import NEGATIVES, change_limit, limit_text, state_of, states, whole_limit
from rostrum.config.instance import Home, InstanceSettings


@click.group("instance")
def command() -> None:
    """Classic names: `instance concurrency` is `rostrum pool`."""


@command.group("concurrency")
def concurrency() -> None:
    """Limits of pools (see `rostrum pool`)."""


@concurrency.command("get")
@click.argument("key", required=False)
@click.option("--all", "every", is_flag=True, help="All pools.")
@home_option
def get(key: str | None, every: bool, home: Home, settings: InstanceSettings) -> None:
    """Print the limit of the pool KEY, or of all pools."""
    from rostrum.config.deployment import open_control

    if not every and key is None:
        raise click.UsageError("name a pool, or give --all")
    control = open_control(home, settings)
    for state in states(control) if key is None or every else [state_of(control, key)]:
        click.echo(f"{state.name}: {limit_text(state)}")


@concurrency.command("set", context_settings=NEGATIVES)
@click.argument("key")
@click.argument("limit", callback=whole_limit)
@home_option
def set_limit(key: str, limit: int, home: Home, settings: InstanceSettings) -> None:
    """Limit the pool KEY to LIMIT steps at once."""
    change_limit(home, settings, key, limit)
    click.echo(f"{key}: {limit}")
