"""Log lines of user code as events: `context.log`, and the library's logger that `get_logger` returns."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable

from rostrum.definitions.error_info import error_info
from rostrum.interfaces.clock import Clock
from rostrum.model.errors import ErrorInfo
from rostrum.model.events import Event, LogMessage
from rostrum.model.texts import storable

USER_LOGGER = "rostrum.user"
"""Name of the logger whose lines are kept with the run, wherever in user code they are written."""

MAX_MESSAGE = 1024 * 1024
"""Characters of a logged line; a longer one is cut, with a note."""
_FORMAT = "%(asctime)s %(levelname)-7s %(step)s %(message)s"


class RunLog:
    """Turns log records into events of the step that runs in this process.

    `echo`: also write them to standard error, for people who watch a script.
    """

    def __init__(self, clock: Clock, *, echo: bool = False) -> None:
        self.logger = logging.Logger(USER_LOGGER, logging.DEBUG)  # noqa: LOG001 - of this run alone, in no tree
        handler = _Handler(clock)
        self._handler = handler
        self.logger.addHandler(handler)
        if echo:
            self.logger.addHandler(_Echo(handler))
        self._attached = logging.getLogger(USER_LOGGER)

    def enter(self, step_key: str, emit: Callable[[Event], None]) -> None:
        """From now on lines belong to this step."""
        self._handler.step_key, self._handler.send = step_key, emit

    def leave(self) -> None:
        """No step runs."""
        self._handler.step_key = self._handler.send = None

    def attach(self) -> None:
        """Take lines of `get_logger` too."""
        for handler in self.logger.handlers:
            self._attached.addHandler(handler)
        self._level = self._attached.level
        self._attached.setLevel(logging.DEBUG)

    def detach(self) -> None:
        """Leave the process's logging as it was."""
        for handler in self.logger.handlers:
            self._attached.removeHandler(handler)
        self._attached.setLevel(self._level)


class _Handler(logging.Handler):
    def __init__(self, clock: Clock) -> None:
        super().__init__(logging.DEBUG)
        self._clock = clock
        self.step_key: str | None = None
        self.send: Callable[[Event], None] | None = None

    def emit(self, record: logging.LogRecord) -> None:
        send = self.send
        if send is None:
            return
        send(
            LogMessage(
                at=self._clock.now(),
                step_key=self.step_key,
                level=level_name(record.levelno),
                message=storable(record.getMessage(), MAX_MESSAGE),
                logger=record.name,
                error=_error(record),
            )
        )


class _Echo(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes to whatever standard error is at that moment."""

    def __init__(self, handler: _Handler) -> None:
        super().__init__()
        self._source = handler
        self.setFormatter(logging.Formatter(_FORMAT))

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        record.step = self._source.step_key or "-"
        super().emit(record)


def level_name(number: int) -> str:
    """Our word for a level of `logging`."""
    for limit, name in (
        (logging.CRITICAL, "critical"),
        (logging.ERROR, "error"),
        (logging.WARNING, "warning"),
        (logging.INFO, "info"),
    ):
        if number >= limit:
            return name
    return "debug"


def _error(record: logging.LogRecord) -> ErrorInfo | None:
    if not record.exc_info or not isinstance(record.exc_info, tuple) or record.exc_info[1] is None:
        return None
    return error_info(record.exc_info[1])
