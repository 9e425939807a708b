"""What starts runs of an instance, and what decides when: told by name, for code that asks an instance what it has.

The real parts are the launchers and the queue of the control plane; they are set in the instance's file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class SubmitRunContext(NamedTuple):
    """A run, and the code locations that are known when it is submitted."""

    dagster_run: Any
    workspace: Any


class RunLauncher:
    """What starts the process of a run."""

    def __init__(self, inst_data: Any = None) -> None:
        self.inst_data = inst_data
        """What a file says of it: its module, class and config."""


class DefaultRunLauncher(RunLauncher):
    """Starts a process on the machine of the daemon."""


class QueuedRunCoordinator:
    """Puts runs into the queue, which the daemon empties within these limits. None: the instance's own settings."""

    def __init__(
        self,
        max_concurrent_runs: int | None = None,
        tag_concurrency_limits: Sequence[Mapping[str, Any]] | None = None,
        dequeue_interval_seconds: float | None = None,
        dequeue_use_threads: bool | None = None,
        dequeue_num_workers: int | None = None,
        max_user_code_failure_retries: int | None = None,
        user_code_failure_retry_delay: float | None = None,
        block_op_concurrency_limited_runs: Mapping[str, Any] | None = None,
        inst_data: Any = None,
    ) -> None:
        self.max_concurrent_runs, self.tag_concurrency_limits = max_concurrent_runs, tag_concurrency_limits
        self.dequeue_interval_seconds, self.dequeue_use_threads = dequeue_interval_seconds, dequeue_use_threads
        self.dequeue_num_workers = dequeue_num_workers
        self.max_user_code_failure_retries = max_user_code_failure_retries
        self.user_code_failure_retry_delay = user_code_failure_retry_delay
        self.block_op_concurrency_limited_runs = block_op_concurrency_limited_runs
        self.inst_data = inst_data
