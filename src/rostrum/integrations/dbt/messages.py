"""Messages of dbt's structured log, and what they mean for assets and checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from rostrum.definitions.events.outputs import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetMaterialization,
    AssetObservation,
    Output,
)
from rostrum.integrations.dbt.assets import DbtAssets, dbt_assets_of
from rostrum.integrations.dbt.manifest import Manifest, depends_on, is_asset, load_manifest, upstream
from rostrum.integrations.dbt.properties import UNIQUE_ID
from rostrum.integrations.dbt.translator import DbtTranslator, validated_translator
from rostrum.model.assets import AssetKey, CheckKey
from rostrum.model.errors import InvariantError

Event = Output[Any] | AssetMaterialization | AssetObservation | AssetCheckResult
DURATION = "Execution Duration"
"""Metadata: seconds that dbt worked on it."""
_RESULTS = frozenset(
    {
        "LogFunctionResult",
        "LogModelResult",
        "LogNodeNoOpResult",
        "LogNodeResult",
        "LogSeedResult",
        "LogSnapshotResult",
        "LogTestResult",
        "NodeFinished",
    }
)
_MADE = frozenset({"success", "no-op"})
_JUDGED = frozenset({"pass", "warn", "fail", "error", "runtime error"})
_NO_TIMING: Mapping[str, Any] = {}


@dataclass(frozen=True)
class StepAssets:
    """Assets and checks of the step that runs dbt. Keys are found by what the specs say, for users may have changed
    them since.
    """

    info: DbtAssets
    keys: Mapping[str, AssetKey]
    """Asset by unique id."""
    checks: Mapping[str, CheckKey]
    """Check by unique id of its test."""
    outputs: Mapping[AssetKey, str]
    selected: frozenset[AssetKey]
    selected_checks: frozenset[CheckKey]
    is_subset: bool

    @staticmethod
    def of(context: Any) -> StepAssets | None:
        """Those of a context; None where no `@dbt_assets` is behind it."""
        definition = _assets_def(context)
        info = dbt_assets_of(definition)
        if info is None:
            return None
        specs, checks = definition.specs, definition.check_specs
        return StepAssets(
            info,
            {str(spec.metadata[UNIQUE_ID]): spec.key for spec in specs if UNIQUE_ID in spec.metadata},
            {str(check.metadata[UNIQUE_ID]): check.key for check in checks if UNIQUE_ID in check.metadata},
            {spec.key: context.output_for_asset_key(spec.key) for spec in specs},
            context.selected_asset_keys,
            context.selected_asset_check_keys,
            context.is_subset,
        )

    @property
    def selected_ids(self) -> list[str]:
        """Unique ids of assets that this step is to make."""
        return [unique_id for unique_id, key in self.keys.items() if key in self.selected]

    @property
    def selected_tests(self) -> list[str]:
        """Unique ids of tests of checks that this step is to evaluate, and of tests that are no checks, where all
        that they read is made.
        """
        made, nodes = set(self.selected_ids), self.info.manifest["nodes"]
        found = [unique_id for unique_id, key in self.checks.items() if key in self.selected_checks]
        for unique_id, props in nodes.items():
            if props["resource_type"] == "test" and unique_id not in self.checks:
                read = set(depends_on(props))
                if read and read <= made:
                    found.append(unique_id)
        return found


def _assets_def(context: Any) -> Any:
    if context is None or not getattr(context, "has_assets_def", False):
        return None
    try:
        return context.assets_def
    except InvariantError:
        return None


@dataclass(frozen=True)
class DbtCliEventMessage:
    """One message of dbt, as it logs them in JSON."""

    raw_event: Mapping[str, Any]
    event_history_metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def __str__(self) -> str:
        return str(self.raw_event["info"]["msg"])

    @property
    def name(self) -> str:
        """Kind of the message."""
        return str(self.raw_event["info"]["name"])

    @property
    def is_error(self) -> bool:
        """Whether dbt tells an error."""
        return self.raw_event["info"].get("level") == "error"

    @property
    def invocation_id(self) -> str:
        """Of the command."""
        return str(self.raw_event["info"].get("invocation_id", ""))

    @property
    def node(self) -> Mapping[str, Any]:
        """What dbt says of the resource."""
        return self.raw_event.get("data", {}).get("node_info") or {}

    @property
    def unique_id(self) -> str | None:
        """Resource that it is about."""
        return self.node.get("unique_id")

    @property
    def is_result_event(self) -> bool:
        """Whether it tells how dbt got on with one resource."""
        return self.name in _RESULTS and bool(self.node.get("node_finished_at")) and bool(self.unique_id)

    def to_default_asset_events(
        self,
        manifest: Manifest | str | Path,
        dagster_dbt_translator: DbtTranslator | None = None,
        context: Any = None,
        target_path: Path | None = None,
        project: Any = None,
    ) -> Iterator[Event]:
        """Events of the result: an Output or AssetMaterialization, an AssetCheckResult or AssetObservation."""
        translator = validated_translator(dagster_dbt_translator)
        yield from results(self, load_manifest(manifest), translator, StepAssets.of(context))


def results(
    message: DbtCliEventMessage, manifest: Manifest, translator: DbtTranslator, step: StepAssets | None
) -> Iterator[Event]:
    """What a message means. In a step of `@dbt_assets` it is told of the step's assets and checks."""
    unique_id = message.unique_id
    if unique_id is None or not message.is_result_event:
        return
    props: Any = manifest["nodes"].get(unique_id)
    if props is None:
        return
    status = str(message.node.get("node_status"))
    metadata = _metadata(message)
    if is_asset(props) and status in _MADE:
        yield _made(unique_id, translator.get_asset_key(props), metadata, step)
    elif props["resource_type"] == "test" and status in _JUDGED:
        yield from _judged(message, manifest, translator, step, {**metadata, "status": status})


def _made(
    unique_id: str, default_key: AssetKey, metadata: Mapping[str, Any], step: StepAssets | None
) -> Output[Any] | AssetMaterialization:
    key = step.keys.get(unique_id) if step is not None else None
    if step is None or key is None or key not in step.selected:
        return AssetMaterialization(key or default_key, metadata=metadata)
    return Output(None, step.outputs[key], metadata=metadata)


def _judged(
    message: DbtCliEventMessage,
    manifest: Manifest,
    translator: DbtTranslator,
    step: StepAssets | None,
    metadata: dict[str, Any],
) -> Iterator[Event]:
    unique_id, status = str(message.unique_id), metadata["status"]
    failures = message.raw_event["data"].get("num_failures")
    if failures is not None:
        metadata["dagster_dbt/failed_row_count"] = int(failures)
    check = step.checks.get(unique_id) if step is not None else None
    if step is not None and check in step.selected_checks and check is not None:
        severity = AssetCheckSeverity.WARN if status == "warn" else AssetCheckSeverity.ERROR
        yield AssetCheckResult(
            passed=status == "pass",
            asset_key=check.asset_key,
            check_name=check.name,
            metadata=metadata,
            severity=severity,
        )
        return
    for parent in upstream(manifest, manifest["nodes"][unique_id]):
        known = step.keys.get(parent) if step is not None else None
        props = manifest["nodes"].get(parent) or manifest["sources"][parent]
        yield AssetObservation(known or translator.get_asset_key(props), metadata=metadata)


def _metadata(message: DbtCliEventMessage) -> dict[str, Any]:
    metadata: dict[str, Any] = {"unique_id": message.unique_id, "invocation_id": message.invocation_id}
    seconds = _seconds(message.node)
    if seconds is not None:
        metadata[DURATION] = seconds
    return metadata


def _seconds(node: Mapping[str, Any]) -> float | None:
    try:
        started = datetime.fromisoformat(str(node.get("node_started_at")))
        return (datetime.fromisoformat(str(node.get("node_finished_at"))) - started).total_seconds()
    except (ValueError, TypeError):
        return None


def from_run_results(artifact: Mapping[str, Any], seen: set[str], manifest: Manifest) -> Iterator[DbtCliEventMessage]:
    """Messages of results that the log did not tell (`--quiet`, an adapter that logs otherwise)."""
    invocation = artifact.get("metadata", {}).get("invocation_id", "")
    for result in cast("Sequence[Mapping[str, Any]]", artifact.get("results", ())):
        unique_id = result["unique_id"]
        if unique_id in seen or unique_id not in manifest["nodes"]:
            continue
        timings = cast("Sequence[Mapping[str, Any]]", result.get("timing", ()))
        timing = next((each for each in timings if each["name"] == "execute"), _NO_TIMING)
        node: dict[str, Any] = {
            "unique_id": unique_id,
            "node_status": result["status"],
            "node_started_at": timing.get("started_at"),
            "node_finished_at": timing.get("completed_at") or "unknown",
        }
        info = {"name": "NodeFinished", "msg": "", "level": "debug", "invocation_id": invocation}
        yield DbtCliEventMessage({"info": info, "data": {"node_info": node, "num_failures": result.get("failures")}})
