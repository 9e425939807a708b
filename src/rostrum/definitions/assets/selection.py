"""`AssetSelection`: selecting assets and checks in code, with set operators."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Sequence
from typing import Any, cast

from rostrum.definitions.assets.definition import AssetsDefinition
from rostrum.definitions.assets.specs import AssetSpec
from rostrum.definitions.broken import is_collecting, note
from rostrum.definitions.checks.definition import AssetChecksDefinition
from rostrum.definitions.names import AssetLike, KeyLike, asset_key_of
from rostrum.definitions.sources import caller_source, shown
from rostrum.model.assets import AssetKey, CheckKey
from rostrum.model.errors import ArgumentError, InvariantError, SelectionError, SubsetError
from rostrum.model.manifest import AssetDependency, AssetNode, CheckNode, Manifest, OpNode
from rostrum.planning import selection as tree
from rostrum.planning.check_selection import (
    AllChecks,
    BothChecks,
    CheckNames,
    ChecksBut,
    ChecksOf,
    EitherChecks,
    NoChecks,
    TheseChecks,
)
from rostrum.planning.graph import AssetGraph


class AssetSelection:
    """Assets and checks: of what it selects the checks come along, unless `without_checks`."""

    __slots__ = ("_checks", "_node")

    def __init__(self, node: tree.Node | None = None, checks: CheckNames | None = None) -> None:
        self._node = node if node is not None else tree.Nobody()
        self._checks = checks if checks is not None else ChecksOf(self._node)

    def __str__(self) -> str:
        if isinstance(self._node, tree.Nobody) and not isinstance(self._checks, (ChecksOf, NoChecks)):
            return str(self._checks)
        return str(self._node)

    def __repr__(self) -> str:
        return f"AssetSelection({str(self)!r})"

    def to_selection_str(self) -> str:
        """The selection as text, which reads as the same selection."""
        return str(self)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, AssetSelection) and self._node == other._node and str(self._checks) == str(other._checks)
        )

    def __hash__(self) -> int:
        return hash(str(self))

    # --- selections of assets

    @staticmethod
    def all(include_sources: bool = False) -> AssetSelection:
        """Everything that can be made; with `include_sources` external assets, too."""
        return AssetSelection(tree.Everything(include_sources))

    @staticmethod
    def assets(*assets_defs: Any) -> AssetSelection:
        """Assets by key or definition. Strings may hold `/` between segments."""
        keys: dict[AssetKey, None] = {}
        for each in assets_defs:
            found = sorted(each.keys) if isinstance(each, AssetsDefinition) else [_key(each)]
            keys.update(dict.fromkeys(found))
        return AssetSelection(tree.Keys(tuple(keys)) if keys else tree.Nobody())

    @staticmethod
    def keys(*asset_keys: KeyLike) -> AssetSelection:
        """Assets by key."""
        return AssetSelection.assets(*asset_keys)

    @staticmethod
    def groups(*group_strs: str, include_sources: bool = False) -> AssetSelection:
        """Assets of these groups."""
        return _any_of("group", group_strs, include_sources)

    @staticmethod
    def kind(kind: str | None, include_sources: bool = False) -> AssetSelection:
        """Assets of a kind; None: those without."""
        return AssetSelection(tree.Attribute("kind", kind if kind is not None else "<null>", include_sources))

    @staticmethod
    def tag(key: str, value: str = "", include_sources: bool = False) -> AssetSelection:
        """Assets with a tag of that value."""
        return AssetSelection(tree.Attribute("tag", f"{key}={value}" if value else key, include_sources))

    @staticmethod
    def tag_string(string: str, include_sources: bool = False) -> AssetSelection:
        """Assets with a tag, `key=value`, or `key` for an empty value."""
        key, _, value = string.partition("=")
        return AssetSelection.tag(key, value, include_sources)

    @staticmethod
    def owner(owner: str | None) -> AssetSelection:
        """Assets of an owner."""
        return AssetSelection(tree.Attribute("owner", owner if owner is not None else "<null>"))

    @staticmethod
    def key_prefixes(*key_prefixes: str | Sequence[str], include_sources: bool = False) -> AssetSelection:
        """Assets whose key starts with one of these."""
        texts = [each if isinstance(each, str) else "/".join(each) for each in key_prefixes]
        return _any_of("key_prefix", texts, include_sources)

    @staticmethod
    def key_substring(key_substring: str, include_sources: bool = False) -> AssetSelection:
        """Assets whose key holds the text."""
        return AssetSelection(tree.Attribute("key_substring", key_substring, include_sources))

    # --- selections of checks

    @staticmethod
    def checks(*assets_defs_or_check_keys: AssetsDefinition | CheckKey) -> AssetSelection:
        """Only these checks, or those that these definitions evaluate; no asset."""
        keys: dict[CheckKey, None] = {}
        for each in assets_defs_or_check_keys:
            found = [each] if isinstance(each, CheckKey) else [spec.key for spec in each.check_specs]
            keys.update(dict.fromkeys(found))
        return AssetSelection(tree.Nobody(), TheseChecks(tuple(keys)))

    @staticmethod
    def checks_for_assets(*assets_defs: Any) -> AssetSelection:
        """All checks of these assets, not the assets."""
        return AssetSelection(tree.Nobody(), ChecksOf(AssetSelection.assets(*assets_defs)._node))  # noqa: SLF001

    @staticmethod
    def all_asset_checks() -> AssetSelection:
        """All checks, no asset."""
        return AssetSelection(tree.Nobody(), AllChecks())

    def without_checks(self) -> AssetSelection:
        """The assets alone."""
        return AssetSelection(self._node, NoChecks())

    # --- of other forms

    @staticmethod
    def from_string(string: str, include_sources: bool = False) -> AssetSelection:
        """Read text (the grammar is in the guide on selections). Raises SelectionError."""
        # Most modules select by nothing but keys: what reads text is loaded when there is some.
        grammar = importlib.import_module("rostrum.planning.selection_grammar")
        try:
            return AssetSelection(grammar.parse(string, external=include_sources))
        except SelectionError as error:
            if not is_collecting():
                raise
            note(SelectionError(f"{shown(caller_source())}: {error}"))
            return AssetSelection()

    @classmethod
    def from_coercible(cls, selection: SelectionLike) -> AssetSelection:
        """A selection from text, keys or definitions, or a list of them (what any of them selects), or a selection.

        Raises ArgumentError for anything else.
        """
        if isinstance(selection, AssetSelection):
            return selection
        if isinstance(selection, str):
            return AssetSelection.from_string(selection)
        if isinstance(selection, AssetChecksDefinition):
            return AssetSelection.checks(selection)
        if isinstance(selection, (AssetsDefinition, AssetSpec, AssetKey)):
            return AssetSelection.assets(selection)
        if isinstance(selection, CheckKey):
            return AssetSelection.checks(selection)
        if isinstance(selection, Iterable) and not isinstance(selection, (bytes, dict)):
            parts = [AssetSelection.from_coercible(each) for each in cast("Iterable[Any]", selection)]
            while len(parts) > 1:  # two and two, so that ten thousand make no deep tree
                pairs = [left | right for left, right in zip(parts[::2], parts[1::2], strict=False)]
                parts = pairs + parts[len(pairs) * 2 :]
            return parts[0] if parts else AssetSelection()
        raise ArgumentError(f"{selection!r} is not a selection: give text, keys, assets or an AssetSelection.")

    # --- made of this one

    def upstream(self, depth: int | None = None, include_self: bool = True) -> AssetSelection:
        """This and what is upstream, at most `depth` steps away, without external assets."""
        return self._with(tree.Around(self._node, up=depth, include_self=include_self))

    def downstream(self, depth: int | None = None, include_self: bool = True) -> AssetSelection:
        """This and what is downstream, at most `depth` steps away."""
        return self._with(tree.Around(self._node, down=depth, include_self=include_self))

    def roots(self) -> AssetSelection:
        """Those without upstream among them."""
        return self._with(tree.Ends("roots", self._node))

    def sources(self) -> AssetSelection:
        """As `roots`."""
        return self.roots()

    def sinks(self) -> AssetSelection:
        """Those without downstream among them."""
        return self._with(tree.Ends("sinks", self._node))

    def materializable(self) -> AssetSelection:
        """Those that can be made."""
        return self._with(tree.Materializable(self._node))

    def upstream_source_assets(self) -> AssetSelection:
        """External assets directly upstream, without these."""
        return self._with(tree.Sources(self._node))

    def required_multi_asset_neighbors(self) -> AssetSelection:
        """These and what is made only together with them."""
        return self._with(tree.Neighbours(self._node))

    def _with(self, node: tree.Node) -> AssetSelection:
        return AssetSelection(node, NoChecks() if isinstance(self._checks, NoChecks) else ChecksOf(node))

    def __or__(self, other: AssetSelection) -> AssetSelection:
        _check_operand(other)
        node = _either(self._node, other._node)
        if self._checks == ChecksOf(self._node) and other._checks == ChecksOf(other._node):
            return AssetSelection(node)
        return AssetSelection(node, EitherChecks(self._checks, other._checks))

    def __and__(self, other: AssetSelection) -> AssetSelection:
        _check_operand(other)
        return AssetSelection(tree.And((self._node, other._node)), BothChecks(self._checks, other._checks))

    def __sub__(self, other: AssetSelection) -> AssetSelection:
        _check_operand(other)
        return AssetSelection(tree.Minus(self._node, other._node), ChecksBut(self._checks, other._checks))

    # --- what it selects

    def resolve(self, all_assets: Any, allow_missing: bool = False) -> set[AssetKey]:
        """Keys that are selected, of a graph, of `Definitions`, or among assets.

        Raises SubsetError for keys that do not exist, unless `allow_missing`.
        """
        graph = graph_of(all_assets)
        if not allow_missing:
            return self._node.resolve(graph)
        try:
            return self._node.resolve(graph)
        except SubsetError:
            return tree.existing(self._node, graph).resolve(graph)

    def resolve_checks(self, asset_graph: Any, allow_missing: bool = False) -> set[CheckKey]:
        """Checks that are selected."""
        return self._checks.resolve(graph_of(asset_graph))

    def to_serializable_asset_selection(self, asset_graph: Any) -> AssetSelection:
        """The selection by keys."""
        return AssetSelection.assets(*sorted(self.resolve(asset_graph)))


SelectionLike = AssetSelection | AssetLike | CheckKey | Iterable[AssetSelection | AssetLike | CheckKey]
"""What can be a selection: text, keys, definitions of assets and checks, an `AssetSelection`, or several of them."""


def graph_of(assets: Any) -> AssetGraph:
    """The graph of a graph, of `Definitions`, or of some assets, which need not be complete."""
    if isinstance(assets, AssetGraph):
        return assets
    resolved = getattr(assets, "resolved", None)
    if callable(resolved):
        return cast(Any, resolved()).graph
    nodes: dict[AssetKey, AssetNode] = {}
    checks: dict[CheckKey, CheckNode] = {}
    ops: dict[str, OpNode] = {}
    for each in cast("Iterable[Any]", assets):
        definition = each if isinstance(each, AssetsDefinition) else None
        specs: Sequence[AssetSpec] = definition.specs if definition is not None else [cast(AssetSpec, each)]
        op = definition.op if definition is not None and definition.op is not None else None
        if op is not None:
            ops[op.name] = OpNode(op.name, kind=op.kind, can_subset=op.can_subset)
        for spec in specs:
            nodes[spec.key] = _node(spec, op.name if op is not None else None)
        for check in definition.check_specs if definition is not None else ():
            checks[check.key] = CheckNode(check.key, op.name if op is not None else "", blocking=check.blocking)
    for node in list(nodes.values()):
        for dep in node.deps:
            nodes.setdefault(dep.asset_key, AssetNode(dep.asset_key))
    return AssetGraph(Manifest(assets=tuple(nodes.values()), checks=tuple(checks.values()), ops=tuple(ops.values())))


def _node(spec: AssetSpec, op: str | None) -> AssetNode:
    return AssetNode(
        key=spec.key,
        op=op,
        deps=tuple(AssetDependency(dep.asset_key) for dep in spec.deps),
        group=spec.group_name or "default",
        kinds=tuple(sorted(spec.kinds)),
        owners=tuple(spec.owners),
        tags=dict(spec.tags),
    )


def _check_operand(other: object) -> None:
    if not isinstance(other, AssetSelection):
        raise InvariantError(f"selections are combined with selections, not with {other!r}: use AssetSelection.assets.")


def _key(value: Any) -> AssetKey:
    return AssetKey.of(value) if isinstance(value, str) else asset_key_of(value)


def _any_of(name: str, values: Sequence[str], external: bool) -> AssetSelection:
    if not values:
        return AssetSelection()
    nodes = tuple(tree.Attribute(name, value, external) for value in values)
    return AssetSelection(nodes[0] if len(nodes) == 1 else tree.Or(nodes))


def _either(left: tree.Node, right: tree.Node) -> tree.Node:
    if isinstance(left, tree.Nobody):
        return right
    if isinstance(right, tree.Nobody):
        return left
    if isinstance(left, tree.Keys) and isinstance(right, tree.Keys):
        return tree.Keys(tuple(dict.fromkeys(left.keys + right.keys)))
    parts = [each.parts if isinstance(each, tree.Or) else (each,) for each in (left, right)]
    return tree.Or(parts[0] + parts[1])
