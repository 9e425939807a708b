"""Which format a value is stored in: the one that is named, else the one of its type."""

from __future__ import annotations

from typing import Any

from rostrum.io_managers.formats.format import Format, FormatError
from rostrum.io_managers.formats.json_values import Json
from rostrum.io_managers.formats.plain import Bytes, Npy, Pickle, Text
from rostrum.io_managers.formats.tables import ArrowFile, Parquet
from rostrum.model.errors import ArgumentError

AUTO, PICKLE = "auto", "pickle"
FORMAT_METADATA = "rostrum/format"
"""Static metadata of an output: the format of its values."""
FORMATS: dict[str, Format] = {
    each.name: each for each in (Bytes(), Text(), Parquet(), ArrowFile(), Npy(), Json(), Pickle())
}
"""By name, in the order in which a value is shown to them."""


def check_format(name: str) -> str:
    """The name of a format. Raises ArgumentError naming those that there are."""
    if name != AUTO and name not in FORMATS:
        raise ArgumentError(f"{name!r} is no format: it is one of {AUTO}, {', '.join(sorted(FORMATS))}.")
    return name


def chosen(value: Any, name: str, *, trusted: bool) -> tuple[Format, str]:
    """Format of a value, and what kind of value it is for that format. Raises FormatError where it has none."""
    if name == PICKLE and not trusted:
        raise FormatError(_NOT_TRUSTED)
    if name != AUTO:
        found = FORMATS[check_format(name)]
        return found, found.kind_of(value) or ""
    for each in FORMATS.values():
        kind = each.kind_of(value)
        if kind is not None:
            return each, kind
    if trusted:
        return FORMATS[PICKLE], ""
    raise FormatError(
        "it has no format of its own. Return a table, an array of numpy, a text, bytes, or a value "
        "of dicts, lists and numbers; or choose a format that can hold it with the metadata "
        f'{{"{FORMAT_METADATA}": "json"}} (dataclasses, models, tuples, dates, loaded into the type that the next '
        "function declares); or allow pickles with trusted=True on the IO manager, if nobody else can write there."
    )


def readable(name: str, *, trusted: bool) -> Format:
    """A format to load from. Raises FormatError for one that is unknown, or not allowed."""
    if name == PICKLE and not trusted:
        raise FormatError(_NOT_TRUSTED)
    if name not in FORMATS:
        raise FormatError(f"it was stored in the format {name!r}, which this version does not know.")
    return FORMATS[name]


_NOT_TRUSTED = (
    "it is a pickle, and unpickling runs whatever code the file holds: allow it with trusted=True on the IO manager, "
    "if nobody but your own runs can write there; or choose another format."
)
