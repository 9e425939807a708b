"""Notices about configuration for whoever started the process: on standard error, each once."""

from __future__ import annotations

import sys

_told: set[str] = set()


def tell(text: str) -> None:
    """Write a line, unless this process has written it before."""
    if text not in _told:
        _told.add(text)
        sys.stderr.write(f"rostrum: {text}\n")


def forget() -> None:
    """Have every notice be told again. For tests."""
    _told.clear()
