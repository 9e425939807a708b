"""Moving values between steps: inputs loaded and outputs stored through IO managers, with the contexts and events that
go with it.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from types import AsyncGeneratorType, GeneratorType
from typing import Any, cast

from rostrum.definitions.contexts.step_scope import StepScope
from rostrum.definitions.contexts.storage import InputContext, OutputContext
from rostrum.definitions.coroutines import settled
from rostrum.definitions.events.outputs import NO_VALUE
from rostrum.definitions.ops.ops import OpInput
from rostrum.definitions.ops.signatures import MISSING
from rostrum.execution.configs import config_at
from rostrum.execution.notes import RunNotes
from rostrum.execution.steps.events import logged, observations
from rostrum.execution.steps.input_config import input_from_config
from rostrum.execution.steps.io_settings import IOSettings
from rostrum.execution.steps.memory import MISSING as NOT_KEPT
from rostrum.execution.steps.memory import Memory
from rostrum.execution.steps.prepared import InputSlot, OutputSlot, Prepared, Upstream
from rostrum.execution.steps.results import Made
from rostrum.execution.steps.type_checks import checked
from rostrum.execution.user_code import placed
from rostrum.interfaces.clock import Clock
from rostrum.interfaces.io import IOManager
from rostrum.interfaces.runs import ReadDynamicPartitions, RunSession
from rostrum.model.assets import AssetKey
from rostrum.model.errors import ConfigError, InvariantError, InvocationError, kind_of
from rostrum.model.events import (
    AssetMaterialized,
    Event,
    InputLoaded,
    OutputStored,
)
from rostrum.model.metadata import MetadataValue, metadata_values
from rostrum.model.partitions import PartitionsSpec
from rostrum.model.plans import FromConfig, FromDefault, FromStep, StepInput
from rostrum.model.runs import Run
from rostrum.planning.dynamic import origin_name
from rostrum.planning.mappings import upstream_keys
from rostrum.planning.op_steps import node_path

Emit = Callable[[Event], None]


class Values:
    """Loads and stores for all steps of a run in this process."""

    def __init__(
        self, session: RunSession, clock: Clock, notes: RunNotes, io_manager: Callable[[str], IOManager]
    ) -> None:
        self._session, self._clock, self._notes = session, clock, notes
        self._io_manager = io_manager
        self.kept: dict[tuple[str, str, str | None], Any] | None = None
        """(step, output, mapping key) -> value, where somebody in this process wants to see them."""
        self.memory: Memory | None = None
        """Of a process that several steps share; for first attempts, since one before may have changed a value."""
        self.settings: IOSettings | None = None
        """What contexts say of config."""
        self.settled: Callable[[Any], Any] = settled
        """Waits for what an IO manager does asynchronously."""

    def use_session(self, session: RunSession) -> None:
        """Ask another session from now on."""
        self._session = session

    # --- inputs
    # --------------------------------------------------------------------------------------------------------

    def load(self, prepared: Prepared, scope: StepScope, arguments: dict[str, Any], emit: Emit) -> None:
        """Load all inputs of a step into the arguments of its function."""
        for slot in prepared.inputs:
            began = time.perf_counter()
            value = self._fan_in(slot, scope) if slot.fan_in else self._first(slot, scope)
            if value is MISSING:
                raise ConfigError(
                    f"step {scope.step.key}: input {slot.name!r} has no value. Connect it, give the parameter a "
                    "default, "
                    f"or give it in the run config under {'.'.join(_config_paths(slot)) or 'inputs'}."
                )
            if slot.check is not None:
                what = partial("step input {!r} of step {}".format, slot.name, scope.step.key)
                checked(slot.check, what, slot.op_input.annotation, value, scope)
            arguments[slot.name] = value
            upstream = slot.upstreams[0] if slot.upstreams else None
            if upstream is not None:
                emit(
                    InputLoaded(
                        at=self._clock.now(),
                        step_key=scope.step.key,
                        input=slot.name,
                        asset_key=upstream.asset_key,
                        from_step_key=None if upstream.asset_key else upstream.step_key,
                        from_output=upstream.output,
                        manager_key=slot.op_input.input_manager_key or upstream.io_manager_key,
                        seconds=time.perf_counter() - began,
                    )
                )

    def _first(self, slot: InputSlot, scope: StepScope) -> Any:
        for source, upstream in zip(slot.sources, slot.upstreams, strict=True):
            if upstream is not None:
                return self._load(slot, upstream, scope)
            if isinstance(source, FromConfig):
                if _is_for_manager(self.settings, slot, source, scope):
                    continue
                value = input_from_config(
                    config_at(scope.run.config, source.path), slot.op_input.annotation, source.path, scope
                )
                if value is not MISSING:
                    return value
            elif isinstance(source, FromDefault) and slot.op_input.input_manager_key is None:
                return slot.op_input.default
        return MISSING if slot.op_input.input_manager_key is None else self._load_alone(slot, scope)

    def _load_alone(self, slot: InputSlot, scope: StepScope) -> Any:
        """Let the input manager load what nothing upstream makes."""
        key = slot.op_input.input_manager_key or ""
        context = InputContext(
            name=slot.name,
            run_id=scope.run.run_id,
            job_name=scope.run.target.job,
            step_key=scope.step.key,
            partition_key=scope.run.target.partition_key,
            definition_metadata=slot.op_input.metadata,
            annotation=slot.op_input.annotation,
            log=scope.log,
        )
        self._place(context, scope, key)
        where = partial(
            "LoadInputError: input {!r} of step {} could not be loaded by {!r}".format, slot.name, scope.step.key, key
        )
        return placed(where, self._loaded, self._io_manager(key), context)

    def _loaded(self, manager: IOManager, context: InputContext) -> Any:
        return self.settled(manager.load_input(context))

    def _fan_in(self, slot: InputSlot, scope: StepScope) -> list[Any]:
        upstreams = (upstream for upstream in slot.upstreams if upstream is not None)
        return [self._load(slot, upstream, scope) for upstream in upstreams if not self._is_absent(upstream, scope.run)]

    def _is_absent(self, upstream: Upstream, run: Run) -> bool:
        if upstream.asset_key is not None:
            return False
        if upstream.in_plan:
            return (upstream.step_key, upstream.output) not in self._notes.outputs
        # Without a run before this one loading tells what is wrong.
        return bool(run.output_origins) and not run.output_origins.get(_origin_name(upstream))

    def _load(self, slot: InputSlot, upstream: Upstream, scope: StepScope, wanted: Sequence[str] | None = None) -> Any:
        manager_key = slot.op_input.input_manager_key or upstream.io_manager_key
        kept = self.memory.find(upstream, manager_key) if self.memory and scope.attempt == 1 else NOT_KEPT
        if kept is not NOT_KEPT:
            return kept
        manager = self._io_manager(manager_key)
        run, keys = scope.run, wanted
        if upstream.partitions is not None and keys is None:
            keys = self._upstream_keys(slot, upstream.partitions, scope)
        target = run.target
        stored = OutputContext(
            name=upstream.output,
            asset_key=upstream.asset_key,
            run_id=_maker(upstream, slot, scope),
            job_name=target.job,
            step_key=upstream.step_key,
            mapping_key=upstream.mapping_key,
            partition_key=target.partition_key,
            asset_partition_keys=keys,
            asset_partitions=upstream.partitions,
            definition_metadata=upstream.metadata,
            log=scope.log,
        )
        context = InputContext(
            name=slot.name,
            upstream_output=stored,
            asset_key=upstream.asset_key,
            run_id=run.run_id,
            job_name=target.job,
            step_key=scope.step.key,
            partition_key=target.partition_key,
            asset_partition_keys=keys,
            asset_partitions=upstream.partitions,
            definition_metadata=slot.op_input.metadata,
            annotation=slot.op_input.annotation,
            log=scope.log,
        )
        self._place(context, scope, manager_key)
        value = placed(partial(_loading, slot, upstream, scope), self._loaded, manager, context)
        if context.added_metadata:
            for observation in context.get_observations():
                scope.log_event(observation)
        return value

    def load_asset(self, upstream: Upstream, scope: StepScope, annotation: Any, partition_key: str | None) -> Any:
        """Load the stored value of an asset for a step that asks for it by key."""
        item = OpInput(str(upstream.asset_key), annotation=annotation)
        slot = InputSlot(StepInput(item.name, ()), item, (upstream,))
        keys = (partition_key,) if partition_key is not None and upstream.partitions is not None else None
        return self._load(slot, upstream, scope, keys)

    def _place(self, context: InputContext | OutputContext, scope: StepScope, manager_key: str) -> None:
        """What contexts of IO managers say of the step, and of config."""
        context.op_def, context.instance, context.find_spec = scope.op, scope.instance, scope.spec_of
        settings = self.settings
        if settings is not None:
            settings.tell(context, manager_key, scope.step.key)

    def _upstream_keys(self, slot: InputSlot, upstream: PartitionsSpec, scope: StepScope) -> Sequence[str]:
        keys = upstream_keys(
            slot.op_input.mapping,
            scope.partitions if scope.partition_keys else None,
            upstream,
            scope.partition_keys,
            self._clock.now(),
            self._dynamic_keys,
        )
        return keys if keys is not None else ()

    def _dynamic_keys(self, name: str) -> Sequence[str]:
        return self._session.read(ReadDynamicPartitions(name)).keys

    # --- outputs
    # -------------------------------------------------------------------------------------------------------

    def store(self, made: Made, prepared: Prepared, scope: StepScope, emit: Emit) -> None:
        """Store a value and tell: `output_stored`, and a materialisation for each partition of an asset."""
        slot = prepared.outputs[made.output.name]
        output, value, step_key = slot.output, made.value, scope.step.key
        began = time.perf_counter()
        added: Mapping[str, MetadataValue] = {}
        partition_keys = scope.partition_keys if output.partitions is not None else ()
        if value is not NO_VALUE:
            if output.nothing and value is not None:
                raise InvariantError(
                    f"output {output.name!r} of {step_key} is declared to pass no value, and was given "
                    f"{kind_of(value)}."
                )
            if slot.check is not None:
                what = partial("step output {!r} of step {}".format, output.name, step_key)
                checked(slot.check, what, output.annotation, value, scope)
            if self.kept is not None:
                self.kept[step_key, output.name, made.mapping_key] = value
            if not output.nothing:
                added = self._handle(made, output_partition_keys=partition_keys, scope=scope, emit=emit)
                if self.memory is not None:
                    self.memory.keep(step_key, output, made.mapping_key, value)
        metadata = _metadata(made, scope, added)
        is_asset = output.asset_key is not None
        emit(
            OutputStored(
                at=self._clock.now(),
                step_key=step_key,
                output=output.name,
                mapping_key=made.mapping_key,
                asset_key=output.asset_key,
                metadata={} if is_asset else metadata,
                seconds=time.perf_counter() - began,
                manager_key=None if value is NO_VALUE or output.nothing else output.io_manager_key,
            )
        )
        if output.observed:
            for event in observations(made, metadata, scope, self._clock.now()):
                emit(event)
        elif output.asset_key is not None:
            for event in self._materializations(output.asset_key, slot, made, metadata, partition_keys, scope):
                emit(event)

    def _handle(
        self, made: Made, output_partition_keys: Sequence[str], scope: StepScope, emit: Emit
    ) -> Mapping[str, MetadataValue]:
        """Let the IO manager store; returns the metadata that it has added."""
        output, run = made.output, scope.run
        manager = self._io_manager(output.io_manager_key)
        context = OutputContext(
            name=output.name,
            asset_key=output.asset_key,
            run_id=run.run_id,
            job_name=run.target.job,
            step_key=scope.step.key,
            mapping_key=made.mapping_key,
            partition_key=run.target.partition_key,
            asset_partition_keys=output_partition_keys if output.partitions is not None else None,
            asset_partitions=output.partitions,
            definition_metadata=output.metadata,
            output_metadata=made.metadata,
            annotation=output.annotation,
            log=scope.log,
            log_event=scope.log_event,
        )
        self._place(context, scope, output.io_manager_key)
        context.version = output.code_version or scope.op.code_version
        context.data_version = made.data_version
        where = partial(
            "HandleOutputError: output {!r} of step {} could not be stored".format, output.name, scope.step.key
        )
        placed(where, self._call_manager, manager, context, made.value, emit, scope)
        return context.added_metadata

    def _call_manager(
        self, manager: IOManager, context: OutputContext, value: Any, emit: Emit, scope: StepScope
    ) -> None:
        answer: Any = manager.handle_output(context, value)
        if answer is None:
            return
        told = self.settled(answer)
        if isinstance(answer, (GeneratorType, AsyncGeneratorType)):
            for each in cast("Iterable[Any]", told):
                if isinstance(each, Mapping):
                    context.add_output_metadata(cast("Mapping[str, Any]", each))
                else:
                    emit(logged(each, scope.step.key, self._clock.now()))

    def _materializations(
        self,
        key: AssetKey,
        slot: OutputSlot,
        made: Made,
        metadata: dict[str, MetadataValue],
        partition_keys: Sequence[str],
        scope: StepScope,
    ) -> Iterator[Event]:
        versions = self._notes.versions
        inputs = {text: versions[above] for above, text in slot.upstream if above in versions}
        code_version = slot.code_version or scope.run.run_id
        used = self._notes.used_events
        events = {text: used[above] for above, text in slot.upstream if above in used}
        told = scope.data_versions.get(key) if scope.data_versions is not None else None
        version = made.data_version or told or _data_version(code_version, inputs)
        at = self._clock.now()
        by_partition: Any = scope.asset_metadata
        for partition_key in partition_keys or (None,):
            yield AssetMaterialized(
                at=at,
                step_key=scope.step.key,
                asset_key=key,
                partition_key=partition_key,
                metadata=_merged(metadata, by_partition.get((key, partition_key))) if by_partition else metadata,
                tags=made.tags or {},
                data_version=version,
                code_version=code_version,
                input_versions=inputs,
                input_events=events,
                is_user_version=bool(made.data_version or told),
            )
        versions[key] = version


def _metadata(made: Made, scope: StepScope, added: Mapping[str, MetadataValue]) -> dict[str, MetadataValue]:
    """The IO manager's, under what the function returned, under what it added through the context."""
    told = scope.output_metadata.get((made.output.name, made.mapping_key)) if scope.output_metadata else None
    if not added and not told:
        return made.metadata or {}
    metadata = dict(added)
    if made.metadata:
        metadata.update(made.metadata)
    if told:
        metadata.update(metadata_values(told))
    return metadata


def _is_for_manager(settings: IOSettings | None, slot: InputSlot, source: FromConfig, scope: StepScope) -> bool:
    """Whether config of an input is no value but what its input manager is told."""
    key = slot.op_input.input_manager_key
    own = (*node_path(scope.step.key), "inputs", slot.name)
    return key is not None and settings is not None and source.path == own and settings.reads_inputs(key)


def _loading(slot: InputSlot, upstream: Upstream, scope: StepScope) -> str:
    what = upstream.asset_key or f"{upstream.step_key}.{upstream.output}"
    return f"LoadInputError: input {slot.name!r} of step {scope.step.key} could not be loaded from {what}"


def _origin_name(upstream: Upstream) -> str:
    return origin_name(FromStep(upstream.step_key, upstream.output, upstream.mapping_key))


def _maker(upstream: Upstream, slot: InputSlot, scope: StepScope) -> str:
    """Id of the run that has stored a value: this one, or the one before it that executed the step."""
    run = scope.run
    if upstream.in_plan or upstream.asset_key is not None:
        return run.run_id
    origin = run.output_origins.get(_origin_name(upstream))
    if origin is None:
        raise InvocationError(
            f"input {slot.name!r} of step {scope.step.key} is output {upstream.output!r} of step {upstream.step_key}, "
            "which this run does not execute and no run before it has stored. Select that step too."
        )
    return origin


def _merged(metadata: dict[str, MetadataValue], own: dict[str, MetadataValue] | None) -> dict[str, MetadataValue]:
    return {**metadata, **own} if own else metadata


def _data_version(code_version: str, inputs: Mapping[str, str]) -> str:
    digest = hashlib.blake2b(code_version.encode(), digest_size=16)
    for key in sorted(inputs):
        digest.update(f"\n{key}={inputs[key]}".encode())
    return digest.hexdigest()


def _config_paths(slot: InputSlot) -> list[str]:
    return next((list(source.path) for source in slot.sources if isinstance(source, FromConfig)), list[str]())
