"""Assets whose function is an op or a whole graph of ops: from names of inputs and outputs to keys, specs and the op
that stands for them.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn

from rostrum.definitions.assets.ports import prefix_parts
from rostrum.definitions.assets.specs import AssetDep, AssetSpec
from rostrum.definitions.checks.specs import AssetCheckSpec, check_output
from rostrum.definitions.names import asset_key_of, nearest
from rostrum.definitions.ops.ops import OpDefinition, OpInput, OpOutput
from rostrum.definitions.ops.signatures import Signature
from rostrum.definitions.sources import caller_source
from rostrum.model.assets import AssetKey
from rostrum.model.errors import DefinitionError


class Backing:
    """What an AssetsDefinition is made of."""

    __slots__ = ("check_specs", "op", "specs")

    def __init__(self, op: OpDefinition, specs: Sequence[AssetSpec], check_specs: Sequence[AssetCheckSpec]) -> None:
        self.op, self.specs, self.check_specs = op, specs, check_specs


def backing_of(
    node: Any,
    keys_by_input_name: Mapping[str, Any] | None = None,
    keys_by_output_name: Mapping[str, Any] | None = None,
    *,
    key_prefix: str | Sequence[str] | None = None,
    internal_asset_deps: Mapping[str, Iterable[Any]] | None = None,
    partition_mappings: Mapping[str, Any] | None = None,
    can_subset: bool = False,
    check_specs: Sequence[AssetCheckSpec] | None = None,
    attributes: Mapping[str, Mapping[str, Any]] | None = None,
    common: Mapping[str, Any] | None = None,
    specs: Mapping[str, AssetSpec] | None = None,
) -> Backing:
    """Assets of the outputs of an op or graph. An input loads the asset of its name, an output makes the asset of its
    name (the only one: of the node's name), unless a key is given.

    `attributes`: by attribute of AssetSpec, its values by output; `common`: those of all; `specs`: whole specs by
    output. Raises DefinitionError for names that the node does not have.
    """
    label = f"{'graph' if is_graph(node) else 'op'} {node.name}"
    source = node.source or caller_source()
    checks = tuple(check_specs or ())
    of_checks = {check.output_name for check in checks}
    names = [name for name in node.outputs if name not in of_checks]
    if not names:
        raise DefinitionError(f"{label} has no output that could be an asset: return the result of one of its ops.")
    _known(label, "input", keys_by_input_name, node.inputs)
    _known(label, "output", keys_by_output_name, names)
    _known(label, "output", internal_asset_deps, names)
    inputs = _inputs(node, keys_by_input_name or {}, partition_mappings or {})
    keys = _output_keys(node, names, keys_by_output_name or {}, prefix_parts(key_prefix))
    deps = {
        item.asset_key: AssetDep.on(item.asset_key, (partition_mappings or {}).get(item.name))
        for item in inputs.values()
        if item.asset_key
    }
    made: list[AssetSpec] = []
    outputs: dict[str, OpOutput] = {}
    for name in names:
        given = (specs or {}).get(name)
        own = (internal_asset_deps or {}).get(name)
        above = (
            [deps.get(key := asset_key_of(each)) or AssetDep.on(key) for each in own]
            if own is not None
            else list(deps.values())
        )
        options = {
            **(common or {}),
            **{what: values[name] for what, values in (attributes or {}).items() if values and name in values},
        }
        spec = given or AssetSpec.made(source, keys[name], deps=above, **options)
        made.append(spec)
        outputs[name] = _output(node, name, spec)
    for check in checks:
        outputs[check.output_name] = check_output(check)
    return Backing(_standing_for(node, inputs, outputs, can_subset), tuple(made), checks)


def keyed_backing(
    node: Any,
    inputs: Mapping[str, Any],
    outputs: Mapping[str, Any],
    partition_mappings: Mapping[AssetKey, Any],
    asset_deps: Mapping[AssetKey, Iterable[AssetKey]],
    attributes: Mapping[str, Mapping[AssetKey, Any] | None],
    *,
    specs: Sequence[AssetSpec],
    partitions_def: Any,
    can_subset: bool,
    check_specs: Sequence[AssetCheckSpec],
) -> Backing:
    """As `backing_of`, of values by key instead of by name."""
    keys = {name: asset_key_of(key) for name, key in outputs.items()}
    given = {spec.key: spec for spec in specs}
    return backing_of(
        node,
        inputs,
        outputs,
        internal_asset_deps={name: asset_deps[key] for name, key in keys.items() if key in asset_deps},
        partition_mappings={name: partition_mappings[key] for name, key in inputs.items() if key in partition_mappings},
        can_subset=can_subset,
        check_specs=check_specs,
        attributes={
            what: {name: values[key] for name, key in keys.items() if key in values}
            for what, values in attributes.items()
            if values
        },
        common={"partitions_def": partitions_def},
        specs={name: given[key] for name, key in keys.items() if key in given},
    )


def is_graph(node: Any) -> bool:
    """True for graphs, False for ops."""
    return hasattr(node, "nodes")


def inner_output(graph: Any, name: str) -> OpOutput:
    """The output of an op in a graph that an output of the graph leads to."""
    while True:
        edge = graph.edges[name]
        if not edge.node:
            raise DefinitionError(
                f"graph {graph.name}: its output {name!r} is one of its inputs; an asset needs an op that makes it."
            )
        node, name = graph.definitions[edge.node], edge.output
        if not is_graph(node):
            return node.outputs[name]
        graph = node


def _known(label: str, what: str, given: Mapping[str, Any] | None, known: Iterable[str]) -> None:
    names = list(known)
    for name in given or ():
        if name not in names:
            raise DefinitionError(
                f"{label} has no {what} {name!r}; it has {', '.join(names) or 'none'}.{nearest(name, names)}"
            )


def _inputs(node: Any, keys: Mapping[str, Any], mappings: Mapping[str, Any]) -> dict[str, OpInput]:
    found: dict[str, OpInput] = {}
    for name, item in node.inputs.items():
        made = copy.copy(item)
        made.asset_key = asset_key_of(keys[name]) if name in keys else AssetKey((name,))
        mapping = mappings.get(name)
        made.mapping = mapping.spec if mapping is not None else None
        found[name] = made
    return found


def _output_keys(
    node: Any, names: Sequence[str], keys: Mapping[str, Any], prefix: tuple[str, ...]
) -> dict[str, AssetKey]:
    alone = len(names) == 1
    found: dict[str, AssetKey] = {}
    for name in names:
        own = node.name if alone and name == "result" else name
        key = asset_key_of(keys[name]) if name in keys else AssetKey((own,))
        found[name] = AssetKey((*prefix, *key.parts))
    return found


def _output(node: Any, name: str, spec: AssetSpec) -> OpOutput:
    output = copy.copy(inner_output(node, name) if is_graph(node) else node.outputs[name])
    if output.dynamic:
        raise DefinitionError(f"{node.name}: the output {name!r} is dynamic and cannot be an asset: collect it first.")
    output.name, output.asset_key = name, spec.key
    output.code_version = spec.code_version or output.code_version
    output.metadata = {**output.metadata, **spec.metadata}
    output.partitions = spec.partitions_def.spec if spec.partitions_def is not None else None
    return output


def _standing_for(
    node: Any, inputs: dict[str, OpInput], outputs: dict[str, OpOutput], can_subset: bool
) -> OpDefinition:
    if not is_graph(node):
        op = copy.copy(node)
        op.kind, op.inputs, op.outputs, op.can_subset = "asset", inputs, outputs, can_subset
        return op

    def refuse() -> NoReturn:
        raise DefinitionError(f"graph {node.name}: its ops are run, it has no function of its own.")

    op = OpDefinition.made(
        node.name,
        refuse,
        Signature(refuse),
        inputs,
        outputs,
        kind="asset",
        description=node.description,
        can_subset=can_subset,
        source=node.source,
    )
    op.graph = node
    return op
