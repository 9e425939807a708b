"""Running live definitions in this process, through `LocalRunner` of execution: this layer knows how to ask, not how it
is done.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from rostrum.definitions.config.run_config import RunConfig, plain_config
from rostrum.definitions.names import string_tags
from rostrum.model.assets import AssetKey, CheckKey

RUNNER = "rostrum.execution.local:LocalRunner"
"""Where the runner is: above this layer, so it is loaded by name, and only by what runs something."""


@lru_cache(maxsize=1)
def local_runner() -> Any:
    """The runner: its `execute(definitions, **options)` executes a job in this process and returns an
    `ExecutionResult`. It takes live definitions that hold the job, or the job alone where it needs no others.
    """
    module, _, name = RUNNER.partition(":")
    return getattr(importlib.import_module(module), name)()


def run_locally(
    definitions: Any,
    *,
    job: str,
    asset_selection: tuple[AssetKey, ...] = (),
    check_selection: tuple[CheckKey, ...] | None = None,
    op_selection: tuple[str, ...] = (),
    run_config: RunConfig | Mapping[str, Any] | None = None,
    partition_key: str | None = None,
    raise_on_error: bool = True,
    input_values: Mapping[str, Any] | None = None,
    tags: Mapping[str, Any] | None = None,
    resources: Mapping[str, Any] | None = None,
    run_id: str | None = None,
    instance: Any = None,
    in_memory: bool = False,
) -> Any:
    """Execute a job of live definitions (or a job that needs no others) here; returns the runner's result.

    `in_memory`: a missing `io_manager` keeps values in memory, else on disk in a folder of its own. `resources`
    come before those
    of the definitions. `input_values` are for inputs of the job's graph.
    """
    return local_runner().execute(
        definitions,
        job=job,
        asset_selection=asset_selection,
        check_selection=check_selection,
        op_selection=op_selection,
        run_config=plain_config(run_config),
        partition_key=partition_key,
        raise_on_error=raise_on_error,
        input_values=dict(input_values or {}),
        tags=string_tags(tags),
        resources=dict(resources or {}),
        run_id=run_id,
        instance=instance,
        in_memory=in_memory,
    )
