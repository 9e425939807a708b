"""Loggers as definitions: what writes the lines of a run where the run config names it.

Lines are always kept with the run; loggers are for those who want them elsewhere too. A function makes a
`logging.Logger`; each record that it gets has `dagster_meta`: run_id, job_name, step_key, op_name, orig_message.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Mapping
from typing import Any, overload

from rostrum.definitions.broken import noting, noting_call
from rostrum.definitions.config.schema import field_of, process
from rostrum.definitions.ops.ops import Preset
from rostrum.definitions.ops.signatures import MISSING
from rostrum.definitions.sources import function_source
from rostrum.model.errors import ArgumentError, ConfigError, InvocationError

CONSOLE = "console"
"""Key of the logger that is there without being defined."""
_COLORS = {"DEBUG": 34, "INFO": 34, "WARNING": 33, "ERROR": 31, "CRITICAL": 35}


class InitLoggerContext:
    """What the function of a logger is given."""

    __slots__ = ("job_def", "logger_config", "logger_def", "run_id")

    def __init__(
        self,
        logger_config: Any,
        logger_def: LoggerDefinition | None = None,
        job_def: Any = None,
        run_id: str | None = None,
    ) -> None:
        self.logger_config, self.logger_def, self.job_def, self.run_id = logger_config, logger_def, job_def, run_id


class LoggerDefinition:
    """A logger made by a function of an `InitLoggerContext`."""

    __slots__ = ("config_schema", "description", "logger_fn", "preset", "source")

    def __init__(
        self, logger_fn: Callable[[InitLoggerContext], Any], config_schema: Any = None, description: str | None = None
    ) -> None:
        if not callable(logger_fn):
            raise ArgumentError(f"LoggerDefinition: logger_fn is {logger_fn!r}; it must be a function.")
        self.logger_fn, self.description = logger_fn, description or logger_fn.__doc__
        self.config_schema = field_of(config_schema) if config_schema is not None else None
        self.preset: Preset | None = None
        self.source = function_source(logger_fn)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function; a context's config is checked first."""
        given = [*args, *kwargs.values()]
        if len(given) != 1:
            raise InvocationError("a logger is called with one argument: build_init_logger_context(...).")
        context = given[0]
        if isinstance(context, InitLoggerContext):
            return self.made(context)
        return self.logger_fn(context)

    def made(self, context: InitLoggerContext) -> Any:
        """The logger for a context. Raises ConfigError for config that does not fit."""
        config = self.processed(context.logger_config)
        return self.logger_fn(InitLoggerContext(config, self, context.job_def, context.run_id))

    def processed(self, config: Any) -> Any:
        """Config as the function gets it."""
        if self.preset is not None:
            config = self.preset.resolve(config)
        if self.config_schema is None:
            return config
        return process(self.config_schema, MISSING if config is None else config, "the logger's config")

    def configured(
        self, config_or_config_fn: Any, config_schema: Any = None, description: str | None = None
    ) -> LoggerDefinition:
        """The same logger with this config: fixed, or what the function makes of its own config."""
        made = LoggerDefinition(self.logger_fn, self.config_schema, description or self.description)
        made.preset = Preset(config_or_config_fn, config_schema, self.preset)
        return made


@overload
def logger(config_schema: Callable[[InitLoggerContext], logging.Logger]) -> LoggerDefinition: ...
@overload
def logger(
    config_schema: Any = None, description: str | None = None
) -> Callable[[Callable[[InitLoggerContext], logging.Logger]], LoggerDefinition]: ...
@noting_call(LoggerDefinition)
def logger(config_schema: Any = None, description: str | None = None) -> Any:
    """Make a logger of a function of an `InitLoggerContext` that returns a `logging.Logger`. Bare or called."""

    @noting(LoggerDefinition)
    def decorate(function: Callable[[InitLoggerContext], Any]) -> LoggerDefinition:
        return LoggerDefinition(function, None if config_schema is function else config_schema, description)

    return decorate(config_schema) if callable(config_schema) and not isinstance(config_schema, type) else decorate


def build_init_logger_context(logger_config: Any = None, job_def: Any = None) -> InitLoggerContext:
    """Build a context for a test that calls a logger's function."""
    return InitLoggerContext(logger_config, None, job_def, None)


class JsonLogFormatter(logging.Formatter):
    """Writes a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        plain = {name: value for name, value in vars(record).items() if _is_plain(value)}
        return json.dumps({**plain, "message": record.getMessage()}, sort_keys=True, default=str)


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, (str, int, float, bool, dict, list, tuple))


class _ConsoleFormatter(logging.Formatter):
    """time - logger - LEVEL - job - run - pid - step - message."""

    def format(self, record: logging.LogRecord) -> str:
        meta: Mapping[str, Any] = getattr(record, "dagster_meta", {})
        where = [meta.get("job_name"), meta.get("run_id"), str(record.process), meta.get("step_key")]
        told = " - ".join(each for each in where if each)
        level = record.levelname
        shown = f"\033[{_COLORS.get(level, 34)}m{level}\033[0m" if sys.stderr.isatty() else level
        line = f"{self.formatTime(record)} - {record.name} - {shown} - {told} - {record.getMessage()}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def _console(context: InitLoggerContext, formatter: logging.Formatter) -> logging.Logger:
    config: Mapping[str, Any] = context.logger_config or {}
    unknown = set(config) - {"log_level", "name"}
    if unknown:
        raise ConfigError(f"loggers: Received unexpected config entry {min(unknown)!r}; there are log_level and name.")
    made = logging.Logger(config.get("name", "rostrum"), str(config.get("log_level", "INFO")).upper())  # noqa: LOG001
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    made.addHandler(handler)
    return made


def _colored(context: InitLoggerContext) -> logging.Logger:
    """The default colored console logger."""
    return _console(context, _ConsoleFormatter())


def _json(context: InitLoggerContext) -> logging.Logger:
    """A console logger that writes JSON, one line a record."""
    return _console(context, JsonLogFormatter())


colored_console_logger = LoggerDefinition(_colored)
"""Writes to standard error. Config: `log_level` (INFO), `name`."""
json_console_logger = LoggerDefinition(_json)
"""Writes JSON to standard error, one line a record. Config: `log_level` (INFO), `name`."""


def default_loggers() -> Mapping[str, LoggerDefinition]:
    """The loggers that a run config may name without their being defined."""
    return {CONSOLE: colored_console_logger}


def default_system_loggers(instance: Any = None) -> list[tuple[LoggerDefinition, Mapping[str, Any]]]:
    """The loggers, with their config, of a run that names none, on any `instance`."""
    del instance
    return [(colored_console_logger, {"name": "rostrum", "log_level": "DEBUG"})]
