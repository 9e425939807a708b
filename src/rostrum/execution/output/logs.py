"""Log lines of user code as events: `context.log`, and the library's logger that `get_logger` returns."""

from __future__ import annotations

import importlib
import logging
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rostrum.definitions.error_info import error_info
from rostrum.definitions.location.live import Resolved
from rostrum.execution.active import ACTIVE, Active
from rostrum.execution.copies import PROCESS
from rostrum.interfaces.clock import Clock
from rostrum.model.errors import ConfigError, ErrorInfo, InvocationError
from rostrum.model.events import Event, LogMessage
from rostrum.model.runs import Run
from rostrum.model.texts import storable

USER_LOGGER = "rostrum.user"
"""Name of the logger whose lines are kept with the run, wherever in user code they are written."""

MAX_MESSAGE = 1024 * 1024
"""Characters of a logged line; a longer one is cut, with a note."""
_FORMAT = "%(asctime)s %(levelname)-7s %(step)s %(message)s"


class RunLog:
    """Turns log records into events of the step whose code writes them; of the run, where it is of none.

    `loggers` get every line too, with `meta` of the run. `echo`: where there are none, write to standard error, for
    people who watch a script.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        echo: bool = False,
        loggers: Sequence[logging.Logger] = (),
        meta: Mapping[str, Any] | None = None,
    ) -> None:
        self.logger = logging.Logger(USER_LOGGER, logging.DEBUG)  # noqa: LOG001 - of this run alone, in no tree
        self._running: dict[tuple[str, int], Active] = {}
        """By step and attempt."""
        self.outside: Callable[[Event], None] | None = None
        """Takes lines that no step has written; None drops them."""
        self.is_alone = True
        """False where other runs have attempts in this process: what no attempt's context tells of is nobody's then."""
        self._echoes = echo and not loggers
        handler = _Handler(clock, self)
        self.logger.addHandler(handler)
        for each in loggers:
            self.logger.addHandler(_Forward(each, self, meta or {}))
        if self._echoes:
            self.logger.addHandler(_Echo(self))
        self._attached = logging.getLogger(USER_LOGGER)
        PROCESS.told.add(self)

    @classmethod
    def of_run(cls, clock: Clock, resolved: Resolved, run: Run, *, echo: bool = False) -> RunLog:
        """The log of a run, with the loggers that its config names."""
        meta = {"run_id": run.run_id, "job_name": run.target.job, "job_tags": dict(run.tags)}
        return cls(clock, echo=echo, loggers=run_loggers(resolved, run), meta=meta)

    def enter(self, active: Active) -> None:
        """From now on what this thread or task writes belongs to the attempt."""
        self._running[active.step.key, active.attempt] = active
        ACTIVE.set(active)

    def forget(self, active: Active) -> None:
        """The attempt is over, or given up: what is still written in its context belongs to the run."""
        self._running.pop((active.step.key, active.attempt), None)

    def copied(self) -> None:
        """In a copy of this process: lines go to standard error, other events cannot be told."""
        for active in self._running.values():
            active.emit, active.has_ended, active.is_copy = _refuse, True, True
        self.outside = None if self._echoes else _aside

    def current(self) -> Active | None:
        """The attempt of this run whose code is running here, or the only one that runs."""
        active = ACTIVE.get()
        while active is not None:
            if active.run_log is self:
                return active
            active = active.around
        running = list(self._running.values()) if self.is_alone and len(self._running) < 2 else ()
        return running[0] if len(running) == 1 else None

    def running(self, step_key: str, attempt: int) -> Active | None:
        """An attempt of this run that is under way in this process."""
        return self._running.get((step_key, attempt))

    def attach(self) -> None:
        """Take lines of `get_logger` too."""
        _ATTACHED.add(self._attached, self.logger.handlers)

    def detach(self) -> None:
        """Leave the process's logging as it was; the last of several logs does."""
        _ATTACHED.remove(self._attached, self.logger.handlers)


class _Attached:
    """How many logs take the lines of the library's logger, which is the process's: runs overlap."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0
        self._level = logging.NOTSET

    def add(self, logger: logging.Logger, handlers: Sequence[logging.Handler]) -> None:
        with self._lock:
            if self._count == 0:
                self._level = logger.level
                logger.setLevel(logging.DEBUG)
            self._count += 1
            for handler in handlers:
                logger.addHandler(handler)

    def remove(self, logger: logging.Logger, handlers: Sequence[logging.Handler]) -> None:
        with self._lock:
            for handler in handlers:
                logger.removeHandler(handler)
            self._count -= 1
            if self._count == 0:
                logger.setLevel(self._level)


_ATTACHED = _Attached()


class _Handler(logging.Handler):
    def __init__(self, clock: Clock, log: RunLog) -> None:
        super().__init__(logging.DEBUG)
        self._clock, self._log = clock, log

    def createLock(self) -> None:  # noqa: N802 - of logging
        """None is needed, and none can be left held by user code that is interrupted while it logs."""
        self.lock = None

    def emit(self, record: logging.LogRecord) -> None:
        active = self._log.current()
        if active is not None and active.has_ended:
            active = None
        send = active.emit if active is not None else self._log.outside
        if send is None:
            return
        send(
            LogMessage(
                at=self._clock.now(),
                step_key=active.step.key if active is not None else None,
                level=level_name(record.levelno),
                message=storable(said(record), MAX_MESSAGE),
                logger=record.name,
                error=_error(record),
            )
        )


def said(record: logging.LogRecord) -> str:
    """The message. Where the arguments do not fit the text, both: a log call never fails a step."""
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError, IndexError) as error:
        return f"{record.msg} {record.args!r} (the arguments do not fit the message: {error})"


class _Forward(logging.Handler):
    """Hands records to a logger of the user's."""

    def __init__(self, target: logging.Logger, log: RunLog, meta: Mapping[str, Any]) -> None:
        super().__init__(logging.DEBUG)
        self._target, self._log, self._meta = target, log, meta

    def createLock(self) -> None:  # noqa: N802 - of logging
        """The logger that it hands records to has its own."""
        self.lock = None

    def emit(self, record: logging.LogRecord) -> None:
        if not self._target.isEnabledFor(record.levelno):
            return
        active = self._log.current()
        step_key = active.step.key if active is not None else None
        copied = logging.makeLogRecord(vars(record))
        copied.name = self._target.name
        copied.dagster_meta = {
            **self._meta,
            "step_key": step_key,
            "op_name": step_key,
            "orig_message": said(record),
        }
        self._target.handle(copied)


def run_loggers(resolved: Resolved, run: Run) -> list[logging.Logger]:
    """The loggers that the run config names, made. Raises ConfigError for one that nobody defines."""
    named = run.config.get("loggers")
    if not named:
        return []
    loaded = importlib.import_module("rostrum.definitions.ops.loggers")
    known = {**loaded.default_loggers(), **resolved.loggers_of(run.target.job)}
    made: list[logging.Logger] = []
    wanted: Mapping[str, Any] = named
    for key, given in wanted.items():
        if key not in known:
            raise ConfigError(
                f"loggers.{key}: Received unexpected config entry {key!r}; there are {', '.join(sorted(known))}."
            )
        config: Any = given.get("config") if given else None
        context = loaded.InitLoggerContext(config, None, resolved.jobs.get(run.target.job), run.run_id)
        made.append(known[key].made(context))
    return made


class _Echo(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes to whatever standard error is at that moment."""

    def __init__(self, log: RunLog) -> None:
        super().__init__()
        self._log = log
        self.setFormatter(logging.Formatter(_FORMAT))

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        active = self._log.current()
        record.step = active.step.key if active is not None else "-"
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


def _refuse(event: Event) -> None:
    raise InvocationError(
        f"{event.kind} cannot be told by a copy of the step's process (os.fork, multiprocessing): have it return what "
        "there is to tell, and tell it in the step itself."
    )


def _aside(event: Event) -> None:
    if isinstance(event, LogMessage):
        sys.stderr.write(f"{event.level.upper():7} {event.message}\n")


def _error(record: logging.LogRecord) -> ErrorInfo | None:
    if not record.exc_info or not isinstance(record.exc_info, tuple) or record.exc_info[1] is None:
        return None
    return error_info(record.exc_info[1])
