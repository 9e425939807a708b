"""`dagster_dbt.errors`."""

from __future__ import annotations

from rostrum.compat.dagster_dbt import DagsterDbtCliRuntimeError as DagsterDbtCliRuntimeError
from rostrum.compat.dagster_dbt import DagsterDbtError as DagsterDbtError
