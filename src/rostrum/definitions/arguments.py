"""What kinds of values the arguments of decorators and constructors take, by name, and how a wrong one is told.

An argument of one name takes the same kind everywhere. Only what would otherwise be taken silently, or end in an error
of Python's from deep inside, is here; what has rules of its own is checked where it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import CodeType
from typing import Any, NamedTuple, cast

from rostrum.definitions.names import nearest
from rostrum.model.errors import kind_of

_UNEXPECTED = " got an unexpected keyword argument '"
_VAR_KEYWORDS = 0x08


class Rule(NamedTuple):
    """What an argument takes: a test of the whole value, and in words; the class names of its items."""

    fits: Callable[[Any], bool]
    words: str
    items: tuple[str, ...] = ()
    harmless: bool = False
    """Without it the definition is what it was meant to be, as far as others can see."""


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_mapping(value: Any) -> bool:
    return isinstance(value, Mapping)


def _is_list(value: Any) -> bool:
    return not isinstance(value, (str, bytes, Mapping)) and isinstance(value, Iterable)


def _is_a(*names: str) -> Callable[[Any], bool]:
    """By name: the classes would have to be loaded for scripts that have no use for them."""

    def fits(value: Any) -> bool:
        return any(each.__name__ in names for each in type(value).__mro__)

    return fits


def _is_out(value: Any) -> bool:
    return _is_mapping(value) or _is_a("Out")(value)


_TEXT = Rule(_is_text, "give text", harmless=True)
_FLAG = Rule(_is_flag, "give True or False", harmless=True)
_MAPPING = Rule(_is_mapping, "give a dict", harmless=True)
_NAMES = Rule(_is_list, "give a set or list of names")

RULES: Mapping[str, Rule] = {
    "description": _TEXT,
    "io_manager_key": _TEXT,
    "input_manager_key": _TEXT,
    "pool": _TEXT,
    "blocking": _FLAG,
    "can_subset": _FLAG,
    "is_required": _FLAG,
    "output_required": _FLAG,
    "skippable": _FLAG,
    "is_virtual": _FLAG,
    "metadata": _MAPPING,
    "op_tags": _MAPPING,
    "ins": Rule(_is_mapping, "give a dict by name of the argument"),
    "outs": Rule(_is_mapping, "give a dict by name of the output", ("AssetOut", "Out")),
    "resource_defs": Rule(_is_mapping, "give a dict by resource key"),
    "required_resource_keys": _NAMES,
    "deps": Rule(_is_list, "give a list of assets or keys"),
    "specs": Rule(_is_list, "give a list of specs", ("AssetSpec", "AssetCheckSpec", "SourceAsset")),
    "check_specs": Rule(_is_list, "give a list of AssetCheckSpec", ("AssetCheckSpec",)),
    "partitions_def": Rule(_is_a("PartitionsDefinition"), "give a PartitionsDefinition"),
    "retry_policy": Rule(_is_a("RetryPolicy"), "give a RetryPolicy", harmless=True),
    "run_retry_policy": Rule(_is_a("RunRetryPolicy"), "give a RunRetryPolicy", harmless=True),
    "backfill_policy": Rule(_is_a("BackfillPolicy"), "give a BackfillPolicy", harmless=True),
    "minimum_interval_seconds": Rule(_is_number, "give a number of seconds", harmless=True),
}
OUT = Rule(_is_out, "give Out(...) or a dict of them", ("Out",))
INS = Rule(_is_mapping, "give a dict of In by name of the argument", ("In",))


def misfits(values: Mapping[str, Any], own: Mapping[str, Rule]) -> dict[str, str]:
    """Arguments that are of another kind than theirs, with what is told of each."""
    found: dict[str, str] = {}
    for name, value in values.items():
        rule = own.get(name) or RULES.get(name)
        if rule is None or value is None:
            continue
        if not rule.fits(value):
            found[name] = f"{name} is {kind_of(value)}; {rule.words}."
        elif rule.items and type(value) in (dict, list, tuple):
            told = _wrong_items(name, value, rule)
            if told:
                found[name] = f"{', '.join(told)}; {rule.words}."
    return found


def _wrong_items(name: str, values: Any, rule: Rule) -> list[str]:
    items = cast("Iterable[tuple[Any, Any]]", values.items() if isinstance(values, dict) else enumerate(values))
    fits = _is_a(*rule.items)
    return [f"{name}[{place!r}] is {kind_of(item)}" for place, item in items if not fits(item)]


def is_harmless(name: str, own: Mapping[str, Rule]) -> bool:
    """Leaving this argument out changes nothing that other definitions depend on."""
    rule = own.get(name) or RULES.get(name)
    return rule is not None and rule.harmless


def parameters(code: CodeType) -> Sequence[str]:
    """Names that a function takes as keywords."""
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return [name for name in names if name not in {"self", "cls"}]


def unexpected(error: Exception, code: CodeType, given: Mapping[str, Any]) -> dict[str, str | None]:
    """Keywords that the function does not take, as an error of Python's says, with the nearest that it does."""
    name = str(error).partition(_UNEXPECTED)[2].partition("'")[0] if isinstance(error, TypeError) else ""
    if name not in given:
        return {}
    known = parameters(code)
    strict = not code.co_flags & _VAR_KEYWORDS
    unknown = [each for each in given if each not in known] if strict else [name]
    return {each: nearest_name(each, known) for each in unknown}


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """The known name that is close to this one."""
    hint = nearest(name, known)
    return hint.split("'")[1] if hint else None


def told_unexpected(label: str, names: Mapping[str, str | None], code: CodeType) -> str:
    """What is told of keywords that a function does not take. It begins as Python's own message does."""
    first, *more = names
    hints = [f" Did you mean {meant!r} for {name!r}?" for name, meant in names.items() if meant is not None]
    if len(names) == 1 and hints:
        hints = [f" Did you mean {names[first]!r}?"]
    also = f" (and {', '.join(map(repr, more))})" if more else ""
    takes = "" if hints else f" It takes: {', '.join(parameters(code))}."
    return f"{label}() got an unexpected keyword argument {first!r}{also}.{''.join(hints)}{takes}"


def told_raw(label: str, error: Exception) -> str:
    """What is told where Python's own error is all there is."""
    if " missing " in str(error) and " required " in str(error):
        return f"{label} needs {str(error).rpartition(': ')[2]}."
    return f"{label}: an argument is of a wrong kind: {error}"
