"""What does not change between attempts of a step, worked out once: names of parameters, slots of inputs, checks of
types.

Nothing here reads signatures or annotations again: the hot path looks at these slots only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import structs

from rostrum.definitions.contexts.step import AssetCheckExecutionContext, AssetExecutionContext, OpExecutionContext
from rostrum.definitions.location.live import Resolved
from rostrum.definitions.ops.ops import OpDefinition, OpInput, OpOutput
from rostrum.definitions.ops.signatures import MISSING
from rostrum.execution.configs import ConfigSlot
from rostrum.execution.steps.ops import op_of
from rostrum.execution.steps.results import Shape
from rostrum.execution.steps.type_checks import Check, type_check
from rostrum.model.assets import AssetKey, CheckKey
from rostrum.model.errors import NotFound
from rostrum.model.manifest import AssetNode
from rostrum.model.partitions import PartitionsSpec
from rostrum.model.plans import FromAsset, FromStep, InputSource, Plan, Step, StepInput
from rostrum.model.runs import RunTarget
from rostrum.planning.dynamic import base_of
from rostrum.planning.plan import build_plan

_NONE: frozenset[CheckKey] = frozenset()
_CONTEXTS: Mapping[str, type[OpExecutionContext]] = {
    "asset": AssetExecutionContext,
    "check": AssetCheckExecutionContext,
}


class Upstream:
    """A value that an input is loaded from: who stores it, and how it was declared there."""

    __slots__ = (
        "asset_key",
        "in_plan",
        "io_manager_key",
        "mapping_key",
        "metadata",
        "output",
        "partitions",
        "step_key",
    )

    def __init__(
        self,
        io_manager_key: str,
        step_key: str,
        output: str,
        metadata: Mapping[str, Any],
        asset_key: AssetKey | None,
        partitions: PartitionsSpec | None,
    ) -> None:
        self.io_manager_key, self.step_key, self.output, self.metadata = io_manager_key, step_key, output, metadata
        self.asset_key, self.partitions = asset_key, partitions
        self.mapping_key: str | None = None
        """Key of the item, for an item of a dynamic output."""
        self.in_plan = False
        """True for an output of another step of this very plan; False for a stored one, of an asset or of an earlier
        run."""


class PlanSteps:
    """Steps of a run, and those of its job that the run leaves out."""

    __slots__ = ("_resolved", "_target", "_whole", "executed")

    def __init__(self, plan: Plan, resolved: Resolved, target: RunTarget) -> None:
        self.executed: dict[str, Step] = {step.key: step for step in plan.steps}
        """By key, those that the run executes."""
        self._resolved, self._target = resolved, target
        self._whole: dict[str, Step] | None = None

    def step(self, key: str) -> Step:
        """A step of the job, executed by this run or not."""
        step = self.executed.get(key)
        if step is not None:
            return step
        if self._whole is None:
            target = structs.replace(self._target, step_selection=())
            plan = build_plan(self._resolved.manifest, target, self._resolved.graph)
            self._whole = {each.key: each for each in plan.steps}
        return self._whole[base_of(key)]


class InputSlot:
    """An input of a step."""

    __slots__ = ("check", "fan_in", "name", "op_input", "sources", "upstreams")

    def __init__(self, item: StepInput, op_input: OpInput, upstreams: tuple[Upstream | None, ...]) -> None:
        self.name, self.op_input, self.fan_in = item.name, op_input, item.fan_in
        self.sources: tuple[InputSource, ...] = item.sources
        self.upstreams = upstreams
        """Beside `sources`: None where a source is no stored value."""
        self.check: Check | None = type_check(op_input.annotation)


class OutputSlot:
    """An output of an op."""

    __slots__ = ("check", "code_version", "output", "upstream")

    def __init__(self, output: OpOutput, code_version: str | None, upstream: tuple[tuple[AssetKey, str], ...]) -> None:
        self.output = output
        self.check = type_check(output.annotation)
        self.code_version = output.code_version or code_version
        self.upstream = upstream
        """Upstream assets with their keys as text: for input versions."""


class OpParts:
    """What is the same for all steps of an op."""

    __slots__ = ("config", "context_class", "context_name", "op", "outputs", "resource_names", "shape", "store_keys")

    def __init__(self, op: OpDefinition, resolved: Resolved) -> None:
        signature = op.signature
        self.op, self.shape, self.config = op, Shape(op), ConfigSlot(op)
        self.context_name, self.context_class = signature.context, _context_class(op)
        self.resource_names: tuple[str, ...] = tuple(signature.resources)
        self.outputs = {name: _output_slot(output, op, resolved) for name, output in op.outputs.items()}
        self.store_keys = frozenset(output.io_manager_key for output in op.outputs.values() if _stores(output))
        """Keys of the IO managers that storing needs."""


class Prepared:
    """A step, ready to be attempted any number of times."""

    __slots__ = (
        "blocking",
        "config",
        "context_class",
        "context_name",
        "inputs",
        "moves_apart",
        "op",
        "outputs",
        "partitions",
        "resource_names",
        "resources",
        "shape",
        "step",
        "store_keys",
    )

    def __init__(self, step: Step, parts: OpParts, resolved: Resolved, plan: PlanSteps) -> None:
        self.step, self.op, self.shape, self.config = step, parts.op, parts.shape, parts.config
        self.context_name, self.context_class = parts.context_name, parts.context_class
        self.resource_names, self.outputs, self.store_keys = parts.resource_names, parts.outputs, parts.store_keys
        self.resources: dict[str, Any] | None = None
        """Opened resources that the op may use; filled at the first attempt in a process."""
        self.moves_apart: bool | None = None
        """Whether values are moved in a thread where the function itself runs in an event loop; None: not asked yet."""
        self.inputs = [_input_slot(item, parts.op, resolved, plan) for item in step.inputs]
        self.partitions = _partitions(step, parts.op, resolved)
        self.blocking: frozenset[CheckKey] = _blocking(step, resolved) if step.check_keys else _NONE

    @property
    def io_manager_keys(self) -> set[str]:
        """Keys of the IO managers that loading and storing need."""
        keys = set(self.store_keys)
        for slot in self.inputs:
            if slot.op_input.input_manager_key is not None:
                keys.add(slot.op_input.input_manager_key)
            for upstream in slot.upstreams:
                if upstream is not None:
                    keys.add(slot.op_input.input_manager_key or upstream.io_manager_key)
        return keys


class Preparations:
    """Of the steps of a run in this process, made when they are first asked for. Threads may ask at once: what two of
    them make is the same.
    """

    __slots__ = ("_parts", "_plan", "_prepared", "_resolved")

    def __init__(self, resolved: Resolved, plan: PlanSteps) -> None:
        self._resolved, self._plan = resolved, plan
        self._prepared: dict[str, Prepared] = {}
        self._parts: dict[str, OpParts] = {}

    def of(self, step: Step) -> Prepared:
        """The step, ready to be attempted."""
        prepared = self._prepared.get(step.key)
        if prepared is None:
            parts = self._parts.get(step.op) if step.part_of is None else None
            if parts is None:
                parts = OpParts(op_of(step, self._resolved), self._resolved)
                if step.part_of is None:
                    self._parts[step.op] = parts
            prepared = self._prepared[step.key] = Prepared(step, parts, self._resolved, self._plan)
        return prepared

    def adopt(self, step: Step) -> None:
        """Take note of a step that has joined the run, or of which more is known."""
        self._plan.executed[step.key] = step
        self._prepared.pop(step.key, None)

    def close(self) -> None:
        """The resources that were found for steps are closed."""
        for prepared in list(self._prepared.values()):
            prepared.resources = None


def _stores(output: OpOutput) -> bool:
    return output.check_key is None and not output.nothing


def _context_class(op: OpDefinition) -> type[OpExecutionContext]:
    name = op.signature.context
    annotation = op.signature.annotation(name) if name else MISSING
    if isinstance(annotation, type) and issubclass(annotation, OpExecutionContext):
        return annotation
    return _CONTEXTS.get(op.kind, OpExecutionContext)


def _blocking(step: Step, resolved: Resolved) -> frozenset[CheckKey]:
    checks = resolved.graph.check_nodes
    return frozenset(key for key in step.check_keys if key in checks and checks[key].blocking)


def _input_slot(item: StepInput, op: OpDefinition, resolved: Resolved, plan: PlanSteps) -> InputSlot:
    op_input = op.inputs[item.name]
    return InputSlot(item, op_input, tuple(_upstream(source, resolved, plan) for source in item.sources))


def _upstream(source: InputSource, resolved: Resolved, plan: PlanSteps) -> Upstream | None:
    if isinstance(source, FromAsset):
        return asset_upstream(source.asset_key, resolved)
    if not isinstance(source, FromStep):
        return None
    step = plan.step(source.step_key)
    op = resolved.ops[step.op] if step.part_of is None else op_of(step, resolved)
    output = op.outputs[source.output]
    upstream = Upstream(
        output.io_manager_key, source.step_key, source.output, output.metadata, output.asset_key, output.partitions
    )
    upstream.in_plan, upstream.mapping_key = source.step_key in plan.executed, source.mapping_key
    return upstream


def asset_upstream(key: AssetKey, resolved: Resolved) -> Upstream:
    """How the stored value of an asset is found. Raises NotFound for an asset that these definitions do not know."""
    node: AssetNode | None = resolved.graph.nodes.get(key)
    if node is None:
        raise NotFound(f"there is no asset {key} in these definitions to load.")
    if node.op is not None and (op := resolved.ops.get(node.op)) is not None:
        for output in op.outputs.values():
            if output.asset_key == key:
                return Upstream(output.io_manager_key, node.op, output.name, output.metadata, key, output.partitions)
    partitions = resolved.manifest.partitions.get(node.partitions) if node.partitions else None
    return Upstream(node.io_manager_key, key.step_key, "result", node.metadata, key, partitions)


def _output_slot(output: OpOutput, op: OpDefinition, resolved: Resolved) -> OutputSlot:
    if output.asset_key is None:
        return OutputSlot(output, op.code_version, ())
    above = resolved.graph.upstream.get(output.asset_key, ())
    return OutputSlot(output, op.code_version, tuple((key, str(key)) for key in above))


def _partitions(step: Step, op: OpDefinition, resolved: Resolved) -> PartitionsSpec | None:
    """Partitions that the step's `context` speaks of: those of its assets, or of the asset under check."""
    for output in op.outputs.values():
        if output.partitions is not None and (output.asset_key is None or output.asset_key in step.asset_keys):
            return output.partitions
    for check in step.check_keys:
        node = resolved.graph.nodes.get(check.asset_key)
        if node is not None and node.partitions:
            return resolved.manifest.partitions.get(node.partitions)
    return None
