"""Loggers for user code outside of functions that get a context."""

from __future__ import annotations

import logging


def get_logger(name: str | None = None) -> logging.Logger:
    """A logger whose lines are kept with the run when they are written while a step runs. `name` is put below
    `rostrum`.
    """
    return logging.getLogger(f"rostrum.user.{name}" if name else "rostrum.user")
