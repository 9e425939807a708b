"""Which annotations of inputs and outputs say something that can be checked. Those that do not are refused where the
definition is made, since the check that they seem to ask for would never happen.
"""

from __future__ import annotations

import collections.abc
import types
from collections.abc import Iterable
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from rostrum.definitions.events.outputs import inner_type
from rostrum.definitions.ops.signatures import MISSING
from rostrum.model.errors import DefinitionError

_GENERATOR_FLAGS = 0x20 | 0x200  # CO_GENERATOR, CO_ASYNC_GENERATOR
_STREAMS = (
    collections.abc.Iterator,
    collections.abc.Generator,
    collections.abc.AsyncIterator,
    collections.abc.AsyncGenerator,
)
_FINE: set[Any] = set()


def check_annotations(what: str, function: Any, inputs: Iterable[Any], outputs: Iterable[Any]) -> frozenset[str]:
    """Keys of the resources that types with checks and loaders of their own use. Raises DefinitionError for an
    annotation that cannot be checked.
    """
    keys: frozenset[str] = frozenset()
    for each in inputs:
        if type(each.annotation) is not type and each.annotation is not MISSING:
            _check(f"{what}: Problem using type {{}} from type annotation for argument {each.name!r}", each.annotation)
            keys |= _resource_keys(each.annotation)
    for each in outputs:
        annotation = each.annotation
        if type(annotation) is not type and annotation is not MISSING and not _streams(annotation, function):
            _check(f"{what}: Problem using type {{}} from return type annotation", annotation)
            keys |= _resource_keys(annotation)
    return keys


def _resource_keys(annotation: Any) -> frozenset[str]:
    keys: frozenset[str] = getattr(annotation, "required_resource_keys", frozenset())
    loader = getattr(annotation, "loader", None)
    return keys | loader.required_resource_keys() if loader is not None else keys


def _streams(annotation: Any, function: Any) -> bool:
    """A generator's annotation tells what it yields, which are outputs and events."""
    if get_origin(annotation) not in _STREAMS and annotation not in _STREAMS:
        return False
    code = getattr(function, "__code__", None)
    return code is None or bool(code.co_flags & _GENERATOR_FLAGS)


def _check(message: str, annotation: Any) -> None:
    try:
        if annotation in _FINE:
            return
    except TypeError:
        pass
    problem = annotation_problem(annotation)
    if problem is not None:
        shown = str(annotation).replace("typing.", "")
        raise DefinitionError(f"{message.format(shown)}: {problem}")
    try:
        _FINE.add(annotation)
    except TypeError:
        pass


def annotation_problem(annotation: Any) -> str | None:
    """What is wrong with an annotation, and what to do; None for one that says what can be checked."""
    annotation = inner_type(annotation, MISSING)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return annotation_problem(arguments[0])
    if origin in (Union, types.UnionType):
        others = [each for each in arguments if each is not type(None)]
        if len(others) == 1:
            return annotation_problem(others[0])
        return "a union of types is not checked. Use Any, or a DataType with a check of your own."
    if origin is Literal:
        return "Literal is not checked. Use the type of the values, or a DataType with a check of your own."
    if origin is collections.abc.Callable or annotation is collections.abc.Callable:
        return "functions are no values that steps hand on. Use Any."
    if origin in _STREAMS or annotation in _STREAMS:
        return "an iterator can be read once only, so it is no value. Use a list, or Any; or make it a generator."
    if origin in (list, dict, set, frozenset, tuple):
        return next((told for each in arguments if (told := annotation_problem(each)) is not None), None)
    return None
