"""Translators: how resources of dbt become assets and checks. Subclass and override what is to be otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rostrum.definitions.assets.specs import AssetDep, AssetSpec
from rostrum.definitions.automations.conditions import AutomationCondition
from rostrum.definitions.checks.specs import AssetCheckSpec
from rostrum.definitions.partitions.definition import PartitionsDefinition
from rostrum.definitions.partitions.mappings import PartitionMapping
from rostrum.integrations.dbt import properties
from rostrum.integrations.dbt.errors import DbtError, DbtManifestError
from rostrum.integrations.dbt.manifest import Manifest, Props, adapter, depends_on, held, resource, upstream
from rostrum.integrations.dbt.project import DbtProject
from rostrum.model.assets import AssetKey
from rostrum.model.metadata import CodeReferencesMetadata, LocalFileCodeReference

_UNSET: Any = object()


@dataclass(frozen=True)
class DbtTranslatorSettings:
    """What translators do besides assets of models, seeds and snapshots.

    `enable_asset_checks`: tests become checks. `enable_duplicate_source_asset_keys`: several sources may be one asset.
    `enable_code_references`: assets link to their files (needs `project`). `enable_dbt_selection_by_name`: runs select
    by name rather than by `fqn:`. `enable_source_tests_as_checks`: tests of sources become checks, too.
    `enable_source_metadata`: dependencies carry the metadata of sources.
    """

    enable_asset_checks: bool = True
    enable_duplicate_source_asset_keys: bool = False
    enable_code_references: bool = False
    enable_dbt_selection_by_name: bool = False
    enable_source_tests_as_checks: bool = False
    enable_source_metadata: bool = False


class DbtTranslator:
    """The translation that is used unless another is given. The methods that take `dbt_resource_props` get one
    resource as the manifest has it; `get_asset_spec` calls them all.
    """

    def __init__(self, settings: DbtTranslatorSettings | None = None) -> None:
        self._settings = settings or DbtTranslatorSettings()

    @property
    def settings(self) -> DbtTranslatorSettings:
        """What it does."""
        found: DbtTranslatorSettings = getattr(self, "_settings", _UNSET)  # subclasses need not call __init__
        return DbtTranslatorSettings() if found is _UNSET else found

    # --- the whole

    def get_asset_spec(self, manifest: Manifest, unique_id: str, project: DbtProject | None) -> AssetSpec:
        """The asset of a model, seed, snapshot or source."""
        props = _with_group(manifest, resource(manifest, unique_id))
        kinds = {"dbt", kind} if (kind := adapter(manifest)) else {"dbt"}
        metadata = {**self.get_metadata(props), properties.UNIQUE_ID: unique_id}
        if self.settings.enable_code_references and project is not None and props.get("original_file_path"):
            metadata["dagster/code_references"] = _references(manifest, props, Path(project.project_dir))
        return AssetSpec(
            self.get_asset_key(props),
            deps=self._deps(manifest, props, project),
            description=self.get_description(props),
            metadata=metadata,
            skippable=True,  # what dbt skips is not made
            group_name=self.get_group_name(props),
            code_version=self.get_code_version(props),
            automation_condition=self.get_automation_condition(props),
            owners=self.get_owners(props),
            tags=self.get_tags(props),
            kinds=kinds if props["resource_type"] != "source" else None,
            partitions_def=self.get_partitions_def(props),
        )

    def get_asset_check_spec(
        self,
        asset_spec: AssetSpec,
        manifest: Manifest,
        unique_id: str,
        project: Any = None,
    ) -> AssetCheckSpec | None:
        """The check of a test, None for none. `asset_spec` is of what it tests."""
        if not self.settings.enable_asset_checks:
            return None
        props = resource(manifest, unique_id)
        above = (self._key_of(manifest, each, project) for each in upstream(manifest, props))
        return AssetCheckSpec(
            str(props["name"]),
            asset=asset_spec.key,
            description=str(properties.own_meta(props).get("description") or props.get("description") or "") or None,
            additional_deps=[key for key in dict.fromkeys(above) if key != asset_spec.key],
            metadata={properties.UNIQUE_ID: unique_id},
        )

    # --- the parts

    def get_asset_key(self, dbt_resource_props: Props) -> AssetKey:
        """Key of a model, seed, snapshot or source."""
        return properties.default_asset_key_from_dbt_resource_props(dbt_resource_props)

    def get_description(self, dbt_resource_props: Props) -> str:
        """Description."""
        return properties.default_description_from_dbt_resource_props(dbt_resource_props)

    def get_metadata(self, dbt_resource_props: Props) -> Mapping[str, Any]:
        """Metadata."""
        return properties.default_metadata_from_dbt_resource_props(dbt_resource_props)

    def get_tags(self, dbt_resource_props: Props) -> Mapping[str, str]:
        """Tags."""
        return properties.default_tags_from_dbt_resource_props(dbt_resource_props)

    def get_group_name(self, dbt_resource_props: Props) -> str | None:
        """Group; None: the default one."""
        return properties.default_group_from_dbt_resource_props(dbt_resource_props)

    def get_code_version(self, dbt_resource_props: Props) -> str | None:
        """Version of the code."""
        return properties.default_code_version_from_dbt_resource_props(dbt_resource_props)

    def get_owners(self, dbt_resource_props: Props) -> Sequence[str] | None:
        """E-mail addresses, or `team:name`. `group` of the properties holds the whole group of dbt."""
        return properties.default_owners_from_dbt_resource_props(
            dbt_resource_props, dbt_resource_props.get("__group__")
        )

    def get_automation_condition(self, dbt_resource_props: Props) -> AutomationCondition | None:
        """When it is made by itself."""
        return properties.default_automation_condition_from_dbt_resource_props(dbt_resource_props)

    def get_auto_materialize_policy(self, dbt_resource_props: Props) -> Any:
        """Older form of `get_automation_condition`; not asked for."""
        return None

    def get_partition_mapping(
        self,
        dbt_resource_props: Props,
        dbt_parent_resource_props: Props,
    ) -> PartitionMapping | None:
        """How partitions map to those of a parent; None: the default."""
        return None

    def get_partitions_def(self, dbt_resource_props: Props) -> PartitionsDefinition | None:
        """Partitions of one asset; None: those that the decorator gives."""
        return None

    # --- dependencies

    def _deps(self, manifest: Manifest, props: Props, project: Any) -> list[AssetDep]:
        if props["resource_type"] == "source":
            return []
        deps: dict[AssetKey, AssetDep] = {}
        for unique_id in upstream(manifest, props):
            parent = resource(manifest, unique_id)
            key = self._key_of(manifest, unique_id, project)
            metadata = None
            if self.settings.enable_source_metadata and parent["resource_type"] == "source":
                metadata = self.get_metadata(parent)
            mapping = self.get_partition_mapping(props, parent)
            deps[key] = AssetDep(key, partition_mapping=mapping, metadata=metadata)
        own = self.get_asset_key(props)
        if own in deps and deps[own].partition_mapping is None:
            raise DbtManifestError(
                f"{props['unique_id']} and what it reads have the same asset key {own}: give one of them another, in "
                "`meta.dagster.asset_key` or the translator's `get_asset_key`."
            )
        return list(deps.values())

    def _key_of(self, manifest: Manifest, unique_id: str, project: Any) -> AssetKey:
        """Key of an upstream resource, also where a subclass changes it in `get_asset_spec`."""
        if type(self).get_asset_spec is DbtTranslator.get_asset_spec:
            return self.get_asset_key(resource(manifest, unique_id))
        kept, known = vars(self).get("_kept_keys", (None, {}))
        if kept is not manifest:
            known: dict[str, AssetKey] = {}
            self._kept_keys = (manifest, known)
        if unique_id not in known:
            known[unique_id] = self.get_asset_spec(manifest, unique_id, project).key
        return known[unique_id]


def _with_group(manifest: Manifest, props: Props) -> Props:
    """The properties with the group's owner, which the manifest has elsewhere."""
    name = held(props, "config").get("group") or props.get("group")
    if not isinstance(name, str):
        return props
    groups: Mapping[str, Any] = held(manifest, "groups")
    for group in groups.values():
        if group.get("name") == name:
            return {**props, "__group__": group}
    return props


def _references(manifest: Manifest, props: Props, folder: Path) -> CodeReferencesMetadata:
    """Files of a resource and of the tests that read it."""
    paths = [props["original_file_path"]]
    tests = (node for node in manifest["nodes"].values() if node["resource_type"] == "test")
    paths += [node["original_file_path"] for node in tests if props["unique_id"] in depends_on(node)]
    files = [str((folder / path).absolute()) for path in dict.fromkeys(paths)]
    return CodeReferencesMetadata(code_references=[LocalFileCodeReference(file_path=file) for file in files])


def validated_translator(translator: Any) -> DbtTranslator:
    """The translator. Raises DbtError where a class, or something else, is given in its place."""
    if translator is None:
        return DbtTranslator()
    if isinstance(translator, DbtTranslator):
        return translator
    hint = ": call it" if isinstance(translator, type) else ""
    raise DbtError(f"dagster_dbt_translator takes an instance of DbtTranslator, not {translator!r}{hint}.")
