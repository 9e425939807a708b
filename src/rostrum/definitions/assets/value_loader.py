"""Loading stored values of assets in scripts and notebooks, outside of any run."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from typing import Any, Self

from rostrum.definitions.assets.backing import Backing
from rostrum.definitions.assets.definition import assets_of
from rostrum.definitions.assets.parts import asset_input
from rostrum.definitions.assets.ports import AssetIn
from rostrum.definitions.assets.spec_definitions import definition_of
from rostrum.definitions.assets.specs import AssetSpec
from rostrum.definitions.automations.run_requests import RANGE_TAGS
from rostrum.definitions.instance.local_run import run_locally
from rostrum.definitions.location.compile import Collected, compile_definitions
from rostrum.definitions.location.live import Resolved
from rostrum.definitions.names import KeyLike, asset_key_of
from rostrum.definitions.ops.ops import OpDefinition, OpOutput
from rostrum.definitions.ops.signatures import MISSING, Signature
from rostrum.definitions.partitions.definition import PartitionKeyRange
from rostrum.definitions.sources import caller_source
from rostrum.model.assets import AssetKey
from rostrum.model.errors import ArgumentError, InvariantError
from rostrum.model.manifest import ASSET_JOB

_READER = AssetKey(("rostrum_value_reader",))
_GROUP, _DEFAULT = "rostrum.io_managers", "rostrum.io_managers.filesystem:FilesystemIOManager"


class AssetValueLoader:
    """Loads stored values through the IO managers of the definitions. A context manager, for symmetry only: resources
    are opened and closed for each value.
    """

    def __init__(self, resolved: Resolved, instance: Any = None) -> None:
        self._resolved, self._instance = resolved, instance

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        """Nothing is held."""

    def load_asset_value(
        self,
        asset_key: KeyLike,
        *,
        python_type: Any = MISSING,
        partition_key: str | None = None,
        partition_key_range: PartitionKeyRange | None = None,
        metadata: Mapping[str, Any] | None = None,
        input_definition_metadata: Mapping[str, Any] | None = None,
        resource_config: Mapping[str, Any] | None = None,
    ) -> Any:
        """The value of an asset, or of one partition of it, or what its IO manager makes of a range of them (most give
        a dict by partition key). `metadata` is what the IO manager sees as the input's;
        `resource_config` is run config for resources, by key. Raises InvariantError for an unknown asset, and what
        the IO manager raises.
        """
        if partition_key is not None and partition_key_range is not None:
            raise ArgumentError("load_asset_value: give partition_key or partition_key_range, not both.")
        given = AssetIn(metadata=metadata or input_definition_metadata, dagster_type=python_type)
        config = {"resources": dict(resource_config)} if resource_config else None
        result = self.use(asset_key, _listed, partition_key, partition_key_range, given, config)
        return result.output_for_node(_READER.step_key)[0]

    def use(
        self,
        asset_key: KeyLike,
        function: Callable[[Any], Any],
        partition_key: str | None = None,
        partition_key_range: PartitionKeyRange | None = None,
        given: AssetIn | None = None,
        run_config: Mapping[str, Any] | None = None,
        raise_on_error: bool = True,
    ) -> Any:
        """Run a function of a stored value; returns the result of the run. Raises InvariantError for an unknown
        asset.
        """
        key = asset_key_of(asset_key)
        node = self._resolved.graph.nodes.get(key)
        if node is None:
            raise InvariantError(f"there is no asset {key} in these definitions.")
        wanted = partition_key is not None or partition_key_range is not None
        spec = self._resolved.manifest.partitions.get(node.partitions) if node.partitions else None
        partitions = definition_of(spec) if spec is not None and wanted else None
        external = AssetSpec(
            key,
            metadata={"rostrum/io_manager_key": node.io_manager_key, **_definition_metadata(self._resolved, key)},
            partitions_def=definition_of(spec) if spec is not None else None,
        )
        item = asset_input("value", given or AssetIn(), MISSING, MISSING)
        item.asset_key = key
        reader = _reader(item, partitions, function)
        resources = dict(self._resolved.resources)
        if "io_manager" not in resources:
            resources["io_manager"] = _default_io_manager(self._instance)
        collected = Collected([external, reader], [], [], [], resources, None, {}, {})
        return run_locally(
            compile_definitions(collected),
            job=ASSET_JOB,
            asset_selection=(_READER,),
            run_config=run_config,
            partition_key=partition_key,
            raise_on_error=raise_on_error,
            tags=dict(zip(RANGE_TAGS, partition_key_range, strict=True)) if partition_key_range is not None else None,
            in_memory=True,
        )


def _definition_metadata(resolved: Resolved, key: AssetKey) -> dict[str, Any]:
    for definition in resolved.assets_defs:
        for spec in definition.specs:
            if spec.key == key:
                return dict(spec.metadata)
    return {}


def _listed(value: Any) -> list[Any]:
    """In a list, so that None is kept, too."""
    return [value]


def _reader(item: Any, partitions: Any, function: Callable[[Any], Any]) -> Any:
    """An asset that is what a function makes of another one's value."""

    def read(value: Any) -> Any:
        return function(value)

    output = OpOutput("result", asset_key=_READER, io_manager_key="rostrum_nowhere")
    op = OpDefinition.made(_READER.step_key, read, Signature(read), {"value": item}, {"result": output}, kind="asset")
    spec = AssetSpec.made(caller_source(), _READER, partitions_def=partitions)
    output.partitions = partitions.spec if partitions is not None else None
    return assets_of(Backing(op, (spec,), ()), resource_defs={"rostrum_nowhere": _Nowhere()})


class _Nowhere:
    """IO manager of the reader: its value is handed on, not stored."""

    def handle_output(self, context: Any, obj: Any) -> None:
        """Nothing is stored."""

    def load_input(self, context: Any) -> Any:
        """Nothing is asked of it."""
        raise InvariantError("nothing is stored here.")


def _default_io_manager(instance: Any) -> Any:
    """Files where runs of this instance put them; without one, where launched runs put them."""
    points = list(entry_points(group=_GROUP, name="filesystem"))
    if points:
        kind = points[0].load()
    else:
        module, _, name = _DEFAULT.partition(":")
        kind = getattr(importlib.import_module(module), name)
    store = getattr(instance, "store", instance)
    return kind(store.values_folder) if store is not None else kind()
