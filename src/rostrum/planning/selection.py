"""Selections of assets: text -> tree -> set of keys on an asset graph, and back to text.

Grammar: `key:`, `group:`, `kind:`, `tag:`, `owner:` with values (quoted where they hold blanks), `*` for everything
that can be
made, `+x` upstream and `x+` downstream of x (a number limits the distance: `2+key:x`, `key:x+1`), `roots(...)`,
`sinks(...)`,
`not`, `and`, `or`, parentheses. A key alone, as in `orders`, selects that asset and must exist. The short form of a
single key
counts signs instead: `orders+` is one layer downstream, `orders++` two, `orders*` all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import msgspec

from rostrum.model.assets import AssetKey
from rostrum.model.errors import SelectionError
from rostrum.model.manifest import AssetNode
from rostrum.planning.graph import AssetGraph


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
        """The keys."""
        for key in self.keys:
            if key not in graph.nodes:
                raise SelectionError(f"there is no asset {str(key)!r}.{_nearest(str(key), map(str, graph.nodes))}")
        return set(self.keys)

    def __str__(self) -> str:
        return " or ".join(f"key:{_quoted(str(key))}" for key in self.keys)


class Attribute(Node, frozen=True):
    """Assets by an attribute. `key` may hold `*`; `tag` is `name` (empty value) or `name=value`; `<null>` is the
    absence of kinds.
    """

    name: str
    value: str

    def resolve(self, graph: AssetGraph) -> set[AssetKey]:
        """Keys of the assets that match."""
        matches = _MATCHERS[self.name](self.value)
        return {key for key, node in graph.nodes.items() if matches(node)}

    def __str__(self) -> str:
        return f"{self.name}:{_quoted(self.value)}"


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


def resolve(text: str, graph: AssetGraph) -> list[AssetKey]:
    """Keys that a text selects, in the graph's order. Raises SelectionError."""
    keys = parse(text).resolve(graph)
    return [key for key in graph.nodes if key in keys]


# --- matching --------------------------------------------------------------------------------------------------------


def _key_matcher(value: str) -> Callable[[AssetNode], bool]:
    if "*" not in value:
        wanted = AssetKey.of(value)
        return lambda node: node.key == wanted
    pattern = re.compile(".*".join(re.escape(part) for part in value.split("*")))
    return lambda node: pattern.fullmatch(str(node.key)) is not None


def _tag_matcher(value: str) -> Callable[[AssetNode], bool]:
    name, _, wanted = value.partition("=")
    return lambda node: node.tags.get(name) == wanted


def _kind_matcher(value: str) -> Callable[[AssetNode], bool]:
    if value == "<null>":
        return lambda node: not node.kinds
    return lambda node: value in node.kinds


_MATCHERS: dict[str, Callable[[str], Callable[[AssetNode], bool]]] = {
    "key": _key_matcher,
    "group": lambda value: lambda node: node.group == value,
    "kind": _kind_matcher,
    "tag": _tag_matcher,
    "owner": lambda value: lambda node: value in node.owners,
    "key_prefix": lambda value: lambda node: node.key.parts[: value.count("/") + 1] == tuple(value.split("/")),
    "key_substring": lambda value: lambda node: value in str(node.key),
}

# --- parsing ---------------------------------------------------------------------------------------------------------

_SHORT = re.compile(r"(\*|\+*)([A-Za-z0-9_./\-]+)(\*|\+*)")
_TOKEN = re.compile(r"""\s*(?:(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<sign>[()+:])|(?P<word>[^\s()+:"']+))""")
_WORDS = frozenset({"and", "or", "not"})


def parse(text: str) -> Node:
    """Read a selection. Raises SelectionError with the position of the mistake."""
    if not text.strip():
        raise SelectionError("the selection is empty; `*` selects everything.")
    short = _SHORT.fullmatch(text.strip())
    if short and short[2].lower() not in _WORDS:
        before, name, after = short.groups()
        node: Node = Keys((AssetKey.of(name),))
        return Around(node, _layers(before), _layers(after)) if before or after else node
    return _Parser(text).parse()


def _layers(signs: str) -> int | None:
    return None if signs == "*" else len(signs)


class _Parser:
    """Recursive descent over tokens (kind, value, position)."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[tuple[str, str, int]] = []
        position = 0
        while position < len(text.rstrip()):
            found = _TOKEN.match(text, position)
            if found is None:
                raise self._error("a quote is not closed", position)
            kind = found.lastgroup or ""
            value = found[kind]
            self._tokens.append((kind, value, found.start(kind)))
            position = found.end()
        self._at = 0

    def parse(self) -> Node:
        """The whole text."""
        node = self._or()
        if self._peek()[0]:
            _, value, position = self._peek()
            raise self._error(f"{value!r} is not expected here; join parts with `and` or `or`", position)
        return node

    def _peek(self) -> tuple[str, str, int]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("", "", len(self._text))

    def _take(self, value: str) -> bool:
        kind, found, _ = self._peek()
        if kind in ("sign", "word") and found.lower() == value:
            self._at += 1
            return True
        return False

    def _or(self) -> Node:
        parts = [self._and()]
        while self._take("or"):
            parts.append(self._and())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _and(self) -> Node:
        parts = [self._not()]
        while self._take("and"):
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _not(self) -> Node:
        return Not(self._not()) if self._take("not") else self._around()

    def _around(self) -> Node:
        start = self._at
        up: int | None = 0
        kind, value, _ = self._peek()
        if kind == "word" and value.isdigit() and self._following() == "+":
            self._at += 2
            up = int(value)
        elif self._take("+"):
            up = None
        node = self._primary()
        down: int | None = 0
        if self._take("+"):
            kind, value, position = self._peek()
            if kind == "word" and value.isdigit():
                self._at += 1
                down = int(value)
            else:
                down = None
            if self._peek()[1] == "+":
                raise self._error("two `+`: give the distance as a number, as in `key:x+2`", position)
        if up == 0 and down == 0:
            return node
        if isinstance(node, Keys):
            raise self._error(f"write `key:{node.keys[0]}` to use `+` within an expression", self._tokens[start][2])
        return Around(node, up, down)

    def _following(self) -> str:
        return self._tokens[self._at + 1][1] if self._at + 1 < len(self._tokens) else ""

    def _primary(self) -> Node:
        kind, value, position = self._peek()
        if not kind:
            raise self._error("something is missing at the end", position)
        if self._take("("):
            node = self._or()
            self._expect(")")
            return node
        if kind == "sign" or value.lower() in _WORDS:
            raise self._error(f"{value!r} is not expected here", position)
        self._at += 1
        if value == "*":
            return Everything()
        if self._peek()[:2] == ("sign", ":") and kind == "word":
            return self._attribute(value, position)
        if value in ("roots", "sinks") and self._take("("):
            node = self._or()
            self._expect(")")
            return Ends(value, node)
        return Keys((AssetKey.of(_unquoted(value)),))

    def _attribute(self, name: str, position: int) -> Node:
        if name not in ("key", "group", "kind", "tag", "owner"):
            known = ["key", "group", "kind", "tag", "owner"]
            raise self._error(
                f"{name!r} is not an attribute; there are {', '.join(known)}.{_nearest(name, known)}", position
            )
        self._at += 1
        value = ""
        while True:
            kind, part, at = self._peek()
            if kind not in ("word", "text") and not (part == ":" and value):
                break
            if value and self._text[at - 1].isspace():
                break
            value += _unquoted(part)
            self._at += 1
            if kind == "text":
                break
        if not value and self._tokens[self._at - 1][0] != "text":
            raise self._error(f"`{name}:` needs a value", position)
        if name == "key" and value == "*":
            raise self._error("`key:*` is everything: write `*`", position)
        if name != "key" and "*" in value:
            raise self._error(f"`*` stands only in `key:`, not in `{name}:`", position)
        return Attribute(name, value)

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise self._error(f"{sign!r} is missing", self._peek()[2])

    def _error(self, message: str, position: int) -> SelectionError:
        return SelectionError(f"selection {self._text!r}, at character {position + 1}: {message}.")


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text[:1] in ("'", '"') else text


def _quoted(text: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9_./=<>*\-]+", text):
        return text if text != "*" else '"*"'
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _wrapped(node: Node) -> str:
    single = isinstance(node, (Attribute, Everything, Ends)) or (isinstance(node, Keys) and len(node.keys) == 1)
    return str(node) if single else f"({node})"


def _nearest(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches  # only mistakes need it

    close = get_close_matches(name, list(known), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""
