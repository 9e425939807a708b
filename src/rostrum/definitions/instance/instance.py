"""`Instance`: a persistent or an ephemeral instance in scripts, notebooks and tests."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from importlib import metadata
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any, Self

from rostrum.definitions.events.log import (
    AssetEntry,
    AssetRecord,
    AssetRecordsFilter,
    EventLogEntry,
    EventLogRecord,
    EventRecordsFilter,
    EventRecordsResult,
    RunRecord,
    RunsFilter,
    RunStatusChangeRecordsFilter,
    all_tags,
    entry_of,
    message_of,
)
from rostrum.definitions.events.outputs import AssetMaterialization, AssetObservation
from rostrum.definitions.events.run_events import AssetCheckEvaluation
from rostrum.definitions.events.runless import runless_event
from rostrum.definitions.events.story import story
from rostrum.definitions.events.types import EventType
from rostrum.definitions.instance.run_instance import RunInstance
from rostrum.definitions.names import KeyLike, asset_key_of
from rostrum.interfaces.instances import InstanceStore
from rostrum.model import events as model
from rostrum.model.assets import AssetKey
from rostrum.model.errors import RunNotFound
from rostrum.model.manifest import own_job_name
from rostrum.model.runs import Run, RunFilter, RunStatus
from rostrum.planning.partition_tags import with_partition_tags

GROUP = "rostrum.instance"
DEFAULTS = {
    "persistent": "rostrum.config.local:persistent_instance",
    "ephemeral": "rostrum.config.local:ephemeral_instance",
}
"""Where the instances are when the package was not installed and so has no entry points."""
_PAGE = 500
_KINDS = {EventType.ASSET_MATERIALIZATION: "asset_materialized", EventType.ASSET_OBSERVATION: "asset_observed"}


class Instance(RunInstance):
    """Runs, events and the state of assets, as `rostrum dev` shows them. Given to `materialize` it keeps what happens.

    A context manager: leaving it closes the database.
    """

    __slots__ = ("store",)

    def __init__(self, store: InstanceStore) -> None:
        super().__init__(store)
        self.store = store
        """What does the work."""

    @staticmethod
    def open(home: str | os.PathLike[str] | None = None) -> Instance:
        """The instance in the folder `home`, else in `$ROSTRUM_HOME`, else in `.rostrum` of the current folder; made
        where there is none yet. Servers may be running on it.
        """
        return Instance(_store("persistent")(home))

    @staticmethod
    def get() -> Instance:
        """The instance that commands find here: as `open()`."""
        return Instance.open()

    @staticmethod
    def ephemeral(tempdir: str | None = None, preload: Any = None, settings: Any = None) -> Instance:
        """A fresh instance in memory: gone with this process. `tempdir` is accepted; values go with it too."""
        del tempdir, preload, settings
        return Instance(_store("ephemeral")())

    @staticmethod
    def local_temp(tempdir: str | None = None, overrides: Any = None) -> Instance:
        """A persistent instance in a folder of its own; without `tempdir` a new one."""
        del overrides
        return Instance.open(tempdir or mkdtemp(prefix="rostrum-"))

    # --- where it is

    @property
    def root_directory(self) -> str:
        """Folder of the instance."""
        return os.path.dirname(self.store.values_folder)  # noqa: PTH120 - text in, text out

    def storage_directory(self) -> str:
        """Folder of values where no IO manager is bound."""
        return self.store.values_folder

    @property
    def is_ephemeral(self) -> bool:
        """Whether it lives in memory only."""
        return self.store.is_ephemeral

    @property
    def is_persistent(self) -> bool:
        """Whether it outlives this process."""
        return not self.store.is_ephemeral

    @property
    def event_log_storage(self) -> Instance:
        """Itself: what libraries ask of the log is asked of the instance."""
        return self

    @property
    def run_storage(self) -> Instance:
        """Itself."""
        return self

    # --- runs

    def get_runs(
        self,
        filters: RunsFilter | None = None,
        cursor: str | None = None,
        limit: int | None = None,
        bucket_by: Any = None,
        ascending: bool = False,
        *,
        statuses: Sequence[RunStatus | str] = (),
        job: str | None = None,
        partition_key: str | None = None,
    ) -> Sequence[Run]:
        """Runs, newest first, that match all that is given. `cursor`: id of the last run of the page before."""
        del bucket_by
        filters = filters or RunsFilter()
        wanted = tuple(dict.fromkeys([*filters.statuses, *(RunStatus(status) for status in statuses)]))
        wanted_job = job or filters.job_name
        where = RunFilter(
            statuses=wanted,
            job=own_job_name(wanted_job) if wanted_job is not None else None,
            partition_key=partition_key,
            created_after=filters.created_after,
            created_before=filters.created_before,
        )
        found = self._runs(where, filters, None if ascending or cursor else limit)
        if ascending:
            found.reverse()
        if cursor is not None:
            places = [place for place, run in enumerate(found) if run.run_id == cursor]
            found = found[places[0] + 1 :] if places else found
        return found[:limit] if limit is not None else found

    def _runs(self, where: RunFilter, filters: RunsFilter, limit: int | None) -> list[Run]:
        found: list[Run] = []
        cursor: str | None = None
        with self.store.reading() as session:
            if filters.run_ids is not None:
                known = (session.runs.get(run_id) for run_id in filters.run_ids)
                return [with_partition_tags(run) for run in known if run is not None and filters.takes(run)]
            while True:
                page = session.runs.list(where, limit=min(limit or _PAGE, _PAGE), cursor=cursor)
                found += [with_partition_tags(run) for run in page.runs if filters.takes(run)]
                cursor = page.cursor
                if cursor is None or (limit is not None and len(found) >= limit):
                    return found

    def get_run_by_id(self, run_id: str) -> Run | None:
        """The run, None where there is none."""
        run = self.store.run(run_id)
        return with_partition_tags(run) if run is not None else None

    def has_run(self, run_id: str) -> bool:
        """Whether there is such a run."""
        return self.store.run(run_id) is not None

    def get_run_ids(
        self, filters: RunsFilter | None = None, cursor: str | None = None, limit: int | None = None
    ) -> Sequence[str]:
        """Ids of runs, newest first."""
        return [run.run_id for run in self.get_runs(filters, cursor, limit)]

    def get_runs_count(self, filters: RunsFilter | None = None) -> int:
        """Number of runs."""
        return len(self.get_runs(filters))

    def get_run_record_by_id(self, run_id: str) -> RunRecord | None:
        """The run with its times, None where there is none."""
        run = self.get_run_by_id(run_id)
        return RunRecord.of(run) if run is not None else None

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
        if order_by is None:
            return [RunRecord.of(run) for run in self.get_runs(filters, cursor, limit, ascending=ascending)]
        records = [RunRecord.of(run) for run in self.get_runs(filters, cursor)]
        records.sort(key=lambda record: str(getattr(record, order_by) or ""), reverse=not ascending)
        return records[:limit]

    def get_run_tags(self, tag_keys: Sequence[str]) -> Sequence[tuple[str, set[str]]]:
        """Values that runs have of these tags."""
        tags = [all_tags(run) for run in self.get_runs()]
        return [(key, {each[key] for each in tags if key in each}) for key in tag_keys]

    def delete_run(self, run_id: str) -> None:
        """Delete a finished run with its events; what it made stays true. Raises RunNotFound, Conflict."""
        if self.store.run(run_id) is None:
            raise RunNotFound(f"there is no run {run_id}.")
        self.store.delete_run(run_id)

    # --- the log

    def all_logs(self, run_id: str, of_type: EventType | Iterable[EventType] | None = None) -> Sequence[EventLogEntry]:
        """The whole log of a run: its story, and what user code has logged."""
        wanted = {of_type} if isinstance(of_type, EventType) else set(of_type) if of_type is not None else None
        entries = [record.event_log_entry for record in self._records(run_id)]
        return [entry for entry in entries if wanted is None or entry.dagster_event_type in wanted]

    def logs_after(
        self, run_id: str, cursor: int | None = None, of_type: Any = None, limit: int | None = None
    ) -> Sequence[EventLogEntry]:
        """The log of a run after the first `cursor + 1` entries."""
        entries = self.all_logs(run_id, of_type)[cursor + 1 if cursor is not None else 0 :]
        return entries[:limit] if limit is not None else entries

    def _records(self, run_id: str) -> list[EventLogRecord]:
        with self.store.reading() as session:
            run = session.runs.get(run_id)
            stored = _all(lambda after: session.events.read(run_id, after=after, limit=_PAGE * 2))
        job = run.target.job if run is not None else ""
        ids = {id(each.event): each.id for each in stored}
        told: list[EventLogRecord] = []
        for event in story(job, [each.event for each in stored]):
            last = told[-1].storage_id if told else 0  # what is told a record later keeps its place
            told.append(EventLogRecord(max(last, ids[id(event.record)]), entry_of(event, job)))
        said = [(each.id, each.event) for each in stored]
        told += [EventLogRecord(at, message_of(each, job)) for at, each in said if isinstance(each, model.LogMessage)]
        return sorted(told, key=lambda record: record.storage_id)

    def fetch_materializations(
        self,
        records_filter: KeyLike | AssetRecordsFilter,
        limit: int = 100,
        cursor: str | None = None,
        ascending: bool = False,
        *,
        partition_key: str | None = None,
    ) -> EventRecordsResult:
        """Materializations of an asset (a key, or a filter), newest first."""
        return self._fetch(EventType.ASSET_MATERIALIZATION, records_filter, limit, cursor, ascending, partition_key)

    def fetch_planned_materializations(
        self,
        records_filter: KeyLike | AssetRecordsFilter,
        limit: int,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> EventRecordsResult:
        """What runs were to make of an asset (a key, or a filter), newest first."""
        wanted = (
            records_filter if isinstance(records_filter, AssetRecordsFilter) else AssetRecordsFilter(records_filter)
        )
        return _page(
            self._of_runs(EventType.ASSET_MATERIALIZATION_PLANNED, wanted, ascending), limit, cursor, ascending
        )

    def fetch_observations(
        self,
        records_filter: KeyLike | AssetRecordsFilter,
        limit: int = 100,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> EventRecordsResult:
        """Observations of an asset (a key, or a filter), newest first."""
        return self._fetch(EventType.ASSET_OBSERVATION, records_filter, limit, cursor, ascending, None)

    def fetch_run_status_changes(
        self,
        records_filter: EventType | RunStatusChangeRecordsFilter,
        limit: int = 100,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> EventRecordsResult:
        """Changes of runs to a status (an event type, or a filter), newest first."""
        wanted = (
            records_filter
            if isinstance(records_filter, RunStatusChangeRecordsFilter)
            else RunStatusChangeRecordsFilter(records_filter)
        )
        runs = [run for run in self.get_runs() if wanted.job_names is None or run.target.job in wanted.job_names]
        asset_filter = AssetRecordsFilter(
            "", None, wanted.after_timestamp, wanted.before_timestamp, wanted.after_storage_id, wanted.before_storage_id
        )
        found = [
            record
            for run in runs
            for record in self._records(run.run_id)
            if record.event_type is wanted.event_type and asset_filter.takes(record)
        ]
        found.sort(key=lambda record: record.storage_id, reverse=not ascending)
        return _page(found, limit, cursor, ascending)

    def get_event_records(
        self, event_records_filter: EventRecordsFilter, limit: int | None = None, ascending: bool = False
    ) -> Sequence[EventLogRecord]:
        """Records of one type, newest first."""
        wanted = event_records_filter
        if wanted.event_type in _KINDS and wanted.asset_key is not None:
            found = self._fetch(wanted.event_type, wanted.of_asset(), limit or 10**9, None, ascending, None)
            return found.records
        if wanted.asset_key is not None:
            return self._of_runs(wanted.event_type, wanted.of_asset(), ascending)[:limit]
        takes = wanted.of_asset().takes
        records = [
            record
            for run in self.get_runs()
            for record in self._records(run.run_id)
            if record.event_type is wanted.event_type and takes(record)
        ]
        records.sort(key=lambda record: record.storage_id, reverse=not ascending)
        return records[:limit]

    def _of_runs(self, kind: EventType, wanted: AssetRecordsFilter, ascending: bool) -> list[EventLogRecord]:
        """Records of an asset that only the stories of runs have."""
        found = [
            record
            for run in self.get_runs()
            for record in self._records(run.run_id)
            if record.event_type is kind and record.asset_key == wanted.asset_key and wanted.takes(record)
        ]
        return sorted(found, key=lambda record: record.storage_id, reverse=not ascending)

    def _fetch(
        self,
        kind: EventType,
        records_filter: Any,
        limit: int,
        cursor: str | None,
        ascending: bool,
        partition_key: str | None,
    ) -> EventRecordsResult:
        wanted = records_filter
        if not isinstance(wanted, AssetRecordsFilter):
            wanted = AssetRecordsFilter(wanted)
        stored: list[model.StoredEvent] = []
        before: int | None = None
        with self.store.reading() as session:
            state = session.assets.get([wanted.asset_key]).get(wanted.asset_key)
            while page := session.events.read_asset(
                wanted.asset_key, kinds=(_KINDS[kind],), before=before, limit=_PAGE, partition_key=partition_key
            ):
                stored += page
                before = page[-1].id
                if not ascending and cursor is None and len(stored) > limit * 2 + _PAGE:
                    break
        wiped = state.wiped_id if state is not None else 0
        stored = [each for each in stored if each.id > wiped]
        records = self._told([each.event for each in stored], [each.id for each in stored])
        found = [record for record in records if wanted.takes(record)]
        if ascending:
            found.reverse()
        return _page(found, limit, cursor, ascending)

    @property
    def run_launcher(self) -> Any:
        """What starts the processes of runs, told by name (see `instance_parts`)."""
        return importlib.import_module("rostrum.definitions.instance.parts").DefaultRunLauncher()

    @property
    def run_coordinator(self) -> Any:
        """What decides when runs start, told by name (see `instance_parts`)."""
        return importlib.import_module("rostrum.definitions.instance.parts").QueuedRunCoordinator()

    # --- assets

    def get_asset_keys(
        self, prefix: Sequence[str] | None = None, limit: int | None = None, cursor: str | None = None
    ) -> Sequence[AssetKey]:
        """Assets of which something is known, by key. `cursor`: the text form of the last key of the page before."""
        with self.store.reading() as session:
            states = [state for state in session.assets.all() if state.is_known]
        keys = sorted(state.asset_key for state in states)
        keys = [key for key in keys if not prefix or key.has_prefix(prefix)]
        if cursor:
            keys = [key for key in keys if key.to_string() > cursor or str(key) > cursor]
        return keys[:limit]

    def all_asset_keys(self) -> Sequence[AssetKey]:
        """Assets of which something is known."""
        return self.get_asset_keys()

    def get_asset_records(self, asset_keys: Sequence[KeyLike] | None = None) -> Sequence[AssetRecord]:
        """What is known of assets."""
        keys = [asset_key_of(key) for key in asset_keys] if asset_keys is not None else self.get_asset_keys()
        records: list[AssetRecord] = []
        for number, key in enumerate(keys, 1):
            state = self.get_asset_state(key)
            if state is not None:
                made, seen = self.fetch_materializations(key, 1).records, self.fetch_observations(key, 1).records
                entry = AssetEntry(
                    key, made[0] if made else None, state.last_materialized_run_id, seen[0] if seen else None
                )
                records.append(AssetRecord(number, entry, state))
        return records

    def report_runless_asset_event(
        self, asset_event: AssetMaterialization | AssetObservation | AssetCheckEvaluation
    ) -> None:
        """Record something that happened to an asset outside of any run."""
        self.store.report(runless_event(asset_event, self.store.now()))

    def wipe_assets(self, asset_keys: Sequence[KeyLike]) -> None:
        """Forget what is known of assets: materializations, observations, partitions. Stored values stay."""
        self.store.wipe_assets([asset_key_of(key) for key in asset_keys])

    # --- the end

    def close(self) -> None:
        """Let go of the database."""
        self.store.close()

    def dispose(self) -> None:
        """Let go of the database."""
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()


@contextmanager
def instance_for_test(
    overrides: Mapping[str, Any] | None = None,
    set_dagster_home: bool = True,
    temp_dir: str | None = None,
    synchronous_run_coordinator: bool = False,
    synchronous_run_launcher: bool = False,
) -> Generator[Instance]:
    """A persistent instance in a temporary folder, for the length of a `with` statement. Within it `Instance.get()`
    finds it, unless `set_dagster_home` is False. The other arguments are accepted: settings are the defaults.
    """
    del overrides, synchronous_run_coordinator, synchronous_run_launcher
    with TemporaryDirectory(prefix="rostrum-") as made:
        folder = temp_dir or made
        before = os.environ.get("ROSTRUM_HOME")
        if set_dagster_home:
            os.environ["ROSTRUM_HOME"] = folder
        try:
            with Instance.open(folder) as instance:
                yield instance
        finally:
            if set_dagster_home:
                os.environ.pop("ROSTRUM_HOME", None)
                if before is not None:
                    os.environ["ROSTRUM_HOME"] = before


def _all(read: Callable[[int], Sequence[model.StoredEvent]]) -> list[model.StoredEvent]:
    found: list[model.StoredEvent] = []
    while page := read(found[-1].id if found else 0):
        found += page
    return found


def _page(found: list[EventLogRecord], limit: int, cursor: str | None, ascending: bool) -> EventRecordsResult:
    """One page; a cursor is the storage id of the last record of the page before."""
    if cursor:
        last = int(cursor)
        found = [record for record in found if (record.storage_id > last) == ascending and record.storage_id != last]
    page = found[:limit]
    return EventRecordsResult(page, str(page[-1].storage_id) if page else cursor or "", len(found) > len(page))


def _store(name: str) -> Any:
    found = list(metadata.entry_points(group=GROUP, name=name))
    if found:
        return found[0].load()
    module, _, attribute = DEFAULTS[name].partition(":")
    return getattr(importlib.import_module(module), attribute)
