"""`context.instance`: what running user code may ask of the control plane, over its `RunSession`."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from rostrum.definitions.names import KeyLike, asset_key_of
from rostrum.definitions.partitions.loading import checked_keys
from rostrum.interfaces import runs
from rostrum.interfaces.runs import RunReader
from rostrum.model.assets import AssetKey, AssetState
from rostrum.model.errors import PropertyError
from rostrum.model.events import AssetMaterialized
from rostrum.model.runs import Run
from rostrum.planning.partition_tags import with_partition_tags

if TYPE_CHECKING:  # loaded by the first that asks
    from rostrum.definitions.events.log import (
        AssetPartitionStatus,
        AssetRecordsFilter,
        EventLogEntry,
        EventLogRecord,
        EventRecordsFilter,
        EventRecordsResult,
        RunRecord,
        RunsFilter,
    )


class DataProvenance(NamedTuple):
    """What a materialization was made of."""

    code_version: str
    input_data_versions: dict[AssetKey, str]
    input_storage_ids: dict[AssetKey, int | None]
    is_user_provided: bool = False
    """Whether the data version was given by user code."""

    def has_input_asset(self, key: AssetKey) -> bool:
        """Whether an asset was among the inputs."""
        return key in self.input_data_versions

    @property
    def input_logical_versions(self) -> dict[AssetKey, str]:
        """Same as `input_data_versions`."""
        return self.input_data_versions


class RunInstance:
    """Asks and tells through the run's session. Raises Unavailable when the control plane is away."""

    __slots__ = ("_session",)

    def __init__(self, session: RunReader) -> None:
        self._session = session

    def __getattr__(self, name: str) -> Any:
        """Say what a running step can ask."""
        known = sorted(each for each in dir(type(self)) if not each.startswith("_"))
        if type(self) is not RunInstance:
            raise AttributeError(f"{type(self).__name__} has no {name!r}; it has {', '.join(known)}.")
        raise AttributeError(
            f"context.instance has no {name!r}: a running step asks over a line, for what concerns assets, runs and "
            f"dynamic partitions ({', '.join(known)}). In scripts and sensors, Instance answers for all."
        )

    def get_asset_state(self, asset_key: KeyLike) -> AssetState | None:
        """What is true now of an asset, None when nothing is known."""
        states = self._session.read(runs.ReadAssets((asset_key_of(asset_key),))).assets
        return states[0] if states and states[0].is_known else None

    def get_latest_materialization_event(
        self, asset_key: KeyLike, partition_key: str | None = None
    ) -> EventLogEntry | None:
        """The newest materialization of the asset or of one partition, None when there is none."""
        found = self.fetch_materializations(asset_key, 1, partition_key=partition_key).records
        return found[0].event_log_entry if found else None

    def get_latest_materialization_events(self, asset_keys: Iterable[KeyLike]) -> dict[AssetKey, EventLogEntry | None]:
        """The newest materialization of each asset, None where there is none."""
        return {asset_key_of(key): self.get_latest_materialization_event(key) for key in asset_keys}

    def get_latest_data_version_record(self, key: KeyLike, partition_key: str | None = None) -> EventLogRecord | None:
        """Record of the newest materialization."""
        found = self.fetch_materializations(key, 1, partition_key=partition_key).records
        return found[0] if found else None

    def get_latest_materialization_code_versions(self, asset_keys: Iterable[KeyLike]) -> dict[AssetKey, str | None]:
        """Code version of the newest materialization of each asset."""
        keys = [asset_key_of(key) for key in asset_keys]
        states = {state.asset_key: state for state in self._session.read(runs.ReadAssets(tuple(keys))).assets}
        return {key: states[key].code_version if key in states else None for key in keys}

    def fetch_materializations(
        self,
        records_filter: KeyLike | AssetRecordsFilter,
        limit: int = 100,
        cursor: str | None = None,
        ascending: bool = False,
        *,
        partition_key: str | None = None,
    ) -> EventRecordsResult:
        """Materializations of an asset, newest first."""
        wanted: Any = records_filter
        if not hasattr(wanted, "takes"):
            wanted = self._log.AssetRecordsFilter(wanted)
        partitions = wanted.asset_partitions
        if partition_key is None and partitions is not None and len(partitions) == 1:
            partition_key = partitions[0]
        answer = self._session.read(runs.ReadMaterializations(wanted.asset_key, partition_key, 1000))
        told = self._told(answer.events)
        records = [record for record in told if wanted.takes(record)]
        if ascending:
            records.reverse()
        start = int(cursor) if cursor else 0
        page = records[start : start + limit]
        return self._log.EventRecordsResult(page, str(start + len(page)), start + len(page) < len(records))

    def get_event_records(
        self, event_records_filter: EventRecordsFilter, limit: int | None = None, ascending: bool = False
    ) -> Sequence[EventLogRecord]:
        """Records of an asset's materializations. A running step can ask for no others."""
        kind = event_records_filter.event_type
        if kind.name != "ASSET_MATERIALIZATION" or event_records_filter.asset_key is None:
            raise PropertyError(
                f"get_event_records of {kind.name}: a running step can ask for the materializations of an asset only "
                "(event_type ASSET_MATERIALIZATION and asset_key). In scripts, Instance answers for all."
            )
        wanted = event_records_filter.of_asset()
        return self.fetch_materializations(wanted, limit or 1000, ascending=ascending).records

    def has_asset_key(self, asset_key: KeyLike) -> bool:
        """Whether anything is known of an asset."""
        return self.get_asset_state(asset_key) is not None

    def get_materialized_partitions(self, asset_key: KeyLike) -> set[str]:
        """Partitions of an asset that have been made."""
        statuses = self._session.read(runs.ReadPartitions(asset_key_of(asset_key))).partitions
        return {key for key, status in statuses.items() if status == "materialized"}

    def get_status_by_partition(
        self, asset_key: KeyLike, partition_keys: Sequence[str] | None = None, partitions_def: Any = None
    ) -> dict[str, AssetPartitionStatus | None]:
        """`AssetPartitionStatus` by partition key: of `partition_keys` (None for missing ones), else of all that have
        one.
        """
        del partitions_def  # statuses are kept by key
        status = self._log.AssetPartitionStatus
        kinds = {"materialized": status.MATERIALIZED, "failed": status.FAILED, "running": status.IN_PROGRESS}
        found = self._session.read(runs.ReadPartitions(asset_key_of(asset_key))).partitions
        known = {key: kinds[each] for key, each in found.items()}
        return known if partition_keys is None else {key: known.get(key) for key in partition_keys}

    def get_asset_provenance(self, asset_key: KeyLike) -> DataProvenance | None:
        """What the newest materialization of an asset was made of, None when there is none."""
        found = self._session.read(runs.ReadMaterializations(asset_key_of(asset_key), None, 1)).events
        event = found[0] if found else None
        if not isinstance(event, AssetMaterialized):
            return None
        inputs = {AssetKey.of(text): version for text, version in event.input_versions.items()}
        return DataProvenance(event.code_version or event.run_id, inputs, dict.fromkeys(inputs))

    def get_run_by_id(self, run_id: str) -> Run | None:
        """The run without its config, None where there is none."""
        found = self._session.read(runs.ReadRuns(run_ids=(run_id,))).runs
        return with_partition_tags(found[0]) if found else None

    def has_run(self, run_id: str) -> bool:
        """Whether there is such a run."""
        return self.get_run_by_id(run_id) is not None

    def get_run_record_by_id(self, run_id: str) -> RunRecord | None:
        """The run with its times, None where there is none."""
        run = self.get_run_by_id(run_id)
        return self._log.RunRecord.of(run) if run is not None else None

    def get_runs(
        self, filters: RunsFilter | None = None, cursor: str | None = None, limit: int | None = None
    ) -> Sequence[Run]:
        """Runs without their config, newest first, at most `limit`. `cursor`: id of the last run of the page before."""
        wanted = filters if filters is not None else self._log.RunsFilter()
        found: list[Run] = []
        passed = cursor is None
        for run in self._all_runs(wanted):
            if passed and wanted.takes(run):
                found.append(run)
                if len(found) == limit:
                    break
            passed = passed or run.run_id == cursor
        return found

    def get_run_records(
        self,
        filters: RunsFilter | None = None,
        limit: int | None = None,
        order_by: str | None = None,
        ascending: bool = False,
        cursor: str | None = None,
        bucket_by: Any = None,
    ) -> Sequence[RunRecord]:
        """Runs with their times, newest first. `order_by`: `update_timestamp`, `start_time` or `end_time`."""
        del bucket_by
        every = order_by is not None or ascending
        records = [self._log.RunRecord.of(run) for run in self.get_runs(filters, cursor, None if every else limit)]
        if order_by is not None:
            records.sort(key=lambda record: str(getattr(record, order_by) or ""), reverse=True)
        if ascending:
            records.reverse()
        return records[:limit] if limit is not None else records

    def _all_runs(self, wanted: RunsFilter) -> Iterator[Run]:
        """Runs that may match, newest first, a page at a time."""
        if wanted.run_ids is not None:
            found = self._session.read(runs.ReadRuns(run_ids=tuple(wanted.run_ids))).runs if wanted.run_ids else ()
            yield from map(with_partition_tags, found)
            return
        where = wanted.where()
        page = self._session.read(runs.ReadRuns(where=where))
        while True:
            yield from map(with_partition_tags, page.runs)
            if page.cursor is None:
                return
            page = self._session.read(runs.ReadRuns(where=where, cursor=page.cursor))

    @property
    def _log(self) -> Any:
        """`event_log`, which most runs do not need."""
        return importlib.import_module("rostrum.definitions.events.log")

    def _told(self, events: Sequence[Any], ids: Sequence[int] = ()) -> list[Any]:
        """Records of stored events of assets."""
        told = importlib.import_module("rostrum.definitions.events.story").story("", events)
        log, places = self._log, dict(zip(map(id, events), ids, strict=False))
        return [log.EventLogRecord(places.get(id(event.record), 0), log.entry_of(event)) for event in told]

    def get_dynamic_partitions(self, partitions_def_name: str) -> list[str]:
        """Keys in the order they were added."""
        return list(self._session.read(runs.ReadDynamicPartitions(partitions_def_name)).keys)

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        """Say whether the key exists."""
        return partition_key in self.get_dynamic_partitions(partitions_def_name)

    def add_dynamic_partitions(self, partitions_def_name: str, partition_keys: Sequence[str]) -> None:
        """Add keys; present ones stay where they are. Raises ArgumentError for a single text, and for an empty key."""
        keys = checked_keys("add_dynamic_partitions", partition_keys)
        self._session.add_dynamic_partitions(partitions_def_name, keys)

    def delete_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> None:
        """Remove a key."""
        self._session.delete_dynamic_partition(partitions_def_name, partition_key)
