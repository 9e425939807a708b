"""State of one attempt of one step: execution fills it, contexts are views on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from contextvars import ContextVar
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rostrum.definitions.instance.run_instance import RunInstance
from rostrum.definitions.names import nearest
from rostrum.definitions.ops.ops import OpDefinition
from rostrum.model.assets import AssetKey
from rostrum.model.errors import InvariantError
from rostrum.model.manifest import AssetDependency, AssetNode
from rostrum.model.partitions import PartitionsSpec
from rostrum.model.plans import Step
from rostrum.model.runs import Run
from rostrum.planning.partitions import partitions_of

if TYPE_CHECKING:
    import logging


LoadAsset = Callable[["StepScope", AssetKey, Any, "str | None"], Any]
"""(scope, key, type to load it as or MISSING, partition key or None for the step's own) -> value."""


class StepScope:
    """State of one attempt of one step, shared by its contexts. Filled by execution."""

    __slots__ = (
        "asset_metadata",
        "attempt",
        "config",
        "data_versions",
        "definitions",
        "instance",
        "load_asset",
        "log",
        "log_event",
        "mapping_key",
        "now",
        "op",
        "output_metadata",
        "partition_keys",
        "partitions",
        "resources",
        "run",
        "stack",
        "step",
    )

    def __init__(
        self,
        *,
        run: Run,
        step: Step,
        op: OpDefinition,
        log: logging.Logger,
        resources: Mapping[str, Any],
        log_event: Callable[[Any], None],
        now: Callable[[], datetime],
        config: Any = None,
        attempt: int = 1,
        instance: RunInstance | None = None,
        partitions: PartitionsSpec | None = None,
        partition_keys: Sequence[str] = (),
        mapping_key: str | None = None,
        definitions: Any = None,
        load_asset: LoadAsset | None = None,
    ) -> None:
        self.run, self.step, self.op, self.log = run, step, op, log
        self.resources = resources
        """Opened resources by key; only those that the op may use."""
        self.log_event = log_event
        """Takes AssetMaterialization, AssetObservation or a check result that user code logs."""
        self.now = now
        self.config = config
        """Validated config of the op: a Config object or a plain value."""
        self.attempt = attempt
        self.instance = instance
        self.partitions = partitions
        """Partitions of the assets (or job) of the step; None when it has none."""
        self.partition_keys = tuple(partition_keys)
        """Keys of this run, resolved by execution from the target's key or range; empty without partition."""
        self.mapping_key = mapping_key
        self.output_metadata: dict[tuple[str, str | None], dict[str, Any]] = {}
        """(output, mapping key) -> metadata added by user code; later calls win per key."""
        self.asset_metadata: dict[tuple[AssetKey, str], dict[str, Any]] | None = None
        """(asset, partition key) -> metadata for the event of one partition only."""
        self.data_versions: dict[AssetKey, str] | None = None
        """Data versions that user code has set."""
        self.definitions = definitions
        """`Resolved` that the step belongs to; None in contexts built by hand."""
        self.load_asset = load_asset
        """Loads the stored value of an asset; None where there is nothing to load from."""
        self.stack: ExitStack | None = None
        """What a context built by hand tears down at the end of its `with` statement."""

    def spec_of(self, key: AssetKey) -> Any:
        """Spec of an asset that the op makes; None for another one."""
        definition = self.definitions.assets_def(self.op.name) if self.definitions is not None else None
        specs = definition.specs if definition is not None else ()
        return next((spec for spec in specs if spec.key == key), None)

    def asset_input(self, name: str) -> AssetDependency:
        """The asset that an input loads, or an upstream asset that is named in `deps` only: that one's input is called
        like its key, with `__` between the segments. Raises InvariantError where there is none.
        """
        found = self.op.inputs.get(name)
        if found is not None and found.asset_key is not None:
            return AssetDependency(found.asset_key, found.mapping)
        nodes: Mapping[AssetKey, AssetNode] = self.definitions.graph.nodes if self.definitions is not None else {}
        made = [key for output in self.op.outputs.values() if (key := output.asset_key) is not None and key in nodes]
        above = {dep.asset_key.step_key: dep for key in reversed(made) for dep in nodes[key].deps}
        if found is None and name in above:
            return above[name]
        known = ", ".join(dict.fromkeys([*self.op.inputs, *above])) or "none"
        raise InvariantError(
            f"input {name!r} of {self.op.name} is no asset (inputs: {known})."
            if found is not None
            else f"{self.op.name} has no input {name!r} (inputs: {known}).{nearest(name, above)}"
        )

    def bind(self, op: OpDefinition) -> None:
        """Become the scope of a direct call of an op's function: for contexts built by hand."""
        assets = tuple(output.asset_key for output in op.outputs.values() if output.asset_key is not None)
        checks = tuple(output.check_key for output in op.outputs.values() if output.check_key is not None)
        self.op = op
        self.step = Step(key=op.name, op=op.name, asset_keys=assets, check_keys=checks or self.step.check_keys)
        if self.partitions is None:
            own = (output.partitions for output in op.outputs.values() if output.partitions is not None)
            self.partitions = next(own, None)
            between = self.run.target.partition_range
            if self.partitions is not None and between is not None:
                self.partition_keys = tuple(partitions_of(self.partitions).keys_in_range(*between))


CURRENT: ContextVar[StepScope | None] = ContextVar("rostrum_step", default=None)
"""Scope of the step whose code runs now in this thread or task."""
