"""Text that only the holder of a run token and the control plane, which signed it, can read: sealed under a key that is
made of the token's signature. For what a run worker leaves on its disk for whoever reads it after its death.

The cipher is the output of SHAKE-256 over key and nonce, which each text has its own of.
"""

from __future__ import annotations

import hashlib
import secrets

from rostrum.interfaces.run_tokens import bytes_of, text_of

_NONCE = 16


def token_body(token: str) -> str:
    """The part of a token that is signed: no secret."""
    return token.partition(".")[0]


def sealing_key(token: str) -> bytes:
    """The key of a run token. A secret."""
    return hashlib.blake2b(token.rpartition(".")[2].encode(), digest_size=32, person=b"rostrum-seal").digest()


def sealed(key: bytes, text: str) -> str:
    """The text, for holders of the key, in one line."""
    nonce = secrets.token_bytes(_NONCE)
    return text_of(nonce + _crossed(key, nonce, text.encode()))


def unsealed(key: bytes, line: str) -> str:
    """What `sealed` made a line of. Raises ValueError where it is no such line, or of another key."""
    data = bytes_of(line)
    return _crossed(key, data[:_NONCE], data[_NONCE:]).decode()


def _crossed(key: bytes, nonce: bytes, data: bytes) -> bytes:
    stream = hashlib.shake_256(key + nonce).digest(len(data))
    return (int.from_bytes(data, "big") ^ int.from_bytes(stream, "big")).to_bytes(len(data), "big")
