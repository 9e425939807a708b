"""Selections of assets as trees: what they select on an asset graph, and how they are written. Reading text is in
`selection_grammar`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import msgspec

from rostrum.model.assets import AssetKey
from rostrum.model.errors import ArgumentError, SelectionError, SubsetError
from rostrum.model.manifest import AssetNode
from rostrum.planning.graph import AssetGraph

_TOLD = 10
"""Unknown keys that a message names."""


class Node(msgspec.Struct, frozen=True):
    """Root of the tree's classes."""

    def resolve(self, graph: AssetGraph) -> set[AssetKey]:
        """Keys that are selected."""
        raise NotImplementedError


class Everything(Node, frozen=True):
    """All assets that can be made; with `external` those that cannot, too."""

    external: bool = False

    def resolve(self, graph: AssetGraph) -> set[AssetKey]:
        """All keys."""
        return set(graph.nodes) if self.external else set(graph.executable)

    def __str__(self) -> str:
        return "*"


class Nobody(Node, frozen=True):
    """No asset."""

    def resolve(self, graph: AssetGraph) -> set[AssetKey]:
        """No key."""
        return set()

    def __str__(self) -> str:
        return "not *"


class Keys(Node, frozen=True):
    """Named assets. Each must exist."""

    keys: tuple[AssetKey, ...]

    def resolve(self, graph: AssetGraph) -> set[AssetKey]:
        """The keys. Raises SubsetError for those that there are none of."""
        absent = [str(key) for key in self.keys if key not in graph.nodes]
        if absent:
            known = [str(key) for key in graph.nodes]
            hints = "".join(dict.fromkeys(_nearest(key, known) for key in absent[:_TOLD]))
            others = f" and {len(absent) - _TOLD} others" if len(absent) > _TOLD else ""
            raise SubsetError(
                f"the assets {', '.join(map(repr, absent[:_TOLD]))}{others} were selected, but no AssetsDefinition "
                f"objects supply these keys: there is no such asset.{hints}"
            )
        return set(self.keys)

    def __str__(self) -> str:
        return " or ".join(f"key:{quoted(str(key))}" for key in self.keys)


class Attribute(Node, frozen=True):
    """Assets by an attribute. `key` may hold `*`; `tag` is `name` (empty value) or `name=value`; `<null>` is the
    absence of kinds. External assets only with `external`.
    """

    name: str
    value: str
    external: bool = True

    def resolve(self, graph: AssetGraph) -> set[AssetKey]:
        """Keys of the assets that match. Raises SelectionError for attributes that only servers know."""
        matcher = _MATCHERS.get(self.name)
        if matcher is None:
            raise _unknown_here(self.name)
        if self.name == "group" or (self.name == "key" and "*" not in self.value):
            found = graph.groups.get(self.value, ()) if self.name == "group" else (AssetKey.of(self.value),)
            known = {key: graph.nodes[key] for key in found if key in graph.nodes}
            return {key for key, node in known.items() if self.external or node.op is not None}
        matches = matcher(self.value)
        return {key for key, node in graph.nodes.items() if (self.external or node.op is not None) and matches(node)}

    def __str__(self) -> str:
        if self.name == "key_prefix":
            return f"key:{quoted(self.value + '/*')}"
        if self.name == "key_substring":
            return f"key:{quoted('*' + self.value + '*')}"
        if self.value == "<null>":
            return f"{self.name}:<null>"
        if self.name == "tag":
            name, sign, value = self.value.partition("=")
            return f"tag:{quoted(name)}{sign}{quoted(value) if sign else ''}"
        return f"{self.name}:{quoted(self.value)}"


class Around(Node, frozen=True):
    """A selection and what is upstream and downstream of it; None: unlimited, 0: not at all."""

    inner: Node
    up: int | None = 0
    down: int | None = 0
    include_self: bool = True

    def resolve(self, graph: AssetGraph) -> set[AssetKey]:
        """Keys within the distance; external assets upstream are left out."""
        own = self.inner.resolve(graph)
        found = set(own)
        if self.up != 0:
            found |= {key for key in graph.ancestors(own, self.up) if key in own or graph.nodes[key].op is not None}
        if self.down != 0:
            found |= graph.descendants(own, self.down)
        return found if self.include_self else found - own

    def __str__(self) -> str:
        before = "" if self.up == 0 else f"{self.up or ''}+"
        after = "" if self.down == 0 else f"+{self.down or ''}"
        text = f"{before}{_wrapped(self.inner)}{after}"
        return text if self.include_self else f"{text} and not {_wrapped(self.inner)}"


class Ends(Node, frozen=True):
    """Roots or sinks within a selection."""

    kind: str
    inner: Node

    def resolve(self, graph: AssetGraph) -> set[AssetKey]:
        """Keys at that end."""
        keys = self.inner.resolve(graph)
        return graph.roots(keys) if self.kind == "roots" else graph.sinks(keys)

    def __str__(self) -> str:
        return f"{self.kind}({self.inner})"


class Not(Node, frozen=True):
    """Everything that can be made, but not these."""

    inner: Node

    def resolve(self, graph: AssetGraph) -> set[AssetKey]:
        """The other keys."""
        return set(graph.executable) - self.inner.resolve(graph)

    def __str__(self) -> str:
        return f"not {_wrapped(self.inner)}"


class And(Node, frozen=True):
    """Assets that all parts select."""

    parts: tuple[Node, ...]

    def resolve(self, graph: AssetGraph) -> set[AssetKey]:
        """Intersection; a negated part takes away, so that external assets selected by the others stay."""
        wanted = [part.resolve(graph) for part in self.parts if not isinstance(part, Not)]
        found: set[AssetKey] = wanted[0].intersection(*wanted[1:]) if wanted else set(graph.executable)
        for part in self.parts:
            if isinstance(part, Not):
                found -= part.inner.resolve(graph)
        return found

    def __str__(self) -> str:
        return " and ".join(_wrapped(part) for part in self.parts)


class Or(Node, frozen=True):
    """Assets that any part selects."""

    parts: tuple[Node, ...]

    def resolve(self, graph: AssetGraph) -> set[AssetKey]:
        """Union."""
        return set[AssetKey]().union(*(part.resolve(graph) for part in self.parts))

    def __str__(self) -> str:
        return " or ".join(_wrapped(part) if isinstance(part, And) else str(part) for part in self.parts)


class Materializable(Node, frozen=True):
    """Those that can be made."""

    inner: Node

    def resolve(self, graph: AssetGraph) -> set[AssetKey]:
        """Keys that an op makes."""
        return {key for key in self.inner.resolve(graph) if graph.nodes[key].op is not None}

    def __str__(self) -> str:
        return f"materializable({self.inner})"


class Sources(Node, frozen=True):
    """External assets directly upstream of a selection."""

    inner: Node

    def resolve(self, graph: AssetGraph) -> set[AssetKey]:
        """Keys of the external assets."""
        own = self.inner.resolve(graph)
        return {key for key in graph.ancestors(own, 1) - own if graph.nodes[key].op is None}

    def __str__(self) -> str:
        return f"upstream_source_assets({self.inner})"


class Neighbours(Node, frozen=True):
    """A selection and what is made only together with it."""

    inner: Node

    def resolve(self, graph: AssetGraph) -> set[AssetKey]:
        """The keys and those that the same ops make, where they cannot make only some."""
        found = self.inner.resolve(graph)
        for op in {graph.nodes[key].op for key in found}:
            if op is not None and not graph.ops[op].can_subset:
                found |= set(graph.assets_of_op.get(op, ()))
        return found

    def __str__(self) -> str:
        return f"required_multi_asset_neighbors({self.inner})"


class Minus(Node, frozen=True):
    """One selection without another."""

    left: Node
    right: Node

    def resolve(self, graph: AssetGraph) -> set[AssetKey]:
        """Difference."""
        return self.left.resolve(graph) - self.right.resolve(graph)

    def __str__(self) -> str:
        return (
            f"not {_wrapped(self.right)}"
            if isinstance(self.left, Everything)
            else f"{_wrapped(self.left)} and not {_wrapped(self.right)}"
        )


def existing(node: Node, graph: AssetGraph) -> Node:
    """The selection without keys that do not exist."""
    if isinstance(node, Keys):
        return Keys(tuple(key for key in node.keys if key in graph.nodes))
    if isinstance(node, (And, Or)):
        return type(node)(tuple(existing(part, graph) for part in node.parts))
    if isinstance(node, Minus):
        return Minus(existing(node.left, graph), existing(node.right, graph))
    inner = getattr(node, "inner", None)
    return msgspec.structs.replace(node, inner=existing(inner, graph)) if isinstance(inner, Node) else node


# --- matching --------------------------------------------------------------------------------------------------------


def _key_matcher(value: str) -> Callable[[AssetNode], bool]:
    if "*" not in value:
        wanted = AssetKey.of(value)
        return lambda node: node.key == wanted
    pattern = re.compile(".*".join(re.escape(part) for part in value.split("*")))
    return lambda node: pattern.fullmatch(str(node.key)) is not None


def _tag_matcher(value: str) -> Callable[[AssetNode], bool]:
    name, _, wanted = value.partition("=")
    return lambda node: name in node.tags and node.tags[name] == wanted


def _kind_matcher(value: str) -> Callable[[AssetNode], bool]:
    if value == "<null>":
        return lambda node: not node.kinds
    return lambda node: value in node.kinds


_MATCHERS: dict[str, Callable[[str], Callable[[AssetNode], bool]]] = {
    "key": _key_matcher,
    "group": lambda value: lambda node: bool(value) and node.group == value,
    "kind": _kind_matcher,
    "tag": _tag_matcher,
    "owner": lambda value: lambda node: value in node.owners,
    "key_prefix": lambda value: lambda node: node.key.parts[: value.count("/") + 1] == tuple(value.split("/")),
    "key_substring": lambda value: lambda node: value in str(node.key),
}

REMOTE = ("column", "table_name", "column_tag", "changed_in_branch", "status", "code_location")
"""Attributes that only a control plane knows."""


class OnlyRemote(SelectionError, NotImplementedError):
    """This attribute is known to the control plane only: it selects nothing where definitions are loaded."""


def _unknown_here(name: str) -> Exception:
    message = (
        f"selecting by `{name}:` needs a control plane: it cannot be resolved where definitions are loaded. Select by "
        "key, group, kind, tag or owner."
    )
    return ArgumentError(message) if name == "code_location" else OnlyRemote(message)


# --- text ------------------------------------------------------------------------------------------------------------


def quoted(text: str) -> str:
    """The text in double quotes."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _wrapped(node: Node) -> str:
    single = isinstance(node, (Attribute, Everything, Ends)) or (isinstance(node, Keys) and len(node.keys) == 1)
    return str(node) if single else f"({node})"


def _nearest(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches  # only mistakes need it

    close = get_close_matches(name, list(known), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""
