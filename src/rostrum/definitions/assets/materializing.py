"""`materialize`: making assets here and now, in scripts, notebooks and tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rostrum.definitions.assets.definition import AssetsDefinition
from rostrum.definitions.assets.selection import AssetSelection, SelectionLike
from rostrum.definitions.broken import folding
from rostrum.definitions.config.run_config import RunConfig
from rostrum.definitions.events.outcome import ExecutionResult
from rostrum.definitions.instance.local_run import run_locally
from rostrum.definitions.instance.run_instance import RunInstance
from rostrum.definitions.location.definitions import Definitions, Listed
from rostrum.definitions.location.nodes import is_io_manager
from rostrum.model.errors import InvariantError
from rostrum.model.manifest import ASSET_JOB


@folding
def materialize(
    assets: Sequence[Listed],
    run_config: RunConfig | Mapping[str, Any] | None = None,
    instance: RunInstance | None = None,
    resources: Mapping[str, Any] | None = None,
    partition_key: str | None = None,
    raise_on_error: bool = True,
    tags: Mapping[str, Any] | None = None,
    selection: SelectionLike | None = None,
    *,
    run_id: str | None = None,
) -> ExecutionResult:
    """Make assets (and evaluate their checks) in this process; values go through the IO managers bound in `resources`.

    `selection` narrows: assets that are not selected are loaded as they were stored. `instance`: an `Instance` that
    keeps run, events and states of assets, and values where no IO manager is bound; without one nothing is kept.
    Returns the runner's result; with `raise_on_error` the user's own exception is raised.
    """
    return _materialize(
        assets, run_config, resources, partition_key, raise_on_error, tags, selection, instance, run_id, in_memory=False
    )


@folding
def materialize_to_memory(
    assets: Sequence[Listed],
    run_config: RunConfig | Mapping[str, Any] | None = None,
    instance: RunInstance | None = None,
    resources: Mapping[str, Any] | None = None,
    partition_key: str | None = None,
    raise_on_error: bool = True,
    tags: Mapping[str, Any] | None = None,
    selection: SelectionLike | None = None,
    *,
    run_id: str | None = None,
) -> ExecutionResult:
    """As `materialize`, with values kept in memory. Raises InvariantError when an IO manager is among the resources."""
    bound = [key for key, value in (resources or {}).items() if is_io_manager(value)]
    if bound:
        raise InvariantError(
            f"materialize_to_memory keeps values in memory, and was given IO managers: {', '.join(bound)}. Leave them "
            "out, or use materialize."
        )
    return _materialize(
        assets, run_config, resources, partition_key, raise_on_error, tags, selection, instance, run_id, in_memory=True
    )


def _materialize(
    assets: Sequence[Listed],
    run_config: RunConfig | Mapping[str, Any] | None,
    resources: Mapping[str, Any] | None,
    partition_key: str | None,
    raise_on_error: bool,
    tags: Mapping[str, Any] | None,
    selection: SelectionLike | None,
    instance: RunInstance | None,
    run_id: str | None,
    *,
    in_memory: bool,
) -> ExecutionResult:
    definitions = Definitions(assets=[assets] if isinstance(assets, AssetsDefinition) else assets, resources=resources)
    chosen: dict[str, Any] = {}
    if selection is not None:
        resolved = definitions.resolved()
        wanted = AssetSelection.from_coercible(selection)
        keys, checks = wanted.resolve(resolved.graph), wanted.resolve_checks(resolved.graph)
        made = [key for key in resolved.graph.executable if key in keys]
        chosen["asset_selection"] = tuple(made or [key for key in resolved.graph.observable if key in keys])
        chosen["check_selection"] = tuple(key for key in resolved.graph.check_nodes if key in checks)
        if not chosen["asset_selection"] and not chosen["check_selection"]:
            definitions, chosen = Definitions(resources=resources), {}  # a run of nothing
    return run_locally(
        definitions,
        job=ASSET_JOB,
        run_config=run_config,
        partition_key=partition_key,
        raise_on_error=raise_on_error,
        tags=tags,
        instance=instance,
        run_id=run_id,
        in_memory=in_memory,
        **chosen,
    )
