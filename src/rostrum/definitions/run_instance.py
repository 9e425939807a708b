"""`context.instance`: what running user code may ask of the control plane, over its `RunSession`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rostrum.definitions.names import KeyLike, asset_key_of
from rostrum.interfaces import runs
from rostrum.interfaces.runs import RunReader
from rostrum.model.assets import AssetKey, AssetState
from rostrum.model.events import AssetMaterialized


class DataProvenance(NamedTuple):
    """What a materialization was made of."""

    code_version: str
    input_data_versions: dict[AssetKey, str]
    input_storage_ids: dict[AssetKey, int | None]
    is_user_provided: bool = False
    """Whether the data version was given by user code."""

    def has_input_asset(self, key: AssetKey) -> bool:
        """Whether an asset was among the inputs."""
        return key in self.input_data_versions

    @property
    def input_logical_versions(self) -> dict[AssetKey, str]:
        """Same as `input_data_versions`."""
        return self.input_data_versions


class RunInstance:
    """Asks and tells through the run's session. Raises Unavailable when the control plane is away."""

    __slots__ = ("_session",)

    def __init__(self, session: RunReader) -> None:
        self._session = session

    def get_asset_state(self, asset_key: KeyLike) -> AssetState | None:
        """What is true now of an asset, None when nothing is known."""
        states = self._session.read(runs.ReadAssets((asset_key_of(asset_key),))).assets
        return states[0] if states else None

    def get_latest_materialization_event(
        self, asset_key: KeyLike, partition_key: str | None = None
    ) -> AssetMaterialized | None:
        """The newest materialisation, of the asset or of one partition."""
        found = self.fetch_materializations(asset_key, partition_key=partition_key, limit=1)
        return found[0] if found else None

    def fetch_materializations(
        self, asset_key: KeyLike, *, partition_key: str | None = None, limit: int = 100
    ) -> Sequence[AssetMaterialized]:
        """Materialisations, newest first."""
        answer = self._session.read(runs.ReadMaterializations(asset_key_of(asset_key), partition_key, limit))
        return [event for event in answer.events if isinstance(event, AssetMaterialized)]

    def get_asset_provenance(self, asset_key: KeyLike) -> DataProvenance | None:
        """What the newest materialization of an asset was made of, None when there is none."""
        found = self._session.read(runs.ReadMaterializations(asset_key_of(asset_key), None, 1)).events
        event = found[0] if found else None
        if not isinstance(event, AssetMaterialized):
            return None
        inputs = {AssetKey.of(text): version for text, version in event.input_versions.items()}
        return DataProvenance(event.code_version or event.run_id, inputs, dict.fromkeys(inputs))

    def get_status_by_partition(self, asset_key: KeyLike) -> dict[str, str]:
        """Status by partition key: `materialized`, `failed` or `running`; missing ones are left out."""
        return self._session.read(runs.ReadPartitions(asset_key_of(asset_key))).partitions

    def get_dynamic_partitions(self, partitions_def_name: str) -> Sequence[str]:
        """Keys in the order they were added."""
        return self._session.read(runs.ReadDynamicPartitions(partitions_def_name)).keys

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        """Say whether the key exists."""
        return partition_key in self.get_dynamic_partitions(partitions_def_name)

    def add_dynamic_partitions(self, partitions_def_name: str, partition_keys: Sequence[str]) -> None:
        """Add keys; present ones stay where they are."""
        self._session.add_dynamic_partitions(partitions_def_name, partition_keys)

    def delete_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> None:
        """Remove a key."""
        self._session.delete_dynamic_partition(partitions_def_name, partition_key)
