# What editors and type checkers see of `dagster`. Written by `./task generate`; do not edit.
from typing import Any

from dagster import components as components
from rostrum import AddDynamicPartitionsRequest as AddDynamicPartitionsRequest
from rostrum import AllPartitionMapping as AllPartitionMapping
from rostrum import AnchorBasedFilePathMapping as AnchorBasedFilePathMapping
from rostrum import Array as Array
from rostrum import AssetAttributesModel as AssetAttributesModel
from rostrum import AssetCheckEvaluation as AssetCheckEvaluation
from rostrum import AssetCheckExecutionContext as AssetCheckExecutionContext
from rostrum import AssetCheckResult as AssetCheckResult
from rostrum import AssetCheckSeverity as AssetCheckSeverity
from rostrum import AssetCheckSpec as AssetCheckSpec
from rostrum import AssetChecksDefinition as AssetChecksDefinition
from rostrum import AssetDep as AssetDep
from rostrum import AssetExecutionContext as AssetExecutionContext
from rostrum import AssetIn as AssetIn
from rostrum import AssetKey as AssetKey
from rostrum import AssetMaterialization as AssetMaterialization
from rostrum import AssetObservation as AssetObservation
from rostrum import AssetOut as AssetOut
from rostrum import AssetPartitionStatus as AssetPartitionStatus
from rostrum import AssetRecordsFilter as AssetRecordsFilter
from rostrum import AssetSelection as AssetSelection
from rostrum import AssetSensorDefinition as AssetSensorDefinition
from rostrum import AssetSpec as AssetSpec
from rostrum import AssetValueLoader as AssetValueLoader
from rostrum import AssetsDefinition as AssetsDefinition
from rostrum import AutomationCondition as AutomationCondition
from rostrum import AutomationConditionSensorDefinition as AutomationConditionSensorDefinition
from rostrum import AutomationContext as AutomationContext
from rostrum import AutomationResult as AutomationResult
from rostrum import BackfillPolicy as BackfillPolicy
from rostrum import Backoff as Backoff
from rostrum import BoolSource as BoolSource
from rostrum import Component as Component
from rostrum import ComponentLoadContext as ComponentLoadContext
from rostrum import ComponentTree as ComponentTree
from rostrum import ComponentTypeSpec as ComponentTypeSpec
from rostrum import Config as Config
from rostrum import ConfigMapping as ConfigMapping
from rostrum import ConfigurableIOManager as ConfigurableIOManager
from rostrum import ConfigurableIOManagerFactory as ConfigurableIOManagerFactory
from rostrum import ConfigurableResource as ConfigurableResource
from rostrum import DailyPartitionsDefinition as DailyPartitionsDefinition
from rostrum import DataVersion as DataVersion
from rostrum import DataVersionsByPartition as DataVersionsByPartition
from rostrum import DefaultScheduleStatus as DefaultScheduleStatus
from rostrum import DefaultSensorStatus as DefaultSensorStatus
from rostrum import Definitions as Definitions
from rostrum import DefinitionsComponent as DefinitionsComponent
from rostrum import DefsFolderComponent as DefsFolderComponent
from rostrum import DeleteDynamicPartitionsRequest as DeleteDynamicPartitionsRequest
from rostrum import DependencyDefinition as DependencyDefinition
from rostrum import DimensionPartitionMapping as DimensionPartitionMapping
from rostrum import DynamicOut as DynamicOut
from rostrum import DynamicOutput as DynamicOutput
from rostrum import DynamicPartitionsDefinition as DynamicPartitionsDefinition
from rostrum import Enum as Enum
from rostrum import EnumValue as EnumValue
from rostrum import EnvVar as EnvVar
from rostrum import EvaluateAutomationConditionsResult as EvaluateAutomationConditionsResult
from rostrum import EventLogEntry as EventLogEntry
from rostrum import EventLogRecord as EventLogRecord
from rostrum import EventRecordsFilter as EventRecordsFilter
from rostrum import EventRecordsResult as EventRecordsResult
from rostrum import Executor as Executor
from rostrum import ExecutorDefinition as ExecutorDefinition
from rostrum import ExecutorRequirement as ExecutorRequirement
from rostrum import Failure as Failure
from rostrum import Field as Field
from rostrum import FilePathMapping as FilePathMapping
from rostrum import FilesystemIOManager as FilesystemIOManager
from rostrum import FreshnessPolicy as FreshnessPolicy
from rostrum import FunctionComponent as FunctionComponent
from rostrum import GraphDefinition as GraphDefinition
from rostrum import GraphIn as GraphIn
from rostrum import GraphOut as GraphOut
from rostrum import HookContext as HookContext
from rostrum import HookDefinition as HookDefinition
from rostrum import HookExecutionResult as HookExecutionResult
from rostrum import HourlyPartitionsDefinition as HourlyPartitionsDefinition
from rostrum import IOManager as IOManager
from rostrum import IOManagerDefinition as IOManagerDefinition
from rostrum import IdentityPartitionMapping as IdentityPartitionMapping
from rostrum import In as In
from rostrum import InMemoryIOManager as InMemoryIOManager
from rostrum import InitExecutorContext as InitExecutorContext
from rostrum import InitLoggerContext as InitLoggerContext
from rostrum import InitResourceContext as InitResourceContext
from rostrum import Injected as Injected
from rostrum import InputContext as InputContext
from rostrum import InputManager as InputManager
from rostrum import InputManagerDefinition as InputManagerDefinition
from rostrum import InputMapping as InputMapping
from rostrum import IntSource as IntSource
from rostrum import Jitter as Jitter
from rostrum import JobDefinition as JobDefinition
from rostrum import JsonLogFormatter as JsonLogFormatter
from rostrum import LastPartitionMapping as LastPartitionMapping
from rostrum import LocalFileCodeReference as LocalFileCodeReference
from rostrum import LoggerDefinition as LoggerDefinition
from rostrum import Map as Map
from rostrum import MaterializeResult as MaterializeResult
from rostrum import MigrateIOStorageResult as MigrateIOStorageResult
from rostrum import Model as Model
from rostrum import MonthlyPartitionsDefinition as MonthlyPartitionsDefinition
from rostrum import MultiAssetSensorDefinition as MultiAssetSensorDefinition
from rostrum import MultiAssetSensorEvaluationContext as MultiAssetSensorEvaluationContext
from rostrum import MultiDependencyDefinition as MultiDependencyDefinition
from rostrum import MultiPartitionKey as MultiPartitionKey
from rostrum import MultiPartitionMapping as MultiPartitionMapping
from rostrum import MultiPartitionsDefinition as MultiPartitionsDefinition
from rostrum import MultiToSingleDimensionPartitionMapping as MultiToSingleDimensionPartitionMapping
from rostrum import NodeInvocation as NodeInvocation
from rostrum import Noneable as Noneable
from rostrum import ObserveResult as ObserveResult
from rostrum import OpDefinition as OpDefinition
from rostrum import OpExecutionContext as OpExecutionContext
from rostrum import Out as Out
from rostrum import Output as Output
from rostrum import OutputContext as OutputContext
from rostrum import OutputMapping as OutputMapping
from rostrum import Partition as Partition
from rostrum import PartitionKeyRange as PartitionKeyRange
from rostrum import PartitionMapping as PartitionMapping
from rostrum import PartitionedConfig as PartitionedConfig
from rostrum import PartitionsDefinition as PartitionsDefinition
from rostrum import PendingNodeInvocation as PendingNodeInvocation
from rostrum import Permissive as Permissive
from rostrum import PermissiveConfig as PermissiveConfig
from rostrum import PipesBlobStoreMessageReader as PipesBlobStoreMessageReader
from rostrum import PipesClient as PipesClient
from rostrum import PipesClientCompletedInvocation as PipesClientCompletedInvocation
from rostrum import PipesCompositeMessageReader as PipesCompositeMessageReader
from rostrum import PipesContextInjector as PipesContextInjector
from rostrum import PipesEnvContextInjector as PipesEnvContextInjector
from rostrum import PipesExecutionResult as PipesExecutionResult
from rostrum import PipesFileContextInjector as PipesFileContextInjector
from rostrum import PipesFileMessageReader as PipesFileMessageReader
from rostrum import PipesLaunchedData as PipesLaunchedData
from rostrum import PipesLogReader as PipesLogReader
from rostrum import PipesMessageHandler as PipesMessageHandler
from rostrum import PipesMessageReader as PipesMessageReader
from rostrum import PipesSession as PipesSession
from rostrum import PipesSubprocessClient as PipesSubprocessClient
from rostrum import PipesTempFileContextInjector as PipesTempFileContextInjector
from rostrum import PipesTempFileMessageReader as PipesTempFileMessageReader
from rostrum import PythonScriptComponent as PythonScriptComponent
from rostrum import ReexecutionOptions as ReexecutionOptions
from rostrum import ResolutionContext as ResolutionContext
from rostrum import Resolvable as Resolvable
from rostrum import ResolvedAssetCheckSpec as ResolvedAssetCheckSpec
from rostrum import ResolvedAssetKey as ResolvedAssetKey
from rostrum import ResolvedAssetSpec as ResolvedAssetSpec
from rostrum import Resolver as Resolver
from rostrum import ResourceDefinition as ResourceDefinition
from rostrum import ResourceDependency as ResourceDependency
from rostrum import ResourceParam as ResourceParam
from rostrum import RetryPolicy as RetryPolicy
from rostrum import RetryRequested as RetryRequested
from rostrum import RunConfig as RunConfig
from rostrum import RunFailureSensorContext as RunFailureSensorContext
from rostrum import RunRecord as RunRecord
from rostrum import RunRequest as RunRequest
from rostrum import RunStatusChangeRecordsFilter as RunStatusChangeRecordsFilter
from rostrum import RunStatusSensorContext as RunStatusSensorContext
from rostrum import RunStatusSensorDefinition as RunStatusSensorDefinition
from rostrum import RunsFilter as RunsFilter
from rostrum import ScaffoldRequest as ScaffoldRequest
from rostrum import Scaffolder as Scaffolder
from rostrum import ScalarUnion as ScalarUnion
from rostrum import ScheduleDefinition as ScheduleDefinition
from rostrum import ScheduleEvaluationContext as ScheduleEvaluationContext
from rostrum import Selector as Selector
from rostrum import SensorDefinition as SensorDefinition
from rostrum import SensorEvaluationContext as SensorEvaluationContext
from rostrum import SensorResult as SensorResult
from rostrum import SensorReturnTypesUnion as SensorReturnTypesUnion
from rostrum import Shape as Shape
from rostrum import SkipReason as SkipReason
from rostrum import SpecificPartitionsPartitionMapping as SpecificPartitionsPartitionMapping
from rostrum import SqlComponent as SqlComponent
from rostrum import StateBackedComponent as StateBackedComponent
from rostrum import StaticPartitionMapping as StaticPartitionMapping
from rostrum import StaticPartitionsDefinition as StaticPartitionsDefinition
from rostrum import StringSource as StringSource
from rostrum import TableColumn as TableColumn
from rostrum import TableColumnConstraints as TableColumnConstraints
from rostrum import TableColumnDep as TableColumnDep
from rostrum import TableColumnLineage as TableColumnLineage
from rostrum import TableConstraints as TableConstraints
from rostrum import TableRecord as TableRecord
from rostrum import TableSchema as TableSchema
from rostrum import TemplatedSqlComponent as TemplatedSqlComponent
from rostrum import TimeWindow as TimeWindow
from rostrum import TimeWindowPartitionMapping as TimeWindowPartitionMapping
from rostrum import TimeWindowPartitionsDefinition as TimeWindowPartitionsDefinition
from rostrum import TypeCheck as TypeCheck
from rostrum import UPathIOManager as UPathIOManager
from rostrum import UrlCodeReference as UrlCodeReference
from rostrum import UvRunComponent as UvRunComponent
from rostrum import WeeklyPartitionsDefinition as WeeklyPartitionsDefinition
from rostrum import apply_freshness_policy as apply_freshness_policy
from rostrum import asset as asset
from rostrum import asset_check as asset_check
from rostrum import asset_sensor as asset_sensor
from rostrum import build_asset_check_context as build_asset_check_context
from rostrum import build_asset_context as build_asset_context
from rostrum import build_column_schema_change_checks as build_column_schema_change_checks
from rostrum import build_component_defs as build_component_defs
from rostrum import build_defs_for_component as build_defs_for_component
from rostrum import build_hook_context as build_hook_context
from rostrum import build_init_logger_context as build_init_logger_context
from rostrum import build_init_resource_context as build_init_resource_context
from rostrum import build_input_context as build_input_context
from rostrum import build_last_update_freshness_checks as build_last_update_freshness_checks
from rostrum import build_metadata_bounds_checks as build_metadata_bounds_checks
from rostrum import build_multi_asset_sensor_context as build_multi_asset_sensor_context
from rostrum import build_op_context as build_op_context
from rostrum import build_output_context as build_output_context
from rostrum import build_reconstructable_job as build_reconstructable_job
from rostrum import build_resources as build_resources
from rostrum import build_run_status_sensor_context as build_run_status_sensor_context
from rostrum import build_schedule_context as build_schedule_context
from rostrum import build_schedule_from_partitioned_job as build_schedule_from_partitioned_job
from rostrum import build_sensor_context as build_sensor_context
from rostrum import build_sensor_for_freshness_checks as build_sensor_for_freshness_checks
from rostrum import build_time_partition_freshness_checks as build_time_partition_freshness_checks
from rostrum import colored_console_logger as colored_console_logger
from rostrum import component_defs as component_defs
from rostrum import component_instance as component_instance
from rostrum import config_from_files as config_from_files
from rostrum import config_from_pkg_resources as config_from_pkg_resources
from rostrum import config_from_yaml_strings as config_from_yaml_strings
from rostrum import config_mapping as config_mapping
from rostrum import configured as configured
from rostrum import daily_partitioned_config as daily_partitioned_config
from rostrum import default_loggers as default_loggers
from rostrum import default_system_loggers as default_system_loggers
from rostrum import define_asset_job as define_asset_job
from rostrum import dynamic_partitioned_config as dynamic_partitioned_config
from rostrum import evaluate_automation_conditions as evaluate_automation_conditions
from rostrum import execute_job as execute_job
from rostrum import executor as executor
from rostrum import failure_hook as failure_hook
from rostrum import fs_io_manager as fs_io_manager
from rostrum import get_all_components_defs_within_project as get_all_components_defs_within_project
from rostrum import get_component_defs_within_project as get_component_defs_within_project
from rostrum import graph as graph
from rostrum import graph_asset as graph_asset
from rostrum import graph_multi_asset as graph_multi_asset
from rostrum import hourly_partitioned_config as hourly_partitioned_config
from rostrum import in_process_executor as in_process_executor
from rostrum import input_manager as input_manager
from rostrum import instance_for_test as instance_for_test
from rostrum import io_manager as io_manager
from rostrum import job as job
from rostrum import json_console_logger as json_console_logger
from rostrum import link_code_references_to_git as link_code_references_to_git
from rostrum import load_asset_checks_from_current_module as load_asset_checks_from_current_module
from rostrum import load_asset_checks_from_modules as load_asset_checks_from_modules
from rostrum import load_asset_checks_from_package_module as load_asset_checks_from_package_module
from rostrum import load_asset_checks_from_package_name as load_asset_checks_from_package_name
from rostrum import load_assets_from_current_module as load_assets_from_current_module
from rostrum import load_assets_from_modules as load_assets_from_modules
from rostrum import load_assets_from_package_module as load_assets_from_package_module
from rostrum import load_assets_from_package_name as load_assets_from_package_name
from rostrum import load_definitions_from_current_module as load_definitions_from_current_module
from rostrum import load_definitions_from_module as load_definitions_from_module
from rostrum import load_definitions_from_modules as load_definitions_from_modules
from rostrum import load_definitions_from_package_module as load_definitions_from_package_module
from rostrum import load_definitions_from_package_name as load_definitions_from_package_name
from rostrum import load_defs as load_defs
from rostrum import load_from_defs_folder as load_from_defs_folder
from rostrum import logger as logger
from rostrum import make_email_on_run_failure_sensor as make_email_on_run_failure_sensor
from rostrum import make_values_resource as make_values_resource
from rostrum import map_asset_specs as map_asset_specs
from rostrum import materialize as materialize
from rostrum import materialize_to_memory as materialize_to_memory
from rostrum import mem_io_manager as mem_io_manager
from rostrum import migrate_io_storage as migrate_io_storage
from rostrum import monthly_partitioned_config as monthly_partitioned_config
from rostrum import multi_asset as multi_asset
from rostrum import multi_asset_check as multi_asset_check
from rostrum import multi_asset_sensor as multi_asset_sensor
from rostrum import multi_observable_source_asset as multi_observable_source_asset
from rostrum import multi_or_in_process_executor as multi_or_in_process_executor
from rostrum import multiple_process_executor_requirements as multiple_process_executor_requirements
from rostrum import multiprocess_executor as multiprocess_executor
from rostrum import observable_source_asset as observable_source_asset
from rostrum import op as op
from rostrum import open_pipes_session as open_pipes_session
from rostrum import partition_loading_context as partition_loading_context
from rostrum import partitioned_config as partitioned_config
from rostrum import reconstructable as reconstructable
from rostrum import resource as resource
from rostrum import run_failure_sensor as run_failure_sensor
from rostrum import run_status_sensor as run_status_sensor
from rostrum import scaffold_component as scaffold_component
from rostrum import scaffold_with as scaffold_with
from rostrum import schedule as schedule
from rostrum import sensor as sensor
from rostrum import static_partitioned_config as static_partitioned_config
from rostrum import success_hook as success_hook
from rostrum import template_var as template_var
from rostrum import validate_run_config as validate_run_config
from rostrum import weekly_partitioned_config as weekly_partitioned_config
from rostrum import with_resources as with_resources
from rostrum import with_source_code_references as with_source_code_references
from rostrum.compat.dagster.events import ExpectationResult as ExpectationResult
from rostrum.compat.dagster.files import FileHandle as FileHandle
from rostrum.compat.dagster.files import LocalFileHandle as LocalFileHandle
from rostrum.compat.dagster.files import local_file_manager as local_file_manager
from rostrum.compat.dagster.legacy_assets import BindResourcesToJobs as BindResourcesToJobs
from rostrum.compat.dagster.legacy_assets import SourceAsset as SourceAsset
from rostrum.compat.dagster.legacy_automation import AutoMaterializeAssetPartitionsFilter as AutoMaterializeAssetPartitionsFilter
from rostrum.compat.dagster.legacy_automation import AutoMaterializePolicy as AutoMaterializePolicy
from rostrum.compat.dagster.legacy_automation import AutoMaterializeRule as AutoMaterializeRule
from rostrum.compat.dagster.legacy_automation import LegacyFreshnessPolicy as LegacyFreshnessPolicy
from rostrum.compat.dagster.legacy_io import ConfigurableLegacyIOManagerAdapter as ConfigurableLegacyIOManagerAdapter
from rostrum.compat.dagster.log_manager import ConfigSchema as ConfigSchema
from rostrum.compat.dagster.log_manager import DagsterLogManager as DagsterLogManager
from rostrum.compat.dagster.metadata import BoolMetadataValue as BoolMetadataValue
from rostrum.compat.dagster.metadata import CodeReferencesMetadataValue as CodeReferencesMetadataValue
from rostrum.compat.dagster.metadata import DagsterAssetMetadataValue as DagsterAssetMetadataValue
from rostrum.compat.dagster.metadata import DagsterJobMetadataValue as DagsterJobMetadataValue
from rostrum.compat.dagster.metadata import DagsterRunMetadataValue as DagsterRunMetadataValue
from rostrum.compat.dagster.metadata import FloatMetadataValue as FloatMetadataValue
from rostrum.compat.dagster.metadata import IntMetadataValue as IntMetadataValue
from rostrum.compat.dagster.metadata import JsonMetadataValue as JsonMetadataValue
from rostrum.compat.dagster.metadata import MarkdownMetadataValue as MarkdownMetadataValue
from rostrum.compat.dagster.metadata import MetadataEntry as MetadataEntry
from rostrum.compat.dagster.metadata import MetadataValue as MetadataValue
from rostrum.compat.dagster.metadata import NotebookMetadataValue as NotebookMetadataValue
from rostrum.compat.dagster.metadata import NullMetadataValue as NullMetadataValue
from rostrum.compat.dagster.metadata import PathMetadataValue as PathMetadataValue
from rostrum.compat.dagster.metadata import PoolMetadataValue as PoolMetadataValue
from rostrum.compat.dagster.metadata import PythonArtifactMetadataValue as PythonArtifactMetadataValue
from rostrum.compat.dagster.metadata import TableColumnLineageMetadataValue as TableColumnLineageMetadataValue
from rostrum.compat.dagster.metadata import TableMetadataValue as TableMetadataValue
from rostrum.compat.dagster.metadata import TableSchemaMetadataValue as TableSchemaMetadataValue
from rostrum.compat.dagster.metadata import TextMetadataValue as TextMetadataValue
from rostrum.compat.dagster.metadata import TimestampMetadataValue as TimestampMetadataValue
from rostrum.compat.dagster.metadata import UrlMetadataValue as UrlMetadataValue
from rostrum.compat.dagster.repositories import RepositoryDefinition as RepositoryDefinition
from rostrum.compat.dagster.repositories import create_repository_using_definitions_args as create_repository_using_definitions_args
from rostrum.compat.dagster.repositories import repository as repository
from rostrum.compat.dagster.repository_data import RepositoryData as RepositoryData
from rostrum.compat.dagster.runs import DagsterRun as DagsterRun
from rostrum.compat.dagster.runs import DagsterRunStatus as DagsterRunStatus
from rostrum.compat.dagster.serdes import deserialize_value as deserialize_value
from rostrum.compat.dagster.serdes import serialize_value as serialize_value
from rostrum.compat.dagster.small_values import AssetJobKey as AssetJobKey
from rostrum.compat.dagster.small_values import AssetOrCheckKey as AssetOrCheckKey
from rostrum.compat.dagster.small_values import CodeLocationSelector as CodeLocationSelector
from rostrum.compat.dagster.small_values import ComponentFormConfig as ComponentFormConfig
from rostrum.compat.dagster.small_values import DagsterEventLogInvalidForRun as DagsterEventLogInvalidForRun
from rostrum.compat.dagster.small_values import DagsterLibraryRegistry as DagsterLibraryRegistry
from rostrum.compat.dagster.small_values import IAttachDifferentObjectToOpContext as IAttachDifferentObjectToOpContext
from rostrum.compat.dagster.small_values import JobSelector as JobSelector
from rostrum.compat.dagster.small_values import Mapping as Mapping
from rostrum.compat.dagster.small_values import PaginatedResults as PaginatedResults
from rostrum.compat.dagster.small_values import RepositorySelector as RepositorySelector
from rostrum.compat.dagster.small_values import RunShardedEventsCursor as RunShardedEventsCursor
from rostrum.compat.dagster.small_values import Sequence as Sequence
from rostrum.compat.dagster.small_values import TypingAny as TypingAny
from rostrum.compat.dagster.small_values import raise_execution_interrupts as raise_execution_interrupts
from rostrum.compat.dagster.type_names import Any as Any
from rostrum.compat.dagster.type_names import Bool as Bool
from rostrum.compat.dagster.type_names import Dict as Dict
from rostrum.compat.dagster.type_names import Float as Float
from rostrum.compat.dagster.type_names import Int as Int
from rostrum.compat.dagster.type_names import List as List
from rostrum.compat.dagster.type_names import Nothing as Nothing
from rostrum.compat.dagster.type_names import Optional as Optional
from rostrum.compat.dagster.type_names import Set as Set
from rostrum.compat.dagster.type_names import String as String
from rostrum.compat.dagster.type_names import Tuple as Tuple
from rostrum.compat.dagster.warning_types import BetaWarning as BetaWarning
from rostrum.compat.dagster.warning_types import Callable as Callable
from rostrum.compat.dagster.warning_types import ConfigArgumentWarning as ConfigArgumentWarning
from rostrum.compat.dagster.warning_types import Final as Final
from rostrum.compat.dagster.warning_types import MAX_RUNTIME_SECONDS_TAG as MAX_RUNTIME_SECONDS_TAG
from rostrum.compat.dagster.warning_types import PreviewWarning as PreviewWarning
from rostrum.compat.dagster.warning_types import SupersessionWarning as SupersessionWarning
from rostrum.compat.dagster.warning_types import TypingTuple as TypingTuple
from rostrum.compat.dagster.warning_types import deprecation_warning as deprecation_warning
from rostrum.compat.dagster.warning_types import file_relative_path as file_relative_path
from rostrum.definitions.config.type_loaders import DataTypeLoader as DagsterTypeLoader
from rostrum.definitions.config.type_loaders import data_type_loader as dagster_type_loader
from rostrum.definitions.config.types import DataType as DagsterType
from rostrum.definitions.config.types import PythonType as PythonObjectDagsterType
from rostrum.definitions.config.types import TypeCheckContext as TypeCheckContext
from rostrum.definitions.config.types import check_data_type as check_dagster_type
from rostrum.definitions.config.types import make_python_type_usable_as_data_type as make_python_type_usable_as_dagster_type
from rostrum.definitions.config.types import usable_as_data_type as usable_as_dagster_type
from rostrum.definitions.contexts.step import OpExecutionContext as DagsterTypeLoaderContext
from rostrum.definitions.contexts.step import OpExecutionContext as StepExecutionContext
from rostrum.definitions.events.outcome import ExecutionResult as ExecuteInProcessResult
from rostrum.definitions.events.outcome import ExecutionResult as JobExecutionResult
from rostrum.definitions.events.run_events import RunEvent as DagsterEvent
from rostrum.definitions.events.types import EventType as DagsterEventType
from rostrum.definitions.instance.instance import Instance as DagsterInstance
from rostrum.definitions.instance.parts import DefaultRunLauncher as DefaultRunLauncher
from rostrum.definitions.instance.parts import QueuedRunCoordinator as QueuedRunCoordinator
from rostrum.definitions.instance.parts import SubmitRunContext as SubmitRunContext
from rostrum.definitions.instance.run_instance import DataProvenance as DataProvenance
from rostrum.definitions.location.lazy import lazy_definitions as definitions
from rostrum.definitions.ops.logs import get_logger as get_dagster_logger
from rostrum.io_managers.configurable import custom_path_fs_io_manager as custom_path_fs_io_manager
from rostrum.model.assets import CheckKey as AssetCheckKey
from rostrum.model.errors import ConfigError as DagsterInvalidConfigError
from rostrum.model.errors import ConfigMappingError as DagsterConfigMappingFunctionError
from rostrum.model.errors import ConfigSchemaError as DagsterInvalidConfigDefinitionError
from rostrum.model.errors import DefinitionError as DagsterInvalidDefinitionError
from rostrum.model.errors import ExecutionInterrupted as DagsterExecutionInterruptedError
from rostrum.model.errors import ExecutorRequirementsError as DagsterUnmetExecutorRequirementsError
from rostrum.model.errors import InvariantError as DagsterInvariantViolationError
from rostrum.model.errors import InvocationError as DagsterInvalidInvocationError
from rostrum.model.errors import OutputNotFound as DagsterStepOutputNotFoundError
from rostrum.model.errors import ResourceError as DagsterResourceFunctionError
from rostrum.model.errors import RostrumError as DagsterError
from rostrum.model.errors import RunNotFound as DagsterRunNotFoundError
from rostrum.model.errors import StepError as DagsterExecutionStepExecutionError
from rostrum.model.errors import StepNotFound as DagsterExecutionStepNotFoundError
from rostrum.model.errors import SubprocessError as DagsterSubprocessError
from rostrum.model.errors import SubsetError as DagsterInvalidSubsetError
from rostrum.model.errors import TypeCheckError as DagsterTypeCheckError
from rostrum.model.errors import TypeCheckFailed as DagsterTypeCheckDidNotPass
from rostrum.model.errors import UnknownPartition as DagsterUnknownPartitionError
from rostrum.model.errors import UnknownResource as DagsterUnknownResourceError
from rostrum.model.errors import UserCodeError as DagsterUserCodeExecutionError

__all__ = [
    "AddDynamicPartitionsRequest",
    "AllPartitionMapping",
    "AnchorBasedFilePathMapping",
    "Any",
    "Array",
    "AssetAttributesModel",
    "AssetCheckEvaluation",
    "AssetCheckExecutionContext",
    "AssetCheckKey",
    "AssetCheckResult",
    "AssetCheckSeverity",
    "AssetCheckSpec",
    "AssetChecksDefinition",
    "AssetDep",
    "AssetExecutionContext",
    "AssetIn",
    "AssetJobKey",
    "AssetKey",
    "AssetMaterialization",
    "AssetObservation",
    "AssetOrCheckKey",
    "AssetOut",
    "AssetPartitionStatus",
    "AssetRecordsFilter",
    "AssetSelection",
    "AssetSensorDefinition",
    "AssetSpec",
    "AssetValueLoader",
    "AssetsDefinition",
    "AutoMaterializeAssetPartitionsFilter",
    "AutoMaterializePolicy",
    "AutoMaterializeRule",
    "AutomationCondition",
    "AutomationConditionSensorDefinition",
    "AutomationContext",
    "AutomationResult",
    "BackfillPolicy",
    "Backoff",
    "BetaWarning",
    "BindResourcesToJobs",
    "Bool",
    "BoolMetadataValue",
    "BoolSource",
    "Callable",
    "CodeLocationSelector",
    "CodeReferencesMetadataValue",
    "Component",
    "ComponentFormConfig",
    "ComponentLoadContext",
    "ComponentTree",
    "ComponentTypeSpec",
    "Config",
    "ConfigArgumentWarning",
    "ConfigMapping",
    "ConfigSchema",
    "ConfigurableIOManager",
    "ConfigurableIOManagerFactory",
    "ConfigurableLegacyIOManagerAdapter",
    "ConfigurableResource",
    "DagsterAssetMetadataValue",
    "DagsterConfigMappingFunctionError",
    "DagsterError",
    "DagsterEvent",
    "DagsterEventLogInvalidForRun",
    "DagsterEventType",
    "DagsterExecutionInterruptedError",
    "DagsterExecutionStepExecutionError",
    "DagsterExecutionStepNotFoundError",
    "DagsterInstance",
    "DagsterInvalidConfigDefinitionError",
    "DagsterInvalidConfigError",
    "DagsterInvalidDefinitionError",
    "DagsterInvalidInvocationError",
    "DagsterInvalidSubsetError",
    "DagsterInvariantViolationError",
    "DagsterJobMetadataValue",
    "DagsterLibraryRegistry",
    "DagsterLogManager",
    "DagsterResourceFunctionError",
    "DagsterRun",
    "DagsterRunMetadataValue",
    "DagsterRunNotFoundError",
    "DagsterRunStatus",
    "DagsterStepOutputNotFoundError",
    "DagsterSubprocessError",
    "DagsterType",
    "DagsterTypeCheckDidNotPass",
    "DagsterTypeCheckError",
    "DagsterTypeLoader",
    "DagsterTypeLoaderContext",
    "DagsterUnknownPartitionError",
    "DagsterUnknownResourceError",
    "DagsterUnmetExecutorRequirementsError",
    "DagsterUserCodeExecutionError",
    "DailyPartitionsDefinition",
    "DataProvenance",
    "DataVersion",
    "DataVersionsByPartition",
    "DefaultRunLauncher",
    "DefaultScheduleStatus",
    "DefaultSensorStatus",
    "Definitions",
    "DefinitionsComponent",
    "DefsFolderComponent",
    "DeleteDynamicPartitionsRequest",
    "DependencyDefinition",
    "Dict",
    "DimensionPartitionMapping",
    "DynamicOut",
    "DynamicOutput",
    "DynamicPartitionsDefinition",
    "Enum",
    "EnumValue",
    "EnvVar",
    "EvaluateAutomationConditionsResult",
    "EventLogEntry",
    "EventLogRecord",
    "EventRecordsFilter",
    "EventRecordsResult",
    "ExecuteInProcessResult",
    "Executor",
    "ExecutorDefinition",
    "ExecutorRequirement",
    "ExpectationResult",
    "Failure",
    "Field",
    "FileHandle",
    "FilePathMapping",
    "FilesystemIOManager",
    "Final",
    "Float",
    "FloatMetadataValue",
    "FreshnessPolicy",
    "FunctionComponent",
    "GraphDefinition",
    "GraphIn",
    "GraphOut",
    "HookContext",
    "HookDefinition",
    "HookExecutionResult",
    "HourlyPartitionsDefinition",
    "IAttachDifferentObjectToOpContext",
    "IOManager",
    "IOManagerDefinition",
    "IdentityPartitionMapping",
    "In",
    "InMemoryIOManager",
    "InitExecutorContext",
    "InitLoggerContext",
    "InitResourceContext",
    "Injected",
    "InputContext",
    "InputManager",
    "InputManagerDefinition",
    "InputMapping",
    "Int",
    "IntMetadataValue",
    "IntSource",
    "Jitter",
    "JobDefinition",
    "JobExecutionResult",
    "JobSelector",
    "JsonLogFormatter",
    "JsonMetadataValue",
    "LastPartitionMapping",
    "LegacyFreshnessPolicy",
    "List",
    "LocalFileCodeReference",
    "LocalFileHandle",
    "LoggerDefinition",
    "MAX_RUNTIME_SECONDS_TAG",
    "Map",
    "Mapping",
    "MarkdownMetadataValue",
    "MaterializeResult",
    "MetadataEntry",
    "MetadataValue",
    "MigrateIOStorageResult",
    "Model",
    "MonthlyPartitionsDefinition",
    "MultiAssetSensorDefinition",
    "MultiAssetSensorEvaluationContext",
    "MultiDependencyDefinition",
    "MultiPartitionKey",
    "MultiPartitionMapping",
    "MultiPartitionsDefinition",
    "MultiToSingleDimensionPartitionMapping",
    "NodeInvocation",
    "Noneable",
    "NotebookMetadataValue",
    "Nothing",
    "NullMetadataValue",
    "ObserveResult",
    "OpDefinition",
    "OpExecutionContext",
    "Optional",
    "Out",
    "Output",
    "OutputContext",
    "OutputMapping",
    "PaginatedResults",
    "Partition",
    "PartitionKeyRange",
    "PartitionMapping",
    "PartitionedConfig",
    "PartitionsDefinition",
    "PathMetadataValue",
    "PendingNodeInvocation",
    "Permissive",
    "PermissiveConfig",
    "PipesBlobStoreMessageReader",
    "PipesClient",
    "PipesClientCompletedInvocation",
    "PipesCompositeMessageReader",
    "PipesContextInjector",
    "PipesEnvContextInjector",
    "PipesExecutionResult",
    "PipesFileContextInjector",
    "PipesFileMessageReader",
    "PipesLaunchedData",
    "PipesLogReader",
    "PipesMessageHandler",
    "PipesMessageReader",
    "PipesSession",
    "PipesSubprocessClient",
    "PipesTempFileContextInjector",
    "PipesTempFileMessageReader",
    "PoolMetadataValue",
    "PreviewWarning",
    "PythonArtifactMetadataValue",
    "PythonObjectDagsterType",
    "PythonScriptComponent",
    "QueuedRunCoordinator",
    "ReexecutionOptions",
    "RepositoryData",
    "RepositoryDefinition",
    "RepositorySelector",
    "ResolutionContext",
    "Resolvable",
    "ResolvedAssetCheckSpec",
    "ResolvedAssetKey",
    "ResolvedAssetSpec",
    "Resolver",
    "ResourceDefinition",
    "ResourceDependency",
    "ResourceParam",
    "RetryPolicy",
    "RetryRequested",
    "RunConfig",
    "RunFailureSensorContext",
    "RunRecord",
    "RunRequest",
    "RunShardedEventsCursor",
    "RunStatusChangeRecordsFilter",
    "RunStatusSensorContext",
    "RunStatusSensorDefinition",
    "RunsFilter",
    "ScaffoldRequest",
    "Scaffolder",
    "ScalarUnion",
    "ScheduleDefinition",
    "ScheduleEvaluationContext",
    "Selector",
    "SensorDefinition",
    "SensorEvaluationContext",
    "SensorResult",
    "SensorReturnTypesUnion",
    "Sequence",
    "Set",
    "Shape",
    "SkipReason",
    "SourceAsset",
    "SpecificPartitionsPartitionMapping",
    "SqlComponent",
    "StateBackedComponent",
    "StaticPartitionMapping",
    "StaticPartitionsDefinition",
    "StepExecutionContext",
    "StepLauncher",
    "StepRunRef",
    "String",
    "StringSource",
    "SubmitRunContext",
    "SupersessionWarning",
    "TableColumn",
    "TableColumnConstraints",
    "TableColumnDep",
    "TableColumnLineage",
    "TableColumnLineageMetadataValue",
    "TableConstraints",
    "TableMetadataValue",
    "TableRecord",
    "TableSchema",
    "TableSchemaMetadataValue",
    "TemplatedSqlComponent",
    "TextMetadataValue",
    "TimeWindow",
    "TimeWindowPartitionMapping",
    "TimeWindowPartitionsDefinition",
    "TimestampMetadataValue",
    "Tuple",
    "TypeCheck",
    "TypeCheckContext",
    "TypingAny",
    "TypingTuple",
    "UPathDefsStateStorage",
    "UPathIOManager",
    "UrlCodeReference",
    "UrlMetadataValue",
    "UvRunComponent",
    "WeeklyPartitionsDefinition",
    "__version__",
    "apply_freshness_policy",
    "asset",
    "asset_check",
    "asset_sensor",
    "build_asset_check_context",
    "build_asset_context",
    "build_column_schema_change_checks",
    "build_component_defs",
    "build_defs_for_component",
    "build_hook_context",
    "build_init_logger_context",
    "build_init_resource_context",
    "build_input_context",
    "build_last_update_freshness_checks",
    "build_metadata_bounds_checks",
    "build_multi_asset_sensor_context",
    "build_op_context",
    "build_output_context",
    "build_reconstructable_job",
    "build_resources",
    "build_run_status_sensor_context",
    "build_schedule_context",
    "build_schedule_from_partitioned_job",
    "build_sensor_context",
    "build_sensor_for_freshness_checks",
    "build_time_partition_freshness_checks",
    "check_dagster_type",
    "colored_console_logger",
    "component_defs",
    "component_instance",
    "components",
    "config_from_files",
    "config_from_pkg_resources",
    "config_from_yaml_strings",
    "config_mapping",
    "configured",
    "create_repository_using_definitions_args",
    "custom_path_fs_io_manager",
    "dagster_type_loader",
    "daily_partitioned_config",
    "default_loggers",
    "default_system_loggers",
    "define_asset_job",
    "definitions",
    "deprecation_warning",
    "deserialize_value",
    "dynamic_partitioned_config",
    "evaluate_automation_conditions",
    "execute_job",
    "executor",
    "external_instance_from_step_run_ref",
    "failure_hook",
    "file_relative_path",
    "fs_io_manager",
    "get_all_components_defs_within_project",
    "get_component_defs_within_project",
    "get_dagster_logger",
    "graph",
    "graph_asset",
    "graph_multi_asset",
    "hourly_partitioned_config",
    "in_process_executor",
    "input_manager",
    "instance_for_test",
    "io_manager",
    "job",
    "json_console_logger",
    "link_code_references_to_git",
    "load_asset_checks_from_current_module",
    "load_asset_checks_from_modules",
    "load_asset_checks_from_package_module",
    "load_asset_checks_from_package_name",
    "load_assets_from_current_module",
    "load_assets_from_modules",
    "load_assets_from_package_module",
    "load_assets_from_package_name",
    "load_definitions_from_current_module",
    "load_definitions_from_module",
    "load_definitions_from_modules",
    "load_definitions_from_package_module",
    "load_definitions_from_package_name",
    "load_defs",
    "load_from_defs_folder",
    "local_file_manager",
    "logger",
    "make_email_on_run_failure_sensor",
    "make_python_type_usable_as_dagster_type",
    "make_values_resource",
    "map_asset_specs",
    "materialize",
    "materialize_to_memory",
    "mem_io_manager",
    "migrate_io_storage",
    "monthly_partitioned_config",
    "multi_asset",
    "multi_asset_check",
    "multi_asset_sensor",
    "multi_observable_source_asset",
    "multi_or_in_process_executor",
    "multiple_process_executor_requirements",
    "multiprocess_executor",
    "observable_source_asset",
    "op",
    "open_pipes_session",
    "partition_loading_context",
    "partitioned_config",
    "raise_execution_interrupts",
    "reconstructable",
    "repository",
    "resource",
    "resources",
    "run_failure_sensor",
    "run_status_sensor",
    "run_step_from_ref",
    "scaffold_component",
    "scaffold_with",
    "schedule",
    "sensor",
    "serialize_value",
    "static_partitioned_config",
    "step_context_to_step_run_ref",
    "step_run_ref_to_step_context",
    "success_hook",
    "template_var",
    "usable_as_dagster_type",
    "validate_run_config",
    "weekly_partitioned_config",
    "with_resources",
    "with_source_code_references",
]

class StepLauncher:
    def __init__(self, *args: Any, **kwargs: Any) -> None: ...
    def __getattr__(self, name: str) -> Any: ...
class StepRunRef:
    def __init__(self, *args: Any, **kwargs: Any) -> None: ...
    def __getattr__(self, name: str) -> Any: ...
class UPathDefsStateStorage:
    def __init__(self, *args: Any, **kwargs: Any) -> None: ...
    def __getattr__(self, name: str) -> Any: ...
def external_instance_from_step_run_ref(*args: Any, **kwargs: Any) -> Any: ...
def resources(*args: Any, **kwargs: Any) -> Any: ...
def run_step_from_ref(*args: Any, **kwargs: Any) -> Any: ...
def step_context_to_step_run_ref(*args: Any, **kwargs: Any) -> Any: ...
def step_run_ref_to_step_context(*args: Any, **kwargs: Any) -> Any: ...
__version__: str
