"""Checks that need no function of one's own: of the columns, of a number in the metadata, of the time of the last
update. They read what the asset's last materializations told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from rostrum.definitions.assets.definition import AssetsDefinition
from rostrum.definitions.checks.definition import AssetChecksDefinition, multi_asset_check
from rostrum.definitions.checks.specs import AssetCheckSpec
from rostrum.definitions.contexts.step import AssetCheckExecutionContext
from rostrum.definitions.events.outputs import AssetCheckResult, AssetCheckSeverity
from rostrum.definitions.names import asset_key_of
from rostrum.model.assets import AssetKey, CheckKey
from rostrum.model.errors import ArgumentError
from rostrum.model.partitions import TimePartitions
from rostrum.model.reserved_names import COLUMN_SCHEMA_METADATA
from rostrum.planning import cron
from rostrum.planning.partitions import partitions_of

COLUMN_SCHEMA = (COLUMN_SCHEMA_METADATA, "rostrum/column_schema")
"""Names of the metadata in which a materialization tells its columns."""
FRESHNESS = "rostrum/freshness"
"""Name of a check's own metadata that tells when it is late."""

Judge = Callable[[AssetCheckExecutionContext, AssetKey], AssetCheckResult]


def build_column_schema_change_checks(
    *, assets: Sequence[Any], severity: AssetCheckSeverity = AssetCheckSeverity.WARN
) -> Sequence[AssetChecksDefinition]:
    """Checks `column_schema_change`: the columns are those of the materialization before."""

    def judge(context: AssetCheckExecutionContext, key: AssetKey) -> AssetCheckResult:
        schemas = [_columns(record) for record in _records(context, key, 2)]
        if len(schemas) < 2 or schemas[0] is None or schemas[1] is None:
            told = "There are no two materializations with a column schema to compare yet."
            return AssetCheckResult(passed=True, severity=severity, description=told)
        new, old = schemas[0], schemas[1]
        added, removed = sorted(new.keys() - old.keys()), sorted(old.keys() - new.keys())
        changed = sorted(
            f"{name}: {old[name]} -> {new[name]}" for name in new.keys() & old.keys() if new[name] != old[name]
        )
        parts = {"added": added, "removed": removed, "changed type": changed}
        told = "; ".join(f"columns {what}: {', '.join(names)}" for what, names in parts.items() if names)
        return AssetCheckResult(passed=not told, severity=severity, description=told or "No changes.")

    return [_checks("column_schema_change", assets, judge)]


def build_metadata_bounds_checks(
    *,
    assets: Sequence[Any],
    severity: AssetCheckSeverity = AssetCheckSeverity.WARN,
    metadata_key: str,
    min_value: float | None = None,
    max_value: float | None = None,
    exclusive_min: bool = False,
    exclusive_max: bool = False,
) -> Sequence[AssetChecksDefinition]:
    """Checks `<metadata_key>_bounds`: the number in the metadata of the last materialization is within bounds."""
    if min_value is None and max_value is None:
        raise ArgumentError("build_metadata_bounds_checks: give min_value, max_value or both.")

    def judge(context: AssetCheckExecutionContext, key: AssetKey) -> AssetCheckResult:
        records = _records(context, key, 1)
        value = _metadata(records[0]).get(metadata_key) if records else None
        number = getattr(value, "value", value)
        if isinstance(number, bool) or not isinstance(number, (int, float)):
            told = f"The last materialization has no number {metadata_key!r} in its metadata."
            return AssetCheckResult(passed=False, severity=severity, description=told)
        low = min_value is None or (number > min_value if exclusive_min else number >= min_value)
        high = max_value is None or (number < max_value if exclusive_max else number <= max_value)
        bounds = f"{'(' if exclusive_min else '['}{min_value}, {max_value}{')' if exclusive_max else ']'}"
        told = f"{metadata_key} is {number}, {'within' if low and high else 'not within'} {bounds}."
        return AssetCheckResult(
            passed=low and high, severity=severity, description=told, metadata={metadata_key: number}
        )

    name = "".join(character if character.isalnum() else "_" for character in metadata_key)
    return [_checks(f"{name}_bounds", assets, judge)]


def build_last_update_freshness_checks(
    *,
    assets: Sequence[Any],
    lower_bound_delta: timedelta,
    deadline_cron: str | None = None,
    timezone: str = "UTC",
    severity: AssetCheckSeverity = AssetCheckSeverity.WARN,
    blocking: bool = False,
) -> Sequence[AssetChecksDefinition]:
    """Checks `freshness_check`: the asset was updated at most `lower_bound_delta` before the last tick of
    `deadline_cron` (without one: before now).
    """
    if deadline_cron is not None:
        cron.validate((deadline_cron,), timezone)

    def judge(context: AssetCheckExecutionContext, key: AssetKey) -> AssetCheckResult:
        now = _now(context)
        deadline = _deadline(deadline_cron, timezone, now)
        updated = _updated_at(context, key)
        passed = updated is not None and updated >= deadline - lower_bound_delta
        last = f"the last update was at {updated.isoformat()}" if updated is not None else "there is no update"
        told = f"{'Fresh' if passed else 'Late'}: {last}; expected since {(deadline - lower_bound_delta).isoformat()}."
        metadata = {"last_updated_at": updated.timestamp()} if updated is not None else {}
        return AssetCheckResult(passed=passed, severity=severity, description=told, metadata=metadata)

    params = {"lower_bound_delta_seconds": lower_bound_delta.total_seconds(), "timezone": timezone}
    if deadline_cron is not None:
        params["deadline_cron"] = deadline_cron
    return [_checks("freshness_check", assets, judge, blocking, {FRESHNESS: params})]


def build_time_partition_freshness_checks(
    *,
    assets: Sequence[Any],
    deadline_cron: str,
    timezone: str = "UTC",
    severity: AssetCheckSeverity = AssetCheckSeverity.WARN,
    blocking: bool = False,
) -> Sequence[AssetChecksDefinition]:
    """Checks `freshness_check`: the partition that had ended at the last tick of `deadline_cron` was made."""
    cron.validate((deadline_cron,), timezone)

    def judge(context: AssetCheckExecutionContext, key: AssetKey) -> AssetCheckResult:
        resolved: Any = context._scope.definitions  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
        node = resolved.graph.nodes.get(key)
        spec = resolved.manifest.partitions.get(node.partitions) if node is not None and node.partitions else None
        if not isinstance(spec, TimePartitions):
            told = f"{key} has no partitions of time."
            return AssetCheckResult(passed=False, severity=severity, description=told)
        wanted = partitions_of(spec).last(_deadline(deadline_cron, timezone, _now(context)))
        if wanted is None:
            return AssetCheckResult(passed=True, severity=severity, description="No partition is expected yet.")
        passed = wanted in context.instance.get_materialized_partitions(key)
        told = f"Partition {wanted} was {'' if passed else 'not '}made."
        return AssetCheckResult(passed=passed, severity=severity, description=told, metadata={"partition": wanted})

    params = {"deadline_cron": deadline_cron, "timezone": timezone}
    return [_checks("freshness_check", assets, judge, blocking, {FRESHNESS: params})]


def _checks(
    name: str,
    assets: Sequence[Any],
    judge: Judge,
    blocking: bool = False,
    metadata: Mapping[str, Any] | None = None,
) -> AssetChecksDefinition:
    """One function that judges all of the assets, or some."""
    keys: dict[AssetKey, None] = {}
    for each in assets:
        keys.update(dict.fromkeys(sorted(each.keys) if isinstance(each, AssetsDefinition) else [asset_key_of(each)]))
    if not keys:
        raise ArgumentError(f"{name}: name at least one asset.")
    if len(keys) < len(list(assets)):
        raise ArgumentError(f"{name}: the same asset is given twice.")

    def evaluate(context: AssetCheckExecutionContext) -> Iterator[AssetCheckResult]:
        for key in sorted(context.selected_asset_check_keys):
            result = judge(context, key.asset_key)
            result.asset_key, result.check_name = key.asset_key, key.name
            yield result

    evaluate.__doc__ = (judge.__doc__ or f"Judges {name} of assets.").strip()
    specs = [AssetCheckSpec(name, asset=key, blocking=blocking, metadata=metadata) for key in keys]
    op_name = f"{next(iter(keys)).step_key}_{name}" if len(keys) == 1 else f"{name}_{_digest(list(keys))}"
    return multi_asset_check(name=op_name, specs=specs, can_subset=True)(evaluate)


def _digest(keys: Sequence[AssetKey]) -> str:
    import hashlib  # only here

    return hashlib.blake2b("\n".join(map(str, keys)).encode(), digest_size=4).hexdigest()


def _records(context: AssetCheckExecutionContext, key: AssetKey, limit: int) -> Sequence[Any]:
    return context.instance.fetch_materializations(key, limit).records


def _metadata(record: Any) -> Mapping[str, Any]:
    return record.event_log_entry.asset_materialization.metadata


def _columns(record: Any) -> dict[str, str] | None:
    metadata = _metadata(record)
    for name in COLUMN_SCHEMA:
        found: Any = metadata.get(name)
        if found is not None:
            schema = getattr(found, "schema", getattr(found, "value", found))
            return {column.name: column.type for column in schema.columns}
    return None


def _updated_at(context: AssetCheckExecutionContext, key: AssetKey) -> datetime | None:
    state = context.instance.get_asset_state(key)
    if state is None:
        return None
    return max((at for at in (state.last_materialized_at, state.last_observed_at) if at is not None), default=None)


def _now(context: AssetCheckExecutionContext) -> datetime:
    return context._scope.now()  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]


def _deadline(expression: str | None, timezone: str, now: datetime) -> datetime:
    """The last tick not later than now."""
    if expression is None:
        return now
    return cron.previous_tick((expression,), timezone, now + timedelta(seconds=1)) or now


def due(metadata: Mapping[str, Any], last: float | None, now: datetime) -> bool:
    """Whether a freshness check is to be evaluated (again); `last`: when it was, in seconds since 1970."""
    params = metadata.get(FRESHNESS)
    if params is None:
        return False
    if last is None:
        return True
    if (expression := params.get("deadline_cron")) is not None:
        return _deadline(expression, params["timezone"], now) > datetime.fromtimestamp(last, UTC)
    return now.timestamp() - last >= params["lower_bound_delta_seconds"]


def freshness_check_keys(checks: Sequence[AssetChecksDefinition]) -> Mapping[CheckKey, Mapping[str, Any]]:
    """Freshness checks and their metadata. Raises ArgumentError for checks of another kind."""
    found: dict[CheckKey, Mapping[str, Any]] = {}
    for definition in checks:
        for spec in definition.check_specs:
            if FRESHNESS not in spec.metadata:
                raise ArgumentError(
                    f"{spec.key} is no freshness check: make it with build_last_update_freshness_checks."
                )
            found[spec.key] = spec.metadata
    return found
