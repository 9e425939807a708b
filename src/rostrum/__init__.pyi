# Public names of Rostrum, for type checkers and editors; `__init__.py` loads them lazily.
# Written by `./task generate` from the table there.

from rostrum.components.attributes import AssetAttributesModel as AssetAttributesModel
from rostrum.components.attributes import ResolvedAssetCheckSpec as ResolvedAssetCheckSpec
from rostrum.components.attributes import ResolvedAssetKey as ResolvedAssetKey
from rostrum.components.attributes import ResolvedAssetSpec as ResolvedAssetSpec
from rostrum.components.component import Component as Component
from rostrum.components.component import ComponentTypeSpec as ComponentTypeSpec
from rostrum.components.component import component_instance as component_instance
from rostrum.components.context import ComponentLoadContext as ComponentLoadContext
from rostrum.components.definitions_component import DefinitionsComponent as DefinitionsComponent
from rostrum.components.executable import FunctionComponent as FunctionComponent
from rostrum.components.folders import DefsFolderComponent as DefsFolderComponent
from rostrum.components.loading import build_component_defs as build_component_defs
from rostrum.components.loading import build_defs_for_component as build_defs_for_component
from rostrum.components.loading import component_defs as component_defs
from rostrum.components.loading import get_all_components_defs_within_project as get_all_components_defs_within_project
from rostrum.components.loading import get_component_defs_within_project as get_component_defs_within_project
from rostrum.components.loading import load_defs as load_defs
from rostrum.components.loading import load_from_defs_folder as load_from_defs_folder
from rostrum.components.resolution import ResolutionContext as ResolutionContext
from rostrum.components.resolvable import Model as Model
from rostrum.components.resolvable import Resolvable as Resolvable
from rostrum.components.resolvers import Injected as Injected
from rostrum.components.resolvers import Resolver as Resolver
from rostrum.components.scaffold import Scaffolder as Scaffolder
from rostrum.components.scaffold import ScaffoldRequest as ScaffoldRequest
from rostrum.components.scaffold import scaffold_component as scaffold_component
from rostrum.components.scaffold import scaffold_with as scaffold_with
from rostrum.components.scope import template_var as template_var
from rostrum.components.scripts import PythonScriptComponent as PythonScriptComponent
from rostrum.components.scripts import UvRunComponent as UvRunComponent
from rostrum.components.sql import SqlComponent as SqlComponent
from rostrum.components.sql import TemplatedSqlComponent as TemplatedSqlComponent
from rostrum.components.state import StateBackedComponent as StateBackedComponent
from rostrum.components.tree import ComponentTree as ComponentTree
from rostrum.definitions.assets.code_references import AnchorBasedFilePathMapping as AnchorBasedFilePathMapping
from rostrum.definitions.assets.code_references import FilePathMapping as FilePathMapping
from rostrum.definitions.assets.code_references import link_code_references_to_git as link_code_references_to_git
from rostrum.definitions.assets.code_references import with_source_code_references as with_source_code_references
from rostrum.definitions.assets.data_versions import DataVersion as DataVersion
from rostrum.definitions.assets.data_versions import DataVersionsByPartition as DataVersionsByPartition
from rostrum.definitions.assets.decorator import asset as asset
from rostrum.definitions.assets.definition import AssetsDefinition as AssetsDefinition
from rostrum.definitions.assets.graph_backed import graph_asset as graph_asset
from rostrum.definitions.assets.graph_backed import graph_multi_asset as graph_multi_asset
from rostrum.definitions.assets.materializing import materialize as materialize
from rostrum.definitions.assets.materializing import materialize_to_memory as materialize_to_memory
from rostrum.definitions.assets.multi import multi_asset as multi_asset
from rostrum.definitions.assets.observable import multi_observable_source_asset as multi_observable_source_asset
from rostrum.definitions.assets.observable import observable_source_asset as observable_source_asset
from rostrum.definitions.assets.ports import AssetIn as AssetIn
from rostrum.definitions.assets.ports import AssetOut as AssetOut
from rostrum.definitions.assets.selection import AssetSelection as AssetSelection
from rostrum.definitions.assets.specs import AssetDep as AssetDep
from rostrum.definitions.assets.specs import AssetSpec as AssetSpec
from rostrum.definitions.assets.specs import map_asset_specs as map_asset_specs
from rostrum.definitions.assets.storage_migration import MigrateIOStorageResult as MigrateIOStorageResult
from rostrum.definitions.assets.storage_migration import migrate_io_storage as migrate_io_storage
from rostrum.definitions.assets.value_loader import AssetValueLoader as AssetValueLoader
from rostrum.definitions.automations.asset_sensors import AssetSensorDefinition as AssetSensorDefinition
from rostrum.definitions.automations.asset_sensors import MultiAssetSensorDefinition as MultiAssetSensorDefinition
from rostrum.definitions.automations.asset_sensors import asset_sensor as asset_sensor
from rostrum.definitions.automations.asset_sensors import (
    build_multi_asset_sensor_context as build_multi_asset_sensor_context,
)
from rostrum.definitions.automations.asset_sensors import multi_asset_sensor as multi_asset_sensor
from rostrum.definitions.automations.build_tick_context import build_schedule_context as build_schedule_context
from rostrum.definitions.automations.build_tick_context import build_sensor_context as build_sensor_context
from rostrum.definitions.automations.condition_context import AutomationContext as AutomationContext
from rostrum.definitions.automations.condition_context import AutomationResult as AutomationResult
from rostrum.definitions.automations.condition_sensors import (
    AutomationConditionSensorDefinition as AutomationConditionSensorDefinition,
)
from rostrum.definitions.automations.conditions import AutomationCondition as AutomationCondition
from rostrum.definitions.automations.evaluation import (
    EvaluateAutomationConditionsResult as EvaluateAutomationConditionsResult,
)
from rostrum.definitions.automations.evaluation import evaluate_automation_conditions as evaluate_automation_conditions
from rostrum.definitions.automations.failure_email import (
    make_email_on_run_failure_sensor as make_email_on_run_failure_sensor,
)
from rostrum.definitions.automations.freshness import FreshnessPolicy as FreshnessPolicy
from rostrum.definitions.automations.freshness import apply_freshness_policy as apply_freshness_policy
from rostrum.definitions.automations.multi_asset_context import (
    MultiAssetSensorEvaluationContext as MultiAssetSensorEvaluationContext,
)
from rostrum.definitions.automations.partitioned_schedules import (
    build_schedule_from_partitioned_job as build_schedule_from_partitioned_job,
)
from rostrum.definitions.automations.run_requests import RunRequest as RunRequest
from rostrum.definitions.automations.run_requests import SensorResult as SensorResult
from rostrum.definitions.automations.run_requests import SkipReason as SkipReason
from rostrum.definitions.automations.run_status_sensors import RunFailureSensorContext as RunFailureSensorContext
from rostrum.definitions.automations.run_status_sensors import RunStatusSensorContext as RunStatusSensorContext
from rostrum.definitions.automations.run_status_sensors import RunStatusSensorDefinition as RunStatusSensorDefinition
from rostrum.definitions.automations.run_status_sensors import (
    build_run_status_sensor_context as build_run_status_sensor_context,
)
from rostrum.definitions.automations.run_status_sensors import run_failure_sensor as run_failure_sensor
from rostrum.definitions.automations.run_status_sensors import run_status_sensor as run_status_sensor
from rostrum.definitions.automations.schedules import DefaultScheduleStatus as DefaultScheduleStatus
from rostrum.definitions.automations.schedules import ScheduleDefinition as ScheduleDefinition
from rostrum.definitions.automations.schedules import schedule as schedule
from rostrum.definitions.automations.sensors import DefaultSensorStatus as DefaultSensorStatus
from rostrum.definitions.automations.sensors import SensorDefinition as SensorDefinition
from rostrum.definitions.automations.sensors import SensorReturnTypesUnion as SensorReturnTypesUnion
from rostrum.definitions.automations.sensors import sensor as sensor
from rostrum.definitions.automations.tick_contexts import ScheduleEvaluationContext as ScheduleEvaluationContext
from rostrum.definitions.automations.tick_contexts import SensorEvaluationContext as SensorEvaluationContext
from rostrum.definitions.checks.definition import AssetChecksDefinition as AssetChecksDefinition
from rostrum.definitions.checks.definition import asset_check as asset_check
from rostrum.definitions.checks.definition import multi_asset_check as multi_asset_check
from rostrum.definitions.checks.factories import build_column_schema_change_checks as build_column_schema_change_checks
from rostrum.definitions.checks.factories import (
    build_last_update_freshness_checks as build_last_update_freshness_checks,
)
from rostrum.definitions.checks.factories import build_metadata_bounds_checks as build_metadata_bounds_checks
from rostrum.definitions.checks.factories import (
    build_time_partition_freshness_checks as build_time_partition_freshness_checks,
)
from rostrum.definitions.checks.freshness_sensor import (
    build_sensor_for_freshness_checks as build_sensor_for_freshness_checks,
)
from rostrum.definitions.checks.specs import AssetCheckSpec as AssetCheckSpec
from rostrum.definitions.config.config import Config as Config
from rostrum.definitions.config.config import PermissiveConfig as PermissiveConfig
from rostrum.definitions.config.config_types import Enum as Enum
from rostrum.definitions.config.config_types import EnumValue as EnumValue
from rostrum.definitions.config.env import EnvVar as EnvVar
from rostrum.definitions.config.files import config_from_files as config_from_files
from rostrum.definitions.config.files import config_from_pkg_resources as config_from_pkg_resources
from rostrum.definitions.config.files import config_from_yaml_strings as config_from_yaml_strings
from rostrum.definitions.config.files import validate_run_config as validate_run_config
from rostrum.definitions.config.run_config import RunConfig as RunConfig
from rostrum.definitions.config.schema import Array as Array
from rostrum.definitions.config.schema import BoolSource as BoolSource
from rostrum.definitions.config.schema import Field as Field
from rostrum.definitions.config.schema import IntSource as IntSource
from rostrum.definitions.config.schema import Map as Map
from rostrum.definitions.config.schema import Noneable as Noneable
from rostrum.definitions.config.schema import Permissive as Permissive
from rostrum.definitions.config.schema import ScalarUnion as ScalarUnion
from rostrum.definitions.config.schema import Selector as Selector
from rostrum.definitions.config.schema import Shape as Shape
from rostrum.definitions.config.schema import StringSource as StringSource
from rostrum.definitions.config.type_loaders import DataTypeLoader as DataTypeLoader
from rostrum.definitions.config.type_loaders import data_type_loader as data_type_loader
from rostrum.definitions.config.types import DataType as DataType
from rostrum.definitions.config.types import PythonType as PythonType
from rostrum.definitions.config.types import TypeCheck as TypeCheck
from rostrum.definitions.config.types import check_data_type as check_data_type
from rostrum.definitions.config.types import (
    make_python_type_usable_as_data_type as make_python_type_usable_as_data_type,
)
from rostrum.definitions.config.types import usable_as_data_type as usable_as_data_type
from rostrum.definitions.contexts.build import build_asset_check_context as build_asset_check_context
from rostrum.definitions.contexts.build import build_asset_context as build_asset_context
from rostrum.definitions.contexts.build import build_init_resource_context as build_init_resource_context
from rostrum.definitions.contexts.build import build_input_context as build_input_context
from rostrum.definitions.contexts.build import build_op_context as build_op_context
from rostrum.definitions.contexts.build import build_output_context as build_output_context
from rostrum.definitions.contexts.build import build_resources as build_resources
from rostrum.definitions.contexts.step import AssetCheckExecutionContext as AssetCheckExecutionContext
from rostrum.definitions.contexts.step import AssetExecutionContext as AssetExecutionContext
from rostrum.definitions.contexts.step import OpExecutionContext as OpExecutionContext
from rostrum.definitions.contexts.storage import InputContext as InputContext
from rostrum.definitions.contexts.storage import OutputContext as OutputContext
from rostrum.definitions.events.log import AssetPartitionStatus as AssetPartitionStatus
from rostrum.definitions.events.log import AssetRecordsFilter as AssetRecordsFilter
from rostrum.definitions.events.log import EventLogEntry as EventLogEntry
from rostrum.definitions.events.log import EventLogRecord as EventLogRecord
from rostrum.definitions.events.log import EventRecordsFilter as EventRecordsFilter
from rostrum.definitions.events.log import EventRecordsResult as EventRecordsResult
from rostrum.definitions.events.log import RunRecord as RunRecord
from rostrum.definitions.events.log import RunsFilter as RunsFilter
from rostrum.definitions.events.log import RunStatusChangeRecordsFilter as RunStatusChangeRecordsFilter
from rostrum.definitions.events.metadata import MetadataValue as MetadataValue
from rostrum.definitions.events.outcome import ExecutionResult as ExecutionResult
from rostrum.definitions.events.outputs import AssetCheckResult as AssetCheckResult
from rostrum.definitions.events.outputs import AssetCheckSeverity as AssetCheckSeverity
from rostrum.definitions.events.outputs import AssetMaterialization as AssetMaterialization
from rostrum.definitions.events.outputs import AssetObservation as AssetObservation
from rostrum.definitions.events.outputs import DynamicOutput as DynamicOutput
from rostrum.definitions.events.outputs import Failure as Failure
from rostrum.definitions.events.outputs import MaterializeResult as MaterializeResult
from rostrum.definitions.events.outputs import ObserveResult as ObserveResult
from rostrum.definitions.events.outputs import Output as Output
from rostrum.definitions.events.outputs import RetryRequested as RetryRequested
from rostrum.definitions.events.run_events import AssetCheckEvaluation as AssetCheckEvaluation
from rostrum.definitions.events.run_events import RunEvent as RunEvent
from rostrum.definitions.events.types import EventType as EventType
from rostrum.definitions.instance.instance import Instance as Instance
from rostrum.definitions.instance.instance import instance_for_test as instance_for_test
from rostrum.definitions.location.definitions import Definitions as Definitions
from rostrum.definitions.location.lazy import LazyDefinitions as LazyDefinitions
from rostrum.definitions.location.lazy import lazy_definitions as lazy_definitions
from rostrum.definitions.location.live import ExecutorDefinition as ExecutorDefinition
from rostrum.definitions.location.module_contents import (
    load_asset_checks_from_current_module as load_asset_checks_from_current_module,
)
from rostrum.definitions.location.module_contents import (
    load_asset_checks_from_modules as load_asset_checks_from_modules,
)
from rostrum.definitions.location.module_contents import (
    load_asset_checks_from_package_module as load_asset_checks_from_package_module,
)
from rostrum.definitions.location.module_contents import (
    load_asset_checks_from_package_name as load_asset_checks_from_package_name,
)
from rostrum.definitions.location.module_contents import (
    load_assets_from_current_module as load_assets_from_current_module,
)
from rostrum.definitions.location.module_contents import load_assets_from_modules as load_assets_from_modules
from rostrum.definitions.location.module_contents import (
    load_assets_from_package_module as load_assets_from_package_module,
)
from rostrum.definitions.location.module_contents import load_assets_from_package_name as load_assets_from_package_name
from rostrum.definitions.location.module_contents import (
    load_definitions_from_current_module as load_definitions_from_current_module,
)
from rostrum.definitions.location.module_contents import load_definitions_from_module as load_definitions_from_module
from rostrum.definitions.location.module_contents import load_definitions_from_modules as load_definitions_from_modules
from rostrum.definitions.location.module_contents import (
    load_definitions_from_package_module as load_definitions_from_package_module,
)
from rostrum.definitions.location.module_contents import (
    load_definitions_from_package_name as load_definitions_from_package_name,
)
from rostrum.definitions.masking import mask_secret as mask_secret
from rostrum.definitions.ops.composition import PendingNodeInvocation as PendingNodeInvocation
from rostrum.definitions.ops.config_mapping import ConfigMapping as ConfigMapping
from rostrum.definitions.ops.config_mapping import config_mapping as config_mapping
from rostrum.definitions.ops.configured import configured as configured
from rostrum.definitions.ops.dependencies import DependencyDefinition as DependencyDefinition
from rostrum.definitions.ops.dependencies import InputMapping as InputMapping
from rostrum.definitions.ops.dependencies import MultiDependencyDefinition as MultiDependencyDefinition
from rostrum.definitions.ops.dependencies import NodeInvocation as NodeInvocation
from rostrum.definitions.ops.dependencies import OutputMapping as OutputMapping
from rostrum.definitions.ops.executors import Executor as Executor
from rostrum.definitions.ops.executors import ExecutorRequirement as ExecutorRequirement
from rostrum.definitions.ops.executors import InitExecutorContext as InitExecutorContext
from rostrum.definitions.ops.executors import async_executor as async_executor
from rostrum.definitions.ops.executors import dask_executor as dask_executor
from rostrum.definitions.ops.executors import docker_executor as docker_executor
from rostrum.definitions.ops.executors import executor as executor
from rostrum.definitions.ops.executors import in_process_executor as in_process_executor
from rostrum.definitions.ops.executors import kubernetes_executor as kubernetes_executor
from rostrum.definitions.ops.executors import multi_or_in_process_executor as multi_or_in_process_executor
from rostrum.definitions.ops.executors import (
    multiple_process_executor_requirements as multiple_process_executor_requirements,
)
from rostrum.definitions.ops.executors import multiprocess_executor as multiprocess_executor
from rostrum.definitions.ops.executors import ray_executor as ray_executor
from rostrum.definitions.ops.executors import threaded_executor as threaded_executor
from rostrum.definitions.ops.graphs import GraphIn as GraphIn
from rostrum.definitions.ops.graphs import GraphOut as GraphOut
from rostrum.definitions.ops.hooks import HookContext as HookContext
from rostrum.definitions.ops.hooks import HookDefinition as HookDefinition
from rostrum.definitions.ops.hooks import HookExecutionResult as HookExecutionResult
from rostrum.definitions.ops.hooks import build_hook_context as build_hook_context
from rostrum.definitions.ops.hooks import failure_hook as failure_hook
from rostrum.definitions.ops.hooks import success_hook as success_hook
from rostrum.definitions.ops.jobs import GraphDefinition as GraphDefinition
from rostrum.definitions.ops.jobs import JobDefinition as JobDefinition
from rostrum.definitions.ops.jobs import define_asset_job as define_asset_job
from rostrum.definitions.ops.jobs import graph as graph
from rostrum.definitions.ops.jobs import job as job
from rostrum.definitions.ops.loggers import InitLoggerContext as InitLoggerContext
from rostrum.definitions.ops.loggers import JsonLogFormatter as JsonLogFormatter
from rostrum.definitions.ops.loggers import LoggerDefinition as LoggerDefinition
from rostrum.definitions.ops.loggers import build_init_logger_context as build_init_logger_context
from rostrum.definitions.ops.loggers import colored_console_logger as colored_console_logger
from rostrum.definitions.ops.loggers import default_loggers as default_loggers
from rostrum.definitions.ops.loggers import default_system_loggers as default_system_loggers
from rostrum.definitions.ops.loggers import json_console_logger as json_console_logger
from rostrum.definitions.ops.loggers import logger as logger
from rostrum.definitions.ops.logs import get_logger as get_logger
from rostrum.definitions.ops.ops import DynamicOut as DynamicOut
from rostrum.definitions.ops.ops import In as In
from rostrum.definitions.ops.ops import Nothing as Nothing
from rostrum.definitions.ops.ops import OpDefinition as OpDefinition
from rostrum.definitions.ops.ops import Out as Out
from rostrum.definitions.ops.ops import op as op
from rostrum.definitions.ops.reexecution import ReexecutionOptions as ReexecutionOptions
from rostrum.definitions.ops.reexecution import build_reconstructable_job as build_reconstructable_job
from rostrum.definitions.ops.reexecution import execute_job as execute_job
from rostrum.definitions.ops.reexecution import reconstructable as reconstructable
from rostrum.definitions.ops.retries import Backoff as Backoff
from rostrum.definitions.ops.retries import Jitter as Jitter
from rostrum.definitions.ops.retries import RetryPolicy as RetryPolicy
from rostrum.definitions.ops.retries import RunRetryPolicy as RunRetryPolicy
from rostrum.definitions.partitions.backfill_policy import BackfillPolicy as BackfillPolicy
from rostrum.definitions.partitions.config import PartitionedConfig as PartitionedConfig
from rostrum.definitions.partitions.config_functions import daily_partitioned_config as daily_partitioned_config
from rostrum.definitions.partitions.config_functions import dynamic_partitioned_config as dynamic_partitioned_config
from rostrum.definitions.partitions.config_functions import hourly_partitioned_config as hourly_partitioned_config
from rostrum.definitions.partitions.config_functions import monthly_partitioned_config as monthly_partitioned_config
from rostrum.definitions.partitions.config_functions import partitioned_config as partitioned_config
from rostrum.definitions.partitions.config_functions import static_partitioned_config as static_partitioned_config
from rostrum.definitions.partitions.config_functions import weekly_partitioned_config as weekly_partitioned_config
from rostrum.definitions.partitions.definition import DynamicPartitionsDefinition as DynamicPartitionsDefinition
from rostrum.definitions.partitions.definition import Partition as Partition
from rostrum.definitions.partitions.definition import PartitionKeyRange as PartitionKeyRange
from rostrum.definitions.partitions.definition import PartitionsDefinition as PartitionsDefinition
from rostrum.definitions.partitions.definition import StaticPartitionsDefinition as StaticPartitionsDefinition
from rostrum.definitions.partitions.keys import MultiPartitionKey as MultiPartitionKey
from rostrum.definitions.partitions.loading import partition_loading_context as partition_loading_context
from rostrum.definitions.partitions.mappings import AllPartitionMapping as AllPartitionMapping
from rostrum.definitions.partitions.mappings import DimensionPartitionMapping as DimensionPartitionMapping
from rostrum.definitions.partitions.mappings import IdentityPartitionMapping as IdentityPartitionMapping
from rostrum.definitions.partitions.mappings import LastPartitionMapping as LastPartitionMapping
from rostrum.definitions.partitions.mappings import MultiPartitionMapping as MultiPartitionMapping
from rostrum.definitions.partitions.mappings import (
    MultiToSingleDimensionPartitionMapping as MultiToSingleDimensionPartitionMapping,
)
from rostrum.definitions.partitions.mappings import PartitionMapping as PartitionMapping
from rostrum.definitions.partitions.mappings import (
    SpecificPartitionsPartitionMapping as SpecificPartitionsPartitionMapping,
)
from rostrum.definitions.partitions.mappings import StaticPartitionMapping as StaticPartitionMapping
from rostrum.definitions.partitions.mappings import TimeWindowPartitionMapping as TimeWindowPartitionMapping
from rostrum.definitions.partitions.multi import MultiPartitionsDefinition as MultiPartitionsDefinition
from rostrum.definitions.partitions.requests import AddDynamicPartitionsRequest as AddDynamicPartitionsRequest
from rostrum.definitions.partitions.requests import DeleteDynamicPartitionsRequest as DeleteDynamicPartitionsRequest
from rostrum.definitions.partitions.time_windows import DailyPartitionsDefinition as DailyPartitionsDefinition
from rostrum.definitions.partitions.time_windows import HourlyPartitionsDefinition as HourlyPartitionsDefinition
from rostrum.definitions.partitions.time_windows import MonthlyPartitionsDefinition as MonthlyPartitionsDefinition
from rostrum.definitions.partitions.time_windows import TimeWindowPartitionsDefinition as TimeWindowPartitionsDefinition
from rostrum.definitions.partitions.time_windows import WeeklyPartitionsDefinition as WeeklyPartitionsDefinition
from rostrum.definitions.resources.binding import with_resources as with_resources
from rostrum.definitions.resources.input_managers import InputManagerDefinition as InputManagerDefinition
from rostrum.definitions.resources.input_managers import input_manager as input_manager
from rostrum.definitions.resources.io import InputManager as InputManager
from rostrum.definitions.resources.io import IOManager as IOManager
from rostrum.definitions.resources.lifecycle import InitResourceContext as InitResourceContext
from rostrum.definitions.resources.lifecycle import IOManagerDefinition as IOManagerDefinition
from rostrum.definitions.resources.lifecycle import ResourceDefinition as ResourceDefinition
from rostrum.definitions.resources.lifecycle import io_manager as io_manager
from rostrum.definitions.resources.lifecycle import make_values_resource as make_values_resource
from rostrum.definitions.resources.lifecycle import resource as resource
from rostrum.definitions.resources.param import ResourceParam as ResourceParam
from rostrum.definitions.resources.resources import ConfigurableIOManager as ConfigurableIOManager
from rostrum.definitions.resources.resources import ConfigurableIOManagerFactory as ConfigurableIOManagerFactory
from rostrum.definitions.resources.resources import ConfigurableResource as ConfigurableResource
from rostrum.definitions.resources.resources import ConfigurableResourceFactory as ConfigurableResourceFactory
from rostrum.definitions.resources.resources import ResourceDependency as ResourceDependency
from rostrum.io_managers.configurable import FilesystemIOManager as FilesystemIOManager
from rostrum.io_managers.configurable import fs_io_manager as fs_io_manager
from rostrum.io_managers.configurable import mem_io_manager as mem_io_manager
from rostrum.io_managers.memory import InMemoryIOManager as InMemoryIOManager
from rostrum.io_managers.object_store import ObjectStoreIOManager as ObjectStoreIOManager
from rostrum.io_managers.upath import UPathIOManager as UPathIOManager
from rostrum.model.assets import AssetKey as AssetKey
from rostrum.model.assets import CheckKey as CheckKey
from rostrum.model.errors import ConfigError as ConfigError
from rostrum.model.errors import DefinitionError as DefinitionError
from rostrum.model.errors import InvocationError as InvocationError
from rostrum.model.errors import RostrumError as RostrumError
from rostrum.model.errors import StepTimeout as StepTimeout
from rostrum.model.errors import UserCodeError as UserCodeError
from rostrum.model.metadata import ChartSeries as ChartSeries
from rostrum.model.metadata import LocalFileCodeReference as LocalFileCodeReference
from rostrum.model.metadata import UrlCodeReference as UrlCodeReference
from rostrum.model.runs import Run as Run
from rostrum.model.runs import RunStatus as RunStatus
from rostrum.model.tables import TableColumn as TableColumn
from rostrum.model.tables import TableColumnConstraints as TableColumnConstraints
from rostrum.model.tables import TableColumnDep as TableColumnDep
from rostrum.model.tables import TableColumnLineage as TableColumnLineage
from rostrum.model.tables import TableConstraints as TableConstraints
from rostrum.model.tables import TableRecord as TableRecord
from rostrum.model.tables import TableSchema as TableSchema
from rostrum.pipes.clients import PipesClient as PipesClient
from rostrum.pipes.clients import PipesSubprocessClient as PipesSubprocessClient
from rostrum.pipes.injectors import PipesContextInjector as PipesContextInjector
from rostrum.pipes.injectors import PipesEnvContextInjector as PipesEnvContextInjector
from rostrum.pipes.injectors import PipesFileContextInjector as PipesFileContextInjector
from rostrum.pipes.injectors import PipesTempFileContextInjector as PipesTempFileContextInjector
from rostrum.pipes.messages import PipesExecutionResult as PipesExecutionResult
from rostrum.pipes.messages import PipesLaunchedData as PipesLaunchedData
from rostrum.pipes.messages import PipesMessageHandler as PipesMessageHandler
from rostrum.pipes.messages import PipesMessageReader as PipesMessageReader
from rostrum.pipes.objects import PipesObjectStoreContextInjector as PipesObjectStoreContextInjector
from rostrum.pipes.objects import PipesObjectStoreMessageReader as PipesObjectStoreMessageReader
from rostrum.pipes.readers import PipesBlobStoreMessageReader as PipesBlobStoreMessageReader
from rostrum.pipes.readers import PipesCompositeMessageReader as PipesCompositeMessageReader
from rostrum.pipes.readers import PipesFileMessageReader as PipesFileMessageReader
from rostrum.pipes.readers import PipesLogReader as PipesLogReader
from rostrum.pipes.readers import PipesTempFileMessageReader as PipesTempFileMessageReader
from rostrum.pipes.readers import PipesThreadedMessageReader as PipesThreadedMessageReader
from rostrum.pipes.session import PipesClientCompletedInvocation as PipesClientCompletedInvocation
from rostrum.pipes.session import PipesSession as PipesSession
from rostrum.pipes.session import open_pipes_session as open_pipes_session
from rostrum.planning.time_windows import TimeWindow as TimeWindow

__version__: str
