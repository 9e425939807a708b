"""What users' own classes mean: partition mappings and automation conditions that are code and no data.

The manifest has a name in their place. In processes that have loaded the code (workers, the code server, scripts) the
name leads to the object, in others to nothing: there `find` raises.
"""

from __future__ import annotations

import re
from typing import Any, cast

from rostrum.model.errors import InvocationError

_live: dict[str, tuple[type[Any], Any]] = {}
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
_OURS = frozenset({"_spec", "_own_spec", "_node"})
_LONGEST = 200


def name_of(owner: object, meaning: Any) -> str:
    """Keep what an object means; the name is made of its class and attributes, and is its own.

    Objects of one class with equal attributes share a name, and so a meaning. Attributes that do not tell what they
    are (functions) are never shared, nor are classes that only have the same name: those are numbered.
    """
    kind = type(owner)
    fields = ", ".join(f"{name}={_told(value)}" for name, value in _attributes(owner).items())
    told = _ADDRESS.sub("", fields)
    base = name = f"{kind.__module__}.{kind.__qualname__}" + (f"({_short(told)})" if told else "")
    number = 1
    while name in _live and (told != fields or _live[name][0] is not kind):
        number += 1
        name = f"{base}#{number}"
    _live[name] = (kind, meaning)
    return name


def find(name: str, what: str) -> Any:
    """What a name stands for. Raises InvocationError where the code is not loaded."""
    if name not in _live:
        raise InvocationError(f"{what} {name} is user code: it is known only where the code location is loaded.")
    return _live[name][1]


def _attributes(owner: Any) -> dict[str, Any]:
    fields = getattr(owner, "_asdict", None)  # of a named tuple
    found: dict[str, Any] = {**(fields() if fields is not None else {}), **getattr(owner, "__dict__", {})}
    return {name: value for name, value in found.items() if name not in _OURS}


def _told(value: Any) -> str:
    """As `repr`, with sets in order: their own is another one in each process."""
    if isinstance(value, (set, frozenset)):
        return "{" + ", ".join(sorted(map(repr, cast("set[Any]", value)))) + "}"
    return repr(value)


def _short(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    import hashlib  # long attributes are rare

    return f"{text[:_LONGEST]}... {hashlib.blake2b(text.encode(), digest_size=8).hexdigest()}"
