"""Rostrum: a data orchestrator. Everything users write comes from here, and is loaded only when it is used.

The table below is the public API; `__init__.pyi` tells type checkers and editors the same.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0.dev0"

_D = "rostrum.definitions."
_TABLE: dict[str, tuple[str, ...]] = {
    "rostrum.components.attributes": (
        "AssetAttributesModel",
        "ResolvedAssetCheckSpec",
        "ResolvedAssetKey",
        "ResolvedAssetSpec",
    ),
    "rostrum.components.component": ("Component", "ComponentTypeSpec", "component_instance"),
    "rostrum.components.context": ("ComponentLoadContext",),
    "rostrum.components.definitions_component": ("DefinitionsComponent",),
    "rostrum.components.executable": ("FunctionComponent",),
    "rostrum.components.folders": ("DefsFolderComponent",),
    "rostrum.components.loading": (
        "build_component_defs",
        "build_defs_for_component",
        "component_defs",
        "get_all_components_defs_within_project",
        "get_component_defs_within_project",
        "load_defs",
        "load_from_defs_folder",
    ),
    "rostrum.components.resolution": ("ResolutionContext",),
    "rostrum.components.resolvable": ("Model", "Resolvable"),
    "rostrum.components.resolvers": ("Injected", "Resolver"),
    "rostrum.components.scaffold": ("ScaffoldRequest", "Scaffolder", "scaffold_component", "scaffold_with"),
    "rostrum.components.scope": ("template_var",),
    "rostrum.components.scripts": ("PythonScriptComponent", "UvRunComponent"),
    "rostrum.components.sql": ("SqlComponent", "TemplatedSqlComponent"),
    "rostrum.components.state": ("StateBackedComponent",),
    "rostrum.components.tree": ("ComponentTree",),
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
    _D + "asset_decorator": ("asset",),
    _D + "asset_ports": ("AssetIn", "AssetOut"),
    _D + "asset_sensors": (
        "AssetSensorDefinition",
        "MultiAssetSensorDefinition",
        "asset_sensor",
        "build_multi_asset_sensor_context",
        "multi_asset_sensor",
    ),
    _D + "asset_specs": ("AssetDep", "AssetSpec", "map_asset_specs"),
    _D + "assets": ("AssetsDefinition",),
    _D + "automation": ("AutomationCondition",),
    _D + "automation_sensors": ("AutomationConditionSensorDefinition",),
    _D + "backfill_policy": ("BackfillPolicy",),
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
    _D + "composition": ("PendingNodeInvocation",),
    _D + "config": ("Config", "PermissiveConfig"),
    _D + "config_mapping": ("ConfigMapping", "config_mapping"),
    _D + "configured": ("configured",),
    _D + "contexts": ("AssetCheckExecutionContext", "AssetExecutionContext", "OpExecutionContext"),
    _D + "data_versions": ("DataVersion", "DataVersionsByPartition"),
    _D + "definitions": ("Definitions",),
    _D + "event_types": ("EventType",),
    _D + "run_events": ("AssetCheckEvaluation", "RunEvent"),
    _D + "dependencies": (
        "DependencyDefinition",
        "InputMapping",
        "MultiDependencyDefinition",
        "NodeInvocation",
        "OutputMapping",
    ),
    _D + "env": ("EnvVar",),
    _D + "executor_defs": (
        "Executor",
        "ExecutorRequirement",
        "InitExecutorContext",
        "executor",
        "in_process_executor",
        "multi_or_in_process_executor",
        "multiple_process_executor_requirements",
        "multiprocess_executor",
    ),
    _D + "failure_email": ("make_email_on_run_failure_sensor",),
    _D + "freshness": ("FreshnessPolicy", "apply_freshness_policy"),
    _D + "graph_assets": ("graph_asset", "graph_multi_asset"),
    _D + "graphs": ("GraphIn", "GraphOut"),
    _D + "hooks": (
        "HookContext",
        "HookDefinition",
        "HookExecutionResult",
        "build_hook_context",
        "failure_hook",
        "success_hook",
    ),
    _D + "instance": ("Instance",),
    _D + "io": ("IOManager",),
    _D + "jobs": ("GraphDefinition", "JobDefinition", "define_asset_job", "graph", "job"),
    _D + "lazy": ("LazyDefinitions", "definitions"),
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
    _D + "multi_asset_context": ("MultiAssetSensorEvaluationContext",),
    _D + "multi_assets": ("multi_asset",),
    _D + "multi_partitions": ("MultiPartitionKey", "MultiPartitionsDefinition"),
    _D + "observable_assets": ("multi_observable_source_asset", "observable_source_asset"),
    _D + "ops": ("DynamicOut", "In", "Nothing", "OpDefinition", "Out", "op"),
    _D + "outputs": (
        "AssetCheckResult",
        "AssetCheckSeverity",
        "AssetMaterialization",
        "AssetObservation",
        "DynamicOutput",
        "Failure",
        "MaterializeResult",
        "ObserveResult",
        "Output",
        "RetryRequested",
    ),
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
    _D + "partition_requests": ("AddDynamicPartitionsRequest", "DeleteDynamicPartitionsRequest"),
    _D + "partitioned_config": ("PartitionedConfig",),
    _D + "partitioned_config_functions": (
        "daily_partitioned_config",
        "dynamic_partitioned_config",
        "hourly_partitioned_config",
        "monthly_partitioned_config",
        "partitioned_config",
        "static_partitioned_config",
        "weekly_partitioned_config",
    ),
    _D + "partitioned_schedules": ("build_schedule_from_partitioned_job",),
    _D + "partitions": (
        "DynamicPartitionsDefinition",
        "Partition",
        "PartitionKeyRange",
        "PartitionsDefinition",
        "StaticPartitionsDefinition",
    ),
    _D + "resource_binding": ("with_resources",),
    _D + "resource_param": ("ResourceParam",),
    _D + "resources": ("ConfigurableIOManager", "ConfigurableResource"),
    _D + "retries": ("Backoff", "Jitter", "RetryPolicy"),
    _D + "run_config": ("RunConfig",),
    _D + "run_requests": ("RunRequest", "SensorResult", "SkipReason"),
    _D + "run_status_sensors": (
        "RunFailureSensorContext",
        "RunStatusSensorContext",
        "RunStatusSensorDefinition",
        "build_run_status_sensor_context",
        "run_failure_sensor",
        "run_status_sensor",
    ),
    _D + "schedules": ("DefaultScheduleStatus", "ScheduleDefinition", "schedule"),
    _D + "selection": ("AssetSelection",),
    _D + "sensors": ("DefaultSensorStatus", "SensorDefinition", "sensor"),
    _D + "storage_contexts": ("InputContext", "OutputContext"),
    _D + "tick_contexts": ("ScheduleEvaluationContext", "SensorEvaluationContext"),
    _D + "time_partitions": (
        "DailyPartitionsDefinition",
        "HourlyPartitionsDefinition",
        "MonthlyPartitionsDefinition",
        "TimeWindowPartitionsDefinition",
        "WeeklyPartitionsDefinition",
    ),
    _D + "value_loader": ("AssetValueLoader",),
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
