"""Collecting definitions that lie in modules: `load_assets_from_modules` and the like, and files without a
`Definitions`.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any, cast

from rostrum.definitions.assets.changes import with_keys
from rostrum.definitions.assets.definition import AssetsDefinition
from rostrum.definitions.assets.ports import prefix_parts
from rostrum.definitions.assets.specs import AssetSpec
from rostrum.definitions.automations.schedules import ScheduleDefinition
from rostrum.definitions.automations.sensors import SensorDefinition
from rostrum.definitions.broken import is_broken, without_name
from rostrum.definitions.checks.definition import AssetChecksDefinition
from rostrum.definitions.location.definitions import Definitions
from rostrum.definitions.names import hidden_options
from rostrum.definitions.ops.jobs import JobDefinition
from rostrum.definitions.partitions.backfill_policy import BackfillPolicy
from rostrum.model.assets import AssetKey
from rostrum.model.errors import ArgumentError

Prefix = str | Sequence[str] | None
_HIDDEN = ("auto_materialize_policy", "legacy_freshness_policy")
_ASSETS = (AssetsDefinition, AssetSpec)
_ALL = (*_ASSETS, AssetChecksDefinition, JobDefinition, ScheduleDefinition, SensorDefinition)


def load_assets_from_modules(
    modules: Iterable[ModuleType],
    group_name: str | None = None,
    key_prefix: Prefix = None,
    *,
    automation_condition: Any = None,
    backfill_policy: BackfillPolicy | None = None,
    source_key_prefix: Prefix = None,
    include_specs: bool = False,
    **kwargs: Any,
) -> Sequence[AssetsDefinition | AssetSpec]:
    """Assets at the top of modules, also inside lists; each once. Specs only with `include_specs`.

    `group_name`, `automation_condition` and `backfill_policy` are given to those without. `key_prefix` comes before
    the keys of the loaded assets, and before the same keys where loaded assets depend on them; `source_key_prefix`
    before those of assets that are only declared or observed.
    """
    hidden_options("load_assets_from_modules", kwargs, _HIDDEN)
    kinds = _ASSETS if include_specs else (AssetsDefinition,)
    found = [each for each in _of_types(modules, kinds) if not isinstance(each, AssetChecksDefinition)]
    keys = _prefixed(found, prefix_parts(key_prefix), prefix_parts(source_key_prefix))
    changes = {"group_name": group_name, "automation_condition": automation_condition}
    return [_changed(each, keys, changes, backfill_policy) for each in found]


def load_assets_from_current_module(
    group_name: str | None = None, key_prefix: Prefix = None, **options: Any
) -> Sequence[AssetsDefinition | AssetSpec]:
    """Assets defined so far in the calling module. Options as of `load_assets_from_modules`."""
    return load_assets_from_modules([_caller()], group_name, key_prefix, **options)


def load_assets_from_package_module(
    package_module: ModuleType, group_name: str | None = None, key_prefix: Prefix = None, **options: Any
) -> Sequence[AssetsDefinition | AssetSpec]:
    """Assets of a package and all modules in it, which are imported. Options as of `load_assets_from_modules`."""
    return load_assets_from_modules(_modules_of(package_module), group_name, key_prefix, **options)


def load_assets_from_package_name(
    package_name: str, group_name: str | None = None, key_prefix: Prefix = None, **options: Any
) -> Sequence[AssetsDefinition | AssetSpec]:
    """As `load_assets_from_package_module`, for a package that is imported by name."""
    return load_assets_from_package_module(importlib.import_module(package_name), group_name, key_prefix, **options)


def load_asset_checks_from_modules(
    modules: Iterable[ModuleType], asset_key_prefix: Prefix = None
) -> Sequence[AssetChecksDefinition]:
    """Checks at the top of modules, also inside lists; each once. `asset_key_prefix` comes before the keys of the
    assets under check.
    """
    prefix = prefix_parts(asset_key_prefix)
    found: list[AssetChecksDefinition] = list(_of_types(modules, (AssetChecksDefinition,)))
    if not prefix:
        return found
    keys = {spec.asset_key: spec.asset_key.with_prefix(prefix) for each in found for spec in each.check_specs}
    return [with_keys(each, keys) for each in found]


def load_asset_checks_from_current_module(asset_key_prefix: Prefix = None) -> Sequence[AssetChecksDefinition]:
    """Checks defined so far in the calling module."""
    return load_asset_checks_from_modules([_caller()], asset_key_prefix)


def load_asset_checks_from_package_module(
    package_module: ModuleType, asset_key_prefix: Prefix = None
) -> Sequence[AssetChecksDefinition]:
    """Checks of a package and all modules in it, which are imported."""
    return load_asset_checks_from_modules(_modules_of(package_module), asset_key_prefix)


def load_asset_checks_from_package_name(
    package_name: str, asset_key_prefix: Prefix = None
) -> Sequence[AssetChecksDefinition]:
    """As `load_asset_checks_from_package_module`, for a package that is imported by name."""
    return load_asset_checks_from_package_module(importlib.import_module(package_name), asset_key_prefix)


def load_definitions_from_modules(
    modules: Iterable[ModuleType],
    resources: Mapping[str, Any] | None = None,
    loggers: Mapping[str, Any] | None = None,
    executor: Any = None,
) -> Definitions:
    """All assets, specs, checks, jobs, schedules and sensors at the top of modules."""
    return _definitions(list(_of_types(modules, _ALL)), resources=resources, loggers=loggers, executor=executor)


def load_definitions_from_module(
    module: ModuleType,
    resources: Mapping[str, Any] | None = None,
    loggers: Mapping[str, Any] | None = None,
    executor: Any = None,
) -> Definitions:
    """All that lies at the top of a module."""
    return load_definitions_from_modules([module], resources, loggers, executor)


def load_definitions_from_current_module(
    resources: Mapping[str, Any] | None = None, loggers: Mapping[str, Any] | None = None, executor: Any = None
) -> Definitions:
    """All that has been defined so far in the calling module."""
    return load_definitions_from_modules([_caller()], resources, loggers, executor)


def load_definitions_from_package_module(
    package_module: ModuleType,
    resources: Mapping[str, Any] | None = None,
    loggers: Mapping[str, Any] | None = None,
    executor: Any = None,
) -> Definitions:
    """All that lies in a package and the modules in it, which are imported."""
    return load_definitions_from_modules(_modules_of(package_module), resources, loggers, executor)


def load_definitions_from_package_name(
    package_name: str,
    resources: Mapping[str, Any] | None = None,
    loggers: Mapping[str, Any] | None = None,
    executor: Any = None,
) -> Definitions:
    """As `load_definitions_from_package_module`, for a package that is imported by name."""
    return load_definitions_from_package_module(importlib.import_module(package_name), resources, loggers, executor)


def definitions_of_module(module: ModuleType) -> Definitions | None:
    """All that lies in a module without a `Definitions`; None when there is nothing."""
    found = list(_of_types([module], _ALL))
    return _definitions(found) if found else None


def _definitions(found: Sequence[Any], **options: Any) -> Definitions:
    return Definitions(
        assets=[each for each in found if isinstance(each, _ASSETS) and not isinstance(each, AssetChecksDefinition)],
        asset_checks=[each for each in found if isinstance(each, AssetChecksDefinition)],
        jobs=[each for each in found if isinstance(each, JobDefinition)],
        schedules=[each for each in found if isinstance(each, ScheduleDefinition)],
        sensors=[each for each in found if isinstance(each, SensorDefinition)],
        **options,
    )


def _of_types(modules: Iterable[ModuleType], types: tuple[type, ...]) -> Iterator[Any]:
    seen: set[int] = set()
    for module in modules:
        if not isinstance(module, ModuleType):
            raise ArgumentError(f"{module!r} is not a module.")
        for value in list(vars(module).values()):
            for each in cast("Sequence[Any]", value) if isinstance(value, (list, tuple)) else (value,):
                if isinstance(each, types) and id(each) not in seen:
                    seen.add(id(each))
                    yield each


def _modules_of(package: ModuleType) -> Iterator[ModuleType]:
    yield package
    for info in pkgutil.walk_packages(getattr(package, "__path__", []), package.__name__ + "."):
        yield importlib.import_module(info.name)


def _caller() -> ModuleType:
    """The module that called the function that calls this."""
    return sys.modules[sys._getframe(2).f_globals["__name__"]]  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - who calls


def _prefixed(
    found: Iterable[Any], prefix: tuple[str, ...], source_prefix: tuple[str, ...]
) -> Mapping[AssetKey, AssetKey]:
    """Loaded keys that get a prefix -> the prefixed ones."""
    keys: dict[AssetKey, AssetKey] = {}
    for each in found:
        if is_broken(each):
            continue
        elsewhere = isinstance(each, AssetsDefinition) and not each.is_materializable
        own = source_prefix if elsewhere else prefix
        if own:
            specs = each.specs if isinstance(each, AssetsDefinition) else (each,)
            keys.update((spec.key, spec.key.with_prefix(own)) for spec in specs)
    return keys


def _changed(
    value: Any, keys: Mapping[AssetKey, AssetKey], changes: Mapping[str, Any], policy: BackfillPolicy | None
) -> Any:
    if is_broken(value):
        return without_name(value) if keys else value
    change = _missing_only(changes)
    if isinstance(value, AssetSpec):
        return change(_moved(value, keys))
    made: AssetsDefinition = value
    if any(option is not None for option in changes.values()):
        made = made.map_asset_specs(change)
    if policy is not None and made.backfill_policy is None:
        made = made.with_attributes(backfill_policy=policy)
    return with_keys(made, keys) if keys else made


def _moved(spec: AssetSpec, keys: Mapping[AssetKey, AssetKey]) -> AssetSpec:
    return with_keys(AssetsDefinition(specs=[spec]), keys).specs[0] if keys else spec


def _missing_only(changes: Mapping[str, Any]) -> Callable[[AssetSpec], AssetSpec]:
    def change(spec: AssetSpec) -> AssetSpec:
        own = {name: value for name, value in changes.items() if value is not None and getattr(spec, name) is None}
        return spec.replace_attributes(**own) if own else spec

    return change
