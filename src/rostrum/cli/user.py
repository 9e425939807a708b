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
@json_option
@home_option
def add(
    name: str, roles: tuple[str, ...], password_stdin: bool, as_json: bool, home: Home, settings: InstanceSettings
) -> None:
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
    if as_json:
        print_json({"name": name, "roles": chosen})
    else:
        click.echo(f"added user {name} ({', '.join(chosen)})")


@command.command("token")
@click.argument("name")
@click.option("--label", default="", help="What the token is for.")
@click.option("--days", type=float, default=90.0, show_default=True, help="How long it is good for.")
@json_option
@home_option
def token(name: str, label: str, days: float, as_json: bool, home: Home, settings: InstanceSettings) -> None:
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
    secret = Tokens(storage, clock).issue(name, name=label, seconds=days * 86400)
    print_json({"user": name, "token": secret}) if as_json else click.echo(secret)


@command.command("tokens")
@click.argument("name", required=False)
@json_option
@home_option
def list_tokens(name: str | None, as_json: bool, home: Home, settings: InstanceSettings) -> None:
    """List API tokens and browser sessions, of the user NAME or of all; never their secrets."""
    from rostrum.config.deployment import open_storage
    from rostrum.service.clock import SystemClock

    with open_storage(home, settings, SystemClock()).begin() as session:
        found = session.principals.tokens(name)
    if as_json:
        kept = ("token_id", "kind", "user", "name", "created_at", "expires_at")
        print_json([{field: getattr(token, field) for field in kept} for token in found])
        return
    rows = [
        (token.kind, token.user, token.name, f"{token.expires_at:%Y-%m-%d}" if token.expires_at else "", token.token_id)
        for token in found
    ]
    print_table(("Kind", "User", "Label", "Expires", "Id"), rows)


@command.command("revoke")
@click.argument("token_id")
@home_option
def revoke(token_id: str, home: Home, settings: InstanceSettings) -> None:
    """End the token or session TOKEN_ID at once (`rostrum user tokens` lists them)."""
    from rostrum.config.deployment import open_storage
    from rostrum.model.errors import NotFound
    from rostrum.service.clock import SystemClock

    with open_storage(home, settings, SystemClock()).begin(write=True) as session:
        if all(token.token_id != token_id for token in session.principals.tokens(None)):
            raise NotFound(f"there is no token {token_id}; see `rostrum user tokens`")
        session.principals.delete_token(token_id)
    click.echo(f"revoked {token_id}")


@command.command("disable")
@click.argument("name")
@click.option("--undo", is_flag=True, help="Let the user in again.")
@home_option
def disable(name: str, undo: bool, home: Home, settings: InstanceSettings) -> None:
    """Lock the user NAME out: no login, and all tokens and sessions are refused from now on."""
    import msgspec

    from rostrum.config.deployment import open_storage
    from rostrum.model.errors import NotFound
    from rostrum.service.clock import SystemClock

    with open_storage(home, settings, SystemClock()).begin(write=True) as session:
        user = session.principals.user(name)
        if user is None:
            raise NotFound(f"there is no user {name}; see `rostrum user list`")
        session.principals.put_user(msgspec.structs.replace(user, disabled=not undo))
    click.echo(f"{name} {'may log in again' if undo else 'is locked out'}")


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
