"""What an `Instance` answers with, and what it is asked with: entries of the log, records, filters."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import Any, NamedTuple

from rostrum.definitions.events.outputs import AssetMaterialization, AssetObservation
from rostrum.definitions.events.run_events import AssetCheckEvaluation, ErrorReport, RunEvent
from rostrum.definitions.events.types import EventType
from rostrum.definitions.names import KeyLike, asset_key_of
from rostrum.definitions.records import Record
from rostrum.model.assets import AssetKey, AssetState
from rostrum.model.errors import InvariantError
from rostrum.model.events import LogMessage
from rostrum.model.manifest import own_job_name
from rostrum.model.reserved_names import (
    BACKFILL_TAG,
    PARENT_RUN_TAG,
    PARTITION_TAG,
    ROOT_RUN_TAG,
    SCHEDULE_TAG,
    SENSOR_TAG,
    trigger_tag,
)
from rostrum.model.runs import Run, RunFilter, RunStatus


class AssetPartitionStatus(str, Enum):
    """Status of one partition of an asset; a missing one has none."""

    MATERIALIZED = "MATERIALIZED"
    IN_PROGRESS = "IN_PROGRESS"
    FAILED = "FAILED"


class EventLogEntry(NamedTuple):
    """A line of an instance's log: an event of a run's story, or what user code has logged."""

    error_info: ErrorReport | None
    level: int | str
    user_message: str
    run_id: str
    timestamp: float
    step_key: str | None = None
    job_name: str | None = None
    dagster_event: RunEvent | None = None

    @property
    def event(self) -> RunEvent | None:
        """The event; None for what user code has logged."""
        return self.dagster_event

    @property
    def is_dagster_event(self) -> bool:
        """Whether it is an event."""
        return self.dagster_event is not None

    @property
    def dagster_event_type(self) -> EventType | None:
        """Type of the event."""
        return self.dagster_event.event_type if self.dagster_event is not None else None

    def get_dagster_event(self) -> RunEvent:
        """The event. Raises InvariantError for what user code has logged."""
        if self.dagster_event is None:
            raise InvariantError("this entry of the log is a message of user code, not an event.")
        return self.dagster_event

    @property
    def message(self) -> str:
        """What it says."""
        return self.user_message or (self.dagster_event.message or "" if self.dagster_event is not None else "")

    @property
    def asset_materialization(self) -> AssetMaterialization | None:
        """The AssetMaterialization, None for other entries."""
        return self.dagster_event.asset_materialization if self.dagster_event is not None else None

    @property
    def asset_observation(self) -> AssetObservation | None:
        """The AssetObservation, None for other entries."""
        return self.dagster_event.asset_observation if self.dagster_event is not None else None

    @property
    def asset_check_evaluation(self) -> AssetCheckEvaluation | None:
        """The AssetCheckEvaluation, None for other entries."""
        return self.dagster_event.asset_check_evaluation if self.dagster_event is not None else None

    @property
    def asset_key(self) -> AssetKey | None:
        """The asset that it is about."""
        return self.dagster_event.asset_key if self.dagster_event is not None else None

    @property
    def partition_key(self) -> str | None:
        """The partition that it is about."""
        return self.dagster_event.partition if self.dagster_event is not None else None

    @property
    def tags(self) -> Mapping[str, str] | None:
        """Tags of the materialization or observation."""
        about = self.asset_materialization or self.asset_observation
        return about.tags if about is not None else None


class EventLogRecord(NamedTuple):
    """An entry with its place in the store."""

    storage_id: int
    event_log_entry: EventLogEntry

    @property
    def run_id(self) -> str:
        """Run of the entry, "" for none."""
        return self.event_log_entry.run_id

    @property
    def timestamp(self) -> float:
        """Seconds since 1970."""
        return self.event_log_entry.timestamp

    @property
    def event_type(self) -> EventType | None:
        """Type of the event."""
        return self.event_log_entry.dagster_event_type

    @property
    def asset_key(self) -> AssetKey | None:
        """The asset that it is about."""
        return self.event_log_entry.asset_key

    @property
    def partition_key(self) -> str | None:
        """The partition that it is about."""
        return self.event_log_entry.partition_key

    @property
    def asset_materialization(self) -> AssetMaterialization | None:
        """The AssetMaterialization, None for other entries."""
        return self.event_log_entry.asset_materialization

    @property
    def asset_observation(self) -> AssetObservation | None:
        """The AssetObservation, None for other entries."""
        return self.event_log_entry.asset_observation

    @property
    def asset_event(self) -> AssetMaterialization | AssetObservation | None:
        """The materialization or observation."""
        return self.asset_materialization or self.asset_observation


class EventRecordsResult(NamedTuple):
    """A page of records. `cursor` continues after the last."""

    records: Sequence[EventLogRecord]
    cursor: str
    has_more: bool


class AssetRecordsFilter(Record):
    """Which events of an asset: all that is given must hold."""

    def __init__(
        self,
        asset_key: KeyLike,
        asset_partitions: Sequence[str] | None = None,
        after_timestamp: float | None = None,
        before_timestamp: float | None = None,
        after_storage_id: int | None = None,
        before_storage_id: int | None = None,
        storage_ids: Sequence[int] | None = None,
    ) -> None:
        self.asset_key = asset_key_of(asset_key)
        self.asset_partitions = list(asset_partitions) if asset_partitions is not None else None
        self.after_timestamp, self.before_timestamp = after_timestamp, before_timestamp
        self.after_storage_id, self.before_storage_id = after_storage_id, before_storage_id
        self.storage_ids = list(storage_ids) if storage_ids is not None else None

    @property
    def tags(self) -> None:
        """None: events are not found by tag."""
        return None

    def takes(self, record: EventLogRecord) -> bool:
        """Whether a record of the asset is wanted."""
        return (
            (self.asset_partitions is None or record.partition_key in self.asset_partitions)
            and (self.after_timestamp is None or record.timestamp > self.after_timestamp)
            and (self.before_timestamp is None or record.timestamp < self.before_timestamp)
            and (self.after_storage_id is None or record.storage_id > self.after_storage_id)
            and (self.before_storage_id is None or record.storage_id < self.before_storage_id)
            and (self.storage_ids is None or record.storage_id in self.storage_ids)
        )


class EventRecordsFilter(Record):
    """Which events of a type: all that is given must hold."""

    def __init__(
        self,
        event_type: EventType,
        asset_key: KeyLike | None = None,
        asset_partitions: Sequence[str] | None = None,
        after_cursor: int | None = None,
        before_cursor: int | None = None,
        after_timestamp: float | None = None,
        before_timestamp: float | None = None,
        storage_ids: Sequence[int] | None = None,
    ) -> None:
        self.event_type = EventType(event_type)
        self.asset_key = asset_key_of(asset_key) if asset_key is not None else None
        self.asset_partitions = list(asset_partitions) if asset_partitions is not None else None
        self.after_cursor, self.before_cursor = after_cursor, before_cursor
        self.after_timestamp, self.before_timestamp = after_timestamp, before_timestamp
        self.storage_ids = list(storage_ids) if storage_ids is not None else None

    @property
    def tags(self) -> None:
        """None: events are not found by tag."""
        return None

    def of_asset(self) -> AssetRecordsFilter:
        """The part about the asset."""
        return AssetRecordsFilter(
            self.asset_key or AssetKey(("",)),
            self.asset_partitions,
            self.after_timestamp,
            self.before_timestamp,
            self.after_cursor,
            self.before_cursor,
            self.storage_ids,
        )


class RunStatusChangeRecordsFilter:
    """Which changes of runs' statuses: all that is given must hold."""

    def __init__(
        self,
        event_type: EventType,
        after_timestamp: float | None = None,
        before_timestamp: float | None = None,
        after_storage_id: int | None = None,
        before_storage_id: int | None = None,
        storage_ids: Sequence[int] | None = None,
        job_names: Sequence[str] | None = None,
    ) -> None:
        self.event_type = EventType(event_type)
        self.after_timestamp, self.before_timestamp = after_timestamp, before_timestamp
        self.after_storage_id, self.before_storage_id = after_storage_id, before_storage_id
        self.storage_ids = list(storage_ids) if storage_ids is not None else None
        self.job_names = list(job_names) if job_names is not None else None


class RunsFilter(Record):
    """Which runs: all that is given must hold. `tags`: the value, or any of several; None for all values."""

    def __init__(
        self,
        run_ids: Sequence[str] | None = None,
        job_name: str | None = None,
        statuses: Sequence[RunStatus | str] | None = None,
        tags: Mapping[str, str | Sequence[str]] | None = None,
        snapshot_id: str | None = None,
        updated_after: datetime | None = None,
        updated_before: datetime | None = None,
        created_after: datetime | None = None,
        created_before: datetime | None = None,
        exclude_subruns: bool | None = None,
    ) -> None:
        self.run_ids = list(run_ids) if run_ids is not None else None
        self.job_name, self.snapshot_id, self.exclude_subruns = job_name, snapshot_id, exclude_subruns
        self.statuses = [_status(status) for status in statuses or ()]
        self.tags = dict(tags or {})
        self.updated_after, self.updated_before = _aware(updated_after), _aware(updated_before)
        self.created_after, self.created_before = _aware(created_after), _aware(created_before)

    def __repr__(self) -> str:
        given = {name: value for name, value in self.__dict__.items() if value}
        return f"RunsFilter({', '.join(f'{name}={value!r}' for name, value in given.items())})"

    @staticmethod
    def for_schedule(schedule: Any) -> RunsFilter:
        """Runs that a schedule asked for."""
        return RunsFilter(tags={SCHEDULE_TAG: schedule.name})

    @staticmethod
    def for_sensor(sensor: Any) -> RunsFilter:
        """Runs that a sensor asked for."""
        return RunsFilter(tags={SENSOR_TAG: sensor.name})

    @staticmethod
    def for_backfill(backfill_id: str) -> RunsFilter:
        """Runs of a backfill."""
        return RunsFilter(tags={BACKFILL_TAG: backfill_id})

    def where(self) -> RunFilter:
        """What of this a store can look for; `takes` judges the rest."""
        return RunFilter(
            statuses=tuple(dict.fromkeys(self.statuses)),
            job=own_job_name(self.job_name) if self.job_name is not None else None,
            created_after=self.created_after,
            created_before=self.created_before,
        )

    def takes(self, run: Run) -> bool:
        """Whether a run is wanted."""
        updated = updated_at(run)
        return (
            (self.run_ids is None or run.run_id in self.run_ids)
            and (self.job_name is None or run.target.job == own_job_name(self.job_name))
            and (not self.statuses or run.status in self.statuses)
            and (self.created_after is None or run.created_at > self.created_after)
            and (self.created_before is None or run.created_at < self.created_before)
            and (self.updated_after is None or updated > self.updated_after)
            and (self.updated_before is None or updated < self.updated_before)
            and self._has_tags(run)
        )

    def _has_tags(self, run: Run) -> bool:
        if not self.tags:
            return True
        own = all_tags(run)
        for key, wanted in self.tags.items():
            found = own.get(key)
            if found is None or (found != wanted if isinstance(wanted, str) else found not in wanted):
                return False
        return True


class RunRecord(NamedTuple):
    """A run with its times."""

    storage_id: int
    dagster_run: Run
    create_timestamp: datetime
    update_timestamp: datetime
    start_time: float | None = None
    end_time: float | None = None

    @property
    def run(self) -> Run:
        """The run."""
        return self.dagster_run

    @staticmethod
    def of(run: Run) -> RunRecord:
        """The record of a run. `storage_id` grows with the time of creation."""
        started = run.started_at.timestamp() if run.started_at is not None else None
        ended = run.ended_at.timestamp() if run.ended_at is not None else None
        order = int(run.created_at.timestamp() * 1_000_000)
        return RunRecord(order, run, run.created_at, updated_at(run), started, ended)


class AssetEntry(NamedTuple):
    """What is known of an asset."""

    asset_key: AssetKey
    last_materialization_record: EventLogRecord | None
    last_run_id: str | None
    last_observation_record: EventLogRecord | None = None

    @property
    def last_materialization(self) -> EventLogEntry | None:
        """The newest materialization."""
        record = self.last_materialization_record
        return record.event_log_entry if record is not None else None

    @property
    def last_materialization_storage_id(self) -> int | None:
        """Its place in the store."""
        return self.last_materialization_record.storage_id if self.last_materialization_record is not None else None


class AssetRecord(NamedTuple):
    """An asset with what is known of it."""

    storage_id: int
    asset_entry: AssetEntry
    state: AssetState | None = None


def all_tags(run: Run) -> dict[str, str]:
    """Tags of a run, with those that tell where it came from."""
    tags = dict(run.tags)
    if run.target.partition_key is not None:
        tags.setdefault(PARTITION_TAG, run.target.partition_key)
    if run.backfill_id is not None:
        tags.setdefault(BACKFILL_TAG, run.backfill_id)
    if run.trigger.kind in ("schedule", "sensor") and run.trigger.name:
        tags.setdefault(trigger_tag(run.trigger.kind), run.trigger.name)
    if run.root_run_id is not None:
        tags.setdefault(ROOT_RUN_TAG, run.root_run_id)
    if run.parent_run_id is not None:
        tags.setdefault(PARENT_RUN_TAG, run.parent_run_id)
    return tags


def updated_at(run: Run) -> datetime:
    """When the run last changed."""
    return run.ended_at or run.started_at or run.created_at


def entry_of(event: RunEvent, job: str | None = None) -> EventLogEntry:
    """The entry of an event."""
    record = event.record
    assert record is not None
    level = logging.ERROR if event.is_failure else logging.DEBUG
    name = job or event.job_name or None
    return EventLogEntry(None, level, "", record.run_id, record.at.timestamp(), event.step_key, name, event)


def message_of(record: LogMessage, job: str) -> EventLogEntry:
    """The entry of a line that user code has logged."""
    level = logging.getLevelNamesMapping().get(record.level.upper(), logging.INFO)
    error = ErrorReport.of(record.error)
    return EventLogEntry(error, level, record.message, record.run_id, record.at.timestamp(), record.step_key, job)


def _status(status: Any) -> RunStatus:
    return status if isinstance(status, RunStatus) else RunStatus(str(getattr(status, "value", status)))


def _aware(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
