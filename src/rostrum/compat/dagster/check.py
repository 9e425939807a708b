"""`dagster._check`: functions that look at an argument and return it, or raise `CheckError`.

The families follow one pattern: `str_param(obj, name)`, `opt_str_param(obj, name, default)` (None gives the default),
`str_elem(mapping, key)`, `opt_nullable_list_param(obj, name)` (None stays None).
"""

from __future__ import annotations

import inspect
import os
from collections import abc
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from rostrum.model.errors import ArgumentError, kind_of

CheckError = ParameterCheckError = ElementCheckError = ArgumentError
"""One class here; the names are kept apart for `except` clauses only."""


class NotImplementedCheckError(ArgumentError):
    """Something has not been implemented."""


def _told(kind: type | tuple[type, ...]) -> str:
    return " or ".join(each.__name__ for each in kind) if isinstance(kind, tuple) else kind.__name__


def _wrong(obj: Any, name: object, wanted: str, more: str | None = None) -> NoReturn:
    raise ArgumentError(
        f'Param "{name}" is not {wanted}: got {obj!r}, which is {kind_of(obj)}.{f" {more}" if more else ""}'
    )


def _is(obj: Any, kind: type | tuple[type, ...]) -> bool:
    if isinstance(obj, bool) and kind in (int, float, (int, float)):
        return False
    return isinstance(obj, (int, float) if kind is float else kind)


def inst_param(obj: Any, param_name: str, ttype: Any, additional_message: str | None = None) -> Any:
    """`obj`, which must be a `ttype` (a class or a tuple of classes)."""
    if not isinstance(obj, ttype):
        _wrong(obj, param_name, f"a {_told(ttype)}", additional_message)
    return obj


def opt_inst_param(
    obj: Any, param_name: str, ttype: Any, default: Any = None, additional_message: str | None = None
) -> Any:
    """As `inst_param`; None gives the default."""
    return default if obj is None else inst_param(obj, param_name, ttype, additional_message)


def inst(obj: Any, ttype: Any, additional_message: str | None = None) -> Any:
    """`obj`, which must be a `ttype`."""
    if not isinstance(obj, ttype):
        raise ArgumentError(f"{obj!r} is not a {_told(ttype)}.{f' {additional_message}' if additional_message else ''}")
    return obj


def opt_inst(obj: Any, ttype: Any, additional_message: str | None = None, default: Any = None) -> Any:
    """As `inst`; None gives the default."""
    return default if obj is None else inst(obj, ttype, additional_message)


def _scalar(kind: Any, wanted: str) -> tuple[Callable[..., Any], ...]:
    def param(obj: Any, param_name: str, additional_message: str | None = None) -> Any:
        if not _is(obj, kind):
            _wrong(obj, param_name, wanted, additional_message)
        return obj

    def opt_param(obj: Any, param_name: str, default: Any = None, additional_message: str | None = None) -> Any:
        return default if obj is None else param(obj, param_name, additional_message)

    def elem(ddict: Mapping[Any, Any], key: Any, additional_message: str | None = None) -> Any:
        if key not in ddict:
            raise ArgumentError(
                f"{key!r} is not in the dictionary; its keys are {', '.join(map(repr, ddict)) or 'none'}."
            )
        return param(ddict[key], key, additional_message)

    def opt_elem(ddict: Mapping[Any, Any], key: Any, default: Any = None, additional_message: str | None = None) -> Any:
        return opt_param(ddict.get(key), key, default, additional_message)

    return param, opt_param, elem, opt_elem


str_param, opt_str_param, str_elem, opt_str_elem = _scalar(str, "a str")
int_param, opt_int_param, int_elem, opt_int_elem = _scalar(int, "an int")
float_param, opt_float_param, float_elem, opt_float_elem = _scalar(float, "a float")
bool_param, opt_bool_param, bool_elem, opt_bool_elem = _scalar(bool, "a bool")
numeric_param, opt_numeric_param, _, _ = _scalar((int, float), "a number")


def opt_nonempty_str_param(
    obj: Any, param_name: str, default: Any = None, additional_message: str | None = None
) -> Any:
    """A str; None and the empty one give the default."""
    given = opt_str_param(obj, param_name, default, additional_message)
    return given or default


def int_value_param(obj: Any, value: int, param_name: str, additional_message: str | None = None) -> int:
    """`obj`, which must be the int `value`."""
    if not _is(obj, int) or obj != value:
        _wrong(obj, param_name, f"the int {value}", additional_message)
    return obj


def _collection(kind: Any, wanted: str, empty: Callable[[], Any]) -> tuple[Callable[..., Any], ...]:
    def param(obj: Any, param_name: str, of_type: Any = None, additional_message: str | None = None) -> Any:
        if not isinstance(obj, kind) or (kind is abc.Sequence and isinstance(obj, (str, bytes))):
            _wrong(obj, param_name, wanted, additional_message)
        if of_type is not None:
            for item in obj:
                if not isinstance(item, of_type):
                    _wrong(item, f"an item of {param_name}", f"a {_told(of_type)}", additional_message)
        return obj

    def opt_param(obj: Any, param_name: str, of_type: Any = None, additional_message: str | None = None) -> Any:
        return empty() if obj is None else param(obj, param_name, of_type, additional_message)

    def nullable(obj: Any, param_name: str, of_type: Any = None, additional_message: str | None = None) -> Any:
        return None if obj is None else param(obj, param_name, of_type, additional_message)

    def elem(ddict: Mapping[Any, Any], key: Any, of_type: Any = None, additional_message: str | None = None) -> Any:
        return param(ddict.get(key), key, of_type, additional_message)

    def opt_elem(ddict: Mapping[Any, Any], key: Any, of_type: Any = None, additional_message: str | None = None) -> Any:
        return opt_param(ddict.get(key), key, of_type, additional_message)

    return param, opt_param, nullable, elem, opt_elem


list_param, opt_list_param, opt_nullable_list_param, list_elem, opt_list_elem = _collection(list, "a list", list)
sequence_param, opt_sequence_param, opt_nullable_sequence_param, _, _ = _collection(abc.Sequence, "a sequence", list)
set_param, opt_set_param, opt_nullable_set_param, _, _ = _collection(abc.Set, "a set", set)
iterable_param, opt_iterable_param, opt_nullable_iterable_param, _, _ = _collection(abc.Iterable, "an iterable", list)
iterator_param, _, _, _, _ = _collection(abc.Iterator, "an iterator", lambda: iter(()))
generator_param, _, _, _, _ = _collection(abc.Generator, "a generator", lambda: None)
tuple_elem, opt_tuple_elem = _collection(tuple, "a tuple", tuple)[3:]


def opt_generator_param(obj: Any, param_name: str, additional_message: str | None = None) -> Any:
    """A generator, or None."""
    return None if obj is None else generator_param(obj, param_name, None, additional_message)


def generator(obj: Any) -> Any:
    """`obj`, which must be a generator."""
    return generator_param(obj, "generator")


def opt_generator(obj: Any) -> Any:
    """A generator, or None."""
    return None if obj is None else generator(obj)


def tuple_param(
    obj: Any, param_name: str, of_type: Any = None, of_shape: Any = None, additional_message: str | None = None
) -> Any:
    """A tuple, whose items are `of_type` or whose items are one by one of the types of `of_shape`."""
    inst_param(obj, param_name, tuple, additional_message)
    if of_shape is not None:
        if len(obj) != len(of_shape):
            _wrong(obj, param_name, f"a tuple of {len(of_shape)} items", additional_message)
        for item, kind in zip(obj, of_shape, strict=True):
            inst_param(item, f"an item of {param_name}", kind, additional_message)
    elif of_type is not None:
        for item in obj:
            inst_param(item, f"an item of {param_name}", of_type, additional_message)
    return obj


def opt_tuple_param(
    obj: Any,
    param_name: str,
    default: Any = None,
    of_type: Any = None,
    of_shape: Any = None,
    additional_message: str | None = None,
) -> Any:
    """As `tuple_param`; None gives the default."""
    return default if obj is None else tuple_param(obj, param_name, of_type, of_shape, additional_message)


opt_nullable_tuple_param = opt_tuple_param


def _mapping(kind: Any, wanted: str) -> tuple[Callable[..., Any], ...]:
    def param(
        obj: Any, param_name: str, key_type: Any = None, value_type: Any = None, additional_message: str | None = None
    ) -> Any:
        if not isinstance(obj, kind):
            _wrong(obj, param_name, wanted, additional_message)
        for key, value in obj.items():
            if key_type is not None:
                inst_param(key, f"a key of {param_name}", key_type, additional_message)
            if value_type is not None:
                inst_param(value, f"a value of {param_name}", value_type, additional_message)
        return obj

    def opt_param(
        obj: Any, param_name: str, key_type: Any = None, value_type: Any = None, additional_message: str | None = None
    ) -> Any:
        return {} if obj is None else param(obj, param_name, key_type, value_type, additional_message)

    def nullable(
        obj: Any, param_name: str, key_type: Any = None, value_type: Any = None, additional_message: str | None = None
    ) -> Any:
        return None if obj is None else param(obj, param_name, key_type, value_type, additional_message)

    def elem(obj: Mapping[Any, Any], key: Any, additional_message: str | None = None) -> Any:
        return param(obj.get(key), key, None, None, additional_message)

    return param, opt_param, nullable, elem


dict_param, opt_dict_param, opt_nullable_dict_param, dict_elem = _mapping(dict, "a dict")
mapping_param, opt_mapping_param, opt_nullable_mapping_param, _ = _mapping(abc.Mapping, "a mapping")


def opt_dict_elem(obj: Mapping[Any, Any], key: Any, additional_message: str | None = None) -> Any:
    """The dict under `key`; an empty one where there is none."""
    return opt_dict_param(obj.get(key), key, additional_message=additional_message)


def opt_nullable_dict_elem(obj: Mapping[Any, Any], key: Any, additional_message: str | None = None) -> Any:
    """The dict under `key`, or None."""
    return opt_nullable_dict_param(obj.get(key), key, additional_message=additional_message)


def two_dim_mapping_param(obj: Any, param_name: str, key_type: Any = str, value_type: Any = None) -> Any:
    """A mapping of mappings."""
    mapping_param(obj, param_name, key_type, abc.Mapping)
    for inner in obj.values():
        mapping_param(inner, param_name, key_type, value_type)
    return obj


def two_dim_dict_param(obj: Any, param_name: str, key_type: Any = str, value_type: Any = None) -> Any:
    """A dict of dicts."""
    dict_param(obj, param_name, key_type, dict)
    return two_dim_mapping_param(obj, param_name, key_type, value_type)


def opt_two_dim_dict_param(obj: Any, param_name: str, key_type: Any = str, value_type: Any = None) -> Any:
    """A dict of dicts; None gives an empty one."""
    return {} if obj is None else two_dim_dict_param(obj, param_name, key_type, value_type)


def two_dim_list_param(obj: Any, param_name: str, of_type: Any = None) -> Any:
    """A list of lists."""
    list_param(obj, param_name, list)
    for inner in obj:
        list_param(inner, param_name, of_type)
    return obj


def callable_param(obj: Any, param_name: str, additional_message: str | None = None) -> Any:
    """`obj`, which must be callable."""
    return obj if callable(obj) else _wrong(obj, param_name, "callable", additional_message)


def opt_callable_param(obj: Any, param_name: str, default: Any = None, additional_message: str | None = None) -> Any:
    """As `callable_param`; None gives the default."""
    return default if obj is None else callable_param(obj, param_name, additional_message)


def is_callable(obj: Any, additional_message: str | None = None) -> Any:
    """`obj`, which must be callable."""
    return callable_param(obj, "obj", additional_message)


def class_param(
    obj: Any, param_name: str, superclass: type | None = None, additional_message: str | None = None
) -> Any:
    """`obj`, which must be a class (below `superclass`)."""
    if not isinstance(obj, type) or (superclass is not None and not issubclass(obj, superclass)):
        wanted = "a class" if superclass is None else f"a class below {superclass.__name__}"
        _wrong(obj, param_name, wanted, additional_message)
    return obj


def opt_class_param(obj: Any, param_name: str, default: Any = None, superclass: type | None = None) -> Any:
    """As `class_param`; None gives the default."""
    return default if obj is None else class_param(obj, param_name, superclass)


def literal_param(obj: Any, param_name: str, values: Any, additional_message: str | None = None) -> Any:
    """`obj`, which must be one of `values`."""
    return obj if obj in values else _wrong(obj, param_name, f"one of {list(values)}", additional_message)


def opt_literal_param(obj: Any, param_name: str, values: Any, default: Any = None) -> Any:
    """As `literal_param`; None gives the default."""
    return default if obj is None else literal_param(obj, param_name, values)


def path_param(obj: Any, param_name: str, additional_message: str | None = None) -> str:
    """A path as text."""
    inst_param(obj, param_name, (str, os.PathLike), additional_message)
    return str(obj)


def opt_path_param(obj: Any, param_name: str, default: Any = None, additional_message: str | None = None) -> Any:
    """As `path_param`; None gives the default."""
    return default if obj is None else path_param(obj, param_name, additional_message)


def not_none_param(obj: Any, param_name: str, additional_message: str | None = None) -> Any:
    """`obj`, which must not be None."""
    return _wrong(obj, param_name, "anything but None", additional_message) if obj is None else obj


def not_none(value: Any, additional_message: str | None = None) -> Any:
    """`value`, which must not be None."""
    if value is None:
        raise ArgumentError(f"Expected non-None value{f': {additional_message}' if additional_message else '.'}")
    return value


def invariant(condition: Any, desc: str | None = None) -> bool:
    """True; raises where the condition does not hold."""
    if not condition:
        raise ArgumentError(f"Invariant failed.{f' Description: {desc}' if desc else ''}")
    return True


def param_invariant(condition: Any, param_name: str, desc: str | None = None) -> None:
    """Raise where what is known of a parameter does not hold."""
    if not condition:
        raise ArgumentError(f"Invariant violation for parameter {param_name}.{f' Description: {desc}' if desc else ''}")


def failed(desc: str) -> NoReturn:
    """Raise."""
    raise ArgumentError(f"Failure condition: {desc}")


def assert_never(value: object) -> NoReturn:
    """Raise: this should not have been reached."""
    raise ArgumentError(f"Unhandled value: {value!r} ({type(value).__name__})")


def not_implemented(desc: str) -> NoReturn:
    """Raise: this is not implemented."""
    raise NotImplementedCheckError(f"Not implemented: {desc}")


def is_list(obj: Any, of_type: Any = None, additional_message: str | None = None) -> Any:
    """`obj`, which must be a list."""
    return list_param(obj, "obj", of_type, additional_message)


def is_dict(obj: Any, key_type: Any = None, value_type: Any = None, additional_message: str | None = None) -> Any:
    """`obj`, which must be a dict."""
    return dict_param(obj, "obj", key_type, value_type, additional_message)


def is_iterable(obj: Any, of_type: Any = None, additional_message: str | None = None) -> Any:
    """`obj`, which must be iterable."""
    return iterable_param(obj, "obj", of_type, additional_message)


def is_tuple(obj: Any, of_type: Any = None, of_shape: Any = None, additional_message: str | None = None) -> Any:
    """`obj`, which must be a tuple."""
    return tuple_param(obj, "obj", of_type, of_shape, additional_message)


def checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose arguments are looked at by their annotations, as far as those are plain classes."""
    signature = inspect.signature(function)
    kinds = {name: each.annotation for name, each in signature.parameters.items() if isinstance(each.annotation, type)}
    kinds.pop("self", None)
    if not kinds or inspect.Parameter.empty in kinds.values():
        kinds = {name: kind for name, kind in kinds.items() if kind is not inspect.Parameter.empty}
    if not kinds:
        return function
    import functools

    @functools.wraps(function)
    def looked_at(*given: Any, **named: Any) -> Any:
        for name, value in signature.bind(*given, **named).arguments.items():
            if name in kinds:
                inst_param(value, name, kinds[name])
        return function(*given, **named)

    return looked_at
