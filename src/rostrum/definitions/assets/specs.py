"""`AssetSpec` and `AssetDep`: what an asset is and depends on, without what makes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NoReturn, Self, TypedDict, TypeVar, Unpack

from rostrum.definitions.broken import noting_init
from rostrum.definitions.names import AssetLike, KeyLike, asset_key_of, hidden_options, kinds_of
from rostrum.definitions.partitions.definition import PartitionsDefinition
from rostrum.definitions.sources import caller_source
from rostrum.model.assets import AssetKey
from rostrum.model.errors import DefinitionError, InvocationError, kind_of
from rostrum.model.manifest import Source
from rostrum.model.reserved_names import IO_MANAGER_METADATA

IO_MANAGER_KEY = "rostrum/io_manager_key"
"""Metadata of an asset that names the IO manager which loads it where nothing here makes it."""
IO_MANAGER_KEYS = (IO_MANAGER_KEY, IO_MANAGER_METADATA)
"""The same, and as existing projects have it."""

_NO_TAGS: Mapping[str, str] = {}
_NO_METADATA: Mapping[str, Any] = {}
Mapped = TypeVar("Mapped")
"""What holds specs: an asset stays one, a spec, too."""
_HIDDEN = ("auto_materialize_policy", "legacy_freshness_policy")


class OldOptions(TypedDict, total=False):
    """Keyword arguments that are taken still and mean nothing, or what another one says."""

    auto_materialize_policy: Any
    legacy_freshness_policy: Any


class AssetDep:
    """A dependency on an asset: its key and how partitions map."""

    __slots__ = ("asset_key", "metadata", "partition_mapping")

    @noting_init
    def __init__(
        self,
        asset: AssetLike,
        *,
        partition_mapping: Any = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        specs: Any = getattr(asset, "specs", None)
        if specs is not None and len(specs) > 1:
            listed = ", ".join(str(spec.key) for spec in specs)
            raise DefinitionError(f"AssetDep is of one asset; this makes several ({listed}): give the key of one.")
        self.asset_key = asset_key_of(asset)
        self.partition_mapping = partition_mapping
        self.metadata: Mapping[str, Any] = metadata or _NO_METADATA

    @staticmethod
    def on(key: AssetKey, mapping: Any = None) -> AssetDep:
        """A dependency on a key, without the checks of the constructor."""
        dep = object.__new__(AssetDep)
        dep.asset_key, dep.partition_mapping, dep.metadata = key, mapping, _NO_METADATA
        return dep

    @staticmethod
    def from_coercible(arg: DepLike) -> AssetDep:
        """The dependency on an asset, a spec or a key; a dependency is itself."""
        return arg if isinstance(arg, AssetDep) else AssetDep(arg)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, AssetDep)
            and self.asset_key == other.asset_key
            and self.partition_mapping == other.partition_mapping
            and self.metadata == other.metadata
        )

    def __hash__(self) -> int:
        return hash(self.asset_key)

    def __repr__(self) -> str:
        mapping = f", partition_mapping={self.partition_mapping!r}" if self.partition_mapping is not None else ""
        return f"AssetDep({self.asset_key}{mapping})"


DepLike = AssetLike | AssetDep
"""What can be a dependency: a key, a definition, or an `AssetDep`."""


def condition_of(kwargs: dict[str, Any], automation_condition: Any) -> Any:
    """The condition, or that of an `auto_materialize_policy`, its older form, which is taken out of `kwargs`."""
    policy: Any = kwargs.pop("auto_materialize_policy", None)
    if policy is None or automation_condition is not None:
        return automation_condition
    return policy.to_automation_condition()


class AssetSpec:
    """What an asset is, without what makes it. In `Definitions(assets=[...])` it is an external asset. Immutable.

    `deps` become a list of `AssetDep`, each asset once. `kinds` are at most a few words (`python`, `duckdb`) that
    screens show as symbols.
    """

    __slots__ = (
        "automation_condition",
        "code_version",
        "deps",
        "description",
        "freshness_policy",
        "group_name",
        "is_virtual",
        "key",
        "kinds",
        "metadata",
        "owners",
        "partitions_def",
        "skippable",
        "source",
        "tags",
    )
    key: AssetKey
    deps: Sequence[AssetDep]
    description: str | None
    metadata: Mapping[str, Any]
    skippable: bool
    group_name: str | None
    code_version: str | None
    automation_condition: Any
    owners: Sequence[str]
    tags: Mapping[str, str]
    kinds: frozenset[str]
    partitions_def: PartitionsDefinition | None
    freshness_policy: Any
    is_virtual: bool
    source: Source | None

    @noting_init
    def __init__(
        self,
        key: KeyLike,
        *,
        deps: Iterable[DepLike] | None = None,
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        skippable: bool = False,
        group_name: str | None = None,
        code_version: str | None = None,
        automation_condition: Any = None,
        owners: Sequence[str] | None = None,
        tags: Mapping[str, str] | None = None,
        kinds: Iterable[str] | None = None,
        partitions_def: PartitionsDefinition | None = None,
        freshness_policy: Any = None,
        is_virtual: bool = False,
        source: Source | None = None,
        **kwargs: Unpack[OldOptions],
    ) -> None:
        if kwargs:
            old: dict[str, Any] = {**kwargs}
            automation_condition = condition_of(old, automation_condition)
            hidden_options("AssetSpec", old, _HIDDEN)
        plain, of_tags = kinds_of(tags, kinds)
        self._fill(
            key=asset_key_of(key),
            deps=asset_deps(deps) if deps else (),
            description=description,
            metadata=metadata if metadata is not None else _NO_METADATA,
            skippable=skippable,
            group_name=group_name,
            code_version=code_version,
            automation_condition=automation_condition,
            owners=list(owners) if owners else [],
            tags=plain,
            kinds=of_tags,
            partitions_def=partitions_def,
            freshness_policy=freshness_policy,
            is_virtual=is_virtual,
            source=source or caller_source(),
        )

    def _fill(self, **values: Any) -> Self:
        put = object.__setattr__
        for name, value in values.items():
            put(self, name, value)
        return self

    @staticmethod
    def made(source: Source | None, key: AssetKey, **options: Any) -> AssetSpec:
        """A spec of values that a decorator has checked: quicker, and mistakes are the caller's."""
        spec = object.__new__(AssetSpec)
        plain, of_tags = kinds_of(options.pop("tags", None), options.pop("kinds", None))
        owners = options.pop("owners", None)
        metadata = options.pop("metadata", None) or _NO_METADATA
        values = {**_EMPTY, **options, "key": key, "source": source, "tags": plain, "kinds": of_tags}
        values["owners"], values["metadata"] = list(owners) if owners else [], metadata
        put = object.__setattr__
        for name, value in values.items():
            put(spec, name, value)
        return spec

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise AttributeError(f"an AssetSpec cannot be changed: use spec.replace_attributes({name}=...).")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("an AssetSpec cannot be changed: use spec.replace_attributes(...).")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AssetSpec) and all(getattr(self, name) == getattr(other, name) for name in _COMPARED)

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return f"AssetSpec({self.key})"

    def __reduce__(self) -> Any:
        return _restored, ({name: getattr(self, name) for name in _ATTRIBUTES},)

    @property
    def partition_mappings(self) -> Mapping[AssetKey, Any]:
        """How partitions of upstream assets map, where a dependency says so."""
        return {dep.asset_key: dep.partition_mapping for dep in self.deps if dep.partition_mapping is not None}

    @property
    def io_manager_key(self) -> str:
        """Key of the IO manager that loads the asset where nothing here makes it."""
        return next((str(self.metadata[name]) for name in IO_MANAGER_KEYS if name in self.metadata), "io_manager")

    @property
    def auto_materialize_policy(self) -> Any:
        """None: conditions have taken its place."""
        return None

    @property
    def legacy_freshness_policy(self) -> Any:
        """None: `freshness_policy` has taken its place."""
        return None

    def replace_attributes(self, **changes: Any) -> AssetSpec:
        """A spec with some attributes replaced; the names are those of the constructor."""
        unknown = [name for name in changes if name not in _ATTRIBUTES and name not in _HIDDEN]
        if unknown:
            raise TypeError(f"AssetSpec has no attribute {unknown[0]!r}; it has {', '.join(_ATTRIBUTES)}.")
        options = {name: getattr(self, name) for name in _ATTRIBUTES}
        if "tags" in changes:  # kinds that were given as tags replace, too
            changes["tags"], named = kinds_of(changes["tags"], None)
            if "kinds" not in changes and named:
                changes["kinds"] = named
        options.update(changes)
        return AssetSpec(options.pop("key"), **options)

    def merge_attributes(
        self,
        *,
        deps: Iterable[Any] = (),
        metadata: Mapping[str, Any] | None = None,
        owners: Sequence[str] = (),
        tags: Mapping[str, str] | None = None,
        kinds: Iterable[str] = (),
    ) -> AssetSpec:
        """A spec with more dependencies, owners and kinds, and with metadata and tags merged over its own."""
        plain, named = kinds_of(tags, kinds)
        return self.replace_attributes(
            deps=[*self.deps, *deps],
            metadata={**self.metadata, **(metadata or {})},
            owners=list(dict.fromkeys((*self.owners, *owners))),
            tags={**self.tags, **plain},
            kinds=self.kinds | named,
        )

    def with_io_manager_key(self, io_manager_key: str) -> AssetSpec:
        """A spec whose value is loaded by the IO manager of this key."""
        return self.merge_attributes(metadata={IO_MANAGER_KEY: io_manager_key})


_ATTRIBUTES = AssetSpec.__slots__
_COMPARED = tuple(name for name in _ATTRIBUTES if name != "source")
_EMPTY: dict[str, Any] = {
    "automation_condition": None,
    "code_version": None,
    "deps": (),
    "description": None,
    "freshness_policy": None,
    "group_name": None,
    "is_virtual": False,
    "partitions_def": None,
    "skippable": False,
}


def _restored(values: dict[str, Any]) -> AssetSpec:
    return object.__new__(AssetSpec)._fill(**values)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - its other half


def asset_deps(deps: Iterable[Any]) -> list[AssetDep]:
    """Dependencies from keys, specs, assets or AssetDeps; the same key twice counts once."""
    if isinstance(deps, str):
        raise DefinitionError(f"deps takes a list of assets; {deps!r} is one string.")
    found: dict[AssetKey, AssetDep] = {}
    for dep in deps:
        specs: Any = () if isinstance(dep, (AssetDep, AssetSpec, AssetKey, str)) else getattr(dep, "specs", ())
        if len(specs) > 1:
            for spec in specs:
                found.setdefault(spec.key, AssetDep.on(spec.key))
            continue
        each = dep if isinstance(dep, AssetDep) else AssetDep.on(asset_key_of(dep))
        known = found.get(each.asset_key)
        if known is not None and known.partition_mapping != each.partition_mapping:
            raise DefinitionError(f"deps names {each.asset_key} twice, with different partition mappings.")
        found[each.asset_key] = each
    return list(found.values())


def map_asset_specs(func: Callable[[AssetSpec], AssetSpec], iterable: Iterable[Mapped]) -> Sequence[Mapped]:
    """The same assets and specs with each spec replaced by what `func` makes of it.

    Raises InvocationError where something else than an asset or a spec is among them, or `func` returns no spec.
    """
    found: list[Any] = []
    for each in iterable:
        if isinstance(each, AssetSpec):
            found.append(changed_spec(func, each))
        elif (change := getattr(each, "map_asset_specs", None)) is not None:
            found.append(change(func))
        else:
            raise InvocationError(f"map_asset_specs: {each!r} is neither an asset nor an AssetSpec.")
    return found


def changed_spec(func: Callable[[AssetSpec], AssetSpec], spec: AssetSpec) -> AssetSpec:
    """What a user's function makes of a spec. Raises InvocationError where it is no spec."""
    changed = func(spec)
    if not isinstance(changed, AssetSpec):
        raise InvocationError(
            f"the function given to map_asset_specs returned {kind_of(changed)} for {spec.key}: return an AssetSpec."
        )
    return changed
