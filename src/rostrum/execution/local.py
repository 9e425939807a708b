"""Runs in the caller's process: what `materialize`, `materialize_to_memory` and `execute_in_process` call.

Without an instance nothing is persisted: the run lives in a session in memory, with the same events as anywhere else.
With one the run is submitted to it, claimed for this process and written there: what `rostrum materialize` does too.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from msgspec import structs

from rostrum.definitions.events.outcome import ExecutionResult
from rostrum.definitions.location.definitions import Definitions
from rostrum.definitions.location.live import Resolved
from rostrum.definitions.ops.job_specs import JobSpec
from rostrum.execution.fork_safety import hazard
from rostrum.execution.plugins import CLOCKS, EXECUTORS, IO_MANAGERS, plugin
from rostrum.execution.sessions import MemoryRunSession
from rostrum.execution.steps.runner import StepRunner
from rostrum.execution.steps.stored_values import StoredValues
from rostrum.execution.workers.run_worker import RunWork
from rostrum.interfaces.clock import Clock
from rostrum.interfaces.execution import Executor
from rostrum.interfaces.instances import InstanceStore
from rostrum.interfaces.launching import GatewayAccess
from rostrum.interfaces.runs import RunSession, StepsLine
from rostrum.model.assets import AssetKey, CheckKey
from rostrum.model.errors import ConfigError, NotPartitioned, RostrumError, UnknownPartition, UserCodeError
from rostrum.model.events import CONTROL_STREAM, AnyEvent, Event, RunQueued, RunStarting
from rostrum.model.manifest import ASSET_JOB, Edge, GraphNode
from rostrum.model.plans import Plan
from rostrum.model.principals import StepScope
from rostrum.model.runs import Run, RunTarget, Trigger
from rostrum.planning.op_selection import selected_ops
from rostrum.planning.partition_tags import with_partition_tags, with_range
from rostrum.planning.plan import build_plan, planned

LOCAL_LOCATION = "local"


class LocalRunner:
    """What `definitions.instance.local_run` calls."""

    def execute(self, definitions: Any, **options: Any) -> ExecutionResult:
        """Execute a target of live definitions, or a job by itself, here and now.

        What to run: `job` (name), `asset_selection`, `check_selection`, `op_selection`,
        `partition_key`, `partition_range`,
        `run_config` (plain), `tags`, `run_id`, `resources` (by key, over those of the definitions), `input_values` (of
        the job's graph). How: `raise_on_error` (default True), `in_memory` (the default IO manager keeps values in
        memory, else in the instance, else in a temporary folder), `instance` (an `InstanceStore`, or what has one as
        `store`), `executor` (name, default `in_process`), `clock`, and for those who watch: `stop` (an event that
        cancels), `watch` (called with each event), `keep_values` (default True), `target` (where the code came from).
        """
        if isinstance(definitions, JobSpec):
            definitions = Definitions(jobs=[definitions], resources=options.get("resources"))
        resolved: Resolved = definitions if isinstance(definitions, Resolved) else definitions.resolved()
        return _Execution(resolved, **options).run()


class _Execution:
    def __init__(
        self,
        resolved: Resolved,
        *,
        job: str,
        asset_selection: Sequence[AssetKey] = (),
        check_selection: Sequence[CheckKey] | None = None,
        op_selection: Sequence[str] = (),
        partition_key: str | None = None,
        partition_range: tuple[str, str] | None = None,
        run_config: Mapping[str, Any] | None = None,
        input_values: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
        run_id: str | None = None,
        resources: Mapping[str, Any] | None = None,
        raise_on_error: bool = True,
        in_memory: bool = False,
        instance: Any = None,
        executor: str | None = "in_process",
        step_selection: Sequence[str] = (),
        parent_run_id: str | None = None,
        stored_values: bool = False,
        clock: Clock | None = None,
        stop: threading.Event | None = None,
        watch: Callable[[Event], None] | None = None,
        keep_values: bool = True,
        target: Any = None,
    ) -> None:
        self._resolved = resolved
        self._instance: InstanceStore | None = getattr(instance, "store", instance)
        if self._instance is not None and job == ASSET_JOB and not asset_selection and check_selection is None:
            asset_selection = resolved.graph.executable  # where runs are kept, what they are to make is told
        self._target = RunTarget(
            location=LOCAL_LOCATION,
            job=job,
            asset_selection=tuple(asset_selection),
            check_selection=tuple(check_selection) if check_selection is not None else None,
            op_selection=tuple(op_selection),
            step_selection=self._steps(job, step_selection),
            partition_key=str(partition_key) if partition_key is not None else None,
            partition_range=partition_range,
        )
        self._target = with_range(self._target, tags or {})
        self._clock: Clock = clock or plugin(CLOCKS, "system")()
        self._resources, self._inputs = dict(resources or {}), dict(input_values or {})
        self._stored_values = stored_values
        self._raise, self._in_memory, self._executor = raise_on_error, in_memory, executor
        self._stop, self._watch, self._code = stop, watch, target
        self._values: dict[tuple[str, str, str | None], Any] | None = {} if keep_values else None
        self._folder: str | None = None
        self._plan: Plan | None = None
        self._run = Run(
            run_id=run_id or self._clock.new_id(),
            target=self._target,
            created_at=self._clock.now(),
            trigger=Trigger("manual"),
            config=dict(run_config or {}),
            tags=dict(tags or {}),
            parent_run_id=parent_run_id,
        )

    def _steps(self, job: str, selection: Sequence[str]) -> tuple[str, ...]:
        """Keys of steps, where the selection has clauses too (`*name`, `name+`)."""
        if not any("*" in clause or "+" in clause for clause in selection):
            return tuple(selection)
        steps = build_plan(self._resolved.manifest, RunTarget(LOCAL_LOCATION, job), self._resolved.graph).steps
        chosen = selected_ops(steps, selection)
        return tuple(step.key for step in steps if step.key in chosen)

    def run(self) -> ExecutionResult:
        run, session = self._open()
        kept = _Keeping(session, self._watch)
        stop = self._stop or threading.Event()
        # Any objects may be among the inputs' values, since they never leave this process.
        work = RunWork(self._resolved, _with_inputs(run, self._inputs), cast(RunSession, kept), self._clock, stop)
        work.heartbeat = self._instance is not None
        work.default_io_manager, work.resources = self._default_io_manager, self._resources
        work.values, work.target, work.plan = self._values, self._code, self._plan
        if not self._in_memory and self._executor != "in_process":
            work.is_placed = True
            work.values_folder = self._values_folder()  # one for all steps, before they are processes of their own
        try:
            work.run(self._chosen_executor(work))
        finally:
            kept.close()
        values: Mapping[Any, Any] = self._values or {}
        if self._stored_values:
            bound = {**self._resolved.resources_of(run.target.job), **self._resources}
            values = StoredValues(self._resolved, run, kept.events, bound, self._clock, self._default_io_manager)
        spec = work.runner.partitions if work.runner is not None else None
        result = ExecutionResult(
            with_partition_tags(self._finished(run, session, kept.events), spec),
            kept.events,
            values,
            self._makers(work.runner),
            self._graph_outputs(),
            next((job for job in self._resolved.manifest.jobs if job.name == self._target.job), None),
            self._graph_maker,
        )
        if self._folder is not None:
            weakref.finalize(result, shutil.rmtree, self._folder, ignore_errors=True)
        if self._stop is None and stop.is_set():
            raise KeyboardInterrupt
        if isinstance(work.exception, KeyboardInterrupt):
            raise work.exception  # of user code outside of steps
        if isinstance(work.exception, (ConfigError, UnknownPartition, NotPartitioned)):
            raise work.exception  # the run has not begun
        if self._raise and not result.success:
            raise _error(result, work)
        return result

    def _chosen_executor(self, work: RunWork) -> Executor | None:
        """None: what the definitions say. Where a fork of this process would hang, steps get fresh interpreters that
        make the job again, if they can.
        """
        options: dict[str, Any] = {}
        if self._executor != "in_process":
            work.fork_hazard = hazard()
            work.may_fork = not work.fork_hazard or self._code is None
            if self._executor == "multiprocess" and not work.may_fork:
                options["start_method"] = "spawn"
        return plugin(EXECUTORS, self._executor)(**options) if self._executor is not None else None

    def _open(self) -> tuple[Run, RunSession]:
        """The run in epoch 1, and the session to write to: in memory the control plane's events are written here."""
        if self._instance is not None:
            return self._instance.open_run(self._run, self._resolved.manifest)
        plan = self._plan = build_plan(self._resolved.manifest, self._target, self._resolved.graph)
        now, session = self._clock.now(), MemoryRunSession(self._run)
        assets = [key for step in plan.steps for key in step.asset_keys]
        checks = [key for step in plan.steps for key in step.check_keys]
        keys = (self._target.partition_key,) if self._target.partition_key else ()
        events = [RunQueued(at=now), RunStarting(at=now, epoch=1)]
        events += planned(self._resolved.graph, assets, checks, keys, now)
        for number, event in enumerate(events, 1):
            placed = structs.replace(event, run_id=self._run.run_id, stream=CONTROL_STREAM, sequence=number)
            session.append([placed])
        return session.run, session

    def _finished(self, run: Run, session: RunSession, events: Sequence[AnyEvent]) -> Run:
        if isinstance(session, MemoryRunSession):
            return session.run
        stored = self._instance.run(run.run_id) if self._instance is not None else None
        return stored or _folded(run, events)

    def _default_io_manager(self) -> Any:
        if self._in_memory:
            return plugin(IO_MANAGERS, "memory")()
        return plugin(IO_MANAGERS, "filesystem")(self._values_folder())

    def _values_folder(self) -> str:
        """The instance's, or one for this run alone."""
        if self._instance is not None:
            return self._instance.values_folder
        if self._folder is None:
            self._folder = tempfile.mkdtemp(prefix="rostrum-")
        return self._folder

    def _makers(self, runner: StepRunner | None) -> dict[AssetKey, tuple[str, str]]:
        return {
            output.asset_key: (op.name, output.name)
            for op in self._resolved.ops.values()
            for output in op.outputs.values()
            if output.asset_key is not None
        } | {
            key: (step.key, output)
            for step in (runner.executed.values() if runner is not None else ())
            for output, outer in step.asset_outputs.items()
            if (key := self._resolved.ops[step.part_of or ""].outputs[outer].asset_key) is not None
        }

    def _graph_outputs(self) -> dict[str, tuple[str, str]]:
        """Outputs of the job's graph: which step's output each one is."""
        manifest = self._resolved.manifest
        graphs = {graph.name: graph for graph in manifest.graphs}
        name = next((job.graph for job in manifest.jobs if job.name == self._target.job), None)
        if name is None:
            return {}
        return {output: _inner(graphs, graphs[name], edge, ()) for output, edge in graphs[name].outputs.items()}

    def _graph_maker(self, node: str, output: str) -> tuple[str, str] | None:
        """Which step's output an output of a nested graph, or of an asset's graph, is."""
        manifest, path = self._resolved.manifest, node.split(".")
        graphs = {graph.name: graph for graph in manifest.graphs}
        name, rest = next((job.graph for job in manifest.jobs if job.name == self._target.job), None), path
        if name is None:
            op = self._resolved.ops.get(path[0])
            name, rest = op.graph.name if op is not None and op.graph is not None else None, path[1:]
        for part in rest:
            nodes = graphs[name].nodes if name is not None else ()
            name = next((each.graph for each in nodes if each.name == part), None)
        edge = graphs[name].outputs.get(output) if name is not None else None
        return _inner(graphs, graphs[name or ""], edge, tuple(path)) if edge is not None else None


def _error(result: ExecutionResult, work: RunWork) -> BaseException:
    """What was raised first: by a step, by a resource, or before any step; else an error that tells what the run's end
    tells.
    """
    runner = work.runner
    if runner is not None:
        for key in (event.step_key for event in result.events if event.kind == "step_failed"):
            if key in runner.endings.raised:
                return runner.endings.raised[key]
        if runner.resource_failure is not None:
            return runner.resource_failure
    if work.exception is not None:
        return work.exception
    error = result.run.error
    return UserCodeError(error.first_line, error) if error is not None else RostrumError("the run failed")


class _Keeping:
    """Keeps the worker's events for the result while handing them on."""

    def __init__(self, session: RunSession, watch: Callable[[Event], None] | None) -> None:
        self._session, self._watch = session, watch
        self.events: list[AnyEvent] = []
        self.steps = _Followed(session.steps, self) if session.steps is not None else None

    def append(self, events: Sequence[Event]) -> None:
        self._session.append(events)
        self.events += events  # type: ignore[arg-type]
        if self._watch is not None:
            self._show(events, self._watch)

    def keep(self, events: Sequence[Event]) -> None:
        self.events += events  # type: ignore[arg-type]
        if self._watch is not None:
            self._show(events, self._watch)

    def _show(self, events: Sequence[Event], watch: Callable[[Event], None]) -> None:
        for event in events:
            watch(event)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)


class _Followed:
    """Keeps for the result what step workers elsewhere have told, too."""

    def __init__(self, steps: StepsLine, kept: _Keeping) -> None:
        self._steps, self._kept = steps, kept

    def access(self, scope: StepScope) -> GatewayAccess:
        return self._steps.access(scope)

    def follow(self, after: int, seconds: float) -> tuple[Sequence[AnyEvent], int]:
        events, cursor = self._steps.follow(after, seconds)
        self._kept.keep(events)
        return events, cursor

    def stop(self) -> None:
        self._steps.stop()


def _with_inputs(run: Run, values: Mapping[str, Any]) -> Run:
    """The run with values for inputs of the job's graph in its config."""
    if not values:
        return run
    inputs = {**run.config.get("inputs", {}), **{name: {"value": value} for name, value in values.items()}}
    return structs.replace(run, config={**run.config, "inputs": inputs})


def _folded(run: Run, events: Sequence[AnyEvent]) -> Run:
    for event in events:
        run = run.after(event)
    return run


def _inner(graphs: Mapping[str, GraphNode], graph: GraphNode, edge: Edge, path: tuple[str, ...]) -> tuple[str, str]:
    node = next(node for node in graph.nodes if node.name == edge.node)
    path = (*path, node.name)
    if node.graph is None:
        return ".".join(path), edge.output
    inner = graphs[node.graph]
    return _inner(graphs, inner, inner.outputs[edge.output], path)
