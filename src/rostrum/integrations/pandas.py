"""pandas: types of data frames that check columns and rows."""

# The library has no types of its own.
# pyright: reportUnknownParameterType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false, reportMissingTypeArgument=false
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

import pandas as pd

from rostrum.definitions.config.types import DataType, TypeCheck
from rostrum.definitions.events.metadata import MetadataValue
from rostrum.model.errors import ArgumentError
from rostrum.model.tables import TableColumn, TableColumnConstraints, TableSchema

Check = Callable[[pd.Series], pd.Series]
"""True for the values of a column that are right."""


class ConstraintViolation(Exception):
    """A data frame is not as its type wants it."""


class ColumnConstraintViolation(ConstraintViolation):
    """A column of a data frame is not as its type wants it."""


class PandasColumn:
    """A column of a data frame type: its name, whether it must be there, and what holds for its values."""

    def __init__(
        self,
        name: str,
        constraints: Sequence[tuple[str, Callable[[pd.Series], str | None]]] | None = None,
        is_required: bool | None = None,
    ) -> None:
        self.name, self.constraints = name, list(constraints or ())
        self.is_required = True if is_required is None else is_required

    def problem(self, frame: pd.DataFrame) -> str | None:
        """What is wrong with the column of a frame, None where nothing is."""
        if self.name not in frame.columns:
            return f"the column {self.name!r} is missing" if self.is_required else None
        for told, check in self.constraints:
            found = check(cast("pd.Series", frame[self.name]))
            if found is not None:
                return f"the column {self.name!r} {told}: {found}"
        return None

    @staticmethod
    def exists(
        name: str,
        non_nullable: bool = False,
        unique: bool = False,
        ignore_missing_vals: bool = False,
        is_required: bool | None = None,
    ) -> PandasColumn:
        """A column of any type."""
        return _column(name, [], non_nullable, unique, ignore_missing_vals, is_required)

    @staticmethod
    def boolean_column(
        name: str,
        non_nullable: bool = False,
        unique: bool = False,
        ignore_missing_vals: bool = False,
        is_required: bool | None = None,
    ) -> PandasColumn:
        """A column of truth values."""
        return _column(
            name, [_of("bool", pd.api.types.is_bool_dtype)], non_nullable, unique, ignore_missing_vals, is_required
        )

    @staticmethod
    def numeric_column(
        name: str,
        min_value: float = float("-inf"),
        max_value: float = float("inf"),
        non_nullable: bool = False,
        unique: bool = False,
        ignore_missing_vals: bool = False,
        is_required: bool | None = None,
    ) -> PandasColumn:
        """A column of numbers."""
        checks = [_of("number", pd.api.types.is_numeric_dtype), _between(min_value, max_value)]
        return _column(name, checks, non_nullable, unique, ignore_missing_vals, is_required)

    @staticmethod
    def integer_column(
        name: str,
        min_value: float = float("-inf"),
        max_value: float = float("inf"),
        non_nullable: bool = False,
        unique: bool = False,
        ignore_missing_vals: bool = False,
        is_required: bool | None = None,
    ) -> PandasColumn:
        """A column of whole numbers."""
        checks = [_of("integer", pd.api.types.is_integer_dtype), _between(min_value, max_value)]
        return _column(name, checks, non_nullable, unique, ignore_missing_vals, is_required)

    @staticmethod
    def float_column(
        name: str,
        min_value: float = float("-inf"),
        max_value: float = float("inf"),
        non_nullable: bool = False,
        unique: bool = False,
        ignore_missing_vals: bool = False,
        is_required: bool | None = None,
    ) -> PandasColumn:
        """A column of floating point numbers."""
        checks = [_of("float", pd.api.types.is_float_dtype), _between(min_value, max_value)]
        return _column(name, checks, non_nullable, unique, ignore_missing_vals, is_required)

    @staticmethod
    def string_column(
        name: str,
        non_nullable: bool = False,
        unique: bool = False,
        ignore_missing_vals: bool = False,
        is_required: bool | None = None,
    ) -> PandasColumn:
        """A column of texts."""
        kinds = _of("string", lambda kind: pd.api.types.is_string_dtype(kind) or pd.api.types.is_object_dtype(kind))
        return _column(name, [kinds], non_nullable, unique, ignore_missing_vals, is_required)

    @staticmethod
    def datetime_column(
        name: str,
        min_datetime: str | datetime | None = None,
        max_datetime: str | datetime | None = None,
        non_nullable: bool = False,
        unique: bool = False,
        ignore_missing_vals: bool = False,
        is_required: bool | None = None,
        tz: Any = None,
    ) -> PandasColumn:
        """A column of moments; `tz`: their time zone."""
        low = pd.Timestamp(min_datetime, tz=tz) if min_datetime is not None else None
        high = pd.Timestamp(max_datetime, tz=tz) if max_datetime is not None else None
        checks = [_of("datetime", pd.api.types.is_datetime64_any_dtype), _between(low, high)]
        return _column(name, checks, non_nullable, unique, ignore_missing_vals, is_required)

    @staticmethod
    def categorical_column(
        name: str,
        categories: Sequence[Any],
        of_types: Any = frozenset({"category", "object", "string", "str"}),
        non_nullable: bool = False,
        unique: bool = False,
        ignore_missing_vals: bool = False,
        is_required: bool | None = None,
    ) -> PandasColumn:
        """A column whose values are among some."""
        known = set(categories)
        types = {of_types} if isinstance(of_types, str) else set(of_types)
        told = f"must be one of {sorted(map(str, known))}"
        checks = [
            _of("/".join(sorted(types)), lambda kind: str(kind) in types),
            (told, lambda values: _bad(values, values.isin(known) | (values.isna() & ignore_missing_vals))),
        ]
        return _column(name, checks, non_nullable, unique, ignore_missing_vals, is_required)


def _column(
    name: str,
    checks: Sequence[tuple[str, Callable[[pd.Series], str | None]]],
    non_nullable: bool,
    unique: bool,
    ignore_missing: bool,
    is_required: bool | None,
) -> PandasColumn:
    if non_nullable and ignore_missing:
        raise ArgumentError(f"column {name!r}: give one of non_nullable and ignore_missing_vals.")
    found = [(told, _skipping(check) if ignore_missing else check) for told, check in checks]
    if non_nullable:
        found.append(("must have no missing values", lambda values: _bad(values, values.notna())))
    if unique:
        found.append(("must be unique", lambda values: _bad(values, ~values.duplicated())))
    return PandasColumn(name, found, is_required)


def _skipping(check: Callable[[pd.Series], str | None]) -> Callable[[pd.Series], str | None]:
    return lambda values: check(values.dropna())


def _of(what: str, test: Callable[[Any], bool]) -> tuple[str, Callable[[pd.Series], str | None]]:
    return f"must be of type {what}", lambda values: None if test(values.dtype) else f"it is {values.dtype}"


def _between(low: Any, high: Any) -> tuple[str, Callable[[pd.Series], str | None]]:
    def check(values: pd.Series) -> str | None:
        right = pd.Series(data=True, index=values.index)
        if low is not None:
            right &= values >= low
        if high is not None:
            right &= values <= high
        return _bad(values, right | values.isna())

    return f"must lie between {low} and {high}", check


def _bad(values: pd.Series, right: Any) -> str | None:
    wrong = cast("pd.Series", values[~right])
    if not len(wrong):
        return None
    return f"{len(wrong)} of {len(values)} values do not, such as {wrong.iloc[0]!r} in row {wrong.index[0]!r}"


class RowCountConstraint:
    """A data frame has this many rows, give or take some."""

    def __init__(self, num_allowed_rows: int, error_tolerance: int = 0) -> None:
        if abs(error_tolerance) > num_allowed_rows:
            raise ArgumentError("RowCountConstraint: error_tolerance is larger than num_allowed_rows.")
        self.num_allowed_rows, self.error_tolerance = num_allowed_rows, abs(error_tolerance)

    def problem(self, frame: pd.DataFrame) -> str | None:
        """What is wrong with a frame, None where nothing is."""
        if abs(len(frame) - self.num_allowed_rows) <= self.error_tolerance:
            return None
        return f"it has {len(frame)} rows, not {self.num_allowed_rows} (± {self.error_tolerance})"


class StrictColumnsConstraint:
    """A data frame has these columns and no others; `enforce_ordering`: in this order."""

    def __init__(self, strict_column_list: Sequence[str], enforce_ordering: bool = False) -> None:
        self.strict_column_list, self.enforce_ordering = list(strict_column_list), enforce_ordering

    def problem(self, frame: pd.DataFrame) -> str | None:
        """What is wrong with a frame, None where nothing is."""
        columns = list(frame.columns)
        same = (
            columns == self.strict_column_list
            if self.enforce_ordering
            else set(columns) == set(self.strict_column_list)
        )
        return None if same else f"its columns are {columns}, not {self.strict_column_list}"


def create_pandas_dataframe_type(
    name: str,
    description: str | None = None,
    columns: Sequence[PandasColumn] | None = None,
    metadata_fn: Callable[[pd.DataFrame], Mapping[str, Any]] | None = None,
    dataframe_constraints: Sequence[Any] | None = None,
    loader: Any = None,
) -> DataType:
    """A type of data frames, for `In(dagster_type=...)` and `Out(dagster_type=...)`: columns and constraints are
    checked, `metadata_fn` tells more of a frame that is right.
    """

    def check(_context: Any, value: Any) -> TypeCheck:
        if not isinstance(value, pd.DataFrame):
            return TypeCheck(success=False, description=f"{name} is a pandas.DataFrame, not a {type(value).__name__}.")
        problems = [
            found for each in (*(columns or ()), *(dataframe_constraints or ())) if (found := each.problem(value))
        ]
        if problems:
            return TypeCheck(success=False, description=f"{name}: {'; '.join(problems)}.")
        return TypeCheck(success=True, metadata=dict(metadata_fn(value)) if metadata_fn is not None else {})

    return DataType(
        type_check_fn=check,
        name=name,
        description=description,
        loader=loader,
        typing_type=pd.DataFrame,
        metadata={"schema": MetadataValue.table_schema(_schema(columns))} if columns else None,
    )


def _schema(columns: Sequence[PandasColumn]) -> TableSchema:
    made: list[TableColumn] = []
    for each in columns:
        told = [words for words, _ in each.constraints]
        made.append(TableColumn(name=each.name, constraints=TableColumnConstraints(other=told)))
    return TableSchema(columns=made)


def create_table_schema_metadata_from_dataframe(pandas_df: pd.DataFrame) -> Any:
    """Names and types of a frame's columns, as metadata."""
    columns = [TableColumn(name=str(name), type=str(kind)) for name, kind in pandas_df.dtypes.items()]
    return MetadataValue.table_schema(TableSchema(columns=columns))


DataFrame = create_pandas_dataframe_type("PandasDataFrame", "Two-dimensional tabular data.")
"""The type of all data frames of pandas."""
