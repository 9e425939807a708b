"""The manifest: a code location's definitions as data. All that control plane and UI know of user code.

Content-addressed: `manifest_hash` is over the encoded bytes, so an unchanged project has an unchanged hash.
Names refer to names inside the same manifest; nothing here holds a live function.
"""

from __future__ import annotations

from typing import Any

import msgspec

from rostrum.model.assets import AssetKey, CheckKey
from rostrum.model.automation import Condition, Freshness
from rostrum.model.environment import Environment
from rostrum.model.metadata import MetadataValue
from rostrum.model.partitions import PartitionMapping, PartitionsSpec

MANIFEST_VERSION = 1


class Source(msgspec.Struct, frozen=True, gc=False):
    """Where a definition was written."""

    file: str
    line: int


class RetryPolicy(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """How often and when a failed step is tried again."""

    max_retries: int = 1
    delay_seconds: float = 0.0
    backoff: str = "constant"
    """`constant`; `linear` (delay * n); `exponential` (delay * (2^n - 1)), n from 1."""
    jitter: str = "none"
    """`none`; `full` (uniform in [0, delay]); `plus_minus` (delay +- delay)."""
    on: tuple[str, ...] = ()
    """Names of the exception classes that are tried again, they or a class above them; empty: all."""
    max_infrastructure_retries: int | None = None
    """How often a step is tried again whose process, container or machine was lost; counted apart from `max_retries`.
    None: as the executor says."""


RUN_FAILURES = (
    "step_failure",
    "resource_failure",
    "load_failure",
    "config",
    "engine_error",
    "timeout",
    "launch_failure",
    "worker_died",
    "worker_lost",
)
"""Reasons for which a run fails."""


class RunRetryPolicy(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """How often and when a failed run is repeated by another one."""

    retry: RetryPolicy = RetryPolicy()
    """`on` names reasons of failures (`RunFailed.reason`). Runs whose worker could not be launched, died or was lost
    count against `max_infrastructure_retries` (None: as many as `max_retries`), all others against `max_retries`."""
    strategy: str = "from_failure"
    """`from_failure` or `all`."""


class InputNode(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """An input of an op."""

    name: str
    type: str = "Any"
    asset_key: AssetKey | None = None
    """The asset that the input loads."""
    mapping: PartitionMapping | None = None
    has_default: bool = False
    io_manager_key: str | None = None
    """Input manager where the user named one; else the producer's IO manager loads."""
    nothing: bool = False
    """Ordering only: no value is loaded."""
    metadata: dict[str, MetadataValue] = {}


class OutputNode(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """An output of an op."""

    name: str = "result"
    type: str = "Any"
    asset_key: AssetKey | None = None
    check_key: CheckKey | None = None
    io_manager_key: str = "io_manager"
    required: bool = True
    dynamic: bool = False
    nothing: bool = False
    """No value goes through an IO manager."""
    metadata: dict[str, MetadataValue] = {}


class OpNode(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What a step computes: an op, the function of an asset or of a check."""

    name: str
    kind: str = "op"
    """`op`, `asset` or `check`."""
    inputs: tuple[InputNode, ...] = ()
    outputs: tuple[OutputNode, ...] = (OutputNode(),)
    description: str | None = None
    config_schema: dict[str, Any] | None = None
    """JSON schema of the op's config, None where it takes none."""
    resource_keys: tuple[str, ...] = ()
    retry_policy: RetryPolicy | None = None
    pool: str | None = None
    tags: dict[str, str] = {}
    can_subset: bool = False
    source: Source | None = None
    hooks: tuple[str, ...] = ()
    """Names of the hooks that run when a step of it has ended."""
    graph: str | None = None
    """Graph of ops whose steps stand for this one: the op of a graph-backed asset."""
    isolation: str | None = None
    """Where its steps run (`rostrum.model.plans.ISOLATIONS`); None: as the executor says."""
    timeout_seconds: float | None = None
    """Time that one attempt may take; None: any."""


class AssetDependency(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """An upstream asset."""

    asset_key: AssetKey
    mapping: PartitionMapping | None = None


class AssetNode(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """An asset."""

    key: AssetKey
    op: str | None = None
    """Name of the op that makes (or observes) it; None for an external asset."""
    observes: bool = False
    """The op tells data versions of something made elsewhere; it does not make the asset."""
    deps: tuple[AssetDependency, ...] = ()
    group: str = "default"
    description: str | None = None
    kinds: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    tags: dict[str, str] = {}
    metadata: dict[str, MetadataValue] = {}
    partitions: str | None = None
    """Name in `Manifest.partitions`."""
    code_version: str | None = None
    io_manager_key: str = "io_manager"
    max_partitions_per_run: int | None = 1
    """Backfill policy: None means all partitions in one run."""
    is_virtual: bool = False
    """Nothing is stored for it: its value is worked out from its upstream whenever it is asked for."""
    automation: str | None = None
    """Name in `Manifest.conditions`."""
    freshness: Freshness | None = None
    source: Source | None = None

    @property
    def execution(self) -> str:
        """What a run can do with it: `materialize`, `observe` or `none`."""
        return "none" if self.op is None else "observe" if self.observes else "materialize"


class CheckNode(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """An asset check."""

    key: CheckKey
    op: str
    """Op that evaluates it: its own, or the asset's."""
    blocking: bool = False
    description: str | None = None
    metadata: dict[str, MetadataValue] = {}
    partitions: str | None = None
    automation: str | None = None
    """Name in `Manifest.conditions`."""
    source: Source | None = None


class Edge(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where an input of a node comes from: an output of another node, or an input of the enclosing graph (`node` is
    empty).
    """

    node: str
    output: str = "result"
    collect: str = ""
    """`map` (one step per dynamic item), `collect` (all items as a list), `list` (the value in a list, as `map_list`
    does for an item), or empty."""


class GraphInvocation(msgspec.Struct, frozen=True, omit_defaults=True):
    """One use of an op or graph inside a graph."""

    name: str
    """Alias, unique in the graph."""
    op: str | None = None
    graph: str | None = None
    inputs: dict[str, tuple[Edge, ...]] = {}
    """Several edges: fan-in to a list."""
    retry_policy: RetryPolicy | None = None
    tags: dict[str, str] = {}
    hooks: tuple[str, ...] = ()


class GraphNode(msgspec.Struct, frozen=True, omit_defaults=True):
    """A graph of ops and graphs."""

    name: str
    nodes: tuple[GraphInvocation, ...] = ()
    inputs: tuple[InputNode, ...] = ()
    outputs: dict[str, Edge] = {}
    description: str | None = None
    source: Source | None = None
    config_schema: dict[str, Any] | None = None
    """JSON schema of the config that a function turns into that of its ops; None where there is no such function."""


class JobNode(msgspec.Struct, frozen=True, omit_defaults=True):
    """A job: a graph, or a selection of assets and checks."""

    name: str
    graph: str | None = None
    asset_selection: tuple[AssetKey, ...] = ()
    """Resolved at compile time; `selection` is what the user wrote."""
    check_selection: tuple[CheckKey, ...] = ()
    selection: str | None = None
    description: str | None = None
    tags: dict[str, str] = {}
    config: dict[str, Any] = {}
    """Default run config, merged under the run's."""
    config_schema: dict[str, Any] | None = None
    """JSON schema of the config that a function turns into the run config; None where there is no such function."""
    config_by_partition: bool = False
    """Whether a function makes the run config of a partition; what a run is given is laid over it."""
    executor: str | None = None
    """`in_process` or `multiprocess`; None is the location's default."""
    partitions: str | None = None
    retry_policy: RetryPolicy | None = None
    source: Source | None = None
    hooks: tuple[str, ...] = ()
    """Names of the hooks that run after each of its steps."""
    run_tags: dict[str, str] | None = None
    """Tags of its runs; None: `tags`."""
    metadata: dict[str, MetadataValue] = {}
    owners: tuple[str, ...] = ()
    op_selection: tuple[str, ...] = ()
    """Clauses that select some of its ops; empty: all."""
    run_retry_policy: RunRetryPolicy | None = None
    """When its failed runs are repeated; None: as their tags or the instance say."""

    @property
    def tags_of_runs(self) -> dict[str, str]:
        """Tags that its runs are given."""
        return self.tags if self.run_tags is None else self.run_tags


class ScheduleNode(msgspec.Struct, frozen=True, omit_defaults=True):
    """A schedule."""

    name: str
    job: str
    cron: tuple[str, ...]
    """One or more cron expressions: their union."""
    timezone: str = "UTC"
    default_running: bool = False
    description: str | None = None
    tags: dict[str, str] = {}
    config: dict[str, Any] = {}
    evaluates: bool = False
    """True when a user's function decides at each tick (the code server evaluates); False when a tick is one run with
    `config` and `tags`."""
    source: Source | None = None
    metadata: dict[str, MetadataValue] = {}
    owners: tuple[str, ...] = ()
    resource_keys: tuple[str, ...] = ()
    """Resources that the user's function may use."""


class MonitoredJob(msgspec.Struct, frozen=True, omit_defaults=True):
    """A job of which a sensor looks at the runs."""

    job: str | None
    """None: all jobs of the location."""
    location: str | None = None
    """None: the sensor's own."""


class SensorNode(msgspec.Struct, frozen=True, omit_defaults=True):
    """A sensor: something that is evaluated at an interval."""

    name: str
    jobs: tuple[str, ...] = ()
    """Jobs that it may launch."""
    interval_seconds: float = 30.0
    default_running: bool = False
    description: str | None = None
    tags: dict[str, str] = {}
    source: Source | None = None
    kind: str = "standard"
    """`standard`, `asset`, `multi_asset`, `run_status`, `run_failure` or `automation`."""
    metadata: dict[str, MetadataValue] = {}
    owners: tuple[str, ...] = ()
    resource_keys: tuple[str, ...] = ()
    """Resources that the user's function may use."""
    monitored_assets: tuple[AssetKey, ...] = ()
    """Of `asset` and `multi_asset`: assets whose materialisations it looks at; of `automation`: assets whose conditions
    it evaluates."""
    monitored_jobs: tuple[MonitoredJob, ...] = ()
    """Of `run_status` and `run_failure`; empty: all jobs of the location."""
    monitors_all_locations: bool = False
    run_status: str | None = None
    """Of `run_status` and `run_failure`: the status that is looked for."""
    selection: str | None = None
    """What the user wrote for `monitored_assets`."""
    run_tags: dict[str, str] = {}
    """Of `automation`: tags of the runs that it asks for."""
    emits_backfills: bool = True
    evaluates_in_code: bool = False
    """Of `automation`: conditions are evaluated by the code server, since some are the user's own."""
    default_condition: str | None = None
    """Of `automation`: the condition of assets that have none; a name in `Manifest.conditions`."""


class ResourceNode(msgspec.Struct, frozen=True, omit_defaults=True):
    """A resource. Values of secret fields are never in the manifest."""

    key: str
    type: str
    kind: str = "resource"
    """`resource` or `io_manager`."""
    config_schema: dict[str, Any] | None = None
    config: dict[str, Any] = {}
    """Shown values, secrets masked."""
    description: str | None = None
    source: Source | None = None


class Manifest(msgspec.Struct, frozen=True, omit_defaults=True):
    """All definitions of a code location."""

    version: int = MANIFEST_VERSION
    assets: tuple[AssetNode, ...] = ()
    checks: tuple[CheckNode, ...] = ()
    ops: tuple[OpNode, ...] = ()
    graphs: tuple[GraphNode, ...] = ()
    jobs: tuple[JobNode, ...] = ()
    schedules: tuple[ScheduleNode, ...] = ()
    sensors: tuple[SensorNode, ...] = ()
    resources: tuple[ResourceNode, ...] = ()
    partitions: dict[str, PartitionsSpec] = {}
    """Partition definitions by name, shared by the assets that use them."""
    conditions: dict[str, Condition] = {}
    """Automation conditions by the identity of their content, shared by the assets that use them."""
    executor: str | None = None
    metadata: dict[str, MetadataValue] = {}
    environment: Environment | None = None
    """Where a code server has loaded them; None of scripts."""


ASSET_JOB = "__asset_job__"
"""Name of the implicit job over any selection of assets."""
ASSET_JOB_NAMES = frozenset({ASSET_JOB, "__ASSET_JOB", "__ephemeral_asset_job__"})
"""With it the names by which projects that exist ask for it."""


def own_job_name(name: str) -> str:
    """The name of a job as it is stored, whichever of the names of the implicit job is asked for."""
    return ASSET_JOB if name in ASSET_JOB_NAMES else name
