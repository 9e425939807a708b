"""Contexts as tests build them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from rostrum.definitions.contexts.build import (
    build_asset_check_context,
    build_asset_context,
    build_input_context,
    build_op_context,
    build_output_context,
)
from rostrum.definitions.events.outputs import AssetObservation
from rostrum.definitions.partitions.definition import PartitionKeyRange
from rostrum.definitions.partitions.time_windows import DailyPartitionsDefinition
from rostrum.model.errors import InvocationError
from rostrum.model.metadata import IntMetadata

DAYS = DailyPartitionsDefinition("2024-01-01")


def test_an_op_s_context():
    seen = []
    context = build_op_context(
        resources={"db": 1}, op_config={"n": 2}, run_tags={"k": 1}, retry_number=2, log_event=seen.append
    )
    assert (context.resources.db, context.op_config, context.run_tags, context.retry_number) == (
        1,
        {"n": 2},
        {"k": "1"},
        2,
    )
    assert context.run_id == "EPHEMERAL"
    context.log_event(AssetObservation("x"))
    assert len(seen) == 1
    with pytest.raises(InvocationError, match="available: db"):
        _ = context.resources.other
    assert not hasattr(context.resources, "other")
    with pytest.raises(InvocationError, match="non-partitioned run"):
        _ = context.partition_key
    with pytest.raises(InvocationError, match="instance"):
        _ = context.instance


def test_partitions_of_a_context():
    context = build_asset_context(partition_key="2024-01-02", partitions_def=DAYS)
    assert (context.partition_key, list(context.partition_keys)) == ("2024-01-02", ["2024-01-02"])
    assert context.partition_time_window.end == datetime(2024, 1, 3, tzinfo=UTC)
    over = build_asset_context(partition_key_range=PartitionKeyRange("2024-01-01", "2024-01-03"), partitions_def=DAYS)
    assert len(over.partition_keys) == 3
    assert over.partition_key_range == ("2024-01-01", "2024-01-03")
    assert over.partition_time_window.end == datetime(2024, 1, 4, tzinfo=UTC)
    with pytest.raises(InvocationError, match="range"):
        _ = over.partition_key


def test_an_asset_s_context():
    context = build_asset_context(asset_key=["a", "b"])
    assert str(context.asset_key) == "a/b"
    assert not context.is_subset
    context.add_output_metadata({"n": 1, "m": 1})
    context.add_asset_metadata({"n": 2})
    assert context._scope.output_metadata == {("result", None): {"n": IntMetadata(2), "m": IntMetadata(1)}}
    with pytest.raises(InvocationError, match="no output 'x'"):
        context.add_output_metadata({}, "x")
    with pytest.raises(InvocationError, match="does not make"):
        context.add_asset_metadata({}, "other")
    assert str(build_asset_check_context(asset_key="a", check_name="c").check_key) == "a:c"


def test_output_and_input_contexts():
    output = build_output_context(asset_key=["a", "b"], partition_key="2024-01-02", asset_partitions_def=DAYS)
    assert output.get_asset_identifier() == ["a", "b", "2024-01-02"]
    assert output.asset_partitions_time_window.start == datetime(2024, 1, 2, tzinfo=UTC)
    between = build_output_context(run_id="r", step_key="s", mapping_key="k")
    assert between.get_identifier() == ["r", "s", "result", "k"]
    with pytest.raises(InvocationError, match="has_asset_key"):
        _ = between.asset_key
    with pytest.raises(InvocationError, match="has_asset_partitions"):
        _ = between.asset_partition_keys
    loaded = build_input_context(upstream_output=between, asset_key="a", asset_partition_keys=["x", "y"])
    assert loaded.get_identifier() == between.get_identifier()
    with pytest.raises(InvocationError, match="2 partitions"):
        _ = loaded.asset_partition_key
    assert build_input_context(asset_key="a", asset_partition_keys=[]).asset_partition_keys == []
