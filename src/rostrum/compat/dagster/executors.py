"""Executors as functions of `@executor` make them: Rostrum's, with Dagster's arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rostrum.executors import in_process, multiprocess


class InProcessExecutor(in_process.InProcessExecutor):
    """Runs steps one after another, in the run's process. `marker_to_close` is accepted and not used."""

    def __init__(
        self, retries: Any = None, marker_to_close: str | None = None, step_dependency_config: Any = None
    ) -> None:
        del marker_to_close
        super().__init__(
            retries=_tries_again(retries), require_upstream_step_success=_requires_success(step_dependency_config)
        )


class MultiprocessExecutor(multiprocess.MultiprocessExecutor):
    """Runs each step in a process of its own, at most `max_concurrent` at once (0 and None: one a processor).

    `start_method` `forkserver` is `spawn` here: a process that has imported the code only.
    """

    def __init__(
        self,
        retries: Any = None,
        max_concurrent: int | None = None,
        tag_concurrency_limits: Sequence[Mapping[str, Any]] | None = None,
        start_method: str | None = None,
        explicit_forkserver_preload: Sequence[str] | None = None,
        step_dependency_config: Any = None,
    ) -> None:
        del explicit_forkserver_preload
        super().__init__(
            max_concurrent or None,
            start_method="spawn" if start_method == "forkserver" else start_method,
            tag_concurrency_limits=tag_concurrency_limits or (),
            retries=_tries_again(retries),
            require_upstream_step_success=_requires_success(step_dependency_config),
        )


def _tries_again(retries: Any) -> bool:
    return getattr(retries, "value", retries) != "disabled"


def _requires_success(config: Any) -> bool:
    return bool(getattr(config, "require_upstream_step_success", True))
