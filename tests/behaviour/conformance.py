"""Compares a name of ours with what is known of the peer's (`symbols.json`): everything that user code could notice.

Ours may have more: further parameters (optional), methods, members, bases.
"""

from __future__ import annotations

import ast
import dis
import enum
import importlib
import inspect
from collections.abc import Iterator
from typing import Any

from rostrum.compat import aliases
from rostrum.compat.dagster.placeholders import is_placeholder, symbols

aliases.install()

NOT_CONSTRUCTED = frozenset(
    "AssetCheckExecutionContext AssetChecksDefinition AssetExecutionContext AssetsDefinition AutomationContext "
    "DagsterInstance DagsterLogManager ExecuteInProcessResult HookContext InitExecutorContext InitLoggerContext "
    "InitResourceContext InputContext JobExecutionResult MultiAssetSensorEvaluationContext OpExecutionContext "
    "OutputContext PendingNodeInvocation RepositoryData RepositoryDefinition RunFailureSensorContext "
    "RunStatusSensorContext ScheduleEvaluationContext SensorEvaluationContext StepExecutionContext "
    "TypeCheckContext DagsterTypeLoaderContext DynamicPartitionsStore EvaluateAutomationConditionsResult "
    "AssetValueLoader FreshnessPolicy".split()
)
"""Classes that users receive and never make (contexts have `build_...` functions): their constructors are not compared,
nor those of abstract classes without parameters.
"""
_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_LITERALS = (bool, int, float, str, bytes, type(None), list, tuple, dict, set, frozenset)


def all_symbols() -> list[tuple[str, str]]:
    """Every (module, name)."""
    return [(module, name) for module, names in symbols().items() for name in names]


def value_of(module: str, name: str) -> Any:
    """What `from module import name` gives. Raises what the import raises."""
    return getattr(importlib.import_module(module), name)


def differences(module: str, name: str) -> list[str]:
    """What user code could trip over; empty for a placeholder, whose use tells everything."""
    facts = symbols()[module][name]
    value = value_of(module, name)
    if is_placeholder(value):
        return []
    return [*_kind(value, facts), *_shape(module, name, value, facts)]


def _kind(value: Any, facts: dict[str, Any]) -> Iterator[str]:
    kind = facts["kind"]
    if kind == "class" and "parameters" in facts and not (isinstance(value, type) or callable(value)):
        yield f"is to be a class, and is {value!r}"
    elif kind in ("function", "decorator") and not callable(value):
        yield f"is to be callable, and is {value!r}"
    elif kind == "exception" and not (isinstance(value, type) and issubclass(value, BaseException)):
        yield f"is to be an exception class, and is {value!r}"
    elif kind == "warning" and not (isinstance(value, type) and issubclass(value, Warning)):
        yield f"is to be a warning class, and is {value!r}"
    elif kind == "constant" and "value" in facts and str(value) != facts["value"]:
        yield f"is to be {facts['value']!r}, and is {value!r}"
    elif kind == "enum":
        yield from _enum(value, facts["members"])


def _enum(value: Any, members: dict[str, Any]) -> Iterator[str]:
    if not (isinstance(value, type) and issubclass(value, enum.Enum)):
        yield f"is to be an enum, and is {value!r}"
        return
    for name, wanted in members.items():
        if name not in value.__members__:
            yield f"has no member {name}"
        elif str(value[name].value) != str(wanted):
            yield f"member {name} is {value[name].value!r}, not {wanted!r}"


def _shape(module: str, name: str, value: Any, facts: dict[str, Any]) -> Iterator[str]:
    made_by_us = name in NOT_CONSTRUCTED or (facts.get("abstract") and not facts.get("parameters"))
    told = [entry for entry in facts.get("parameters", ()) if entry[1] not in ("*", "**")]
    # A signature of `*args, **kwargs` only tells nothing; that of an exception may be Exception's.
    tells = bool(told) or not facts.get("parameters")
    if "parameters" in facts and facts["kind"] not in ("instance", "exception") and tells and not made_by_us:
        yield from _signature(value, facts["parameters"], facts.get("hidden", ()), "")
    for method, (kind, parameters) in facts.get("methods", {}).items():
        yield from _method(value, method, kind, parameters)
    for attribute in facts.get("properties", ()):
        if isinstance(value, type) and not _has(value, attribute):
            yield f"has no attribute {attribute}"
    for field in facts.get("model_fields", ()):
        if field not in getattr(value, "model_fields", {}) and not _has(value, field):
            yield f"has no field {field}"
    for base in (*facts.get("bases", ()), *facts.get("type_bases", ()), facts.get("type")):
        yield from _relation(module, value, base, as_instance=facts["kind"] == "instance")


def _relation(module: str, value: Any, base: str | None, *, as_instance: bool) -> Iterator[str]:
    if base is None or (base == "Enum" and isinstance(value, enum.EnumMeta)):  # Python's, not the config type
        return
    wanted = _named(module, base)
    if not isinstance(wanted, type) or is_placeholder(wanted):
        return
    if as_instance:
        if not isinstance(value, wanted):
            yield f"is not an instance of {base}, but of {type(value).__name__}"
    elif not isinstance(value, type) or not issubclass(value, wanted):
        yield f"is not below {base}"


def _named(module: str, base: str) -> Any:
    builtins = importlib.import_module("builtins")
    if hasattr(builtins, base):
        return getattr(builtins, base)
    for place in (module, "dagster"):
        if base in symbols().get(place, {}):
            return value_of(place, base)
    return None


def _method(value: Any, name: str, kind: str, parameters: list[Any]) -> Iterator[str]:
    found = getattr(value, name, None)
    if found is None:
        yield f"has no method {name}"
        return
    if not callable(found):
        yield f"{name} is to be a method, and is {type(found).__name__}"
        return
    drop = kind == "m" and isinstance(value, type) and not inspect.ismethod(found)
    static = inspect.getattr_static(value, name, None)
    drop = drop and not isinstance(static, (staticmethod, classmethod))
    yield from _signature(found, parameters, (), f"{name}: ", drop_first=drop)


def _has(kind: type, name: str) -> bool:
    """Whether instances of a class have an attribute, as far as the class (or the one that it stands for) tells."""
    native = vars(kind).get("_native")
    if isinstance(native, type) and _has(native, name):
        return True
    if inspect.getattr_static(kind, name, None) is not None or hasattr(kind, name):
        return True
    for each in kind.__mro__:
        if name in vars(each).get("__annotations__", {}) or name in getattr(each, "__struct_fields__", ()):
            return True
        if name in getattr(each, "model_fields", {}):
            return True
        if any(name in _set_by(method) for method in vars(each).values()):
            return True
    return False


def _set_by(method: Any) -> set[str]:
    """Attributes that a method sets."""
    code = getattr(inspect.unwrap(method) if callable(method) else method, "__code__", None)
    return {each.argval for each in dis.get_instructions(code) if each.opname == "STORE_ATTR"} if code else set()


def _signature(
    value: Any, wanted: list[list[Any]], hidden: Any, where: str, *, drop_first: bool = False
) -> Iterator[str]:
    try:
        found = list(inspect.signature(value).parameters.values())
    except (TypeError, ValueError):
        yield f"{where}has no signature"
        return
    if drop_first:
        found = found[1:]
    by_name = {each.name: each for each in found}
    takes_any = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in found)
    takes_all = any(each.kind is inspect.Parameter.VAR_POSITIONAL for each in found)
    positional = [each.name for each in found if each.kind in _POSITIONAL]
    names = {entry[0] for entry in wanted}
    for place, entry in enumerate(item for item in wanted if item[1] in "pb"):
        if not takes_all and entry[0] in by_name and positional[place : place + 1] != [entry[0]]:
            yield f"{where}parameter {entry[0]} is to be the positional one no. {place + 1}; ours are {positional}"
    for entry in wanted:
        yield from (f"{where}{told}" for told in _parameter(entry, by_name, takes_any, takes_all))
    for name in hidden:
        if name not in by_name and not takes_any:
            yield f"{where}does not take the keyword {name}"
    for each in found:
        if (
            each.name not in names
            and each.default is each.empty
            and each.kind not in (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
        ):
            yield f"{where}parameter {each.name}, which only ours has, is required"


def _parameter(entry: list[Any], by_name: dict[str, Any], takes_any: bool, takes_all: bool) -> Iterator[str]:
    name, kind = entry[0], entry[1]
    if kind in ("*", "**"):
        if kind == "*" and not takes_all:
            yield f"does not take any number of positional arguments (*{name})"
        return
    ours = by_name.get(name)
    if ours is None or ours.kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD):
        if not (takes_any or (kind == "p" and takes_all)):
            yield f"has no parameter {name}"
        return
    if kind in "bk" and ours.kind is inspect.Parameter.POSITIONAL_ONLY:
        yield f"parameter {name} cannot be given by name"
    if len(entry) < 3:
        return
    if ours.default is ours.empty:
        yield f"parameter {name} is required, and has the default {entry[2]} there"
    elif entry[2] is not None and isinstance(ours.default, _LITERALS) and not isinstance(ours.default, enum.Enum):
        default = ast.literal_eval(entry[2])
        if default != ours.default or isinstance(default, bool) != isinstance(ours.default, bool):
            yield f"parameter {name} has the default {ours.default!r}, not {entry[2]}"
