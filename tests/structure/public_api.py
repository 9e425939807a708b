"""The public API as text: one line per name, argument list included, so that a change to it is seen in review."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator

HEADER = "# What users may import from `rostrum`. Written by `./task generate`; a change here changes the API.\n"


def public_api() -> str:
    """The snapshot of what is there now."""
    facade = importlib.import_module("rostrum")
    names: list[str] = sorted(getattr(facade, "__all__", []))
    lines = [line for name in names for line in described(name, getattr(facade, name))]
    return HEADER + "".join(f"{line}\n" for line in lines)


def described(name: str, value: object) -> Iterator[str]:
    """A name, and below a class its public members that are ours."""
    if not inspect.isclass(value):
        yield f"{name}{signature(value)}" if callable(value) else f"{name}: {type(value).__name__}"
        return
    yield f"class {name}{signature(value)}"
    members: dict[str, object] = {}
    for owner in reversed(inspect.getmro(value)):
        if owner.__module__.startswith("rostrum"):
            members.update({key: member for key, member in vars(owner).items() if not key.startswith("_")})
    for key in sorted(members):
        member = members[key]
        if isinstance(member, property):
            yield f"    {name}.{key} (property)"
        elif isinstance(member, classmethod | staticmethod):
            yield f"    {name}.{key}{signature(member.__func__)} ({type(member).__name__})"
        elif inspect.isfunction(member):
            yield f"    {name}.{key}{signature(member)}"


def signature(value: object) -> str:
    """The argument list with names, annotations and defaults; addresses of objects are left out."""
    try:
        text = str(inspect.signature(value))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return "(...)"
    return re.sub(r" at 0x[0-9a-f]+", "", text)
