"""What the functions of ops and assets are given while they run: views on a `StepScope`.

Contexts for tests come from the `build_*` functions in `definitions.build_context`. Anything that does not apply raises
InvariantError (PropertyError where it never applies to this kind of context) saying so, never returns None silently.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from msgspec import structs

from rostrum.definitions.contexts.step_scope import CURRENT, StepScope
from rostrum.definitions.events.outputs import AssetMaterialization, AssetObservation
from rostrum.definitions.instance.run_instance import DataProvenance, RunInstance
from rostrum.definitions.ops.ops import OpDefinition
from rostrum.definitions.ops.signatures import MISSING
from rostrum.definitions.partitions.context import RunPartitions
from rostrum.definitions.resources.scoped import EnteredResources, ScopedResources
from rostrum.model.assets import AssetKey, CheckKey
from rostrum.model.errors import ArgumentError, InvariantError, PropertyError, kind_of
from rostrum.model.manifest import JobNode
from rostrum.model.metadata import metadata_values
from rostrum.model.runs import Run, RunStatus

if TYPE_CHECKING:
    import logging

    from rostrum.definitions.assets.definition import AssetsDefinition  # scripts of ops need none
    from rostrum.definitions.checks.specs import AssetCheckSpec


_NOT_YET = (RunStatus.QUEUED, RunStatus.STARTING)
"""What the record of a run said when its steps were prepared."""


class NodeHandle(NamedTuple):
    """Place of a step's node in its job: its name, and the graph's node that it is in."""

    name: str
    parent: NodeHandle | None = None

    @property
    def path(self) -> list[str]:
        """Names from the outermost graph's node to this one."""
        return [*(self.parent.path if self.parent is not None else ()), self.name]

    def to_string(self) -> str:
        """The path, joined by dots."""
        return ".".join(self.path)

    def __str__(self) -> str:
        return self.to_string()

    @staticmethod
    def of(step_key: str) -> NodeHandle:
        """The handle of a step's node."""
        handle: NodeHandle | None = None
        for name in step_key.split("[", 1)[0].split("."):
            handle = NodeHandle(name, handle)
        assert handle is not None
        return handle


class OpExecutionContext(RunPartitions):
    """Context of an op: first parameter, named `context`."""

    def __init__(self, scope: StepScope) -> None:
        self._scope = scope

    def __enter__(self) -> Self:
        if isinstance(self._scope.resources, EnteredResources):
            self._scope.resources.enter()
        return self

    def __exit__(self, *raised: object) -> None:
        if self._scope.stack is not None:
            self._scope.stack.close()

    def bind(self, op: OpDefinition) -> None:
        """Become the context of a direct call of an op's function, where it was built by hand."""
        if self._scope.definitions is None:
            self._scope.bind(op)

    def use_op_config(self, config: Any) -> None:
        """Have this config from now on, in direct calls: what the op's schema makes of the one that was given."""
        self._scope.config = config

    @classmethod
    def get(cls) -> Self:
        """The context of the step that is running now. Raises InvariantError outside of a step."""
        scope = CURRENT.get()
        if scope is None:
            raise InvariantError(f"{cls.__name__}.get(): no step is running here, so there is no context.")
        context = context_for(scope)
        return context if isinstance(context, cls) else cls(scope)

    # --- the run and the step

    @property
    def run(self) -> Run:
        """The run, which is running."""
        run = self._scope.run
        return structs.replace(run, status=RunStatus.RUNNING) if run.status in _NOT_YET else run

    @property
    def dagster_run(self) -> Run:
        """Same as `run`."""
        return self.run

    @property
    def run_id(self) -> str:
        """Id of the run."""
        return self._scope.run.run_id

    @property
    def run_tags(self) -> dict[str, str]:
        """Tags of the run."""
        return dict(self._scope.run.tags)

    def has_tag(self, key: str) -> bool:
        """Whether the run has a tag."""
        return key in self._scope.run.tags

    def get_tag(self, key: str) -> str | None:
        """Value of a tag of the run, None when it has none."""
        return self._scope.run.tags.get(key)

    @property
    def run_config(self) -> dict[str, Any]:
        """Config of the run as given."""
        return self._scope.run.config

    @property
    def job_name(self) -> str:
        """Name of the job."""
        return self._scope.run.target.job

    @property
    def job_def(self) -> JobNode:
        """The job, as data: name, tags, metadata."""
        definitions = self._scope.definitions
        if definitions is None:
            raise PropertyError("context.job_def: this context was built by hand, and belongs to no job.")
        found = (job for job in definitions.manifest.jobs if job.name == self.job_name)
        return next(found, JobNode(name=self.job_name))

    @property
    def location_name(self) -> str:
        """Name of the code location."""
        return self._scope.run.target.location

    @property
    def repository_def(self) -> Any:
        """Never there: definitions are not grouped into repositories."""
        raise PropertyError("context.repository_def: definitions belong to a code location here (location_name).")

    @property
    def step_key(self) -> str:
        """Key of the step."""
        return self._scope.step.key

    @property
    def op(self) -> OpDefinition:
        """Definition of the op."""
        return self._scope.op

    @property
    def op_def(self) -> OpDefinition:
        """Definition of the op."""
        return self._scope.op

    @property
    def op_name(self) -> str:
        """Name of the op."""
        return self._scope.op.name

    @property
    def op_handle(self) -> NodeHandle:
        """Place of the op in its job."""
        return NodeHandle.of(self._scope.step.key)

    @property
    def node_handle(self) -> NodeHandle:
        """Place of the op in its job."""
        return NodeHandle.of(self._scope.step.key)

    @property
    def op_config(self) -> Any:
        """Config of the op: a `Config` object, a plain value, or None."""
        return self._scope.config

    @property
    def retry_number(self) -> int:
        """0 at the first attempt."""
        return self._scope.attempt - 1

    @property
    def resources(self) -> ScopedResources:
        """Resources by attribute."""
        return ScopedResources(self._scope.resources)

    @property
    def log(self) -> logging.Logger:
        """Logger whose lines are kept with the run."""
        return self._scope.log

    @property
    def instance(self) -> RunInstance:
        """What user code may ask of the control plane."""
        if self._scope.instance is None:
            raise PropertyError("context.instance is not available: this context was built without one.")
        return self._scope.instance

    @property
    def pdb(self) -> Any:
        """A debugger: `context.pdb.set_trace()` stops here. Works where the step has a terminal."""
        from pdb import Pdb

        return Pdb()

    @property
    def step_launcher(self) -> None:
        """None: executors start steps."""
        return None

    @property
    def op_execution_context(self) -> OpExecutionContext:
        """The same step as an op sees it."""
        return self if type(self) is OpExecutionContext else OpExecutionContext(self._scope)

    def get_mapping_key(self) -> str | None:
        """Key of the dynamic item that this step is for, None when it is for none."""
        return self._scope.mapping_key

    def describe_op(self) -> str:
        """The step in words."""
        return f"op {self.op_name!r} (step {self.step_key})"

    # --- assets

    @property
    def has_assets_def(self) -> bool:
        """Whether the step makes assets."""
        return bool(self._scope.step.asset_keys)

    @property
    def assets_def(self) -> AssetsDefinition:
        """Definition of the step's assets."""
        definitions = self._scope.definitions
        found = definitions.assets_def(self._scope.op.name) if definitions is not None else None
        if found is None:
            raise PropertyError(f"context.assets_def: op {self.op_name!r} makes no assets here.")
        return found

    @property
    def asset_key(self) -> AssetKey:
        """Key of the asset; fails where the step makes several or none."""
        keys = self._scope.step.asset_keys
        if len(keys) != 1:
            hint = "use selected_asset_keys" if keys else "it is an op's"
            raise InvariantError(f"context.asset_key: this step makes {len(keys)} assets; {hint}.")
        return keys[0]

    @property
    def selected_asset_keys(self) -> frozenset[AssetKey]:
        """Assets that this step makes in this run."""
        return frozenset(self._scope.step.asset_keys)

    @property
    def selected_asset_check_keys(self) -> frozenset[CheckKey]:
        """Checks that this step evaluates in this run."""
        return frozenset(self._scope.step.check_keys)

    @property
    def selected_output_names(self) -> frozenset[str]:
        """Outputs that this run wants of the step."""
        step = self._scope.step
        return frozenset(
            name
            for name, output in self._scope.op.outputs.items()
            if (output.asset_key is None or output.asset_key in step.asset_keys)
            and (output.check_key is None or output.check_key in step.check_keys)
        )

    @property
    def is_subset(self) -> bool:
        """True when not all assets and checks of the definition were selected."""
        return self.selected_output_names != set(self._scope.op.outputs)

    def asset_key_for_output(self, output_name: str = "result") -> AssetKey:
        """Asset of an output. Raises InvariantError where there is none."""
        output = self._scope.op.outputs.get(output_name)
        if output is None or output.asset_key is None:
            known = ", ".join(self._scope.op.outputs) or "none"
            raise InvariantError(f"output {output_name!r} of {self.op_name} is no asset (outputs: {known}).")
        return output.asset_key

    def output_for_asset_key(self, asset_key: AssetKey) -> str:
        """Name of the output that is an asset. Raises InvariantError where there is none."""
        key = _as_key(asset_key)
        for name, output in self._scope.op.outputs.items():
            if output.asset_key == key:
                return name
        raise InvariantError(f"{self.op_name} does not make asset {key}.")

    def asset_key_for_input(self, input_name: str) -> AssetKey:
        """Asset that an input is loaded from, or that `deps` names (`a__b` for the key `a/b`). Raises InvariantError
        where there is none.
        """
        return self._scope.asset_input(input_name).asset_key

    def load_asset_value(
        self, asset_key: AssetKey | str, *, python_type: Any = MISSING, partition_key: str | None = None
    ) -> Any:
        """Load the stored value of an asset through its IO manager. `python_type`: what the manager should load it as.
        `partition_key`: None for the run's own partition.
        """
        if self._scope.load_asset is None:
            raise PropertyError("load_asset_value: this context was built by hand, there is nothing to load from.")
        return self._scope.load_asset(
            self._scope, _as_key(asset_key), MISSING if python_type is None else python_type, partition_key
        )

    def set_data_version(self, asset_key: AssetKey | str, data_version: Any) -> None:
        """Set the data version that the materialization of an asset will have."""
        self.output_for_asset_key(_as_key(asset_key))
        versions = self._scope.data_versions
        if versions is None:
            versions = self._scope.data_versions = {}
        versions[_as_key(asset_key)] = str(getattr(data_version, "value", data_version))

    def get_asset_provenance(self, asset_key: AssetKey | str) -> DataProvenance | None:
        """What the last materialization of an asset was made of, None when there is none."""
        return self.instance.get_asset_provenance(_as_key(asset_key))

    # --- telling

    def log_event(self, event: AssetMaterialization | AssetObservation) -> None:
        """Record an event now."""
        self._scope.log_event(event)

    def add_output_metadata(
        self, metadata: Mapping[str, Any], output_name: str | None = None, mapping_key: str | None = None
    ) -> None:
        """Add metadata to the event of an output; calls merge, later ones win per key."""
        if not isinstance(metadata, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ArgumentError(f"add_output_metadata: metadata is {kind_of(metadata)}; it is a dict.")
        outputs = self._scope.op.outputs
        if output_name is None:
            named = [name for name, output in outputs.items() if output.check_key is None] or list(outputs)
            if len(named) != 1:
                raise InvariantError(f"add_output_metadata: say which output (output_name=...): {', '.join(outputs)}.")
            output_name = named[0]
        elif output_name not in outputs:
            raise InvariantError(
                f"add_output_metadata: {self.op_name} has no output {output_name!r} (it has {', '.join(outputs)})."
            )
        mapping_key = mapping_key if outputs[output_name].dynamic else None
        self._scope.output_metadata.setdefault((output_name, mapping_key), {}).update(metadata_values(metadata))

    def get_output_metadata(self, output_name: str, mapping_key: str | None = None) -> Mapping[str, Any] | None:
        """Metadata added to an output so far, None when there is none."""
        return self._scope.output_metadata.get((output_name, mapping_key))

    def add_asset_metadata(
        self,
        metadata: Mapping[str, Any],
        asset_key: AssetKey | str | Sequence[str] | None = None,
        partition_key: str | None = None,
    ) -> None:
        """Add metadata to the materialization of an asset of this step, of all its partitions or of one."""
        key = self.asset_key if asset_key is None else _as_key(asset_key)
        name = self.output_for_asset_key(key)
        if partition_key is None:
            self.add_output_metadata(metadata, name)
            return
        if partition_key not in self._scope.partition_keys:
            raise InvariantError(f"add_asset_metadata: partition {partition_key!r} is not of this run.")
        by_partition = self._scope.asset_metadata
        if by_partition is None:
            by_partition = self._scope.asset_metadata = {}
        by_partition.setdefault((key, partition_key), {}).update(metadata_values(metadata))

    # --- the stream of events, for libraries that ask

    @property
    def requires_typed_event_stream(self) -> bool:
        """False: results are checked against the declared outputs in any case."""
        return False

    @property
    def typed_event_stream_error_message(self) -> str | None:
        """None."""
        return None

    def set_requires_typed_event_stream(self, *, error_message: str | None = None) -> None:
        """Nothing to do: results are checked against the declared outputs in any case."""

    def has_events(self) -> bool:
        """False: logged events are recorded at once."""
        return False

    def consume_events(self) -> Iterator[Any]:
        """Nothing: logged events are recorded at once."""
        return iter(())

    def get_step_execution_context(self) -> OpExecutionContext:
        """The same step as an op sees it."""
        return self.op_execution_context


class AssetExecutionContext(OpExecutionContext):
    """Context of an asset's function."""

    def get_op_execution_context(self) -> OpExecutionContext:
        """The same step as an op sees it."""
        return self.op_execution_context


class AssetCheckExecutionContext(OpExecutionContext):
    """Context of a check's function."""

    @property
    def check_key(self) -> CheckKey:
        """Key of the check; fails where the step evaluates several."""
        keys = self._scope.step.check_keys
        if len(keys) != 1:
            raise InvariantError(
                f"context.check_key: this step evaluates {len(keys)} checks; use selected_asset_check_keys."
            )
        return keys[0]

    @property
    def asset_key(self) -> AssetKey:
        """The asset under check."""
        return self.check_key.asset_key

    @property
    def check_specs(self) -> Sequence[AssetCheckSpec]:
        """The `AssetCheckSpec` of each check that this step evaluates."""
        definitions = self._scope.definitions
        if definitions is None:
            raise PropertyError("context.check_specs: this context was built by hand, and knows no checks.")
        return [definitions.check_specs[key] for key in self._scope.step.check_keys]


def context_for(scope: StepScope, annotation: Any = None) -> OpExecutionContext:
    """The context that a function wants: by its annotation where it names one of ours, else by the kind of its op."""
    if isinstance(annotation, type) and issubclass(annotation, OpExecutionContext):
        return annotation(scope)
    kinds = {"asset": AssetExecutionContext, "check": AssetCheckExecutionContext}
    return kinds.get(scope.op.kind, OpExecutionContext)(scope)


def _as_key(key: AssetKey | str | Sequence[str]) -> AssetKey:
    if isinstance(key, AssetKey):
        return key
    return AssetKey((key,)) if isinstance(key, str) else AssetKey(tuple(key))
