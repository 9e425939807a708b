"""The sensor that has freshness checks evaluated when they may have changed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rostrum.definitions.assets.selection import AssetSelection
from rostrum.definitions.automations.run_requests import RunRequest, SkipReason
from rostrum.definitions.automations.sensors import DefaultSensorStatus, SensorDefinition
from rostrum.definitions.automations.tick_contexts import SensorEvaluationContext
from rostrum.definitions.checks.definition import AssetChecksDefinition
from rostrum.definitions.checks.factories import due, freshness_check_keys
from rostrum.definitions.partitions.loading import loading_context
from rostrum.model.assets import CheckKey


def build_sensor_for_freshness_checks(
    *,
    freshness_checks: Sequence[AssetChecksDefinition],
    minimum_interval_seconds: int | None = None,
    name: str = "freshness_checks_sensor",
    default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
    tags: Mapping[str, Any] | None = None,
) -> SensorDefinition:
    """A sensor that launches freshness checks: those with a deadline after each of its ticks, others when as much time
    has passed as they allow. Its cursor keeps when each was last asked for.

    Raises ArgumentError for checks that are not of freshness.
    """
    checks = freshness_check_keys(freshness_checks)
    selection = AssetSelection.checks(*checks)

    def evaluate(context: SensorEvaluationContext) -> RunRequest | SkipReason:
        now = loading_context().effective_dt
        asked: dict[str, float] = json.loads(context.cursor) if context.cursor else {}
        wanted: list[CheckKey] = [key for key, metadata in checks.items() if due(metadata, asked.get(str(key)), now)]
        if not wanted:
            return SkipReason("No freshness check is due.")
        context.update_cursor(json.dumps({**asked, **{str(key): now.timestamp() for key in wanted}}))
        return RunRequest(asset_check_keys=wanted)

    return SensorDefinition(
        name,
        evaluation_fn=evaluate,
        asset_selection=selection,
        minimum_interval_seconds=minimum_interval_seconds,
        default_status=default_status,
        tags=tags,
        description="Evaluates freshness checks when they may have changed.",
    )
