"""Checks of values against the annotations of user functions: made once from an annotation, then called for each
value.

Rules: `int` takes bool, `float` does not take int, bare containers check the container, `list[T]` and the like look
inside, any other class means isinstance; what cannot be checked (`Any`, `Sequence[T]`, type variables) is not.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin

from rostrum.definitions.outputs import inner_type
from rostrum.definitions.signatures import MISSING

Check = Callable[[Any], bool]

_made: dict[Any, Check | None] = {}


def type_check(annotation: Any) -> Check | None:
    """The check that an annotation asks for, None when it asks for nothing that can be checked."""
    annotation = inner_type(annotation, MISSING)
    try:
        if annotation not in _made:
            _made[annotation] = _make(annotation)
        return _made[annotation]
    except TypeError:  # an annotation that cannot be hashed
        return _make(annotation)


def type_name(annotation: Any) -> str:
    """How an annotation is shown."""
    annotation = inner_type(annotation, MISSING)
    if annotation is MISSING:
        return "Any"
    return (
        annotation.__name__
        if isinstance(annotation, type) and not get_args(annotation)
        else str(annotation).replace("typing.", "")
    )


def _make(annotation: Any) -> Check | None:
    if annotation in (MISSING, Any, object) or isinstance(annotation, str):
        return None
    if annotation is None or annotation is type(None):
        return None  # Nothing: no value is passed, which the rules of outputs check
    origin = get_origin(annotation)
    if origin is None:
        return (
            (lambda value: isinstance(value, annotation))
            if isinstance(annotation, type) and not _is_protocol(annotation)
            else None
        )
    return _generic(origin, get_args(annotation))


def _is_protocol(annotation: type) -> bool:
    return bool(getattr(annotation, "_is_protocol", False))


def _generic(origin: Any, inner: tuple[Any, ...]) -> Check | None:
    if origin is Annotated:
        return type_check(inner[0])
    if origin in (Union, types.UnionType):
        return _union(inner)
    if origin is Literal:
        return lambda value: any(value == each and type(value) is type(each) for each in inner)
    if origin in (list, set, frozenset):
        return _items(origin, type_check(inner[0]) if inner else None)
    if origin is dict:
        return _dict(*(type_check(each) for each in inner))
    if origin is tuple:
        return _tuple(inner)
    if isinstance(origin, type) and origin.__module__ not in ("collections.abc", "typing"):
        return lambda value: isinstance(value, origin)
    return None


def _items(container: type, item: Check | None) -> Check:
    if item is None:
        return lambda value: isinstance(value, container)
    return lambda value: isinstance(value, container) and all(map(item, value))


def _dict(key: Check | None, item: Check | None) -> Check:
    def check(value: Any) -> bool:
        if not isinstance(value, dict):
            return False
        entries = cast("dict[Any, Any]", value)
        return (key is None or all(map(key, entries))) and (item is None or all(map(item, entries.values())))

    return check


def _union(inner: tuple[Any, ...]) -> Check | None:
    checks: list[Check] = []
    for each in inner:
        check = _is_none if each is type(None) else type_check(each)
        if check is None:
            return None
        checks.append(check)
    return lambda value: any(check(value) for check in checks)


def _is_none(value: Any) -> bool:
    return value is None


def _tuple(inner: tuple[Any, ...]) -> Check:
    if len(inner) == 2 and inner[1] is Ellipsis:
        return _items(tuple, type_check(inner[0]))
    checks = [type_check(each) for each in inner]

    def check(value: Any) -> bool:
        if not isinstance(value, tuple) or len(entries := cast("tuple[Any, ...]", value)) != len(checks):
            return False
        return all(each is None or each(entry) for each, entry in zip(checks, entries, strict=True))

    return check
