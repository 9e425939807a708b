"""Secrets that are covered in all that leaves a worker: those that user code names, and those that the names of fields
tell of. The masks are loaded when they are first needed: not a part of `import rostrum`.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any, cast

from rostrum.model.errors import ArgumentError, kind_of

_DEEPEST = 8
"""Resources may refer to each other in a circle."""


def mask_secret(value: str) -> str:
    """Cover this text from now on in all that leaves the run worker: captured output (of child processes too), log
    events, errors, metadata. Returns it unchanged.

    For secrets that are fetched at run time. Values of environment variables, and of fields of config and resources,
    whose names say that they are secrets (`password`, `token`, `secret`, `..._key` and the like) are covered anyway.
    Raises ArgumentError for what is no text, or shorter than three characters: it would be in every other word.
    """
    masks: Any = importlib.import_module("rostrum.interfaces.masks")
    if not isinstance(value, str) or len(value.strip()) < masks.SHORTEST_TOLD:
        what = "shorter than three characters" if isinstance(value, str) else f"{kind_of(value)}, not a text"
        raise ArgumentError(f"mask_secret: the value is {what} and cannot be covered.")
    masks.KNOWN.add((value,))
    return value


def cover_config(config: Any) -> None:
    """Cover the secrets in config as user code gets it, defaults and values from the environment included: plain data,
    or an object with declared fields (a Config, a resource).
    """
    told = _told(config, _DEEPEST)
    if told and isinstance(told, dict):
        masks: Any = importlib.import_module("rostrum.interfaces.masks")
        masks.KNOWN.add_fields(told)


def _told(value: Any, depth: int) -> Any:
    """Objects with declared fields as mappings, references to the environment as run config writes them."""
    if isinstance(value, (str, int)):
        variable: str | None = getattr(value, "env_var_name", None)
        return value if variable is None else {"env": variable}
    if not depth:
        return value
    if isinstance(value, dict):
        return {str(key): _told(each, depth - 1) for key, each in cast("dict[Any, Any]", value).items()}
    if isinstance(value, (list, tuple)):
        return [_told(each, depth - 1) for each in cast("Sequence[Any]", value)]
    fields: Any = getattr(cast("Any", type(value)), "model_fields", None)
    given: dict[str, Any] = getattr(value, "__dict__", {}) if fields else {}
    return {name: _told(each, depth - 1) for name, each in given.items() if name in fields} if fields else value
