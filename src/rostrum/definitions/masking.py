"""Secrets that no name tells of: user code names them itself."""

from __future__ import annotations

import importlib
from typing import Any

from rostrum.model.errors import ArgumentError, kind_of


def mask_secret(value: str) -> str:
    """Cover this text from now on in all that leaves the run worker: captured output (of child processes too), log
    events, errors, metadata. Returns it unchanged.

    For secrets that are fetched at run time. Values of environment variables, and of fields of config and resources,
    whose names say that they are secrets (`password`, `token`, `secret`, `..._key` and the like) are covered anyway.
    Raises ArgumentError for what is no text, or shorter than three characters: it would be in every other word.
    """
    masks: Any = importlib.import_module("rostrum.interfaces.masks")  # few need it: not a part of `import rostrum`
    if not isinstance(value, str) or len(value.strip()) < masks.SHORTEST_TOLD:
        what = "shorter than three characters" if isinstance(value, str) else f"{kind_of(value)}, not a text"
        raise ArgumentError(f"mask_secret: the value is {what} and cannot be covered.")
    masks.KNOWN.add((value,))
    return value
