"""Which executor a launched run gets: the job's, else the location's, else the instance's, else `multiprocess`, with
the config of the run over its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rostrum.definitions.location.live import ExecutorDefinition, Resolved
from rostrum.definitions.ops.executors import InitExecutorContext, executor_options, multi_or_in_process_executor
from rostrum.execution.plugins import EXECUTORS, plugin
from rostrum.interfaces.execution import Executor
from rostrum.model.errors import InvocationError, kind_of
from rostrum.model.plans import Plan
from rostrum.model.runs import Run
from rostrum.planning.placement import SHARED

_MOST_DEFINITIONS = 8
"""How often the function of an executor may lead to another definition."""


def choose_executor(
    resolved: Resolved, run: Run, plan: Plan, *, may_fork: bool, default: Mapping[str, Any] | None
) -> Executor:
    """The executor of a run. `default`: of the instance, `{"name": ..., "config": {...}}`. Raises ConfigError for
    config that it does not take, NotFound for a name that there is not, InvocationError for a function that makes none.
    """
    return placing(_made(resolved, run, may_fork, default), plan, may_fork)


def _made(resolved: Resolved, run: Run, may_fork: bool, default: Mapping[str, Any] | None) -> Executor:
    chosen = resolved.executors.get(run.target.job) or resolved.executor
    if chosen is None:
        chosen = multi_or_in_process_executor
        if default is not None:
            chosen = ExecutorDefinition(default["name"], options=default.get("config"))
    config = chosen.config(run.config.get("execution", {}).get("config") or {})
    for _ in range(_MOST_DEFINITIONS):  # a function may return another definition: of an executor that is built in
        if chosen.creator is None:
            break
        context = InitExecutorContext(resolved.jobs.get(run.target.job), chosen, config, None)
        made = chosen.creator(context)
        if isinstance(made, ExecutorDefinition):
            chosen, config = made, made.config({})
        elif hasattr(made, "isolates"):
            return made
        else:
            raise InvocationError(
                f"executor {chosen.name!r} made {kind_of(made)}, which cannot run the steps of a run here: "
                "return an executor of rostrum.executors (MultiprocessExecutor, InProcessExecutor), or a definition "
                "of one: multiprocess_executor.configured({...})."
            )
    name, options = executor_options(chosen.kind, config)
    if name == "multiprocess" and not may_fork:
        options.setdefault("start_method", "spawn")
    return plugin(EXECUTORS, name)(**options)


def placing(executor: Any, plan: Plan, may_fork: bool) -> Executor:
    """The executor, or one that takes its place because steps ask for places that it does not have: then this process
    runs no user code, so that it may start others.
    """
    default = getattr(executor, "default", None)
    wanted = {step.isolation for step in plan.steps} - {None, default}
    if executor.isolates or default is None or not wanted or (default in ("thread", "async") and wanted <= SHARED):
        return executor
    options = dict(executor.options)
    if not may_fork:
        options["start_method"] = "spawn"
    return plugin(EXECUTORS, "multiprocess")(default=default, **options)


def fork_note(executor: Executor, hazard: str, *, is_importable: bool) -> tuple[str, str] | None:
    """Level and text of what is to be told of how this executor starts processes, where `hazard` is what is known to
    hang a fork of this process. `is_importable`: a fresh interpreter can load the code.
    """
    method = getattr(executor, "start_method", None)
    if not hazard or method is None:
        return None
    if method != "fork":
        text = "Steps get fresh interpreters, which import the code again, since a fork would not be safe here"
        return "info", f"{text}: {hazard}."
    mend = (
        "Leave start_method out of the executor's config, or make it `spawn`."
        if is_importable
        else "Put the job where another process can import it, and give execute_job reconstructable(...) of it: steps "
        "then get fresh interpreters. Or use the in_process executor."
    )
    return "warning", f"Steps are forks of this process, and may hang: {hazard}. {mend}"
