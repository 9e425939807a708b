"""`dagster_deltalake_pandas`."""

from __future__ import annotations

from rostrum.integrations.delta import DeltaLakePandasIOManager as DeltaLakePandasIOManager
