"""Code locations, heartbeats, users, tokens and settings in memory."""

from __future__ import annotations

from collections.abc import Sequence

from rostrum.model.locations import DaemonState, LocationState
from rostrum.model.principals import Token, User
from rostrum.storage.memory.tables import Tables
from rostrum.storage.memory.undo import Undo


class MemoryLocations:
    """`LocationTable`."""

    def __init__(self, tables: Tables, undo: Undo) -> None:
        self._tables = tables
        self._undo = undo

    def states(self) -> Sequence[LocationState]:
        """All locations by name."""
        self._undo.require()
        return sorted(self._tables.locations.values(), key=lambda state: state.name)

    def put(self, state: LocationState) -> None:
        """Insert or replace."""
        self._undo.require_writing()
        self._undo.put(self._tables.locations, state.name, state)

    def delete(self, name: str) -> None:
        """Remove a location if it is there."""
        self._undo.require_writing()
        self._undo.drop(self._tables.locations, name)

    def put_manifest(self, manifest_hash: str, data: bytes) -> None:
        """Store a manifest unless it is there."""
        self._undo.require_writing()
        if manifest_hash not in self._tables.manifests:
            self._undo.put(self._tables.manifests, manifest_hash, data)

    def manifest(self, manifest_hash: str) -> bytes | None:
        """The manifest as it was given."""
        self._undo.require()
        return self._tables.manifests.get(manifest_hash)

    def daemons(self) -> Sequence[DaemonState]:
        """Heartbeats by loop and owner."""
        self._undo.require()
        return sorted(self._tables.daemons.values(), key=lambda state: (state.loop, state.owner))

    def put_daemon(self, state: DaemonState) -> None:
        """Insert or replace."""
        self._undo.require_writing()
        self._undo.put(self._tables.daemons, (state.loop, state.owner), state)


class MemoryPrincipals:
    """`PrincipalTable`."""

    def __init__(self, tables: Tables, undo: Undo) -> None:
        self._tables = tables
        self._undo = undo

    def user(self, name: str) -> User | None:
        """A user by name."""
        self._undo.require()
        return self._tables.users.get(name)

    def users(self) -> Sequence[User]:
        """All users by name."""
        self._undo.require()
        return sorted(self._tables.users.values(), key=lambda user: user.name)

    def put_user(self, user: User) -> None:
        """Insert or replace."""
        self._undo.require_writing()
        self._undo.put(self._tables.users, user.name, user)

    def token(self, secret_hash: str) -> Token | None:
        """The token of a secret."""
        self._undo.require()
        return next((token for token in self._tables.tokens.values() if token.secret_hash == secret_hash), None)

    def tokens(self, user: str | None = None) -> Sequence[Token]:
        """Tokens of a user, or all, by id."""
        self._undo.require()
        found = [token for token in self._tables.tokens.values() if user in (None, token.user)]
        return sorted(found, key=lambda token: token.token_id)

    def put_token(self, token: Token) -> None:
        """Insert or replace."""
        self._undo.require_writing()
        self._undo.put(self._tables.tokens, token.token_id, token)

    def delete_token(self, token_id: str) -> None:
        """Remove a token if it is there."""
        self._undo.require_writing()
        self._undo.drop(self._tables.tokens, token_id)

    def setting(self, name: str) -> bytes | None:
        """A setting's value."""
        self._undo.require()
        return self._tables.settings.get(name)

    def put_setting(self, name: str, value: bytes) -> None:
        """Insert or replace."""
        self._undo.require_writing()
        self._undo.put(self._tables.settings, name, value)

    def add_setting(self, name: str, value: bytes) -> bytes:
        """Insert unless present; returns what is stored."""
        self._undo.require_writing()
        if name not in self._tables.settings:
            self._undo.put(self._tables.settings, name, value)
        return self._tables.settings[name]
