"""Rules for names, keys, groups, owners, tags, kinds: what is allowed and how a mistake is told."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, cast

from rostrum.definitions.sources import user_level
from rostrum.model.assets import AssetKey
from rostrum.model.errors import ArgumentError, DefinitionError, kind_of


class HasKey(Protocol):
    """A definition of one asset: an `AssetSpec` or an `AssetsDefinition`."""

    @property
    def key(self) -> AssetKey:
        """Key of the asset."""
        ...


KeyLike = str | Sequence[str] | AssetKey
"""A key: text (one segment), segments, or an `AssetKey`."""
AssetLike = KeyLike | HasKey
"""A key, or a definition that has one."""

_NAME = re.compile(r"[A-Za-z0-9_]+")
_SEGMENT = re.compile(r"[A-Za-z0-9_.\-]+")
_GROUP = re.compile(r"[A-Za-z0-9_]+(/[A-Za-z0-9_]+)*")
_EMAIL = re.compile(r"[^@\s]+@([A-Za-z0-9-]+\.)+[A-Za-z]{2,}")
_TAG_PART = re.compile(r"[A-Za-z0-9_.\-]{1,63}")
_RESERVED = frozenset({"input", "output", "type", "context", "conf", "config", "int", "None", *keyword.kwlist})


def check_name(name: str, what: str) -> str:
    """The name when it is allowed: letters, digits and underscores, not a reserved word. Raises DefinitionError."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise DefinitionError(f"{name!r} is not a valid name of {_of(what)}: use letters, digits and underscores only.")
    if name in _RESERVED:
        raise DefinitionError(f"{name!r} is not a valid name of {_of(what)}: it is reserved. Give another (name=...).")
    return name


def _of(what: str) -> str:
    return f"{'an' if what[:1] in 'aeio' else 'a'} {what}"


def check_segment(segment: str) -> str:
    """A segment of an asset key when it is allowed: letters, digits, `_`, `-` and `.`."""
    if not isinstance(segment, str) or not _SEGMENT.fullmatch(segment):
        raise DefinitionError(
            f"{segment!r} is not a valid part of an asset key: use letters, digits, `_`, `-` and `.`; give several "
            "parts as a list."
        )
    return segment


def asset_key_of(key: Any) -> AssetKey:
    """An asset key from a string (one segment), a sequence of segments, a key, or anything that has a `key`."""
    if isinstance(key, AssetKey):
        return key
    if isinstance(key, str):
        return AssetKey((key,))
    if isinstance(key, (list, tuple)):
        return AssetKey(tuple(cast("Sequence[str]", key)))
    own = getattr(key, "key", None)
    if isinstance(own, AssetKey):
        return own
    raise DefinitionError(f"{key!r} is not an asset key: give a string, a list of strings, an AssetKey or an asset.")


def group_problem(group: Any) -> str | None:
    """What is wrong with a group name, or None."""
    if isinstance(group, str) and _GROUP.fullmatch(group):
        return None
    return f"{group!r} is not a valid group: use letters, digits and underscores, `/` between parts."


def owner_problem(owner: Any) -> str | None:
    """What is wrong with an owner, or None."""
    if isinstance(owner, str) and ((owner.startswith("team:") and len(owner) > 5) or _EMAIL.fullmatch(owner)):
        return None
    return f"{owner!r} is not a valid owner: give an e-mail address or `team:name`."


def tag_problem(key: Any, value: Any) -> str | None:
    """What is wrong with an asset tag, or None."""
    if not isinstance(key, str) or not isinstance(value, str):
        return f"tag {key!r}={value!r}: keys and values are strings."
    parts = key.split("/")
    if len(parts) > 2 or not all(_TAG_PART.fullmatch(part) for part in parts):
        return f"tag key {key!r}: use letters, digits, `_`, `-` and `.`, at most 63, optionally `namespace/` before."
    if value and not _TAG_PART.fullmatch(value):
        return f"tag {key!r} has the value {value!r}: use letters, digits, `_`, `-` and `.`, at most 63."
    return None


_NO_TAGS: Mapping[str, str] = {}
_NO_KINDS: frozenset[str] = frozenset()


def kinds_of(tags: Mapping[str, str] | None, kinds: Iterable[str] | None) -> tuple[Mapping[str, str], frozenset[str]]:
    """Tags without those that tell a kind (`<any>/kind/<kind>`), and all kinds."""
    if isinstance(kinds, str):
        raise DefinitionError(f"kinds takes a set of words; {kinds!r} is one.")
    found = frozenset(kinds) if kinds else _NO_KINDS
    if not tags:
        return _NO_TAGS, found
    if not isinstance(tags, Mapping):
        raise DefinitionError(f"tags takes a mapping of text to text, not {kind_of(tags)}.")
    named = {key: key.partition("/kind/")[2] for key in tags if isinstance(key, str) and "/kind/" in key}
    if not named:
        return tags, found
    return {key: value for key, value in tags.items() if key not in named}, found | frozenset(named.values())


def hidden_options(what: str, given: Mapping[str, Any], allowed: Sequence[str]) -> None:
    """Refuse unknown keyword arguments; warn of those that are still taken and do nothing any more."""
    import warnings  # only old code comes here

    for name, value in given.items():
        if name not in allowed:
            raise TypeError(f"{what}() got an unexpected keyword argument {name!r}")
        if value is not None:
            warnings.warn(
                f"{what}: {name} is deprecated and has no effect.", DeprecationWarning, stacklevel=user_level()
            )


def string_tags(tags: Mapping[str, Any] | None) -> dict[str, str]:
    """Tags of ops, jobs and runs: values that are not strings are written as JSON.

    Raises ArgumentError for a value that is no JSON.
    """
    if not tags:
        return {}
    return {str(key): value if isinstance(value, str) else _as_json(str(key), value) for key, value in tags.items()}


def _as_json(key: str, value: Any) -> str:
    import json  # few tags need it

    try:
        return json.dumps(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise ArgumentError(
            f"tag {key!r} is {kind_of(value)}: {error}. The value of a tag is text, or what JSON can write."
        ) from None


def nearest(name: str, known: Iterable[str]) -> str:
    """` Did you mean 'x'?` for a name close to a known one, else an empty text."""
    from difflib import get_close_matches  # only mistakes need it

    close = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f" Did you mean {close[0]!r}?" if close else ""
