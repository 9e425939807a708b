"""Loggers for user code outside of functions that get a context. `logging` is loaded when somebody logs: it is a tenth
of what importing this library costs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import logging


def get_logger(name: str | None = None) -> logging.Logger:
    """A logger whose lines are kept with the run when they are written while a step runs. `name` is put below
    `rostrum`.
    """
    return _logger(f"rostrum.user.{name}" if name else "rostrum.user")


def library_logger() -> logging.Logger:
    """The library's own, for contexts that nobody has given one."""
    return _logger("rostrum")


def _logger(name: str) -> logging.Logger:
    import logging

    return logging.getLogger(name)
