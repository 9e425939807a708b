"""Names of what is logged with, and of config: classes that user code annotates with and asks about."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any


class _Loggers(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, (logging.Logger, logging.LoggerAdapter))


class DagsterLogManager(logging.Logger, metaclass=_Loggers):
    """What `context.log` is: true of every logger, since one is all that user code needs."""

    def __init__(
        self,
        dagster_handler: logging.Handler,
        level: int = logging.NOTSET,
        managed_loggers: Sequence[logging.Logger] | None = None,
    ) -> None:
        super().__init__("dagster", level)
        self.addHandler(dagster_handler)
        self.managed_loggers = list(managed_loggers or ())
        """Loggers whose lines are to be kept, too."""

    @property
    def metadata(self) -> dict[str, Any]:
        """What is told of each line: nothing here, the run knows."""
        return {}


class ConfigSchema:
    """Stands, in documentation and annotations, for whatever can be a schema: a type, a dict, a `Field`."""
