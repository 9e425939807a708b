"""How an executor's options bind the loop, whichever executor it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """How an executor's options bind the loop."""

    retries: bool = True
    """Without it nothing is tried again."""
    infrastructure_retries: int | None = None
    """How many crashes and losses of a step are forgiven where its policy does not say; None: counted with the rest."""
    tag_concurrency_limits: Sequence[Mapping[str, Any]] = ()
    require_upstream_step_success: bool = True
    """Without it a step may use what a failed one has stored before it failed."""
    grace_seconds: float = 20.0
    """From asking an attempt to end to killing it."""


class Ruled(Protocol):
    """An executor with these options, as `Rules` has them."""

    retries: bool
    infrastructure_retries: int | None
    tag_concurrency_limits: Sequence[Mapping[str, Any]]
    require_upstream_step_success: bool
    grace_seconds: float


def rules_of(executor: Ruled) -> Rules:
    """The rules that an executor's options make."""
    return Rules(
        retries=executor.retries,
        infrastructure_retries=executor.infrastructure_retries,
        tag_concurrency_limits=executor.tag_concurrency_limits,
        require_upstream_step_success=executor.require_upstream_step_success,
        grace_seconds=executor.grace_seconds,
    )
