"""The asset graph of a manifest: who depends on whom, what makes what, which checks belong where. Built in linear
time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TypeVar

from rostrum.model.assets import AssetKey, CheckKey
from rostrum.model.errors import DefinitionError, NotFound, SubsetError
from rostrum.model.manifest import AssetNode, CheckNode, Manifest, OpNode

K = TypeVar("K", AssetKey, CheckKey)


class GraphAsset:
    """An asset of a graph: `node` is the asset itself, the other properties tell what it is connected with."""

    __slots__ = ("_graph", "key")

    def __init__(self, graph: AssetGraph, key: AssetKey) -> None:
        self._graph, self.key = graph, key

    @property
    def node(self) -> AssetNode:
        """The asset as it is compiled."""
        return self._graph.nodes[self.key]

    @property
    def parent_keys(self) -> set[AssetKey]:
        """Keys of the assets that it depends on; its own where it depends on itself."""
        return {dep.asset_key for dep in self.node.deps}

    @property
    def child_keys(self) -> set[AssetKey]:
        """Keys of the assets that depend on it; its own where it depends on itself."""
        own = {self.key} if self.key in self.parent_keys else set[AssetKey]()
        return {*self._graph.downstream.get(self.key, ()), *own}

    @property
    def check_keys(self) -> set[CheckKey]:
        """Keys of its checks."""
        return {check.key for check in self._graph.checks.get(self.key, ())}

    @property
    def group_name(self) -> str:
        """Its group."""
        return self.node.group

    @property
    def is_materializable(self) -> bool:
        """Whether an op makes it."""
        return self.node.op is not None and not self.node.observes

    @property
    def is_observable(self) -> bool:
        """Whether an op observes it."""
        return self.node.observes


class AssetGraph:
    """Indexes over a manifest. `upstream` and `downstream` leave out an asset's dependency on itself."""

    __slots__ = (
        "_groups",
        "_places",
        "assets_of_op",
        "check_nodes",
        "checks",
        "downstream",
        "nodes",
        "ops",
        "upstream",
    )

    def __init__(self, manifest: Manifest) -> None:
        self.nodes: dict[AssetKey, AssetNode] = {node.key: node for node in manifest.assets}
        self.ops: dict[str, OpNode] = {op.name: op for op in manifest.ops}
        self.check_nodes: dict[CheckKey, CheckNode] = {check.key: check for check in manifest.checks}
        self.upstream: dict[AssetKey, tuple[AssetKey, ...]] = {}
        downstream: dict[AssetKey, list[AssetKey]] = {key: [] for key in self.nodes}
        assets_of_op: dict[str, list[AssetKey]] = {}
        for node in manifest.assets:
            key = node.key
            above = tuple(dep.asset_key for dep in node.deps if dep.asset_key != key) if node.deps else ()
            self.upstream[key] = above
            for upstream in above:
                downstream.setdefault(upstream, []).append(key)
            if node.op is not None:
                assets_of_op.setdefault(node.op, []).append(key)
        self.downstream: dict[AssetKey, Sequence[AssetKey]] = downstream  # type: ignore[assignment]
        self.assets_of_op: dict[str, Sequence[AssetKey]] = assets_of_op  # type: ignore[assignment]
        checks: dict[AssetKey, list[CheckNode]] = {}
        for check in manifest.checks:
            checks.setdefault(check.key.asset_key, []).append(check)
        self.checks: dict[AssetKey, Sequence[CheckNode]] = checks  # type: ignore[assignment]
        self._groups: dict[str, list[AssetKey]] | None = None
        self._places: dict[AssetKey | CheckKey, int] | None = None

    def in_order(self, keys: Iterable[K]) -> list[K]:
        """Keys of assets, or of checks, in the manifest's order. What it takes depends on these alone."""
        if self._places is None:
            self._places = {key: place for place, key in enumerate((*self.nodes, *self.check_nodes))}
        return sorted(keys, key=self._places.__getitem__)

    @property
    def groups(self) -> Mapping[str, Sequence[AssetKey]]:
        """Assets by group."""
        if self._groups is None:
            groups: dict[str, list[AssetKey]] = {}
            for key, node in self.nodes.items():
                groups.setdefault(node.group, []).append(key)
            self._groups = groups
        return self._groups

    @property
    def executable(self) -> Sequence[AssetKey]:
        """Assets that an op makes, in the manifest's order. Those that are only observed are not among them."""
        return [key for key, node in self.nodes.items() if node.op is not None and not node.observes]

    def get(self, key: AssetKey) -> GraphAsset:
        """One asset, with what is around it. Raises NotFound."""
        if key not in self.nodes:
            raise NotFound(f"there is no asset {key} in this graph.")
        return GraphAsset(self, key)

    def get_all_asset_keys(self) -> set[AssetKey]:
        """Keys of all assets, those that exist by name only included."""
        return set(self.nodes)

    @property
    def materializable_asset_keys(self) -> set[AssetKey]:
        """Keys of those that an op makes."""
        return set(self.executable)

    @property
    def observable(self) -> Sequence[AssetKey]:
        """Assets that an op observes, in the manifest's order."""
        return [key for key, node in self.nodes.items() if node.observes]

    def ordered(self) -> Sequence[AssetKey]:
        """All assets, each after its upstream ones. Raises DefinitionError naming a cycle."""
        waiting = {key: sum(u in self.nodes for u in above) for key, above in self.upstream.items()}
        queue = deque(key for key, count in waiting.items() if count == 0)
        order: list[AssetKey] = []
        while queue:
            key = queue.popleft()
            order.append(key)
            for below in self.downstream.get(key, ()):
                waiting[below] -= 1
                if waiting[below] == 0:
                    queue.append(below)
        if len(order) < len(self.nodes):
            raise DefinitionError(told_circle(self.cycle() or ()))
        return order

    def cycles(self) -> Sequence[Sequence[AssetKey]]:
        """Circles of dependencies that share no asset, each as `cycle` gives it."""
        found: list[Sequence[AssetKey]] = []
        left = self._without_ends(self.nodes)
        while left:
            key = next(key for key in self.nodes if key in left)
            path: dict[AssetKey, None] = {}
            while key not in path:
                path[key] = None
                key = next(below for below in self.downstream[key] if below in left)
            keys = list(path)
            circle = keys[keys.index(key) :]
            turn = circle.index(self.in_order(circle)[0])
            found.append([*circle[turn:], *circle[: turn + 1]])
            left = self._without_ends(left.difference(circle))
        return found

    def _without_ends(self, keys: Collection[AssetKey]) -> set[AssetKey]:
        """Those of the keys that are on a circle among them, or between two."""
        left = set(keys)
        for above, below in ((self.upstream, self.downstream), (self.downstream, self.upstream)):
            waiting = {key: sum(each in left for each in above.get(key, ())) for key in left}
            queue = [key for key, count in waiting.items() if count == 0]
            while queue:
                key = queue.pop()
                left.discard(key)
                for each in below.get(key, ()):
                    if each in waiting:
                        waiting[each] -= 1
                        if waiting[each] == 0:
                            queue.append(each)
        return left

    def cycle(self) -> Sequence[AssetKey] | None:
        """One circle of dependencies, downstream of each other, first key repeated at the end; None when there is
        none.
        """
        done: set[AssetKey] = set()
        for root in self.nodes:
            if root in done:
                continue
            path: dict[AssetKey, None] = {}
            stack: list[tuple[AssetKey, int]] = [(root, 0)]
            path[root] = None
            while stack:
                key, position = stack.pop()
                below = self.downstream.get(key, ())
                if position == len(below):
                    done.add(key)
                    del path[key]
                    continue
                stack.append((key, position + 1))
                following = below[position]
                if following in path:
                    keys = list(path)
                    return [*keys[keys.index(following) :], following]
                if following not in done:
                    path[following] = None
                    stack.append((following, 0))
        return None

    def ancestors(self, keys: Iterable[AssetKey], depth: int | None = None) -> set[AssetKey]:
        """The keys and everything upstream of them, at most `depth` steps away."""
        return _walk(keys, lambda key: self.upstream.get(key, ()), depth)

    def descendants(self, keys: Iterable[AssetKey], depth: int | None = None) -> set[AssetKey]:
        """The keys and everything downstream of them, at most `depth` steps away."""
        return _walk(keys, lambda key: self.downstream.get(key, ()), depth)

    def roots(self, keys: set[AssetKey]) -> set[AssetKey]:
        """Those of the keys that have no upstream among them."""
        return {key for key in keys if not any(u in keys for u in self.upstream.get(key, ()))}

    def sinks(self, keys: set[AssetKey]) -> set[AssetKey]:
        """Those of the keys that have no downstream among them."""
        return {key for key in keys if not any(d in keys for d in self.downstream.get(key, ()))}


def told_circle(circle: Sequence[AssetKey]) -> str:
    """What is told of assets that depend on each other."""
    return f"assets depend on each other in a circle: {' -> '.join(map(str, circle))}."


def _walk(
    keys: Iterable[AssetKey], neighbours: Callable[[AssetKey], Sequence[AssetKey]], depth: int | None
) -> set[AssetKey]:
    seen = set(keys)
    level = list(seen)
    distance = 0
    while level and (depth is None or distance < depth):
        distance += 1
        found: list[AssetKey] = []
        for key in level:
            for neighbour in neighbours(key):
                if neighbour not in seen:
                    seen.add(neighbour)
                    found.append(neighbour)
        level = found
    return seen


def runnable(graph: AssetGraph, keys: set[AssetKey]) -> tuple[AssetKey, ...]:
    """What a run over a selection does, in the manifest's order: it makes those that can be made; where there are none
    it observes.
    """
    nodes = graph.nodes
    known = [(key, nodes[key]) for key in graph.in_order(keys & nodes.keys()) if nodes[key].op is not None]
    made = tuple(key for key, node in known if not node.observes)
    return made or tuple(key for key, _ in known)


def require_whole(assets: Collection[AssetKey], nodes: Mapping[AssetKey, AssetNode], ops: Mapping[str, OpNode]) -> None:
    """Raise SubsetError where a selection has only a part of what an op makes together."""
    chosen = set(assets)
    for name in {nodes[key].op for key in assets}:
        op = ops.get(name or "")
        if op is None or op.can_subset:
            continue
        made = [output.asset_key for output in op.outputs if output.asset_key is not None]
        if len(made) > 1 and not chosen.issuperset(made):
            raise SubsetError(together(op.name, made))


def together(op_name: str, made: Iterable[AssetKey]) -> str:
    """What is told of a selection that has only a part."""
    return (
        f"{op_name} makes {', '.join(str(key) for key in made)} together: select all of them, or define it with "
        "can_subset=True."
    )
