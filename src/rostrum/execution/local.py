"""Runs in the caller's process: what `materialize`, `materialize_to_memory` and `execute_in_process` call.

Without an instance nothing is persisted: the run lives in a session in memory, with the same events as anywhere else.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import weakref
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, cast

from rostrum.definitions.live import Resolved
from rostrum.execution.outcome import ExecutionResult
from rostrum.execution.plugins import CLOCKS, EXECUTORS, IO_MANAGERS, plugin
from rostrum.execution.sessions import MemoryRunSession
from rostrum.execution.worker import RunWork
from rostrum.interfaces.clock import Clock
from rostrum.interfaces.runs import RunSession
from rostrum.model.assets import AssetKey, CheckKey
from rostrum.model.errors import RostrumError, UserCodeError
from rostrum.model.events import CONTROL_STREAM, AnyEvent, Event, RunPlanned, RunQueued, RunStarting
from rostrum.model.manifest import Edge, GraphNode
from rostrum.model.plans import Plan
from rostrum.model.runs import Run, RunTarget, Trigger
from rostrum.planning.plan import build_plan

LOCAL_LOCATION = "local"


class RunStore(Protocol):
    """An instance that local runs may be kept in."""

    def open_run(self, run: Run, planned: RunPlanned) -> RunSession:
        """Store the new run as starting in epoch 1, with what it plans; returns the session of its worker."""
        ...


class LocalRunner:
    """See `interfaces.execution.LocalRunner`."""

    def execute(self, definitions: Any, **options: Any) -> ExecutionResult:
        """Execute a target of live definitions here and now.

        Options: `job` (name), `asset_selection`, `check_selection`, `partition_key`, `partition_range`, `run_config`
        (plain), `tags`, `run_id`, `resources` (by key, over those of the definitions), `input_values` (of the job's
        graph), `raise_on_error` (default True), `in_memory` (the default IO manager keeps values in memory, else in a
        temporary folder), `instance` (a `RunStore`), `clock`.
        """
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
        partition_key: str | None = None,
        partition_range: tuple[str, str] | None = None,
        run_config: Mapping[str, Any] | None = None,
        input_values: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
        run_id: str | None = None,
        resources: Mapping[str, Any] | None = None,
        raise_on_error: bool = True,
        in_memory: bool = False,
        instance: RunStore | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._resolved = resolved
        self._target = target = RunTarget(
            location=LOCAL_LOCATION,
            job=job,
            asset_selection=tuple(asset_selection),
            check_selection=tuple(check_selection) if check_selection is not None else None,
            partition_key=partition_key,
            partition_range=partition_range,
        )
        self._clock: Clock = clock or plugin(CLOCKS, "system")()
        self._resources = dict(resources or {})
        self._raise, self._in_memory, self._instance = raise_on_error, in_memory, instance
        self._folder: str | None = None
        self._run = Run(
            run_id=run_id or self._clock.new_id(),
            target=target,
            created_at=self._clock.now(),
            trigger=Trigger("manual"),
            config=_with_inputs(run_config or {}, input_values or {}),
            tags=dict(tags or {}),
        )

    def run(self) -> ExecutionResult:
        plan = build_plan(self._resolved.manifest, self._target, self._resolved.graph)
        run, session = self._open(plan)
        kept = _Keeping(session)
        values: dict[tuple[str, str, str | None], Any] = {}

        stop = threading.Event()
        work = RunWork(self._resolved, run, cast(RunSession, kept), self._clock, stop)
        work.heartbeat, work.default_io_manager, work.resources, work.values = (
            False,
            self._default_io_manager,
            self._resources,
            values,
        )
        try:
            work.run(plugin(EXECUTORS, "in_process")())
        finally:
            kept.close()
        finished = session.run if isinstance(session, MemoryRunSession) else _folded(run, kept.events)
        result = ExecutionResult(finished, kept.events, values, self._makers(), self._graph_outputs())
        if self._folder is not None:
            weakref.finalize(result, shutil.rmtree, self._folder, ignore_errors=True)
        if stop.is_set():
            raise KeyboardInterrupt
        if self._raise and not result.success:
            raise _error(result, work)
        return result

    def _open(self, plan: Plan) -> tuple[Run, RunSession]:
        """The run as starting in epoch 1, and the session to write to: in memory the control plane's events are
        written here.
        """
        planned = RunPlanned(
            run_id=self._run.run_id,
            stream=CONTROL_STREAM,
            sequence=3,
            at=self._clock.now(),
            asset_keys=tuple(key for step in plan.steps for key in step.asset_keys),
            check_keys=tuple(key for step in plan.steps for key in step.check_keys),
            partition_keys=(self._target.partition_key,) if self._target.partition_key else (),
        )
        if self._instance is not None:
            session = self._instance.open_run(self._run, planned)
            return self._run.after(RunStarting(at=self._clock.now(), epoch=1)), session
        session = MemoryRunSession(self._run)
        place: dict[str, Any] = {"run_id": self._run.run_id, "stream": CONTROL_STREAM, "at": self._clock.now()}
        session.append([RunQueued(sequence=1, **place), RunStarting(sequence=2, epoch=1, **place), planned])
        return session.run, session

    def _default_io_manager(self) -> Any:
        if self._in_memory:
            return plugin(IO_MANAGERS, "memory")()
        if self._instance is not None:
            return plugin(IO_MANAGERS, "filesystem")()
        self._folder = tempfile.mkdtemp(prefix="rostrum-")
        return plugin(IO_MANAGERS, "filesystem")(self._folder)

    def _makers(self) -> dict[AssetKey, tuple[str, str]]:
        return {
            output.asset_key: (op.name, output.name)
            for op in self._resolved.ops.values()
            for output in op.outputs.values()
            if output.asset_key is not None
        }

    def _graph_outputs(self) -> dict[str, tuple[str, str]]:
        """Outputs of the job's graph: which step's output each one is."""
        manifest = self._resolved.manifest
        graphs = {graph.name: graph for graph in manifest.graphs}
        name = next((job.graph for job in manifest.jobs if job.name == self._target.job), None)
        if name is None:
            return {}
        return {output: _inner(graphs, graphs[name], edge, ()) for output, edge in graphs[name].outputs.items()}


def _error(result: ExecutionResult, work: RunWork) -> BaseException:
    """What was raised first: by a step, by a resource, or before any step; else an error that tells what the run's end
    tells.
    """
    runner = work.runner
    if runner is not None:
        for key in (event.step_key for event in result.get_step_failure_events()):
            if key in runner.raised:
                return runner.raised[key]
        if runner.resource_failure is not None:
            return runner.resource_failure
    if work.exception is not None:
        return work.exception
    error = result.run.error
    return UserCodeError(error.first_line, error) if error is not None else RostrumError("the run failed")


class _Keeping:
    """Keeps the worker's events for the result while handing them on."""

    def __init__(self, session: RunSession) -> None:
        self._session = session
        self.events: list[AnyEvent] = []

    def append(self, events: Sequence[Event]) -> None:
        self.events.extend(events)  # type: ignore[arg-type]
        self._session.append(events)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)


def _with_inputs(config: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Run config with values for inputs of the job's graph: any objects, since they never leave this process."""
    if not values:
        return dict(config)
    return {
        **config,
        "inputs": {**config.get("inputs", {}), **{name: {"value": value} for name, value in values.items()}},
    }


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
