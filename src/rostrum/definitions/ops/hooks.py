"""Hooks: functions that run when a step has ended, whatever they do the step's end stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, overload

from rostrum.definitions.broken import noting, noting_call
from rostrum.definitions.coroutines import is_async
from rostrum.definitions.names import check_name
from rostrum.definitions.ops.logs import library_logger
from rostrum.definitions.problems import located
from rostrum.definitions.resources.scoped import ScopedResources
from rostrum.definitions.sources import function_source
from rostrum.model.errors import DefinitionError, InvariantError

if TYPE_CHECKING:
    import logging

    from rostrum.definitions.instance.run_instance import RunInstance  # only steps have one
    from rostrum.definitions.ops.ops import OpDefinition


class HookExecutionResult:
    """What the function of a hook says: that it passed the step over (`is_skipped`), or not."""

    __slots__ = ("hook_name", "is_skipped")

    def __init__(self, hook_name: str, is_skipped: bool | None = None) -> None:
        self.hook_name, self.is_skipped = hook_name, bool(is_skipped)


class HookDefinition:
    """A hook. `hook_fn(context, events)` returns a `HookExecutionResult`; `decorated_fn` is what the user wrote."""

    __slots__ = ("decorated_fn", "hook_fn", "name", "on", "required_resource_keys", "source")

    def __init__(
        self,
        *,
        name: str,
        hook_fn: Callable[..., Any],
        required_resource_keys: Iterable[str] | None = None,
        decorated_fn: Callable[..., Any] | None = None,
    ) -> None:
        self.name, self.hook_fn, self.decorated_fn = check_name(name, "hook"), hook_fn, decorated_fn
        self.required_resource_keys = frozenset(required_resource_keys or ())
        self.on = ""
        """`success` or `failure`: after which ends it runs; empty for all."""
        self.source = function_source(decorated_fn or hook_fn)

    def __repr__(self) -> str:
        return f"<hook {self.name}>"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function directly, in a test."""
        return (self.decorated_fn or self.hook_fn)(*args, **kwargs)


class HookContext:
    """What a hook is given: how the step ended, and what it made."""

    def __init__(self, step_execution_context: Any, hook_def: HookDefinition | None) -> None:
        self._state: Mapping[str, Any] = step_execution_context
        self._hook_def = hook_def

    @property
    def hook_def(self) -> HookDefinition:
        """The hook."""
        if self._hook_def is None:
            raise InvariantError("context.hook_def: this context was built without one.")
        return self._hook_def

    @property
    def job_name(self) -> str:
        """Name of the job."""
        return self._known("job_name")

    @property
    def run_id(self) -> str:
        """Id of the run."""
        return self._known("run_id")

    @property
    def op(self) -> OpDefinition:
        """The op of the step: its `name` is the name of the op."""
        return self._known("op")

    @property
    def step_key(self) -> str:
        """Key of the step."""
        return self._known("step_key")

    @property
    def required_resource_keys(self) -> frozenset[str]:
        """Keys of the resources that the hook asked for."""
        return self.hook_def.required_resource_keys

    @property
    def resources(self) -> ScopedResources:
        """Resources by attribute: those that the hook asked for."""
        return ScopedResources(self._state.get("resources") or {})

    @property
    def op_config(self) -> Any:
        """Config of the step."""
        return self._known("op_config")

    @property
    def op_exception(self) -> BaseException | None:
        """What the user's function raised; None when it did not."""
        return self._state.get("op_exception")

    @property
    def op_output_values(self) -> Mapping[str, Any]:
        """Values by output (by mapping key, for a dynamic one). In the process of the step only."""
        return self._known("op_output_values")

    @property
    def op_output_metadata(self) -> Mapping[str, Any]:
        """Metadata by output (by mapping key, for a dynamic one)."""
        return self._known("op_output_metadata")

    @property
    def log(self) -> logging.Logger:
        """Logger whose lines are kept with the run."""
        return self._known("log")

    @property
    def instance(self) -> RunInstance:
        """What user code may ask of the control plane."""
        return self._known("instance")

    def _known(self, name: str) -> Any:
        value = self._state.get(name)
        if value is None and name not in self._state:
            raise InvariantError(f"context.{name} is not available: this context was built without it.")
        return value


@overload
def success_hook(hook_fn: Callable[..., Any]) -> HookDefinition: ...
@overload
def success_hook(
    *,
    name: str | None = None,
    required_resource_keys: Iterable[str] | None = None,
) -> Callable[[Callable[..., Any]], HookDefinition]: ...
@noting_call(HookDefinition)
def success_hook(
    hook_fn: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    required_resource_keys: Iterable[str] | None = None,
) -> Any:
    """Make a hook of a function of one `context` parameter: it runs after each step that succeeded."""
    return _hook("success", hook_fn, name, required_resource_keys)


@overload
def failure_hook(name: Callable[..., Any]) -> HookDefinition: ...
@overload
def failure_hook(
    name: str | None = None, required_resource_keys: Iterable[str] | None = None
) -> Callable[[Callable[..., Any]], HookDefinition]: ...
@noting_call(HookDefinition)
def failure_hook(
    name: Callable[..., Any] | str | None = None, required_resource_keys: Iterable[str] | None = None
) -> Any:
    """Make a hook of a function of one `context` parameter: it runs after each step that failed for good."""
    if callable(name):
        return _hook("failure", name, None, required_resource_keys)
    return _hook("failure", None, name, required_resource_keys)


def _hook(
    on: str, function: Callable[..., Any] | None, name: str | None, required_resource_keys: Iterable[str] | None
) -> Any:
    @noting(HookDefinition)
    def decorate(function: Callable[..., Any]) -> HookDefinition:
        with located(function_source(function)):
            code = getattr(function, "__code__", None)
            if code is not None and code.co_argcount != 1:
                raise DefinitionError(
                    f"hook {function.__name__}: a hook takes exactly one parameter, `context`, and this function takes "
                    f"{code.co_argcount}."
                )
            own_name = check_name(name or function.__name__, "hook")

        def run(context: HookContext, _events: Any = ()) -> HookExecutionResult:
            function(context)
            return HookExecutionResult(own_name)

        async def run_async(context: HookContext, _events: Any = ()) -> HookExecutionResult:
            await function(context)
            return HookExecutionResult(own_name)

        made = HookDefinition(
            name=own_name,
            hook_fn=run_async if is_async(function) else run,
            required_resource_keys=required_resource_keys,
            decorated_fn=function,
        )
        made.on = on
        return made

    return decorate if function is None else decorate(function)


def build_hook_context(
    resources: Mapping[str, Any] | None = None,
    op: Any = None,
    run_id: str | None = None,
    job_name: str | None = None,
    op_exception: BaseException | None = None,
    instance: Any = None,
) -> HookContext:
    """Build a context for a test that calls a hook's function."""
    state: dict[str, Any] = {
        "resources": dict(resources or {}),
        "op_exception": op_exception,
        "run_id": run_id,
        "job_name": job_name,
        "log": library_logger(),
    }
    if op is not None:
        state["op"] = getattr(op, "node_def", op)
    if instance is not None:
        state["instance"] = instance
    return HookContext(state, None)
