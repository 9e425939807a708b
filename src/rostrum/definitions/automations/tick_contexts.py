"""What the functions of schedules and sensors get, and how they are called. Resources are opened when first used."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from rostrum.definitions.coroutines import settled
from rostrum.definitions.ops.logs import library_logger
from rostrum.definitions.ops.signatures import Signature
from rostrum.definitions.resources.scoped import ScopedResources
from rostrum.model.errors import InvariantError, InvocationError, UnknownResource, kind_of, one_of

if TYPE_CHECKING:
    import logging

    from rostrum.definitions.instance.instance import Instance  # loaded by the first that makes one


class TickContext:
    """What contexts of schedules and sensors share. A context manager: leaving it tears its resources down."""

    __slots__ = (
        "__dict__",
        "_instance",
        "_opened",
        "_repository_def",
        "_repository_name",
        "instance_ref",
        "log",
        "log_key",
        "resource_defs",
    )

    def __init__(
        self,
        *,
        instance: Any,
        instance_ref: Any,
        resources: Mapping[str, Any] | None,
        repository_def: Any,
        repository_name: str | None,
        log_key: Sequence[str] | None,
        log: logging.Logger | None,
    ) -> None:
        self._instance, self.instance_ref = instance, instance_ref
        self.resource_defs: Mapping[str, Any] = dict(resources or {})
        """Resources as they were bound."""
        self._repository_def, self._repository_name = repository_def, repository_name
        self.log_key = log_key
        self.log = log or library_logger()
        """Logger whose lines are kept with the tick."""
        self._opened: Any = None

    @property
    def instance(self) -> Instance:
        """The instance. Raises InvariantError where none was given."""
        if self._instance is None:
            raise InvariantError(
                "context.instance is not available: this context was built without one. In a test, give instance=... "
                "to the function that builds it. In a tick that the daemon asks for there is none yet: a later version "
                "of Rostrum brings it; until then keep what a later tick has to know in the cursor."
            )
        return self._instance

    @property
    def opened(self) -> Any:
        """`OpenedResources`: by key, those asked for opened. What opens them is loaded when a tick asks for one."""
        if self._opened is None:
            opening = importlib.import_module("rostrum.definitions.automations.tick_resources")
            self._opened = opening.OpenedResources(self.resource_defs, self.log)
        return self._opened

    @opened.setter
    def opened(self, opened: Any) -> None:
        self._opened = opened

    @property
    def resources(self) -> ScopedResources:
        """Resources by attribute."""
        return ScopedResources(self.opened)

    @property
    def repository_def(self) -> Any:
        """The definitions that the schedule or sensor belongs to; None where they are not known."""
        return self._repository_def

    @property
    def repository_name(self) -> str | None:
        """Name of the code location."""
        return self._repository_name

    def has_captured_logs(self) -> bool:
        """Say whether lines that are logged here are kept."""
        return self.log_key is not None

    def merge_resources(self, resources_dict: Mapping[str, Any]) -> Self:
        """A copy with more resources. Raises InvariantError for one that is bound already."""
        import copy  # rare

        twice = sorted(set(resources_dict) & set(self.resource_defs))
        if twice:
            raise InvariantError(f"resources are given twice: {', '.join(twice)}.")
        made = copy.copy(self)
        made.resource_defs = {**self.resource_defs, **resources_dict}
        made.opened = None
        return made

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        if self._opened is not None:
            self._opened.close()


class ScheduleEvaluationContext(TickContext):
    """What a schedule's function gets."""

    def __init__(
        self,
        instance_ref: Any = None,
        scheduled_execution_time: datetime | None = None,
        log_key: Sequence[str] | None = None,
        repository_name: str | None = None,
        schedule_name: str | None = None,
        resources: Mapping[str, Any] | None = None,
        repository_def: Any = None,
        *,
        instance: Any = None,
        cursor: str | None = None,
        log: logging.Logger | None = None,
    ) -> None:
        super().__init__(
            instance=instance,
            instance_ref=instance_ref,
            resources=resources,
            repository_def=repository_def,
            repository_name=repository_name,
            log_key=log_key,
            log=log,
        )
        self._scheduled_execution_time, self.schedule_name, self.cursor = (
            scheduled_execution_time,
            schedule_name,
            cursor,
        )

    @property
    def scheduled_execution_time(self) -> datetime:
        """Time of the tick, aware, in the schedule's time zone. Raises InvariantError where none was given."""
        if self._scheduled_execution_time is None:
            raise InvariantError(
                "context.scheduled_execution_time is not available: this context was built without it. Give "
                "scheduled_execution_time=... to build_schedule_context."
            )
        return self._scheduled_execution_time


class SensorEvaluationContext(TickContext):
    """What a sensor's function gets. Times are seconds since 1970, UTC."""

    __slots__ = (
        "_cursor",
        "code_location_origin",
        "cursor_updated",
        "definitions",
        "last_completion_time",
        "last_run_key",
        "last_sensor_start_time",
        "last_tick_completion_time",
        "sensor_name",
    )

    def __init__(
        self,
        instance_ref: Any = None,
        last_tick_completion_time: float | None = None,
        last_run_key: str | None = None,
        cursor: str | None = None,
        log_key: Sequence[str] | None = None,
        repository_name: str | None = None,
        repository_def: Any = None,
        instance: Any = None,
        sensor_name: str | None = None,
        resources: Mapping[str, Any] | None = None,
        definitions: Any = None,
        last_sensor_start_time: float | None = None,
        code_location_origin: Any = None,
        last_completion_time: float | None = None,
        *,
        log: logging.Logger | None = None,
    ) -> None:
        super().__init__(
            instance=instance,
            instance_ref=instance_ref,
            resources=resources,
            repository_def=repository_def if repository_def is not None else definitions,
            repository_name=repository_name,
            log_key=log_key,
            log=log,
        )
        self.definitions = definitions
        self.last_run_key, self.last_sensor_start_time = last_run_key, last_sensor_start_time
        self.last_tick_completion_time = last_tick_completion_time
        self.last_completion_time = (
            last_completion_time if last_completion_time is not None else last_tick_completion_time
        )
        self.sensor_name = sensor_name or ""
        self.code_location_origin = code_location_origin
        self._cursor, self.cursor_updated = cursor, False

    @property
    def cursor(self) -> str | None:
        """What `update_cursor` was last given, now or in an earlier evaluation."""
        return self._cursor

    @property
    def is_first_tick_since_sensor_start(self) -> bool:
        """True at the first evaluation after the sensor was switched on."""
        started, completed = self.last_sensor_start_time, self.last_tick_completion_time
        return started is None or completed is None or started > completed

    def update_cursor(self, cursor: str | None) -> None:
        """Keep a text for the next evaluation; it is stored with the outcome of this one."""
        if cursor is not None and not isinstance(cursor, str):
            raise InvocationError(
                f"update_cursor: the cursor is text, not {cursor!r}; write it with str() or json.dumps."
            )
        self._cursor, self.cursor_updated = cursor, True


class TickFunction:
    """A function of the user's that decides a tick, with what its parameters are for.

    The first parameter gets the context unless it is a resource; the others are resources: by their annotation, or by
    name.
    """

    __slots__ = ("context", "events", "function", "required_resource_keys", "resources", "what")

    def __init__(
        self,
        function: Callable[..., Any],
        what: str,
        required_resource_keys: set[str] | None = None,
        events: int = 0,
    ) -> None:
        signature = Signature(function)
        self.function, self.what = function, what
        names = list(signature.names)
        first = names[0] if names and names[0] not in signature.resources else None
        self.context = first
        """Name of the parameter of the context."""
        rest = names[1:] if first is not None else names
        self.events = tuple(rest[:events]) if first is not None else ()
        """Names of parameters after the context that get what happened."""
        self.resources = tuple(
            name for name in rest[len(self.events) :] if name in signature.resources or name not in signature.defaults
        )
        self.required_resource_keys = frozenset(required_resource_keys or ())

    @property
    def resource_keys(self) -> frozenset[str]:
        """All resources that the function may use."""
        return self.required_resource_keys | set(self.resources)

    def call(self, context: Any, *events: Any, given: Mapping[str, Any] | None = None) -> Any:
        """Call with a context, what happened, and resources of the context; `given` ones come first."""
        arguments: dict[str, Any] = {}
        if self.context is not None:
            arguments[self.context] = context
        arguments.update(zip(self.events, events, strict=False))
        for name in self.resources:
            arguments[name] = given[name] if given and name in given else self._resource(context, name)
        return settled(self.function(**arguments))

    def invoke(self, kind: type, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Call as the user calls the definition itself: a context, by position or name, and resources by name."""
        given = dict(kwargs)
        if len(args) > 1 + len(self.events):
            raise InvocationError(
                f"{self.what} takes one positional argument, the context, and resources by name; it was given "
                f"{len(args)}."
            )
        context, events = (args[0], args[1:]) if args else (given.pop(self.context or "context", None), ())
        unknown = sorted(given.keys() - set(self.resources))
        if unknown:
            raise InvocationError(f"{self.what} has no parameter {unknown[0]!r} for a resource.")
        if context is None and self.context is not None:
            raise InvocationError(
                f"{self.what} wants a context, but no context argument was provided: give one, for example of "
                "build_sensor_context() or build_schedule_context()."
            )
        if context is not None and not isinstance(context, kind):
            raise InvocationError(f"{self.what} takes {one_of(kind)}, not {context!r} ({kind_of(context)}).")
        return self.call(context, *events, given=given)

    def _resource(self, context: Any, name: str) -> Any:
        opened: Any = getattr(context, "opened", None)
        if opened is None or name not in opened:
            known = ", ".join(sorted(opened.keys())) if opened is not None else ""
            raise UnknownResource(
                f"{self.what}: there is no resource {name!r} for the parameter of that name (available: "
                f"{known or 'none'})."
            )
        return opened[name]
