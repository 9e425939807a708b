"""Retry policies as users write them."""

from __future__ import annotations

from enum import Enum

from rostrum.model import manifest
from rostrum.model.errors import DefinitionError


class Backoff(str, Enum):
    """How the delay grows with the attempts (n counts from 1)."""

    LINEAR = "linear"
    """delay * n"""
    EXPONENTIAL = "exponential"
    """delay * (2^n - 1)"""


class Jitter(str, Enum):
    """Randomness added to a delay."""

    FULL = "full"
    """Uniform in [0, delay]."""
    PLUS_MINUS = "plus_minus"
    """delay +- delay."""


class RetryPolicy:
    """How often and when a failed step is tried again. `delay` is in seconds."""

    __slots__ = ("backoff", "delay", "jitter", "max_retries", "node")

    def __init__(
        self,
        max_retries: int = 1,
        delay: float | None = None,
        backoff: Backoff | None = None,
        jitter: Jitter | None = None,
    ) -> None:
        if max_retries < 0:
            raise DefinitionError(f"RetryPolicy: max_retries is {max_retries}; it cannot be negative.")
        if delay is None and (backoff is not None or jitter is not None):
            raise DefinitionError("RetryPolicy: backoff and jitter need a delay (seconds).")
        self.max_retries, self.delay, self.backoff, self.jitter = max_retries, delay, backoff, jitter
        self.node = manifest.RetryPolicy(
            max_retries=max_retries,
            delay_seconds=float(delay or 0.0),
            backoff=Backoff(backoff).value if backoff is not None else "constant",
            jitter=Jitter(jitter).value if jitter is not None else "none",
        )

    def __repr__(self) -> str:
        return f"RetryPolicy({self.max_retries}, delay={self.delay}, backoff={self.backoff}, jitter={self.jitter})"
