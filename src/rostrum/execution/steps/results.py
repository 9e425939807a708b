"""From what a user's function returned or yielded to outputs and verdicts, one by one.

The rules (what stores a value, what only tells, what is an error) are those of the table in the documentation of
outputs; each error says what the function did and what to do instead. Nothing here stores or records.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Iterable, Iterator, Sequence
from contextlib import aclosing
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import Any, cast

from rostrum.definitions.assets.data_versions import DataVersion, DataVersionsByPartition
from rostrum.definitions.events.outputs import (
    NO_VALUE,
    AssetCheckResult,
    AssetMaterialization,
    AssetObservation,
    DynamicOutput,
    MaterializeResult,
    ObserveResult,
    Output,
    recorded,
)
from rostrum.definitions.ops.ops import OpDefinition, OpOutput
from rostrum.model.assets import AssetKey, CheckKey
from rostrum.model.errors import InvariantError, OutputNotFound, TypeCheckFailed, kind_of
from rostrum.model.plans import Step

Await = Callable[[Any], Any]
"""Runs an awaitable to its end."""


class Made:
    """A value (or none) of an output."""

    __slots__ = ("data_version", "mapping_key", "metadata", "output", "tags", "value", "versions")

    def __init__(
        self,
        output: OpOutput,
        value: Any = NO_VALUE,
        metadata: dict[str, Any] | None = None,
        data_version: str | None = None,
        tags: dict[str, str] | None = None,
        mapping_key: str | None = None,
    ) -> None:
        self.output, self.value = output, value
        """NO_VALUE: nothing goes through an IO manager."""
        self.metadata = recorded(metadata) if metadata else metadata
        self.data_version, self.tags, self.mapping_key = data_version, tags, mapping_key
        self.versions: DataVersionsByPartition | None = None
        """Data versions that were observed, by partition."""


class Verdict:
    """A check's verdict."""

    __slots__ = ("check_key", "output", "result")

    def __init__(self, check_key: CheckKey, result: AssetCheckResult, output: OpOutput | None) -> None:
        self.check_key, self.result, self.output = check_key, result, output


Item = Made | Verdict | AssetMaterialization | AssetObservation

_RESULTS = (Output, MaterializeResult, AssetCheckResult, DynamicOutput)
_EVENTS = (AssetMaterialization, AssetObservation)
_OBSERVED = (DataVersion, DataVersionsByPartition, ObserveResult)
_TELLING = (*_RESULTS, *_EVENTS, *_OBSERVED, CoroutineType, GeneratorType, AsyncGeneratorType, tuple)
"""What may be more than the value of an output."""
_PLAIN = frozenset({int, str, float, bool, bytes, list, dict, set, type(None)})
"""The commonest kinds that are not: found faster than those above."""


class Shape:
    """What the outputs of an op allow: looked up once an op."""

    __slots__ = ("by_asset", "by_check", "checks", "dynamic", "is_check", "name", "outputs", "sole", "values")

    def __init__(self, op: OpDefinition) -> None:
        self.name, self.is_check = op.name, op.kind == "check"
        self.outputs = op.outputs
        self.values = [output for output in op.outputs.values() if output.check_key is None]
        self.checks = [output for output in op.outputs.values() if output.check_key is not None]
        self.dynamic = tuple(output.name for output in op.outputs.values() if output.dynamic)
        sole = self.values[0] if len(self.values) == 1 and not self.checks and not self.is_check else None
        self.sole = sole if sole is not None and not (sole.dynamic or sole.nothing or sole.observed) else None
        """The one output that a plain value is of, whatever it is."""
        self.by_asset: dict[AssetKey, OpOutput] = {
            output.asset_key: output for output in self.values if output.asset_key is not None
        }
        self.by_check: dict[CheckKey, OpOutput] = {
            output.check_key: output for output in self.checks if output.check_key is not None
        }


def items(shape: Shape, step: Step, returned: Any, run_async: Await) -> Iterable[Item]:
    """What a function produced, in order, completed by outputs that need no value. Runs generators and coroutines as
    it goes.

    Raises InvariantError, and whatever the function's own code raises.
    """
    if shape.sole is not None and (type(returned) in _PLAIN or not isinstance(returned, _TELLING)):
        return (Made(shape.sole, returned),)
    return _items(shape, step, returned, run_async)


async def items_async(shape: Shape, step: Step, returned: Any) -> AsyncGenerator[Item]:
    """The same in the running event loop: coroutines and async generators are awaited there."""
    if isinstance(returned, CoroutineType):
        returned = await _awaited(cast("Coroutine[Any, Any, Any]", returned))
    if not isinstance(returned, AsyncGeneratorType):
        for item in items(shape, step, returned, _refuse):
            yield item
        return
    seen: set[str] = set()
    async with aclosing(cast("AsyncGenerator[Any, Any]", returned)) as source:
        async for each in source:
            for item in _noted(_one(shape, step, each, yielded=True), seen, shape):
                yield item
    for item in _rest(shape, step, seen):
        yield item


def _items(shape: Shape, step: Step, returned: Any, run_async: Await) -> Iterator[Item]:
    if isinstance(returned, CoroutineType):
        returned = run_async(_awaited(cast("Coroutine[Any, Any, Any]", returned)))
    seen: set[str] = set()
    if isinstance(returned, (GeneratorType, AsyncGeneratorType)):
        for each in _yielded(cast("Generator[Any, Any, Any]", returned), run_async):
            yield from _noted(_one(shape, step, each, yielded=True), seen, shape)
    else:
        yield from _noted(_returned(shape, step, returned), seen, shape)
    yield from _rest(shape, step, seen)


async def _awaited(coroutine: Coroutine[Any, Any, Any]) -> Any:
    return await coroutine


def _refuse(awaitable: Any) -> Any:
    raise InvariantError(f"{kind_of(awaitable)} was to be run where an event loop runs: it is awaited there")


def _yielded(source: Generator[Any, Any, Any] | AsyncGenerator[Any, Any], run_async: Await) -> Iterator[Any]:
    if isinstance(source, Generator):
        yield from source
        return
    while (each := run_async(_next(source))) is not NO_VALUE:
        yield each


async def _next(source: AsyncGenerator[Any, Any]) -> Any:
    return await anext(source, NO_VALUE)


def _noted(made: Iterator[Item], seen: set[str], shape: Shape) -> Iterator[Item]:
    """Refuse a second value of one output."""
    for item in made:
        if isinstance(item, (Made, Verdict)) and item.output is not None:
            key = (
                item.output.name
                if isinstance(item, Verdict) or not item.mapping_key
                else f"{item.output.name}[{item.mapping_key}]"
            )
            if key in seen:
                raise InvariantError(f"{shape.name} produced output {key!r} twice: yield each output once.")
            seen.add(key)
            seen.add(item.output.name)
        yield item


def _returned(shape: Shape, step: Step, value: Any) -> Iterator[Item]:
    """Items of a returned value."""
    if isinstance(value, _RESULTS):
        yield from _one(shape, step, value)
        return
    if isinstance(value, _OBSERVED) and shape.values and shape.values[0].observed:
        yield from _observed(shape, step, value)
        return
    if isinstance(value, _EVENTS):
        kind = type(value).__name__
        raise InvariantError(
            f"{shape.name} returned an {kind}: yield it, or log it with context.log_event(...), and return the value."
        )
    kind = type(value).__name__
    several: Sequence[Any] = cast("Sequence[Any]", value) if isinstance(value, (list, tuple)) else ()
    if shape.is_check:
        # A check that returns a bool or nothing gives no verdict: that is allowed, and recorded as no evaluation.
        if several:
            for each in several:
                if isinstance(each, AssetCheckResult):
                    yield from _one(shape, step, each)
        return
    values = shape.values
    if isinstance(value, tuple) and several and all(isinstance(each, _RESULTS) for each in several):
        yield from _tuple_of_results(shape, step, several)
        return
    if len(values) == 1:
        yield from _single(shape, step, values[0], value)
        return
    if value is None and all(output.nothing or not output.required for output in values):
        return  # `_rest` completes them
    if isinstance(value, tuple) and len(several) == len(values):
        for output, each in zip(values, several, strict=True):
            if isinstance(each, _RESULTS):
                yield from _one(shape, step, each, output)
            else:
                yield Made(output, each)
        return
    names = ", ".join(output.name for output in values)
    got = f"a tuple of {len(several)}" if isinstance(value, tuple) else kind_of(cast("object", value))
    raise InvariantError(
        f"{shape.name} has {len(values)} outputs ({names}) and returned {got}: return a tuple in "
        "that order, or yield results."
    )


def _tuple_of_results(shape: Shape, step: Step, value: Sequence[Any]) -> Iterator[Item]:
    plain = sum(isinstance(each, (Output, MaterializeResult)) for each in value)
    in_order = plain == len(shape.values)
    position = 0
    for each in value:
        output = None
        if isinstance(each, (Output, MaterializeResult)):
            output = shape.values[position] if in_order else None
            position += 1
        yield from _one(shape, step, each, output)


def _single(shape: Shape, step: Step, output: OpOutput, value: Any) -> Iterator[Item]:
    if output.dynamic and isinstance(value, list):
        for each in cast("list[Any]", value):
            yield from _one(shape, step, each)
        return
    if output.dynamic:
        if value is None:
            return
        raise InvariantError(
            f"{shape.name} returned {kind_of(value)} for its dynamic output {output.name!r}: return a list of "
            "DynamicOutput, or yield them."
        )
    if output.nothing:
        if value is not None:
            raise TypeCheckFailed(
                f"Type check failed for step output {output.name!r} of step {step.key}: {shape.name} is declared to "
                f"return nothing, and returned {kind_of(value)}. Change the annotation (or Out) or the return."
            )
        yield Made(output)
        return
    yield Made(output, value)


def _one(
    shape: Shape, step: Step, item: Any, output: OpOutput | None = None, *, yielded: bool = False
) -> Iterator[Item]:
    """Items of one result object. `output` is the one that its place in a tuple means."""
    own: Any = item  # checks of its class say nothing about the value in it
    if isinstance(item, MaterializeResult):
        target = _asset_output(shape, own, output)
        yield Made(target, own.value, item.metadata, item.data_version, item.tags)
        for result in item.check_results:
            yield _verdict(shape, step, result, target.asset_key)
    elif isinstance(item, Output):
        target = _named_output(shape, _name_of(own, shape, output), output)
        if target.dynamic:
            raise InvariantError(
                f"{shape.name} gave an Output for its dynamic output {target.name!r}: give DynamicOutput(value, "
                "mapping_key=...) for each item."
            )
        value = NO_VALUE if target.nothing and own.value is None else own.value
        yield Made(target, value, item.metadata, item.data_version, item.tags)
    elif isinstance(item, AssetCheckResult):
        yield _verdict(shape, step, item, None)
    elif isinstance(item, DynamicOutput):
        target = _named_output(shape, _name_of(own, shape, output), output)
        if not target.dynamic:
            raise InvariantError(
                f"{shape.name} gave a DynamicOutput for its output {target.name!r}, which is not dynamic: declare it "
                "with DynamicOut()."
            )
        yield Made(target, own.value, item.metadata, mapping_key=item.mapping_key)
    elif isinstance(item, _EVENTS) or hasattr(item, "engine_message"):
        yield item
    elif isinstance(item, _OBSERVED) and shape.values and shape.values[0].observed:
        yield from _observed(shape, step, item, output)
    elif yielded:
        raise InvariantError(
            f"{shape.name} yielded {kind_of(item)}: yield Output(value), MaterializeResult(...) "
            "or AssetCheckResult(...)."
        )
    else:
        raise InvariantError(f"{shape.name} returned {kind_of(item)} where a result object was expected.")


def _name_of(item: Output | DynamicOutput, shape: Shape, placed: OpOutput | None) -> str | None:
    """Name of the output; None where the user gave none, so that the only output, or its place, is meant."""
    given = item.output_name != "result" or (placed is None and "result" in shape.outputs)
    return item.output_name if given else None


def _observed(shape: Shape, step: Step, item: Any, output: OpOutput | None = None) -> Iterator[Item]:
    """Items of what a function that observes tells."""
    if isinstance(item, ObserveResult):
        target = _asset_output(shape, item, output)
        yield Made(target, NO_VALUE, item.metadata, item.data_version, item.tags)
        for result in item.check_results:
            yield _verdict(shape, step, result, target.asset_key)
        return
    made = Made(output or _named_output(shape, None, None))
    if isinstance(item, DataVersionsByPartition):
        made.versions = item
    else:
        made.data_version = item.value
    yield made


def _asset_output(shape: Shape, item: MaterializeResult | ObserveResult, placed: OpOutput | None) -> OpOutput:
    if item.asset_key is not None:
        found = shape.by_asset.get(item.asset_key)
        if found is None:
            raise InvariantError(
                f"{shape.name} does not make asset {item.asset_key}; it makes {_listed(shape.by_asset)}."
            )
        return found
    if placed is not None:
        return placed
    if len(shape.by_asset) == 1:
        return next(iter(shape.by_asset.values()))
    raise InvariantError(
        f"{shape.name} has several assets: give {type(item).__name__} an asset_key, one of {_listed(shape.by_asset)}."
    )


def _named_output(shape: Shape, name: str | None, placed: OpOutput | None) -> OpOutput:
    if name is not None:
        found = shape.outputs.get(name)
        if found is None:
            raise InvariantError(f"{shape.name} has no output {name!r}; it has {_listed(shape.outputs)}.")
        return found
    if placed is not None:
        return placed
    if len(shape.values) == 1:
        return shape.values[0]
    if "result" in shape.outputs:
        return shape.outputs["result"]
    raise InvariantError(
        f"{shape.name} has several outputs: give Output an output_name, one of {_listed(shape.outputs)}."
    )


def _verdict(shape: Shape, step: Step, result: AssetCheckResult, asset_key: AssetKey | None) -> Verdict:
    """Find the check that a result is of, by what it names and what this step evaluates."""
    known = list(dict.fromkeys((*shape.by_check, *step.check_keys)))
    wanted_asset = result.asset_key or asset_key
    fitting = [
        key
        for key in known
        if (result.check_name is None or key.name == result.check_name)
        and (wanted_asset is None or key.asset_key == wanted_asset)
    ]
    if len(fitting) == 1:
        return Verdict(fitting[0], result, shape.by_check.get(fitting[0]))
    named = f"check {result.check_name!r}" if result.check_name is not None else "a check that it does not name"
    named += f" of {wanted_asset}" if wanted_asset is not None else ""
    if fitting:
        raise InvariantError(
            f"{shape.name} gave a verdict for {named}, which may be any of {_listed(fitting)}: give "
            "check_name and asset_key."
        )
    raise InvariantError(
        f"unexpected AssetCheckResult: {shape.name} gave a verdict for {named}, which it does not declare; it declares "
        f"{_listed(known)}. Declare it: check_specs=[AssetCheckSpec({result.check_name or '...'!r}, asset=...)]."
    )


def _rest(shape: Shape, step: Step, seen: set[str]) -> Iterator[Item]:
    """Complete outputs that need no value; complain about required ones that are missing."""
    if len(seen) == len(shape.outputs):
        return
    for output in shape.values:
        if output.name in seen or not output.required or output.dynamic or output.observed:
            continue
        if output.asset_key is not None and step.asset_keys and output.asset_key not in step.asset_keys:
            continue  # not selected in this run
        if not output.nothing:
            raise OutputNotFound(
                f"{shape.name} did not return an output for non-optional output {output.name!r}. Yield it, or declare "
                "it optional (output_required=False, is_required=False)."
            )
        yield Made(output)
    if shape.is_check:
        return
    for output in shape.checks:
        if output.name not in seen and output.required and output.check_key in step.check_keys:
            raise InvariantError(
                f"{shape.name} gave no verdict for its check {output.check_key}: yield or return an AssetCheckResult."
            )


def _listed(keys: Any) -> str:
    return ", ".join(str(key) for key in keys) or "none"
