"""Asset checks: functions that say whether an asset is as it should be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from rostrum.definitions.assets import AssetIn
from rostrum.definitions.broken import noting
from rostrum.definitions.check_specs import AssetCheckSpec, check_output
from rostrum.definitions.names import asset_key_of, string_tags
from rostrum.definitions.ops import OpDefinition, OpInput
from rostrum.definitions.problems import located
from rostrum.definitions.retries import RetryPolicy
from rostrum.definitions.signatures import MISSING, Signature
from rostrum.definitions.sources import function_source, shown
from rostrum.model.assets import AssetKey
from rostrum.model.errors import DefinitionError


class AssetChecksDefinition:
    """One or more checks and the function that evaluates them. Calling it calls the function."""

    __slots__ = ("op", "specs")

    def __init__(self, op: OpDefinition, specs: Sequence[AssetCheckSpec]) -> None:
        self.op, self.specs = op, specs

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function."""
        return self.op.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<checks {', '.join(str(spec.key) for spec in self.specs)}>"


def asset_check(
    *,
    asset: Any,
    name: str | None = None,
    description: str | None = None,
    blocking: bool = False,
    additional_ins: Mapping[str, AssetIn] | None = None,
    additional_deps: Iterable[Any] | None = None,
    required_resource_keys: Iterable[str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    retry_policy: RetryPolicy | None = None,
    op_tags: Mapping[str, Any] | None = None,
    pool: str | None = None,
) -> Callable[[Callable[..., Any]], AssetChecksDefinition]:
    """Make a check of a function that returns an AssetCheckResult. An argument named like the asset loads its value."""

    @noting(AssetChecksDefinition)
    def decorate(function: Callable[..., Any]) -> AssetChecksDefinition:
        with located(function_source(function)):
            spec = AssetCheckSpec(
                name or function.__name__,
                asset=asset,
                description=description or function.__doc__,
                additional_deps=additional_deps,
                blocking=blocking,
                metadata=metadata,
            )
        op = _check_op(
            spec.output_name, function, [spec], additional_ins, required_resource_keys, retry_policy, op_tags, pool
        )
        return AssetChecksDefinition(op, (spec,))

    return decorate


def multi_asset_check(
    *,
    specs: Sequence[AssetCheckSpec],
    name: str | None = None,
    description: str | None = None,
    can_subset: bool = False,
    ins: Mapping[str, AssetIn] | None = None,
    required_resource_keys: Iterable[str] | None = None,
    retry_policy: RetryPolicy | None = None,
    op_tags: Mapping[str, Any] | None = None,
    pool: str | None = None,
) -> Callable[[Callable[..., Any]], AssetChecksDefinition]:
    """Make several checks of one function that yields an AssetCheckResult for each, with `check_name` and
    `asset_key`.
    """

    @noting(AssetChecksDefinition)
    def decorate(function: Callable[..., Any]) -> AssetChecksDefinition:
        op = _check_op(
            name or function.__name__, function, specs, ins, required_resource_keys, retry_policy, op_tags, pool
        )
        op.can_subset = can_subset
        op.description = description or op.description
        return AssetChecksDefinition(op, tuple(specs))

    return decorate


def _check_op(
    name: str,
    function: Callable[..., Any],
    specs: Sequence[AssetCheckSpec],
    ins: Mapping[str, AssetIn] | None,
    required_resource_keys: Iterable[str] | None,
    retry_policy: RetryPolicy | None,
    op_tags: Mapping[str, Any] | None,
    pool: str | None,
) -> OpDefinition:
    source = function_source(function)
    with located(source):
        signature = Signature(function)
    inputs: dict[str, OpInput] = {}
    loaded: set[AssetKey] = set()
    of_assets = {spec.asset_key.step_key: spec.asset_key for spec in specs} | {
        spec.asset_key.name: spec.asset_key for spec in specs
    }
    for parameter in signature.inputs:
        given = (ins or {}).get(parameter)
        if given is not None:
            key = given.key or AssetKey((*given.key_prefix, parameter))
        elif parameter in of_assets:
            key = of_assets[parameter]
        else:
            raise DefinitionError(
                f"{shown(source)}: check {name}: the argument {parameter!r} is not the asset under check "
                f"({', '.join(sorted(of_assets))}). Rename it, or give additional_ins={{{parameter!r}: AssetIn(...)}}."
            )
        mapping = given.partition_mapping if given is not None else None
        inputs[parameter] = OpInput(
            parameter,
            signature.annotation(parameter),
            signature.defaults.get(parameter, MISSING),
            asset_key=key,
            mapping=mapping.spec if mapping is not None else None,
            input_manager_key=given.input_manager_key if given is not None else None,
        )
        loaded.add(key)
    for key in [spec.asset_key for spec in specs] + [
        asset_key_of(dep) for spec in specs for dep in spec.additional_deps
    ]:
        if key not in loaded:
            loaded.add(key)
            label = f"after_{key.step_key}"
            inputs[label] = OpInput(label, asset_key=key, nothing=True)
    return OpDefinition(
        name,
        function,
        signature,
        inputs,
        {spec.output_name: check_output(spec) for spec in specs},
        kind="check",
        description=function.__doc__,
        required_resource_keys=frozenset(required_resource_keys or ()),
        retry_policy=retry_policy,
        pool=pool,
        tags=string_tags(op_tags),
        source=source,
    )
