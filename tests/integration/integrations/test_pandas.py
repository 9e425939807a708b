"""pandas: types that check data frames."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import rostrum as ro
from rostrum.integrations.pandas import (
    PandasColumn,
    RowCountConstraint,
    StrictColumnsConstraint,
    create_pandas_dataframe_type,
)

TRIPS = create_pandas_dataframe_type(
    "Trips",
    "Trips of a day.",
    columns=[
        PandasColumn.integer_column("id", unique=True, non_nullable=True),
        PandasColumn.float_column("price", min_value=0, is_required=False),
        PandasColumn.categorical_column("kind", categories=["a", "b"], ignore_missing_vals=True),
        PandasColumn.datetime_column("at", min_datetime="2024-01-01"),
        PandasColumn.string_column("name"),
        PandasColumn.boolean_column("paid"),
        PandasColumn.exists("more", non_nullable=True),
    ],
    metadata_fn=lambda frame: {"rows": len(frame)},
    dataframe_constraints=[RowCountConstraint(2)],
)
GOOD: dict[str, Any] = {
    "id": [1, 2],
    "price": [1.0, 2.0],
    "kind": ["a", None],
    "at": pd.to_datetime(["2024-01-01", "2024-02-01"]),
    "name": ["x", "y"],
    "paid": [True, False],
    "more": [1, 2],
}


def test_a_frame_that_is_right() -> None:
    checked = ro.check_data_type(TRIPS, pd.DataFrame(GOOD))
    assert checked.success
    assert checked.metadata["rows"].value == 2
    assert [column.name for column in TRIPS.metadata["schema"].value.columns] == list(GOOD)
    assert ro.check_data_type(TRIPS, pd.DataFrame(GOOD).drop(columns="price")).success


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"id": [1, 1]}, "'id' must be unique"),
        ({"id": [1.5, 2.5]}, "'id' must be of type integer: it is float64"),
        ({"price": [-1.0, 1.0]}, "'price' must lie between 0 and inf: 1 of 2 values do not, such as np.float64(-1.0)"),
        ({"kind": ["a", "c"]}, "'kind' must be one of ['a', 'b']"),
        ({"at": pd.to_datetime(["2023-01-01", "2024-02-01"])}, "'at' must lie between"),
        ({"name": [1, 2]}, "'name' must be of type string"),
        ({"paid": ["x", "y"]}, "'paid' must be of type bool"),
        ({"more": [None, 1]}, "'more' must have no missing values"),
    ],
)
def test_a_column_that_is_wrong(change: dict[str, Any], said: str) -> None:
    checked = ro.check_data_type(TRIPS, pd.DataFrame({**GOOD, **change}))
    assert not checked.success
    assert said in str(checked.description)


def test_all_that_is_wrong_is_told_at_once() -> None:
    text = str(ro.check_data_type(TRIPS, pd.DataFrame({"id": [1], "name": ["x"]})).description)
    for said in ("'kind' is missing", "'at' is missing", "'paid' is missing", "it has 1 rows, not 2"):
        assert said in text
    assert not ro.check_data_type(TRIPS, 3).success


@pytest.mark.parametrize(("ordered", "success"), [(False, True), (True, False)])
def test_columns_and_no_others(ordered: bool, success: bool) -> None:
    kind = create_pandas_dataframe_type(
        "T", dataframe_constraints=[StrictColumnsConstraint(["b", "a"], enforce_ordering=ordered)]
    )
    assert ro.check_data_type(kind, pd.DataFrame({"a": [1], "b": [1]})).success is success
    assert not ro.check_data_type(kind, pd.DataFrame({"a": [1]})).success


def test_outputs_are_checked_while_a_job_runs() -> None:
    @ro.op(out=ro.Out(TRIPS))
    def wrong() -> Any:
        return pd.DataFrame({"id": [1]})

    @ro.job
    def runs() -> None:
        wrong()

    result = runs.execute_in_process(raise_on_error=False)
    assert not result.success
