"""From live definitions to the manifest's nodes, one function a kind. No validation here; that is in `compile.py`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any, cast

from msgspec.structs import replace

from rostrum.definitions.assets.definition import AssetsDefinition, AssetSpec
from rostrum.definitions.broken import is_broken
from rostrum.definitions.checks.specs import AssetCheckSpec
from rostrum.definitions.config.annotations import schema_of_op, type_name
from rostrum.definitions.ops.graphs import GraphDefinition
from rostrum.definitions.ops.job_specs import JobSpec
from rostrum.definitions.ops.op_config import has_config
from rostrum.definitions.ops.ops import OpDefinition, OpInput, OpOutput
from rostrum.definitions.ops.signatures import MISSING
from rostrum.definitions.partitions.definition import PartitionsDefinition
from rostrum.definitions.resources.lifecycle import ResourceDefinition, declares
from rostrum.model import manifest as model
from rostrum.model.assets import AssetKey, CheckKey
from rostrum.model.automation import Condition
from rostrum.model.errors import InvocationError
from rostrum.model.manifest import Source
from rostrum.model.metadata import MAX_VALUE_BYTES, JsonMetadata, MetadataValue, TextMetadata, metadata_value
from rostrum.model.texts import storable

_NO_METADATA: dict[str, MetadataValue] = {}
_NO_TAGS: dict[str, str] = {}
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


class NodeWriter:
    """Makes nodes; keeps names of partitions and relative paths that many nodes share."""

    def __init__(self) -> None:
        self.partitions: dict[str, Any] = {}
        """Name -> spec, in the order of first use."""
        self._partition_names: dict[int, tuple[PartitionsDefinition, str]] = {}
        self.conditions: dict[str, Condition] = {}
        """Identity -> automation condition."""
        self._condition_names: dict[int, str] = {}
        self._kept: list[Any] = []  # keeps the objects behind the ids above alive
        self.hooks: dict[str, Any] = {}
        """`HookDefinition` by the name that nodes use."""
        self._here = os.getcwd() + os.sep  # noqa: PTH109 - text is compared
        self._files: dict[str, str] = {}
        self._dependencies: dict[AssetKey, model.AssetDependency] = {}

    def source(self, source: Source | None) -> Source | None:
        """The place, its file relative to the working directory where it is below it."""
        if source is None:
            return None
        file = self._files.get(source.file)
        if file is None:
            file = source.file.removeprefix(self._here)
            self._files[source.file] = file
        return Source(file, source.line)

    def partitions_name(self, definition: PartitionsDefinition | None) -> str | None:
        """Name of a partitions definition in the manifest; equal definitions share one."""
        if definition is None:
            return None
        known = self._partition_names.get(id(definition))
        if known is not None:
            return known[1]
        name = next((name for name, spec in self.partitions.items() if spec == definition.spec), None)
        if name is None:
            name, number = definition.kind, 1
            while name in self.partitions:
                number += 1
                name = f"{definition.kind}_{number}"
            self.partitions[name] = definition.spec
        self._partition_names[id(definition)] = (definition, name)
        return name

    def asset(self, spec: AssetSpec, definition: AssetsDefinition | None, output: OpOutput | None) -> model.AssetNode:
        """Node of an asset; external without a definition."""
        policy = definition.backfill_policy if definition is not None else None
        io_manager = output.io_manager_key if output is not None and not output.observed else spec.io_manager_key
        return model.AssetNode(
            key=spec.key,
            op=definition.op.name if definition is not None else None,
            observes=definition is not None and definition.is_observable,
            deps=tuple([self._dependency(dep) for dep in spec.deps]) if spec.deps else (),
            group=spec.group_name or "default",
            description=cleaned(spec.description),
            kinds=tuple(sorted(spec.kinds)) if spec.kinds else (),
            owners=tuple(spec.owners),
            tags=dict(spec.tags) if spec.tags else _NO_TAGS,
            metadata=shown_metadata(spec.metadata),
            partitions=self.partitions_name(spec.partitions_def),
            code_version=spec.code_version,
            io_manager_key=io_manager,
            max_partitions_per_run=policy.max_partitions_per_run if policy is not None else 1,
            is_virtual=spec.is_virtual,
            automation=self.condition_name(spec.automation_condition),
            freshness=spec.freshness_policy.node if spec.freshness_policy is not None else None,
            source=self.source(spec.source),
        )

    def check(self, spec: AssetCheckSpec, op: OpDefinition, partitions: PartitionsDefinition | None) -> model.CheckNode:
        """Node of a check; it has the partitions of its asset."""
        return model.CheckNode(
            key=spec.key,
            op=op.name,
            blocking=spec.blocking,
            description=cleaned(spec.description),
            metadata=shown_metadata(spec.metadata),
            partitions=self.partitions_name(partitions),
            automation=self.condition_name(getattr(spec, "automation_condition", None)),
            source=self.source(op.source),
        )

    def op(self, op: OpDefinition) -> model.OpNode:
        """Node of an op, or of the function of assets or checks."""
        return model.OpNode(
            name=op.name,
            kind=op.kind,
            graph=op.graph.name if op.graph is not None else None,
            inputs=tuple([_input(item) for item in op.inputs.values()]) if op.inputs else (),
            outputs=tuple([_output(output) for output in op.outputs.values()]),
            description=cleaned(op.description) if op.kind == "op" else None,
            config_schema=schema_of_op(op) if has_config(op) else None,
            resource_keys=tuple(sorted(op.resource_keys)),
            retry_policy=op.retry_policy.node if op.retry_policy is not None else None,
            pool=op.pool,
            isolation=op.isolation,
            timeout_seconds=op.timeout_seconds,
            tags=op.tags,
            can_subset=op.can_subset,
            source=self.source(op.source),
            hooks=self.hook_names(op.hooks) if op.hooks else (),
        )

    def hook_names(self, hooks: Iterable[Any]) -> tuple[str, ...]:
        """Names of hooks in the order of their names; another hook of a known name is given one of its own."""
        found: list[str] = []
        for hook in sorted(hooks, key=lambda each: each.name):
            name, number = hook.name, 1
            while self.hooks.setdefault(name, hook) is not hook:
                number += 1
                name = f"{hook.name}_{number}"
            found.append(name)
        return tuple(found)

    def graph(self, graph: GraphDefinition) -> model.GraphNode:
        """Node of a graph."""
        return model.GraphNode(
            name=graph.name,
            nodes=tuple(
                replace(node, hooks=self.hook_names(graph.node_hooks[name])) if name in graph.node_hooks else node
                for name, node in graph.nodes.items()
            ),
            inputs=tuple(_input(item) for item in graph.inputs.values()),
            outputs=graph.edges,
            description=cleaned(graph.description),
            source=self.source(graph.source),
            config_schema=graph.config.schema if hasattr(graph.config, "resolve") else None,
        )

    def job(
        self,
        job: JobSpec,
        assets: tuple[AssetKey, ...],
        checks: tuple[CheckKey, ...],
        partitions: PartitionsDefinition | str | None,
    ) -> model.JobNode:
        """Node of a job with its resolved selection."""
        return model.JobNode(
            name=job.name,
            graph=job.graph.name if job.graph is not None else None,
            asset_selection=assets,
            check_selection=checks,
            selection=str(job.selection) if job.selection is not None else None,
            description=cleaned(job.description),
            tags=job.tags,
            config=job.config,
            config_by_partition=job.partitioned_config is not None,
            executor=job.executor_def.name if job.executor_def is not None else None,
            partitions=partitions if isinstance(partitions, str) else self.partitions_name(partitions),
            retry_policy=job.op_retry_policy.node if job.op_retry_policy is not None else None,
            source=self.source(job.source),
            hooks=self.hook_names(job.hook_defs) if job.hook_defs else (),
            run_tags=job.given_run_tags,
            metadata=shown_metadata(job.metadata),
            owners=tuple(job.owners),
            op_selection=tuple(job.op_selection),
            config_schema=job.config_mapping.schema if job.config_mapping is not None else None,
            run_retry_policy=job.run_retry_policy.node if job.run_retry_policy is not None else None,
        )

    def condition_name(self, condition: Any) -> str | None:
        """Name of an automation condition in the manifest; equal conditions share one."""
        if condition is None:
            return None
        name = self._condition_names.get(id(condition))
        if name is None:
            node: Condition = condition.node
            name = node.identity
            self.conditions[name] = node
            self._condition_names[id(condition)] = name
            self._kept.append(condition)
        return name

    def resource(self, key: str, value: Any) -> model.ResourceNode:
        """Node of a resource: its fields with secrets masked, or only its type."""
        typed = declares(value, "shown_config")
        schema: Any = value.run_config_schema() if declares(value, "run_config_schema") else None
        if isinstance(value, ResourceDefinition):
            name, source, description = getattr(value.function, "__name__", "resource"), value.source, value.description
        else:
            name, source, description = type(value).__name__, None, type(value).__doc__ if typed else None
        return model.ResourceNode(
            key=key,
            type=name,
            kind="io_manager" if is_io_manager(value) else "resource",
            config_schema=cast("dict[str, Any] | None", schema),
            config=cast("Any", value).shown_config() if typed else {},
            description=cleaned(description),
            source=self.source(source),
        )

    def _dependency(self, dep: Any) -> model.AssetDependency:
        """Plain dependencies on one asset are one object."""
        if dep.partition_mapping is not None:
            return model.AssetDependency(dep.asset_key, dep.partition_mapping.spec)
        found = self._dependencies.get(dep.asset_key)
        if found is None:
            found = self._dependencies[dep.asset_key] = model.AssetDependency(dep.asset_key)
        return found


def is_io_manager(value: Any) -> bool:
    """True for objects (or functions that make them) which store and load values."""
    if is_broken(value):
        return True  # nobody knows
    if isinstance(value, ResourceDefinition):
        return value.kind == "io_manager"
    if declares(value, "create_io_manager"):
        return True
    return callable(getattr(value, "handle_output", None)) and callable(getattr(value, "load_input", None))


def shown_metadata(raw: Mapping[str, Any]) -> dict[str, MetadataValue]:
    """Static metadata as values; what is no metadata value is shown as text."""
    if not raw:
        return _NO_METADATA
    values: dict[str, MetadataValue] = {}
    for key, value in raw.items():
        try:
            values[str(key)] = metadata_value(str(key), value)
        except InvocationError:
            values[str(key)] = (
                JsonMetadata(_listed(cast("Iterable[Any]", value)))
                if isinstance(value, (tuple, set, frozenset))
                else TextMetadata(_text(value))
            )
    return values


def _listed(values: Iterable[Any]) -> list[str]:
    """As text; what has no order gets one, since the manifest of the same code is the same."""
    texts = [_text(each) for each in values]
    return texts if isinstance(values, tuple) else sorted(texts)


def _text(value: Any) -> str:
    """As text, without addresses in memory: they differ from process to process."""
    return storable(_ADDRESS.sub("", str(value)), MAX_VALUE_BYTES)


def _input(item: OpInput) -> model.InputNode:
    return model.InputNode(
        name=item.name,
        type=type_name(item.annotation),
        asset_key=item.asset_key,
        mapping=item.mapping,
        has_default=item.default is not MISSING,
        io_manager_key=item.input_manager_key,
        nothing=item.nothing,
        metadata=shown_metadata(item.metadata),
    )


def _output(output: OpOutput) -> model.OutputNode:
    return model.OutputNode(
        name=output.name,
        type="Nothing" if output.nothing else type_name(output.annotation),
        asset_key=output.asset_key,
        check_key=output.check_key,
        io_manager_key=output.io_manager_key,
        required=output.required,
        dynamic=output.dynamic,
        nothing=output.nothing,
        metadata=shown_metadata(output.metadata) if output.asset_key is None else _NO_METADATA,
    )


def cleaned(text: str | None) -> str | None:
    """Docstring without its indentation."""
    if text is None or "\n" not in text:
        return text.strip() if text else text
    lines = text.expandtabs().splitlines()
    margin = min((len(line) - len(line.lstrip()) for line in lines[1:] if line.strip()), default=0)
    return "\n".join([lines[0].strip(), *(line[margin:].rstrip() for line in lines[1:])]).strip()
