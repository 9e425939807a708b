"""Runs one attempt of a step in this process: config, resources, inputs, the user's function, outputs, checks,
retries, events.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from threading import get_ident
from typing import Any

from rostrum.definitions.contexts.step_scope import CURRENT, StepScope
from rostrum.definitions.coroutines import Coroutines, is_awaited, moved
from rostrum.definitions.events.outputs import RetryRequested
from rostrum.definitions.instance.run_instance import RunInstance
from rostrum.definitions.location.live import Resolved
from rostrum.execution.active import ACTIVE, Active, Interrupter
from rostrum.execution.copies import end_copy
from rostrum.execution.notes import RunNotes
from rostrum.execution.output.attribution import Attribution
from rostrum.execution.output.logs import RunLog
from rostrum.execution.sessions import LineSession
from rostrum.execution.steps.endings import Endings
from rostrum.execution.steps.events import evaluated, logged
from rostrum.execution.steps.hook_records import HookRecord
from rostrum.execution.steps.hooks import Hooks
from rostrum.execution.steps.prepared import PlanSteps, Preparations, Prepared
from rostrum.execution.steps.resources import Resources
from rostrum.execution.steps.results import Item, Made, Verdict, items, items_async
from rostrum.execution.steps.scopes import Scopes
from rostrum.execution.steps.values import Emit, Values
from rostrum.execution.user_code import Raised, contained, guard, guard_interruptible, guard_task
from rostrum.interfaces.clock import Clock
from rostrum.interfaces.masks import KNOWN
from rostrum.interfaces.runs import RunSession
from rostrum.model.errors import CheckFailed
from rostrum.model.events import Event, StepCanceled, StepStarted, StepSucceeded
from rostrum.model.partitions import PartitionsSpec
from rostrum.model.plans import Plan, Step
from rostrum.model.runs import Run

SUCCEEDED, FAILED = "step_succeeded", "step_failed"
IO_TAG = "rostrum/io"
"""Tag of an async op: `thread` has its inputs loaded and outputs stored in a thread, not in the event loop."""


class StepRunner:
    """See `interfaces.execution.StepRunner`; what concerns processes is in `step_worker.ProcessStepRunner`."""

    def __init__(
        self,
        resolved: Resolved,
        run: Run,
        plan: Plan,
        session: RunSession,
        clock: Clock,
        notes: RunNotes,
        resources: Resources,
        log: RunLog,
        partition_keys: Sequence[str] = (),
    ) -> None:
        self._resolved, self._run, self._clock, self._notes = resolved, run, clock, notes
        self._plan = PlanSteps(plan, resolved, run.target)
        self._resources, self.log = resources, log
        self._instance = RunInstance(session)
        self._partition_keys = tuple(partition_keys)
        self._prepared = Preparations(resolved, self._plan)
        self._coroutines = Coroutines(contained)
        self.values = Values(session, clock, notes, resources.io_manager)
        self.values.settings = resources.io_settings()
        self.values.settled = resources.settled = self._coroutines.settled
        self._scopes = Scopes(resolved, run, clock, log.logger, self.values, self._partition_keys)
        self.is_canceled: Callable[[], bool] = _never
        """Whether the run is being cancelled: only then is an interrupt no failure of the step."""
        self.cancel: Callable[[], None] | None = None
        """Cancels the run, for an interrupt that user code raises by itself; None in a process of the step's own, where
        that is the step's failure.
        """
        self.endings = Endings(resolved.ops, clock)
        self._hooks = (
            Hooks(resolved.hooks, clock, log.logger, resources.value, self._coroutines, self._interrupted)
            if resolved.hooks
            else None
        )
        self.attribution: Attribution | None = None
        """Tells output of steps apart, where several write to the captured output of one process."""
        self._interrupter: Interrupter | None = None
        """Where attempts run concurrently."""

    @property
    def partitions(self) -> PartitionsSpec | None:
        """Definition that the run's partition keys are of, for steps without partitioned assets."""
        return self._scopes.partitions

    @partitions.setter
    def partitions(self, partitions: PartitionsSpec | None) -> None:
        self._scopes.partitions = partitions

    @property
    def resource_failure(self) -> BaseException | None:
        """What a resource raised that could not be set up in this process."""
        return self._resources.failure

    def open(self, steps: list[Step], emit: Emit) -> bool:
        """Open the resources of these steps, and IO managers where values are moved."""
        keys: dict[str, None] = {}
        for step in steps:
            prepared = self._prepared.of(step)
            keys.update(dict.fromkeys(sorted(prepared.op.resource_keys)))
            keys.update(dict.fromkeys(sorted(prepared.io_manager_keys)))
            if self._hooks is not None and step.hooks:
                keys.update(dict.fromkeys(self._hooks.resource_keys(step)))
        return self._resources.open(list(keys), emit)

    def close(self) -> None:
        """Tear down what `open` set up. Safe to call any number of times."""
        self._resources.close()
        self._prepared.close()
        self._coroutines.close()
        if self._interrupter is not None:
            self._interrupter.stop()

    def use_session(self, session: RunSession) -> None:
        """Talk to the control plane through another session from now on."""
        if isinstance(session, LineSession):
            KNOWN.listen("line", session.cover)
        self._instance = RunInstance(session)
        self.values.use_session(session)

    def items(self, step: Step) -> Mapping[str, Sequence[str]] | None:
        """Keys of the items by dynamic output; None when the step's op has none."""
        items: dict[str, Sequence[str]] | None = None
        for output in self._resolved.ops[step.op].outputs.values():
            if output.dynamic:
                items = items if items is not None else {}
                items[output.name] = tuple(self._notes.mapping_keys.get((step.key, output.name), ()))
        return items

    def adopt(self, steps: Sequence[Step]) -> None:
        """Take note of steps that have joined the run, or of which more is known."""
        for step in steps:
            self._prepared.adopt(step)

    def run_step(self, step: Step, attempt: int, emit: Emit) -> str:
        """Run one attempt. Several threads may do so at once."""
        began = time.perf_counter()
        active = self._begin(step, attempt, emit)
        interrupter = self._interrupter
        if interrupter is None:
            raised = guard(self._attempt if step.timeout_seconds is None else self._limited, active)
        else:
            raised = guard_interruptible(interrupter, active, get_ident(), self._attempt)
        end = self._end(active, raised, began)
        if active.record is not None:
            self._run_hooks(active, raised, end)
        self._leave(active)
        return end

    async def run_step_async(self, step: Step, attempt: int, emit: Emit) -> str:
        """The same in the running event loop, for a step whose function is a coroutine or an async generator."""
        import asyncio  # tens of milliseconds, which most runs need not pay

        began = time.perf_counter()
        active = self._begin(step, attempt, emit)
        raised = await guard_task(self._interrupter, active, asyncio.current_task(), self._attempt_async)
        end = self._end(active, raised, began)
        if active.record is not None:
            await asyncio.to_thread(self._run_hooks, active, raised, end)
        self._leave(active)
        return end

    def is_async(self, step: Step) -> bool:
        """Whether the step's function is a coroutine or an async generator."""
        return is_awaited(self._resolved.ops[step.op].function)

    def share(self) -> Callable[[], Any]:
        """From now on attempts run concurrently, each of which may be interrupted, and all coroutines run in one event
        loop; returns what gives that (its thread starts at the first call). To be called in the main thread where steps
        are to run there.
        """
        self._coroutines.share()
        self._interrupter = Interrupter()
        return self._coroutines.loop

    def interrupt(self, step: Step, attempt: int, raising: type[BaseException] = KeyboardInterrupt) -> bool:
        """Have user code of an attempt that runs in this process end by this exception. From any thread. False when it
        has not begun, or is over.
        """
        active = self.log.running(step.key, attempt)
        if active is None or self._interrupter is None:
            return False
        self._interrupter.interrupt(active, raising)
        return True

    def abandon(self, step: Step, attempt: int) -> None:
        """Take nothing more of an attempt that does not end: no event, no output, no log line of its step."""
        active = self.log.running(step.key, attempt)
        if active is not None:
            active.emit = _dropped
            self._forget(active)

    def _begin(self, step: Step, attempt: int, emit: Emit) -> Active:
        """Tell of it, and make it what this thread or task does."""
        active = Active(step, attempt, emit, self.log, ACTIVE.get())
        emit(StepStarted(at=self._clock.now(), step_key=step.key, attempt=attempt))
        self.log.enter(active)
        if step.hooks and self._hooks is not None:
            active.record = HookRecord()
        return active

    def _end(self, active: Active, raised: Raised | None, began: float) -> str:
        """Tell how it ended. Its code is what runs here no more; its hooks may still have something to say."""
        CURRENT.set(active.around.scope if active.around is not None else None)  # a run within a step
        step, seconds = active.step, time.perf_counter() - began
        if raised is not None and raised.is_interrupt and active.interrupt is None:
            self._interrupted(raised)
        if raised is None:
            active.emit(StepSucceeded(at=self._clock.now(), step_key=step.key, seconds=seconds))
            return SUCCEEDED
        if raised.is_interrupt and (active.interrupt is not None or self.is_canceled()):
            end = StepCanceled(at=self._clock.now(), step_key=step.key, seconds=seconds)
        else:
            end = self.endings.of(step, active.attempt, raised, seconds)
        active.emit(end)
        return end.kind

    def _leave(self, active: Active) -> None:
        """Its code does nothing here any more."""
        self._forget(active)
        ACTIVE.set(active.around)

    def _forget(self, active: Active) -> None:
        active.has_ended = True
        if active.output is not None and self.attribution is not None:
            self.attribution.end(active)
        self.log.forget(active)

    def _run_hooks(self, active: Active, raised: Raised | None, end: str) -> None:
        assert self._hooks is not None
        assert active.record is not None
        if end not in (SUCCEEDED, FAILED):
            return
        exception = raised.exception if raised is not None else None
        if isinstance(exception, RetryRequested) and exception.__cause__ is not None:
            exception = exception.__cause__
        step = active.step
        common = {"run_id": self._run.run_id, "job_name": self._run.target.job, "instance": self._instance}
        self._hooks.run(step, self._resolved.ops[step.op], active.record, exception, active.emit, common)

    @property
    def executed(self) -> Mapping[str, Step]:
        """Steps of the run by key."""
        return self._plan.executed

    def _attempt(self, active: Active) -> None:
        prepared, scope, arguments = self._ready(active)
        if prepared.inputs:
            self.values.load(prepared, scope, arguments, active.emit)
        returned = prepared.op.function(**arguments)
        for item in items(prepared.shape, active.step, returned, self._coroutines.run):
            self._take(item, prepared, scope, active)
        if active.blocked is not None:
            raise CheckFailed(_failed_checks(active.blocked))

    def _limited(self, active: Active) -> None:
        """The same for a step that has a time limit: it is only here that StepTimeout may come."""
        active.is_open = True
        try:
            self._attempt(active)
        finally:
            active.is_open = False

    async def _attempt_async(self, active: Active) -> None:
        prepared, scope, arguments = self._ready(active)
        apart = self._moves_apart(prepared)
        if prepared.inputs:
            await moved(apart, self.values.load, prepared, scope, arguments, active.emit)
        returned = prepared.op.function(**arguments)
        async with aclosing(items_async(prepared.shape, active.step, returned)) as made:
            async for item in made:
                await moved(apart, self._take, item, prepared, scope, active)
        if active.blocked is not None:
            raise CheckFailed(_failed_checks(active.blocked))

    def _ready(self, active: Active) -> tuple[Prepared, StepScope, dict[str, Any]]:
        """All that is needed to call the function, but the values of its inputs."""
        step = active.step
        prepared = self._prepared.of(step)
        op = prepared.op
        resources = prepared.resources
        if resources is None:
            resources = prepared.resources = {key: self._resources.value(key) for key in op.resource_keys}
        op_config, argument = prepared.config.values(self._run.config, step.key)
        scope = active.scope = self._scopes.make(prepared, active, resources, op_config, self._instance)
        arguments: dict[str, Any] = {}
        if prepared.context_name is not None:
            arguments[prepared.context_name] = prepared.context_class(scope)
        if op.signature.config is not None:
            arguments[op.signature.config] = argument
        for name in prepared.resource_names:
            arguments[name] = resources[name]
        CURRENT.set(scope)
        if active.record is not None:
            active.record.scope = scope
        return prepared, scope, arguments

    def _take(self, item: Item, prepared: Prepared, scope: StepScope, active: Active) -> None:
        """Store and tell what the function has produced."""
        if active.has_ended or self.is_canceled():
            if active.is_copy:
                end_copy(None)
            # Nobody waits for it any more, or the run is cancelled and the step did not care: nothing of it is stored.
            raise KeyboardInterrupt
        if type(item) is Made:
            self.values.store(item, prepared, scope, active.emit)
            if active.record is not None:
                active.record.note(item)
        elif type(item) is Verdict:
            target = self._notes.targets.get(item.check_key.asset_key)
            event = evaluated(item, prepared, scope, target, self._clock.now())
            active.emit(event)
            if event.blocking and not event.passed and event.severity == "error":
                active.blocked = [*(active.blocked or ()), item]
        else:
            active.emit(logged(item, active.step.key, self._clock.now()))

    def _moves_apart(self, prepared: Prepared) -> bool:
        """Whether values of an async step are loaded and stored in a thread, so that the event loop need not wait:
        where an IO manager is async itself (the thread waits for the loop), or the op's tag says so.
        """
        if prepared.moves_apart is None:
            managers = [self._resources.io_manager(key) for key in prepared.io_manager_keys]
            methods = [getattr(each, name, None) for each in managers for name in ("handle_output", "load_input")]
            asked = prepared.step.tags.get(IO_TAG) == "thread"
            prepared.moves_apart = asked or any(is_awaited(method) for method in methods)
        return prepared.moves_apart

    def _interrupted(self, raised: Raised) -> None:
        """User code has ended with an interrupt: one of its own cancels the run, as one from outside has done."""
        if self.cancel is not None and not self.is_canceled():
            self.log.logger.error("the code raised KeyboardInterrupt: the run stops here", exc_info=raised.exception)
            self.cancel()


def _never() -> bool:
    return False


def _dropped(event: Event) -> None:
    """Of an attempt that was given up."""


def _failed_checks(blocked: Sequence[Verdict]) -> str:
    named = ", ".join(f"{verdict.check_key.asset_key}: {verdict.check_key.name}" for verdict in blocked)
    told = "; ".join(verdict.result.description for verdict in blocked if verdict.result.description)
    number = f"{len(blocked)} blocking asset check{'s' if len(blocked) > 1 else ''} failed with severity ERROR"
    return f"{number}: {named}{' (' + told + ')' if told else ''}"
