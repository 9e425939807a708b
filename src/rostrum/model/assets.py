"""Asset and check keys, and what is currently true of an asset or a check (`AssetState`, `CheckState`)."""

from __future__ import annotations

from datetime import datetime

import msgspec

from rostrum.model.keys import AssetKey as AssetKey
from rostrum.model.keys import CheckKey as CheckKey
from rostrum.model.metadata import MetadataValue


class AssetState(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is true now of an asset. Written in the transaction of the event that changed it."""

    asset_key: AssetKey
    last_materialized_at: datetime | None = None
    last_materialized_run_id: str | None = None
    last_materialization_id: int | None = None
    """Id of the stored event."""
    last_partition_key: str | None = None
    last_observed_at: datetime | None = None
    last_failed_at: datetime | None = None
    last_failed_run_id: str | None = None
    last_error: str | None = None
    """First line of the error of the last failure."""
    in_progress_run_id: str | None = None
    """A run that has planned this asset and has neither materialised nor given it up."""
    data_version: str | None = None
    code_version: str | None = None
    metadata: dict[str, MetadataValue] = {}
    """Metadata of the last materialisation."""
    wiped_id: int = 0
    """Id of the newest event when somebody had the asset's history forgotten: events up to it do not count."""

    @property
    def is_known(self) -> bool:
        """Whether anything is known of it since it was last forgotten."""
        times = (self.last_materialized_at, self.last_observed_at, self.last_failed_at)
        return any(each is not None for each in times) or self.in_progress_run_id is not None

    @property
    def status(self) -> str:
        """`running`, `failed`, `materialized` or `missing`."""
        if self.in_progress_run_id is not None:
            return "running"
        if self.last_failed_at and (
            self.last_materialized_at is None or self.last_failed_at > self.last_materialized_at
        ):
            return "failed"
        return "materialized" if self.last_materialized_at else "missing"


class CheckState(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is true now of a check: its last evaluation."""

    check_key: CheckKey
    status: str = "missing"
    """`passed`, `failed`, `running` or `missing`."""
    severity: str = "error"
    """`error` or `warn`, of the last evaluation."""
    evaluated_at: datetime | None = None
    run_id: str | None = None
    evaluation_id: int | None = None
    partition_key: str | None = None
    description: str | None = None
    since: datetime | None = None
    """Since when the check has had this status (while `running`: the status `before`)."""
    in_progress_run_id: str | None = None
    """The run that makes it `running`: it has planned the check and not yet evaluated it."""
    before: str = "missing"
    """While `running`: the status of the last evaluation, which returns if the run ends without a new one."""
    metadata: dict[str, MetadataValue] = {}
