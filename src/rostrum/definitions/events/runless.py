"""What is told of assets outside of any run, by `report_runless_asset_event` or by a sensor, as events to be stored."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from rostrum.definitions.events.outputs import AssetCheckResult, AssetMaterialization, AssetObservation
from rostrum.definitions.events.run_events import AssetCheckEvaluation
from rostrum.model import events as model
from rostrum.model.assets import CheckKey
from rostrum.model.errors import ArgumentError, kind_of
from rostrum.model.reserved_names import DATA_VERSION_TAG

AssetEvent = AssetMaterialization | AssetObservation | AssetCheckEvaluation | AssetCheckResult


def runless_event(told: Any, at: datetime) -> model.AssetMaterialized | model.AssetObserved | model.CheckEvaluated:
    """The event to store. Raises ArgumentError for something else than an `AssetEvent`, or one that names no check."""
    if isinstance(told, AssetMaterialization):
        tags = dict(told.tags or {})
        version = tags.pop(DATA_VERSION_TAG, None)
        return model.AssetMaterialized(
            at=at,
            asset_key=told.asset_key,
            partition_key=told.partition,
            description=told.description,
            metadata=told.metadata,
            tags=tags,
            data_version=version,
        )
    if isinstance(told, AssetObservation):
        return model.AssetObserved(
            at=at,
            asset_key=told.asset_key,
            partition_key=told.partition,
            description=told.description,
            metadata=told.metadata,
            data_version=told.data_version,
        )
    if isinstance(told, (AssetCheckEvaluation, AssetCheckResult)):
        return model.CheckEvaluated(
            at=at,
            check_key=_check_key(told),
            passed=told.passed,
            severity=getattr(told.severity, "value", "error").lower(),
            metadata=told.metadata,
            description=told.description,
        )
    raise ArgumentError(
        f"{kind_of(told)} cannot be reported: give an AssetMaterialization, an AssetObservation or an "
        "AssetCheckEvaluation."
    )


def _check_key(told: AssetCheckEvaluation | AssetCheckResult) -> CheckKey:
    if isinstance(told, AssetCheckEvaluation):
        return told.asset_check_key
    if told.asset_key is None or told.check_name is None:
        raise ArgumentError("an AssetCheckResult outside of its check names the check: give asset_key and check_name.")
    return CheckKey(told.asset_key, told.check_name)
