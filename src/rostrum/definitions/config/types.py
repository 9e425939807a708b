"""Types of values: what annotations of ops and assets mean, and types with checks of the user's own.

A type is a Python annotation, or a `DataType`: a name and a function that says whether a value fits. `data_type` gives
the `DataType` that stands for any annotation, with the name that screens show (`[Int]`, `Dict[String,Int]`, `Int?`).
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin, is_typeddict

from rostrum.definitions.config.annotation_rules import annotation_problem
from rostrum.definitions.config.annotations import type_name
from rostrum.definitions.events.outputs import inner_type
from rostrum.definitions.ops.logs import get_logger
from rostrum.definitions.ops.signatures import MISSING
from rostrum.definitions.records import Record
from rostrum.model.errors import ArgumentError, DefinitionError, InvariantError, kind_of
from rostrum.model.metadata import metadata_values


class TypeCheck(Record):
    """Verdict of a type's function, with what it can tell about the value."""

    __slots__ = ("description", "metadata", "success")

    def __init__(
        self, success: bool, description: str | None = None, metadata: Mapping[str, Any] | None = None
    ) -> None:
        self.success, self.description = success, description
        self.metadata = metadata_values(dict(metadata or {}))

    def __bool__(self) -> bool:
        return self.success

    def __repr__(self) -> str:
        return f"TypeCheck(success={self.success}, description={self.description!r})"


class TypeCheckContext:
    """What a type's function may use."""

    __slots__ = ("_log", "resources", "run_id")

    def __init__(self, run_id: str | None = None, log: Any = None, resources: Any = None) -> None:
        self.run_id, self._log, self.resources = run_id, log, resources

    @property
    def log(self) -> Any:
        """Logger whose lines are kept with the run."""
        return self._log or get_logger()


class DataType:
    """A type with a check of its own. Used as an annotation, or in `In` and `Out`.

    `type_check_fn(context, value)` returns a bool or a `TypeCheck`; `loader` makes values of config for inputs that
    nothing is connected to.
    """

    def __init__(
        self,
        type_check_fn: Callable[[Any, Any], Any],
        key: str | None = None,
        name: str | None = None,
        is_builtin: bool = False,
        description: str | None = None,
        loader: Any = None,
        required_resource_keys: Any = None,
        kind: str = "REGULAR",
        typing_type: Any = Any,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        if not callable(type_check_fn):
            raise ArgumentError(f"type_check_fn is {type_check_fn!r}; it must be a function of context and value.")
        if key is None and not name:
            raise ArgumentError("a type needs a name.")
        self._check, self._name, self.key = type_check_fn, name, key or cast(str, name)
        self.is_builtin, self.description, self.kind = is_builtin, description, kind
        self.loader, self.typing_type = loader, typing_type
        self.required_resource_keys = frozenset(required_resource_keys or ())
        self.metadata = metadata_values(dict(metadata or {}))

    def __repr__(self) -> str:
        return f"<type {self.display_name}>"

    def __or__(self, other: Any) -> Any:
        return Union[self, other]  # noqa: UP007 - it is no class

    def __call__(self) -> None:
        """`typing` takes only what can be called as an annotation."""
        raise TypeError(f"{self!r} makes no values")

    @property
    def display_name(self) -> str:
        """Name that screens show."""
        return self._name or self.key

    @property
    def unique_name(self) -> str:
        """The name. Raises InvariantError for a type without one."""
        if self._name is None:
            raise InvariantError(f"the type {self.key} has no name of its own.")
        return self._name

    @property
    def has_unique_name(self) -> bool:
        """Whether it has a name of its own."""
        return self._name is not None

    @property
    def inner_types(self) -> list[DataType]:
        """Types inside."""
        return []

    @property
    def type_param_keys(self) -> list[str]:
        """Keys of the types inside."""
        return [each.key for each in self.inner_types]

    @property
    def is_any(self) -> bool:
        """True where any value fits."""
        return self.display_name == "Any"

    @property
    def is_nothing(self) -> bool:
        """True for the type of inputs that only order steps."""
        return self.display_name == "Nothing"

    @property
    def supports_fan_in(self) -> bool:
        """True where several outputs may be connected."""
        return self.is_any or self.is_nothing

    @property
    def loader_schema_key(self) -> str | None:
        """Name of the loader's schema."""
        return self.loader.schema_type.shown if self.loader is not None else None

    def get_inner_type_for_fan_in(self) -> DataType:
        """Type of each of several connected values."""
        return self

    def type_check(self, context: Any, value: Any) -> TypeCheck:
        """The verdict of the function. Raises InvariantError when it returns neither a bool nor a TypeCheck."""
        verdict = self._check(context, value)
        if isinstance(verdict, TypeCheck):
            return verdict
        if type(verdict) is not bool:
            raise InvariantError(
                f"the type check of {self.display_name} returned {verdict!r}, {kind_of(verdict)}; it must "
                "return a bool or a TypeCheck."
            )
        return TypeCheck(verdict, None if verdict else _told(self.display_name, value))


class PythonType(DataType):
    """Values of a Python class, or of one of several."""

    def __init__(
        self, python_type: type[Any] | tuple[type[Any], ...], key: str | None = None, name: str | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        self.python_type = python_type
        many = python_type if isinstance(python_type, tuple) else (python_type,)
        if not many or not all(isinstance(each, type) for each in many):
            raise ArgumentError(f"python_type is {python_type!r}; it must be a class or a tuple of classes.")
        name = name or "|".join(each.__name__ for each in many)
        super().__init__(self._fits, key, name, typing_type=Union[many], **kwargs)  # noqa: UP007 - made of a tuple

    @property
    def type_str(self) -> str:
        """The classes by name."""
        return self.display_name

    def _fits(self, context: Any, value: Any) -> TypeCheck:
        if isinstance(value, self.python_type):
            return TypeCheck(True)
        return TypeCheck(False, _told(self.display_name, value))


class AnnotatedType(DataType):
    """The type that an annotation stands for."""

    def __init__(self, annotation: Any) -> None:
        self.annotation = annotation
        self._fits_value = value_check(annotation)
        name = type_name(annotation)
        super().__init__(self._fits, name=name, is_builtin=True, typing_type=annotation)

    @property
    def inner_types(self) -> list[DataType]:
        """Types of the items, keys and values."""
        return [data_type(each) for each in get_args(self.annotation) if each not in (Ellipsis, type(None))]

    def _fits(self, context: Any, value: Any) -> Any:
        if self._fits_value is None:
            return True
        return self._fits_value(value)


Check = Callable[[Any], Any]
"""Says whether a value fits: a bool, or a `TypeCheck`."""
_registered: dict[type[Any], DataType] = {}
_checks: dict[Any, Check | None] = {}


def data_type(annotation: Any) -> DataType:
    """The type that an annotation stands for. Raises DefinitionError for one that stands for none."""
    if isinstance(annotation, DataType):
        return annotation
    found = _registered_type(annotation)
    if found is not None:
        return found
    problem = annotation_problem(annotation)
    if problem is not None:
        raise DefinitionError(f"Problem using type {annotation!r}: {problem}")
    return AnnotatedType(annotation)


def _registered_type(annotation: Any) -> DataType | None:
    if not isinstance(annotation, type):
        return None
    return annotation.__dict__.get("__rostrum_type__") or _registered.get(annotation)


def make_python_type_usable_as_data_type(python_type: type[Any], dagster_type: DataType) -> None:
    """From now on the annotation `python_type` stands for this type. Raises DefinitionError when it has one."""
    if not isinstance(dagster_type, DataType):
        raise ArgumentError(f"{dagster_type!r} is no DataType.")
    known = _registered_type(python_type)
    if known is not None and known is not dagster_type:
        raise DefinitionError(f"{python_type.__name__} stands for the type {known.display_name} already.")
    _registered[python_type] = dagster_type
    _checks.pop(python_type, None)


def usable_as_data_type(name: Any = None, description: str | None = None, loader: Any = None) -> Any:
    """Class decorator: the class is an annotation with this name, description and loader. Bare or called."""

    def decorate(cls: type[Any]) -> type[Any]:
        own = name if isinstance(name, str) else cls.__name__
        cls.__rostrum_type__ = PythonType(cls, name=own, description=description or cls.__doc__, loader=loader)
        return cls

    return decorate(name) if isinstance(name, type) else decorate


def check_data_type(dagster_type: Any, value: Any) -> TypeCheck:
    """Check a value outside of a run, for tests. Takes a type or an annotation."""
    return data_type(dagster_type).type_check(TypeCheckContext(), value)


def value_check(annotation: Any) -> Check | None:
    """The check that an annotation asks for, None when it asks for nothing that can be checked. A check gives a bool
    or a TypeCheck.
    """
    annotation = inner_type(annotation, MISSING)
    try:
        if annotation not in _checks:
            _checks[annotation] = _make(annotation)
        return _checks[annotation]
    except TypeError:  # an annotation that cannot be hashed
        return _make(annotation)


def loader_of(annotation: Any) -> Any:
    """The loader of the type that an annotation stands for, None for most."""
    found = annotation if isinstance(annotation, DataType) else _registered_type(annotation)
    return found.loader if found is not None else None


def _make(annotation: Any) -> Check | None:
    own = annotation if isinstance(annotation, DataType) else _registered_type(annotation)
    if own is not None:
        return lambda value: own.type_check(TypeCheckContext(), value)
    if annotation in (MISSING, Any, object) or isinstance(annotation, str):
        return None
    if annotation is None or annotation is type(None):
        return None  # Nothing: no value is passed, which the rules of outputs check
    origin = get_origin(annotation)
    if origin is not None:
        return _generic(origin, get_args(annotation))
    if is_typeddict(annotation):
        return lambda value: isinstance(value, dict)
    if isinstance(annotation, type) and not getattr(annotation, "_is_protocol", False):
        return lambda value: isinstance(value, annotation)
    return None


def _generic(origin: Any, inner: tuple[Any, ...]) -> Check | None:
    if origin is Annotated:
        return value_check(inner[0])
    if origin in (Union, types.UnionType):
        return _union(inner)
    if origin is Literal:
        return lambda value: any(value == each and type(value) is type(each) for each in inner)
    if origin in (list, set, frozenset):
        return _items(origin, value_check(inner[0]) if inner else None)
    if origin is dict:
        return _dict(*(value_check(each) for each in inner))
    if origin is tuple:
        return _tuple(inner)
    if isinstance(origin, type) and origin.__module__ not in ("collections.abc", "typing"):
        return lambda value: isinstance(value, origin)
    return None


def _items(container: type, item: Check | None) -> Check:
    if item is None:
        return lambda value: isinstance(value, container)
    return lambda value: isinstance(value, container) and all(map(item, value))


def _dict(key: Check | None = None, item: Check | None = None) -> Check:
    def check(value: Any) -> bool:
        if not isinstance(value, dict):
            return False
        entries = cast("dict[Any, Any]", value)
        return (key is None or all(map(key, entries))) and (item is None or all(map(item, entries.values())))

    return check


def _union(inner: tuple[Any, ...]) -> Check | None:
    checks: list[Check] = []
    for each in sorted(inner, key=lambda each: each is not type(None)):  # None first: own checks need not know it
        check = _is_none if each is type(None) else value_check(each)
        if check is None:
            return None
        checks.append(check)
    return lambda value: any(check(value) for check in checks)


def _is_none(value: Any) -> bool:
    return value is None


def _tuple(inner: tuple[Any, ...]) -> Check:
    if len(inner) == 2 and inner[1] is Ellipsis:
        return _items(tuple, value_check(inner[0]))
    checks = [value_check(each) for each in inner]

    def check(value: Any) -> bool:
        if not isinstance(value, tuple) or len(entries := cast("tuple[Any, ...]", value)) != len(checks):
            return False
        return all(each is None or bool(each(entry)) for each, entry in zip(checks, entries, strict=True))

    return check


def _told(name: str, value: Any) -> str:
    return f"Value {value!r:.200} of type {type(value).__name__} is not of the type {name}."
