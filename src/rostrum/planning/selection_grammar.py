"""Reading selections of assets. Two grammars are tried.

A single clause in the short form: a key (`orders`, `shop/orders`), with a sign for each layer upstream before it and
downstream after it (`orders+` one layer, `orders++` two, `orders*` all). The key must exist.

Expressions: `key:`, `group:`, `kind:`, `tag:`, `owner:` with values (quoted where they hold other characters than
letters, digits, `_`, `-`, `.`, `/`), `*` for everything that can be made, `+x` upstream and `x+` downstream of x (a
number limits the distance: `2+key:x`, `key:x+1`), `roots(...)`, `sinks(...)`, `not`, `and`, `or`, parentheses. A bare
key is no part of an expression: write `key:orders`. A `key:` that nothing matches selects nothing.
"""

from __future__ import annotations

import re

from rostrum.model.assets import AssetKey
from rostrum.model.errors import SelectionError
from rostrum.planning.graph import AssetGraph
from rostrum.planning.selection import REMOTE, And, Around, Attribute, Ends, Everything, Keys, Node, Not, Or

ATTRIBUTES = ("key", "group", "kind", "tag", "owner")

_SHORT = re.compile(r"(\*|\+*)([A-Za-z0-9_./\-]+)(\*|\+*)")
_TOKEN = re.compile(r"""\s*(?:(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<sign>[()+:])|(?P<word>[^\s()+:"']+))""")
_PLAIN = re.compile(r"[A-Za-z0-9_./\-=*]+|<null>")
_WORDS = frozenset({"and", "or", "not"})


def resolve(text: str, graph: AssetGraph) -> list[AssetKey]:
    """Keys that a text selects, in the graph's order. Raises SelectionError, or SubsetError for a key that there is
    none of.
    """
    keys = parse(text).resolve(graph)
    return [key for key in graph.nodes if key in keys]


def parse(text: str, *, external: bool = True) -> Node:
    """Read a selection. Without `external`, attributes select what can be made only.

    Raises SelectionError with the position of the mistake.
    """
    if not text.strip():
        raise SelectionError("Invalid selection string: it is empty; `*` selects everything.")
    short = _SHORT.fullmatch(text.strip())
    if short and short[2].lower() not in _WORDS:
        before, name, after = short.groups()
        node: Node = Keys((AssetKey.of(name),))
        return Around(node, _layers(before), _layers(after)) if before or after else node
    try:
        return _Parser(text, external).parse()
    except RecursionError:
        raise SelectionError("Invalid selection string: its parts are nested too deeply.") from None


def _layers(signs: str) -> int | None:
    return None if signs == "*" else len(signs)


class _Parser:
    """Recursive descent over tokens (kind, value, position)."""

    def __init__(self, text: str, external: bool) -> None:
        self._text, self._external = text, external
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
        if kind in ("sign", "word") and found in (value, value.upper()):
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
        if value == "*" and kind == "word":
            return Everything()
        if self._peek()[:2] == ("sign", ":") and kind == "word":
            return self._attribute(value, position)
        if value in ("roots", "sinks") and self._take("("):
            node = self._or()
            self._expect(")")
            return Ends(value, node)
        if "," in value.strip(","):
            joined = " or ".join(f"key:{part}" for part in value.split(",") if part)
            raise self._error(f"several keys are joined by `or`: `{joined}`", position)
        raise self._error(f"in an expression a key is written `key:{value}`", position)

    def _attribute(self, name: str, position: int) -> Node:
        if name not in ATTRIBUTES and name not in REMOTE:
            known = ", ".join(ATTRIBUTES)
            raise self._error(f"{name!r} is not an attribute; there are {known}.{_nearest(name)}", position)
        self._at += 1
        value = self._value(name)
        if name == "key" and value == "*":
            raise self._error("`key:*` is everything: write `*`", position)
        if name != "key" and "*" in value and self._tokens[self._at - 1][0] == "word":
            raise self._error(f"`*` stands only in `key:`, not in `{name}:`", position)
        return Attribute(name, value, self._external)

    def _value(self, name: str) -> str:
        """Value of an attribute: a word or a quoted text; a tag may be a pair of them, joined by `=`."""
        kind, part, position = self._peek()
        if kind not in ("word", "text") or self._text[position - 1].isspace():
            raise self._error(f"`{name}:` needs a value", position)
        if kind == "word" and not _PLAIN.fullmatch(part):
            raise self._error(f'quote the value: `{name}:"{part}"`', position)
        self._at += 1
        value = _unquoted(part)
        following, text, _ = self._peek()
        if name == "tag" and kind == "text" and following == "word" and text.startswith("="):
            self._at += 1
            value += text
            if text == "=":
                value += _unquoted(self._peek()[1])
                self._at += 1
        elif name == "tag" and kind == "word" and value.endswith("=") and following == "text":
            value += _unquoted(text)
            self._at += 1
        elif text == ":":
            raise self._error(f'quote a value that holds a colon: `{name}:"..."`', position)
        return value

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise self._error(f"{sign!r} is missing", self._peek()[2])

    def _error(self, message: str, position: int) -> SelectionError:
        told = f"{message.removesuffix('.')}." if not message.endswith("?") else message
        return SelectionError(f"Invalid selection string {self._text!r}, at character {position + 1}: {told}")


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text[:1] in ("'", '"') else text


def _nearest(name: str) -> str:
    from difflib import get_close_matches  # only mistakes need it

    close = get_close_matches(name, ATTRIBUTES, n=1)
    return f" Did you mean {close[0]!r}?" if close else ""
