"""Ops: a user's function with named inputs and outputs. The functions of assets and checks are ops too (`kind`).

`OpDefinition` is what the execution looks up by `Step.op` and calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from datetime import timedelta
from typing import Any, get_args, get_origin, overload

from rostrum.definitions.arguments import INS, OUT
from rostrum.definitions.assets.direct_calls import call_directly
from rostrum.definitions.broken import noting, noting_call
from rostrum.definitions.config.annotation_rules import check_annotations
from rostrum.definitions.events.outputs import item_type
from rostrum.definitions.names import asset_key_of, check_name, string_tags
from rostrum.definitions.ops import composition, written_out
from rostrum.definitions.ops.op_config import check_config_parameter, checked_schema, op_config_field
from rostrum.definitions.ops.placement import PLACING_TAGS, checked_isolation, placed_by, timeout_seconds
from rostrum.definitions.ops.retries import RetryPolicy
from rostrum.definitions.ops.signatures import MISSING, Signature, check_context
from rostrum.definitions.problems import located
from rostrum.definitions.records import Record
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


class In(Record):
    """Declares an input of an op. `dagster_type` is the expected type; `default_value` is used when nothing is
    connected.
    """

    __slots__ = (
        "asset_key",
        "asset_partitions",
        "dagster_type",
        "default_value",
        "description",
        "input_manager_key",
        "metadata",
    )

    def __init__(
        self,
        dagster_type: Any = MISSING,
        description: str | None = None,
        default_value: Any = MISSING,
        metadata: Mapping[str, Any] | None = None,
        asset_key: Any = None,
        asset_partitions: Any = None,
        input_manager_key: str | None = None,
    ) -> None:
        self.dagster_type, self.description, self.default_value = dagster_type, description, default_value
        self.metadata, self.input_manager_key = metadata or {}, input_manager_key
        self.asset_key = asset_key_of(asset_key) if asset_key is not None and not callable(asset_key) else asset_key
        self.asset_partitions = asset_partitions

    def __repr__(self) -> str:
        return f"In({self.dagster_type!r})"


class Out(Record):
    """Declares an output of an op."""

    __slots__ = ("code_version", "dagster_type", "description", "io_manager_key", "is_required", "metadata")

    def __init__(
        self,
        dagster_type: Any = MISSING,
        description: str | None = None,
        is_required: bool = True,
        io_manager_key: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        code_version: str | None = None,
    ) -> None:
        self.dagster_type, self.description, self.is_required = dagster_type, description, is_required
        self.io_manager_key = io_manager_key or "io_manager"
        self.metadata, self.code_version = metadata or {}, code_version

    @property
    def is_dynamic(self) -> bool:
        """True for a `DynamicOut`."""
        return False

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.dagster_type!r})"


class DynamicOut(Out):
    """Declares an output of which an op yields any number of items (`DynamicOutput`), each with a mapping key."""

    __slots__ = ()

    @property
    def is_dynamic(self) -> bool:
        """True."""
        return True


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


class ComputeFunction:
    """The function of an op, as tests reach through to it: `some_asset.op.compute_fn.decorated_fn(...)`."""

    __slots__ = ("__wrapped__", "decorated_fn")

    def __init__(self, function: Callable[..., Any]) -> None:
        self.decorated_fn = self.__wrapped__ = function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the function returns."""
        return self.decorated_fn(*args, **kwargs)

    @property
    def name(self) -> str:
        """Its name."""
        return self.decorated_fn.__name__


class OpDefinition:
    """A function with inputs and outputs. Calling it in a graph's body adds it to the graph; elsewhere it calls the
    function.
    """

    __slots__ = (
        "_config_schema",
        "can_subset",
        "code_version",
        "description",
        "function",
        "graph",
        "hooks",
        "inputs",
        "isolation",
        "kind",
        "name",
        "outputs",
        "pool",
        "preset",
        "required_resource_keys",
        "retry_policy",
        "signature",
        "source",
        "tags",
        "timeout_seconds",
    )

    def __init__(
        self,
        compute_fn: Callable[..., Any],
        name: str,
        ins: Mapping[str, In] | None = None,
        outs: Mapping[str, Out] | None = None,
        description: str | None = None,
        config_schema: Any = None,
        required_resource_keys: Iterable[str] | None = None,
        tags: Mapping[str, Any] | None = None,
        version: str | None = None,
        retry_policy: RetryPolicy | None = None,
        code_version: str | None = None,
        pool: str | None = None,
        isolation: str | None = None,
        timeout: float | timedelta | None = None,
    ) -> None:
        source = function_source(compute_fn)
        with located(source):
            own_name = check_name(name, "op")
            signature = Signature(compute_fn)
            if written_out.takes_inputs_as_one(signature, ins or {}):
                compute_fn = written_out.by_name(compute_fn)
                signature = Signature(compute_fn)
            inputs = op_inputs(f"op {own_name}", signature, ins or {})
            outputs = op_outputs(signature, outs)
        self.fill(
            own_name,
            compute_fn,
            signature,
            inputs,
            outputs,
            description=description or compute_fn.__doc__,
            required_resource_keys=frozenset(required_resource_keys or ()),
            retry_policy=retry_policy,
            pool=pool,
            tags=string_tags(tags),
            code_version=code_version or version,
            source=source,
            isolation=isolation,
            timeout=timeout,
        )
        self.config_schema = checked_schema(f"op {own_name!r}", signature, config_schema)

    @classmethod
    def made(cls, *parts: Any, **options: Any) -> OpDefinition:
        """A definition of its parts: name, function, signature, inputs and outputs, with the options of `fill`."""
        op = cls.__new__(cls)
        op.fill(*parts, **options)
        return op

    def fill(
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
        isolation: str | None = None,
        timeout: float | timedelta | None = None,
    ) -> None:
        """Take over parts that have been checked; where steps run and how long is checked here."""
        self.name, self.function, self.signature = name, function, signature
        self.inputs, self.outputs, self.kind = inputs, outputs, kind
        """Inputs by parameter name (Nothing inputs are no parameters), outputs by name in declared order."""
        self.description, self.required_resource_keys = description, required_resource_keys
        """Resources asked for by key only; those bound to parameters are in `signature.resources`."""
        self.retry_policy, self.pool, self.tags = retry_policy, pool, tags or {}
        self.code_version, self.can_subset, self.source = code_version, can_subset, source
        self.isolation, self.timeout_seconds = isolation, None
        if isolation is not None or timeout is not None or (tags and not PLACING_TAGS.isdisjoint(tags)):
            self._place(timeout)
        self._config_schema: Any = None
        check_config_parameter(f"{kind} {name!r}", signature)
        keys = check_annotations(f"{kind} {name!r}", function, inputs.values(), outputs.values())
        if keys:
            self.required_resource_keys = required_resource_keys | keys
        self.graph: Any = None
        """`GraphDefinition` whose steps stand for this one: then `function` is never called."""
        self.hooks: frozenset[Any] = frozenset()
        self.preset: Preset | None = None
        """Config that it brings along, where `configured` made it."""

    def _place(self, timeout: Any) -> None:
        """Where steps run and how long an attempt may take, as arguments or else tags say."""
        label = f"{self.kind} {self.name!r}"
        with located(self.source):
            by_tag = placed_by(label, self.tags)
            self.isolation = checked_isolation(label, self.isolation) or by_tag[0]
            self.timeout_seconds: float | None = timeout_seconds(label, timeout) or by_tag[1]

    def __repr__(self) -> str:
        return f"<{self.kind} {self.name}>"

    @property
    def config_schema(self) -> Any:
        """A `Field`, where the user gave a schema in the schema style instead of a `config` parameter."""
        return self._config_schema

    @config_schema.setter
    def config_schema(self, schema: Any) -> None:
        self._config_schema = checked_schema(f"{self.kind} {self.name!r}", self.signature, schema)

    @property
    def config_field(self) -> Any:
        """The `Field` that describes the config, None for an op that declares none."""
        return op_config_field(self)

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
            return graph.add(composition.PendingNodeInvocation(self), args, kwargs)
        return call_directly(f"{self.kind} {self.name!r}", self, args, kwargs)

    def alias(self, name: str) -> composition.PendingNodeInvocation:
        """This op under another name in a graph."""
        return composition.PendingNodeInvocation(self, name)

    def tag(self, tags: Mapping[str, Any] | None) -> composition.PendingNodeInvocation:
        """This op with more tags in a graph."""
        return composition.PendingNodeInvocation(self, tags=string_tags(tags))

    def with_hooks(self, hook_defs: Iterable[Any]) -> composition.PendingNodeInvocation:
        """This op with hooks in a graph."""
        return composition.PendingNodeInvocation(self, hook_defs=hook_defs)

    def with_retry_policy(self, retry_policy: RetryPolicy) -> composition.PendingNodeInvocation:
        """This op with a retry policy of its own in a graph."""
        return composition.PendingNodeInvocation(self, retry_policy=retry_policy)

    def configured(
        self,
        config_or_config_fn: Any,
        name: str | None = None,
        config_schema: Any = None,
        description: str | None = None,
    ) -> OpDefinition:
        """The same op under another name, with this config: fixed, or what the function makes of its own config."""
        if name is None:
            raise DefinitionError(f"op {self.name}: configured() needs a name for the op that it makes.")
        made = copy(self)
        made.name, made.description = check_name(name, "op"), description or self.description
        made.preset = Preset(config_or_config_fn, config_schema, self.preset)
        made.preset.base = self.preset.base if self.preset is not None else self.config_schema
        # What is given is for the function, whatever the op's own config is; without a schema it may be anything.
        schema = config_schema if callable(config_or_config_fn) else None
        made._config_schema = checked_schema(f"op {name!r}", Signature(_no_config), schema)  # noqa: SLF001 - our own
        return made

    # --- what it is made of

    @property
    def compute_fn(self) -> ComputeFunction:
        """The function; its `decorated_fn` is the very object that was decorated."""
        return ComputeFunction(self.function)

    @property
    def ins(self) -> dict[str, In]:
        """Inputs as they are declared."""
        return {
            name: In(each.annotation, each.description, each.default, each.metadata, each.asset_key, None,
                     each.input_manager_key)
            for name, each in self.inputs.items()
        }  # fmt: skip

    @property
    def outs(self) -> dict[str, Out]:
        """Outputs as they are declared."""
        return {
            name: (DynamicOut if each.dynamic else Out)(
                each.annotation, each.description, each.required, each.io_manager_key, each.metadata, each.code_version
            )
            for name, each in self.outputs.items()
        }

    @property
    def version(self) -> str | None:
        """The version of the code."""
        return self.code_version

    @property
    def positional_inputs(self) -> Sequence[str]:
        """Names of inputs in the order in which a graph's body may give them."""
        return list(self.inputs)

    def has_input(self, name: str) -> bool:
        """Say whether there is such an input."""
        return name in self.inputs

    def has_output(self, name: str) -> bool:
        """Say whether there is such an output."""
        return name in self.outputs


def _no_config() -> None:
    """Has no `config` parameter."""


class Preset:
    """Config that a definition brings along: fixed, or made by a function of the config that is given."""

    __slots__ = ("base", "config_schema", "inner", "made")

    def __init__(self, made: Any, config_schema: Any = None, inner: Preset | None = None) -> None:
        self.made, self.config_schema, self.inner = made, config_schema, inner
        self.base: Any = None
        """Schema of the definition at the bottom."""

    def resolve(self, given: Any) -> Any:
        """The config for the definition that this one was made of."""
        config = self.made(given) if callable(self.made) else self.made
        return self.inner.resolve(config) if self.inner is not None else config


@overload
def op(compute_fn: Callable[..., Any]) -> OpDefinition: ...
@overload
def op(
    *,
    name: str | None = None,
    description: str | None = None,
    ins: Mapping[str, In] | None = None,
    out: Out | Mapping[str, Out] | None = None,
    config_schema: Any = None,
    required_resource_keys: Iterable[str] | None = None,
    tags: Mapping[str, Any] | None = None,
    version: str | None = None,
    retry_policy: RetryPolicy | None = None,
    code_version: str | None = None,
    pool: str | None = None,
    isolation: str | None = None,
    timeout: float | timedelta | None = None,
) -> Callable[[Callable[..., Any]], OpDefinition]: ...
@noting_call(OpDefinition, ins=INS, out=OUT)
def op(
    compute_fn: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    ins: Mapping[str, In] | None = None,
    out: Out | Mapping[str, Out] | None = None,
    config_schema: Any = None,
    required_resource_keys: Iterable[str] | None = None,
    tags: Mapping[str, Any] | None = None,
    version: str | None = None,
    retry_policy: RetryPolicy | None = None,
    code_version: str | None = None,
    pool: str | None = None,
    isolation: str | None = None,
    timeout: float | timedelta | None = None,
) -> Any:
    """Make an op of a function. Bare (`@op`) or called (`@op(...)`).

    `config_schema` is the schema style; a parameter `config: MyConfig` is the typed one. `isolation` says where steps
    run (`in_process`, `thread`, `async`, `process`, `container`, `remote`; None: as the executor says), `timeout` how
    long one attempt may take (seconds or a timedelta).
    """

    @noting(OpDefinition)
    def decorate(compute_fn: Callable[..., Any]) -> OpDefinition:
        source = function_source(compute_fn)
        with located(source):
            own_name = check_name(name or compute_fn.__name__, "op")
            signature = Signature(compute_fn)
            schema = checked_schema(f"op {own_name!r}", signature, config_schema)
            check_context(signature, "op")
            inputs = op_inputs(f"op {own_name}", signature, ins or {})
            outputs = op_outputs(signature, out)
        made = OpDefinition.made(
            own_name,
            compute_fn,
            signature,
            inputs,
            outputs,
            description=description or compute_fn.__doc__,
            required_resource_keys=frozenset(required_resource_keys or ()),
            retry_policy=retry_policy,
            pool=pool,
            tags=string_tags(tags),
            code_version=code_version or version,
            source=source,
            isolation=isolation,
            timeout=timeout,
        )
        made.config_schema = schema
        return made

    return decorate if compute_fn is None else decorate(compute_fn)


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
            given.dagster_type if given.dagster_type is not MISSING else signature.annotation(name),
            given.default_value if given.default_value is not MISSING else default,
            input_manager_key=given.input_manager_key,
            metadata=given.metadata,
            description=given.description,
        )
    for name, given in ins.items():
        if name in inputs:
            continue
        if not is_nothing(given.dagster_type) and not signature.has_kwargs:
            raise DefinitionError(
                f"{label}: ins names {name!r}, which is not a parameter of the function "
                f"({', '.join(signature.inputs) or 'none'}). "
                f"Add the parameter, or use In(Nothing) for ordering only."
            )
        inputs[name] = OpInput(
            name,
            given.dagster_type,
            given.default_value,
            nothing=is_nothing(given.dagster_type),
            input_manager_key=given.input_manager_key,
            metadata=given.metadata,
            description=given.description,
        )
    return inputs


def op_outputs(signature: Signature, out: Out | Mapping[str, Out] | None) -> dict[str, OpOutput]:
    """Outputs of an op: `result` from the return annotation, or those in `out`."""
    returns = signature.annotation("return")
    if out is None:
        return {"result": OpOutput("result", returns, nothing=is_nothing(returns))}
    if isinstance(out, Out):
        annotation = out.dagster_type if out.dagster_type is not MISSING else returns
        return {"result": _op_output("result", out, annotation)}
    if len(out) == 1:
        name, only = next(iter(out.items()))
        annotation = only.dagster_type if only.dagster_type is not MISSING else returns
        return {name: _op_output(check_name(name, "output"), only, annotation)}
    inner = get_args(returns) if get_origin(returns) is tuple else ()
    types = dict(zip(out, inner, strict=True)) if len(inner) == len(out) else {}
    return {
        name: _op_output(
            check_name(name, "output"),
            each,
            each.dagster_type if each.dagster_type is not MISSING else types.get(name, MISSING),
        )
        for name, each in out.items()
    }


def _op_output(name: str, out: Out, annotation: Any) -> OpOutput:
    if out.is_dynamic and out.dagster_type is MISSING:
        annotation = item_type(annotation, MISSING)
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
