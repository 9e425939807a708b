"""Who is it, and secrets."""

from __future__ import annotations

from typing import Protocol

from rostrum.model.principals import Principal


class IdentityProvider(Protocol):
    """Turns credentials into a principal."""

    def authenticate(self, name: str, password: str) -> Principal | None:
        """None when they do not fit. Takes the same time either way."""
        ...


class SecretSource(Protocol):
    """Resolves a reference to a secret. Used in workers only."""

    def get(self, reference: str) -> str:
        """Raises NotFound."""
        ...
