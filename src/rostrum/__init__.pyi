# Public names of Rostrum, for type checkers and editors; `__init__.py` loads them lazily.

from rostrum.definitions.assets import (
    AssetDep as AssetDep,
)
from rostrum.definitions.assets import (
    AssetIn as AssetIn,
)
from rostrum.definitions.assets import (
    AssetOut as AssetOut,
)
from rostrum.definitions.assets import (
    AssetsDefinition as AssetsDefinition,
)
from rostrum.definitions.assets import (
    AssetSpec as AssetSpec,
)
from rostrum.definitions.assets import (
    asset as asset,
)
from rostrum.definitions.assets import (
    multi_asset as multi_asset,
)
from rostrum.definitions.build_context import (
    build_asset_check_context as build_asset_check_context,
)
from rostrum.definitions.build_context import (
    build_asset_context as build_asset_context,
)
from rostrum.definitions.build_context import (
    build_init_resource_context as build_init_resource_context,
)
from rostrum.definitions.build_context import (
    build_input_context as build_input_context,
)
from rostrum.definitions.build_context import (
    build_op_context as build_op_context,
)
from rostrum.definitions.build_context import (
    build_output_context as build_output_context,
)
from rostrum.definitions.build_tick_context import (
    build_schedule_context as build_schedule_context,
)
from rostrum.definitions.build_tick_context import (
    build_sensor_context as build_sensor_context,
)
from rostrum.definitions.check_specs import (
    AssetCheckSpec as AssetCheckSpec,
)
from rostrum.definitions.checks import (
    AssetChecksDefinition as AssetChecksDefinition,
)
from rostrum.definitions.checks import (
    asset_check as asset_check,
)
from rostrum.definitions.checks import (
    multi_asset_check as multi_asset_check,
)
from rostrum.definitions.config import (
    Config as Config,
)
from rostrum.definitions.config import (
    PermissiveConfig as PermissiveConfig,
)
from rostrum.definitions.contexts import (
    AssetCheckExecutionContext as AssetCheckExecutionContext,
)
from rostrum.definitions.contexts import (
    AssetExecutionContext as AssetExecutionContext,
)
from rostrum.definitions.contexts import (
    InputContext as InputContext,
)
from rostrum.definitions.contexts import (
    OpExecutionContext as OpExecutionContext,
)
from rostrum.definitions.contexts import (
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
)
from rostrum.definitions.graphs import (
    GraphIn as GraphIn,
)
from rostrum.definitions.graphs import (
    GraphOut as GraphOut,
)
from rostrum.definitions.instance import (
    Instance as Instance,
)
from rostrum.definitions.io import (
    IOManager as IOManager,
)
from rostrum.definitions.jobs import (
    JobDefinition as JobDefinition,
)
from rostrum.definitions.jobs import (
    define_asset_job as define_asset_job,
)
from rostrum.definitions.jobs import (
    graph as graph,
)
from rostrum.definitions.jobs import (
    in_process_executor as in_process_executor,
)
from rostrum.definitions.jobs import (
    job as job,
)
from rostrum.definitions.jobs import (
    multiprocess_executor as multiprocess_executor,
)
from rostrum.definitions.lifecycle import (
    InitResourceContext as InitResourceContext,
)
from rostrum.definitions.lifecycle import (
    ResourceDefinition as ResourceDefinition,
)
from rostrum.definitions.lifecycle import (
    io_manager as io_manager,
)
from rostrum.definitions.lifecycle import (
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
)
from rostrum.definitions.materializing import (
    materialize_to_memory as materialize_to_memory,
)
from rostrum.definitions.metadata import (
    MetadataValue as MetadataValue,
)
from rostrum.definitions.module_contents import (
    load_asset_checks_from_current_module as load_asset_checks_from_current_module,
)
from rostrum.definitions.module_contents import (
    load_asset_checks_from_modules as load_asset_checks_from_modules,
)
from rostrum.definitions.module_contents import (
    load_assets_from_current_module as load_assets_from_current_module,
)
from rostrum.definitions.module_contents import (
    load_assets_from_modules as load_assets_from_modules,
)
from rostrum.definitions.module_contents import (
    load_assets_from_package_module as load_assets_from_package_module,
)
from rostrum.definitions.ops import (
    In as In,
)
from rostrum.definitions.ops import (
    Nothing as Nothing,
)
from rostrum.definitions.ops import (
    OpDefinition as OpDefinition,
)
from rostrum.definitions.ops import (
    Out as Out,
)
from rostrum.definitions.ops import (
    op as op,
)
from rostrum.definitions.outputs import (
    AssetCheckResult as AssetCheckResult,
)
from rostrum.definitions.outputs import (
    AssetCheckSeverity as AssetCheckSeverity,
)
from rostrum.definitions.outputs import (
    AssetMaterialization as AssetMaterialization,
)
from rostrum.definitions.outputs import (
    AssetObservation as AssetObservation,
)
from rostrum.definitions.outputs import (
    Failure as Failure,
)
from rostrum.definitions.outputs import (
    MaterializeResult as MaterializeResult,
)
from rostrum.definitions.outputs import (
    Output as Output,
)
from rostrum.definitions.outputs import (
    RetryRequested as RetryRequested,
)
from rostrum.definitions.partitioned_schedules import (
    build_schedule_from_partitioned_job as build_schedule_from_partitioned_job,
)
from rostrum.planning.time_windows import (
    TimeWindow as TimeWindow,
)
from rostrum.definitions.backfill_policy import (
    BackfillPolicy as BackfillPolicy,
)
from rostrum.definitions.multi_partitions import (
    MultiPartitionKey as MultiPartitionKey,
)
from rostrum.definitions.multi_partitions import (
    MultiPartitionsDefinition as MultiPartitionsDefinition,
)
from rostrum.definitions.partition_loading import (
    partition_loading_context as partition_loading_context,
)
from rostrum.definitions.partition_mappings import (
    AllPartitionMapping as AllPartitionMapping,
)
from rostrum.definitions.partition_mappings import (
    DimensionPartitionMapping as DimensionPartitionMapping,
)
from rostrum.definitions.partition_mappings import (
    IdentityPartitionMapping as IdentityPartitionMapping,
)
from rostrum.definitions.partition_mappings import (
    LastPartitionMapping as LastPartitionMapping,
)
from rostrum.definitions.partition_mappings import (
    MultiPartitionMapping as MultiPartitionMapping,
)
from rostrum.definitions.partition_mappings import (
    MultiToSingleDimensionPartitionMapping as MultiToSingleDimensionPartitionMapping,
)
from rostrum.definitions.partition_mappings import (
    PartitionMapping as PartitionMapping,
)
from rostrum.definitions.partition_mappings import (
    SpecificPartitionsPartitionMapping as SpecificPartitionsPartitionMapping,
)
from rostrum.definitions.partition_mappings import (
    StaticPartitionMapping as StaticPartitionMapping,
)
from rostrum.definitions.partition_mappings import (
    TimeWindowPartitionMapping as TimeWindowPartitionMapping,
)
from rostrum.definitions.partitioned_config import (
    PartitionedConfig as PartitionedConfig,
)
from rostrum.definitions.partitioned_config import (
    daily_partitioned_config as daily_partitioned_config,
)
from rostrum.definitions.partitioned_config import (
    dynamic_partitioned_config as dynamic_partitioned_config,
)
from rostrum.definitions.partitioned_config import (
    hourly_partitioned_config as hourly_partitioned_config,
)
from rostrum.definitions.partitioned_config import (
    monthly_partitioned_config as monthly_partitioned_config,
)
from rostrum.definitions.partitioned_config import (
    partitioned_config as partitioned_config,
)
from rostrum.definitions.partitioned_config import (
    static_partitioned_config as static_partitioned_config,
)
from rostrum.definitions.partitioned_config import (
    weekly_partitioned_config as weekly_partitioned_config,
)
from rostrum.definitions.partitions import (
    DynamicPartitionsDefinition as DynamicPartitionsDefinition,
)
from rostrum.definitions.partitions import (
    Partition as Partition,
)
from rostrum.definitions.partitions import (
    PartitionKeyRange as PartitionKeyRange,
)
from rostrum.definitions.partitions import (
    PartitionsDefinition as PartitionsDefinition,
)
from rostrum.definitions.partitions import (
    StaticPartitionsDefinition as StaticPartitionsDefinition,
)
from rostrum.definitions.time_partitions import (
    DailyPartitionsDefinition as DailyPartitionsDefinition,
)
from rostrum.definitions.time_partitions import (
    HourlyPartitionsDefinition as HourlyPartitionsDefinition,
)
from rostrum.definitions.time_partitions import (
    MonthlyPartitionsDefinition as MonthlyPartitionsDefinition,
)
from rostrum.definitions.time_partitions import (
    TimeWindowPartitionsDefinition as TimeWindowPartitionsDefinition,
)
from rostrum.definitions.time_partitions import (
    WeeklyPartitionsDefinition as WeeklyPartitionsDefinition,
)
from rostrum.definitions.partition_requests import (
    AddDynamicPartitionsRequest as AddDynamicPartitionsRequest,
)
from rostrum.definitions.partition_requests import (
    DeleteDynamicPartitionsRequest as DeleteDynamicPartitionsRequest,
)
from rostrum.definitions.resource_param import (
    ResourceParam as ResourceParam,
)
from rostrum.definitions.resources import (
    ConfigurableIOManager as ConfigurableIOManager,
)
from rostrum.definitions.resources import (
    ConfigurableResource as ConfigurableResource,
)
from rostrum.definitions.retries import (
    Backoff as Backoff,
)
from rostrum.definitions.retries import (
    Jitter as Jitter,
)
from rostrum.definitions.retries import (
    RetryPolicy as RetryPolicy,
)
from rostrum.definitions.run_config import (
    RunConfig as RunConfig,
)
from rostrum.definitions.run_requests import (
    RunRequest as RunRequest,
)
from rostrum.definitions.run_requests import (
    SensorResult as SensorResult,
)
from rostrum.definitions.run_requests import (
    SkipReason as SkipReason,
)
from rostrum.definitions.schedules import (
    DefaultScheduleStatus as DefaultScheduleStatus,
)
from rostrum.definitions.schedules import (
    ScheduleDefinition as ScheduleDefinition,
)
from rostrum.definitions.schedules import (
    schedule as schedule,
)
from rostrum.definitions.selection import (
    AssetSelection as AssetSelection,
)
from rostrum.definitions.sensors import (
    DefaultSensorStatus as DefaultSensorStatus,
)
from rostrum.definitions.sensors import (
    SensorDefinition as SensorDefinition,
)
from rostrum.definitions.sensors import (
    sensor as sensor,
)
from rostrum.definitions.tick_contexts import (
    ScheduleEvaluationContext as ScheduleEvaluationContext,
)
from rostrum.definitions.tick_contexts import (
    SensorEvaluationContext as SensorEvaluationContext,
)
from rostrum.execution.outcome import (
    ExecutionResult as ExecutionResult,
)
from rostrum.io_managers.filesystem import (
    FilesystemIOManager as FilesystemIOManager,
)
from rostrum.io_managers.memory import (
    InMemoryIOManager as InMemoryIOManager,
)
from rostrum.model.assets import (
    AssetKey as AssetKey,
)
from rostrum.model.assets import (
    CheckKey as CheckKey,
)
from rostrum.model.errors import (
    ConfigError as ConfigError,
)
from rostrum.model.errors import (
    DefinitionError as DefinitionError,
)
from rostrum.model.errors import (
    InvocationError as InvocationError,
)
from rostrum.model.errors import (
    RostrumError as RostrumError,
)
from rostrum.model.errors import (
    UserCodeError as UserCodeError,
)
from rostrum.model.metadata import (
    ChartSeries as ChartSeries,
)
from rostrum.model.metadata import (
    TableColumn as TableColumn,
)
from rostrum.model.metadata import (
    TableSchema as TableSchema,
)

__version__: str
