"""What the functions of schedules and sensors return: runs to launch, reasons to skip, changes of partitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from rostrum.definitions.config.run_config import RunConfig, plain_config
from rostrum.definitions.events.outputs import AssetCheckResult, AssetMaterialization, AssetObservation
from rostrum.definitions.names import AssetLike, asset_key_of, string_tags
from rostrum.definitions.partitions.definition import PartitionKeyRange
from rostrum.definitions.partitions.requests import AddDynamicPartitionsRequest, DeleteDynamicPartitionsRequest
from rostrum.definitions.records import Record
from rostrum.model import ticks
from rostrum.model.assets import AssetKey, CheckKey
from rostrum.model.errors import ArgumentError, kind_of
from rostrum.model.manifest import own_job_name
from rostrum.model.reserved_names import PARTITION_TAG, RANGE_END_TAG, RANGE_START_TAG

RANGE_TAGS = (RANGE_START_TAG, RANGE_END_TAG)
"""Tags of a run of a range of partitions: its first and its last key."""


class RunRequest:
    """A run that a schedule or sensor asks for. The same `run_key` asks for the same run only once.

    `job_name` is needed where the sensor has several targets. `asset_selection` and `asset_check_keys` narrow the run
    down to a part of its job. Two requests are equal when they ask for the same.
    """

    __slots__ = (
        "asset_check_keys",
        "asset_selection",
        "job_name",
        "partition_key",
        "run_config",
        "run_key",
        "stale_assets_only",
        "tags",
    )

    def __init__(
        self,
        run_key: str | None = None,
        run_config: RunConfig | Mapping[str, Any] | None = None,
        tags: Mapping[str, Any] | None = None,
        job_name: str | None = None,
        asset_selection: Sequence[AssetLike] | None = None,
        stale_assets_only: bool = False,
        partition_key: str | None = None,
        asset_check_keys: Sequence[CheckKey] | None = None,
    ) -> None:
        for what, value in (("run_key", run_key), ("job_name", job_name), ("partition_key", partition_key)):
            if value is not None and not isinstance(value, str):
                raise ArgumentError(f"RunRequest: {what} is text, not {value!r} ({kind_of(value)}).")
        self.run_key, self.job_name, self.partition_key = run_key, job_name, partition_key
        self.run_config = plain_config(run_config)
        self.tags = string_tags(tags)
        self.asset_selection: list[AssetKey] | None = (
            [asset_key_of(key) for key in asset_selection] if asset_selection is not None else None
        )
        self.stale_assets_only = bool(stale_assets_only)
        self.asset_check_keys: list[CheckKey] | None = list(asset_check_keys) if asset_check_keys is not None else None

    def _replace(self, **changes: Any) -> RunRequest:
        """The same with other values of some arguments, as of a named tuple, which users know it as."""
        return RunRequest(**{**self._fields(), **changes})

    def __repr__(self) -> str:
        given = ", ".join(
            f"{name}={value!r}" for name, value in self._fields().items() if value not in (None, {}, False)
        )
        return f"RunRequest({given})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RunRequest) and self._fields() == other._fields()

    __hash__ = None  # type: ignore[assignment] # config and tags are dicts

    @property
    def node(self) -> ticks.RunRequest:
        """The request as data."""
        return ticks.RunRequest(
            run_key=self.run_key,
            job=own_job_name(self.job_name) if self.job_name is not None else None,
            config=self.run_config,
            tags=self.tags,
            partition_key=str(self.partition_key) if self.partition_key is not None else None,
            asset_selection=tuple(self.asset_selection or ()),
            check_selection=tuple(self.asset_check_keys) if self.asset_check_keys is not None else None,
            stale_only=self.stale_assets_only,
        )

    @property
    def asset_graph_subset(self) -> None:
        """None: what is asked for is in `asset_selection`, `asset_check_keys` and the partition."""
        return None

    @property
    def entity_keys(self) -> Sequence[AssetKey | CheckKey]:
        """Keys of the selected assets and checks."""
        return [*(self.asset_selection or ()), *(self.asset_check_keys or ())]

    @property
    def partition_key_range(self) -> PartitionKeyRange | None:
        """First and last partition, where the tags ask for a range."""
        start, end = (self.tags.get(tag) for tag in RANGE_TAGS)
        return PartitionKeyRange(start, end) if start is not None and end is not None else None

    @property
    def is_job_entity_request(self) -> bool:
        """False: a request is for a job or for assets and checks of one."""
        return False

    def requires_backfill_daemon(self) -> bool:
        """Say whether the request is for more than one run: False, a request is one run."""
        return False

    def with_resolved_tags_and_config(
        self, target_definition: Any, dynamic_partitions_requests: Sequence[Any], dynamic_partitions_store: Any
    ) -> RunRequest:
        """The request with the tags of its partition, and with the config that the job has for it."""
        del dynamic_partitions_requests, dynamic_partitions_store  # keys are checked where the run is submitted
        if self.partition_key is None:
            return self
        partitioned: Any = getattr(target_definition, "partitioned_config", None)
        config = self.run_config
        if partitioned is not None and not config:
            config = partitioned.get_run_config_for_partition_key(self.partition_key)
        return self.with_replaced_attrs(tags={**self.tags, PARTITION_TAG: self.partition_key}, run_config=config)

    def has_resolved_partition(self) -> bool:
        """Say whether the request names a partition or a range."""
        return self.partition_key is not None or self.partition_key_range is not None

    def with_replaced_attrs(self, **kwargs: Any) -> RunRequest:
        """A copy with other values for the arguments given."""
        return RunRequest(**{**self._fields(), **kwargs})

    def _fields(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in RunRequest.__slots__}


class SkipReason:
    """Why a tick asks for no run."""

    __slots__ = ("skip_message",)

    def __init__(self, skip_message: str | None = None) -> None:
        if skip_message is not None and not isinstance(skip_message, str):
            raise ArgumentError(f"SkipReason takes a text, not {skip_message!r}.")
        self.skip_message = skip_message

    def __repr__(self) -> str:
        return f"SkipReason({self.skip_message!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SkipReason) and self.skip_message == other.skip_message

    def __hash__(self) -> int:
        return hash(self.skip_message)


PartitionsRequest = AddDynamicPartitionsRequest | DeleteDynamicPartitionsRequest


class RunReaction:
    """Tells that a sensor of run statuses has reacted to a run."""

    __slots__ = ("dagster_run", "error", "run_status")

    def __init__(self, dagster_run: Any | None, error: Any | None = None, run_status: Any | None = None) -> None:
        self.dagster_run, self.error, self.run_status = dagster_run, error, run_status

    def __repr__(self) -> str:
        return f"RunReaction({self.dagster_run!r})"


class SensorResult(Record):
    """All that a sensor's evaluation may decide at once: runs or a reason to skip, the cursor, changes of dynamic
    partitions, events of assets.
    """

    __slots__ = ("asset_events", "cursor", "dynamic_partitions_requests", "run_requests", "skip_reason")

    def __init__(
        self,
        run_requests: Sequence[RunRequest] | None = None,
        skip_reason: str | SkipReason | None = None,
        cursor: str | None = None,
        dynamic_partitions_requests: Sequence[PartitionsRequest] | None = None,
        asset_events: Sequence[AssetObservation | AssetMaterialization | AssetCheckResult] | None = None,
    ) -> None:
        if run_requests and skip_reason:
            raise ArgumentError(
                "SensorResult: give run_requests or skip_reason, not both: a tick asks for runs or says why not."
            )
        _all_of("run_requests", run_requests, RunRequest)
        kinds = (AddDynamicPartitionsRequest, DeleteDynamicPartitionsRequest)
        _all_of("dynamic_partitions_requests", dynamic_partitions_requests, kinds)
        if cursor is not None and not isinstance(cursor, str):
            raise ArgumentError(f"SensorResult: the cursor is text, not {cursor!r} ({kind_of(cursor)}).")
        self.run_requests = list(run_requests or ())
        self.skip_reason = SkipReason(skip_reason) if isinstance(skip_reason, str) else skip_reason
        self.cursor = cursor
        self.dynamic_partitions_requests = list(dynamic_partitions_requests or ())
        self.asset_events = list(asset_events or ())

    @property
    def automation_condition_evaluations(self) -> Sequence[Any]:
        """Nothing: conditions are evaluated by the daemon, not by the functions of sensors."""
        return ()

    def _replace(self, **changes: Any) -> SensorResult:
        """The same result with other values, as named tuples have it."""
        return SensorResult(**({name: getattr(self, name) for name in self.__slots__} | changes))

    def __repr__(self) -> str:
        return (
            f"SensorResult(run_requests={self.run_requests!r}, skip_reason={self.skip_reason!r}, "
            f"cursor={self.cursor!r})"
        )


def _all_of(what: str, values: Any, kinds: type | tuple[type, ...]) -> None:
    if values is None:
        return
    if not isinstance(values, (list, tuple)):
        raise ArgumentError(f"SensorResult: {what} is a list, not {values!r} ({kind_of(values)}).")
    for each in cast("Sequence[Any]", values):
        if not isinstance(each, kinds):
            names = [kind.__name__ for kind in (kinds if isinstance(kinds, tuple) else (kinds,))]
            raise ArgumentError(f"SensorResult: {what} holds {each!r}, which is no {' or '.join(names)}.")
