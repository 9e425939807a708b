"""Executor that runs all steps in the calling process, one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rostrum.executors.ledger import CANCELED, RETRYING, SUCCEEDED, Ledger, expand, skip_event
from rostrum.executors.waits import Waits
from rostrum.interfaces.execution import RunHost, StepRunner
from rostrum.model.errors import ErrorInfo, StepTimeout
from rostrum.model.events import STEP_ENDS, Event, StepFailed, StepRetrying
from rostrum.model.plans import Plan, Step

_SLOT_WAIT_SECONDS = 0.25


class InProcessExecutor:
    """Runs steps in the calling thread. A cancel interrupts the step that runs (the worker raises KeyboardInterrupt in
    it).
    """

    name = "in_process"
    isolates = False
    default = "in_process"

    def __init__(self, *, retries: bool = True, require_upstream_step_success: bool = True) -> None:
        self.retries = retries
        """Whether failed steps are tried again where a policy or the step asks for it."""
        self.require_upstream_step_success = require_upstream_step_success
        """Whether a step waits for success upstream; else the outputs that it needs are enough."""

    @property
    def options(self) -> Mapping[str, Any]:
        """For an executor that takes its place where steps ask for other places."""
        return {"retries": self.retries, "require_upstream_step_success": self.require_upstream_step_success}

    def execute(self, plan: Plan, runner: StepRunner, host: RunHost) -> bool:
        """See `interfaces.execution.Executor`."""
        try:
            opened = runner.open(list(plan.steps), host.record)
            return _Loop(self, plan, runner, host).run() if opened else False
        finally:
            runner.close()


class _Loop:
    """One execution."""

    def __init__(self, executor: InProcessExecutor, plan: Plan, runner: StepRunner, host: RunHost) -> None:
        self._runner, self._host, self._clock = runner, host, host.clock
        self._tried = plan.tried
        self._ledger = Ledger(plan, require_success=executor.require_upstream_step_success)
        self._retries: list[tuple[float, int, Step]] = []
        """Steps to be tried again: (when by the run's clock, attempt, step)."""
        self._record = host.record
        self._waits = Waits(host)
        self._delay = 0.0
        """What the last `step_retrying` said."""

    def run(self) -> bool:
        stop, ledger = self._host.stop, self._ledger
        try:
            while not stop.is_set():
                step, attempt = ledger.take(), 1
                if step is None:
                    if not self._retries:
                        break
                    step, attempt = self._wait_for_retry()
                elif self._tried and step.key in self._tried:
                    before = self._tried[step.key]
                    attempt += before.attempts
                    if before.delay_seconds > 0:
                        self._put_off(step, attempt, before.delay_seconds)
                        continue
                if step is not None:
                    self._attempt(step, attempt)
        except KeyboardInterrupt:
            # It came between two steps (within one the runner turns it into `step_canceled`).
            stop.set()
        for event in ledger.leftovers(self._clock):
            self._record(event)
        return not ledger.failures and not stop.is_set()

    def _attempt(self, step: Step, attempt: int) -> None:
        """Run one attempt, or put it off when the step's pool has no free slot now."""
        pooled = step.pool is not None
        if pooled and not self._has_slot(step):
            self._put_off(step, attempt, _SLOT_WAIT_SECONDS)
            return
        if step.timeout_seconds is None:
            kind = self._runner.run_step(step, attempt, self._emit)
        else:
            kind = self._limited(step, attempt)
        if pooled:
            self._host.release_slot(step)
        if kind == RETRYING:
            self._put_off(step, attempt + 1, self._delay)
            return
        if kind == CANCELED:
            self._host.stop.set()
        elif kind == SUCCEEDED:
            expand(step, self._runner, self._host, self._ledger)
        for passed_over in self._ledger.end(step, kind):
            self._record(skip_event(passed_over, self._clock))

    def _limited(self, step: Step, attempt: int) -> str:
        """Run an attempt that has a time limit."""
        ends: list[str] = []

        def emit(event: Event) -> None:
            if type(event) is StepRetrying or isinstance(event, STEP_ENDS):
                ends.append(event.kind)
            self._emit(event)

        try:
            with self._host.limit(step):
                return self._runner.run_step(step, attempt, emit)
        except StepTimeout:  # just when its code had ended
            if not ends:
                told = StepTimeout.of(step.timeout_seconds or 0.0)
                error = ErrorInfo(class_name=StepTimeout.__name__, message=str(told), code="timeout")
                at = self._clock.now()
                emit(StepFailed(at=at, step_key=step.key, error=error, attempt=attempt, cause="timeout"))
            return ends[0]

    def _has_slot(self, step: Step) -> bool:
        answer = self._host.claim_slot(step)
        if answer.granted:
            self._waits.over(step)
        else:
            self._waits.for_pool(step, answer)
        return answer.granted

    def _put_off(self, step: Step, attempt: int, seconds: float) -> None:
        self._retries.append((self._clock.now().timestamp() + seconds, attempt, step))
        self._retries.sort(key=_due)

    def _emit(self, event: Event) -> None:
        if type(event) is StepRetrying:
            self._delay = event.delay_seconds
        self._ledger.note(event)
        self._record(event)

    def _wait_for_retry(self) -> tuple[Step | None, int]:
        at, attempt, step = self._retries[0]
        seconds = at - self._clock.now().timestamp()
        if seconds > 0 and self._clock.wait(self._host.stop, seconds):
            return None, 0
        del self._retries[0]
        return step, attempt


def _due(retry: tuple[float, int, Step]) -> float:
    return retry[0]
