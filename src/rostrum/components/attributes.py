"""What YAML says of assets and checks: specs, keys, and attributes that are put on existing specs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, Field

from rostrum.components.partition_models import PartitionsModel, made_partitions
from rostrum.components.resolution import ResolutionContext, gathered
from rostrum.components.resolvable import Model
from rostrum.components.resolvers import Resolver
from rostrum.definitions.assets.selection import AssetSelection
from rostrum.definitions.assets.specs import AssetSpec
from rostrum.definitions.checks.specs import AssetCheckSpec
from rostrum.definitions.location.definitions import Definitions
from rostrum.model.assets import AssetKey

Scalar = str | int | float | bool


class SharedAssetModel(Model):
    """What a spec and a change of a spec have in common."""

    deps: list[str] | str | None = Field(None, description="Keys of the assets that it depends on.")
    description: str | None = None
    metadata: dict[str, Any] | str | None = None
    group_name: str | None = None
    skippable: bool | str | None = None
    code_version: str | None = None
    owners: list[str] | str | None = Field(None, description="E-mail addresses, or `team:name`.")
    tags: dict[str, Scalar] | str | None = None
    kinds: list[str] | str | None = None
    automation_condition: str | None = None
    partitions_def: PartitionsModel | str | None = None
    freshness_policy: str | None = None


class AssetSpecModel(SharedAssetModel):
    """An asset in YAML."""

    key: str = Field(description="Key of the asset; `/` between its parts.")


class AssetAttributesModel(SharedAssetModel):
    """Attributes for assets that exist already."""

    key: str | None = None
    key_prefix: list[str] | str | None = None


class AssetCheckSpecModel(Model):
    """A check in YAML."""

    name: str
    asset: str = Field(description="Key of the asset; `/` between its parts.")
    description: str | None = None
    additional_deps: list[str] | str | None = None
    blocking: bool | str = False
    metadata: dict[str, Any] | str | None = None
    automation_condition: str | None = None


def resolve_asset_key(context: ResolutionContext, value: Any) -> AssetKey:
    """A key from a text with `/` between its parts, or a key that an expression gave."""
    found = context.resolve_value(value)
    if isinstance(found, AssetKey):
        return found
    if isinstance(found, str):
        return AssetKey.of(found)
    if isinstance(found, (list, tuple)):
        return AssetKey(tuple(cast("Sequence[str]", found)))
    raise context.failed(f"{found!r} is not the key of an asset: write `part/part`.")


def resolve_asset_spec(context: ResolutionContext, model: Any) -> AssetSpec:
    """A spec from YAML, or one that an expression gave."""
    if not isinstance(model, AssetSpecModel):
        found = context.resolve_value(model)
        if isinstance(found, AssetSpec):
            return found
        raise context.failed(f"{found!r} is not an AssetSpec.")
    values = dict(_values(context, model))
    return AssetSpec(**values)


def resolve_asset_spec_update_kwargs_to_mapping(context: ResolutionContext, model: Any) -> Mapping[str, Any]:
    """Attributes that YAML gives, resolved. An expression may give them all as one mapping."""
    if isinstance(model, BaseModel):
        return _values(context, model)
    found = context.resolve_value(model)
    if isinstance(found, BaseModel):
        return _values(context, found)
    return cast("Mapping[str, Any]", found)


def resolve_check_spec(context: ResolutionContext, model: Any) -> AssetCheckSpec:
    """A check's spec from YAML, or one that an expression gave."""
    if not isinstance(model, AssetCheckSpecModel):
        found = context.resolve_value(model)
        if isinstance(found, AssetCheckSpec):
            return found
        raise context.failed(f"{found!r} is not an AssetCheckSpec.")
    return AssetCheckSpec(**_values(context, model))


def _values(context: ResolutionContext, model: BaseModel) -> dict[str, Any]:
    names = [name for name in type(model).model_fields if name in model.model_fields_set]
    made = gathered([_one(context.at_path(name), name, getattr(model, name)) for name in names])
    return dict(zip(names, made, strict=True))


def _one(context: ResolutionContext, name: str, value: Any) -> Callable[[], Any]:
    special = _SPECIAL.get(name)
    return lambda: special(context, value) if special is not None else context.resolve_value(value)


def _keys(context: ResolutionContext, value: Any) -> Any:
    found = context.resolve_value(value)
    if isinstance(found, str):
        found = [found]
    return [AssetKey.of(each) if isinstance(each, str) else each for each in found or ()]


def _names(context: ResolutionContext, value: Any) -> Any:
    found = context.resolve_value(value)
    return [found] if isinstance(found, str) else list(found or ())


def _tags(context: ResolutionContext, value: Any) -> Any:
    found = cast("Mapping[str, Any]", context.resolve_value(value) or {})
    return {key: _shown(each) for key, each in found.items()}


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


_SPECIAL: dict[str, Callable[[ResolutionContext, Any], Any]] = {
    "key": resolve_asset_key,
    "asset": resolve_asset_key,
    "deps": _keys,
    "additional_deps": _keys,
    "owners": _names,
    "kinds": lambda context, value: set(_names(context, value)),
    "tags": _tags,
    "metadata": lambda context, value: context.resolve_value(value) or {},
    "partitions_def": made_partitions,
}

ResolvedAssetKey = Annotated[AssetKey, Resolver(resolve_asset_key, model_field_type=str)]
"""A key written `part/part`."""
ResolvedAssetSpec = Annotated[AssetSpec, Resolver(resolve_asset_spec, model_field_type=AssetSpecModel)]
"""A spec written as a mapping."""
ResolvedAssetCheckSpec = Annotated[AssetCheckSpec, Resolver(resolve_check_spec, model_field_type=AssetCheckSpecModel)]
"""A check's spec written as a mapping."""
ResolvedAssetAttributes = Annotated[
    Mapping[str, Any],
    Resolver(resolve_asset_spec_update_kwargs_to_mapping, model_field_type=AssetAttributesModel),
]
"""Attributes for specs, written as a mapping."""

_MERGED = frozenset({"deps", "metadata", "owners", "tags", "kinds"})


def updated(spec: AssetSpec, attributes: Mapping[str, Any], operation: str = "merge") -> AssetSpec:
    """The spec with attributes put on it; `merge` adds to collections, `replace` takes their place."""
    changes = dict(attributes)
    prefix = changes.pop("key_prefix", None)
    if prefix is not None:
        parts = prefix.split("/") if isinstance(prefix, str) else list(prefix)
        changes["key"] = AssetKey((*parts, *(changes.get("key") or spec.key).path))
    added = {name: changes.pop(name) for name in list(changes) if operation == "merge" and name in _MERGED}
    done = spec.replace_attributes(**changes) if changes else spec
    return done.merge_attributes(**added) if added else done


class PostProcessorModel(Model):
    """One entry of `post_processing.assets`."""

    target: str = Field("*", description="Selection of assets, such as `group:marts` or `kind:dbt`.")
    operation: Literal["merge", "replace"] = "merge"
    attributes: AssetAttributesModel | str


class PostProcessingModel(Model):
    """`post_processing` of a component: changes of the assets that it made."""

    assets: list[PostProcessorModel] | None = None


def post_processed(definitions: Definitions, model: PostProcessingModel, context: ResolutionContext) -> Definitions:
    """Definitions with the changes applied, in their order. Raises ResolutionError."""
    here = context.at_path("assets")
    for index, each in enumerate(model.assets or ()):
        definitions = _applied(definitions, each, here.at_path(index))
    return definitions


def _applied(definitions: Definitions, each: PostProcessorModel, context: ResolutionContext) -> Definitions:
    def change(spec: AssetSpec) -> AssetSpec:
        seen = context.at_path("attributes").with_scope(asset=spec)
        return updated(spec, resolve_asset_spec_update_kwargs_to_mapping(seen, each.attributes), each.operation)

    target = context.at_path("target").resolve_value(each.target)
    if isinstance(target, str):
        target = AssetSelection.from_string(target, include_sources=True)
    return definitions.map_resolved_asset_specs(func=change, selection=target)
