"""The live op of a step. For a step of a graph-backed asset it is the graph's op whose outputs are assets here."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from rostrum.definitions.location.live import Resolved
from rostrum.definitions.ops.ops import OpDefinition, OpInput, OpOutput
from rostrum.model.plans import FromAsset, Step


def op_of(step: Step, resolved: Resolved) -> OpDefinition:
    """The op that a step calls."""
    op = resolved.ops[step.op]
    if step.part_of is None:
        return op
    whole = resolved.ops[step.part_of]
    made: Any = copy.copy(op)
    made.inputs = _inputs(step, op.inputs, whole.inputs)
    made.outputs = {name: _output(output, name, step, whole.outputs) for name, output in op.outputs.items()}
    return made


def _inputs(step: Step, own: Mapping[str, OpInput], whole: Mapping[str, OpInput]) -> dict[str, OpInput]:
    """Inputs that load assets map partitions, and name managers, as the graph's inputs do."""
    by_asset = {item.asset_key: item for item in whole.values() if item.asset_key is not None}
    inputs = dict(own)
    for item in step.inputs:
        for source in item.sources:
            if isinstance(source, FromAsset) and source.asset_key in by_asset:
                outer = by_asset[source.asset_key]
                changed = inputs[item.name] = copy.copy(inputs[item.name])
                changed.asset_key, changed.mapping = source.asset_key, outer.mapping
                changed.input_manager_key = changed.input_manager_key or outer.input_manager_key
    return inputs


def _output(output: OpOutput, name: str, step: Step, whole: Mapping[str, OpOutput]) -> OpOutput:
    outer = whole.get(step.asset_outputs.get(name, ""))
    if outer is None:
        return output
    made = copy.copy(output)
    made.asset_key, made.check_key, made.partitions = outer.asset_key, outer.check_key, outer.partitions
    made.metadata, made.code_version = outer.metadata, outer.code_version
    return made
