"""`dagster_pandas`."""

from __future__ import annotations

from rostrum.integrations.pandas import ColumnConstraintViolation as ColumnConstraintViolation
from rostrum.integrations.pandas import ConstraintViolation as ConstraintViolation
from rostrum.integrations.pandas import DataFrame as DataFrame
from rostrum.integrations.pandas import PandasColumn as PandasColumn
from rostrum.integrations.pandas import RowCountConstraint as RowCountConstraint
from rostrum.integrations.pandas import StrictColumnsConstraint as StrictColumnsConstraint
from rostrum.integrations.pandas import create_pandas_dataframe_type as create_dagster_pandas_dataframe_type
from rostrum.integrations.pandas import (
    create_table_schema_metadata_from_dataframe as create_table_schema_metadata_from_dataframe,
)

__all__ = [
    "ColumnConstraintViolation",
    "ConstraintViolation",
    "DataFrame",
    "PandasColumn",
    "RowCountConstraint",
    "StrictColumnsConstraint",
    "create_dagster_pandas_dataframe_type",
    "create_table_schema_metadata_from_dataframe",
]
