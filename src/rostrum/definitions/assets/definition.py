"""`AssetsDefinition`: one or more assets and what makes, observes or merely declares them.

Definitions are cheap to make and are validated together in `Definitions(...)`, so that all mistakes are told at
once. Only what makes the definition itself meaningless (an argument that does not exist, two keys) fails at the
decorator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from rostrum.definitions.assets.backing import Backing, backing_of, keyed_backing
from rostrum.definitions.assets.changes import changed, subset, with_keys, with_values
from rostrum.definitions.assets.direct_calls import call_directly
from rostrum.definitions.assets.ports import AssetIn, AssetOut
from rostrum.definitions.assets.specs import AssetDep, AssetSpec, changed_spec
from rostrum.definitions.broken import noting, noting_init, unnamed
from rostrum.definitions.checks.specs import AssetCheckSpec
from rostrum.definitions.names import KeyLike, asset_key_of
from rostrum.definitions.ops.ops import OpDefinition
from rostrum.definitions.partitions.backfill_policy import BackfillPolicy
from rostrum.definitions.partitions.definition import PartitionsDefinition
from rostrum.model.assets import AssetKey, CheckKey
from rostrum.model.errors import ArgumentError, InvariantError, InvocationError

__all__ = ["AssetDep", "AssetIn", "AssetOut", "AssetSpec", "AssetsDefinition", "assets_of"]

MATERIALIZE, OBSERVE, NONE = "materialize", "observe", "none"
_NO_RESOURCES: Mapping[str, Any] = {}
Value = TypeVar("Value")


class _ByKey(Generic[Value]):
    """An attribute of the specs by key, without those that have none."""

    __slots__ = ("_attribute", "_default")

    def __init__(self, attribute: str, default: Any = None) -> None:
        self._attribute, self._default = attribute, default

    def __get__(self, definition: Any, owner: Any = None) -> Mapping[AssetKey, Value]:
        if definition is None:
            return self  # type: ignore[return-value] - asked of the class
        values = {spec.key: getattr(spec, self._attribute) for spec in definition.specs}
        return {
            key: self._default if value is None else value
            for key, value in values.items()
            if value is not None or self._default is not None
        }


class AssetsDefinition:
    """One or more assets and what makes them. Calling it calls the function.

    Made by decorators, `from_op` or `from_graph`; the constructor takes either a `node_def` (an op or graph) with
    keys by input and output name, or only `specs`, which are then external assets.
    """

    __slots__ = (
        "backfill_policy",
        "check_specs",
        "execution_type",
        "hook_defs",
        "is_subset",
        "node_def",
        "op",
        "resource_defs",
        "specs",
    )

    @noting_init
    def __init__(
        self,
        *,
        keys_by_input_name: Mapping[str, AssetKey] | None = None,
        keys_by_output_name: Mapping[str, AssetKey] | None = None,
        node_def: Any = None,
        partitions_def: PartitionsDefinition | None = None,
        partition_mappings: Mapping[AssetKey, Any] | None = None,
        asset_deps: Mapping[AssetKey, Iterable[AssetKey]] | None = None,
        selected_asset_keys: Iterable[AssetKey] | None = None,
        can_subset: bool = False,
        resource_defs: Mapping[str, Any] | None = None,
        group_names_by_key: Mapping[AssetKey, str] | None = None,
        metadata_by_key: Mapping[AssetKey, Mapping[str, Any]] | None = None,
        tags_by_key: Mapping[AssetKey, Mapping[str, str]] | None = None,
        legacy_freshness_policies_by_key: Mapping[AssetKey, Any] | None = None,
        backfill_policy: BackfillPolicy | None = None,
        descriptions_by_key: Mapping[AssetKey, str] | None = None,
        check_specs_by_output_name: Mapping[str, AssetCheckSpec] | None = None,
        selected_asset_check_keys: Iterable[CheckKey] | None = None,
        is_subset: bool = False,
        owners_by_key: Mapping[AssetKey, Sequence[str]] | None = None,
        specs: Sequence[AssetSpec] | None = None,
        execution_type: Any = None,
        auto_materialize_policies_by_key: Mapping[AssetKey, Any] | None = None,
        hook_defs: Iterable[Any] | None = None,
    ) -> None:
        if node_def is None:
            self._fill(None, tuple(specs or ()), (), execution_type=NONE)
            return
        backing = keyed_backing(
            node_def,
            keys_by_input_name or {},
            keys_by_output_name or {},
            partition_mappings or {},
            asset_deps or {},
            {
                "group_name": group_names_by_key,
                "metadata": metadata_by_key,
                "tags": tags_by_key,
                "description": descriptions_by_key,
                "owners": owners_by_key,
            },
            specs=specs or (),
            partitions_def=partitions_def,
            can_subset=can_subset,
            check_specs=list((check_specs_by_output_name or {}).values()),
        )
        self._fill(backing.op, backing.specs, backing.check_specs, backfill_policy, resource_defs, hook_defs)
        self.node_def = node_def
        if selected_asset_keys is not None:
            self.specs = tuple(spec for spec in self.specs if spec.key in set(selected_asset_keys))
        self.is_subset = is_subset

    def _fill(
        self,
        op: OpDefinition | None,
        specs: Sequence[AssetSpec],
        check_specs: Sequence[AssetCheckSpec],
        backfill_policy: BackfillPolicy | None = None,
        resource_defs: Mapping[str, Any] | None = None,
        hook_defs: Iterable[Any] | None = None,
        execution_type: str = MATERIALIZE,
    ) -> None:
        self.op: Any = op
        """`OpDefinition` whose function makes the assets, or which stands for a graph; None for external assets."""
        self.node_def: Any = op.graph if op is not None and op.graph is not None else op
        """The op or graph."""
        self.specs: Sequence[AssetSpec] = specs
        self.check_specs: Sequence[AssetCheckSpec] = check_specs
        """Checks that the same function evaluates."""
        self.backfill_policy = backfill_policy
        self.resource_defs: Mapping[str, Any] = resource_defs or _NO_RESOURCES
        """Resources that the assets bring along."""
        self.hook_defs: frozenset[Any] = frozenset(hook_defs) if hook_defs else frozenset()
        self.execution_type = execution_type
        """`materialize`, `observe` or `none`."""
        self.is_subset = False

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function: no run, no IO. Raises InvocationError where a context or an input is missing."""
        if self.op is None or self.op.graph is not None:
            raise InvocationError(f"{self!r} has no function that could be called.")
        return call_directly(f"asset {self.op.name}", self.op, args, kwargs)

    def __repr__(self) -> str:
        return f"<assets {', '.join(str(spec.key) for spec in self.specs)}>"

    # --- keys and specs

    @property
    def key(self) -> AssetKey:
        """Key of the asset. Raises ArgumentError where there are several."""
        if len(self.specs) != 1:
            raise ArgumentError(f"{self!r} has {len(self.specs)} assets and no single key: choose one of its `keys`.")
        return self.specs[0].key

    @property
    def keys(self) -> frozenset[AssetKey]:
        """Keys of all assets."""
        return frozenset(spec.key for spec in self.specs)

    @property
    def specs_by_key(self) -> Mapping[AssetKey, AssetSpec]:
        """Specs by key."""
        return {spec.key: spec for spec in self.specs}

    def get_asset_spec(self, key: KeyLike | None = None) -> AssetSpec:
        """The spec of one asset. Raises InvariantError for a key that is not among them."""
        wanted = self.key if key is None else asset_key_of(key)
        for spec in self.specs:
            if spec.key == wanted:
                return spec
        raise InvariantError(f"{self!r} does not make {wanted}.")

    @property
    def check_keys(self) -> frozenset[CheckKey]:
        """Keys of the checks that the same function evaluates."""
        return frozenset(spec.key for spec in self.check_specs)

    @property
    def asset_and_check_keys(self) -> frozenset[AssetKey | CheckKey]:
        """All keys."""
        return self.keys | self.check_keys

    @property
    def partitions_def(self) -> PartitionsDefinition | None:
        """Partitions of the assets. Raises InvariantError where they differ: ask the specs."""
        found = {spec.partitions_def for spec in self.specs} - {None}
        if len(found) > 1:
            raise InvariantError(f"{self!r} has assets with different partitions: ask their specs.")
        return next(iter(found), None)

    @property
    def can_subset(self) -> bool:
        """Whether some of the assets may be made without the others."""
        return bool(self.op is not None and self.op.can_subset)

    @property
    def is_external(self) -> bool:
        """True where a run cannot make them: declared only, or observed."""
        return self.execution_type != MATERIALIZE

    @property
    def is_executable(self) -> bool:
        """True where a run can make or observe them."""
        return self.execution_type != NONE

    @property
    def is_materializable(self) -> bool:
        """True where a run can make them."""
        return self.execution_type == MATERIALIZE

    @property
    def is_observable(self) -> bool:
        """True where a run can observe them."""
        return self.execution_type == OBSERVE

    @property
    def required_resource_keys(self) -> frozenset[str]:
        """Keys of the resources that making the assets takes, IO managers included."""
        if self.op is None:
            return frozenset(spec.io_manager_key for spec in self.specs)
        stores = {
            each.io_manager_key for each in self.op.outputs.values() if not each.nothing and each.check_key is None
        }
        loads = {item.input_manager_key for item in self.op.inputs.values() if item.input_manager_key is not None}
        return frozenset(self.op.resource_keys | stores | loads)

    # --- what depends on what

    @property
    def asset_deps(self) -> Mapping[AssetKey, frozenset[AssetKey]]:
        """Keys upstream of each asset."""
        return {spec.key: frozenset(dep.asset_key for dep in spec.deps) for spec in self.specs}

    @property
    def dependency_keys(self) -> frozenset[AssetKey]:
        """Keys upstream of any of the assets."""
        return frozenset(dep.asset_key for spec in self.specs for dep in spec.deps)

    @property
    def keys_by_input_name(self) -> Mapping[str, AssetKey]:
        """Key of the asset that each input loads."""
        return {name: item.asset_key for name, item in self.op.inputs.items()} if self.op is not None else {}

    @property
    def keys_by_output_name(self) -> Mapping[str, AssetKey]:
        """Key of the asset that each output is."""
        outputs = self.op.outputs.items() if self.op is not None else ()
        return {name: output.asset_key for name, output in outputs if output.asset_key in self.keys}

    @property
    def check_specs_by_output_name(self) -> Mapping[str, AssetCheckSpec]:
        """Check that each output is the verdict of."""
        return {spec.output_name: spec for spec in self.check_specs}

    def get_partition_mapping(self, in_asset_key: KeyLike) -> Any:
        """How partitions of an upstream asset map; None: as usual."""
        key = asset_key_of(in_asset_key)
        return next(
            (d.partition_mapping for s in self.specs for d in s.deps if d.asset_key == key and d.partition_mapping),
            None,
        )

    def get_output_name_for_asset_key(self, key: KeyLike) -> str:
        """Name of the output that is the asset."""
        wanted = asset_key_of(key)
        for name, found in self.keys_by_output_name.items():
            if found == wanted:
                return name
        raise InvariantError(f"{self!r} does not make {wanted}.")

    def get_io_manager_key_for_asset_key(self, key: KeyLike) -> str:
        """Key of the IO manager that stores or loads the asset."""
        if self.op is None:
            return self.get_asset_spec(key).io_manager_key
        return self.op.outputs[self.get_output_name_for_asset_key(key)].io_manager_key

    automation_conditions_by_key = _ByKey[Any]("automation_condition")
    code_versions_by_key = _ByKey[str]("code_version")
    descriptions_by_key = _ByKey[str]("description")
    group_names_by_key = _ByKey[str]("group_name", "default")
    metadata_by_key = _ByKey[Mapping[str, Any]]("metadata")
    owners_by_key = _ByKey[Sequence[str]]("owners")
    tags_by_key = _ByKey[Mapping[str, str]]("tags")

    # --- others made of this one

    def map_asset_specs(self, fn: Callable[[AssetSpec], AssetSpec]) -> AssetsDefinition:
        """The same function with changed specs; a changed key renames the asset."""
        specs = tuple(changed_spec(fn, spec) for spec in self.specs)
        renamed = {old.key: new.key for old, new in zip(self.specs, specs, strict=True) if old.key != new.key}
        made = with_keys(self, renamed, own=True) if renamed else self
        return changed(made, specs)

    def with_attributes(
        self,
        *,
        asset_key_replacements: Mapping[AssetKey, AssetKey] | None = None,
        group_names_by_key: Mapping[AssetKey, str] | None = None,
        tags_by_key: Mapping[AssetKey, Mapping[str, str]] | None = None,
        legacy_freshness_policy: Any = None,
        automation_condition: Any = None,
        backfill_policy: BackfillPolicy | None = None,
        hook_defs: Iterable[Any] | None = None,
        metadata_by_key: Mapping[AssetKey, Mapping[str, Any]] | None = None,
    ) -> AssetsDefinition:
        """The same function with other keys (of its assets and of what it loads), or other attributes by key.

        Raises DefinitionError where an asset has a group, or a condition, already.
        """
        change = with_values(group_names_by_key or {}, tags_by_key or {}, metadata_by_key or {}, automation_condition)
        made = changed(self, tuple(change(spec) for spec in self.specs))
        made.backfill_policy = backfill_policy or self.backfill_policy
        if hook_defs:
            made = made.with_hooks(hook_defs)
        return with_keys(made, asset_key_replacements) if asset_key_replacements else made

    def with_hooks(self, hook_defs: Iterable[Any]) -> AssetsDefinition:
        """The same with more hooks."""
        made = changed(self, self.specs)
        made.hook_defs = self.hook_defs | frozenset(hook_defs)
        return made

    def with_resources(self, resource_defs: Mapping[str, Any]) -> AssetsDefinition:
        """The same with resources bound to those keys that it asks for and has not bound itself."""
        wanted = self.required_resource_keys
        bound = {key: value for key, value in resource_defs.items() if key in wanted and key not in self.resource_defs}
        made = changed(self, self.specs)
        made.resource_defs = {**self.resource_defs, **bound}
        return made

    def subset_for(
        self, selected_asset_keys: Iterable[AssetKey], selected_asset_check_keys: Iterable[CheckKey] | None = None
    ) -> AssetsDefinition:
        """Some of the assets and checks. Raises ArgumentError where they are made only together."""
        return subset(self, frozenset(selected_asset_keys), selected_asset_check_keys)

    def to_source_asset(self, key: KeyLike | None = None) -> AssetSpec:
        """One of the assets as an external one, for a location that only loads it."""
        return external(self, self.key if key is None else asset_key_of(key))

    def to_source_assets(self) -> Sequence[AssetSpec]:
        """The assets as external ones, for a location that only loads them."""
        return [external(self, spec.key) for spec in self.specs]

    @staticmethod
    def from_op(
        op_def: OpDefinition,
        *,
        keys_by_input_name: Mapping[str, AssetKey] | None = None,
        keys_by_output_name: Mapping[str, AssetKey] | None = None,
        key_prefix: str | Sequence[str] | None = None,
        **options: Any,
    ) -> AssetsDefinition:
        """Assets of the outputs of an op, loading an asset for each input. Options as of `from_graph`."""
        return _from_node(op_def, keys_by_input_name, keys_by_output_name, key_prefix, **options)

    @staticmethod
    def from_graph(
        graph_def: Any,
        *,
        keys_by_input_name: Mapping[str, AssetKey] | None = None,
        keys_by_output_name: Mapping[str, AssetKey] | None = None,
        key_prefix: str | Sequence[str] | None = None,
        **options: Any,
    ) -> AssetsDefinition:
        """Assets of the outputs of a graph, loading an asset for each input of the graph.

        Options: `internal_asset_deps` (output -> keys), `partitions_def`, `partition_mappings` (input -> mapping),
        `resource_defs`, `group_name`, `backfill_policy`, `can_subset`, `check_specs`, `hook_defs`, and by output name
        `group_names_by_output_name`, `descriptions_...`, `metadata_...`, `tags_...`, `automation_conditions_...`,
        `owners_...`, `code_versions_by_output_name`.
        """
        return _from_node(graph_def, keys_by_input_name, keys_by_output_name, key_prefix, **options)


def assets_of(backing: Backing, **options: Any) -> AssetsDefinition:
    """The definition of these parts; options as of `AssetsDefinition._fill`."""
    made = object.__new__(AssetsDefinition)
    made._fill(backing.op, backing.specs, backing.check_specs, **options)  # pyright: ignore[reportPrivateUsage]
    return made


def external(definition: AssetsDefinition, key: AssetKey) -> AssetSpec:
    """One of the assets as an external one that its IO manager loads."""
    spec = definition.get_asset_spec(key)
    manager = definition.get_io_manager_key_for_asset_key(key)
    return (spec if manager == "io_manager" else spec.with_io_manager_key(manager)).replace_attributes(deps=())


@noting(AssetsDefinition, named=unnamed)
def _from_node(
    node: Any,
    keys_by_input_name: Mapping[str, AssetKey] | None,
    keys_by_output_name: Mapping[str, AssetKey] | None,
    key_prefix: str | Sequence[str] | None,
    *,
    internal_asset_deps: Mapping[str, Iterable[AssetKey]] | None = None,
    partitions_def: PartitionsDefinition | None = None,
    partition_mappings: Mapping[str, Any] | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    group_name: str | None = None,
    group_names_by_output_name: Mapping[str, str] | None = None,
    descriptions_by_output_name: Mapping[str, str] | None = None,
    metadata_by_output_name: Mapping[str, Mapping[str, Any]] | None = None,
    tags_by_output_name: Mapping[str, Mapping[str, str]] | None = None,
    automation_conditions_by_output_name: Mapping[str, Any] | None = None,
    backfill_policy: BackfillPolicy | None = None,
    can_subset: bool = False,
    check_specs: Sequence[AssetCheckSpec] | None = None,
    owners_by_output_name: Mapping[str, Sequence[str]] | None = None,
    code_versions_by_output_name: Mapping[str, str] | None = None,
    auto_materialize_policies_by_output_name: Mapping[str, Any] | None = None,  # noqa: ARG001 - taken, without effect
    hook_defs: Iterable[Any] | None = None,
) -> AssetsDefinition:
    backing = backing_of(
        node,
        keys_by_input_name,
        keys_by_output_name,
        key_prefix=key_prefix,
        internal_asset_deps=internal_asset_deps,
        partition_mappings=partition_mappings,
        can_subset=can_subset,
        check_specs=check_specs,
        attributes={
            "group_name": group_names_by_output_name or {},
            "description": descriptions_by_output_name or {},
            "metadata": metadata_by_output_name or {},
            "tags": tags_by_output_name or {},
            "automation_condition": automation_conditions_by_output_name or {},
            "owners": owners_by_output_name or {},
            "code_version": code_versions_by_output_name or {},
        },
        common={"partitions_def": partitions_def, "group_name": group_name},
    )
    made = assets_of(backing, backfill_policy=backfill_policy, resource_defs=resource_defs, hook_defs=hook_defs)
    made.node_def = node
    return made
