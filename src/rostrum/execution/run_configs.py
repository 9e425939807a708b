"""The run config that a run works with (`definitions.mapped_config`), with the user's functions called as such."""

from __future__ import annotations

from typing import Any

from msgspec import structs

from rostrum.definitions.location.live import Resolved
from rostrum.definitions.ops.mapped_config import mapped_config
from rostrum.execution.user_code import guard
from rostrum.model.errors import ConfigMappingError, DefinitionError
from rostrum.model.runs import Run


def with_job_config(resolved: Resolved, run: Run) -> Run:
    """The run with its job's default config under its own, and config mappings of job and graphs resolved."""
    config = mapped_config(resolved, run.target.job, run.config, run.target.partition_key, _called, run.target)
    return run if config is run.config else structs.replace(run, config=dict(config))


def _called(what: str, function: Any, *arguments: Any) -> Any:
    made: list[Any] = []
    raised = guard(lambda: made.append(function(*arguments)))
    if raised is None:
        return made[0]
    if isinstance(raised.exception, (DefinitionError, KeyboardInterrupt)):
        raise raised.exception
    info = raised.info()
    raise ConfigMappingError(f"{what} failed: {info.first_line}", info) from raised.exception
