"""Graphs written out instead of composed: nodes, what each input depends on, and what the graph's own ports lead to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, cast

from rostrum.definitions.ops.composition import GraphBuilder, PendingNodeInvocation
from rostrum.definitions.ops.ops import OpInput
from rostrum.model.errors import DefinitionError, kind_of
from rostrum.model.manifest import Edge


class NodeInvocation(NamedTuple):
    """A use of a node in `dependencies`, where it has an alias, tags, hooks or a retry policy of its own."""

    name: str
    alias: str | None = None
    tags: Mapping[str, Any] | None = None
    hook_defs: Any = None
    retry_policy: Any = None


class DependencyDefinition(NamedTuple):
    """One output of one node."""

    node: str
    output: str = "result"
    description: str | None = None

    def is_fan_in(self) -> bool:
        """False: one value."""
        return False

    def get_node_dependencies(self) -> list[DependencyDefinition]:
        """This one."""
        return [self]


class DynamicCollectDependencyDefinition(DependencyDefinition):
    """All items of a dynamic output, as a list."""


class MultiDependencyDefinition(NamedTuple):
    """Several outputs, as a list."""

    dependencies: Sequence[Any]

    def is_fan_in(self) -> bool:
        """True: a list of values."""
        return True

    def get_node_dependencies(self) -> list[DependencyDefinition]:
        """Those that are outputs of nodes."""
        return [each for each in self.dependencies if isinstance(each, DependencyDefinition)]

    def get_dependencies_and_mappings(self) -> Sequence[Any]:
        """All of them."""
        return self.dependencies


class InputMapping(NamedTuple):
    """An input of the graph that an input of a node is given."""

    graph_input_name: str
    mapped_node_name: str
    mapped_node_input_name: str
    fan_in_index: int | None = None
    graph_input_description: str | None = None
    dagster_type: Any = None


class OutputMapping(NamedTuple):
    """An output of the graph that is an output of a node."""

    graph_output_name: str
    mapped_node_name: str
    mapped_node_output_name: str
    graph_output_description: str | None = None
    dagster_type: Any = None
    from_dynamic_mapping: bool = False


def build(
    builder: GraphBuilder,
    node_defs: Sequence[Any],
    dependencies: Any,
    input_mappings: Iterable[InputMapping],
    output_mappings: Iterable[OutputMapping],
) -> tuple[dict[str, OpInput], dict[str, Edge], dict[str, bool]]:
    """Place the nodes; returns the graph's inputs, its outputs' edges, and which of those are dynamic."""
    wanted = _by_invocation(builder.name, dependencies)
    placed = {invocation.name for invocation in wanted}
    by_name = {each.name: each for each in node_defs}
    for name in by_name:
        if name not in placed:
            wanted[NodeInvocation(name)] = {}
    mapped = list(input_mappings)
    for invocation, inputs in wanted.items():
        if invocation.name not in by_name:
            raise DefinitionError(
                f"graph {builder.name}: dependencies name {invocation.name!r}, which is not among the nodes "
                f"({', '.join(by_name) or 'none'})."
            )
        _place(builder, by_name[invocation.name], invocation, inputs, mapped)
    graph_inputs = {
        each.graph_input_name: OpInput(each.graph_input_name, _type_of(builder, each)) for each in reversed(mapped)
    }
    edges: dict[str, Edge] = {}
    dynamic: dict[str, bool] = {}
    for each in output_mappings:
        node = builder.definitions.get(each.mapped_node_name)
        if node is None or each.mapped_node_output_name not in node.outputs:
            raise DefinitionError(
                f"graph {builder.name}: output {each.graph_output_name!r} leads to "
                f"{each.mapped_node_name}.{each.mapped_node_output_name}, which does not exist."
            )
        edges[each.graph_output_name] = Edge(each.mapped_node_name, each.mapped_node_output_name)
        dynamic[each.graph_output_name] = (
            each.from_dynamic_mapping or node.outputs[each.mapped_node_output_name].dynamic
        )
    return dict(reversed(graph_inputs.items())), edges, dynamic


def _by_invocation(graph: str, dependencies: Any) -> dict[NodeInvocation, Mapping[str, Any]]:
    found: dict[NodeInvocation, Mapping[str, Any]] = {}
    for key, inputs in cast("Mapping[Any, Mapping[str, Any]]", dependencies or {}).items():
        invocation = key if isinstance(key, NodeInvocation) else NodeInvocation(str(key))
        if not isinstance(inputs, Mapping):
            raise DefinitionError(
                f"graph {graph}: dependencies of {invocation.name!r} are {kind_of(inputs)}: give a dict of "
                "input name to DependencyDefinition."
            )
        found[invocation] = inputs
    return found


def _place(
    builder: GraphBuilder,
    definition: Any,
    invocation: NodeInvocation,
    inputs: Mapping[str, Any],
    mappings: Sequence[InputMapping],
) -> None:
    name = invocation.alias or invocation.name
    edges: dict[str, tuple[Edge, ...]] = {}
    for each, dependency in inputs.items():
        if each not in definition.inputs:
            raise DefinitionError(f"graph {builder.name}: {name} has no input {each!r}.")
        edges[each] = _edges(dependency)
    for mapping in mappings:
        if mapping.mapped_node_name == name:
            if mapping.mapped_node_input_name not in definition.inputs:
                raise DefinitionError(f"graph {builder.name}: {name} has no input {mapping.mapped_node_input_name!r}.")
            edge = Edge("", mapping.graph_input_name)
            before = edges.get(mapping.mapped_node_input_name, ())
            index = mapping.fan_in_index
            edges[mapping.mapped_node_input_name] = (
                (edge,) if index is None else (*before[:index], edge, *before[index + 1 :])
            )
    use = PendingNodeInvocation(
        definition, invocation.alias, invocation.tags, invocation.hook_defs, invocation.retry_policy
    )
    builder.know(definition)
    builder.place(name, use, edges)


def _edges(dependency: Any) -> tuple[Edge, ...]:
    if isinstance(dependency, MultiDependencyDefinition):
        edges = [
            Edge(each.node, each.output) if isinstance(each, DependencyDefinition) else Edge("", "")
            for each in dependency.dependencies
        ]
        return (Edge(edges[0].node, edges[0].output, "list"),) if len(edges) == 1 else tuple(edges)
    collect = "collect" if isinstance(dependency, DynamicCollectDependencyDefinition) else ""
    return (Edge(dependency.node, dependency.output, collect),)


def _type_of(builder: GraphBuilder, mapping: InputMapping) -> Any:
    node = builder.definitions.get(mapping.mapped_node_name)
    if node is None or mapping.mapped_node_input_name not in node.inputs:
        raise DefinitionError(
            f"graph {builder.name}: input {mapping.graph_input_name!r} leads to "
            f"{mapping.mapped_node_name}.{mapping.mapped_node_input_name}, which does not exist."
        )
    return node.inputs[mapping.mapped_node_input_name].annotation
