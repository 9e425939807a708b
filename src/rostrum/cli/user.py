"""`rostrum user`: local users and their API tokens."""

from __future__ import annotations

import sys

import click

from rostrum.auth.authorize import ROLES
from rostrum.cli.options import home_option, json_option
from rostrum.cli.output import print_json, print_table
from rostrum.config.instance import Home, InstanceSettings


@click.group("user")
def command() -> None:
    """Manage local users and their API tokens."""


@command.command("add")
@click.argument("name")
@click.option(
    "--role",
    "roles",
    multiple=True,
    type=click.Choice(list(ROLES)),
    help="Repeat for several; default: admin for the first user, viewer for others.",
)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@home_option
def add(name: str, roles: tuple[str, ...], password_stdin: bool, home: Home, settings: InstanceSettings) -> None:
    """Create the local user NAME; asks for a password."""
    from rostrum.auth.passwords import LocalUsers
    from rostrum.config.deployment import open_storage
    from rostrum.service.clock import SystemClock

    clock = SystemClock()
    storage = open_storage(home, settings, clock)
    users = LocalUsers(storage, clock)
    password = (
        sys.stdin.readline().rstrip("\n")
        if password_stdin
        else click.prompt("Password", hide_input=True, confirmation_prompt=True)
    )
    chosen = roles or (("viewer",) if users.any() else ("admin",))
    users.add(name, password, chosen)
    click.echo(f"added user {name} ({', '.join(chosen)})")


@command.command("token")
@click.argument("name")
@click.option("--label", default="", help="What the token is for.")
@click.option("--days", type=float, default=90.0, show_default=True, help="How long it is good for.")
@home_option
def token(name: str, label: str, days: float, home: Home, settings: InstanceSettings) -> None:
    """Make an API token for the user NAME and print it: it is shown this once."""
    from rostrum.auth.tokens import Tokens
    from rostrum.config.deployment import open_storage
    from rostrum.model.errors import NotFound
    from rostrum.service.clock import SystemClock

    clock = SystemClock()
    storage = open_storage(home, settings, clock)
    with storage.begin() as session:
        if session.principals.user(name) is None:
            raise NotFound(f"there is no user {name}; add one with `rostrum user add {name}`")
    click.echo(Tokens(storage, clock).issue(name, name=label, seconds=days * 86400))


@command.command("list")
@json_option
@home_option
def list_users(as_json: bool, home: Home, settings: InstanceSettings) -> None:
    """List local users."""
    from rostrum.config.deployment import open_storage
    from rostrum.service.clock import SystemClock

    with open_storage(home, settings, SystemClock()).begin() as session:
        users = session.principals.users()
    if as_json:
        print_json(
            [
                {"name": user.name, "roles": user.roles, "disabled": user.disabled, "created_at": user.created_at}
                for user in users
            ]
        )
    else:
        print_table(
            ("Name", "Roles", "Created"),
            [(user.name, ", ".join(user.roles), f"{user.created_at:%Y-%m-%d}") for user in users],
        )
