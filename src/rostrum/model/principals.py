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
    EDIT_LIMITS = "edit_limits"
    """Limits of pools, slots that are freed by hand, the queue's switch."""
    ADMIN = "admin"
    RUN_WORKER = "run_worker"
    """Direct one run: its own stream of events, slots, what its step workers have told, and tokens for them."""
    STEP_WORKER = "step_worker"
    """Append events and logs of one run, read what its code may ask. What a run worker may too."""


class StepScope(msgspec.Struct, frozen=True):
    """What the token of a step worker is good for: the stream and the log files of one attempt of one step."""

    step_key: str
    attempt: int
    file_key: str
    """Key of the attempt's log files, and the end of the name of its stream."""


class Principal(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """An authenticated caller."""

    kind: str
    """`user`, `token`, `run` (a run worker), `step` (a step worker) or `loopback` (single-machine mode without
    login)."""
    name: str
    roles: tuple[str, ...] = ()
    run_id: str | None = None
    epoch: int | None = None
    step: StepScope | None = None
    """Of a step worker."""


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
