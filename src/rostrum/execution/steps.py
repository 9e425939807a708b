"""Runs one attempt of a step in this process: config, resources, inputs, the user's function, outputs, checks,
retries, events.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from rostrum.definitions.contexts.step_scope import CURRENT, StepScope
from rostrum.definitions.coroutines import Coroutines
from rostrum.definitions.events.outputs import Failure, RetryRequested
from rostrum.definitions.instance.run_instance import RunInstance
from rostrum.definitions.location.live import Resolved
from rostrum.execution.hooks import HookRecord, Hooks
from rostrum.execution.logs import RunLog
from rostrum.execution.notes import RunNotes
from rostrum.execution.places import tell_place
from rostrum.execution.prepared import OpParts, PlanSteps, Prepared, asset_upstream
from rostrum.execution.resources import Resources
from rostrum.execution.results import Made, Verdict, items
from rostrum.execution.step_events import evaluated, logged
from rostrum.execution.step_ops import op_of
from rostrum.execution.user_code import Raised, guard
from rostrum.execution.values import Emit, Values
from rostrum.interfaces.clock import Clock
from rostrum.interfaces.runs import RunSession
from rostrum.model.assets import AssetKey
from rostrum.model.errors import CheckFailed, ConfigError, ErrorInfo, MaxRetriesExceeded, RostrumError
from rostrum.model.events import Event, StepCanceled, StepFailed, StepRetrying, StepStarted, StepSucceeded
from rostrum.model.manifest import RetryPolicy
from rostrum.model.partitions import PartitionsSpec
from rostrum.model.plans import Plan, Step
from rostrum.model.runs import Run


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
        self.partitions: PartitionsSpec | None = None
        """Definition that the run's partition keys are of, for steps without partitioned assets."""
        self._prepared: dict[str, Prepared] = {}
        self._parts: dict[str, OpParts] = {}
        self._coroutines = Coroutines()
        self.values = Values(session, clock, notes, resources.io_manager)
        self.values.settings = resources.io_settings()
        self.values.settled = resources.settled = self._coroutines.settled
        self.is_canceled: Callable[[], bool] = _never
        """Whether the run is being cancelled: only then is an interrupt no failure of the step."""
        self.cancel: Callable[[], None] | None = None
        """Cancels the run, for an interrupt that user code raises by itself; None in a process of the step's own, where
        that is the step's failure.
        """
        self.retries = True
        """False where the executor tries nothing again."""
        self._hooks = (
            Hooks(resolved.hooks, clock, log.logger, resources.value, self._coroutines, self._interrupted)
            if resolved.hooks
            else None
        )
        self._record: HookRecord | None = None
        """Of the step that runs, where it has hooks."""
        self.raised: dict[str, BaseException] = {}
        """By key of the failed step, what its user code raised: for callers in this process."""

    @property
    def resource_failure(self) -> BaseException | None:
        """What a resource raised that could not be set up in this process."""
        return self._resources.failure

    def open(self, steps: list[Step], emit: Emit) -> bool:
        """Open the resources of these steps, and IO managers where values are moved."""
        keys: dict[str, None] = {}
        for step in steps:
            prepared = self._prepare(step)
            keys.update(dict.fromkeys(sorted(prepared.op.resource_keys)))
            keys.update(dict.fromkeys(sorted(prepared.io_manager_keys)))
            if self._hooks is not None and step.hooks:
                keys.update(dict.fromkeys(self._hooks.resource_keys(step)))
        return self._resources.open(list(keys), emit)

    def close(self) -> None:
        """Tear down what `open` set up. Safe to call any number of times."""
        self._resources.close()
        for prepared in self._prepared.values():
            prepared.resources = None
        self._coroutines.close()

    def use_session(self, session: RunSession) -> None:
        """Talk to the control plane through another session from now on."""
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
            self._plan.executed[step.key] = step
            self._prepared.pop(step.key, None)

    def run_step(self, step: Step, attempt: int, emit: Emit) -> str:
        """Run one attempt."""
        began = time.perf_counter()
        key = step.key
        emit(StepStarted(at=self._clock.now(), step_key=key, attempt=attempt))
        self.log.enter(key, emit)
        self._record = HookRecord() if step.hooks else None
        around = CURRENT.get()  # a run within a step
        raised = guard(self._attempt, step, attempt, emit)
        if raised is not None and raised.is_interrupt:
            self._interrupted(raised)
        self.log.leave()
        CURRENT.set(around)
        seconds = time.perf_counter() - began
        if raised is None:
            emit(StepSucceeded(at=self._clock.now(), step_key=key, seconds=seconds))
            if self._record is not None:
                self._run_hooks(step, None, emit)
            return "step_succeeded"
        end = self._end(step, attempt, raised, seconds)
        emit(end)
        if self._record is not None and type(end) is StepFailed:
            self._run_hooks(step, raised.exception, emit)
        return end.kind

    def _run_hooks(self, step: Step, exception: BaseException | None, emit: Emit) -> None:
        assert self._hooks is not None
        assert self._record is not None
        if isinstance(exception, RetryRequested) and exception.__cause__ is not None:
            exception = exception.__cause__
        common = {"run_id": self._run.run_id, "job_name": self._run.target.job, "instance": self._instance}
        self.log.enter(step.key, emit)
        self._hooks.run(step, self._resolved.ops[step.op], self._record, exception, emit, common)
        self.log.leave()

    @property
    def executed(self) -> Mapping[str, Step]:
        """Steps of the run by key."""
        return self._plan.executed

    def _prepare(self, step: Step) -> Prepared:
        prepared = self._prepared.get(step.key)
        if prepared is None:
            parts = self._parts.get(step.op) if step.part_of is None else None
            if parts is None:
                parts = OpParts(op_of(step, self._resolved), self._resolved)
                if step.part_of is None:
                    self._parts[step.op] = parts
            prepared = self._prepared[step.key] = Prepared(step, parts, self._resolved, self._plan)
        return prepared

    def _attempt(self, step: Step, attempt: int, emit: Emit) -> None:
        prepared = self._prepare(step)
        op = prepared.op
        resources = prepared.resources
        if resources is None:
            resources = prepared.resources = {key: self._resources.value(key) for key in op.resource_keys}
        op_config, argument = prepared.config.values(self._run.config, step.key)
        scope = self._scope(prepared, attempt, resources, op_config, emit)
        arguments: dict[str, Any] = {}
        if prepared.context_name is not None:
            arguments[prepared.context_name] = prepared.context_class(scope)
        if op.signature.config is not None:
            arguments[op.signature.config] = argument
        for name in prepared.resource_names:
            arguments[name] = resources[name]
        CURRENT.set(scope)
        record = self._record
        if record is not None:
            record.scope = scope
        if prepared.inputs:
            self.values.load(prepared, scope, arguments, emit)
        returned = op.function(**arguments)
        blocked: list[Verdict] = []
        for item in items(prepared.shape, step, returned, self._coroutines.run):
            if type(item) is Made:
                self.values.store(item, prepared, scope, emit)
                if record is not None:
                    record.note(item)
            elif type(item) is Verdict:
                event = evaluated(
                    item, prepared, scope, self._notes.targets.get(item.check_key.asset_key), self._clock.now()
                )
                emit(event)
                if event.blocking and not event.passed and event.severity == "error":
                    blocked.append(item)
            else:
                emit(logged(item, step.key, self._clock.now()))
        if blocked:
            raise CheckFailed(_failed_checks(blocked))

    def _scope(
        self, prepared: Prepared, attempt: int, resources: Mapping[str, Any], config: Any, emit: Emit
    ) -> StepScope:
        scope = StepScope(
            run=self._run,
            step=prepared.step,
            op=prepared.op,
            log=self.log.logger,
            resources=resources,
            log_event=_no_event,
            now=self._clock.now,
            config=config,
            attempt=attempt,
            instance=self._instance,
            mapping_key=prepared.step.mapping_keys[-1] if prepared.step.mapping_keys else None,
            partitions=prepared.partitions or self.partitions,
            partition_keys=self._partition_keys,
            definitions=self._resolved,
        )
        scope.load_asset = self._load_asset
        scope.log_event = partial(self._log_event, scope, emit)
        return scope

    def _load_asset(self, scope: StepScope, key: AssetKey, annotation: Any, partition: str | None) -> Any:
        return self.values.load_asset(asset_upstream(key, self._resolved), scope, annotation, partition)

    def _log_event(self, scope: StepScope, emit: Emit, event: Any) -> None:
        emit(logged(event, scope.step.key, self._clock.now()))

    # --- how an attempt ended
    # ------------------------------------------------------------------------------------------

    def _end(self, step: Step, attempt: int, raised: Raised, seconds: float) -> Event:
        at = self._clock.now()
        if raised.is_interrupt and self.is_canceled():
            return StepCanceled(at=at, step_key=step.key, seconds=seconds)
        exception = raised.exception
        tell_place(exception, self._resolved.ops[step.op])
        info = _shown(raised)
        allowed, delay = self._retry(step, attempt, exception)
        if attempt <= allowed:
            return StepRetrying(at=at, step_key=step.key, error=info, attempt=attempt, delay_seconds=delay)
        self.raised[step.key] = exception
        if allowed and attempt > 1:
            exhausted = MaxRetriesExceeded(
                f"Exceeded max_retries of {allowed}: step {step.key} failed {attempt} times, the last time with "
                f"{info.first_line}"
            )
            exhausted.__cause__ = exception
            self.raised[step.key] = exhausted
        metadata = exception.metadata if isinstance(exception, Failure) else {}
        return StepFailed(at=at, step_key=step.key, error=info, attempt=attempt, seconds=seconds, metadata=metadata)

    def _interrupted(self, raised: Raised) -> None:
        """User code has ended with an interrupt: one of its own cancels the run, as one from outside has done."""
        if self.cancel is not None and not self.is_canceled():
            self.log.logger.error("the code raised KeyboardInterrupt: the run stops here", exc_info=raised.exception)
            self.cancel()

    def _retry(self, step: Step, attempt: int, exception: BaseException) -> tuple[int, float]:
        """(retries allowed, seconds to wait before the next)."""
        if not self.retries:
            return 0, 0.0
        if isinstance(exception, RetryRequested):
            return exception.max_retries, exception.seconds_to_wait or 0.0
        if isinstance(exception, Failure) and not exception.allow_retries:
            return 0, 0.0
        if step.retry_policy is None or isinstance(exception, (ConfigError, CheckFailed)):
            return 0, 0.0
        return step.retry_policy.max_retries, retry_delay(step.retry_policy, attempt, self._clock.random)


def retry_delay(policy: RetryPolicy, attempt: int, random: Callable[[], float]) -> float:
    """Seconds to wait after the failure of `attempt` (from 1)."""
    delay = policy.delay_seconds
    if policy.backoff == "linear":
        delay *= attempt
    elif policy.backoff == "exponential":
        delay *= 2**attempt - 1
    if policy.jitter == "full":
        return random() * delay
    if policy.jitter == "plus_minus":
        return max(0.0, delay + (2 * random() - 1) * policy.delay_seconds)
    return delay


def _shown(raised: Raised) -> ErrorInfo:
    """A request to retry is shown as what led to it."""
    cause = raised.exception.__cause__
    if isinstance(raised.exception, RetryRequested) and cause is not None:
        return Raised(cause, raised.where).info()
    return raised.info()


def _never() -> bool:
    return False


def _no_event(event: Any) -> None:
    raise RostrumError(f"{type(event).__name__} was logged before the step began")


def _failed_checks(blocked: Sequence[Verdict]) -> str:
    named = ", ".join(f"{verdict.check_key.asset_key}: {verdict.check_key.name}" for verdict in blocked)
    told = "; ".join(verdict.result.description for verdict in blocked if verdict.result.description)
    number = f"{len(blocked)} blocking asset check{'s' if len(blocked) > 1 else ''} failed with severity ERROR"
    return f"{number}: {named}{' (' + told + ')' if told else ''}"
