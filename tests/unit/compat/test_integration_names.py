"""Names of integration packages lead to Rostrum's own integrations."""

from __future__ import annotations

import importlib

import pytest

from rostrum.compat import aliases

NAMES = {
    "dagster_aws.pipes": "PipesS3ContextInjector PipesS3MessageReader",
    "dagster_aws.s3": "S3FileManager S3PickleIOManager S3Resource get_s3_keys s3_pickle_io_manager s3_resource",
    "dagster_dask": "dask_executor",
    "dagster_dbt": "DagsterDbtTranslator DbtCliResource DbtProject DbtProjectComponent dbt_assets",
    "dagster_deltalake": "DeltaLakePyarrowIOManager DeltaTableResource LocalConfig S3Config WriteMode",
    "dagster_deltalake_pandas": "DeltaLakePandasIOManager",
    "dagster_deltalake_polars": "DeltaLakePolarsIOManager",
    "dagster_docker": "PipesDockerClient PipesDockerLogsMessageReader docker_executor",
    "dagster_docker.pipes": "PipesDockerClient PipesDockerLogsMessageReader",
    "dagster_duckdb": "DuckDBIOManager DuckDBResource build_duckdb_io_manager",
    "dagster_duckdb_pandas": "DuckDBPandasIOManager DuckDBPandasTypeHandler duckdb_pandas_io_manager",
    "dagster_duckdb_polars": "DuckDBPolarsIOManager DuckDBPolarsTypeHandler duckdb_polars_io_manager",
    "dagster_k8s": "PipesK8sClient PipesK8sPodLogsMessageReader k8s_job_executor",
    "dagster_k8s.pipes": "PipesK8sClient PipesK8sPodLogsMessageReader",
    "dagster_pandas": "DataFrame PandasColumn RowCountConstraint create_dagster_pandas_dataframe_type",
    "dagster_polars": "BasePolarsUPathIOManager PolarsDeltaIOManager PolarsParquetIOManager",
    "dagster_slack": "SlackResource make_slack_on_run_failure_sensor slack_on_failure slack_resource",
}


@pytest.mark.parametrize("module", list(NAMES))
def test_names_are_found(module: str) -> None:
    aliases.install()
    found = importlib.import_module(module)
    for name in NAMES[module].split():
        assert vars(found)[name] is not None


def test_all_packages_are_listed() -> None:
    assert {name.partition(".")[0] for name in NAMES} == set(aliases.INTEGRATIONS)
