"""Resources of a process: opened once before its steps, torn down once after them in the opposite order, whatever
happened between.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from rostrum.definitions.resources.lifecycle import (
    InitResourceContext,
    declares,
    needed_keys,
    open_resource,
    opening_order,
)
from rostrum.execution.plugins import IO_MANAGERS, plugin
from rostrum.execution.steps.io_settings import IOSettings
from rostrum.execution.user_code import Raised, guard
from rostrum.interfaces.clock import Clock
from rostrum.interfaces.io import IOManager
from rostrum.model.errors import DefinitionError, InvocationError, ResourceError, kind_of
from rostrum.model.events import Event, ResourceFailed, ResourcesInitialized
from rostrum.model.runs import Run

DEFAULT_IO_MANAGER = "io_manager"
"""The one key that need not be bound."""


class Resources:
    """Opened resources by key. `default_io_manager` makes the IO manager that is used where the user bound none
    (default: files).
    """

    def __init__(
        self, bound: Mapping[str, Any], run: Run, clock: Clock, default_io_manager: Callable[[], IOManager] | None
    ) -> None:
        self._bound, self._run, self._clock = dict(bound), run, clock
        if DEFAULT_IO_MANAGER not in self._bound:
            make = default_io_manager or plugin(IO_MANAGERS, "filesystem")
            self._bound[DEFAULT_IO_MANAGER] = _Made(make)
        self._values: dict[str, Any] = {}
        self._opened: list[tuple[str, AbstractContextManager[Any]]] = []
        self._by_id: dict[int, Any] = {}
        self._emit: Callable[[Event], None] | None = None
        self.around: Callable[[IOManager], IOManager] | None = None
        """Takes the place of each IO manager, given that one."""
        self.settled: Callable[[Any], Any] | None = None
        """Runs coroutines that set up or tear down, in the loop of the steps' coroutines."""
        self.attended: Callable[[], AbstractContextManager[object]] = nullcontext
        """Around what may take long while nothing else looks after the run: to set up, and to tear down."""
        self.is_shut = False
        """They were to be opened, and that has not come to a good end."""

    def value(self, key: str) -> Any:
        """The opened value."""
        return self._values[key]

    def is_default_io_manager(self, key: str) -> bool:
        """Whether a key means the IO manager that is used where the user bound none."""
        return key == DEFAULT_IO_MANAGER and isinstance(self._bound[key], _Made) and self.around is None

    def io_manager(self, key: str) -> IOManager:
        """An opened IO manager. Raises InvocationError when the resource of that key is none."""
        manager = self._values[key]
        if not hasattr(manager, "handle_output") and not hasattr(manager, "load_input"):
            raise InvocationError(
                f"resource {key!r} is {kind_of(manager)}, which is no IO manager: it has no handle_output."
            )
        return manager if self.around is None else self.around(manager)

    def io_settings(self) -> IOSettings:
        """Config of IO managers, and of single outputs and inputs."""
        return IOSettings(self._bound, self._run.config, self.value)

    def open(self, keys: Sequence[str], emit: Callable[[Event], None]) -> bool:
        """Open these and what they need, where they are not open; False when one failed (its event tells; those opened
        before are torn down).
        """
        self._emit, self.is_shut = emit, True
        with self.attended():
            self.is_shut = not self._open_all(keys, emit)
        return not self.is_shut

    def _open_all(self, keys: Sequence[str], emit: Callable[[Event], None]) -> bool:
        began = time.perf_counter()
        order: list[str] = []
        raised = guard(lambda: order.extend(key for key in opening_order(self._bound, keys) if key not in self._values))
        if raised is not None:
            emit(ResourceFailed(at=self._clock.now(), resource_key=",".join(keys), error=raised.info()))
            return False
        for key in order:
            raised = guard(self._open, key)
            if raised is not None:
                if raised.is_interrupt:
                    self._close()
                    raise raised.exception
                emit(ResourceFailed(at=self._clock.now(), resource_key=key, error=raised.info()))
                self.failure = _failure(key, raised)
                self._close()
                return False
        told = tuple(
            key
            for key in order
            if not isinstance(self._bound[key], _Made) and declares(self._bound[key], "open_for_execution")
        )
        if told:
            emit(ResourcesInitialized(at=self._clock.now(), resource_keys=told, seconds=time.perf_counter() - began))
        return True

    failure: BaseException | None = None
    """What the resource that could not be opened raised."""

    def close(self) -> None:
        """Tear down in the opposite order; a failing teardown is told and does not stop the others."""
        with self.attended() if self._opened else nullcontext():
            self._close()

    def _close(self) -> None:
        while self._opened:
            key, manager = self._opened.pop()
            raised = guard(manager.__exit__, None, None, None)
            if raised is not None and self._emit is not None:
                at, error = self._clock.now(), raised.info()
                self._emit(ResourceFailed(at=at, resource_key=key, error=error, is_teardown=True))
        self._values.clear()
        self._by_id.clear()

    def _open(self, key: str) -> None:
        bound = self._bound[key]
        if isinstance(bound, _Made):
            self._values[key] = bound.value()
            return
        context = InitResourceContext(
            key=key,
            config=self._run.config.get("resources", {}).get(key, {}).get("config"),
            resources={needed: self._values[needed] for needed in needed_keys(bound)},
            run=self._run,
            opened=self._by_id,
        )
        if self.settled is not None:
            context.settled = self.settled
        manager = open_resource(bound, context)
        self._values[key] = value = manager.__enter__()
        self._by_id[id(bound)] = value
        self._opened.append((key, manager))


def _failure(key: str, raised: Raised) -> BaseException:
    """What callers in this process get: wrong config as it is told, else a ResourceError that has the user's exception
    as its cause.
    """
    if isinstance(raised.exception, DefinitionError):
        return raised.exception
    info = raised.info()
    error = ResourceError(f"resource {key!r} could not be set up: {info.first_line}", info)
    error.__cause__ = raised.exception
    return error


class _Made:
    """The default IO manager, made when it is first needed and kept: memory must survive a close."""

    __slots__ = ("_make", "_value")

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make, self._value = make, None

    def value(self) -> Any:
        if self._value is None:
            self._value = self._make()
        return self._value
