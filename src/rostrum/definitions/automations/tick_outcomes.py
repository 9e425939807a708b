"""From what the function of a schedule or sensor returned to what the tick asks for."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC
from types import GeneratorType
from typing import Any, cast

from rostrum.definitions.automations.run_requests import (
    PartitionsRequest,
    RunReaction,
    RunRequest,
    SensorResult,
    SkipReason,
)
from rostrum.definitions.partitions.loading import loading_context
from rostrum.model import ticks
from rostrum.model.errors import ArgumentError, InvocationError, kind_of

EMPTY_SENSOR = "Sensor function returned an empty result"
EMPTY_SCHEDULE = "Schedule function returned an empty result"


class TickOutcome:
    """What a tick asks for: run requests or a message why there are none, the cursor, changes of dynamic partitions,
    events of assets, runs reacted to.
    """

    __slots__ = (
        "asset_events",
        "cursor",
        "dagster_run_reactions",
        "dynamic_partitions_requests",
        "log_key",
        "run_requests",
        "skip_message",
    )

    def __init__(
        self,
        run_requests: Sequence[RunRequest] = (),
        skip_message: str | None = None,
        cursor: str | None = None,
        dynamic_partitions_requests: Sequence[PartitionsRequest] = (),
        asset_events: Sequence[Any] = (),
        dagster_run_reactions: Sequence[RunReaction] = (),
    ) -> None:
        self.run_requests = list(run_requests)
        self.skip_message, self.cursor = skip_message, cursor
        self.dynamic_partitions_requests = list(dynamic_partitions_requests)
        self.asset_events, self.dagster_run_reactions = list(asset_events), list(dagster_run_reactions)
        self.log_key: Sequence[str] | None = None

    def __repr__(self) -> str:
        told = f"{len(self.run_requests)} run requests" if self.run_requests else f"skipped: {self.skip_message}"
        return f"<tick outcome: {told}>"

    def result(self) -> ticks.TickResult:
        """The outcome as data. Raises ArgumentError for asset events that cannot be reported."""
        return ticks.TickResult(
            run_requests=tuple(each.node for each in self.run_requests),
            skip_reason=None if self.run_requests else self.skip_message,
            cursor=self.cursor,
            partitions=tuple(each.node for each in self.dynamic_partitions_requests),
            reactions=tuple(
                ticks.RunReaction(run_id=each.dagster_run.run_id)
                for each in self.dagster_run_reactions
                if each.dagster_run is not None
            ),
            asset_events=_reported(self.asset_events) if self.asset_events else (),
        )


def _reported(asset_events: Sequence[Any]) -> tuple[Any, ...]:
    # Few sensors tell of assets.
    runless_event = importlib.import_module("rostrum.definitions.events.runless").runless_event
    at = loading_context().effective_dt.astimezone(UTC)
    return tuple(runless_event(each, at) for each in asset_events)


class Returned:
    """What a function returned, sorted."""

    __slots__ = ("reactions", "requests", "result", "skip")

    def __init__(self, what: str, returned: Any, allowed: tuple[type, ...]) -> None:
        self.requests: list[RunRequest] = []
        self.reactions: list[RunReaction] = []
        self.skip: SkipReason | None = None
        self.result: SensorResult | None = None
        if isinstance(returned, GeneratorType):
            returned = list(cast("Iterable[Any]", returned))
        if returned is None:
            return
        found = cast("Sequence[Any]", returned) if isinstance(returned, (list, tuple)) else [returned]
        for each in found:
            if each is not None:
                self._sort(what, each, allowed)
        if self.result is not None and len(found) > 1:
            raise ArgumentError(f"{what} returned a SensorResult among other values: it is the only one of its tick.")
        if self.skip is not None and (self.requests or self.reactions):
            raise ArgumentError(f"{what} returned a SkipReason and run requests: a tick asks for runs or says why not.")

    def _sort(self, what: str, each: Any, allowed: tuple[type, ...]) -> None:
        if not isinstance(each, allowed):
            names = [kind.__name__ for kind in allowed]
            raise InvocationError(
                f"{what} returned {each!r} ({kind_of(each)}); it returns {', '.join(names)}, a list of "
                "RunRequest, or None."
            )
        if isinstance(each, RunRequest):
            self.requests.append(each)
        elif isinstance(each, RunReaction):
            self.reactions.append(each)
        elif isinstance(each, SkipReason):
            self.skip = each
        elif self.result is not None:
            raise ArgumentError(f"{what} returned several SensorResults: it returns one.")
        else:
            self.result = each


def with_tags(request: RunRequest, tags: Mapping[str, str]) -> RunRequest:
    """The request with more tags; its own come first."""
    return request.with_replaced_attrs(tags={**tags, **request.tags})
