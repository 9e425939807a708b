"""Who acts: users, API tokens, run workers; and what they may do."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

import msgspec


class Permission(str, Enum):
    """What can be allowed. `auth.authorize` is the one place that decides."""

    VIEW = "view"
    LAUNCH = "launch"
    CANCEL = "cancel"
    EDIT_AUTOMATION = "edit_automation"
    RELOAD_LOCATION = "reload_location"
    ADMIN = "admin"
    RUN_WORKER = "run_worker"
    """Append events and logs of one run, read what its code may ask."""


class Principal(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """An authenticated caller."""

    kind: str
    """`user`, `token`, `run` or `loopback` (single-machine mode without login)."""
    name: str
    roles: tuple[str, ...] = ()
    run_id: str | None = None
    epoch: int | None = None


class User(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A local user."""

    name: str
    password_hash: str
    """argon2id, encoded with its parameters."""
    roles: tuple[str, ...] = ("viewer",)
    """`viewer`, `launcher`, `editor`, `admin`."""
    created_at: datetime
    disabled: bool = False


class Token(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """An API token or a browser session. Only a hash of the secret is stored."""

    token_id: str
    kind: str
    """`api` or `session`."""
    user: str
    name: str = ""
    secret_hash: str
    """SHA-256 of the secret, hex."""
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
