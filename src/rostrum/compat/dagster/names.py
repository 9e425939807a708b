"""The two tables behind `import dagster`: what modules of this package define, and what Rostrum calls otherwise.

Names that are in neither are looked up in `rostrum` under the same name (`rostrum.__all__`); what is nowhere is a
placeholder that tells so when it is used (`placeholders`).
"""

from __future__ import annotations

_TABLE: dict[str, tuple[str, ...]] = {
    "events": ("ExpectationResult",),
    "files": ("FileHandle", "LocalFileHandle", "local_file_manager"),
    "legacy_assets": ("BindResourcesToJobs", "SourceAsset"),
    "repositories": ("RepositoryDefinition", "create_repository_using_definitions_args", "repository"),
    "runs": ("DagsterRun", "DagsterRunStatus"),
    "metadata": (
        "BoolMetadataValue",
        "CodeReferencesMetadataValue",
        "DagsterAssetMetadataValue",
        "DagsterJobMetadataValue",
        "DagsterRunMetadataValue",
        "FloatMetadataValue",
        "IntMetadataValue",
        "JsonMetadataValue",
        "MarkdownMetadataValue",
        "MetadataEntry",
        "MetadataValue",
        "NotebookMetadataValue",
        "NullMetadataValue",
        "PathMetadataValue",
        "PoolMetadataValue",
        "PythonArtifactMetadataValue",
        "TableColumnLineageMetadataValue",
        "TableMetadataValue",
        "TableSchemaMetadataValue",
        "TextMetadataValue",
        "TimestampMetadataValue",
        "UrlMetadataValue",
    ),
    "legacy_automation": (
        "AutoMaterializeAssetPartitionsFilter",
        "AutoMaterializePolicy",
        "AutoMaterializeRule",
        "LegacyFreshnessPolicy",
    ),
    "log_manager": ("ConfigSchema", "DagsterLogManager"),
    "repository_data": ("RepositoryData",),
    "serdes": ("deserialize_value", "serialize_value"),
    "legacy_io": ("ConfigurableLegacyIOManagerAdapter",),
    "type_names": (
        "Any",
        "Bool",
        "Dict",
        "Float",
        "Int",
        "List",
        "Nothing",
        "Optional",
        "Set",
        "String",
        "Tuple",
    ),
    "small_values": (
        "AssetJobKey",
        "AssetOrCheckKey",
        "CodeLocationSelector",
        "ComponentFormConfig",
        "DagsterEventLogInvalidForRun",
        "DagsterLibraryRegistry",
        "IAttachDifferentObjectToOpContext",
        "JobSelector",
        "Mapping",
        "PaginatedResults",
        "RepositorySelector",
        "RunShardedEventsCursor",
        "Sequence",
        "TypingAny",
        "raise_execution_interrupts",
    ),
    "warning_types": (
        "BetaWarning",
        "Callable",
        "ConfigArgumentWarning",
        "Final",
        "MAX_RUNTIME_SECONDS_TAG",
        "PreviewWarning",
        "SupersessionWarning",
        "TYPE_CHECKING",
        "TypingTuple",
        "deprecation_warning",
        "file_relative_path",
    ),
}
"""Module of this package -> names that it defines."""

_RENAMED: dict[str, str] = {
    "DefaultRunLauncher": "rostrum.definitions.instance.parts:DefaultRunLauncher",
    "QueuedRunCoordinator": "rostrum.definitions.instance.parts:QueuedRunCoordinator",
    "SubmitRunContext": "rostrum.definitions.instance.parts:SubmitRunContext",
    "StepExecutionContext": "rostrum.definitions.contexts.step:OpExecutionContext",
    "custom_path_fs_io_manager": "rostrum.io_managers.configurable:custom_path_fs_io_manager",
    "DagsterInstance": "rostrum.definitions.instance.instance:Instance",
    "DataProvenance": "rostrum.definitions.instance.run_instance:DataProvenance",
    "DagsterType": "rostrum.definitions.config.types:DataType",
    "DagsterTypeLoader": "rostrum.definitions.config.type_loaders:DataTypeLoader",
    "DagsterTypeLoaderContext": "rostrum.definitions.contexts.step:OpExecutionContext",
    "TypeCheckContext": "rostrum.definitions.config.types:TypeCheckContext",
    "PythonObjectDagsterType": "rostrum.definitions.config.types:PythonType",
    "check_dagster_type": "rostrum.definitions.config.types:check_data_type",
    "dagster_type_loader": "rostrum.definitions.config.type_loaders:data_type_loader",
    "make_python_type_usable_as_dagster_type": "rostrum.definitions.config.types:make_python_type_usable_as_data_type",
    "usable_as_dagster_type": "rostrum.definitions.config.types:usable_as_data_type",
    "DagsterEvent": "rostrum.definitions.events.run_events:RunEvent",
    "DagsterEventType": "rostrum.definitions.events.types:EventType",
    "ExecuteInProcessResult": "rostrum.definitions.events.outcome:ExecutionResult",
    "JobExecutionResult": "rostrum.definitions.events.outcome:ExecutionResult",
    "AssetCheckKey": "rostrum.model.assets:CheckKey",
    "DagsterConfigMappingFunctionError": "rostrum.model.errors:ConfigMappingError",
    "DagsterError": "rostrum.model.errors:RostrumError",
    "DagsterExecutionInterruptedError": "rostrum.model.errors:ExecutionInterrupted",
    "DagsterExecutionStepExecutionError": "rostrum.model.errors:StepError",
    "DagsterExecutionStepNotFoundError": "rostrum.model.errors:StepNotFound",
    "DagsterImportError": "rostrum.model.errors:CodeImportError",
    "DagsterUnresolvableSymbolError": "rostrum.model.errors:UnresolvableSymbol",
    "DagsterInvalidConfigDefinitionError": "rostrum.model.errors:ConfigSchemaError",
    "DagsterInvalidConfigError": "rostrum.model.errors:ConfigError",
    "DagsterInvalidDefinitionError": "rostrum.model.errors:DefinitionError",
    "DagsterInvalidInvocationError": "rostrum.model.errors:InvocationError",
    "DagsterInvalidSubsetError": "rostrum.model.errors:SubsetError",
    "DagsterInvariantViolationError": "rostrum.model.errors:InvariantError",
    "DagsterPipesExecutionError": "rostrum.model.errors:PipesExecutionError",
    "DagsterRunReaction": "rostrum.definitions.automations.run_requests:RunReaction",
    "DagsterResourceFunctionError": "rostrum.model.errors:ResourceError",
    "DagsterRunNotFoundError": "rostrum.model.errors:RunNotFound",
    "DagsterStepOutputNotFoundError": "rostrum.model.errors:OutputNotFound",
    "DagsterSubprocessError": "rostrum.model.errors:SubprocessError",
    "DagsterTypeCheckDidNotPass": "rostrum.model.errors:TypeCheckFailed",
    "DagsterTypeCheckError": "rostrum.model.errors:TypeCheckError",
    "DagsterUnknownPartitionError": "rostrum.model.errors:UnknownPartition",
    "DagsterUnknownResourceError": "rostrum.model.errors:UnknownResource",
    "DagsterUnmetExecutorRequirementsError": "rostrum.model.errors:ExecutorRequirementsError",
    "DagsterUserCodeExecutionError": "rostrum.model.errors:UserCodeError",
    "definitions": "rostrum.definitions.location.lazy:lazy_definitions",
    "get_dagster_logger": "rostrum.definitions.ops.logs:get_logger",
}
"""Name here -> `module:name` in Rostrum."""

SUBMODULES: dict[str, tuple[str, ...]] = {
    "components": ("rostrum.components",),
    "components.testing": ("rostrum.components.testing",),
    "components.utils": ("rostrum.components",),
    "components.utils.translation": ("rostrum.components",),
    "components.resolved.core_models": ("rostrum.components",),
    "components.resolved.context": ("rostrum.components",),
    "components.resolved.model": ("rostrum.components",),
    "components.core.load_defs": ("rostrum.components",),
    "components.lib.shim_components": ("rostrum.components",),
    "deprecated": (),
    "preview.freshness": (),
    "version": (),
    "dagster_pipes": ("rostrum.pipes",),
}
"""Public submodule -> modules here that are searched for its names. A file `<submodule>.py` in this package wins."""

_HERE = "rostrum.compat.dagster."
PRIVATE_MODULES: dict[str, str] = dict.fromkeys(
    ("dagster._check", "dagster._check.functions", "dagster_shared.check"), _HERE + "check"
)
"""Private module -> the whole module here."""

PLACES: dict[str, str] = {
    "dagster.version.__version__": "rostrum.compat.dagster:__version__",
    "dagster.deprecated.FreshnessPolicy": "rostrum.compat.dagster.legacy_automation:LegacyFreshnessPolicy",
}
"""Full path of a name in a submodule -> `module:name`, where the name alone does not tell."""

_P = _HERE + "private:"
PRIVATE: dict[str, str] = {
    name: _P + name
    for name in (
        "ComputeIOType",
        "PARTITION_NAME_TAG",
        "RetryMode",
        "UserConfigSchema",
        "configure_loggers",
        "get_retries_config",
        "get_tag_concurrency_limits_config",
        "DATA_VERSION_TAG",
        "DEFAULT_DAILY_FORMAT",
        "DEFAULT_DATE_FORMAT",
        "DEFAULT_HOURLY_FORMAT_WITHOUT_TIMEZONE",
        "DEFAULT_HOURLY_FORMAT_WITH_TIMEZONE",
        "DEFAULT_MONTHLY_FORMAT",
        "alter_sys_path",
        "attach_deprecation_info_and_wrap",
        "backoff",
        "beta",
        "beta_param",
        "cached_method",
        "camelcase",
        "datetime_from_timestamp",
        "deprecated",
        "deprecated_param",
        "disable_dagster_warnings",
        "ensure_dir",
        "ensure_file",
        "environ",
        "experimental",
        "get_current_datetime",
        "get_current_timestamp",
        "hidden_param",
        "merge_dicts",
        "new_cwd",
        "preview",
        "public",
        "serializable_error_info_from_exc_info",
        "superseded",
        "suppress_dagster_warnings",
        "wrap_op_in_graph_and_execute",
    )
}
"""Name in any private module -> `module:name`."""
for _name in (
    "AssetCheckEvaluationPlanned",
    "AssetMaterializationPlannedData",
    "AssetObservationData",
    "ComputeLogsCaptureData",
    "EngineEventData",
    "HandledOutputData",
    "HookErroredData",
    "JobCanceledData",
    "JobFailureData",
    "LoadedInputData",
    "StepExpectationResultData",
    "StepFailureData",
    "StepInputData",
    "StepMaterializationData",
    "StepOutputData",
    "StepRetryData",
    "StepSuccessData",
    "UserFailureData",
):
    PRIVATE[_name] = f"rostrum.definitions.events.run_events:{_name}"
for _name, _error in {
    "DagsterAssetCheckFailedError": "CheckFailed",
    "DagsterExecutionHandleOutputError": "HandleOutputError",
    "DagsterExecutionLoadInputError": "LoadInputError",
    "DagsterInvalidAssetSelectionError": "SelectionError",
    "DagsterInvalidMetadata": "MetadataError",
    "DagsterInvalidPropertyError": "PropertyError",
    "DagsterMaxRetriesExceededError": "MaxRetriesExceeded",
    "DagsterRunAlreadyExists": "Conflict",
    "DagsterRunConflict": "Conflict",
}.items():
    PRIVATE[_name] = f"rostrum.model.errors:{_error}"
PRIVATE["ConfigurableResourceFactory"] = "rostrum.definitions.resources.resources:ConfigurableResourceFactory"
PRIVATE["DagsterEvaluationErrorReason"] = "rostrum.definitions.config.errors:EvaluationErrorReason"
PRIVATE["DagsterInvalidDagsterTypeInPythonicConfigDefinitionError"] = "rostrum.model.errors:ConfigSchemaError"
PRIVATE["DagsterInvalidPythonicConfigDefinitionError"] = "rostrum.model.errors:ConfigSchemaError"
PRIVATE["ConfigType"] = "rostrum.definitions.config.config_types:ConfigType"
PRIVATE["IntEnvVar"] = "rostrum.definitions.config.env:IntEnvVar"
PRIVATE["EvaluationError"] = "rostrum.definitions.config.errors:EvaluationError"
PRIVATE["PickledObjectFilesystemIOManager"] = "rostrum.io_managers.filesystem:PickledFilesIOManager"
PRIVATE["SerializableErrorInfo"] = "rostrum.definitions.events.run_events:ErrorReport"
for _name in ("CodeReferencesMetadataSet", "TableMetadataSet", "normalize_metadata"):
    PRIVATE[_name] = _HERE + f"metadata:{_name}"
for _name in ("DynamicPartitionsStore", "PartitionLoadingContext"):
    PRIVATE[_name] = f"rostrum.definitions.partitions.loading:{_name}"
for _name in ("PartitionsSubset", "PaginatedResults"):
    PRIVATE[_name] = f"rostrum.definitions.partitions.definition:{_name}"
PRIVATE["DagsterAssetCheckFailedError"] = "rostrum.model.errors:CheckFailed"
PRIVATE["DagsterInvalidAssetSelectionError"] = "rostrum.model.errors:SelectionError"
PRIVATE["AssetCheckEvaluationTargetMaterializationData"] = (
    "rostrum.definitions.events.run_events:CheckedMaterialization"
)
PRIVATE["ScheduleType"] = "rostrum.definitions.partitions.time_windows:ScheduleType"
PRIVATE["PartitionDimensionDefinition"] = "rostrum.definitions.partitions.multi:PartitionDimensionDefinition"
PRIVATE["UpstreamPartitionsResult"] = "rostrum.definitions.partitions.mappings:UpstreamPartitionsResult"
PRIVATE["UnresolvedAssetJobDefinition"] = "rostrum.definitions.ops.jobs:JobDefinition"
PRIVATE["ReconstructableJob"] = "rostrum.definitions.ops.reexecution:ReconstructableJob"
PRIVATE["find_free_port"] = _P + "find_free_port"
PRIVATE["safe_tempfile_path"] = _P + "safe_tempfile_path"
PRIVATE["CheckError"] = _HERE + "check:CheckError"
PRIVATE["ParameterCheckError"] = _HERE + "check:ParameterCheckError"
PRIVATE["UnresolvedPartitionedAssetScheduleDefinition"] = "rostrum.definitions.automations.schedules:ScheduleDefinition"
for _name in ("ConfigurableClass", "ConfigurableClassData", "whitelist_for_serdes"):
    PRIVATE[_name] = _HERE + f"serdes:{_name}"
for _name in ("AssetsDefinitionCacheableData", "CacheableAssetsDefinition"):
    PRIVATE[_name] = _HERE + f"cacheable_assets:{_name}"
for _name in ("InProcessExecutor", "MultiprocessExecutor"):
    PRIVATE[_name] = _HERE + f"executors:{_name}"
PRIVATE["RunLauncher"] = "rostrum.definitions.instance.parts:RunLauncher"
_E = "rostrum.model.errors:"
PRIVATE.update(
    {
        "DagsterCodeLocationLoadError": _E + "DefinitionError",
        "DagsterCodeLocationNotFoundError": _E + "NotFound",
        "DagsterHomeNotSetError": _E + "ConfigError",
        "DagsterInvalidAssetKey": _E + "DefinitionError",
        "DagsterSnapshotDoesNotExist": _E + "NotFound",
        "DagsterTypeLoadingError": _E + "TypeLoadingError",
        "DagsterUserCodeLoadError": _E + "DefinitionError",
        "DagsterUserCodeUnreachableError": _E + "Unavailable",
        "FreshnessPolicySensorExecutionError": _E + "SensorError",
        "HookExecutionError": _E + "HookError",
        "JobError": _E + "UserCodeError",
        "PartitionExecutionError": _E + "UserCodeError",
        "RunStatusSensorExecutionError": _E + "SensorError",
        "ScheduleExecutionError": _E + "ScheduleError",
        "SensorExecutionError": _E + "SensorError",
    }
)
