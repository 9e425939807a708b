"""Dagster's names of runs. A run is Rostrum's `Run`, which has Dagster's attributes too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from enum import Enum, EnumMeta
from typing import Any

from rostrum.model.runs import Run, RunStatus, RunTarget

_NATIVE = {"STARTED": RunStatus.RUNNING, "NOT_STARTED": None, "MANAGED": None, "SUSPENDED": None}


class _Statuses(EnumMeta):
    """`isinstance(run.status, DagsterRunStatus)` holds for Rostrum's statuses."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, RunStatus) or super().__instancecheck__(instance)


class DagsterRunStatus(Enum, metaclass=_Statuses):
    """Statuses of a run. Each is equal to Rostrum's status of that meaning; `STARTED` is Rostrum's `RUNNING`."""

    QUEUED = "QUEUED"
    NOT_STARTED = "NOT_STARTED"
    MANAGED = "MANAGED"
    STARTING = "STARTING"
    STARTED = "STARTED"
    SUSPENDED = "SUSPENDED"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    CANCELING = "CANCELING"
    CANCELED = "CANCELED"

    @property
    def native(self) -> RunStatus | None:
        """Rostrum's status; None where it has none."""
        return _NATIVE[self.name] if self.name in _NATIVE else RunStatus(self.name.lower())

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, RunStatus) and self.native is other)

    def __hash__(self) -> int:
        native = self.native
        return hash(self.name) if native is None else hash(native)

    @classmethod
    def _missing_(cls, value: object) -> DagsterRunStatus | None:
        if isinstance(value, RunStatus):
            return cls.STARTED if value is RunStatus.RUNNING else cls[value.name]
        return None


class _RunFacade(type):
    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Run)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, Run)

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):  # (its signature is its own)
            raise AttributeError(name)
        return getattr(Run, name)


class DagsterRun(metaclass=_RunFacade):
    """Makes a `Run` from Dagster's arguments; `isinstance`-true for every run."""

    _native = Run

    def __new__(
        cls,
        job_name: str,
        run_id: str | None = None,
        run_config: Mapping[str, Any] | None = None,
        asset_selection: Iterable[Any] | None = None,
        asset_check_selection: Iterable[Any] | None = None,
        op_selection: Iterable[str] | None = None,
        resolved_op_selection: Any = None,
        step_keys_to_execute: Iterable[str] | None = None,
        status: Any = None,
        tags: Mapping[str, str] | None = None,
        root_run_id: str | None = None,
        parent_run_id: str | None = None,
        job_snapshot_id: str | None = None,
        execution_plan_snapshot_id: str | None = None,
        remote_job_origin: Any = None,
        job_code_origin: Any = None,
        has_repository_load_data: bool | None = None,
        run_op_concurrency: Any = None,
        partitions_subset: Any = None,
    ) -> Any:
        """The run. Snapshots and origins are accepted and not kept."""
        del resolved_op_selection, execution_plan_snapshot_id, remote_job_origin, job_code_origin
        del has_repository_load_data, run_op_concurrency, partitions_subset
        own = dict(tags or {})
        target = RunTarget(
            "",
            job_name,
            asset_selection=tuple(asset_selection or ()),
            check_selection=tuple(asset_check_selection) if asset_check_selection is not None else None,
            step_selection=tuple(step_keys_to_execute or ()),
            op_selection=tuple(op_selection or ()),
            partition_key=own.get("dagster/partition"),
        )
        return Run(
            run_id=run_id or "EPHEMERAL",
            target=target,
            status=RunStatus(str(getattr(status, "value", status or "queued")).lower()),
            created_at=datetime(1970, 1, 1, tzinfo=UTC),
            config=dict(run_config or {}),
            tags=own,
            root_run_id=root_run_id,
            parent_run_id=parent_run_id,
            manifest_hash=job_snapshot_id,
        )
