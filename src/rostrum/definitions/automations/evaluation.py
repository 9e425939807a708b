"""`evaluate_automation_conditions`: what the conditions of definitions ask for now, for tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, cast

from rostrum.definitions.assets.selection import AssetSelection
from rostrum.definitions.location.definitions import Definitions
from rostrum.definitions.names import KeyLike, asset_key_of
from rostrum.definitions.partitions.loading import loading_context
from rostrum.model.assets import AssetKey, CheckKey
from rostrum.model.automation import Condition
from rostrum.model.reserved_names import DATA_VERSION_TAG
from rostrum.planning.automation import NONE, WHOLE, Key, Memory, Part, Parts, RunFacts, Update, evaluate

_EVENTS = 100_000
"""How many materialisations of an asset are looked at."""


class EvaluateAutomationConditionsResult:
    """What one evaluation asked for. `cursor` is given to the next one."""

    __slots__ = ("_requested", "cursor")

    def __init__(self, cursor: Memory, requested: Mapping[Key, Parts]) -> None:
        self.cursor, self._requested = cursor, dict(requested)

    def __repr__(self) -> str:
        return f"<automation: {self.total_requested} requested>"

    @property
    def total_requested(self) -> int:
        """How many assets or partitions of assets were asked for."""
        return sum(len(parts) for parts in self._requested.values())

    def get_num_requested(self, asset_key: KeyLike) -> int:
        """How many partitions of an asset were asked for; 1 for an asset without partitions."""
        return len(self._requested.get(self._key(asset_key), NONE))

    def get_requested_partitions(self, asset_key: KeyLike) -> AbstractSet[str | None]:
        """Partitions of an asset that were asked for; `{None}` for an asset without partitions."""
        return set(self._requested.get(self._key(asset_key), NONE))

    @staticmethod
    def _key(key: Any) -> Key:
        return key if isinstance(key, CheckKey) else asset_key_of(key)


def evaluate_automation_conditions(
    defs: Definitions | Sequence[Any],
    instance: Any,
    asset_selection: AssetSelection | None = None,
    evaluation_time: datetime | None = None,
    cursor: Memory | None = None,
) -> EvaluateAutomationConditionsResult:
    """Evaluate the conditions of the assets and checks (or of `asset_selection`) once, at a time (now, if none is
    given), by what the instance knows and what `cursor`, that of the result before, remembers. Nothing is launched.
    """
    definitions = defs if isinstance(defs, Definitions) else Definitions(assets=list(defs))
    resolved = definitions.resolved()
    manifest, graph = resolved.manifest, resolved.graph
    chosen = asset_selection.resolve(graph) if asset_selection is not None else None
    conditions: dict[Key, Condition] = {}
    for node in manifest.assets:
        if node.automation is not None and (chosen is None or node.key in chosen):
            conditions[node.key] = manifest.conditions[node.automation]
    for check in manifest.checks:
        if check.automation is not None and (chosen is None or check.key.asset_key in chosen):
            conditions[check.key] = manifest.conditions[check.automation]
    facts = InstanceFacts(instance, {node.key for node in manifest.assets if node.partitions is not None})
    outcome = evaluate(
        conditions,
        manifest,
        facts,
        cursor or Memory(),
        loading_context(evaluation_time).effective_dt.astimezone(UTC),
        last_event_id=facts.last_event_id(graph.nodes),
        dynamic=instance.get_dynamic_partitions,
        graph=graph,
    )
    return EvaluateAutomationConditionsResult(outcome.memory, outcome.requested)


class InstanceFacts:
    """What an `Instance` knows, read when it is asked for."""

    def __init__(self, instance: Any, partitioned: set[AssetKey]) -> None:
        self._instance, self._partitioned = instance, partitioned
        self._updates: dict[Key, dict[Part, Update]] = {}
        self._runs: dict[str, RunFacts] = {}

    def last_event_id(self, keys: Iterable[AssetKey]) -> int:
        """Id of the newest materialisation of these assets."""
        return max((each.id for key in keys for each in self.updates(key).values()), default=0)

    def updates(self, key: Key) -> Mapping[Part, Update]:
        """The newest update of each partition."""
        if key not in self._updates:
            self._updates[key] = self._read(key)
        return self._updates[key]

    def in_progress(self, key: Key) -> Parts:
        """What runs are about to make."""
        return self._with_status(key, "IN_PROGRESS", "running")

    def backfilling(self, key: Key) -> Parts:
        """Nothing: an instance in a script has no backfills at work."""
        return NONE

    def failed(self, key: Key) -> Parts:
        """Of what the last attempt failed."""
        return self._with_status(key, "FAILED", "failed")

    def run(self, run_id: str) -> RunFacts:
        """A run; an empty one where it is not known."""
        if run_id not in self._runs:
            run = self._instance.get_run_by_id(run_id) if run_id else None
            keys: Iterable[AssetKey] = ()
            if run is not None:
                keys = run.target.asset_selection or self._planned[run_id]
            self._runs[run_id] = RunFacts(frozenset(keys), dict(run.tags) if run is not None else {})
        return self._runs[run_id]

    @cached_property
    def _planned(self) -> dict[str, set[AssetKey]]:
        """Assets by the runs that have made them: for runs that do not name theirs."""
        found: dict[str, set[AssetKey]] = {}
        for key, updates in self._updates.items():
            for each in updates.values():
                found.setdefault(each.run_id, set()).add(key if isinstance(key, AssetKey) else key.asset_key)
        return found

    def _read(self, key: Key) -> dict[Part, Update]:
        if isinstance(key, CheckKey):
            return self._read_check(key)
        found: dict[Part, Update] = {}
        records: Any = self._instance.fetch_materializations(key, limit=_EVENTS)
        for record in cast("Sequence[Any]", getattr(records, "records", records)):
            part: Part = record.partition_key if key in self._partitioned else None
            if part not in found:  # newest first
                at = datetime.fromtimestamp(record.timestamp, UTC)
                made: Any = record.asset_materialization
                tags = cast("Mapping[str, str]", getattr(made, "tags", None) or {})
                version = tags.get(DATA_VERSION_TAG)
                found[part] = Update(record.storage_id, at, record.run_id, version)
        return found

    def _read_check(self, key: CheckKey) -> dict[Part, Update]:
        reader: Any = getattr(self._instance, "get_check_state", None)
        state: Any = reader(key) if reader is not None else None
        if state is None or state.evaluated_at is None:
            return {}
        return {None: Update(state.evaluation_id or 0, state.evaluated_at, state.run_id or "", None, str(state.status))}

    def _with_status(self, key: Key, name: str, status: str) -> Parts:
        if isinstance(key, CheckKey):
            return NONE
        if key in self._partitioned:
            known: Mapping[str, Any] = self._instance.get_status_by_partition(key) or {}
            return frozenset(part for part, each in known.items() if getattr(each, "name", each) in (name, status))
        state: Any = self._instance.get_asset_state(key)
        return WHOLE if state is not None and state.status == status else NONE
