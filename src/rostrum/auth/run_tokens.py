"""Run tokens: short-lived proof that a caller is the worker of one run and epoch, or of one attempt of one of its
steps. Signed (HMAC-SHA256 over the payload's text), so checking one needs no database. Their form:
`interfaces/run_tokens.py`.
"""

from __future__ import annotations

import binascii
import hmac
import secrets
from datetime import datetime, timedelta

import msgspec

from rostrum.interfaces.clock import Clock
from rostrum.interfaces.run_tokens import bytes_of, narrowed, signature_under, text_of
from rostrum.interfaces.sealing import sealing_key
from rostrum.interfaces.storage import Storage
from rostrum.model.principals import Principal, StepScope

TOKEN_SECONDS = 12 * 3600.0
"""How long a token is good. Heartbeats replace it half-way, so an outage of half this length is survived."""
KEY_SETTING = "run_token_key"


class _Payload(msgspec.Struct, array_like=True, frozen=True):
    run_id: str
    epoch: int
    deployment: str
    expires_at: float


def installation_key(storage: Storage) -> bytes:
    """The installation's signing key, made at its first use."""
    with storage.begin() as session:
        key = session.principals.setting(KEY_SETTING)
    if key is None:
        with storage.begin(write=True) as session:
            key = session.principals.add_setting(KEY_SETTING, secrets.token_bytes(32))
    return key


class RunTokens:
    """Mints and verifies run tokens of one deployment."""

    def __init__(
        self, key: bytes, clock: Clock, *, deployment: str = "default", seconds: float = TOKEN_SECONDS
    ) -> None:
        self._key = key
        self._clock = clock
        self._deployment = deployment
        self._seconds = seconds

    def mint(self, run_id: str, epoch: int) -> str:
        """A token for the worker of this run and epoch. A secret: never log it."""
        expires_at = self._clock.now().timestamp() + self._seconds
        body = text_of(msgspec.msgpack.encode(_Payload(run_id, epoch, self._deployment, expires_at)))
        return f"{body}.{self._sign(body)}"

    def sealing_key(self, body: str) -> bytes:
        """The key of the run token with this body, under which its holder has sealed something for us."""
        return sealing_key(f"{body}.{self._sign(body)}")

    def verify(self, token: str) -> Principal | None:
        """Who holds this token; None when it is forged, expired or of another deployment."""
        payload = self._payload(token)
        if payload is None:
            return None
        scope = _scope(token)
        kind = "run" if scope is None else "step"
        return Principal(kind=kind, name=payload.run_id, run_id=payload.run_id, epoch=payload.epoch, step=scope)

    def fresh(self, token: str) -> tuple[str, datetime] | None:
        """A new token (and its end) in place of a valid one that is past half its life; None when that is not
        needed.
        """
        payload = self._payload(token)
        now = self._clock.now()
        if payload is None or payload.expires_at - now.timestamp() > self._seconds / 2:
            return None
        minted, scope = self.mint(payload.run_id, payload.epoch), _scope(token)
        if scope is not None:
            minted = narrowed(minted, scope)
        return minted, now + timedelta(seconds=self._seconds)

    def _payload(self, token: str) -> _Payload | None:
        body, *scopes = token.split(".", 2)
        signature = scopes.pop() if scopes else ""
        expected = self._sign(body)
        for scope in scopes:
            expected = signature_under(expected, scope)
        if not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace")):
            return None
        try:
            payload = msgspec.msgpack.decode(bytes_of(body), type=_Payload)
            _scope(token)
        except (msgspec.DecodeError, binascii.Error, ValueError):
            return None
        if payload.deployment != self._deployment or payload.expires_at <= self._clock.now().timestamp():
            return None
        return payload

    def _sign(self, body: str) -> str:
        return text_of(hmac.digest(self._key, body.encode("utf-8", "replace"), "sha256"))


def _scope(token: str) -> StepScope | None:
    """What a token whose signature is right has been narrowed to. Raises DecodeError."""
    parts = token.split(".")
    return msgspec.msgpack.decode(bytes_of(parts[1]), type=StepScope) if len(parts) == 3 else None
