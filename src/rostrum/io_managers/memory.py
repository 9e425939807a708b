"""IO manager that keeps values in the memory of the process. For tests and for runs within one process."""

from __future__ import annotations

from typing import Any

from rostrum.definitions.contexts.storage import InputContext, OutputContext
from rostrum.definitions.resources.io import IOManager
from rostrum.model.errors import NotFound


class InMemoryIOManager(IOManager):
    """Keeps the very objects that steps return: no copy is made. Values live as long as this object."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, ...], Any] = {}

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        """Keep the value, under each of its partitions where the asset has any."""
        for key in _keys(context):
            self.values[key] = obj

    def load_input(self, context: InputContext) -> Any:
        """The value; a dict by partition key where several partitions (or none) are asked for."""
        if context.has_asset_key and context.has_asset_partitions:
            partitions = context.asset_partition_keys
            if len(partitions) != 1:
                return {partition: self._get((*context.asset_key.parts, partition)) for partition in partitions}
        key = _keys(context)[0]
        upstream = context.upstream_output
        lost = key not in self.values and not context.has_asset_key
        if lost and upstream is not None and upstream.run_id != context.run_id:
            raise NotFound(
                f"output {upstream.name!r} of step {upstream.step_key} was made by run {upstream.run_id}, and its "
                "memory ended with it: values in memory live in one process. Retry all steps, or use an IO manager "
                "that stores values."
            )
        return self._get(key)

    def _get(self, key: tuple[str, ...]) -> Any:
        try:
            return self.values[key]
        except KeyError:
            raise NotFound(
                f"{'/'.join(key)} has no value in memory: it has not been made in this process. "
                "Select it as well, or use an IO manager that stores values."
            ) from None


def _keys(context: OutputContext | InputContext) -> list[tuple[str, ...]]:
    if not context.has_asset_key:
        return [tuple(context.get_identifier())]
    path = context.asset_key.parts
    return [(*path, key) for key in context.asset_partition_keys] if context.has_asset_partitions else [path]
