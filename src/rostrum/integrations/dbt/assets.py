"""`@dbt_assets`: one function that runs dbt, and an asset for each model, seed and snapshot."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rostrum.definitions.assets.definition import AssetsDefinition
from rostrum.definitions.assets.multi import multi_asset
from rostrum.definitions.assets.specs import AssetSpec
from rostrum.definitions.checks.specs import AssetCheckSpec
from rostrum.definitions.ops.retries import RetryPolicy
from rostrum.definitions.partitions.backfill_policy import BackfillPolicy
from rostrum.definitions.partitions.definition import PartitionsDefinition
from rostrum.definitions.partitions.time_windows import TimeWindowPartitionsDefinition
from rostrum.integrations.dbt.errors import DbtManifestError
from rostrum.integrations.dbt.manifest import (
    Manifest,
    ManifestParam,
    held,
    in_order,
    is_asset,
    load_manifest,
    resource,
    tested,
    upstream,
)
from rostrum.integrations.dbt.project import DbtProject
from rostrum.integrations.dbt.properties import UNIQUE_ID
from rostrum.integrations.dbt.selection import EVERYTHING, selected
from rostrum.integrations.dbt.translator import DbtTranslator, validated_translator
from rostrum.model.assets import AssetKey

_MARK = "__rostrum_dbt__"


@dataclass(frozen=True)
class DbtAssets:
    """What a definition that `@dbt_assets` made came from."""

    manifest: Manifest
    translator: DbtTranslator
    project: DbtProject | None
    select: str
    exclude: str
    selector: str


def dbt_assets(
    *,
    manifest: ManifestParam,
    select: str = EVERYTHING,
    exclude: str | None = None,
    selector: str | None = None,
    name: str | None = None,
    io_manager_key: str | None = None,
    partitions_def: PartitionsDefinition | None = None,
    dagster_dbt_translator: DbtTranslator | None = None,
    backfill_policy: BackfillPolicy | None = None,
    op_tags: Mapping[str, Any] | None = None,
    required_resource_keys: Iterable[str] | None = None,
    project: DbtProject | None = None,
    retry_policy: RetryPolicy | None = None,
    pool: str | None = None,
) -> Callable[[Callable[..., Any]], AssetsDefinition]:
    """Make an asset of each model, seed and snapshot that a selection of a manifest names, and checks of their tests.

    The function runs dbt, most often by `yield from dbt.cli(["build"], context=context).stream()`; a run may select
    some of the assets and checks, of which `dbt.cli` tells dbt. Ephemeral models are no assets: what they read is
    what their readers depend on. Raises DbtManifestError and DbtSelectionError.
    """
    translator = validated_translator(dagster_dbt_translator)
    loaded = load_manifest(manifest)
    info = DbtAssets(loaded, translator, project, select, exclude or "", selector or "")
    specs, checks = build_dbt_specs(info, io_manager_key)
    if backfill_policy is None and _is_time_based(partitions_def, specs):
        backfill_policy = BackfillPolicy.single_run()

    def decorate(function: Callable[..., Any]) -> AssetsDefinition:
        made = multi_asset(
            name=name,
            specs=specs,
            check_specs=checks,
            can_subset=True,
            partitions_def=partitions_def,
            backfill_policy=backfill_policy,
            op_tags=op_tags,
            required_resource_keys=required_resource_keys,
            retry_policy=retry_policy,
            pool=pool,
        )(_marked(function, info))
        for output in made.op.outputs.values():
            if output.check_key is not None:
                output.required = False  # dbt skips tests of what failed, and `dbt run` has none
        return made

    return decorate


def dbt_assets_of(definition: Any) -> DbtAssets | None:
    """What an asset definition came from; None for one that `@dbt_assets` did not make."""
    op = getattr(definition, "op", None)
    return getattr(getattr(op, "function", None), _MARK, None)


def build_dbt_specs(
    info: DbtAssets, io_manager_key: str | None = None
) -> tuple[Sequence[AssetSpec], Sequence[AssetCheckSpec]]:
    """Assets and checks that a selection names. Raises DbtManifestError for keys that two resources share."""
    manifest, translator = info.manifest, info.translator
    chosen = selected(manifest, info.select, info.exclude, info.selector)
    nodes = manifest["nodes"]
    ids = in_order(manifest, sorted(key for key in chosen if key in nodes and is_asset(nodes[key])))
    if not ids:
        told = f"selector {info.selector!r}" if info.selector else f"select {info.select!r}, exclude {info.exclude!r}"
        raise DbtManifestError(f"@dbt_assets: {told} names no model, seed or snapshot of the manifest.")
    specs: dict[str, AssetSpec] = {}
    for unique_id in ids:
        spec = translator.get_asset_spec(manifest, unique_id, info.project)
        if UNIQUE_ID not in spec.metadata:  # (an override that replaced all metadata)
            spec = spec.merge_attributes(metadata={UNIQUE_ID: unique_id})
        specs[unique_id] = spec.with_io_manager_key(io_manager_key) if io_manager_key else spec
    _refuse_shared_keys(info, specs)
    tests = sorted(key for key in chosen if key in nodes and nodes[key]["resource_type"] == "test")
    checks = [check for key in tests if (check := _check(info, specs, key)) is not None]
    return list(specs.values()), checks


def _check(info: DbtAssets, specs: Mapping[str, AssetSpec], test: str) -> AssetCheckSpec | None:
    about = tested(info.manifest, resource(info.manifest, test))
    spec = specs.get(about) if about is not None else None
    settings = info.translator.settings
    if spec is None and about in held(info.manifest, "sources") and settings.enable_source_tests_as_checks:
        spec = info.translator.get_asset_spec(info.manifest, str(about), info.project)
    if spec is None:
        return None
    made = info.translator.get_asset_check_spec(spec, info.manifest, test, info.project)
    if made is not None and UNIQUE_ID not in made.metadata:
        made = made.with_metadata({**made.metadata, UNIQUE_ID: test})
    return made


def _refuse_shared_keys(info: DbtAssets, specs: Mapping[str, AssetSpec]) -> None:
    owners: dict[AssetKey, list[str]] = {}
    for unique_id, spec in specs.items():
        owners.setdefault(spec.key, []).append(unique_id)
    if not info.translator.settings.enable_duplicate_source_asset_keys:
        above = {each for key in specs for each in upstream(info.manifest, resource(info.manifest, key))}
        for source in sorted(each for each in above if each in held(info.manifest, "sources")):
            key = info.translator.get_asset_spec(info.manifest, source, info.project).key
            owners.setdefault(key, []).append(source)
    shared = {key: ids for key, ids in owners.items() if len(ids) > 1}
    if shared:
        listed = "; ".join(f"{key}: {', '.join(ids)}" for key, ids in shared.items())
        raise DbtManifestError(
            f"The following dbt resources have the same asset key: {listed}. Give them keys of their own, in "
            "`meta.dagster.asset_key` or the translator's `get_asset_key`; for sources, "
            "enable_duplicate_source_asset_keys of the translator's settings allows it."
        )


def _is_time_based(partitions: PartitionsDefinition | None, specs: Sequence[AssetSpec]) -> bool:
    """Whether all are partitioned by time: one run of dbt then takes a whole range."""
    each = [spec.partitions_def or partitions for spec in specs]
    return all(isinstance(one, TimeWindowPartitionsDefinition) for one in each)


def _marked(function: Callable[..., Any], info: DbtAssets) -> Callable[..., Any]:
    """The function, marked with what it is for; a copy where it has been decorated before."""
    if getattr(function, _MARK, None) is not None and isinstance(function, types.FunctionType):
        copied = types.FunctionType(
            function.__code__, function.__globals__, function.__name__, function.__defaults__, function.__closure__
        )
        copied.__annotations__, copied.__doc__ = dict(function.__annotations__), function.__doc__
        copied.__kwdefaults__, copied.__qualname__ = function.__kwdefaults__, function.__qualname__
        function = copied
    setattr(function, _MARK, info)
    return function
