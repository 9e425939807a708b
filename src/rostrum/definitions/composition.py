"""Composing graphs: while the body of a `@graph` or `@job` function runs, calls of ops and graphs are recorded
instead of made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self, cast

from rostrum.model.errors import DefinitionError
from rostrum.model.manifest import Edge, GraphInvocation

_building: list[GraphBuilder] = []


def current() -> GraphBuilder | None:
    """The graph whose body runs now, if any. Definitions are made at import time, in one thread."""
    return _building[-1] if _building else None


class Handle:
    """Stands for a value while a graph is composed: an output of a node, or an input of the graph (`node` is empty)."""

    __slots__ = ("builder", "edge", "label")

    def __init__(self, builder: GraphBuilder, edge: Edge, label: str) -> None:
        self.builder, self.edge, self.label = builder, edge, label

    def __iter__(self) -> Iterator[Any]:
        raise DefinitionError(
            f"{self.label} is one value while the graph is composed and cannot be unpacked: declare several outs on "
            "the op to get several values."
        )

    def __bool__(self) -> bool:
        raise DefinitionError(f"{self.label} has no value while the graph is composed: conditions belong into an op.")

    def map(self, _function: Any) -> Any:
        """Not in this version."""
        raise DefinitionError(f"{self.label}: mapping over dynamic outputs is not supported in this version.")

    collect = map


class Handles:
    """Several outputs of one node: by attribute, or unpacked in order."""

    __slots__ = ("_handles",)

    def __init__(self, handles: dict[str, Handle]) -> None:
        self._handles = handles

    def __iter__(self) -> Iterator[Handle]:
        return iter(self._handles.values())

    def __getitem__(self, position: int) -> Handle:
        return list(self._handles.values())[position]

    def __getattr__(self, name: str) -> Handle:
        try:
            return self._handles[name]
        except KeyError:
            raise AttributeError(f"there is no output {name!r}; there are {', '.join(self._handles)}") from None

    def as_dict(self) -> dict[str, Handle]:
        """Handles by output name."""
        return dict(self._handles)


class Use:
    """A use of an op or graph in a graph: under an alias, with tags or a retry policy of its own. Call it to place
    it.
    """

    __slots__ = ("definition", "name", "retry_policy", "tags")

    def __init__(
        self, definition: Any, *, name: str | None = None, tags: dict[str, str] | None = None, retry_policy: Any = None
    ) -> None:
        self.definition, self.name, self.tags, self.retry_policy = definition, name, tags or {}, retry_policy

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Place this use in the graph whose body runs."""
        graph = current()
        if graph is None:
            raise DefinitionError(
                f"{self.name or self.definition.name}: an alias can be called only in the body of a graph or job."
            )
        return graph.add(self, args, kwargs)

    def alias(self, name: str) -> Use:
        """The same use under another name."""
        return Use(self.definition, name=name, tags=self.tags, retry_policy=self.retry_policy)

    def tag(self, tags: Mapping[str, str]) -> Use:
        """The same use with more tags."""
        return Use(self.definition, name=self.name, tags={**self.tags, **tags}, retry_policy=self.retry_policy)

    def with_retry_policy(self, retry_policy: Any) -> Use:
        """The same use with a retry policy."""
        return Use(self.definition, name=self.name, tags=self.tags, retry_policy=retry_policy)


class GraphBuilder:
    """Records the calls in one graph's body."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.nodes: dict[str, GraphInvocation] = {}
        self.definitions: dict[str, Any] = {}
        """Node name -> op or graph."""
        self.explicit: set[str] = set()
        self._numbers: dict[str, int] = {}
        """How many names each op or graph got by itself: the next one is looked for from there."""

    def __enter__(self) -> Self:
        _building.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        _building.pop()

    def add(self, use: Use, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Place a node; returns handles on its outputs."""
        definition = use.definition
        name = self._name(use)
        inputs: dict[str, tuple[Edge, ...]] = {}
        names = list(definition.inputs)
        if len(args) > len(names):
            raise DefinitionError(
                f"{name} takes {len(names)} inputs ({', '.join(names) or 'none'}), {len(args)} were given."
            )
        for position, value in enumerate(args):
            inputs[names[position]] = self._edges(name, names[position], value)
        for key, value in kwargs.items():
            if key not in definition.inputs:
                raise DefinitionError(f"{name} has no input {key!r}; it has {', '.join(names) or 'none'}.")
            if key in inputs:
                raise DefinitionError(f"{name}: the input {key!r} was given twice.")
            inputs[key] = self._edges(name, key, value)
        is_graph = hasattr(definition, "nodes")
        self.nodes[name] = GraphInvocation(
            name,
            op=None if is_graph else definition.name,
            graph=definition.name if is_graph else None,
            inputs=inputs,
            retry_policy=use.retry_policy.node if use.retry_policy is not None else None,
            tags=use.tags,
        )
        self.definitions[name] = definition
        handles = {
            output: Handle(self, Edge(name, output), f"output {output!r} of {name}") for output in definition.outputs
        }
        if not handles:
            return None
        return next(iter(handles.values())) if len(handles) == 1 else Handles(handles)

    def edge(self, value: Any, place: str) -> Edge:
        """Edge of a handle; anything else is an error that names the place."""
        if isinstance(value, Handle):
            if value.builder is not self:
                raise DefinitionError(f"{place}: {value.label} belongs to another graph; pass it in as an input.")
            return value.edge
        if isinstance(value, Handles):
            raise DefinitionError(f"{place}: several outputs were given where one is wanted; choose one by name.")
        raise DefinitionError(
            f"{place}: {value!r} is a {type(value).__name__}; in a graph only results of ops and inputs of the graph "
            "can be passed. "
            f"Constants belong into config or defaults."
        )

    def _edges(self, node: str, name: str, value: Any) -> tuple[Edge, ...]:
        place = f"input {name!r} of {node}"
        if isinstance(value, (list, tuple)):
            edges = tuple(self.edge(each, place) for each in cast("Sequence[Any]", value))
            # One edge in a list is still a list of one.
            return (Edge(edges[0].node, edges[0].output, "list"),) if len(edges) == 1 else edges
        return (self.edge(value, place),)

    def _name(self, use: Use) -> str:
        if use.name is not None:
            if use.name in self.nodes:
                raise DefinitionError(f"{self.name}: the name {use.name!r} is used twice; give another alias.")
            self.explicit.add(use.name)
            return use.name
        wanted = use.definition.name
        number = self._numbers.get(wanted, 1)
        name = wanted if number == 1 else f"{wanted}_{number}"
        while name in self.nodes:
            if name in self.explicit:
                raise DefinitionError(
                    f"{self.name}: {name!r} is both an alias and the name that {wanted!r} gets by itself; give "
                    "another alias."
                )
            number += 1
            name = f"{wanted}_{number}"
        self._numbers[wanted] = number
        return name
