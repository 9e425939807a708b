"""`AssetSelection`: selecting assets and checks in code, with set operators."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, cast

from rostrum.definitions.assets import AssetsDefinition
from rostrum.definitions.checks import AssetChecksDefinition
from rostrum.definitions.names import KeyLike, asset_key_of
from rostrum.model.assets import AssetKey, CheckKey
from rostrum.model.errors import DefinitionError
from rostrum.planning import selection as tree
from rostrum.planning.graph import AssetGraph


class AssetSelection:
    """Assets and, unless `without_checks`, their checks. `checks` are selected on top."""

    __slots__ = ("_checks", "_node", "_with_checks")

    def __init__(self, node: tree.Node, checks: frozenset[CheckKey] = frozenset(), with_checks: bool = True) -> None:
        self._node, self._checks, self._with_checks = node, checks, with_checks

    def __str__(self) -> str:
        return str(self._node)

    def __repr__(self) -> str:
        return f"AssetSelection({str(self._node)!r})"

    @staticmethod
    def all(include_sources: bool = False) -> AssetSelection:
        """Everything that can be made; with `include_sources` external assets, too."""
        return AssetSelection(tree.Everything(include_sources))

    @staticmethod
    def assets(*assets: Any) -> AssetSelection:
        """Assets by key or definition. Strings may hold `/` between segments."""
        keys: list[AssetKey] = []
        for each in assets:
            keys.extend(sorted(each.keys) if isinstance(each, AssetsDefinition) else [_key(each)])
        return AssetSelection(tree.Keys(tuple(keys)) if keys else tree.Nobody())

    @staticmethod
    def keys(*keys: KeyLike) -> AssetSelection:
        """Assets by key."""
        return AssetSelection.assets(*keys)

    @staticmethod
    def groups(*names: str) -> AssetSelection:
        """Assets of these groups."""
        return _any_of("group", names)

    @staticmethod
    def kind(kind: str | None) -> AssetSelection:
        """Assets of a kind; None: those without."""
        return AssetSelection(tree.Attribute("kind", kind if kind is not None else "<null>"))

    @staticmethod
    def tag(key: str, value: str = "") -> AssetSelection:
        """Assets with a tag of that value."""
        return AssetSelection(tree.Attribute("tag", f"{key}={value}" if value else key))

    @staticmethod
    def owner(owner: str) -> AssetSelection:
        """Assets of an owner."""
        return AssetSelection(tree.Attribute("owner", owner))

    @staticmethod
    def key_prefixes(*prefixes: str | Sequence[str]) -> AssetSelection:
        """Assets whose key starts with one of these."""
        return _any_of("key_prefix", [each if isinstance(each, str) else "/".join(each) for each in prefixes])

    @staticmethod
    def key_substring(text: str) -> AssetSelection:
        """Assets whose key holds the text."""
        return AssetSelection(tree.Attribute("key_substring", text))

    @staticmethod
    def checks(*checks: AssetChecksDefinition) -> AssetSelection:
        """Only these checks, no asset."""
        return AssetSelection(
            tree.Nobody(), frozenset(spec.key for each in checks for spec in each.specs), with_checks=False
        )

    @staticmethod
    def from_coercible(selection: Any) -> AssetSelection:
        """A selection from text, a list of texts, keys or assets, or a selection."""
        if isinstance(selection, AssetSelection):
            return selection
        if isinstance(selection, str):
            return AssetSelection(tree.parse(selection))
        if isinstance(selection, (AssetsDefinition, AssetKey)):
            return AssetSelection.assets(selection)
        if isinstance(selection, AssetChecksDefinition):
            return AssetSelection.checks(selection)
        if isinstance(selection, Iterable):
            parts = [AssetSelection.from_coercible(each) for each in cast("Iterable[Any]", selection)]
            total = AssetSelection(tree.Nobody())
            for position, part in enumerate(parts):
                total = part if position == 0 else total | part
            return total
        raise DefinitionError(f"{selection!r} is not a selection: give text, keys, assets or an AssetSelection.")

    def upstream(self, depth: int | None = None, include_self: bool = True) -> AssetSelection:
        """This and what is upstream, at most `depth` steps away."""
        return AssetSelection(
            tree.Around(self._node, up=depth, include_self=include_self), self._checks, self._with_checks
        )

    def downstream(self, depth: int | None = None, include_self: bool = True) -> AssetSelection:
        """This and what is downstream, at most `depth` steps away."""
        return AssetSelection(
            tree.Around(self._node, down=depth, include_self=include_self), self._checks, self._with_checks
        )

    def roots(self) -> AssetSelection:
        """Those without upstream among them."""
        return AssetSelection(tree.Ends("roots", self._node), self._checks, self._with_checks)

    def sinks(self) -> AssetSelection:
        """Those without downstream among them."""
        return AssetSelection(tree.Ends("sinks", self._node), self._checks, self._with_checks)

    def without_checks(self) -> AssetSelection:
        """The assets alone."""
        return AssetSelection(self._node, frozenset(), with_checks=False)

    def __or__(self, other: AssetSelection) -> AssetSelection:
        return AssetSelection(
            _either(self._node, other._node), self._checks | other._checks, self._with_checks or other._with_checks
        )

    def __and__(self, other: AssetSelection) -> AssetSelection:
        return AssetSelection(
            tree.And((self._node, other._node)), self._checks & other._checks, self._with_checks and other._with_checks
        )

    def __sub__(self, other: AssetSelection) -> AssetSelection:
        return AssetSelection(tree.Minus(self._node, other._node), self._checks - other._checks, self._with_checks)

    def resolve(self, graph: AssetGraph) -> set[AssetKey]:
        """Keys that are selected on a graph."""
        return self._node.resolve(graph)

    def resolve_checks(self, graph: AssetGraph) -> set[CheckKey]:
        """Checks that are selected on a graph."""
        found = {key for key in self._checks if key in graph.check_nodes}
        if self._with_checks:
            for key in self._node.resolve(graph):
                found.update(check.key for check in graph.checks.get(key, ()))
        return found


def _key(value: Any) -> AssetKey:
    return AssetKey.of(value) if isinstance(value, str) else asset_key_of(value)


def _any_of(name: str, values: Sequence[str]) -> AssetSelection:
    if not values:
        return AssetSelection(tree.Nobody())
    nodes = tuple(tree.Attribute(name, value) for value in values)
    return AssetSelection(nodes[0] if len(nodes) == 1 else tree.Or(nodes))


def _either(left: tree.Node, right: tree.Node) -> tree.Node:
    if isinstance(left, tree.Nobody):
        return right
    if isinstance(right, tree.Nobody):
        return left
    return tree.Or((left, right))
