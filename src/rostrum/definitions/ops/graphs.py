"""Graphs of ops: what `@graph` and `@job` record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Self, TypeVar, cast

from rostrum.definitions.names import check_name, string_tags
from rostrum.definitions.ops.composition import (
    GraphBuilder,
    Handle,
    Handles,
    PendingNodeInvocation,
    current,
)
from rostrum.definitions.ops.dependencies import InputMapping, OutputMapping, build
from rostrum.definitions.ops.ops import OpInput, OpOutput, is_nothing
from rostrum.definitions.ops.signatures import MISSING, Signature
from rostrum.definitions.problems import located
from rostrum.definitions.sources import caller_source, function_source
from rostrum.model.errors import DefinitionError, InvariantError, kind_of
from rostrum.model.manifest import Edge, GraphInvocation, Source


class GraphIn:
    """Declares an input of a graph."""

    __slots__ = ("description",)

    def __init__(self, description: str | None = None) -> None:
        self.description = description


class GraphOut:
    """Declares an output of a graph."""

    __slots__ = ("description",)

    def __init__(self, description: str | None = None) -> None:
        self.description = description


class GraphSpec:
    """A graph of ops and graphs. Calling it in another graph's body adds it there. What can be done with it beside that
    is in `jobs.py`.
    """

    __slots__ = (
        "by_name",
        "composition_fn",
        "config",
        "definitions",
        "dependencies",
        "description",
        "edges",
        "given_tags",
        "hooks",
        "input_mappings",
        "inputs",
        "name",
        "node_hooks",
        "nodes",
        "output_mappings",
        "outputs",
        "source",
    )

    def __init__(
        self,
        name: str,
        *,
        description: str | None = None,
        node_defs: Sequence[Any] | None = None,
        dependencies: Any = None,
        input_mappings: Sequence[InputMapping] | None = None,
        output_mappings: Sequence[OutputMapping] | None = None,
        config: Any = None,
        tags: Mapping[str, Any] | None = None,
        node_input_source_assets: Any = None,
        input_assets: Any = None,
        composition_fn: Callable[..., Any] | None = None,
        **kwargs: Any,
    ) -> None:
        if kwargs:
            raise TypeError(f"GraphDefinition has no argument {next(iter(kwargs))!r}")
        source = caller_source()
        with located(source), GraphBuilder(check_name(name, "graph")) as builder:
            found = build(builder, node_defs or (), dependencies, input_mappings or (), output_mappings or ())
        self.fill(builder, *found, description=description, config=config, tags=tags, source=source)
        self.dependencies = dependencies or {}
        self.input_mappings, self.output_mappings = list(input_mappings or ()), list(output_mappings or ())
        self.composition_fn = composition_fn

    def fill(
        self,
        builder: GraphBuilder,
        inputs: dict[str, OpInput],
        edges: dict[str, Edge],
        dynamic: Mapping[str, bool],
        *,
        description: str | None,
        config: Any,
        tags: Mapping[str, Any] | None,
        source: Source | None,
    ) -> None:
        """Take over what a builder has recorded."""
        self.name, self.nodes, self.definitions = builder.name, builder.nodes, builder.definitions
        self.node_hooks, self.by_name = builder.hooks, builder.by_name
        """Hooks by node, and every op and graph in it, at any depth, by its own name."""
        self.inputs = inputs
        self.edges = edges
        """Output name -> where it comes from."""
        self.outputs = {output: OpOutput(output, dynamic=dynamic.get(output, False)) for output in edges}
        self.description, self.source = description, source
        self.config = config
        """Config of its ops: fixed (a dict) or by a mapping; None where each op's is given by itself."""
        self.given_tags = string_tags(tags)
        self.hooks: frozenset[Any] = frozenset()
        self.dependencies: Any = {}
        self.input_mappings: Sequence[InputMapping] = ()
        self.output_mappings: Sequence[OutputMapping] = ()
        self.composition_fn: Callable[..., Any] | None = None

    @classmethod
    def composed(
        cls,
        builder: GraphBuilder,
        inputs: dict[str, OpInput],
        edges: dict[str, Edge],
        dynamic: Mapping[str, bool],
        **options: Any,
    ) -> Self:
        """A graph of what a builder has recorded."""
        made = cls.__new__(cls)
        made.fill(builder, inputs, edges, dynamic, **options)
        return made

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Place this graph in the graph whose body runs."""
        graph = current()
        if graph is None:
            raise InvariantError(f"graph {self.name}: call it in the body of a graph or job, or run it with to_job().")
        return graph.add(PendingNodeInvocation(self), args, kwargs)

    def __repr__(self) -> str:
        return f"<graph {self.name}>"

    @property
    def tags(self) -> dict[str, str]:
        """Tags of the graph."""
        return dict(self.given_tags)

    @property
    def node_defs(self) -> Sequence[Any]:
        """Ops and graphs that it uses, each once."""
        return list({id(each): each for each in self.definitions.values()}.values())

    @property
    def node_dict(self) -> Mapping[str, GraphInvocation]:
        """Uses of ops and graphs by their names in this graph."""
        return self.nodes

    def node_names(self) -> list[str]:
        """Names of the uses."""
        return list(self.nodes)

    def has_node_named(self, name: str) -> bool:
        """Say whether there is a use of that name."""
        return name in self.nodes

    def node_named(self, name: str) -> Any:
        """The op or graph that is used under that name. Raises InvariantError."""
        if name not in self.definitions:
            raise InvariantError(f"graph {self.name} has no op named {name!r}; it has {', '.join(self.nodes)}.")
        return self.definitions[name]

    def iterate_op_defs(self) -> Iterable[Any]:
        """Ops at any depth, each once."""
        return [each for each in self.by_name.values() if not isinstance(each, GraphSpec)]

    def has_input(self, name: str) -> bool:
        """Say whether there is such an input."""
        return name in self.inputs

    def has_output(self, name: str) -> bool:
        """Say whether there is such an output."""
        return name in self.outputs

    def alias(self, name: str) -> PendingNodeInvocation:
        """This graph under another name in a graph."""
        return PendingNodeInvocation(self, name)

    def tag(self, tags: Mapping[str, Any] | None) -> PendingNodeInvocation:
        """This graph with tags in a graph."""
        return PendingNodeInvocation(self, tags=string_tags(tags))

    def with_hooks(self, hook_defs: Iterable[Any]) -> PendingNodeInvocation:
        """This graph with hooks in a graph."""
        return PendingNodeInvocation(self, hook_defs=hook_defs)

    def with_retry_policy(self, retry_policy: Any) -> PendingNodeInvocation:
        """This graph with a retry policy for its ops in a graph."""
        return PendingNodeInvocation(self, retry_policy=retry_policy)


_Made = TypeVar("_Made", bound=GraphSpec)


def compose(
    kind: type[_Made],
    function: Callable[..., Any],
    name: str | None,
    out: GraphOut | Mapping[str, GraphOut] | None,
    ins: Mapping[str, Any] | None,
    description: str | None,
    *,
    config: Any = None,
    tags: Mapping[str, Any] | None = None,
    what: str = "graph",
) -> _Made:
    """Run a graph's body and keep what it has recorded. `what` it is called in mistakes."""
    source = function_source(function)
    with located(source):
        own_name = check_name(name or function.__name__, what)
        builder, inputs, result = _run_body(function, own_name, ins)
        edges, dynamic = _outputs(builder, result, out)
    made = kind.composed(
        builder,
        inputs,
        edges,
        dynamic,
        description=description or function.__doc__,
        config=config,
        tags=tags,
        source=source,
    )
    made.composition_fn = function
    return made


def _run_body(
    function: Callable[..., Any], name: str, ins: Mapping[str, Any] | None
) -> tuple[GraphBuilder, dict[str, OpInput], Any]:
    signature = Signature(function)
    names = (signature.context, signature.config, *signature.inputs, *signature.resources)
    parameters = [each for each in signature.names if each in names]
    inputs: dict[str, OpInput] = {}
    unknown = [each for each in ins or () if each not in parameters]
    if unknown:
        raise DefinitionError(
            f"graph {name}: ins names {unknown[0]!r}, which does not correspond to any of the names of the arguments "
            f"({', '.join(parameters) or 'none'})."
        )
    with GraphBuilder(name) as builder:
        arguments: dict[str, Any] = {}
        for each in parameters:
            given = (ins or {}).get(each)
            annotation = getattr(given, "dagster_type", MISSING)
            if annotation is MISSING:
                annotation = signature.annotation(each)
            inputs[each] = OpInput(
                each,
                annotation,
                signature.defaults.get(each, MISSING),
                nothing=annotation is not MISSING and is_nothing(annotation),
                description=getattr(given, "description", None),
            )
            arguments[each] = Handle(builder, Edge("", each), f"input {each!r} of {name}")
        result = function(**arguments)
    return builder, inputs, result


def _outputs(
    builder: GraphBuilder, result: Any, out: GraphOut | Mapping[str, GraphOut] | None
) -> tuple[dict[str, Edge], dict[str, bool]]:
    given = _named_outputs(builder, result, out)
    edges: dict[str, Edge] = {}
    dynamic: dict[str, bool] = {}
    for name, value in given.items():
        place = f"output {name!r} of graph {builder.name}"
        if not isinstance(value, (Handle, Handles)):
            raise DefinitionError(
                f"{place}: the function returned problematic value {value!r:.100} ({kind_of(value)}): "
                "return results of ops or graphs."
            )
        edges[name] = builder.edge(value, place, dynamic=True)
        if not edges[name].node:
            raise DefinitionError(f"{place} is the graph's own input: pass it through an op.")
        dynamic[name] = cast("Handle", value).dynamic
    return edges, dynamic


def _named_outputs(
    builder: GraphBuilder, result: Any, out: GraphOut | Mapping[str, GraphOut] | None
) -> Mapping[str, Any]:
    label = f"graph {builder.name}"
    if isinstance(out, Mapping):
        if isinstance(result, Handles):
            given: dict[str, Any] = result.as_dict()
            if set(given) != set(out) and len(given) == len(out):
                given = dict(zip(out, given.values(), strict=True))
        elif isinstance(result, dict):
            given = cast("dict[str, Any]", result)
        elif isinstance(result, tuple):
            given = dict(zip(out, cast("tuple[Any, ...]", result), strict=False))
        else:
            given = {next(iter(out)): result} if len(out) == 1 and result is not None else {}
        if set(given) != set(out):
            raise DefinitionError(
                f"{label} declares the outputs {', '.join(out)} and returns {', '.join(given) or 'none of them'}."
            )
        return {output: given[output] for output in out}
    if result is None:
        if out is not None:
            raise DefinitionError(f"{label} declares an output and returns nothing.")
        return {}
    if isinstance(result, Handles):
        return result.as_dict()
    if isinstance(result, dict):
        raise DefinitionError(
            f"{label} returned problematic value of type dict: declare its outputs with out={{name: GraphOut()}}."
        )
    if isinstance(result, tuple):
        raise DefinitionError(
            f"{label} returned problematic value of type tuple: declare its outputs with out={{name: GraphOut()}}."
        )
    return {"result": result}


GraphDefinition = GraphSpec
"""What parts of this package call it; the public class is in `jobs.py`."""
