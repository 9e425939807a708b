"""Values as text and back: plain data, what is public here, and classes that a program lists itself.

The text is JSON that names classes; only classes in the list are ever made from it, and no code in it is run.
"""

from __future__ import annotations

import dataclasses
import enum
import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypeVar, cast

import msgspec

from rostrum.definitions.events.outputs import AssetMaterialization, AssetObservation
from rostrum.definitions.events.types import EventType
from rostrum.definitions.partitions.definition import PartitionKeyRange
from rostrum.model import metadata
from rostrum.model.assets import AssetKey, CheckKey
from rostrum.model.errors import InvocationError, kind_of
from rostrum.model.runs import Run, RunStatus
from rostrum.model.tables import TableColumnLineage, TableRecord, TableSchema

C = TypeVar("C", bound=type)
_CLASS, _ENUM, _SET, _FROZEN = "__class__", "__enum__", "__set__", "__frozenset__"
_EVENTS = ("asset_key", "description", "metadata", "partition", "tags")
_LISTED: dict[str, type[Any]] = {}
_STRUCTS: tuple[type[Any], ...] = (AssetKey, CheckKey, Run, TableColumnLineage, TableRecord, TableSchema)


class ConfigurableClassData(NamedTuple):
    """A class that a file names, with its config."""

    module_name: str
    class_name: str
    config_yaml: str


class ConfigurableClass:
    """Made by a file that names its module, class and config."""

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        """What the file says; None for one made by code."""
        return None

    @classmethod
    def config_type(cls) -> Any:
        """Schema of the config."""
        return {}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]) -> Any:
        """The object of a config."""
        return cls(inst_data=inst_data, **config_value)  # type: ignore[call-arg]


def whitelist_for_serdes(cls: Any = None, /, **options: Any) -> Any:
    """List a class (a NamedTuple, a dataclass, an enum) as one that may be made from text. Bare or called."""
    name = options.get("storage_name")

    def listed(listed_class: C) -> C:
        _LISTED[name or listed_class.__name__] = listed_class
        return listed_class

    return listed(cast(Any, cls)) if isinstance(cls, type) else listed


def serialize_value(val: Any, whitelist_map: Any = None, **json_kwargs: Any) -> str:
    """The text of a value. Raises InvocationError for what is in no list."""
    del whitelist_map  # there is one list
    return json.dumps(_packed(val), **json_kwargs)


def deserialize_value(val: str, as_type: Any = None, whitelist_map: Any = None) -> Any:
    """The value of a text. Raises InvocationError for a class that is in no list, or that is no `as_type`."""
    del whitelist_map
    made = _unpacked(json.loads(val))
    if as_type is not None and not isinstance(made, as_type):
        raise InvocationError(f"deserialize_value: the text is of {kind_of(made)}, not of {as_type!r}.")
    return made


def _structs() -> dict[str, type[Any]]:
    return {each.__name__: each for each in (*_STRUCTS, *metadata.KINDS.__subclasses__())}


def _listed_name(value: Any) -> str | None:
    return next((name for name, cls in _LISTED.items() if type(value) is cls), None)


def _packed(value: Any) -> Any:
    if value is None or type(value) in (bool, int, float, str):
        return value
    name = _listed_name(value)
    if isinstance(value, enum.Enum):
        if name is None and not isinstance(value, (EventType, RunStatus)):
            raise _unlisted(value)
        return {_ENUM: f"{name or type(value).__name__}.{value.name}"}
    if isinstance(value, (*_STRUCTS, metadata.KINDS)):
        return {_CLASS: type(value).__name__, "value": msgspec.to_builtins(value)}
    if isinstance(value, (AssetMaterialization, AssetObservation)):
        return {_CLASS: type(value).__name__, **{key: _packed(getattr(value, key)) for key in _EVENTS}}
    if name is not None or isinstance(value, PartitionKeyRange):
        return {_CLASS: name or "PartitionKeyRange", **{key: _packed(each) for key, each in _fields(value).items()}}
    return _packed_container(value)


def _packed_container(value: Any) -> Any:
    if type(value) in (list, tuple):
        return [_packed(each) for each in value]
    if type(value) in (set, frozenset):
        members = cast("set[Any]", value)
        return {_SET if isinstance(value, set) else _FROZEN: sorted((_packed(each) for each in members), key=repr)}
    if isinstance(value, Mapping):
        given = cast("Mapping[Any, Any]", value)
        if all(isinstance(key, str) for key in given):
            return {key: _packed(each) for key, each in given.items()}
    raise _unlisted(value)


def _unlisted(value: Any) -> InvocationError:
    return InvocationError(
        f"serialize_value: {value!r:.80} is {kind_of(value)}, which is not listed: decorate its class with "
        "whitelist_for_serdes, or give plain data."
    )


def _fields(value: Any) -> dict[str, Any]:
    if dataclasses.is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    kind = cast("type[Any]", type(value))  # without the narrowing of above
    for listing in (
        getattr(kind, "_fields", None),
        getattr(kind, "model_fields", None),
        getattr(value, "__dict__", None),
    ):
        if listing:
            return {name: getattr(value, name) for name in cast("Iterable[str]", listing)}
    return {}


def _unpacked(value: Any) -> Any:
    if isinstance(value, list):
        return [_unpacked(each) for each in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    given = cast("dict[str, Any]", value)
    if _SET in given or _FROZEN in given:
        members = [_unpacked(each) for each in next(iter(given.values()))]
        return set(members) if _SET in given else frozenset(members)
    if _ENUM in given:
        kind, _, member = str(given[_ENUM]).partition(".")
        listed = cast("type[enum.Enum]", _class({"EventType": EventType, "RunStatus": RunStatus}, kind))
        return listed[member]
    if _CLASS not in given:
        return {key: _unpacked(each) for key, each in given.items()}
    name = str(given.pop(_CLASS))
    if name in _structs():
        return msgspec.convert(given["value"], _structs()[name])
    ours = {each.__name__: each for each in (AssetMaterialization, AssetObservation, PartitionKeyRange)}
    return _class(ours, name)(**{key: _unpacked(each) for key, each in given.items()})


def _class(known: Mapping[str, Any], name: str) -> Any:
    found = known.get(name) or _LISTED.get(name)
    if found is None:
        raise InvocationError(
            f"deserialize_value: the text is of a {name}, which is not listed: import the module whose class of that "
            "name is decorated with whitelist_for_serdes."
        )
    return found
