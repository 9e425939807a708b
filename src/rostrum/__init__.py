"""Rostrum: a data orchestrator. Everything users write comes from here, and is loaded only when it is used.

The table below is the public API; `__init__.pyi` tells type checkers and editors the same.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0.dev0"

_D = "rostrum.definitions."
_TABLE: dict[str, tuple[str, ...]] = {
    "rostrum.execution.outcome": ("ExecutionResult",),
    "rostrum.io_managers.filesystem": ("FilesystemIOManager",),
    "rostrum.io_managers.memory": ("InMemoryIOManager",),
    "rostrum.model.assets": ("AssetKey", "CheckKey"),
    "rostrum.model.errors": ("ConfigError", "DefinitionError", "InvocationError", "RostrumError", "UserCodeError"),
    "rostrum.model.metadata": ("ChartSeries", "LocalFileCodeReference", "UrlCodeReference"),
    "rostrum.model.tables": (
        "TableColumn",
        "TableColumnConstraints",
        "TableColumnDep",
        "TableColumnLineage",
        "TableConstraints",
        "TableRecord",
        "TableSchema",
    ),
    "rostrum.planning.time_windows": ("TimeWindow",),
    _D + "assets": ("AssetDep", "AssetIn", "AssetOut", "AssetSpec", "AssetsDefinition", "asset", "multi_asset"),
    _D + "build_context": (
        "build_asset_check_context",
        "build_asset_context",
        "build_init_resource_context",
        "build_input_context",
        "build_op_context",
        "build_output_context",
    ),
    _D + "build_tick_context": ("build_schedule_context", "build_sensor_context"),
    _D + "check_specs": ("AssetCheckSpec",),
    _D + "checks": ("AssetChecksDefinition", "asset_check", "multi_asset_check"),
    _D + "config": ("Config", "PermissiveConfig"),
    _D + "contexts": (
        "AssetCheckExecutionContext",
        "AssetExecutionContext",
        "InputContext",
        "OpExecutionContext",
        "OutputContext",
    ),
    _D + "definitions": ("Definitions",),
    _D + "env": ("EnvVar",),
    _D + "graphs": ("GraphDefinition", "GraphIn", "GraphOut"),
    _D + "instance": ("Instance",),
    _D + "io": ("IOManager",),
    _D + "jobs": ("JobDefinition", "define_asset_job", "graph", "in_process_executor", "job", "multiprocess_executor"),
    _D + "lifecycle": ("InitResourceContext", "ResourceDefinition", "io_manager", "resource"),
    _D + "live": ("ExecutorDefinition",),
    _D + "logs": ("get_logger",),
    _D + "materializing": ("materialize", "materialize_to_memory"),
    _D + "metadata": ("MetadataValue",),
    _D + "module_contents": (
        "load_asset_checks_from_current_module",
        "load_asset_checks_from_modules",
        "load_assets_from_current_module",
        "load_assets_from_modules",
        "load_assets_from_package_module",
    ),
    _D + "ops": ("In", "Nothing", "OpDefinition", "Out", "op"),
    _D + "outputs": (
        "AssetCheckResult",
        "AssetCheckSeverity",
        "AssetMaterialization",
        "AssetObservation",
        "Failure",
        "MaterializeResult",
        "Output",
        "RetryRequested",
    ),
    _D + "partitioned_schedules": ("build_schedule_from_partitioned_job",),
    _D + "backfill_policy": ("BackfillPolicy",),
    _D + "multi_partitions": ("MultiPartitionKey", "MultiPartitionsDefinition"),
    _D + "partition_loading": ("partition_loading_context",),
    _D + "partition_mappings": (
        "AllPartitionMapping",
        "DimensionPartitionMapping",
        "IdentityPartitionMapping",
        "LastPartitionMapping",
        "MultiPartitionMapping",
        "MultiToSingleDimensionPartitionMapping",
        "PartitionMapping",
        "SpecificPartitionsPartitionMapping",
        "StaticPartitionMapping",
        "TimeWindowPartitionMapping",
    ),
    _D + "partitioned_config": (
        "PartitionedConfig",
        "daily_partitioned_config",
        "dynamic_partitioned_config",
        "hourly_partitioned_config",
        "monthly_partitioned_config",
        "partitioned_config",
        "static_partitioned_config",
        "weekly_partitioned_config",
    ),
    _D + "partitions": (
        "DynamicPartitionsDefinition",
        "Partition",
        "PartitionKeyRange",
        "PartitionsDefinition",
        "StaticPartitionsDefinition",
    ),
    _D + "time_partitions": (
        "DailyPartitionsDefinition",
        "HourlyPartitionsDefinition",
        "MonthlyPartitionsDefinition",
        "TimeWindowPartitionsDefinition",
        "WeeklyPartitionsDefinition",
    ),
    _D + "resource_param": ("ResourceParam",),
    _D + "resources": ("ConfigurableIOManager", "ConfigurableResource"),
    _D + "retries": ("Backoff", "Jitter", "RetryPolicy"),
    _D + "run_config": ("RunConfig",),
    _D + "partition_requests": ("AddDynamicPartitionsRequest", "DeleteDynamicPartitionsRequest"),
    _D + "run_requests": (
        "RunRequest",
        "SensorResult",
        "SkipReason",
    ),
    _D + "schedules": ("DefaultScheduleStatus", "ScheduleDefinition", "schedule"),
    _D + "selection": ("AssetSelection",),
    _D + "sensors": ("DefaultSensorStatus", "SensorDefinition", "sensor"),
    _D + "tick_contexts": ("ScheduleEvaluationContext", "SensorEvaluationContext"),
}
_MODULE_OF: dict[str, str] = {name: module for module, names in _TABLE.items() for name in names}

__all__ = ["__version__", *sorted(_MODULE_OF)]  # noqa: PLE0604 # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module 'rostrum' has no attribute {name!r}")
    value = getattr(importlib.import_module(module), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_MODULE_OF])
