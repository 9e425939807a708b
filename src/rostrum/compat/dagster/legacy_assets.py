"""Older forms of assets: `SourceAsset`, now AssetSpec or an observable asset; `BindResourcesToJobs`, now a list."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rostrum.definitions.assets.definition import AssetsDefinition
from rostrum.definitions.assets.observable import observable_source_asset
from rostrum.definitions.assets.specs import IO_MANAGER_KEY, AssetSpec
from rostrum.definitions.names import KeyLike, asset_key_of
from rostrum.model.assets import AssetKey


class _SourceKind(type):
    """Observable assets are source assets, too, whoever made them."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return type.__instancecheck__(cls, instance) or (
            isinstance(instance, AssetsDefinition) and instance.is_observable and len(instance.specs) == 1
        )

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        observe_fn = kwargs.get("observe_fn", args[8] if len(args) > 8 else None)
        if observe_fn is not None:
            return _observable(*args, **kwargs)
        return super().__call__(*args, **kwargs)


class SourceAsset(AssetsDefinition, metaclass=_SourceKind):
    """An asset that is made elsewhere: external, or observable where `observe_fn` is given."""

    __slots__ = ()

    def __init__(
        self,
        key: KeyLike,
        metadata: Mapping[str, Any] | None = None,
        io_manager_key: str | None = None,
        io_manager_def: Any = None,
        description: str | None = None,
        partitions_def: Any = None,
        group_name: str | None = None,
        resource_defs: Mapping[str, Any] | None = None,
        observe_fn: Callable[..., Any] | None = None,
        op_tags: Mapping[str, Any] | None = None,
        *,
        auto_observe_interval_minutes: float | None = None,
        legacy_freshness_policy: Any = None,
        automation_condition: Any = None,
        tags: Mapping[str, str] | None = None,
        _required_resource_keys: Any = None,
    ) -> None:
        full = asset_key_of(key)
        resources = dict(resource_defs or {})
        if io_manager_def is not None:
            io_manager_key = io_manager_key or f"{full.step_key}__io_manager"
            resources[io_manager_key] = io_manager_def
        described = {**(metadata or {}), **({IO_MANAGER_KEY: io_manager_key} if io_manager_key is not None else {})}
        spec = AssetSpec(
            full,
            metadata=described,
            description=description,
            partitions_def=partitions_def,
            group_name=group_name,
            automation_condition=automation_condition,
            tags=tags,
        )
        super().__init__(specs=[spec])
        self.resource_defs = resources

    def __getattr__(self, name: str) -> Any:
        if name in ("metadata", "description", "group_name", "tags", "io_manager_key", "automation_condition"):
            return getattr(self.specs[0], name)
        raise AttributeError(f"SourceAsset has no attribute {name!r}")

    @property
    def io_manager_def(self) -> Any:
        """The IO manager that it brings along."""
        return self.resource_defs.get(self.get_io_manager_key())

    def get_io_manager_key(self) -> str:
        """Key of the IO manager that loads it."""
        return self.specs[0].io_manager_key

    def get_resource_requirements(self) -> Any:
        """Keys of the resources that loading it takes."""
        return iter(sorted(self.required_resource_keys))

    def with_attributes(  # pyright: ignore[reportIncompatibleMethodOverride] - as it was
        self, group_name: str | None = None, key: AssetKey | None = None
    ) -> SourceAsset:
        """The same, in another group or under another key."""
        changes: dict[str, Any] = {"group_name": group_name} if group_name is not None else {}
        if key is not None:
            changes["key"] = key
        made: Any = self.map_asset_specs(lambda spec: spec.replace_attributes(**changes))
        return made


def _observable(
    key: KeyLike,
    metadata: Mapping[str, Any] | None = None,
    io_manager_key: str | None = None,
    io_manager_def: Any = None,
    description: str | None = None,
    partitions_def: Any = None,
    group_name: str | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    observe_fn: Callable[..., Any] | None = None,
    op_tags: Mapping[str, Any] | None = None,
    *,
    auto_observe_interval_minutes: float | None = None,
    legacy_freshness_policy: Any = None,
    automation_condition: Any = None,
    tags: Mapping[str, str] | None = None,
    _required_resource_keys: Any = None,
) -> AssetsDefinition:
    assert observe_fn is not None
    made = observable_source_asset(
        key=asset_key_of(key),
        metadata=metadata,
        io_manager_key=io_manager_key,
        io_manager_def=io_manager_def,
        description=description,
        group_name=group_name,
        required_resource_keys=_required_resource_keys,
        resource_defs=resource_defs,
        partitions_def=partitions_def,
        automation_condition=automation_condition,
        op_tags=op_tags,
        tags=tags,
    )
    return made(observe_fn)


class BindResourcesToJobs(list[Any]):
    """A list of jobs. Resources of the location have long been bound to all jobs."""
