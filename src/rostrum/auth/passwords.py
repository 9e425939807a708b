"""Local users with passwords (argon2id). Only owner of argon2."""

from __future__ import annotations

import functools

import argon2
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from rostrum.interfaces.clock import Clock
from rostrum.interfaces.storage import Storage
from rostrum.model.errors import ConfigError, Conflict
from rostrum.model.principals import Principal, User

_HASHER = argon2.PasswordHasher()

MINIMUM_LENGTH = 10
MAXIMUM_BYTES = 1024
"""Longer passwords are refused unread: hashing takes time by their length."""


@functools.cache
def _nobody() -> str:
    """Hash that is verified when the user does not exist. Made at the first login: it costs a tenth of a second and
    64 MiB.
    """
    return _HASHER.hash("a password that nobody has")


class LocalUsers:
    """Identity provider over the users in the control plane's own database."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock

    def any(self) -> bool:
        """Whether there is a user who can log in."""
        with self._storage.begin() as session:
            return any(not user.disabled for user in session.principals.users())

    def add(self, name: str, password: str, roles: tuple[str, ...]) -> User:
        """Create a user. Raises Conflict when the name is taken, ConfigError for a short or far too long password."""
        if len(password) < MINIMUM_LENGTH:
            raise ConfigError(f"the password has {len(password)} characters; use at least {MINIMUM_LENGTH}")
        if len(password.encode()) > MAXIMUM_BYTES:
            raise ConfigError(f"the password has {len(password.encode())} bytes; {MAXIMUM_BYTES} is the most")
        user = User(name=name, password_hash=_HASHER.hash(password), roles=roles, created_at=self._clock.now())
        with self._storage.begin(write=True) as session:
            if session.principals.user(name) is not None:
                raise Conflict(f"user {name!r} exists already")
            session.principals.put_user(user)
        return user

    def authenticate(self, name: str, password: str) -> Principal | None:
        """The user's principal, or None when name and password do not fit."""
        if len(password.encode("utf-8", "surrogatepass")) > MAXIMUM_BYTES:
            return None
        with self._storage.begin() as session:
            user = session.principals.user(name)
        nobody = _nobody()  # asked for in both cases, so that both answers take the same time
        try:
            _HASHER.verify(user.password_hash if user else nobody, password)
        except (VerifyMismatchError, InvalidHashError):
            return None
        if user is None or user.disabled:
            return None
        return Principal(kind="user", name=user.name, roles=user.roles)
