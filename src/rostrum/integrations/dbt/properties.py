"""What a resource of dbt says of itself, as attributes of assets: the defaults of translators."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from rostrum.definitions.automations.conditions import AutomationCondition
from rostrum.integrations.dbt.errors import DbtManifestError
from rostrum.integrations.dbt.manifest import Props, held
from rostrum.model.assets import AssetKey
from rostrum.model.tables import TableColumn, TableColumnConstraints, TableSchema

UNIQUE_ID = "dagster_dbt/unique_id"
"""Metadata of an asset or check: what dbt calls it."""
_TAG = re.compile(r"[A-Za-z0-9_.\-]{1,63}(/[A-Za-z0-9_.\-]{1,63})?")
_NO_NAME = re.compile(r"[^A-Za-z0-9_]")


def own_meta(props: Props) -> Mapping[str, Any]:
    """`meta.dagster` (or `meta.rostrum`) of a resource, in its properties or its config."""
    found: dict[str, Any] = {}
    for holder in (props, held(props, "config")):
        meta = held(holder, "meta")
        for name in ("dagster", "rostrum"):
            found.update(meta.get(name) or {})
    return found


def default_asset_key_from_dbt_resource_props(dbt_resource_props: Props) -> AssetKey:
    """`meta.dagster.asset_key`; else of a source its source's and its own name; else the name, behind the schema
    where one is configured. A model with versions is called `<name>_v<version>`.
    """
    told = own_meta(dbt_resource_props).get("asset_key")
    if told is not None:
        if isinstance(told, str):
            return AssetKey((told,))
        return AssetKey(tuple(str(part) for part in told))
    name = str(dbt_resource_props["name"])
    if dbt_resource_props["resource_type"] == "source":
        return AssetKey((str(dbt_resource_props["source_name"]), name))
    if dbt_resource_props.get("version"):
        name = str(dbt_resource_props.get("alias") or f"{name}_v{dbt_resource_props['version']}")
    schema = held(dbt_resource_props, "config").get("schema")
    return AssetKey((str(schema), name)) if schema else AssetKey((name,))


def default_description_from_dbt_resource_props(dbt_resource_props: Props) -> str:
    """The description, and the SQL as it is written."""
    parts = [str(dbt_resource_props.get("description") or "").strip()]
    code = dbt_resource_props.get("raw_code") or dbt_resource_props.get("raw_sql")
    if code and dbt_resource_props.get("language", "sql") == "sql":
        parts.append(f"#### Raw SQL:\n```sql\n{str(code).strip()}\n```")
    return "\n\n".join(part for part in parts if part) or f"dbt {dbt_resource_props['resource_type']}"


def default_metadata_from_dbt_resource_props(dbt_resource_props: Props) -> Mapping[str, Any]:
    """Columns that are documented, and the relation's name in the database."""
    metadata: dict[str, Any] = {}
    columns = held(dbt_resource_props, "columns")
    if columns:
        metadata["dagster/column_schema"] = TableSchema(columns=[_column(each) for each in columns.values()])
    relation = relation_of(dbt_resource_props)
    if relation and dbt_resource_props["resource_type"] != "test":
        metadata["dagster/relation_identifier"] = relation
        metadata["dagster/table_name"] = relation
    return metadata


def relation_of(props: Props) -> str | None:
    """`database.schema.name` of what a resource is in the database."""
    name = props.get("alias") or props.get("identifier") or props.get("name")
    parts = [props.get("database"), props.get("schema"), name]
    return ".".join(str(part) for part in parts if part) if props.get("schema") else None


def _column(column: Mapping[str, Any]) -> TableColumn:
    kinds = {each.get("type") for each in column.get("constraints") or ()}
    return TableColumn(
        name=str(column["name"]),
        type=str(column.get("data_type") or "?"),
        description=str(column.get("description") or "") or None,
        constraints=TableColumnConstraints(nullable="not_null" not in kinds, unique="unique" in kinds),
        tags={tag: "" for tag in column.get("tags") or () if _TAG.fullmatch(tag)},
    )


def default_group_from_dbt_resource_props(dbt_resource_props: Props) -> str | None:
    """`meta.dagster.group`, else the group of dbt; None: the default group."""
    told = own_meta(dbt_resource_props).get("group")
    found = told or held(dbt_resource_props, "config").get("group") or dbt_resource_props.get("group")
    return _NO_NAME.sub("_", str(found)) if found else None


def group_from_dbt_resource_props_fallback_to_directory(dbt_resource_props: Props) -> str | None:
    """As the default; where there is none, the folder below the project's folder of models."""
    found = default_group_from_dbt_resource_props(dbt_resource_props)
    fqn = dbt_resource_props.get("fqn") or ()
    return found or (_NO_NAME.sub("_", str(fqn[1])) if len(fqn) > 2 else None)


def default_owners_from_dbt_resource_props(
    dbt_resource_props: Props, group: Mapping[str, Any] | None = None
) -> Sequence[str] | None:
    """`meta.dagster.owners`, else the e-mail address of the owner of the resource's group."""
    told = own_meta(dbt_resource_props).get("owners")
    if told:
        return [told] if isinstance(told, str) else [str(each) for each in told]
    own: Any = group if group is not None else dbt_resource_props.get("group")
    email: Any = held(cast("Mapping[str, Any]", own), "owner").get("email") if isinstance(own, Mapping) else None
    return ([email] if isinstance(email, str) else list(email)) if email else None


def default_tags_from_dbt_resource_props(dbt_resource_props: Props) -> Mapping[str, str]:
    """Each tag of dbt as a tag without a value. What is no tag here (blanks in it) is left out."""
    return {str(tag): "" for tag in dbt_resource_props.get("tags") or () if _TAG.fullmatch(str(tag))}


def default_code_version_from_dbt_resource_props(dbt_resource_props: Props) -> str | None:
    """A digest of the SQL; of a seed, of the file."""
    code = dbt_resource_props.get("raw_code") or dbt_resource_props.get("raw_sql")
    if code:
        return hashlib.blake2b(str(code).encode(), digest_size=16).hexdigest()
    checksum = held(dbt_resource_props, "checksum").get("checksum")
    return str(checksum) if checksum else None


def default_automation_condition_from_dbt_resource_props(dbt_resource_props: Props) -> AutomationCondition | None:
    """`meta.dagster.automation_condition` (`{type: eager}`, `{type: on_cron, cron_schedule: ...}`, `{type:
    on_missing}`), or its older form `auto_materialize_policy`.
    """
    meta = own_meta(dbt_resource_props)
    told = meta.get("automation_condition") or meta.get("auto_materialize_policy")
    if not told:
        return None
    kind = str(told.get("type"))
    if kind == "eager":
        return AutomationCondition.eager()
    if kind == "on_missing":
        return AutomationCondition.on_missing()
    if kind == "on_cron":
        return AutomationCondition.on_cron(
            str(told.get("cron_schedule")), str(told.get("cron_timezone") or told.get("timezone") or "UTC")
        )
    if kind == "lazy":
        return AutomationCondition.any_downstream_conditions()
    raise DbtManifestError(
        f"{dbt_resource_props['unique_id']}: meta.dagster.automation_condition has type {kind!r}, which is none of "
        "eager, on_cron, on_missing."
    )
