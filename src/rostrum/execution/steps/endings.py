"""How an attempt that raised has ended: it is tried again, or the step has failed."""

from __future__ import annotations

from collections.abc import Mapping

from rostrum.definitions.events.outputs import Failure, RetryRequested
from rostrum.definitions.ops.ops import OpDefinition
from rostrum.execution.steps.error_places import tell_place
from rostrum.execution.user_code import Raised
from rostrum.interfaces.clock import Clock
from rostrum.model.errors import CheckFailed, ConfigError, ErrorInfo, MaxRetriesExceeded, StepTimeout
from rostrum.model.events import StepFailed, StepRetrying
from rostrum.model.manifest import RetryPolicy
from rostrum.model.plans import Step
from rostrum.planning.retries import class_names, retry_after


class Endings:
    """Of the steps of a run in this process."""

    def __init__(self, ops: Mapping[str, OpDefinition], clock: Clock) -> None:
        self._ops, self._clock = ops, clock
        self.retries = True
        """False where the executor tries nothing again."""
        self.apart: dict[str, int] = {}
        """By key of the step: attempts that have failed through no fault of its code, where those are counted apart."""
        self.raised: dict[str, BaseException] = {}
        """By key of the failed step, what its user code raised: for callers in this process."""

    def of(self, step: Step, attempt: int, raised: Raised, seconds: float) -> StepRetrying | StepFailed:
        """The event that tells it."""
        at = self._clock.now()
        exception = raised.exception
        if isinstance(exception, StepTimeout) and not exception.args:  # raised in a thread, it can bring no text along
            exception.args = StepTimeout.of(step.timeout_seconds or 0.0).args
        tell_place(exception, self._ops[step.op])
        info = _shown(raised)
        cause = "timeout" if isinstance(exception, StepTimeout) else "user"
        policy = self._policy(step, exception)
        own = attempt - self.apart.get(step.key, 0)
        delay = retry_after(policy, own, self._clock.random, cause=cause, names=class_names(exception))
        if delay is not None:
            return StepRetrying(at=at, step_key=step.key, error=info, attempt=attempt, delay_seconds=delay, cause=cause)
        self.raised[step.key] = exception
        if policy is not None and own > policy.max_retries > 0:
            exhausted = MaxRetriesExceeded(
                f"Exceeded max_retries of {policy.max_retries}: step {step.key} failed {own} times, the last time with "
                f"{info.first_line}"
            )
            exhausted.__cause__ = exception
            self.raised[step.key] = exhausted
        return StepFailed(
            at=at,
            step_key=step.key,
            error=info,
            attempt=attempt,
            seconds=seconds,
            metadata=exception.metadata if isinstance(exception, Failure) else {},
            cause=cause,
        )

    def _policy(self, step: Step, exception: BaseException) -> RetryPolicy | None:
        """Whether and when this failure is tried again."""
        if not self.retries:
            return None
        if isinstance(exception, RetryRequested):
            return RetryPolicy(max_retries=exception.max_retries, delay_seconds=exception.seconds_to_wait or 0.0)
        if isinstance(exception, Failure) and not exception.allow_retries:
            return None
        return step.retry_policy if not isinstance(exception, (ConfigError, CheckFailed)) else None


def _shown(raised: Raised) -> ErrorInfo:
    """A request to retry is shown as what led to it."""
    cause = raised.exception.__cause__
    if isinstance(raised.exception, RetryRequested) and cause is not None:
        return Raised(cause, raised.where).info()
    return raised.info()
