"""Graphs of ops: what `@graph` and `@job` record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from rostrum.definitions.composition import GraphBuilder, Handle, Handles, Use, current
from rostrum.definitions.names import check_name, string_tags
from rostrum.definitions.ops import In, OpInput, OpOutput, is_nothing
from rostrum.definitions.problems import located
from rostrum.definitions.signatures import MISSING, Signature
from rostrum.definitions.sources import function_source
from rostrum.model.errors import DefinitionError
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


class GraphDefinition:
    """A graph of ops and graphs. Calling it in another graph's body adds it there."""

    __slots__ = ("definitions", "description", "edges", "inputs", "name", "nodes", "outputs", "source")

    def __init__(
        self,
        name: str,
        nodes: dict[str, GraphInvocation],
        definitions: dict[str, Any],
        inputs: dict[str, OpInput],
        edges: dict[str, Edge],
        *,
        description: str | None = None,
        source: Source | None = None,
    ) -> None:
        self.name, self.nodes, self.definitions = name, nodes, definitions
        self.inputs = inputs
        self.edges = edges
        """Output name -> where it comes from."""
        self.outputs = {output: OpOutput(output) for output in edges}
        self.description, self.source = description, source

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Place this graph in the graph whose body runs."""
        graph = current()
        if graph is None:
            raise DefinitionError(f"graph {self.name}: call it in the body of a graph or job, or run it with to_job().")
        return graph.add(Use(self), args, kwargs)

    def __repr__(self) -> str:
        return f"<graph {self.name}>"

    def alias(self, name: str) -> Use:
        """This graph under another name in a graph."""
        return Use(self, name=check_name(name, "alias"))

    def tag(self, tags: Mapping[str, Any]) -> Use:
        """This graph with tags in a graph."""
        return Use(self, tags=string_tags(tags))


_Made = TypeVar("_Made", bound=GraphDefinition)


def compose(
    kind: type[_Made],
    function: Callable[..., Any],
    name: str | None,
    out: GraphOut | Mapping[str, GraphOut] | None,
    ins: Mapping[str, Any] | None,
    description: str | None,
) -> _Made:
    """Run a graph's body and keep what it has recorded."""
    source = function_source(function)
    with located(source):
        return _composed(kind, function, source, check_name(name or function.__name__, "graph"), out, ins, description)


def _composed(
    kind: type[_Made],
    function: Callable[..., Any],
    source: Source | None,
    name: str,
    out: GraphOut | Mapping[str, GraphOut] | None,
    ins: Mapping[str, Any] | None,
    description: str | None,
) -> _Made:
    signature = Signature(function)
    names = (signature.context, signature.config, *signature.inputs)
    parameters = [each for each in signature.names if each in names]
    inputs: dict[str, OpInput] = {}
    with GraphBuilder(name) as builder:
        arguments: dict[str, Any] = {}
        for each in parameters:
            given = (ins or {}).get(each)
            annotation = given.type if isinstance(given, In) else signature.annotation(each)
            inputs[each] = OpInput(each, annotation, nothing=annotation is not MISSING and is_nothing(annotation))
            arguments[each] = Handle(builder, Edge("", each), f"input {each!r} of {name}")
        result = function(**arguments)
        edges = _outputs(builder, result, out)
    return kind(
        name,
        builder.nodes,
        builder.definitions,
        inputs,
        edges,
        description=description or function.__doc__,
        source=source,
    )


def _outputs(builder: GraphBuilder, result: Any, out: GraphOut | Mapping[str, GraphOut] | None) -> dict[str, Edge]:
    label = f"graph {builder.name}"
    if isinstance(out, Mapping):
        if isinstance(result, Handles):
            given: dict[str, Any] = result.as_dict()
        elif isinstance(result, dict):
            given = cast("dict[str, Any]", result)
        elif isinstance(result, tuple):
            given = dict(zip(out, cast("tuple[Any, ...]", result), strict=False))
        else:
            given = {next(iter(out)): result} if len(out) == 1 else {}
        if set(given) != set(out):
            raise DefinitionError(
                f"{label} declares the outputs {', '.join(out)} and returns {', '.join(given) or 'none of them'}."
            )
        return {output: builder.edge(given[output], f"output {output!r} of {label}") for output in out}
    if result is None:
        if out is not None:
            raise DefinitionError(f"{label} declares an output and returns nothing.")
        return {}
    if isinstance(result, Handles):
        return {output: handle.edge for output, handle in result.as_dict().items()}
    if isinstance(result, dict):
        raise DefinitionError(f"{label} returns a dict: declare its outputs with out={{name: GraphOut()}}.")
    return {"result": builder.edge(result, f"output of {label}")}
