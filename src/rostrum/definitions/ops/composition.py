"""Composing graphs: while the body of a `@graph` or `@job` function runs, calls of ops and graphs are recorded
instead of made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self, cast

from rostrum.definitions.names import check_name, string_tags
from rostrum.definitions.ops.placement import placed_by
from rostrum.definitions.sources import shown
from rostrum.model.errors import DefinitionError, kind_of
from rostrum.model.manifest import Edge, GraphInvocation

if TYPE_CHECKING:  # jobs are made of graphs, and by the few invocations that are asked for one
    from rostrum.definitions.events.outcome import ExecutionResult
    from rostrum.definitions.ops.jobs import JobDefinition

_building: list[GraphBuilder] = []


def current() -> GraphBuilder | None:
    """The graph whose body runs now, if any. Definitions are made at import time, in one thread."""
    return _building[-1] if _building else None


class Handle:
    """Stands for a value while a graph is composed: an output of a node, or an input of the graph (`node` is empty).

    `dynamic`: it stands for any number of values, to be unpacked with `map` or `collect`.
    """

    __slots__ = ("builder", "dynamic", "edge", "label")

    def __init__(self, builder: GraphBuilder, edge: Edge, label: str, dynamic: bool = False) -> None:
        self.builder, self.edge, self.label, self.dynamic = builder, edge, label, dynamic

    @property
    def node_name(self) -> str:
        """Name of the use of an op or graph that it comes from."""
        return self.edge.node

    @property
    def output_name(self) -> str:
        """Name of its output there."""
        return self.edge.output

    def __iter__(self) -> Iterator[Any]:
        raise DefinitionError(
            f"{self.label} is one value while the graph is composed and cannot be unpacked: declare several outs on "
            "the op to get several values."
        )

    def __bool__(self) -> bool:
        raise DefinitionError(f"{self.label} has no value while the graph is composed: conditions belong into an op.")

    def __getitem__(self, key: Any) -> Any:
        raise DefinitionError(f"{self.label} has no value while the graph is composed: take items of it in an op.")

    def map(self, function: Callable[[Handle], Any]) -> Any:
        """Call `function` with a handle on one item: what it places runs once for each item.

        Returns what `function` returns, standing for the values of all items.
        """
        self._require_dynamic("map")
        if self.edge.collect:
            raise DefinitionError(f"{self.label} is a list already: pass it through an op with a DynamicOut to map it.")
        item = Handle(self.builder, Edge(self.edge.node, self.edge.output, "map"), f"one item of {self.label}")
        return self._over_items(function(item))

    def collect(self) -> Handle:
        """The list of the values of all items."""
        self._require_dynamic("collect")
        if self.edge.collect:
            raise DefinitionError(f"{self.label} is a list for each item: pass it through an op to collect it again.")
        return Handle(self.builder, Edge(self.edge.node, self.edge.output, "collect"), f"all items of {self.label}")

    def _require_dynamic(self, what: str) -> None:
        if not self.dynamic:
            raise DefinitionError(
                f"{self.label} is not dynamic, so it has no {what}: declare the op's output with DynamicOut()."
            )

    def _over_items(self, result: Any) -> Any:
        if result is None:
            return None
        if isinstance(result, Handle):
            edge = Edge(result.edge.node, result.edge.output) if result.edge.collect == "map" else result.edge
            return Handle(result.builder, edge, result.label, dynamic=True)
        if isinstance(result, Handles):
            return Handles({name: self._over_items(each) for name, each in result.as_dict().items()})
        if isinstance(result, dict):
            return {name: self._over_items(each) for name, each in cast("dict[Any, Any]", result).items()}
        if isinstance(result, (list, tuple)):
            return tuple(self._over_items(each) for each in cast("Sequence[Any]", result))
        raise DefinitionError(
            f"the function mapped over {self.label} returned problematic value {result!r} ({kind_of(result)}): "
            "return results of ops, or nothing."
        )


class Handles:
    """Several outputs of one node: by attribute, or unpacked in order."""

    __slots__ = ("_handles",)

    def __init__(self, handles: dict[str, Handle]) -> None:
        self._handles = handles

    def __iter__(self) -> Iterator[Handle]:
        return iter(self._handles.values())

    def __len__(self) -> int:
        return len(self._handles)

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

    # The results of a node read like a named tuple, also to code that asks for its fields.
    _asdict = as_dict

    @property
    def _fields(self) -> tuple[str, ...]:
        return tuple(self._handles)


class PendingNodeInvocation:
    """A use of an op or graph in a graph: under an alias, with tags, hooks or a retry policy of its own. Call it to
    place it.
    """

    __slots__ = ("given_alias", "hook_defs", "node_def", "retry_policy", "tags")

    def __init__(
        self,
        node_def: Any,
        given_alias: str | None = None,
        tags: Mapping[str, str] | None = None,
        hook_defs: Iterable[Any] | None = None,
        retry_policy: Any = None,
    ) -> None:
        self.node_def = node_def
        self.given_alias = check_name(given_alias, "alias") if given_alias is not None else None
        self.tags: Mapping[str, str] = dict(tags or {})
        if self.tags:
            placed_by(f"{given_alias or getattr(node_def, 'name', node_def)}", self.tags)
        self.hook_defs, self.retry_policy = frozenset(hook_defs or ()), retry_policy

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Place this use in the graph whose body runs; elsewhere call an op's function."""
        graph = current()
        if graph is not None:
            return graph.add(self, args, kwargs)
        return self.node_def(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<{self.describe_node()}>"

    def describe_node(self) -> str:
        """What it is, for messages."""
        return f"{self.node_def!r} as {self.given_alias or self.node_def.name}".replace("<", "").replace(">", "")

    def alias(self, name: str) -> PendingNodeInvocation:
        """The same use under another name."""
        return self._with(given_alias=name)

    def tag(self, tags: Mapping[str, Any] | None) -> PendingNodeInvocation:
        """The same use with more tags."""
        return self._with(tags={**self.tags, **string_tags(tags)})

    def with_hooks(self, hook_defs: Iterable[Any]) -> PendingNodeInvocation:
        """The same use with more hooks."""
        return self._with(hook_defs=self.hook_defs | frozenset(hook_defs))

    def with_retry_policy(self, retry_policy: Any) -> PendingNodeInvocation:
        """The same use with a retry policy."""
        return self._with(retry_policy=retry_policy)

    def to_job(self, name: str | None = None, **options: Any) -> JobDefinition:
        """A job of the graph; options as of `GraphDefinition.to_job`."""
        options.setdefault("tags", self.tags or None)
        options.setdefault("hooks", self.hook_defs or None)
        options.setdefault("op_retry_policy", self.retry_policy)
        return self.node_def.to_job(name=name or self.given_alias, **options)

    def execute_in_process(self, run_config: Any = None, **options: Any) -> ExecutionResult:
        """Run the graph here and now; options as of `GraphDefinition.execute_in_process`."""
        resources = options.pop("resources", None)
        job = self.to_job(resource_defs=resources)
        return job.execute_in_process(run_config, **options)

    def _with(self, **changes: Any) -> PendingNodeInvocation:
        own: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        return PendingNodeInvocation(**{**own, **changes})


class GraphBuilder:
    """Records the calls in one graph's body."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.nodes: dict[str, GraphInvocation] = {}
        self.definitions: dict[str, Any] = {}
        """Node name -> op or graph."""
        self.explicit: set[str] = set()
        self.hooks: dict[str, frozenset[Any]] = {}
        """Node name -> hooks attached to that use."""
        self.by_name: dict[str, Any] = {}
        """Every op and graph in this graph, at any depth, by its own name."""
        self._numbers: dict[str, int] = {}
        """How many names each op or graph got by itself: the next one is looked for from there."""

    def __enter__(self) -> Self:
        _building.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        _building.pop()

    def add(self, use: PendingNodeInvocation, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Place a node; returns handles on its outputs."""
        definition = use.node_def
        name = self._name(use)
        self.know(definition)
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
        return self.place(name, use, inputs)

    def place(self, name: str, use: PendingNodeInvocation, inputs: dict[str, tuple[Edge, ...]]) -> Any:
        """Place a node whose inputs are known; returns handles on its outputs."""
        definition = use.node_def
        is_graph = hasattr(definition, "nodes")
        self.nodes[name] = GraphInvocation(
            name,
            op=None if is_graph else definition.name,
            graph=definition.name if is_graph else None,
            inputs=inputs,
            retry_policy=use.retry_policy.node if use.retry_policy is not None else None,
            tags=dict(use.tags),
        )
        self.definitions[name] = definition
        if use.hook_defs:
            self.hooks[name] = use.hook_defs
        handles = {
            name_: Handle(self, Edge(name, name_), f"output {name_!r} of {name}", output.dynamic)
            for name_, output in definition.outputs.items()
        }
        if not handles:
            return None
        return next(iter(handles.values())) if len(handles) == 1 else Handles(handles)

    def know(self, definition: Any) -> None:
        """Refuse two different ops or graphs of one name."""
        for each in (definition, *getattr(definition, "by_name", {}).values()):
            other = self.by_name.setdefault(each.name, each)
            if other is not each:
                raise DefinitionError(
                    f"{self.name}: conflicting node definitions with the same name {each.name!r}, at "
                    f"{shown(other.source)} and {shown(each.source)}: rename one (name=...)."
                )

    def edge(self, value: Any, place: str, *, dynamic: bool = False) -> Edge:
        """Edge of a handle; anything else is an error that names the place. `dynamic`: a dynamic one is allowed."""
        if isinstance(value, Handle):
            if value.builder is not self:
                raise DefinitionError(f"{place}: {value.label} belongs to another graph; pass it in as an input.")
            if value.dynamic and not dynamic:
                raise DefinitionError(
                    f"{place}: {value.label} is dynamic and must be unpacked by invoking map or collect."
                )
            return value.edge
        if isinstance(value, Handles):
            raise DefinitionError(f"{place}: several outputs were given where one is wanted; choose one by name.")
        raise DefinitionError(
            f"{place} received invalid type {type(value).__name__} ({value!r:.100}): in a graph only results of ops "
            "and inputs of the graph can be passed. Constants belong into config or defaults."
        )

    def _edges(self, node: str, name: str, value: Any) -> tuple[Edge, ...]:
        place = f"input {name!r} of {node}"
        if isinstance(value, (list, tuple)):
            edges = tuple(self.edge(each, place) for each in cast("Sequence[Any]", value))
            # One edge in a list is still a list of one.
            if len(edges) == 1:
                only = edges[0]
                return (Edge(only.node, only.output, "map_list" if only.collect == "map" else only.collect or "list"),)
            return edges
        return (self.edge(value, place),)

    def _name(self, use: PendingNodeInvocation) -> str:
        if use.given_alias is not None:
            if use.given_alias in self.nodes:
                raise DefinitionError(f"{self.name}: the name {use.given_alias!r} is used twice; give another alias.")
            self.explicit.add(use.given_alias)
            return use.given_alias
        wanted = use.node_def.name
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
