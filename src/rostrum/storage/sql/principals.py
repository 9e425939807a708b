"""Users, tokens and settings: rows of the organisation, the same for every deployment of the database."""

from __future__ import annotations

from collections.abc import Sequence

from rostrum.model.principals import Token, User
from rostrum.storage.sql.codec import decode_token, decode_user, encode
from rostrum.storage.sql.schema import ORGANISATION, settings, tokens, users
from rostrum.storage.sql.statements import Connection, delete_rows, insert_row, select_rows, upsert_row

_USER = select_rows([users.c.body], [users.c.deployment, users.c.name])
_USERS = select_rows([users.c.body], [users.c.deployment], [users.c.name])
_PUT_USER = upsert_row(users)
_TOKEN = select_rows([tokens.c.body], [tokens.c.deployment, tokens.c.secret_hash])
_TOKENS = select_rows([tokens.c.body], [tokens.c.deployment], [tokens.c.token_id])
_TOKENS_OF = select_rows([tokens.c.body], [tokens.c.deployment, tokens.c.user_name], [tokens.c.token_id])
_PUT_TOKEN = upsert_row(tokens)
_DELETE_TOKEN = delete_rows(tokens, [tokens.c.deployment, tokens.c.token_id])
_SETTING = select_rows([settings.c.body], [settings.c.deployment, settings.c.name])
_PUT_SETTING = upsert_row(settings)
_ADD_SETTING = insert_row(settings, ignore=True)


class SqlPrincipals:
    """`PrincipalTable`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def user(self, name: str) -> User | None:
        """A user by name."""
        row = self._db.row(_USER, ORGANISATION, name)
        return decode_user(row[0]) if row else None

    def users(self) -> Sequence[User]:
        """All users by name."""
        return [decode_user(row[0]) for row in self._db.rows(_USERS, ORGANISATION)]

    def put_user(self, user: User) -> None:
        """Insert or replace."""
        self._db.write(_PUT_USER, ORGANISATION, user.name, encode(user))

    def token(self, secret_hash: str) -> Token | None:
        """The token of a secret."""
        row = self._db.row(_TOKEN, ORGANISATION, secret_hash)
        return decode_token(row[0]) if row else None

    def tokens(self, user: str | None = None) -> Sequence[Token]:
        """Tokens of a user, or all, by id."""
        rows = self._db.rows(_TOKENS, ORGANISATION) if user is None else self._db.rows(_TOKENS_OF, ORGANISATION, user)
        return [decode_token(row[0]) for row in rows]

    def put_token(self, token: Token) -> None:
        """Insert or replace."""
        self._db.write(_PUT_TOKEN, ORGANISATION, token.token_id, token.secret_hash, token.user, encode(token))

    def delete_token(self, token_id: str) -> None:
        """Remove a token if it is there."""
        self._db.write(_DELETE_TOKEN, ORGANISATION, token_id)

    def setting(self, name: str) -> bytes | None:
        """A setting's value."""
        row = self._db.row(_SETTING, ORGANISATION, name)
        return row[0] if row else None

    def put_setting(self, name: str, value: bytes) -> None:
        """Insert or replace."""
        self._db.write(_PUT_SETTING, ORGANISATION, name, value)

    def add_setting(self, name: str, value: bytes) -> bytes:
        """Insert unless present; returns what is stored."""
        self._db.write(_ADD_SETTING, ORGANISATION, name, value)
        stored = self.setting(name)
        return value if stored is None else stored
