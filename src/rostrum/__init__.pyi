"""Public names of Rostrum, for type checkers and editors; `__init__.py` loads them lazily."""

from __future__ import annotations

from rostrum.definitions.assets import (
    AssetDep as AssetDep,
    AssetIn as AssetIn,
    AssetOut as AssetOut,
    AssetSpec as AssetSpec,
    AssetsDefinition as AssetsDefinition,
    asset as asset,
    multi_asset as multi_asset,
)
from rostrum.definitions.build_context import (
    build_asset_check_context as build_asset_check_context,
    build_asset_context as build_asset_context,
    build_init_resource_context as build_init_resource_context,
    build_input_context as build_input_context,
    build_op_context as build_op_context,
    build_output_context as build_output_context,
    build_schedule_context as build_schedule_context,
)
from rostrum.definitions.check_specs import (
    AssetCheckSpec as AssetCheckSpec,
)
from rostrum.definitions.checks import (
    AssetChecksDefinition as AssetChecksDefinition,
    asset_check as asset_check,
    multi_asset_check as multi_asset_check,
)
from rostrum.definitions.config import (
    Config as Config,
    PermissiveConfig as PermissiveConfig,
)
from rostrum.definitions.contexts import (
    AssetCheckExecutionContext as AssetCheckExecutionContext,
    AssetExecutionContext as AssetExecutionContext,
    InputContext as InputContext,
    OpExecutionContext as OpExecutionContext,
    OutputContext as OutputContext,
)
from rostrum.definitions.definitions import (
    Definitions as Definitions,
)
from rostrum.definitions.env import (
    EnvVar as EnvVar,
)
from rostrum.definitions.graphs import (
    GraphDefinition as GraphDefinition,
    GraphIn as GraphIn,
    GraphOut as GraphOut,
)
from rostrum.definitions.io import (
    IOManager as IOManager,
)
from rostrum.definitions.jobs import (
    JobDefinition as JobDefinition,
    define_asset_job as define_asset_job,
    graph as graph,
    in_process_executor as in_process_executor,
    job as job,
    multiprocess_executor as multiprocess_executor,
)
from rostrum.definitions.lifecycle import (
    InitResourceContext as InitResourceContext,
    ResourceDefinition as ResourceDefinition,
    io_manager as io_manager,
    resource as resource,
)
from rostrum.definitions.live import (
    ExecutorDefinition as ExecutorDefinition,
)
from rostrum.definitions.logs import (
    get_logger as get_logger,
)
from rostrum.definitions.materializing import (
    materialize as materialize,
    materialize_to_memory as materialize_to_memory,
)
from rostrum.definitions.metadata import (
    MetadataValue as MetadataValue,
)
from rostrum.definitions.module_contents import (
    load_asset_checks_from_current_module as load_asset_checks_from_current_module,
    load_asset_checks_from_modules as load_asset_checks_from_modules,
    load_assets_from_current_module as load_assets_from_current_module,
    load_assets_from_modules as load_assets_from_modules,
    load_assets_from_package_module as load_assets_from_package_module,
)
from rostrum.definitions.ops import (
    In as In,
    Nothing as Nothing,
    OpDefinition as OpDefinition,
    Out as Out,
    op as op,
)
from rostrum.definitions.outputs import (
    AssetCheckResult as AssetCheckResult,
    AssetCheckSeverity as AssetCheckSeverity,
    AssetMaterialization as AssetMaterialization,
    AssetObservation as AssetObservation,
    Failure as Failure,
    MaterializeResult as MaterializeResult,
    Output as Output,
    RetryRequested as RetryRequested,
)
from rostrum.definitions.partitions import (
    AllPartitionMapping as AllPartitionMapping,
    BackfillPolicy as BackfillPolicy,
    DailyPartitionsDefinition as DailyPartitionsDefinition,
    DynamicPartitionsDefinition as DynamicPartitionsDefinition,
    HourlyPartitionsDefinition as HourlyPartitionsDefinition,
    IdentityPartitionMapping as IdentityPartitionMapping,
    LastPartitionMapping as LastPartitionMapping,
    MonthlyPartitionsDefinition as MonthlyPartitionsDefinition,
    MultiPartitionsDefinition as MultiPartitionsDefinition,
    PartitionKeyRange as PartitionKeyRange,
    PartitionsDefinition as PartitionsDefinition,
    SpecificPartitionsPartitionMapping as SpecificPartitionsPartitionMapping,
    StaticPartitionMapping as StaticPartitionMapping,
    StaticPartitionsDefinition as StaticPartitionsDefinition,
    TimeWindowPartitionMapping as TimeWindowPartitionMapping,
    TimeWindowPartitionsDefinition as TimeWindowPartitionsDefinition,
    WeeklyPartitionsDefinition as WeeklyPartitionsDefinition,
)
from rostrum.definitions.resource_param import (
    ResourceParam as ResourceParam,
)
from rostrum.definitions.resources import (
    ConfigurableIOManager as ConfigurableIOManager,
    ConfigurableResource as ConfigurableResource,
)
from rostrum.definitions.retries import (
    Backoff as Backoff,
    Jitter as Jitter,
    RetryPolicy as RetryPolicy,
)
from rostrum.definitions.run_config import (
    RunConfig as RunConfig,
)
from rostrum.definitions.schedules import (
    DefaultScheduleStatus as DefaultScheduleStatus,
    RunRequest as RunRequest,
    ScheduleDefinition as ScheduleDefinition,
    ScheduleEvaluationContext as ScheduleEvaluationContext,
    SkipReason as SkipReason,
    build_schedule_from_partitioned_job as build_schedule_from_partitioned_job,
    schedule as schedule,
)
from rostrum.definitions.selection import (
    AssetSelection as AssetSelection,
)
from rostrum.model.assets import (
    AssetKey as AssetKey,
    CheckKey as CheckKey,
)
from rostrum.model.errors import (
    ConfigError as ConfigError,
    DefinitionError as DefinitionError,
    InvocationError as InvocationError,
    RostrumError as RostrumError,
    UserCodeError as UserCodeError,
)
from rostrum.model.metadata import (
    TableColumn as TableColumn,
    TableSchema as TableSchema,
)
from rostrum.planning.partitions import (
    TimeWindow as TimeWindow,
)

__version__: str
