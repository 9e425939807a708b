"""Collecting definitions that lie in modules: `load_assets_from_modules`, and files without a `Definitions`."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import ModuleType
from typing import Any, cast

from rostrum.definitions.assets import AssetsDefinition, AssetSpec
from rostrum.definitions.checks import AssetChecksDefinition
from rostrum.definitions.definitions import Definitions
from rostrum.definitions.jobs import JobDefinition
from rostrum.definitions.schedules import ScheduleDefinition
from rostrum.definitions.sensors import SensorDefinition
from rostrum.model.errors import DefinitionError


def load_assets_from_modules(
    modules: Iterable[ModuleType], group_name: str | None = None, include_specs: bool = False
) -> Sequence[Any]:
    """Assets at the top of modules, also inside lists; each once. `group_name` is given to those without a group."""
    return [
        _grouped(each, group_name)
        for each in _of_types(modules, (AssetsDefinition, AssetSpec) if include_specs else (AssetsDefinition,))
    ]


def load_assets_from_current_module(group_name: str | None = None, include_specs: bool = False) -> Sequence[Any]:
    """Assets defined so far in the calling module."""
    name = sys._getframe(1).f_globals["__name__"]  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - who calls
    return load_assets_from_modules([sys.modules[name]], group_name, include_specs)


def load_assets_from_package_module(
    package: ModuleType, group_name: str | None = None, include_specs: bool = False
) -> Sequence[Any]:
    """Assets of a package and all modules in it, which are imported."""
    return load_assets_from_modules(_modules_of(package), group_name, include_specs)


def load_asset_checks_from_modules(modules: Iterable[ModuleType]) -> Sequence[AssetChecksDefinition]:
    """Checks at the top of modules, also inside lists; each once."""
    return list(_of_types(modules, (AssetChecksDefinition,)))


def load_asset_checks_from_current_module() -> Sequence[AssetChecksDefinition]:
    """Checks defined so far in the calling module."""
    name = sys._getframe(1).f_globals["__name__"]  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - who calls
    return load_asset_checks_from_modules([sys.modules[name]])


def definitions_of_module(module: ModuleType) -> Definitions | None:
    """All that lies in a module without a `Definitions`; None when there is nothing."""
    found = list(
        _of_types([module], (AssetsDefinition, AssetSpec, AssetChecksDefinition, JobDefinition, ScheduleDefinition, SensorDefinition))
    )
    if not found:
        return None
    return Definitions(
        assets=[each for each in found if isinstance(each, (AssetsDefinition, AssetSpec))],
        asset_checks=[each for each in found if isinstance(each, AssetChecksDefinition)],
        jobs=[each for each in found if isinstance(each, JobDefinition)],
        schedules=[each for each in found if isinstance(each, ScheduleDefinition)],
        sensors=[each for each in found if isinstance(each, SensorDefinition)],
    )


def _of_types(modules: Iterable[ModuleType], types: tuple[type, ...]) -> Iterator[Any]:
    seen: set[int] = set()
    for module in modules:
        if not isinstance(module, ModuleType):
            raise DefinitionError(f"{module!r} is not a module.")
        for value in list(vars(module).values()):
            for each in cast("Sequence[Any]", value) if isinstance(value, (list, tuple)) else (value,):
                if isinstance(each, types) and id(each) not in seen:
                    seen.add(id(each))
                    yield each


def _modules_of(package: ModuleType) -> Iterator[ModuleType]:
    yield package
    for info in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        yield importlib.import_module(info.name)


def _with_group(group: str) -> Callable[[AssetSpec], AssetSpec]:
    return lambda spec: spec if spec.group_name is not None else spec.replace_attributes(group_name=group)


def _grouped(value: Any, group: str | None) -> Any:
    if group is None:
        return value
    if isinstance(value, AssetSpec):
        return value if value.group_name is not None else value.replace_attributes(group_name=group)
    return cast("AssetsDefinition", value).map_asset_specs(_with_group(group))
