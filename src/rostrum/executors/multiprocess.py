"""Executor that gives every attempt of a step a process of its own, a direct child of the run worker.

The run worker runs no user code and starts no thread here, so that it may fork at any time. A child sends its events
over a socket pair; the run worker stamps and appends them, so one writer sequences a run. Death is seen through a
pidfd: an attempt without a terminal event has failed, and its exit code or signal is the reason. Steps that ask to run
beside others (`in_process`, `thread`, `async`) share one child.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rostrum.executors.mixed import Local, checked_start_method, execute_mixed, processors
from rostrum.executors.rules import rules_of
from rostrum.interfaces.execution import RunHost, StepRunner
from rostrum.model.errors import InvocationError
from rostrum.model.plans import Plan


class MultiprocessExecutor:
    """Runs steps in processes, at most `max_concurrent` at once (None: as many as the machine has processors).

    `start_method` is `fork` (milliseconds), `spawn` (a new interpreter that imports the code again) or None: fork
    where the system has it. A cancelled step gets SIGINT, SIGTERM after half of `grace_seconds`, SIGKILL after all of
    it. `tag_concurrency_limits` are described at `limits.TagLimits`; without `retries` nothing is tried again.
    Without `require_upstream_step_success` a step may use what a failed one has stored before it failed. With `fuse`
    a chain of steps shares one process. `infrastructure_retries`: how many crashes of a step are forgiven where its
    policy does not say; None counts them with its failures. `default`: where steps run that say nothing of isolation.
    `max_threads`, `max_tasks`: most threads and async steps at once in the process that steps share.
    """

    name = "multiprocess"
    isolates = True

    def __init__(
        self,
        max_concurrent: int | None = None,
        *,
        start_method: str | None = None,
        grace_seconds: float = 20.0,
        tag_concurrency_limits: Sequence[Mapping[str, Any]] = (),
        retries: bool = True,
        require_upstream_step_success: bool = True,
        fuse: bool = False,
        infrastructure_retries: int | None = None,
        default: str = "process",
        max_threads: int | None = None,
        max_tasks: int | None = None,
    ) -> None:
        if max_concurrent is not None and max_concurrent < 1:
            raise InvocationError(
                f"max_concurrent is {max_concurrent}; give a number from 1, or None for the number of processors."
            )
        self.max_concurrent = max_concurrent or processors()
        self.start_method = checked_start_method(start_method)
        self.grace_seconds = grace_seconds
        self.tag_concurrency_limits, self.retries = tag_concurrency_limits, retries
        self.require_upstream_step_success = require_upstream_step_success
        self.fuse, self.infrastructure_retries, self.default = fuse, infrastructure_retries, default
        self.max_threads, self.max_tasks = max_threads, max_tasks

    def execute(self, plan: Plan, runner: StepRunner, host: RunHost) -> bool:
        """See `interfaces.execution.Executor`."""
        local = Local(
            max_concurrent=self.max_concurrent,
            start_method=self.start_method,
            fuse=self.fuse,
            threads=self.max_threads,
            tasks=self.max_tasks,
        )
        return execute_mixed(plan, runner, host, self.default, rules_of(self), local)
