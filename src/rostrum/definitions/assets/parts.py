"""What the decorators of assets have in common: keys, inputs and dependencies, checks, outputs, the op."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from rostrum.definitions.assets.ports import AssetIn, prefix_parts
from rostrum.definitions.assets.specs import AssetDep, AssetSpec, asset_deps
from rostrum.definitions.checks.specs import AssetCheckSpec, check_output
from rostrum.definitions.names import asset_key_of, check_segment, nearest, string_tags
from rostrum.definitions.ops.ops import OpDefinition, OpInput, OpOutput, is_nothing
from rostrum.definitions.ops.signatures import MISSING, Signature, check_context
from rostrum.definitions.sources import shown
from rostrum.model.assets import AssetKey
from rostrum.model.errors import ArgumentError, DefinitionError
from rostrum.model.manifest import Source

NO_RESOURCES: frozenset[str] = frozenset()


def own_key(function: Any, source: Source | None, name: str | None, key: Any, key_prefix: Any) -> AssetKey:
    """Key of the asset that a function makes. Raises DefinitionError, with the place."""
    if key is not None:
        if name is not None or key_prefix is not None:
            raise DefinitionError(
                f"{shown(source)}: asset {function.__name__}: Cannot specify a name or key prefix together with a key: "
                "key takes the place of name and key_prefix."
            )
        full = asset_key_of(key)
    elif key_prefix is None:
        full = AssetKey((name or function.__name__,))
    else:
        full = AssetKey((*prefix_parts(key_prefix), name or function.__name__))
    try:
        for segment in full.parts:
            check_segment(segment)
    except DefinitionError as error:
        raise DefinitionError(f"{shown(source)}: asset {function.__name__}: {error}") from None
    return full


def asset_signature(function: Any, label: str, source: Source | None) -> Signature:
    """Signature of an asset's function. Raises DefinitionError, with the place."""
    try:
        signature = Signature(function)
        if signature.context is not None:
            check_context(signature, "asset")
    except DefinitionError as error:
        raise DefinitionError(f"{shown(source)}: asset {label}: {error}") from None
    return signature


def asset_inputs(
    label: str,
    signature: Signature,
    ins: Mapping[str, AssetIn] | None,
    deps: Iterable[Any] | None,
    source: Source | None,
) -> tuple[dict[str, OpInput], list[AssetDep]]:
    """Inputs and dependencies: one each a parameter, refined by `ins`; Nothing inputs of `ins`; and those in `deps`."""
    inputs: dict[str, OpInput] = {}
    found: dict[AssetKey, AssetDep] = {}
    for name in signature.inputs:
        given = ins.get(name) if ins else None
        annotation, default = signature.annotation(name), signature.defaults.get(name, MISSING)
        if given is None:
            upstream = AssetKey((name,))
            inputs[name] = OpInput(name, annotation, default, asset_key=upstream)
            found[upstream] = AssetDep.on(upstream)
            continue
        item = inputs[name] = asset_input(name, AssetIn.from_coercible(given), annotation, default)
        assert item.asset_key is not None
        found[item.asset_key] = AssetDep.on(
            item.asset_key, given.partition_mapping if isinstance(given, AssetIn) else None
        )
    for name, given in (ins or {}).items():
        if name in inputs:
            continue
        declared = AssetIn.from_coercible(given)
        if not is_nothing(declared.type) and not signature.has_kwargs:
            raise DefinitionError(
                f"{shown(source)}: asset {label}: ins names {name!r}, which does not correspond to any of the names of "
                f"the arguments ({', '.join(signature.inputs) or 'there are none'}).{nearest(name, signature.inputs)}"
            )
        item = inputs[name] = asset_input(name, declared, MISSING, MISSING)
        assert item.asset_key is not None
        found[item.asset_key] = AssetDep.on(item.asset_key, declared.partition_mapping)
    if deps:
        for dep in asset_deps(deps):
            if dep.asset_key not in found or dep.partition_mapping is not None:
                found[dep.asset_key] = dep
    return inputs, list(found.values())


def asset_input(name: str, given: AssetIn, annotation: Any, default: Any) -> OpInput:
    """The input of an argument that is declared."""
    mapping, kind = given.partition_mapping, given.type if given.type is not MISSING else annotation
    return OpInput(
        name,
        kind,
        default,
        asset_key=given.resolve_key(name),
        mapping=mapping.spec if mapping is not None else None,
        input_manager_key=given.input_manager_key,
        nothing=given.type is not MISSING and is_nothing(given.type),
        metadata=given.metadata,
    )


def own_checks(
    checks: Sequence[AssetCheckSpec] | None, keys: Sequence[AssetKey], source: Source | None
) -> Sequence[AssetCheckSpec]:
    """Checks that the function of these assets evaluates itself. Raises DefinitionError for one of another asset."""
    if not checks:
        return ()
    for check in checks:
        if check.asset_key not in keys:
            raise DefinitionError(
                f"{shown(source)}: the check {check.name!r} is of {check.asset_key}, which this function does not make."
            )
    names = [check.key for check in checks]
    twice = next((key for key in names if names.count(key) > 1), None)
    if twice is not None:
        raise DefinitionError(f"{shown(source)}: the check {twice} is given twice.")
    return tuple(checks)


def spec_output(spec: AssetSpec) -> OpOutput:
    """Output of an asset whose value does not go through an IO manager."""
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


def asset_op(
    name: str,
    function: Callable[..., Any],
    signature: Signature,
    inputs: dict[str, OpInput],
    outputs: dict[str, OpOutput],
    checks: Sequence[AssetCheckSpec],
    source: Source | None,
    *,
    config_schema: Any = None,
    required_resource_keys: Iterable[str] | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    op_tags: Mapping[str, Any] | None = None,
    hooks: Iterable[Any] | None = None,
    **options: Any,
) -> OpDefinition:
    """The op of a function that makes or observes assets. It may use the resources that it brings along."""
    if resource_defs:
        required_resource_keys = (*(required_resource_keys or ()), *resource_defs)
    for check in checks:
        outputs[check.output_name] = check_output(check)
    if config_schema is not None and signature.config is not None:
        raise ArgumentError(
            f"{shown(source)}: asset {name!r} has a `config` parameter and a config_schema: leave out one of them."
        )
    op = OpDefinition.made(
        name,
        function,
        signature,
        inputs,
        outputs,
        kind="asset",
        required_resource_keys=frozenset(required_resource_keys) if required_resource_keys else NO_RESOURCES,
        tags=string_tags(op_tags) if op_tags else None,
        source=source,
        **options,
    )
    if config_schema is not None:
        op.config_schema = config_schema
    if hooks:
        op.hooks = frozenset(hooks)
    return op


def own_resources(
    op_name: str, resource_defs: Mapping[str, Any] | None, io_manager_def: Any, io_manager_key: str | None, source: Any
) -> tuple[Mapping[str, Any] | None, str]:
    """Resources that an asset brings along, and the key of its IO manager."""
    if io_manager_def is None:
        return resource_defs, io_manager_key or "io_manager"
    if io_manager_key is not None:
        raise DefinitionError(
            f"{shown(source)}: asset {op_name}: io_manager_def and io_manager_key cannot be given together."
        )
    key = f"{op_name}__io_manager"
    return {**(resource_defs or {}), key: io_manager_def}, key
