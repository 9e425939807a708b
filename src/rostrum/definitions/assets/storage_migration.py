"""Copying stored values of assets to another IO manager."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from rostrum.definitions.assets.entity_subsets import EntitySubset
from rostrum.definitions.assets.selection import AssetSelection
from rostrum.definitions.assets.spec_definitions import definition_of
from rostrum.definitions.assets.value_loader import AssetValueLoader
from rostrum.definitions.contexts.build import build_output_context, build_resources
from rostrum.definitions.location.definitions import Definitions
from rostrum.definitions.location.live import Resolved
from rostrum.definitions.partitions.definition import PartitionKeyRange, PartitionsDefinition, PartitionsSubset
from rostrum.model.assets import AssetKey
from rostrum.model.errors import ArgumentError

ShouldSkip = Callable[[AssetKey, str | None], bool]


class MigrateIOStorageResult(NamedTuple):
    """What has been copied, what was skipped, and what could not be copied: a subset an asset."""

    migrated: tuple[EntitySubset, ...]
    skipped: tuple[EntitySubset, ...]
    failed: tuple[EntitySubset, ...]


def migrate_io_storage(
    *,
    definitions: Definitions | None = None,
    destination_io_manager: Any,
    instance: Any = None,
    context: Any = None,
    selection: AssetSelection | None = None,
    should_skip: ShouldSkip | None = None,
    batch_partitions: bool = False,
    transform: Callable[[Any], Any] | None = None,
) -> MigrateIOStorageResult:
    """Load what is stored of assets through their own IO managers, and store it through another one.

    Of all assets that can be made (or of `selection`), those that the instance knows to have been made: each partition
    by itself, or with `batch_partitions` each range of neighbours at once. `should_skip` is asked with asset and
    partition; `transform` makes the value to store. What fails does not stop the others. Nothing is recorded, and
    nothing is deleted. In an op, give `context` instead of definitions and instance. Raises ArgumentError where
    neither is given.
    """
    if context is not None:
        resolved: Resolved | None = context._scope.definitions  # noqa: SLF001 - our own
        instance = instance or context.instance
    else:
        resolved = None
    if definitions is not None:
        resolved = definitions.resolved()
    if resolved is None or instance is None:
        raise ArgumentError("migrate_io_storage: give definitions and an instance, or the context of an op.")
    with build_resources({"destination": destination_io_manager}) as opened:
        copying = _Copying(resolved, instance, opened.destination, transform)
        for key in _keys(resolved, selection):
            copying.copy(key, should_skip, batch_partitions)
    return MigrateIOStorageResult(*(tuple(each) for each in (copying.migrated, copying.skipped, copying.failed)))


def _keys(resolved: Resolved, selection: AssetSelection | None) -> Iterator[AssetKey]:
    """Assets whose values an IO manager stores, upstream first."""
    chosen = selection.resolve(resolved.graph) if selection is not None else None
    stored = {
        output.asset_key
        for op in resolved.ops.values()
        for output in op.outputs.values()
        if output.asset_key is not None and not output.nothing
    }
    return (key for key in resolved.graph.ordered() if key in stored and (chosen is None or key in chosen))


class _Copying:
    """Copies asset by asset, and keeps what became of each."""

    def __init__(
        self, resolved: Resolved, instance: Any, destination: Any, transform: Callable[[Any], Any] | None
    ) -> None:
        self._resolved, self._instance = resolved, instance
        self._destination, self._transform = destination, transform
        self._loader = AssetValueLoader(resolved, instance)
        self.migrated: list[EntitySubset] = []
        self.skipped: list[EntitySubset] = []
        self.failed: list[EntitySubset] = []

    def copy(self, key: AssetKey, should_skip: ShouldSkip | None, together: bool) -> None:
        """Copy what is stored of an asset."""
        name = self._resolved.graph.nodes[key].partitions
        partitions = definition_of(self._resolved.manifest.partitions[name]) if name is not None else None
        made: list[str | None] = list(self._made(key, partitions))
        skipped = {part for part in made if should_skip is not None and should_skip(key, part)}
        wanted = [part for part in made if part not in skipped]
        migrated: set[str | None] = set()
        failed: set[str | None] = set()
        for parts in self._batches(wanted, partitions, together):
            (migrated if self._copied(key, parts, partitions) else failed).update(parts)
        for found, subsets in ((migrated, self.migrated), (skipped, self.skipped), (failed, self.failed)):
            if found:
                subsets.append(EntitySubset(key, found))

    def _made(self, key: AssetKey, partitions: PartitionsDefinition | None) -> Iterator[str | None]:
        if partitions is None:
            if self._instance.fetch_materializations(key, limit=1).records:
                yield None
            return
        made = self._instance.get_materialized_partitions(key)
        store = self._instance if hasattr(self._instance, "get_dynamic_partitions") else None
        yield from (
            str(each) for each in partitions.get_partition_keys(dynamic_partitions_store=store) if str(each) in made
        )

    def _batches(
        self, parts: list[str | None], partitions: PartitionsDefinition | None, together: bool
    ) -> Iterator[list[str | None]]:
        if partitions is None or not together:
            yield from ([part] for part in parts)
            return
        subset = PartitionsSubset(partitions, [part for part in parts if part is not None])
        for span in subset.get_partition_key_ranges(partitions):
            yield list(partitions.get_partition_keys_in_range(span))

    def _copied(self, key: AssetKey, parts: list[str | None], partitions: PartitionsDefinition | None) -> bool:
        """Copy one value; False where loading or storing it failed, which the log of the run tells."""
        first, last = parts[0], parts[-1]
        one = first if len(parts) == 1 else None
        span = PartitionKeyRange(first, last) if len(parts) > 1 and first is not None and last is not None else None

        def store(value: Any) -> None:
            context = build_output_context(
                asset_key=key,
                name="result",
                step_key=key.step_key,
                partition_key=one,
                asset_partition_key_range=span,
                asset_partitions_def=partitions,
                definition_metadata=self._metadata(key),
                instance=self._instance,
            )
            self._destination.handle_output(context, value if self._transform is None else self._transform(value))

        return self._loader.use(key, store, one, span, raise_on_error=False).success

    def _metadata(self, key: AssetKey) -> dict[str, Any]:
        for definition in self._resolved.assets_defs:
            for spec in definition.specs:
                if spec.key == key:
                    return dict(spec.metadata)
        return {}
