"""Hooks run in the worker of their step, after its code. Where there was none to run them, that is told."""

from __future__ import annotations

from collections.abc import Sequence

from rostrum.executors.attempts import Underway
from rostrum.interfaces.clock import Clock
from rostrum.model.errors import ErrorInfo
from rostrum.model.events import HookCompleted, StepFailed


def hooks_not_run(underway: Underway, *, is_silent: bool, clock: Clock) -> Sequence[HookCompleted]:
    """An event for each hook of an attempt that has failed for good without its worker having run them: that told no
    end (`is_silent`; it died, was killed or given up), or could not begin the step's code.
    """
    step, failed = underway.attempt.step, underway.end
    if not step.hooks or type(failed) is not StepFailed or (underway.has_begun and not is_silent):
        return ()
    message = (
        "Hooks run in the worker of their step, after its code. This one could not run them "
        f"({failed.error.first_line}). A run_failure_sensor hears of every failed run."
    )
    error = ErrorInfo(class_name="HookNotRun", message=message, code="hook_not_run")
    at = clock.now()
    return [HookCompleted(at=at, step_key=step.key, hook=name, outcome="skipped", error=error) for name in step.hooks]
