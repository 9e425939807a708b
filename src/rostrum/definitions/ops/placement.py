"""Where steps of an op run and how long one attempt may take, as users write it: arguments, or tags."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from rostrum.definitions.names import nearest
from rostrum.model.errors import DefinitionError, kind_of
from rostrum.model.plans import ISOLATIONS
from rostrum.planning.placement import ISOLATION_TAG, TIMEOUT_TAG

PLACING_TAGS = frozenset((ISOLATION_TAG, TIMEOUT_TAG))


def checked_isolation(label: str, value: Any) -> str | None:
    """One of `ISOLATIONS`, or None for what the executor says. Raises DefinitionError."""
    if value is None or value in ISOLATIONS:
        return value
    hint = nearest(value, ISOLATIONS) if isinstance(value, str) else ""
    raise DefinitionError(f"{label}: isolation is {value!r}; give one of {', '.join(ISOLATIONS)}.{hint}")


def timeout_seconds(label: str, value: Any) -> float | None:
    """Seconds that one attempt may take, of a number of seconds or a timedelta; None: any. Raises DefinitionError."""
    if value is None:
        return None
    if isinstance(value, timedelta):
        value = value.total_seconds()
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise DefinitionError(f"{label}: timeout is {kind_of(value)}; give seconds (a number) or a timedelta.")
    if not math.isfinite(value) or value <= 0:
        raise DefinitionError(f"{label}: timeout is {value:g}; give more than 0 seconds, or leave it out for no limit.")
    return float(value)


def placed_by(label: str, tags: Mapping[str, str]) -> tuple[str | None, float | None]:
    """Isolation and time limit that tags ask for. Raises DefinitionError for what cannot be."""
    isolation, timeout = tags.get(ISOLATION_TAG), tags.get(TIMEOUT_TAG)
    if isolation is not None:
        checked_isolation(f"{label}: tag {ISOLATION_TAG}", isolation)
    if timeout is None:
        return isolation, None
    try:
        seconds = float(timeout)
    except ValueError:
        raise DefinitionError(
            f"{label}: tag {TIMEOUT_TAG} is {timeout!r}; give seconds, as in {TIMEOUT_TAG}: '90'."
        ) from None
    return isolation, timeout_seconds(f"{label}: tag {TIMEOUT_TAG}", seconds)
