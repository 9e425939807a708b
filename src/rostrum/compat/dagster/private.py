"""Small functions and constants that real programs import from private modules of Dagster."""

from __future__ import annotations

import contextlib
import enum
import functools
import inspect
import os
import re
import socket
import sys
import tempfile
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import rostrum
from rostrum.compat.dagster.warning_types import BetaWarning, PreviewWarning, SupersessionWarning
from rostrum.definitions.error_info import error_info
from rostrum.model.errors import ErrorInfo
from rostrum.service.clock import SystemClock

DATA_VERSION_TAG = "dagster/data_version"
"""Tag of an event that carries the data version."""
PARTITION_NAME_TAG = "dagster/partition"
"""Tag of a run: key of its partition."""
DEFAULT_DAILY_FORMAT = "%Y-%m-%d"
DEFAULT_DATE_FORMAT = "%Y-%m-%d"
DEFAULT_MONTHLY_FORMAT = "%Y-%m-%d"
DEFAULT_HOURLY_FORMAT_WITHOUT_TIMEZONE = "%Y-%m-%d-%H:%M"
DEFAULT_HOURLY_FORMAT_WITH_TIMEZONE = "%Y-%m-%d-%H:%M%z"

_T = TypeVar("_T")


class ComputeIOType(enum.Enum):
    """Stream of captured output."""

    STDOUT = "stdout"
    STDERR = "stderr"


class RetryMode(enum.Enum):
    """Whether an executor tries failed steps again."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    DEFERRED = "deferred"

    @staticmethod
    def from_config(config_value: Mapping[str, Any]) -> RetryMode | None:
        """The chosen one of `{enabled: {}}` and the like."""
        for selector in config_value:
            return RetryMode(selector)
        return None

    @property
    def enabled(self) -> bool:
        """Whether this is `ENABLED`."""
        return self is RetryMode.ENABLED

    @property
    def disabled(self) -> bool:
        """Whether this is `DISABLED`."""
        return self is RetryMode.DISABLED


def get_retries_config() -> Any:
    """Schema of an executor's `retries`."""
    return rostrum.Field(rostrum.Selector({"enabled": {}, "disabled": {}}), is_required=False)


def get_tag_concurrency_limits_config() -> Any:
    """Schema of an executor's `tag_concurrency_limits`."""
    either = rostrum.ScalarUnion(str, {"applyLimitPerUniqueValue": rostrum.Field(bool)})
    one = {"key": str, "value": rostrum.Field(either, is_required=False), "limit": rostrum.Field(int)}
    return rostrum.Field(rostrum.Noneable(rostrum.Array(rostrum.Shape(one))), is_required=False)


def configure_loggers(*_: Any, **__: Any) -> None:
    """Nothing: Rostrum's processes set up their own logging."""


UserConfigSchema = Any
"""Whatever can be a schema."""


def merge_dicts(*given: Mapping[Any, Any]) -> dict[Any, Any]:
    """All in one; of equal keys the last one holds."""
    merged: dict[Any, Any] = {}
    for each in given:
        merged.update(each)
    return merged


def backoff(
    fn: Callable[..., _T],
    retry_on: tuple[type[BaseException], ...],
    args: tuple[Any, ...] | list[Any] | None = None,
    kwargs: Mapping[str, Any] | None = None,
    max_retries: int = 4,
    delay_generator: Iterator[float] | None = None,
) -> _T:
    """Call `fn` again, after longer and longer waits (seconds), while it raises one of `retry_on`."""
    import threading

    clock = SystemClock()
    delays = delay_generator if delay_generator is not None else (0.1 * 2**turn for turn in range(max_retries))
    failures = 0
    while True:
        try:
            return fn(*(args or ()), **(kwargs or {}))
        except retry_on:
            failures += 1
            if failures > max_retries:
                raise
            clock.wait(threading.Event(), next(delays, 0.0))


def cached_method(method: Callable[..., _T]) -> Callable[..., _T]:
    """A method whose answers are kept in its object, by arguments."""
    place = f"_cached_{method.__name__}"
    signature = inspect.signature(method)

    @functools.wraps(method)
    def cached(self: Any, *given: Any, **named: Any) -> _T:
        bound = signature.bind(self, *given, **named)
        bound.apply_defaults()
        key = tuple(value for name, value in bound.arguments.items() if name != next(iter(signature.parameters)))
        kept = self.__dict__.setdefault(place, {})  # (a frozen object's, too)
        if key not in kept:
            kept[key] = method(self, *given, **named)
        return kept[key]

    return cached


def camelcase(string: str) -> str:
    """`some_words here` as `SomeWordsHere`."""
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[\W_]+", string) if word)


def ensure_dir(path: str) -> str:
    """Make a folder where it is missing; its path."""
    Path(path).mkdir(parents=True, exist_ok=True)
    return path


def ensure_file(path: str) -> None:
    """Make an empty file where there is none."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).touch()


def find_free_port() -> int:
    """A TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def safe_tempfile_path() -> Generator[str]:
    """Path of a temporary file that goes with the block."""
    descriptor, path = tempfile.mkstemp()
    os.close(descriptor)
    try:
        yield path
    finally:
        Path(path).unlink(missing_ok=True)


def get_current_datetime() -> datetime:
    """Now, in UTC."""
    return SystemClock().now()


def get_current_timestamp() -> float:
    """Seconds since 1970."""
    return SystemClock().now().timestamp()


def datetime_from_timestamp(timestamp: float, tz: Any = UTC) -> datetime:
    """Aware time of seconds since 1970."""
    return datetime.fromtimestamp(timestamp, tz)


@contextlib.contextmanager
def environ(env: Mapping[str, str | None]) -> Generator[None]:
    """Set variables for a block; None removes one."""
    before = {name: os.environ.get(name) for name in env}
    _set_all(env)
    try:
        yield
    finally:
        _set_all(before)


def _set_all(env: Mapping[str, str | None]) -> None:
    for name, value in env.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


@contextlib.contextmanager
def new_cwd(path: str) -> Generator[None]:
    """Another current folder for a block."""
    with contextlib.chdir(path):
        yield


@contextlib.contextmanager
def alter_sys_path(to_add: list[str], to_remove: list[str]) -> Generator[None]:
    """Another import path for a block."""
    before = list(sys.path)
    sys.path[:] = [*to_add, *(path for path in before if path not in to_remove)]
    try:
        yield
    finally:
        sys.path[:] = before


@contextlib.contextmanager
def disable_dagster_warnings() -> Generator[None]:
    """No warnings about stages of names for a block."""
    with warnings.catch_warnings():
        for kind in (BetaWarning, PreviewWarning, SupersessionWarning):
            warnings.simplefilter("ignore", category=kind)
        yield


def suppress_dagster_warnings(function: Callable[..., _T]) -> Callable[..., _T]:
    """A function that runs without warnings about stages of names."""

    @functools.wraps(function)
    def quiet(*given: Any, **named: Any) -> _T:
        with disable_dagster_warnings():
            return function(*given, **named)

    return quiet


def _marked(given: Any = None, /, **about: Any) -> Any:
    """A decorator that changes nothing, with or without parentheses."""
    return given if given is not None and not isinstance(given, str) else _as_it_is


def _as_it_is(decorated: _T) -> _T:
    return decorated


public = beta = preview = experimental = deprecated = superseded = _marked
"""Marks of a name's stage. They change nothing."""


def _marked_param(*given: Any, **about: Any) -> Callable[[_T], _T]:
    return lambda decorated: decorated


beta_param = deprecated_param = hidden_param = _marked_param
"""Marks of a parameter's stage. They change nothing."""


def attach_deprecation_info_and_wrap(obj: _T, *given: Any, **about: Any) -> _T:
    """The object as it is."""
    return obj


def serializable_error_info_from_exc_info(exc_info: Any, *given: Any, **named: Any) -> ErrorInfo:
    """An exception (`sys.exc_info()`) as a value."""
    return error_info(exc_info[1])


def wrap_op_in_graph_and_execute(
    op_def: Any, resources: Any = None, input_values: Any = None, run_config: Any = None, **named: Any
) -> Any:
    """Execute an op as the only one of a graph."""
    names = list(op_def.ins)

    def body(**inputs: Any) -> Any:
        return op_def(**inputs)

    body.__name__ = "wraps_it"
    parameters = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in names]
    body.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return rostrum.graph(body).execute_in_process(
        resources=resources, input_values=input_values or {}, run_config=run_config, **named
    )
