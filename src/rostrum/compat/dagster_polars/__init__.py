"""`dagster_polars`."""

from __future__ import annotations

from rostrum.integrations.polars import BasePolarsUPathIOManager as BasePolarsUPathIOManager
from rostrum.integrations.polars import DataFramePartitions as DataFramePartitions
from rostrum.integrations.polars import LazyFramePartitions as LazyFramePartitions
from rostrum.integrations.polars import PolarsDeltaIOManager as PolarsDeltaIOManager
from rostrum.integrations.polars import PolarsParquetIOManager as PolarsParquetIOManager
