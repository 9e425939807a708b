"""Ops: a user's function with named inputs and outputs. The functions of assets and checks are ops too (`kind`).

`OpDefinition` is what the execution looks up by `Step.op` and calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from rostrum.definitions import composition
from rostrum.definitions.broken import noting
from rostrum.definitions.names import check_name, string_tags
from rostrum.definitions.problems import located
from rostrum.definitions.retries import RetryPolicy
from rostrum.definitions.signatures import MISSING, Signature
from rostrum.definitions.sources import function_source
from rostrum.model.assets import AssetKey, CheckKey
from rostrum.model.errors import DefinitionError
from rostrum.model.manifest import Source
from rostrum.model.partitions import PartitionMapping, PartitionsSpec


class Nothing:
    """Type of an input or output that only orders steps: no value is passed."""


def is_nothing(annotation: Any) -> bool:
    """True for `None`, `NoneType` and `Nothing`."""
    return annotation is None or annotation is Nothing or annotation is type(None)


class In:
    """Declares an input of an op. `type` is the expected Python type; `default` is used when nothing is connected."""

    __slots__ = ("default", "description", "input_manager_key", "metadata", "type")

    def __init__(
        self,
        type: Any = MISSING,
        description: str | None = None,
        default: Any = MISSING,
        metadata: Mapping[str, Any] | None = None,
        input_manager_key: str | None = None,
    ) -> None:
        self.type, self.description, self.default = type, description, default
        self.metadata, self.input_manager_key = metadata or {}, input_manager_key


class Out:
    """Declares an output of an op."""

    __slots__ = ("code_version", "description", "io_manager_key", "is_dynamic", "is_required", "metadata", "type")

    def __init__(
        self,
        type: Any = MISSING,
        description: str | None = None,
        is_required: bool = True,
        io_manager_key: str = "io_manager",
        metadata: Mapping[str, Any] | None = None,
        code_version: str | None = None,
    ) -> None:
        self.type, self.description, self.is_required = type, description, is_required
        self.io_manager_key, self.metadata, self.code_version = io_manager_key, metadata or {}, code_version
        self.is_dynamic = False


class DynamicOut(Out):
    """Declares an output of which an op yields any number of items (`DynamicOutput`), each with a mapping key."""

    __slots__ = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_dynamic = True


class OpInput:
    """A live input: what execution needs beyond the manifest. `annotation` and `default` are MISSING where there is
    none.
    """

    __slots__ = (
        "annotation",
        "asset_key",
        "default",
        "description",
        "input_manager_key",
        "mapping",
        "metadata",
        "name",
        "nothing",
    )

    def __init__(
        self,
        name: str,
        annotation: Any = MISSING,
        default: Any = MISSING,
        *,
        asset_key: AssetKey | None = None,
        mapping: PartitionMapping | None = None,
        input_manager_key: str | None = None,
        nothing: bool = False,
        metadata: Mapping[str, Any] | None = None,
        description: str | None = None,
    ) -> None:
        self.name, self.annotation, self.default = name, annotation, default
        self.asset_key, self.mapping, self.input_manager_key = asset_key, mapping, input_manager_key
        self.nothing, self.metadata, self.description = nothing, metadata or {}, description


class OpOutput:
    """A live output. `nothing`: no value goes through an IO manager (a returned None or result without value is
    enough).

    `partitions` is the definition of the asset's partitions; `metadata` is the static metadata as the user wrote it.
    """

    __slots__ = (
        "annotation",
        "asset_key",
        "check_key",
        "code_version",
        "description",
        "dynamic",
        "io_manager_key",
        "metadata",
        "name",
        "nothing",
        "observed",
        "partitions",
        "required",
    )

    def __init__(
        self,
        name: str = "result",
        annotation: Any = MISSING,
        *,
        asset_key: AssetKey | None = None,
        check_key: CheckKey | None = None,
        io_manager_key: str = "io_manager",
        required: bool = True,
        dynamic: bool = False,
        nothing: bool = False,
        metadata: Mapping[str, Any] | None = None,
        description: str | None = None,
        code_version: str | None = None,
        partitions: PartitionsSpec | None = None,
    ) -> None:
        self.name, self.annotation = name, annotation
        self.asset_key, self.check_key, self.io_manager_key = asset_key, check_key, io_manager_key
        self.required, self.dynamic, self.nothing = required, dynamic, nothing
        self.metadata, self.description, self.code_version, self.partitions = (
            metadata or {},
            description,
            code_version,
            partitions,
        )
        self.observed = False
        """The asset is observed, not made: the function tells data versions."""


class OpDefinition:
    """A function with inputs and outputs. Calling it in a graph's body adds it to the graph; elsewhere it calls the
    function.
    """

    __slots__ = (
        "can_subset",
        "code_version",
        "config_schema",
        "description",
        "function",
        "graph",
        "hooks",
        "inputs",
        "kind",
        "name",
        "outputs",
        "pool",
        "required_resource_keys",
        "retry_policy",
        "signature",
        "source",
        "tags",
    )

    def __init__(
        self,
        name: str,
        function: Callable[..., Any],
        signature: Signature,
        inputs: dict[str, OpInput],
        outputs: dict[str, OpOutput],
        *,
        kind: str = "op",
        description: str | None = None,
        required_resource_keys: frozenset[str] = frozenset(),
        retry_policy: RetryPolicy | None = None,
        pool: str | None = None,
        tags: dict[str, str] | None = None,
        code_version: str | None = None,
        can_subset: bool = False,
        source: Source | None = None,
    ) -> None:
        self.name, self.function, self.signature = name, function, signature
        self.inputs, self.outputs, self.kind = inputs, outputs, kind
        """Inputs by parameter name (Nothing inputs are no parameters), outputs by name in declared order."""
        self.description, self.required_resource_keys = description, required_resource_keys
        """Resources asked for by key only; those bound to parameters are in `signature.resources`."""
        self.retry_policy, self.pool, self.tags = retry_policy, pool, tags or {}
        self.code_version, self.can_subset, self.source = code_version, can_subset, source
        self.config_schema: Any = None
        """Schema in the schema style, where the user gave one instead of a `config` parameter."""
        self.graph: Any = None
        """`GraphDefinition` whose steps stand for this one: then `function` is never called."""
        self.hooks: frozenset[Any] = frozenset()

    def __repr__(self) -> str:
        return f"<{self.kind} {self.name}>"

    @property
    def config_type(self) -> Any:
        """Annotation of the `config` parameter, MISSING when there is none."""
        return self.signature.annotation("config") if self.signature.config else MISSING

    @property
    def resource_keys(self) -> frozenset[str]:
        """Keys of all resources that the function itself uses."""
        return (
            self.required_resource_keys | self.signature.resources.keys()
            if self.signature.resources
            else self.required_resource_keys
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Place this op in the graph whose body runs; elsewhere call the function."""
        graph = composition.current()
        if graph is not None:
            return graph.add(composition.Use(self), args, kwargs)
        return self.function(*args, **kwargs)

    def alias(self, name: str) -> composition.Use:
        """This op under another name in a graph."""
        return composition.Use(self, name=check_name(name, "alias"))

    def tag(self, tags: Mapping[str, Any]) -> composition.Use:
        """This op with more tags in a graph."""
        return composition.Use(self, tags=string_tags(tags))

    def with_retry_policy(self, retry_policy: RetryPolicy) -> composition.Use:
        """This op with a retry policy of its own in a graph."""
        return composition.Use(self, retry_policy=retry_policy)


def op(
    function: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    ins: Mapping[str, In] | None = None,
    out: Out | Mapping[str, Out] | None = None,
    required_resource_keys: Iterable[str] | None = None,
    tags: Mapping[str, Any] | None = None,
    retry_policy: RetryPolicy | None = None,
    code_version: str | None = None,
    pool: str | None = None,
) -> Any:
    """Make an op of a function. Bare (`@op`) or called (`@op(...)`)."""

    @noting(OpDefinition)
    def decorate(function: Callable[..., Any]) -> OpDefinition:
        source = function_source(function)
        with located(source):
            own_name = check_name(name or function.__name__, "op")
            signature = Signature(function)
            inputs = op_inputs(f"op {own_name}", signature, ins or {})
            outputs = op_outputs(signature, out)
        return OpDefinition(
            own_name,
            function,
            signature,
            inputs,
            outputs,
            description=description or function.__doc__,
            required_resource_keys=frozenset(required_resource_keys or ()),
            retry_policy=retry_policy,
            pool=pool,
            tags=string_tags(tags),
            code_version=code_version,
            source=source,
        )

    return decorate if function is None else decorate(function)


def op_inputs(label: str, signature: Signature, ins: Mapping[str, In]) -> dict[str, OpInput]:
    """Inputs of an op: one a parameter, refined by `ins`, and the Nothing inputs that are only in `ins`."""
    inputs: dict[str, OpInput] = {}
    for name in signature.inputs:
        given = ins.get(name)
        default = signature.defaults.get(name, MISSING)
        if given is None:
            inputs[name] = OpInput(name, signature.annotation(name), default)
            continue
        inputs[name] = OpInput(
            name,
            given.type if given.type is not MISSING else signature.annotation(name),
            given.default if given.default is not MISSING else default,
            input_manager_key=given.input_manager_key,
            metadata=given.metadata,
            description=given.description,
        )
    for name, given in ins.items():
        if name in inputs:
            continue
        if not is_nothing(given.type) and not signature.has_kwargs:
            raise DefinitionError(
                f"{label}: ins names {name!r}, which is not a parameter of the function "
                f"({', '.join(signature.inputs) or 'none'}). "
                f"Add the parameter, or use In(Nothing) for ordering only."
            )
        inputs[name] = OpInput(
            name, given.type, given.default, nothing=is_nothing(given.type), input_manager_key=given.input_manager_key
        )
    return inputs


def op_outputs(signature: Signature, out: Out | Mapping[str, Out] | None) -> dict[str, OpOutput]:
    """Outputs of an op: `result` from the return annotation, or those in `out`."""
    returns = signature.annotation("return")
    if out is None:
        return {"result": OpOutput("result", returns, nothing=is_nothing(returns))}
    if isinstance(out, Out):
        annotation = out.type if out.type is not MISSING else returns
        return {"result": _op_output("result", out, annotation)}
    if len(out) == 1:
        name, only = next(iter(out.items()))
        return {name: _op_output(check_name(name, "output"), only, only.type if only.type is not MISSING else returns)}
    return {name: _op_output(check_name(name, "output"), each, each.type) for name, each in out.items()}


def _op_output(name: str, out: Out, annotation: Any) -> OpOutput:
    return OpOutput(
        name,
        annotation,
        io_manager_key=out.io_manager_key,
        required=out.is_required,
        dynamic=out.is_dynamic,
        nothing=is_nothing(annotation) and not out.is_dynamic,
        metadata=out.metadata,
        description=out.description,
        code_version=out.code_version,
    )
