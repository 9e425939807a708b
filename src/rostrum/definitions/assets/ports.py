"""`AssetIn` and `AssetOut`: what an argument of an asset's function loads, and what an output of it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from rostrum.definitions.assets.specs import AssetDep, AssetSpec, OldOptions
from rostrum.definitions.broken import noting_init
from rostrum.definitions.names import KeyLike, asset_key_of, hidden_options
from rostrum.definitions.ops.ops import Out
from rostrum.definitions.ops.signatures import MISSING
from rostrum.definitions.partitions.backfill_policy import BackfillPolicy
from rostrum.definitions.partitions.definition import PartitionsDefinition
from rostrum.definitions.records import Record
from rostrum.model.assets import AssetKey
from rostrum.model.errors import ArgumentError, DefinitionError
from rostrum.model.manifest import Source

_HIDDEN = ("auto_materialize_policy", "legacy_freshness_policy")


class AssetIn(Record):
    """Declares the asset that an argument loads: by `key`, or by the argument's name under `key_prefix`.

    `dagster_type` (or `type`) is the type that the value is checked against, instead of the annotation; `Nothing`
    loads no value.
    """

    __slots__ = ("input_manager_key", "key", "key_prefix", "metadata", "partition_mapping", "type")

    @noting_init
    def __init__(
        self,
        key: Any = None,
        metadata: Mapping[str, Any] | None = None,
        key_prefix: str | Sequence[str] | None = None,
        input_manager_key: str | None = None,
        partition_mapping: Any = None,
        dagster_type: Any = MISSING,
        *,
        type: Any = MISSING,
    ) -> None:
        if key is not None and key_prefix is not None:
            raise DefinitionError("AssetIn: give key or key_prefix, not both.")
        self.key = asset_key_of(key) if key is not None else None
        self.key_prefix = prefix_parts(key_prefix)
        self.metadata: Mapping[str, Any] = metadata or {}
        self.input_manager_key = input_manager_key
        self.partition_mapping = partition_mapping
        self.type: Any = type if type is not MISSING else dagster_type

    @property
    def dagster_type(self) -> Any:
        """As `type`."""
        return self.type

    @classmethod
    def from_coercible(cls, coercible: Any) -> AssetIn:
        """The declaration of a key or an asset; a declaration is itself."""
        return coercible if isinstance(coercible, AssetIn) else cls(key=coercible)

    def resolve_key(self, input_name: str) -> AssetKey:
        """Key of the asset that an argument of this name loads."""
        return self.key if self.key is not None else AssetKey((*self.key_prefix, input_name))

    def __repr__(self) -> str:
        return f"AssetIn({self.key or '/'.join(self.key_prefix) or 'by name'})"


class AssetOut(Record):
    """Declares an output of a multi-asset whose value goes through an IO manager.

    The key is `key`, or the output's name under `key_prefix`. All else is as in `AssetSpec`.
    """

    __slots__ = ("_spec_options", "backfill_policy", "io_manager_key", "is_required", "key", "key_prefix", "type")
    description: str | None
    metadata: Mapping[str, Any] | None
    group_name: str | None
    code_version: str | None
    automation_condition: Any
    owners: Sequence[str] | None
    tags: Mapping[str, str] | None
    kinds: Iterable[str] | None
    freshness_policy: Any
    is_virtual: bool

    @noting_init
    def __init__(
        self,
        key_prefix: str | Sequence[str] | None = None,
        key: KeyLike | None = None,
        dagster_type: Any = MISSING,
        description: str | None = None,
        is_required: bool = True,
        io_manager_key: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        group_name: str | None = None,
        code_version: str | None = None,
        automation_condition: Any = None,
        backfill_policy: BackfillPolicy | None = None,
        owners: Sequence[str] | None = None,
        tags: Mapping[str, str] | None = None,
        kinds: Iterable[str] | None = None,
        freshness_policy: Any = None,
        is_virtual: bool = False,
        *,
        type: Any = MISSING,
        **kwargs: Unpack[OldOptions],
    ) -> None:
        if kwargs:
            hidden_options("AssetOut", kwargs, _HIDDEN)
        if key is not None and key_prefix is not None:
            raise DefinitionError("AssetOut: give key or key_prefix, not both.")
        self.key = asset_key_of(key) if key is not None else None
        self.key_prefix = prefix_parts(key_prefix)
        self.type: Any = type if type is not MISSING else dagster_type
        self.is_required, self.backfill_policy = is_required, backfill_policy
        self.io_manager_key = io_manager_key or "io_manager"
        self._spec_options: dict[str, Any] = {
            "description": description,
            "metadata": metadata,
            "group_name": group_name,
            "code_version": code_version,
            "automation_condition": automation_condition,
            "owners": owners,
            "tags": tags,
            "kinds": kinds,
            "freshness_policy": freshness_policy,
            "is_virtual": is_virtual,
        }

    if not TYPE_CHECKING:  # what is there is declared above

        def __getattr__(self, name: str) -> Any:
            if name.startswith("_"):
                raise AttributeError(name)
            try:
                return self._spec_options[name]
            except KeyError:
                raise AttributeError(f"AssetOut has no attribute {name!r}") from None

    @property
    def auto_materialize_policy(self) -> Any:
        """None: conditions have taken its place."""
        return None

    @property
    def legacy_freshness_policy(self) -> Any:
        """None: `freshness_policy` has taken its place."""
        return None

    @staticmethod
    def from_spec(
        spec: AssetSpec,
        dagster_type: Any = MISSING,
        is_required: bool = True,
        io_manager_key: str | None = None,
        backfill_policy: BackfillPolicy | None = None,
    ) -> AssetOut:
        """The output that is the asset of a spec. Dependencies and partitions are given to the decorator, not here."""
        if spec.deps:
            raise ArgumentError(f"AssetOut.from_spec: the spec of {spec.key} has deps; give them to the decorator.")
        if spec.partitions_def is not None:
            raise ArgumentError(
                f"AssetOut.from_spec: the spec of {spec.key} has partitions; give them to the decorator."
            )
        names = ("description", "metadata", "group_name", "code_version", "automation_condition", "owners", "tags")
        more = ("kinds", "freshness_policy", "is_virtual")
        options: dict[str, Any] = {name: getattr(spec, name) for name in (*names, *more)}
        return AssetOut(
            key=spec.key,
            dagster_type=dagster_type,
            is_required=is_required,
            io_manager_key=io_manager_key,
            backfill_policy=backfill_policy,
            **options,
        )

    def to_out(self) -> Out:
        """The declaration of the same output of an op."""
        options = self._spec_options
        return Out(
            self.type,
            description=options["description"],
            is_required=self.is_required,
            io_manager_key=self.io_manager_key,
            metadata=options["metadata"],
            code_version=options["code_version"],
        )

    def to_spec(
        self,
        key: AssetKey,
        deps: Sequence[AssetDep] = (),
        additional_tags: Mapping[str, str] | None = None,
        partitions_def: PartitionsDefinition | None = None,
        source: Source | None = None,
    ) -> AssetSpec:
        """Spec of the asset that the output is."""
        options: dict[str, Any] = {
            **self._spec_options,
            "skippable": not self.is_required,
            "partitions_def": partitions_def,
        }
        if additional_tags:
            options["tags"] = {**(options["tags"] or {}), **additional_tags}
        return AssetSpec.made(source, key, deps=deps, **options)

    def resolve_key(self, output_name: str) -> AssetKey:
        """Key of the asset that the output of this name is."""
        return self.key if self.key is not None else AssetKey((*self.key_prefix, output_name))


def prefix_parts(prefix: Any) -> tuple[str, ...]:
    """Segments of a key prefix, given as text (one segment), a list, or a key."""
    if prefix is None:
        return ()
    if isinstance(prefix, AssetKey):
        return prefix.parts
    return (prefix,) if isinstance(prefix, str) else tuple(prefix)
