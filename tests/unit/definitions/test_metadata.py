"""Constructors of metadata values."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from rostrum.definitions.metadata import MetadataValue
from rostrum.definitions.names import owner_problem, tag_problem
from rostrum.model import metadata as model
from rostrum.model.errors import InvocationError


def test_a_table_gets_its_columns_from_the_rows():
    table = MetadataValue.table([{"a": None, "b": 1.5}, {"a": "x", "c": True}])
    assert [(column.name, column.type) for column in table.schema.columns] == [
        ("a", "string"),
        ("b", "float"),
        ("c", "bool"),
    ]
    assert table.records == ((None, 1.5, None), ("x", None, True))
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
    assert MetadataValue.asset(["a", "b"]) == model.AssetMetadata("a/b")
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
