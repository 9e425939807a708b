"""Finding assets of dbt, selecting them in dbt's syntax, and schedules and freshness checks over them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, cast

from rostrum.definitions.assets.definition import AssetsDefinition
from rostrum.definitions.assets.selection import AssetSelection
from rostrum.definitions.assets.specs import AssetSpec
from rostrum.definitions.automations.schedules import DefaultScheduleStatus, ScheduleDefinition
from rostrum.definitions.checks.definition import AssetChecksDefinition
from rostrum.definitions.checks.factories import (
    build_last_update_freshness_checks,
    build_time_partition_freshness_checks,
)
from rostrum.definitions.events.outputs import AssetCheckSeverity
from rostrum.definitions.names import nearest
from rostrum.definitions.ops.jobs import define_asset_job
from rostrum.definitions.partitions.time_windows import TimeWindowPartitionsDefinition
from rostrum.integrations.dbt.assets import DbtAssets, build_dbt_specs, dbt_assets_of
from rostrum.integrations.dbt.errors import DbtManifestError
from rostrum.integrations.dbt.manifest import ManifestParam, held, load_manifest, resource
from rostrum.integrations.dbt.properties import UNIQUE_ID, own_meta
from rostrum.integrations.dbt.selection import EVERYTHING, selected
from rostrum.integrations.dbt.translator import DbtTranslator, validated_translator
from rostrum.model.assets import AssetKey, CheckKey
from rostrum.planning import selection as tree
from rostrum.planning.check_selection import ChecksBut, ChecksOf, EitherChecks, TheseChecks


def get_asset_key_for_model(dbt_assets: Sequence[AssetsDefinition], model_name: str) -> AssetKey:
    """Key of the asset of a model, seed or snapshot. Raises DbtManifestError where there is not exactly one."""
    known: dict[str, set[AssetKey]] = {}
    for definition in dbt_assets:
        info = _info(definition)
        for spec in definition.specs:
            known.setdefault(str(resource(info.manifest, _unique_id(spec))["name"]), set()).add(spec.key)
    found = known.get(model_name, set())
    if len(found) > 1:
        listed = ", ".join(sorted(map(str, found)))
        raise DbtManifestError(f"there are several dbt models {model_name!r}: {listed}.")
    if not found:
        raise DbtManifestError(
            f"there is no dbt model, seed or snapshot {model_name!r} among the assets.{nearest(model_name, known)}"
        )
    return next(iter(found))


def get_asset_keys_by_output_name_for_source(
    dbt_assets: Sequence[AssetsDefinition], source_name: str
) -> Mapping[str, AssetKey]:
    """Keys of the tables of a source, by names that fit the outputs of a multi-asset which makes them. Raises
    DbtManifestError where there is no such source.
    """
    known: dict[str, dict[str, AssetKey]] = {}
    for definition in dbt_assets:
        info = _info(definition)
        for unique_id, props in held(info.manifest, "sources").items():
            key = info.translator.get_asset_spec(info.manifest, unique_id, info.project).key
            name = re.sub(r"[^A-Za-z0-9_]", "_", f"{props['source_name']}__{props['name']}")
            known.setdefault(str(props["source_name"]), {})[name] = key
    if source_name not in known:
        raise DbtManifestError(f"there is no dbt source {source_name!r}.{nearest(source_name, known)}")
    return known[source_name]


def get_asset_key_for_source(dbt_assets: Sequence[AssetsDefinition], source_name: str) -> AssetKey:
    """Key of the only table of a source. Raises DbtManifestError where it has several."""
    found = get_asset_keys_by_output_name_for_source(dbt_assets, source_name)
    if len(set(found.values())) > 1:
        raise DbtManifestError(
            f"the dbt source {source_name!r} has several tables ({', '.join(map(str, found.values()))}): use "
            "get_asset_keys_by_output_name_for_source."
        )
    return next(iter(found.values()))


class DbtManifestAssetSelection(AssetSelection):
    """What a selection in dbt's syntax names, as a selection of assets."""

    __slots__ = ()

    @classmethod
    def build(
        cls,
        manifest: ManifestParam,
        dagster_dbt_translator: DbtTranslator | None = None,
        *,
        select: str = EVERYTHING,
        exclude: str = "",
        selector: str = "",
    ) -> DbtManifestAssetSelection:
        """The assets, and the checks of the tests, that the selection names."""
        info = DbtAssets(
            load_manifest(manifest), validated_translator(dagster_dbt_translator), None, EVERYTHING, "", ""
        )
        specs, checks = build_dbt_specs(info)
        chosen = selected(info.manifest, select, exclude, selector)
        return _selection(
            {_unique_id(spec): spec.key for spec in specs},
            {str(check.metadata[UNIQUE_ID]): check.key for check in checks},
            chosen,
        )


def build_dbt_asset_selection(
    dbt_assets: Sequence[AssetsDefinition],
    dbt_select: str = EVERYTHING,
    dbt_exclude: str | None = "",
    dbt_selector: str | None = "",
) -> DbtManifestAssetSelection:
    """Of the assets of one `@dbt_assets` those that a selection in dbt's syntax names, with the checks of their tests.

    Raises DbtManifestError for other than one definition.
    """
    if len(dbt_assets) != 1:
        raise DbtManifestError(f"build_dbt_asset_selection takes one definition of @dbt_assets, not {len(dbt_assets)}.")
    definition = dbt_assets[0]
    info = _info(definition)
    return _selection(
        {_unique_id(spec): spec.key for spec in definition.specs},
        {str(spec.metadata[UNIQUE_ID]): spec.key for spec in definition.check_specs if UNIQUE_ID in spec.metadata},
        selected(info.manifest, dbt_select, dbt_exclude or "", dbt_selector or ""),
    )


def build_schedule_from_dbt_selection(
    dbt_assets: Sequence[AssetsDefinition],
    job_name: str,
    cron_schedule: str,
    dbt_select: str = EVERYTHING,
    dbt_exclude: str | None = "",
    dbt_selector: str = "",
    schedule_name: str | None = None,
    tags: Mapping[str, str] | None = None,
    config: Any = None,
    execution_timezone: str | None = None,
    default_status: DefaultScheduleStatus = DefaultScheduleStatus.STOPPED,
) -> ScheduleDefinition:
    """A schedule of a job that makes what a selection in dbt's syntax names."""
    selection = build_dbt_asset_selection(dbt_assets, dbt_select, dbt_exclude, dbt_selector)
    job = define_asset_job(job_name, selection=selection, config=config, tags=tags)
    return ScheduleDefinition(
        name=schedule_name,
        cron_schedule=cron_schedule,
        job=job,
        execution_timezone=execution_timezone,
        default_status=default_status,
    )


def build_freshness_checks_from_dbt_assets(
    *, dbt_assets: Sequence[AssetsDefinition]
) -> Sequence[AssetChecksDefinition]:
    """Checks of freshness as `meta.dagster.freshness_check` of models tells: `lower_bound_delta_seconds` and perhaps
    `deadline_cron`, for partitions of time only `deadline_cron`; `timezone` and `severity` (`WARN`, `ERROR`).
    """
    checks: list[AssetChecksDefinition] = []
    for definition in dbt_assets:
        info = _info(definition)
        for spec in definition.specs:
            told = own_meta(resource(info.manifest, _unique_id(spec))).get("freshness_check")
            if told:
                checks += _freshness(spec, cast("Mapping[str, Any]", told))
    return checks


def _freshness(spec: AssetSpec, told: Mapping[str, Any]) -> Sequence[AssetChecksDefinition]:
    cron = told.get("deadline_cron")
    common: dict[str, Any] = {
        "assets": [spec.key],
        "timezone": str(told.get("timezone") or "UTC"),
        "severity": AssetCheckSeverity(str(told.get("severity") or "WARN")),
    }
    if isinstance(spec.partitions_def, TimeWindowPartitionsDefinition):
        if cron is None:
            raise DbtManifestError(f"{spec.key}: freshness_check of a partitioned asset needs deadline_cron.")
        return build_time_partition_freshness_checks(deadline_cron=str(cron), **common)
    seconds = told.get("lower_bound_delta_seconds")
    if seconds is None:
        raise DbtManifestError(f"{spec.key}: freshness_check needs lower_bound_delta_seconds.")
    return build_last_update_freshness_checks(
        lower_bound_delta=timedelta(seconds=float(seconds)), deadline_cron=str(cron) if cron else None, **common
    )


def _selection(
    keys: Mapping[str, AssetKey], checks: Mapping[str, CheckKey], chosen: set[str]
) -> DbtManifestAssetSelection:
    """Checks that others put on the assets come along; those of tests do where the selection names them."""
    wanted = tuple(key for unique_id, key in keys.items() if unique_id in chosen)
    node = tree.Keys(wanted) if wanted else tree.Nobody()
    ours = TheseChecks(tuple(checks.values()))
    tests = TheseChecks(tuple(key for unique_id, key in checks.items() if unique_id in chosen))
    return DbtManifestAssetSelection(node, EitherChecks(ChecksBut(ChecksOf(node), ours), tests))


def _unique_id(spec: AssetSpec) -> str:
    return str(spec.metadata[UNIQUE_ID])


def _info(definition: AssetsDefinition) -> DbtAssets:
    info = dbt_assets_of(definition)
    if info is None:
        raise DbtManifestError(f"{definition!r} was not made by @dbt_assets.")
    return info
