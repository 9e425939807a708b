"""Values for the suites."""

from __future__ import annotations

from typing import Any

from rostrum.model.assets import AssetKey, CheckKey
from rostrum.model.events import AssetMaterialized, CheckEvaluated, LogMessage, StepStarted
from rostrum.model.metadata import FloatMetadata
from rostrum.model.runs import Run, RunTarget
from rostrum.testing.clock import FakeClock

A = AssetKey(("raw", "a"))
B = AssetKey(("raw", "b"))
CHECK = CheckKey(A, "not_empty")


def a_run(
    clock: FakeClock,
    *,
    job: str = "nightly",
    location: str = "main",
    assets: tuple[AssetKey, ...] = (),
    partition_key: str | None = None,
    **fields: Any,
) -> Run:
    """Make a queued run, created now."""
    target = RunTarget(location, job, asset_selection=assets, partition_key=partition_key)
    return Run(run_id=clock.new_id(), target=target, created_at=clock.now(), **fields)


def started(
    clock: FakeClock, run_id: str, sequence: int, step_key: str = "load", stream: str = "worker/1"
) -> StepStarted:
    """Make an event of a step."""
    return StepStarted(run_id=run_id, stream=stream, sequence=sequence, at=clock.now(), step_key=step_key)


def said(clock: FakeClock, run_id: str, sequence: int, message: str = "hello", stream: str = "worker/1") -> LogMessage:
    """Make a log message."""
    return LogMessage(run_id=run_id, stream=stream, sequence=sequence, at=clock.now(), level="info", message=message)


def materialized(
    clock: FakeClock,
    run_id: str,
    sequence: int,
    asset_key: AssetKey = A,
    partition_key: str | None = None,
    rows: float = 1.0,
) -> AssetMaterialized:
    """Make a materialisation."""
    return AssetMaterialized(
        run_id=run_id,
        stream="worker/1",
        sequence=sequence,
        at=clock.now(),
        asset_key=asset_key,
        partition_key=partition_key,
        metadata={"rows": FloatMetadata(rows)},
    )


def evaluated(
    clock: FakeClock, run_id: str, sequence: int, check_key: CheckKey = CHECK, passed: bool = True
) -> CheckEvaluated:
    """Make an evaluation of a check."""
    return CheckEvaluated(
        run_id=run_id, stream="worker/1", sequence=sequence, at=clock.now(), check_key=check_key, passed=passed
    )
