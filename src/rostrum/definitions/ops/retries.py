"""Retry policies as users write them: of steps, and of whole runs."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import cast

from msgspec.structs import replace

from rostrum.definitions.broken import noting_init
from rostrum.model import manifest
from rostrum.model.errors import DefinitionError
from rostrum.planning.retries import LONGEST_SECONDS, MOST_RETRIES, retry_delay


class Backoff(str, Enum):
    """How the delay grows with the attempts (n counts from 1)."""

    LINEAR = "LINEAR"
    """delay * n"""
    EXPONENTIAL = "EXPONENTIAL"
    """delay * (2^n - 1)"""


class Jitter(str, Enum):
    """Randomness added to a delay."""

    FULL = "FULL"
    """Uniform in [0, delay]."""
    PLUS_MINUS = "PLUS_MINUS"
    """delay +- delay."""


class RetryPolicy:
    """How often and when a failed step is tried again. `delay` is in seconds, a year at most.

    `on`: only where one of these exceptions was raised, or one that is derived of them (classes, or their names); a
    time limit raises `StepTimeout`. `max_infrastructure_retries`: how often it is tried again when its process,
    container or machine went away, counted apart from `max_retries`; None: as the executor says.
    """

    __slots__ = ("backoff", "delay", "jitter", "max_infrastructure_retries", "max_retries", "node", "on")

    @noting_init
    def __init__(
        self,
        max_retries: int = 1,
        delay: float | None = None,
        backoff: Backoff | None = None,
        jitter: Jitter | None = None,
        on: type[BaseException] | str | Iterable[type[BaseException] | str] | None = None,
        max_infrastructure_retries: int | None = None,
    ) -> None:
        if delay is None and (backoff is not None or jitter is not None):
            raise DefinitionError("RetryPolicy: jitter and backoff need a delay (seconds), and none was given.")
        _check_numbers("RetryPolicy", max_retries, max_infrastructure_retries, delay)
        self.max_retries, self.delay, self.backoff, self.jitter = max_retries, delay, backoff, jitter
        self.on, self.max_infrastructure_retries = _names(on), max_infrastructure_retries
        self.node = manifest.RetryPolicy(
            max_retries=max_retries,
            delay_seconds=float(delay or 0.0),
            backoff=Backoff(backoff).value.lower() if backoff is not None else "constant",
            jitter=Jitter(jitter).value.lower() if jitter is not None else "none",
            on=self.on,
            max_infrastructure_retries=max_infrastructure_retries,
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RetryPolicy) and self.node == other.node

    def __hash__(self) -> int:
        return hash(self.node)

    def calculate_delay(self, attempt_num: int) -> float:
        """Seconds to wait after the failure of attempt `attempt_num` (from 1), jitter left out."""
        return retry_delay(replace(self.node, jitter="none"), attempt_num, float)

    def __repr__(self) -> str:
        return f"RetryPolicy({self.max_retries}, delay={self.delay}, backoff={self.backoff}, jitter={self.jitter})"


_STRATEGIES = ("from_failure", "all")


def _check_numbers(what: str, max_retries: int, max_infrastructure_retries: int | None, delay: float | None) -> None:
    """Raise DefinitionError for a number that cannot be meant."""
    for name, count in (("max_retries", max_retries), ("max_infrastructure_retries", max_infrastructure_retries)):
        if count is not None and count < 0:
            raise DefinitionError(f"{what}: {name} is {count}; it cannot be negative.")
        if count is not None and count > MOST_RETRIES:
            raise DefinitionError(f"{what}: {name} is {count}; at most {MOST_RETRIES} are possible.")
    if delay is not None and not 0 <= delay <= LONGEST_SECONDS:
        raise DefinitionError(
            f"{what}: delay is {delay}; it is to be a number of seconds from 0 to {LONGEST_SECONDS:.0f} (a year)."
        )


class RunRetryPolicy:
    """How often and when a failed run is repeated by another one. `delay` is in seconds, a year at most.

    `max_retries` counts failures of the code; runs whose worker could not be launched, died or was lost are counted
    apart, against `max_infrastructure_retries` (None: as many as `max_retries`). `on`: only these reasons of a failure;
    None: all. `strategy`: `from_failure` does what has not succeeded, `all` everything again.
    """

    __slots__ = ("backoff", "delay", "jitter", "max_infrastructure_retries", "max_retries", "node", "on", "strategy")

    @noting_init
    def __init__(
        self,
        max_retries: int = 1,
        delay: float | None = None,
        backoff: Backoff | None = None,
        jitter: Jitter | None = None,
        on: Iterable[str] | None = None,
        strategy: str = "from_failure",
        max_infrastructure_retries: int | None = None,
    ) -> None:
        if delay is None and (backoff is not None or jitter is not None):
            raise DefinitionError("RunRetryPolicy: jitter and backoff need a delay (seconds), and none was given.")
        _check_numbers("RunRetryPolicy", max_retries, max_infrastructure_retries, delay)
        if strategy not in _STRATEGIES:
            raise DefinitionError(f"RunRetryPolicy: strategy is {strategy!r}; use 'from_failure' or 'all'.")
        reasons = tuple(on) if on is not None and not isinstance(on, str) else (on,) if isinstance(on, str) else ()
        for reason in reasons:
            if reason not in manifest.RUN_FAILURES:
                known = ", ".join(manifest.RUN_FAILURES)
                raise DefinitionError(f"RunRetryPolicy: on has {reason!r}, which no run fails for; there are {known}.")
        self.max_retries, self.delay, self.backoff, self.jitter = max_retries, delay, backoff, jitter
        self.on, self.strategy, self.max_infrastructure_retries = reasons or None, strategy, max_infrastructure_retries
        retry = manifest.RetryPolicy(
            max_retries=max_retries,
            delay_seconds=float(delay or 0.0),
            backoff=Backoff(backoff).value.lower() if backoff is not None else "constant",
            jitter=Jitter(jitter).value.lower() if jitter is not None else "none",
            on=reasons,
            max_infrastructure_retries=max_infrastructure_retries,
        )
        self.node = manifest.RunRetryPolicy(retry, strategy)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RunRetryPolicy) and self.node == other.node

    def __hash__(self) -> int:
        return hash(self.node)

    def __repr__(self) -> str:
        return f"RunRetryPolicy({self.max_retries}, delay={self.delay}, on={self.on}, strategy={self.strategy!r})"


def _names(on: object) -> tuple[str, ...]:
    """Names of exception classes. Raises DefinitionError for what is none."""
    if on is None:
        return ()
    several = isinstance(on, Iterable) and not isinstance(on, (str, type))
    names: list[str] = []
    given: Iterable[object] = cast("Iterable[object]", on) if several else (cast("object", on),)
    for each in given:
        if isinstance(each, str) and all(part.isidentifier() or part == "<locals>" for part in each.split(".")):
            names.append(each)
        elif isinstance(each, type) and issubclass(each, BaseException):
            own = each.__qualname__ if each.__module__ == "builtins" else f"{each.__module__}.{each.__qualname__}"
            names.append(own)
        else:
            raise DefinitionError(f"RetryPolicy: on has {each!r}; give exception classes, or their names.")
    if not names:
        raise DefinitionError("RetryPolicy: on is empty: name exceptions, or leave it out for all.")
    return tuple(names)
