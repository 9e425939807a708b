"""Constructors of metadata values."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from rostrum.definitions.contexts.build import build_op_context, build_output_context
from rostrum.definitions.events.metadata import MetadataValue
from rostrum.definitions.names import owner_problem, tag_problem
from rostrum.model import metadata as model
from rostrum.model.errors import InvocationError
from rostrum.model.keys import AssetKey


def test_a_table_gets_its_columns_from_the_rows():
    table = MetadataValue.table([{"a": None, "b": 1.5}, {"a": "x", "c": True}])
    assert [(column.name, column.type) for column in table.schema.columns] == [
        ("a", "string"),
        ("b", "float"),
        ("c", "bool"),
    ]
    assert table.rows == ((None, 1.5, None), ("x", None, True))
    with pytest.raises(InvocationError, match="column 'a'"):
        MetadataValue.table([{"a": object()}])


def test_a_chart_is_data():
    chart = MetadataValue.chart("line", x=["a", "b"], series={"n": [1, None]}, y_label="n")
    assert chart.series[0].values == (1.0, None)
    assert MetadataValue.chart("bar", x=[1], series=[model.ChartSeries("n", (2,))]).series[0].values == (2.0,)
    with pytest.raises(InvocationError, match="2 values for 1 x"):
        MetadataValue.chart("line", x=[1], series={"n": [1, 2]})
    with pytest.raises(InvocationError, match="pie"):
        MetadataValue.chart("pie", x=[], series={})


def test_other_values():
    assert MetadataValue.md("# x") == model.MarkdownMetadata("# x")
    assert MetadataValue.asset(AssetKey(["a", "b"])) == model.AssetMetadata("a/b")
    assert MetadataValue.timestamp(0) == model.TimestampMetadata(datetime(1970, 1, 1, tzinfo=UTC))
    assert MetadataValue.json({"a": (1, 2)}) == model.JsonMetadata({"a": [1, 2]})
    with pytest.raises(InvocationError):
        MetadataValue.timestamp(datetime(2024, 1, 1))
    with pytest.raises(InvocationError):
        MetadataValue()


@pytest.mark.parametrize(
    ("owner", "fine"),
    [
        ("team:data", True),
        ("team:a b", True),
        ("me@x.com", True),
        ("me@mail.example.org", True),
        ("a@b.c", False),
        ("me", False),
        ("team:", False),
    ],
)
def test_owners(owner: str, fine: bool):
    assert (owner_problem(owner) is None) is fine


@pytest.mark.parametrize(
    ("key", "value", "fine"),
    [
        ("a", "", True),
        ("ns/a.b-c_d", "v", True),
        ("a b", "", False),
        ("a/b/c", "", False),
        ("a", 1, False),
        ("a" * 64, "", False),
        ("a", "x y", False),
    ],
)
def test_tags(key: str, value: object, fine: bool):
    assert (tag_problem(key, value) is None) is fine


def test_what_cannot_be_stored_is_mended_or_told_with_its_key():
    values = model.metadata_values(
        {"big": 2**70, "small": -(2**63), "lone": "a\ud800b", "json": {"n": [2**80, "\udfff"], "m": 2**63}}
    )
    assert values == {
        "big": model.TextMetadata(str(2**70)),
        "small": model.IntMetadata(-(2**63)),
        "lone": model.TextMetadata("a?b"),
        "json": model.JsonMetadata({"n": [str(2**80), "?"], "m": str(2**63)}),
    }
    for value in values.values():
        assert msgspec.msgpack.encode(value)
    cell = "\ud800"
    table = model.metadata_value("t", MetadataValue.table([{"a": cell}]))
    assert isinstance(table, model.TableMetadata)
    assert table.rows == (("?",),)
    for large in ("x" * 2_000_000, MetadataValue.md("x" * 2_000_000), ["x" * 2_000_000]):
        with pytest.raises(InvocationError, match=r"metadata 'rows' takes 2,000,0.. bytes; a value may take 1,048,576"):
            model.metadata_value("rows", large)
    with pytest.raises(InvocationError, match="'rows' is a number of 66,439 bits"):
        model.metadata_value("rows", 10**20_000)
    nested: list = []
    for _ in range(100_000):
        nested = [nested]
    with pytest.raises(InvocationError, match="'rows' cannot be written as JSON"):
        model.metadata_value("rows", nested)


def test_metadata_are_checked_where_they_are_added():
    for context in (build_op_context(), build_output_context()):
        with pytest.raises(InvocationError, match="'rows' takes"):
            context.add_output_metadata({"rows": "x" * 2_000_000})
