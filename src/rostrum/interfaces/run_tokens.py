"""The text of run tokens, and how their holder narrows them: known to the control plane, which signs and checks, and to
run workers, which make tokens for their step workers without asking anybody.

A token is `<payload>.<signature>`, both base64url; the payload is msgpack. A step worker's is
`<payload>.<scope>.<signature>`, its signature being the HMAC of the scope under the signature of the run's token: who
holds the wide one can make the narrow one, and nobody can go back. So steps can be started while the control plane is
away, and no request is spent on it.
"""

from __future__ import annotations

import base64
import hmac

import msgspec

from rostrum.model.principals import StepScope


def text_of(data: bytes) -> str:
    """Bytes as base64url, without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def bytes_of(text: str) -> bytes:
    """What `text_of` made text of. Raises ValueError."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def signature_under(signature: str, scope: str) -> str:
    """Signature of a scope under that of the run's token."""
    return text_of(hmac.digest(signature.encode("utf-8", "replace"), scope.encode("utf-8", "replace"), "sha256"))


def narrowed(token: str, scope: StepScope) -> str:
    """A token that is good for one attempt of one step only, as long as `token`, a run worker's, is good. A secret:
    never log it.
    """
    body, _, signature = token.partition(".")
    part = text_of(msgspec.msgpack.encode(scope))
    return f"{body}.{part}.{signature_under(signature, part)}"
