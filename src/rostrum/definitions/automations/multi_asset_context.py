"""What the function of a multi-asset sensor gets: the materialisations of its assets that it has not seen yet."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self, cast

from rostrum.definitions.assets.selection import AssetSelection
from rostrum.definitions.automations.tick_contexts import SensorEvaluationContext
from rostrum.definitions.names import KeyLike, asset_key_of
from rostrum.definitions.partitions.loading import loading_context
from rostrum.model.assets import AssetKey
from rostrum.model.errors import InvariantError, InvocationError
from rostrum.planning.mappings import downstream_keys

if TYPE_CHECKING:  # loaded by the first that asks an instance
    from rostrum.definitions.assets.definition import AssetsDefinition
    from rostrum.definitions.assets.specs import AssetSpec
    from rostrum.definitions.events.log import EventLogRecord

_SCAN = 1000
"""How many of an asset's newest materialisations are looked at."""


class AssetCursor:
    """How far one asset has been looked at: the newest event seen, its partition, and older events that were passed
    over (partition -> event), which are still to be seen.
    """

    __slots__ = ("event_id", "partition", "trailing")

    def __init__(
        self, event_id: int | None = None, partition: str | None = None, trailing: Mapping[str, int] | None = None
    ) -> None:
        self.event_id, self.partition, self.trailing = event_id, partition, dict(trailing or {})


class MultiAssetSensorEvaluationContext(SensorEvaluationContext):
    """Records of materialisations, newest first, that the cursor of their asset has not passed. `advance_cursor` and
    `advance_all_cursors` move it.
    """

    def __init__(
        self,
        instance_ref: Any = None,
        monitored_assets: Sequence[KeyLike] | AssetSelection = (),
        last_tick_completion_time: float | None = None,
        last_run_key: str | None = None,
        cursor: str | None = None,
        repository_name: str | None = None,
        repository_def: Any = None,
        instance: Any = None,
        resource_defs: Mapping[str, Any] | None = None,
        definitions: Any = None,
        last_sensor_start_time: float | None = None,
        log_key: Sequence[str] | None = None,
        sensor_name: str | None = None,
        code_location_origin: Any = None,
        last_completion_time: float | None = None,
        *,
        log: Any = None,
    ) -> None:
        super().__init__(
            instance_ref,
            last_tick_completion_time,
            last_run_key,
            cursor,
            log_key,
            repository_name,
            repository_def,
            instance,
            sensor_name,
            resource_defs,
            definitions,
            last_sensor_start_time,
            code_location_origin,
            last_completion_time,
            log=log,
        )
        self._monitored = monitored_assets
        self._cursors = _decoded(cursor)
        self._moved: dict[AssetKey, AssetCursor] = {}
        self._found: dict[AssetKey, list[EventLogRecord]] = {}

    @classmethod
    def of(
        cls, context: SensorEvaluationContext, monitored_assets: Sequence[AssetKey] | AssetSelection
    ) -> MultiAssetSensorEvaluationContext:
        """The same evaluation as that of a plain context."""
        made = cls(
            context.instance_ref,
            monitored_assets,
            context.last_tick_completion_time,
            context.last_run_key,
            context.cursor,
            context.repository_name,
            context.repository_def,
            context._instance,  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - the same, or its absence
            context.resource_defs,
            context.definitions,
            context.last_sensor_start_time,
            context.log_key,
            context.sensor_name,
            context.code_location_origin,
            context.last_completion_time,
            log=context.log,
        )
        made.opened = context.opened
        return made

    def __enter__(self) -> Self:
        return self

    # --- what is monitored

    @property
    def asset_keys(self) -> Sequence[AssetKey]:
        """Keys of the monitored assets."""
        if isinstance(self._monitored, AssetSelection):
            graph = self._resolved().graph
            found = self._monitored.resolve(graph)
            return [key for key in graph.nodes if key in found]
        return [asset_key_of(each) for each in self._monitored]

    @property
    def assets_defs_by_key(self) -> Mapping[AssetKey, AssetsDefinition | AssetSpec | None]:
        """Definition by key, None for assets of other locations."""
        definitions = self.definitions if self.definitions is not None else self.repository_def
        known: dict[AssetKey, Any] = {}
        for each in getattr(definitions, "assets", None) or ():
            for key in getattr(each, "keys", None) or [each.key]:
                known[key] = each
        return {key: known.get(key) for key in self.asset_keys}

    # --- what has happened

    def materialization_records_for_key(self, asset_key: KeyLike, limit: int | None = None) -> Sequence[EventLogRecord]:
        """Records that have not been seen, newest first."""
        key = self._monitored_key(asset_key)
        found = self._unseen(key)
        return found[:limit] if limit is not None else found

    def latest_materialization_records_by_key(
        self, asset_keys: Sequence[KeyLike] | None = None
    ) -> Mapping[AssetKey, EventLogRecord | None]:
        """The newest record of each asset that has not been seen, else None."""
        keys = [asset_key_of(key) for key in asset_keys] if asset_keys is not None else self.asset_keys
        return {key: next(iter(self._unseen(self._monitored_key(key))), None) for key in keys}

    def latest_materialization_records_by_partition(
        self, asset_key: KeyLike, after_cursor_partition: bool | None = False
    ) -> Mapping[str, EventLogRecord]:
        """The newest unseen record of each partition; with `after_cursor_partition` only of partitions after the one
        that was seen last.
        """
        key = self._monitored_key(asset_key)
        found: dict[str, EventLogRecord] = {}
        for record in reversed(self._unseen(key)):
            partition = _partition(record)
            if partition is not None:
                found.pop(partition, None)
                found[partition] = record
        last = self._cursor_of(key).partition
        if after_cursor_partition and last is not None:
            order = self._partition_keys(key)
            passed = set(order[: order.index(last) + 1]) if last in order else set[str]()
            found = {partition: record for partition, record in found.items() if partition not in passed}
        return found

    def latest_materialization_records_by_partition_and_asset(self) -> Mapping[str, Mapping[AssetKey, EventLogRecord]]:
        """The newest unseen records by partition, then by asset."""
        found: dict[str, dict[AssetKey, EventLogRecord]] = {}
        for key in self.asset_keys:
            for partition, record in self.latest_materialization_records_by_partition(key).items():
                found.setdefault(partition, {})[key] = record
        return found

    def all_partitions_materialized(self, asset_key: KeyLike, partitions: Sequence[str] | None = None) -> bool:
        """Say whether all of these partitions (or all that exist) have ever been materialised."""
        if partitions is not None and len(partitions) == 0:
            raise InvariantError("all_partitions_materialized: partitions names none.")
        key = self._monitored_key(asset_key)
        wanted = partitions if partitions is not None else self._partition_keys(key)
        made = {_partition(record) for record in _records(self.instance, key, _SCAN * 10)}
        return set(wanted) <= made

    def get_downstream_partition_keys(
        self, partition_key: str, from_asset_key: KeyLike, to_asset_key: KeyLike
    ) -> Sequence[str]:
        """Partitions of `to_asset_key` that depend on a partition of `from_asset_key`."""
        manifest = self._resolved().manifest
        nodes = {node.key: node for node in manifest.assets}
        above, below = nodes[asset_key_of(from_asset_key)], nodes[asset_key_of(to_asset_key)]
        if above.partitions is None or below.partitions is None:
            raise InvariantError(f"{above.key} and {below.key} are not both partitioned.")
        mapping = next((dep.mapping for dep in below.deps if dep.asset_key == above.key), None)
        return downstream_keys(
            mapping,
            manifest.partitions[below.partitions],
            manifest.partitions[above.partitions],
            [partition_key],
            loading_context().effective_dt,
            self.instance.get_dynamic_partitions if self._instance is not None else None,
        )

    # --- the cursor

    def get_cursor_partition(self, asset_key: KeyLike | None) -> str | None:
        """Partition of the event that was seen last."""
        return self._cursor_of(asset_key_of(asset_key)).partition if asset_key is not None else None

    def get_trailing_unconsumed_events(self, asset_key: KeyLike) -> Sequence[EventLogRecord]:
        """Records before the cursor that were passed over."""
        key = asset_key_of(asset_key)
        wanted = set(self._cursor_of(key).trailing.values())
        return [record for record in _records(self.instance, key, _SCAN) if _id(record) in wanted]

    def advance_cursor(self, materialization_records_by_key: Mapping[AssetKey, EventLogRecord | None]) -> None:
        """Count these records, one an asset, as seen, and those before them as passed over."""
        for key, record in materialization_records_by_key.items():
            if record is None:
                continue
            before, event_id = self._cursor_of(asset_key_of(key)), _id(record)
            trailing = dict(before.trailing)
            for each in self._unseen(asset_key_of(key)):
                partition = _partition(each)
                if partition is not None and _id(each) < event_id:
                    trailing[partition] = max(_id(each), trailing.get(partition, 0))
            partition = _partition(record)
            if partition is not None:
                trailing.pop(partition, None)
            newest = max(event_id, before.event_id or 0)
            newest_partition = partition if newest == event_id else before.partition
            self._moved[asset_key_of(key)] = AssetCursor(newest, newest_partition, trailing)
        self.cursor_updated = True

    def advance_all_cursors(self) -> None:
        """Count all that has happened as seen."""
        for key in self.asset_keys:
            newest = next(iter(_records(self.instance, key, 1)), None)
            if newest is not None:
                self._moved[key] = AssetCursor(_id(newest), _partition(newest))
        self.cursor_updated = True

    def update_cursor(self, cursor: str | None) -> None:
        """Not for these: raises InvocationError."""
        raise InvocationError("the cursor of a multi-asset sensor is moved by advance_cursor and advance_all_cursors.")

    def update_cursor_after_evaluation(self) -> None:
        """Write the cursors that were moved into `cursor`."""
        if not self._moved:
            return
        self._cursors.update(self._moved)
        self._moved = {}
        self._found = {}
        self._cursor = json.dumps(
            {str(key): [each.event_id, each.partition, each.trailing] for key, each in sorted(self._cursors.items())}
        )

    def _cursor_of(self, key: AssetKey) -> AssetCursor:
        return self._moved.get(key) or self._cursors.get(key) or AssetCursor()

    def _unseen(self, key: AssetKey) -> list[EventLogRecord]:
        """Records after the cursor with which the evaluation began, and those passed over before it."""
        if key not in self._found:
            cursor = self._cursors.get(key) or AssetCursor()
            passed = set(cursor.trailing.values())
            self._found[key] = [
                record
                for record in _records(self.instance, key, _SCAN)
                if cursor.event_id is None or _id(record) > cursor.event_id or _id(record) in passed
            ]
        return self._found[key]

    def _monitored_key(self, asset_key: KeyLike) -> AssetKey:
        key = asset_key_of(asset_key)
        if key not in self.asset_keys:
            raise InvariantError(f"asset {key} is not monitored by this sensor.")
        return key

    def _partition_keys(self, key: AssetKey) -> list[str]:
        definition = self.assets_defs_by_key.get(key)
        partitions: Any = getattr(definition, "partitions_def", None)
        if partitions is None:
            raise InvariantError(f"asset {key} is not partitioned, or its definition is not known here.")
        return list(partitions.get_partition_keys(dynamic_partitions_store=self._instance))

    def _resolved(self) -> Any:
        definitions = self.definitions if self.definitions is not None else self.repository_def
        if definitions is None:
            raise InvariantError("this context was built without definitions: give definitions=... to resolve assets.")
        return definitions.resolved()


def _records(instance: Any, key: AssetKey, limit: int) -> list[EventLogRecord]:
    """Newest first, of whatever shape the instance gives them."""
    found: Any = instance.fetch_materializations(key, limit=limit)
    return list(cast("Iterable[Any]", getattr(found, "records", found)))


def _id(record: Any) -> int:
    return int(record.storage_id)


def _partition(record: Any) -> str | None:
    return record.partition_key


def _decoded(cursor: str | None) -> dict[AssetKey, AssetCursor]:
    """Cursors by asset; empty for a text that is no cursor of ours."""
    try:
        told: Any = json.loads(cursor) if cursor else {}
    except ValueError:
        return {}
    if not isinstance(told, dict):
        return {}
    return {AssetKey.of(key): AssetCursor(*each) for key, each in cast("dict[str, Any]", told).items()}
