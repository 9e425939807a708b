"""Values of a run whose steps ran in other processes: loaded through their IO managers when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from rostrum.definitions.contexts.storage import InputContext, OutputContext
from rostrum.definitions.coroutines import settled
from rostrum.definitions.location.live import Resolved
from rostrum.execution.steps.resources import Resources
from rostrum.interfaces.clock import Clock
from rostrum.interfaces.io import IOManager
from rostrum.model.errors import ResourceError
from rostrum.model.events import Event, OutputStored
from rostrum.model.runs import Run
from rostrum.planning.dynamic import base_of
from rostrum.planning.plan import build_plan

Key = tuple[str, str, str | None]
"""(step, output, mapping key)"""


class StoredValues(Mapping[Key, Any]):
    """Values by step, output and mapping key. Loads anew at each access."""

    def __init__(
        self,
        resolved: Resolved,
        run: Run,
        events: Sequence[Event],
        bound: Mapping[str, Any],
        clock: Clock,
        default_io_manager: Callable[[], IOManager],
    ) -> None:
        self._resolved, self._run, self._bound = resolved, run, bound
        self._clock, self._default = clock, default_io_manager
        self._events: dict[Key, OutputStored] = {
            (event.step_key or "", event.output, event.mapping_key): event
            for event in events
            if isinstance(event, OutputStored)
        }
        plan = build_plan(resolved.manifest, replace(run.target, step_selection=()), resolved.graph)
        self._op_of = {base_of(step.key): step.op for step in plan.steps}

    def __iter__(self) -> Iterator[Key]:
        return (key for key in self._events if not self._output(key).nothing)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __getitem__(self, key: Key) -> Any:
        if key not in self._events:
            raise KeyError(key)
        step_key, name, mapping_key = key
        output = self._output(key)
        keys = (self._run.target.partition_key,) if self._run.target.partition_key and output.partitions else None
        made = OutputContext(
            name=name,
            asset_key=output.asset_key,
            run_id=self._run.run_id,
            job_name=self._run.target.job,
            step_key=step_key,
            mapping_key=mapping_key,
            partition_key=self._run.target.partition_key,
            asset_partition_keys=keys,
            asset_partitions=output.partitions,
            definition_metadata=output.metadata,
        )
        context = InputContext(
            name=name,
            upstream_output=made,
            asset_key=output.asset_key,
            run_id=self._run.run_id,
            job_name=self._run.target.job,
            partition_key=self._run.target.partition_key,
            asset_partition_keys=keys,
            asset_partitions=output.partitions,
            annotation=output.annotation,
        )
        resources = Resources(self._bound, self._run, self._clock, self._default)
        if not resources.open([output.io_manager_key], _ignore):
            raise ResourceError(f"the IO manager {output.io_manager_key!r} could not be set up to load {key}")
        try:
            return settled(resources.io_manager(output.io_manager_key).load_input(context))
        finally:
            resources.close()

    def _output(self, key: Key) -> Any:
        return self._resolved.ops[self._op_of[base_of(key[0])]].outputs[key[1]]


def _ignore(event: Event) -> None:
    pass
