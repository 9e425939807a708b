"""Mappings and time windows beyond what the corpus reaches."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from rostrum.model.assets import AssetKey
from rostrum.model.errors import DefinitionError, InvocationError
from rostrum.model.manifest import AssetDependency, AssetNode, Manifest
from rostrum.model.manifest_parts import decode_manifest, encode_manifest
from rostrum.model.partitions import (
    CustomMapping,
    DimensionMapping,
    IdentityMapping,
    MultiMapping,
    MultiPartitions,
    PartitionMapping,
    SingleDimensionMapping,
    StaticPartitions,
    TimePartitions,
    TimeWindowMapping,
)
from rostrum.model.reserved_names import RANGE_END_TAG, RANGE_START_TAG
from rostrum.model.runs import RunTarget
from rostrum.planning.mappings import default_mapping, downstream_keys, upstream_keys
from rostrum.planning.partition_tags import with_range
from rostrum.planning.partitions import partitions_of
from rostrum.planning.time_windows import TimedPartitions

NOW = datetime(2024, 2, 1, tzinfo=UTC)
DAILY = TimePartitions("0 0 * * *", datetime(2024, 1, 1, tzinfo=UTC), "%Y-%m-%d")
WEEKLY = TimePartitions("0 0 * * 0", datetime(2024, 1, 1, tzinfo=UTC), "%Y-%m-%d")
COLORS = StaticPartitions(("r", "g"))


def test_defaults_between_several_dimensions():
    above = MultiPartitions((("color", COLORS), ("date", DAILY)))
    below = MultiPartitions((("date", WEEKLY), ("size", COLORS)))
    mapping = default_mapping(below, above)
    assert mapping == MultiMapping((DimensionMapping("date", "date", TimeWindowMapping()),))
    assert len(upstream_keys(None, below, above, ["2024-01-07|r"], NOW) or ()) == 14


def test_dimensions_without_a_common_name_need_a_mapping():
    with pytest.raises(DefinitionError, match="mapping"):
        default_mapping(MultiPartitions((("a", COLORS), ("b", COLORS))), MultiPartitions((("c", COLORS), ("d", DAILY))))


def test_a_dimension_that_is_not_there():
    above = MultiPartitions((("color", COLORS), ("date", DAILY)))
    with pytest.raises(DefinitionError, match="'size'"):
        upstream_keys(SingleDimensionMapping("size"), DAILY, above, ["2024-01-02"], NOW)


def test_downstream_of_some_days():
    assert downstream_keys(None, WEEKLY, DAILY, ["2024-01-08"], NOW) == ["2024-01-07"]


def test_excluded_windows_are_counted_out():
    spec = TimePartitions(
        "0 0 * * *", datetime(2024, 1, 1, tzinfo=UTC), "%Y-%m-%d", excluded_crons=("0 0 * * 6", "0 0 * * 0")
    )
    workdays = partitions_of(spec)
    assert isinstance(workdays, TimedPartitions)
    assert workdays.count(NOW) == 23
    assert workdays.keys_in_range("2024-01-05", "2024-01-08") == ["2024-01-05", "2024-01-08"]
    assert all(workdays.number(workdays.key(n)) == n for n in range(23))
    assert list(workdays.overlapping(workdays.window("2024-01-05"))) == [4]


def test_mappings_survive_the_manifest():
    mapping = MultiMapping((DimensionMapping("x", "y", IdentityMapping()),))
    manifest = Manifest(assets=(AssetNode(key=AssetKey("a"), deps=(AssetDependency(AssetKey("b"), mapping),)),))
    assert decode_manifest(encode_manifest(manifest)) == manifest


def test_tags_ask_for_a_range_unless_the_target_names_partitions():
    tags = {RANGE_START_TAG: "a", RANGE_END_TAG: "b"}
    assert with_range(RunTarget("x", "y"), tags).partition_range == ("a", "b")
    assert with_range(RunTarget("x", "y", partition_key="c"), tags).partition_range is None


def test_a_class_of_the_users_is_not_known_without_its_code() -> None:
    mapping = msgspec.json.decode(msgspec.json.encode(CustomMapping("shop.Mine(days=2)")), type=PartitionMapping)
    letters = StaticPartitions(("a", "b"))
    with pytest.raises(InvocationError, match=r"shop\.Mine\(days=2\) is user code"):
        upstream_keys(mapping, letters, letters, ["a"], datetime(2024, 1, 1, tzinfo=UTC))
