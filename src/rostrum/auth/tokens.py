"""API tokens and browser sessions: random secrets of which only a hash is stored."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from rostrum.interfaces.clock import Clock
from rostrum.interfaces.storage import Storage
from rostrum.model.principals import Principal, Token

SESSION_SECONDS = 14 * 24 * 3600
_PREFIX = {"api": "rst_", "session": "rss_"}


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


class Tokens:
    """Issues and checks tokens."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock

    def issue(self, user: str, *, kind: str = "api", name: str = "", seconds: float | None = None) -> str:
        """Make a token of `kind` (`api` or `session`) and return its secret: the only time that it can be seen."""
        secret = _PREFIX[kind] + secrets.token_urlsafe(32)
        now = self._clock.now()
        token = Token(
            token_id=self._clock.new_id(),
            kind=kind,
            user=user,
            name=name,
            secret_hash=_hash(secret),
            created_at=now,
            expires_at=now + timedelta(seconds=seconds) if seconds else None,
        )
        with self._storage.begin(write=True) as session:
            session.principals.put_token(token)
        return secret

    def principal(self, secret: str, kind: str) -> Principal | None:
        """Who holds this secret; None when it is unknown, expired, of another kind, or its user is gone or disabled."""
        if not secret.startswith(_PREFIX[kind]):
            return None
        with self._storage.begin() as session:
            token = session.principals.token(_hash(secret))
            user = session.principals.user(token.user) if token else None
        if token is None or user is None or user.disabled or token.kind != kind:
            return None
        if token.expires_at is not None and token.expires_at <= self._clock.now():
            return None
        return Principal(kind="user" if kind == "session" else "token", name=user.name, roles=user.roles)

    def revoke(self, secret: str) -> None:
        """End a token; no error when it is unknown."""
        with self._storage.begin(write=True) as session:
            token = session.principals.token(_hash(secret))
            if token is not None:
                session.principals.delete_token(token.token_id)
