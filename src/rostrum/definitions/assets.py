"""Assets: specs, dependencies, and the functions that make them.

Definitions are cheap to make and are validated together in `Definitions(...)`, so that all mistakes are told at
once. Only what
makes the definition itself meaningless (an argument that does not exist, two keys) fails at the decorator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from rostrum.definitions.broken import noting
from rostrum.definitions.check_specs import AssetCheckSpec, check_output
from rostrum.definitions.names import KeyLike, asset_key_of, check_segment, string_tags
from rostrum.definitions.ops import OpDefinition, OpInput, OpOutput, is_nothing
from rostrum.definitions.outputs import inner_type
from rostrum.definitions.partitions import BackfillPolicy, PartitionMappingDefinition, PartitionsDefinition
from rostrum.definitions.retries import RetryPolicy
from rostrum.definitions.signatures import MISSING, Signature
from rostrum.definitions.sources import caller_source, function_source, shown
from rostrum.model.assets import AssetKey
from rostrum.model.errors import DefinitionError
from rostrum.model.manifest import Source

_NO_TAGS: dict[str, str] = {}
_NO_RESOURCES: frozenset[str] = frozenset()


class AssetDep:
    """A dependency on an asset: its key and how partitions map."""

    __slots__ = ("asset_key", "partition_mapping")

    def __init__(self, asset: Any, partition_mapping: PartitionMappingDefinition | None = None) -> None:
        self.asset_key = asset_key_of(asset)
        self.partition_mapping = partition_mapping

    def __repr__(self) -> str:
        return f"AssetDep({self.asset_key})"


class AssetIn:
    """Declares the asset that an argument loads: by `key`, or by the argument's name under `key_prefix`."""

    __slots__ = ("input_manager_key", "key", "key_prefix", "metadata", "partition_mapping", "type")

    def __init__(
        self,
        key: Any = None,
        key_prefix: str | Sequence[str] | None = None,
        metadata: Mapping[str, Any] | None = None,
        input_manager_key: str | None = None,
        partition_mapping: PartitionMappingDefinition | None = None,
        type: Any = MISSING,
    ) -> None:
        if key is not None and key_prefix is not None:
            raise DefinitionError("AssetIn: give key or key_prefix, not both.")
        self.key = asset_key_of(key) if key is not None else None
        self.key_prefix = _prefix(key_prefix)
        self.metadata, self.input_manager_key = metadata or {}, input_manager_key
        self.partition_mapping, self.type = partition_mapping, type


class AssetOut:
    """Declares an output of a multi-asset whose value goes through an IO manager."""

    __slots__ = ("io_manager_key", "is_required", "spec_options", "type")

    def __init__(
        self,
        key_prefix: str | Sequence[str] | None = None,
        key: KeyLike | None = None,
        type: Any = MISSING,
        *,
        is_required: bool = True,
        io_manager_key: str | None = None,
        **spec_options: Any,
    ) -> None:
        self.type, self.is_required, self.io_manager_key = type, is_required, io_manager_key or "io_manager"
        self.spec_options: dict[str, Any] = {"key": key, "key_prefix": key_prefix, **spec_options}

    def spec(self, name: str, deps: Sequence[AssetDep], source: Source | None, common: Mapping[str, Any]) -> AssetSpec:
        """Spec of the asset that the output of this name is."""
        options = dict(self.spec_options)
        key, prefix = options.pop("key"), options.pop("key_prefix")
        full = asset_key_of(key) if key is not None else AssetKey((*_prefix(prefix), name))
        return AssetSpec(full, deps=deps, source=source, **{**common, **options})


class AssetSpec:
    """What an asset is, without what makes it. In `Definitions(assets=[...])` it is an external asset."""

    __slots__ = (
        "code_version",
        "deps",
        "description",
        "group_name",
        "key",
        "kinds",
        "metadata",
        "owners",
        "partitions_def",
        "skippable",
        "source",
        "tags",
    )

    def __init__(
        self,
        key: KeyLike,
        *,
        deps: Iterable[Any] | None = None,
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        skippable: bool = False,
        group_name: str | None = None,
        code_version: str | None = None,
        owners: Sequence[str] | None = None,
        tags: Mapping[str, str] | None = None,
        kinds: Iterable[str] | None = None,
        partitions_def: PartitionsDefinition | None = None,
        source: Source | None = None,
    ) -> None:
        self.key = asset_key_of(key)
        self.deps: Sequence[AssetDep] = asset_deps(deps) if deps else ()
        self.description, self.metadata, self.skippable = description, metadata or {}, skippable
        self.group_name, self.code_version, self.owners = group_name, code_version, tuple(owners or ())
        self.tags = tags if tags is not None else _NO_TAGS
        self.kinds = tuple(sorted(kinds)) if kinds else ()
        self.partitions_def = partitions_def
        self.source = source or caller_source()

    def __repr__(self) -> str:
        return f"AssetSpec({self.key})"

    def replace_attributes(self, **changes: Any) -> AssetSpec:
        """A spec with some attributes replaced."""
        options = {name: getattr(self, name) for name in self.__slots__ if name != "key"}
        key = changes.pop("key", self.key)
        return AssetSpec(key, **{**options, **changes})


def asset_deps(deps: Iterable[Any]) -> list[AssetDep]:
    """Dependencies from keys, specs, assets or AssetDeps; the same key twice counts once."""
    if isinstance(deps, str):
        raise DefinitionError(f"deps takes a list of assets; {deps!r} is one string.")
    found: dict[AssetKey, AssetDep] = {}
    for dep in deps:
        if isinstance(dep, AssetsDefinition) and len(dep.specs) > 1:
            for spec in dep.specs:
                found.setdefault(spec.key, AssetDep(spec.key))
            continue
        each = dep if isinstance(dep, AssetDep) else AssetDep(dep)
        found.setdefault(each.asset_key, each)
    return list(found.values())


class AssetsDefinition:
    """One or more assets and the function that makes them. Calling it calls the function."""

    __slots__ = ("backfill_policy", "check_specs", "op", "specs")

    def __init__(
        self,
        op: OpDefinition,
        specs: Sequence[AssetSpec],
        check_specs: Sequence[AssetCheckSpec] = (),
        backfill_policy: BackfillPolicy | None = None,
    ) -> None:
        self.op, self.specs, self.check_specs = op, specs, check_specs
        self.backfill_policy = backfill_policy

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function."""
        return self.op.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<assets {', '.join(str(spec.key) for spec in self.specs)}>"

    @property
    def key(self) -> AssetKey:
        """Key of the asset; fails where there are several."""
        if len(self.specs) != 1:
            raise DefinitionError(
                f"{self.op.name} makes several assets ({', '.join(str(spec.key) for spec in self.specs)}): choose a "
                "key."
            )
        return self.specs[0].key

    @property
    def keys(self) -> frozenset[AssetKey]:
        """Keys of all assets."""
        return frozenset(spec.key for spec in self.specs)

    @property
    def partitions_def(self) -> PartitionsDefinition | None:
        """Partitions of the assets."""
        return self.specs[0].partitions_def if self.specs else None

    def get_asset_spec(self, key: KeyLike | None = None) -> AssetSpec:
        """The spec of one asset."""
        wanted = self.key if key is None else asset_key_of(key)
        for spec in self.specs:
            if spec.key == wanted:
                return spec
        raise DefinitionError(f"{self.op.name} does not make {wanted}.")

    def with_specs(self, change: Callable[[AssetSpec], AssetSpec]) -> AssetsDefinition:
        """The same function with changed specs. Keys stay; a changed one raises DefinitionError."""
        specs = [change(spec) for spec in self.specs]
        for before, after in zip(self.specs, specs, strict=True):
            if before.key != after.key:
                raise DefinitionError(f"the key {before.key} cannot be changed after the definition.")
        return AssetsDefinition(self.op, specs, self.check_specs, self.backfill_policy)


def asset(
    function: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    key: KeyLike | None = None,
    key_prefix: str | Sequence[str] | None = None,
    ins: Mapping[str, AssetIn] | None = None,
    deps: Iterable[Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    description: str | None = None,
    required_resource_keys: Iterable[str] | None = None,
    io_manager_key: str | None = None,
    partitions_def: PartitionsDefinition | None = None,
    op_tags: Mapping[str, Any] | None = None,
    group_name: str | None = None,
    output_required: bool = True,
    retry_policy: RetryPolicy | None = None,
    code_version: str | None = None,
    check_specs: Sequence[AssetCheckSpec] | None = None,
    owners: Sequence[str] | None = None,
    kinds: Iterable[str] | None = None,
    pool: str | None = None,
    backfill_policy: BackfillPolicy | None = None,
) -> Any:
    """Make an asset of a function. Bare (`@asset`) or called.

    The function's name is the asset's key, its docstring the description; each parameter that is not context,
    config or a resource
    is the upstream asset of that name. `key` takes the place of `name` and `key_prefix`.
    """

    @noting(AssetsDefinition)
    def decorate(function: Callable[..., Any]) -> AssetsDefinition:
        source = function_source(function)
        full = _own_key(function, source, name, key, key_prefix)
        signature = _signature(function, full, source)
        inputs, own_deps = _asset_inputs(full, signature, ins, deps, source)
        returns = signature.annotation("return")
        spec = AssetSpec(
            full,
            deps=own_deps,
            description=description or function.__doc__,
            metadata=metadata,
            skippable=not output_required,
            group_name=group_name,
            code_version=code_version,
            owners=owners,
            tags=tags,
            kinds=kinds,
            partitions_def=partitions_def,
            source=source or caller_source(),
        )
        output = OpOutput(
            "result",
            inner_type(returns, MISSING),
            asset_key=full,
            io_manager_key=io_manager_key or "io_manager",
            required=output_required,
            nothing=returns is not MISSING and is_nothing(returns),
            metadata=metadata,
            code_version=code_version,
            partitions=partitions_def.spec if partitions_def is not None else None,
        )
        outputs = {"result": output}
        checks = _own_checks(check_specs, (full,), source)
        for check in checks:
            outputs[check.output_name] = check_output(check)
        op = OpDefinition(
            full.step_key,
            function,
            signature,
            inputs,
            outputs,
            kind="asset",
            description=spec.description,
            required_resource_keys=frozenset(required_resource_keys) if required_resource_keys else _NO_RESOURCES,
            retry_policy=retry_policy,
            pool=pool,
            tags=string_tags(op_tags),
            code_version=code_version,
            source=source,
        )
        return AssetsDefinition(op, (spec,), checks, backfill_policy)

    return decorate if function is None else decorate(function)


def multi_asset(
    *,
    specs: Sequence[AssetSpec] | None = None,
    outs: Mapping[str, AssetOut] | None = None,
    name: str | None = None,
    ins: Mapping[str, AssetIn] | None = None,
    deps: Iterable[Any] | None = None,
    internal_asset_deps: Mapping[str, set[AssetKey]] | None = None,
    description: str | None = None,
    required_resource_keys: Iterable[str] | None = None,
    partitions_def: PartitionsDefinition | None = None,
    op_tags: Mapping[str, Any] | None = None,
    can_subset: bool = False,
    group_name: str | None = None,
    retry_policy: RetryPolicy | None = None,
    code_version: str | None = None,
    check_specs: Sequence[AssetCheckSpec] | None = None,
    pool: str | None = None,
    backfill_policy: BackfillPolicy | None = None,
) -> Callable[[Callable[..., Any]], AssetsDefinition]:
    """Make several assets of one function: `specs` (no values through IO managers) or `outs` (values, returned or
    yielded).
    """
    if (specs is None) == (outs is None):
        raise DefinitionError("multi_asset: give either specs or outs.")

    @noting(AssetsDefinition)
    def decorate(function: Callable[..., Any]) -> AssetsDefinition:
        source = function_source(function)
        label = AssetKey((name or function.__name__,))
        signature = _signature(function, label, source)
        inputs, own_deps = _asset_inputs(label, signature, ins, deps if specs is None else None, source)
        common = {"partitions_def": partitions_def, "group_name": group_name, "code_version": code_version}
        if specs is not None:
            extra = [*own_deps, *(asset_deps(deps) if deps else ())]
            made = [_shared(spec, extra, partitions_def, group_name, code_version, source) for spec in specs]
            outputs = {spec.key.step_key: _spec_output(spec) for spec in made}
        else:
            made, outputs = _outs(outs or {}, own_deps, internal_asset_deps or {}, source, common)
        checks = _own_checks(check_specs, [spec.key for spec in made], source)
        for check in checks:
            outputs[check.output_name] = check_output(check)
        op = OpDefinition(
            label.step_key,
            function,
            signature,
            inputs,
            outputs,
            kind="asset",
            description=description or function.__doc__,
            required_resource_keys=frozenset(required_resource_keys or ()),
            retry_policy=retry_policy,
            pool=pool,
            tags=string_tags(op_tags),
            code_version=code_version,
            can_subset=can_subset,
            source=source,
        )
        return AssetsDefinition(op, made, checks, backfill_policy)

    return decorate


# --- parts -----------------------------------------------------------------------------------------------------------


def _own_key(function: Any, source: Source | None, name: str | None, key: Any, key_prefix: Any) -> AssetKey:
    if key is not None:
        if name is not None or key_prefix is not None:
            raise DefinitionError(
                f"{shown(source)}: asset {function.__name__}: key takes the place of name and key_prefix; give only "
                "one of them."
            )
        full = asset_key_of(key)
    else:
        full = AssetKey((*_prefix(key_prefix), name or function.__name__))
    try:
        for segment in full.parts:
            check_segment(segment)
    except DefinitionError as error:
        raise DefinitionError(f"{shown(source)}: asset {function.__name__}: {error}") from None
    return full


def _signature(function: Any, key: AssetKey, source: Source | None) -> Signature:
    try:
        return Signature(function)
    except DefinitionError as error:
        raise DefinitionError(f"{shown(source)}: asset {key}: {error}") from None


def _asset_inputs(
    key: AssetKey,
    signature: Signature,
    ins: Mapping[str, AssetIn] | None,
    deps: Iterable[Any] | None,
    source: Source | None,
) -> tuple[dict[str, OpInput], list[AssetDep]]:
    """Inputs and dependencies: one each a parameter, refined by `ins`, and those in `deps`."""
    inputs: dict[str, OpInput] = {}
    found: dict[AssetKey, AssetDep] = {}
    for name in signature.inputs:
        given = ins.get(name) if ins else None
        default = signature.defaults.get(name, MISSING)
        if given is None:
            upstream = AssetKey((name,))
            mapping = None
            inputs[name] = OpInput(name, signature.annotation(name), default, asset_key=upstream)
        else:
            upstream = given.key or AssetKey((*given.key_prefix, name))
            mapping = given.partition_mapping
            inputs[name] = OpInput(
                name,
                given.type if given.type is not MISSING else signature.annotation(name),
                default,
                asset_key=upstream,
                mapping=mapping.spec if mapping is not None else None,
                input_manager_key=given.input_manager_key,
                metadata=given.metadata,
            )
        found[upstream] = AssetDep(upstream, mapping)
    if ins:
        unknown = [name for name in ins if name not in inputs]
        if unknown:
            raise DefinitionError(
                f"{shown(source)}: asset {key}: ins names {unknown[0]!r}, which is not an argument of the function "
                f"({', '.join(signature.inputs) or 'it has none'})."
            )
    if deps:
        for dep in asset_deps(deps):
            if dep.asset_key not in found or dep.partition_mapping is not None:
                found[dep.asset_key] = dep
    return inputs, list(found.values())


def _own_checks(
    checks: Sequence[AssetCheckSpec] | None, keys: Sequence[AssetKey], source: Source | None
) -> Sequence[AssetCheckSpec]:
    if not checks:
        return ()
    for check in checks:
        if check.asset_key not in keys:
            raise DefinitionError(
                f"{shown(source)}: the check {check.name!r} is of {check.asset_key}, which this function does not make."
            )
    return tuple(checks)


def _shared(
    spec: AssetSpec,
    extra: Sequence[AssetDep],
    partitions: PartitionsDefinition | None,
    group: str | None,
    version: str | None,
    source: Source | None,
) -> AssetSpec:
    """A spec with what the decorator says for all of them."""
    if group is not None and spec.group_name is not None:
        raise DefinitionError(f"{shown(source)}: {spec.key} has a group of its own; give the group at one place.")
    changes: dict[str, Any] = {"source": source}
    if extra:
        changes["deps"] = [*spec.deps, *extra]
    if partitions is not None and spec.partitions_def is None:
        changes["partitions_def"] = partitions
    if group is not None:
        changes["group_name"] = group
    if version is not None and spec.code_version is None:
        changes["code_version"] = version
    return spec.replace_attributes(**changes)


def _spec_output(spec: AssetSpec) -> OpOutput:
    return OpOutput(
        spec.key.step_key,
        None,
        asset_key=spec.key,
        required=not spec.skippable,
        nothing=True,
        metadata=spec.metadata,
        code_version=spec.code_version,
        partitions=spec.partitions_def.spec if spec.partitions_def is not None else None,
    )


def _outs(
    outs: Mapping[str, AssetOut],
    deps: Sequence[AssetDep],
    internal: Mapping[str, set[AssetKey]],
    source: Source | None,
    common: Mapping[str, Any],
) -> tuple[list[AssetSpec], dict[str, OpOutput]]:
    unknown = [name for name in internal if name not in outs]
    if unknown:
        raise DefinitionError(
            f"{shown(source)}: internal_asset_deps names {unknown[0]!r}, which is none of the outs ({', '.join(outs)})."
        )
    specs: list[AssetSpec] = []
    outputs: dict[str, OpOutput] = {}
    for name, out in outs.items():
        own = [AssetDep(key) for key in sorted(internal[name])] if name in internal else deps
        spec = out.spec(name, own, source, common)
        specs.append(spec)
        outputs[name] = OpOutput(
            name,
            out.type,
            asset_key=spec.key,
            io_manager_key=out.io_manager_key,
            required=out.is_required,
            nothing=out.type is not MISSING and is_nothing(out.type),
            metadata=spec.metadata,
            code_version=spec.code_version,
            partitions=spec.partitions_def.spec if spec.partitions_def is not None else None,
        )
    return specs, outputs


def _prefix(prefix: str | Sequence[str] | None) -> tuple[str, ...]:
    if prefix is None:
        return ()
    return (prefix,) if isinstance(prefix, str) else tuple(prefix)
