"""Asset checks: functions that say whether an asset is as it should be."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from rostrum.definitions.assets.definition import AssetsDefinition
from rostrum.definitions.assets.ports import AssetIn
from rostrum.definitions.assets.specs import AssetDep, DepLike
from rostrum.definitions.broken import noting, noting_call
from rostrum.definitions.checks.specs import AssetCheckSpec, check_output
from rostrum.definitions.events.outputs import AssetCheckResult
from rostrum.definitions.names import AssetLike, string_tags
from rostrum.definitions.ops.ops import OpDefinition, OpInput
from rostrum.definitions.ops.retries import RetryPolicy
from rostrum.definitions.ops.signatures import MISSING, Signature
from rostrum.definitions.partitions.definition import PartitionsDefinition
from rostrum.definitions.problems import located
from rostrum.definitions.sources import function_source
from rostrum.model.assets import AssetKey, CheckKey
from rostrum.model.errors import DefinitionError, InvariantError, NotFound


class AssetChecksDefinition(AssetsDefinition):
    """One or more checks and the function that evaluates them. Calling it calls the function. It makes no asset."""

    __slots__ = ()

    @staticmethod
    def create(
        *,
        keys_by_input_name: Mapping[str, AssetKey],
        node_def: OpDefinition,
        check_specs_by_output_name: Mapping[str, AssetCheckSpec],
        can_subset: bool,
        resource_defs: Mapping[str, Any] | None = None,
    ) -> AssetChecksDefinition:
        """Checks that the outputs of an op give the verdicts of."""
        for name, key in keys_by_input_name.items():
            node_def.inputs[name].asset_key = key
        for spec in check_specs_by_output_name.values():
            node_def.outputs[spec.output_name] = check_output(spec)
        node_def.can_subset = can_subset
        return checks_of(node_def, tuple(check_specs_by_output_name.values()), resource_defs)

    @property
    def check_key(self) -> CheckKey:
        """Key of the check; fails where there are several."""
        if len(self.check_specs) != 1:
            raise InvariantError(f"{self!r} has {len(self.check_specs)} checks: use check_keys.")
        return self.check_specs[0].key

    @property
    def name(self) -> str:
        """Name of the check; fails where there are several."""
        return self.check_key.name

    @property
    def asset_key(self) -> AssetKey:
        """The asset under check; fails where there are several checks."""
        return self.check_key.asset_key

    @property
    def required_resource_keys(self) -> frozenset[str]:
        """Keys of the resources that the function takes."""
        return frozenset(self.op.resource_keys)

    def get_spec_for_check_key(self, asset_check_key: CheckKey) -> AssetCheckSpec:
        """Spec of one of the checks. Raises NotFound."""
        for spec in self.check_specs:
            if spec.key == asset_check_key:
                return spec
        raise NotFound(f"{self!r} has no check {asset_check_key}.")

    def __repr__(self) -> str:
        return f"<checks {', '.join(str(spec.key) for spec in self.check_specs)}>"


CheckReturn = (
    AssetCheckResult
    | Iterable[AssetCheckResult]
    | Awaitable[AssetCheckResult | Iterable[AssetCheckResult]]
    | AsyncIterator[AssetCheckResult]
)
"""What the function of a check returns or yields."""


def checks_of(
    op: OpDefinition, specs: Sequence[AssetCheckSpec], resource_defs: Mapping[str, Any] | None = None
) -> AssetChecksDefinition:
    """The definition of checks that this op evaluates."""
    made = object.__new__(AssetChecksDefinition)
    made._fill(op, (), specs, resource_defs=resource_defs)  # pyright: ignore[reportPrivateUsage]
    return made


@noting_call(AssetChecksDefinition)
def asset_check(
    *,
    asset: AssetLike,
    name: str | None = None,
    description: str | None = None,
    blocking: bool = False,
    additional_ins: Mapping[str, Any] | None = None,
    additional_deps: Iterable[DepLike] | None = None,
    required_resource_keys: Iterable[str] | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    config_schema: Any = None,
    compute_kind: str | None = None,
    op_tags: Mapping[str, Any] | None = None,
    retry_policy: RetryPolicy | None = None,
    metadata: Mapping[str, Any] | None = None,
    automation_condition: Any = None,
    pool: str | None = None,
    partitions_def: PartitionsDefinition | None = None,
    isolation: str | None = None,
    timeout: float | timedelta | None = None,
) -> Callable[[Callable[..., CheckReturn]], AssetChecksDefinition]:
    """Make a check of a function that returns an AssetCheckResult. An argument named like the asset loads its value.

    With `blocking` a failure of severity ERROR fails the run, and what is downstream of the asset is not made.
    `isolation` and `timeout` as of `op`.
    """

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
                automation_condition=automation_condition,
                partitions_def=partitions_def,
            )
        op = _check_op(
            spec.output_name,
            function,
            [spec],
            additional_ins,
            config_schema=config_schema,
            required_resource_keys=frozenset((*(required_resource_keys or ()), *(resource_defs or ()))),
            tags=_tags(op_tags, compute_kind),
            retry_policy=retry_policy,
            pool=pool,
            isolation=isolation,
            timeout=timeout,
        )
        return checks_of(op, (spec,), resource_defs)

    return decorate


@noting_call(AssetChecksDefinition)
def multi_asset_check(
    *,
    name: str | None = None,
    specs: Sequence[AssetCheckSpec],
    description: str | None = None,
    can_subset: bool = False,
    compute_kind: str | None = None,
    op_tags: Mapping[str, Any] | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    required_resource_keys: Iterable[str] | None = None,
    retry_policy: RetryPolicy | None = None,
    config_schema: Any = None,
    ins: Mapping[str, Any] | None = None,
    pool: str | None = None,
    isolation: str | None = None,
    timeout: float | timedelta | None = None,
) -> Callable[[Callable[..., CheckReturn]], AssetChecksDefinition]:
    """Make several checks of one function that yields an AssetCheckResult for each, with `check_name` and
    `asset_key`. With `can_subset` some of them can be evaluated alone. `isolation` and `timeout` as of `op`.
    """

    @noting(AssetChecksDefinition)
    def decorate(function: Callable[..., Any]) -> AssetChecksDefinition:
        op = _check_op(
            name or function.__name__,
            function,
            _once_each(specs),
            ins,
            config_schema=config_schema,
            required_resource_keys=frozenset((*(required_resource_keys or ()), *(resource_defs or ()))),
            tags=_tags(op_tags, compute_kind),
            retry_policy=retry_policy,
            pool=pool,
            isolation=isolation,
            timeout=timeout,
        )
        op.can_subset = can_subset
        op.description = description or op.description
        return checks_of(op, tuple(specs), resource_defs)

    return decorate


def _once_each(specs: Sequence[AssetCheckSpec]) -> Sequence[AssetCheckSpec]:
    keys = [spec.key for spec in specs]
    twice = next((key for key in keys if keys.count(key) > 1), None)
    if twice is not None:
        raise DefinitionError(f"Duplicate asset check key: {twice} is given twice.")
    return specs


def _tags(op_tags: Mapping[str, Any] | None, compute_kind: str | None) -> dict[str, str]:
    tags = string_tags(op_tags)
    return {**tags, "rostrum/compute_kind": compute_kind} if compute_kind else tags


def _check_op(
    name: str,
    function: Callable[..., Any],
    specs: Sequence[AssetCheckSpec],
    ins: Mapping[str, Any] | None,
    *,
    config_schema: Any = None,
    **options: Any,
) -> OpDefinition:
    source = function_source(function)
    with located(source):
        signature = Signature(function)
        inputs = _inputs(name, signature, specs, ins or {})
        op = OpDefinition.made(
            name,
            function,
            signature,
            inputs,
            {spec.output_name: check_output(spec) for spec in specs},
            kind="check",
            description=function.__doc__,
            source=source,
            **options,
        )
        if config_schema is not None:
            op.config_schema = config_schema
    return op


def _inputs(
    name: str, signature: Signature, specs: Sequence[AssetCheckSpec], ins: Mapping[str, Any]
) -> dict[str, OpInput]:
    """Arguments load the asset under check or what `ins` says; the rest of the dependencies only order."""
    of_assets = {spec.asset_key.step_key: spec.asset_key for spec in specs} | {
        spec.asset_key.name: spec.asset_key for spec in specs
    }
    inputs: dict[str, OpInput] = {}
    for parameter in dict.fromkeys((*signature.inputs, *ins)):
        given = AssetIn.from_coercible(ins[parameter]) if parameter in ins else None
        if given is not None:
            key = given.resolve_key(parameter)
        elif parameter in of_assets:
            key = of_assets[parameter]
        else:
            raise DefinitionError(
                f"check {name}: the argument {parameter!r} is not the asset under check "
                f"({', '.join(sorted(of_assets))}). Rename it, or give additional_ins={{{parameter!r}: AssetIn(...)}}."
            )
        if parameter not in signature.inputs:
            inputs[parameter] = OpInput(parameter, asset_key=key, nothing=True)
            continue
        mapping = given.partition_mapping if given is not None else None
        annotation = signature.annotation(parameter)
        inputs[parameter] = OpInput(
            parameter,
            given.type if given is not None and given.type is not MISSING else annotation,
            signature.defaults.get(parameter, MISSING),
            asset_key=key,
            mapping=mapping.spec if mapping is not None else None,
            input_manager_key=given.input_manager_key if given is not None else None,
            metadata=given.metadata if given is not None else None,
        )
    loaded = {item.asset_key for item in inputs.values()}
    deps = [AssetDep.on(spec.asset_key) for spec in specs] + [dep for spec in specs for dep in spec.additional_deps]
    for dep in deps:
        if dep.asset_key not in loaded:
            loaded.add(dep.asset_key)
            label = f"after_{dep.asset_key.step_key}"
            inputs[label] = OpInput(label, asset_key=dep.asset_key, nothing=True)
    return inputs
