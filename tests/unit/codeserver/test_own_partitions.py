"""Keys of partitions definitions of users' own classes, asked of the code."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from rostrum import Definitions, PartitionsDefinition, asset
from rostrum.codeserver.evaluation import list_partition_keys
from rostrum.testing.clock import FakeClock


class Years(PartitionsDefinition):
    """All years so far."""

    def get_partition_keys(self, current_time: datetime | None = None, dynamic_partitions_store: Any = None):
        assert current_time is not None
        return [str(year) for year in range(2020, current_time.year + 1)]


def test_keys_are_those_of_now():
    @asset(partitions_def=Years())
    def sales() -> None: ...

    resolved = Definitions(assets=[sales]).resolved()
    (name,) = resolved.manifest.partitions
    assert list_partition_keys(resolved, name, FakeClock(datetime(2022, 1, 1, tzinfo=UTC))) == ["2020", "2021", "2022"]
    assert list_partition_keys(resolved, name, FakeClock(datetime(2020, 1, 1, tzinfo=UTC))) == ["2020"]
