"""What automation conditions ask for: a pure evaluation, `evaluate(conditions, graph, facts, memory, now)`.

A condition is evaluated for an asset over *candidates*: those of its partitions that can still be true. An `and` goes
from left to right and passes on only what is left, so `in_latest_time_window` first keeps all else small; all
partitions are listed only where nothing narrows them. An asset without partitions has the one candidate None.

What earlier evaluations saw is `Memory`: for each operator that compares with the past the partitions for which it was
true. It is kept under the meaning of the node (labels left out), so a changed condition forgets only what has changed.
Assets are evaluated each after its upstream ones, so that what is asked for upstream is seen below in the same
evaluation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from rostrum.model.assets import AssetKey, CheckKey
from rostrum.model.automation import Condition
from rostrum.model.errors import InvariantError, InvocationError
from rostrum.model.manifest import AssetNode, Manifest
from rostrum.model.partitions import MultiPartitions, PartitionsSpec, TimePartitions
from rostrum.planning import cron, own_classes
from rostrum.planning.freshness import freshness_state
from rostrum.planning.graph import AssetGraph
from rostrum.planning.mappings import upstream_keys
from rostrum.planning.partitions import DynamicKeys, partitions_of, split_key
from rostrum.planning.selection_grammar import parse

Part = str | None
Parts = frozenset[Part]
Key = AssetKey | CheckKey
NONE: Parts = frozenset()
WHOLE: Parts = frozenset({None})
"""The only candidate of what has no partitions."""


class Update(msgspec.Struct, frozen=True):
    """The newest time that a partition was made, or a check evaluated."""

    id: int
    """Of the stored event: ids grow."""
    at: datetime
    run_id: str = ""
    data_version: str | None = None
    status: str = ""
    """Of a check: `passed` or `failed`."""


class RunFacts(msgspec.Struct, frozen=True):
    """What a run was asked for."""

    asset_keys: frozenset[AssetKey] = frozenset()
    tags: dict[str, str] = {}


class Facts(Protocol):
    """What is true now."""

    def updates(self, key: Key) -> Mapping[Part, Update]:
        """The newest update of each partition."""
        ...

    def in_progress(self, key: Key) -> Parts:
        """What runs are about to make."""
        ...

    def backfilling(self, key: Key) -> Parts:
        """What backfills are about to make."""
        ...

    def failed(self, key: Key) -> Parts:
        """Of what the last attempt failed."""
        ...

    def run(self, run_id: str) -> RunFacts:
        """A run; an empty one where it is not known."""
        ...


CURSOR, CANDIDATES = ">cursor", ">candidates"
"""What the memory of a condition of the user's own class is kept under, after its place."""


class OwnCondition(Protocol):
    """What a condition of the user's own class does, registered under the `class_name` of its node."""

    def evaluated(
        self, evaluation: RootEvaluation, node: Condition, key: Key, candidates: Parts
    ) -> tuple[Parts, str | None]:
        """Those of the candidates for which it is true, and a text to remember."""
        ...


class Memory(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an evaluation leaves for the next one."""

    evaluation_id: int = 0
    at: datetime | None = None
    last_event_id: int = 0
    true: dict[str, tuple[Part, ...]] = {}
    """`<asset>|<meaning>` -> partitions for which an operator, or its operand, was true."""
    requested: dict[str, tuple[Part, ...]] = {}
    """What the evaluation asked for."""
    versions: dict[str, str] = {}
    """Code and data versions, where a condition asks for their change."""
    evaluated: dict[str, str] = {}
    """Asset -> meaning of its condition: what is not here is evaluated for the first time."""


class Evaluation(msgspec.Struct, frozen=True):
    """The outcome: what to make now, and the memory for the next evaluation."""

    requested: dict[Key, Parts]
    memory: Memory


def evaluate(
    conditions: Mapping[Key, Condition],
    manifest: Manifest,
    facts: Facts,
    memory: Memory,
    now: datetime,
    *,
    last_event_id: int = 0,
    dynamic: DynamicKeys | None = None,
    graph: AssetGraph | None = None,
) -> Evaluation:
    """Evaluate all conditions once. `last_event_id`: the newest event that `facts` knows of."""
    tick = Tick(manifest, graph or AssetGraph(manifest), facts, memory, now, dynamic, conditions)
    tick.last_event_id = max(last_event_id, memory.last_event_id)
    order: list[Key] = [key for key in tick.graph.ordered() if key in conditions]
    for key in [*order, *(key for key in conditions if isinstance(key, CheckKey))]:
        true = tick.of(key).true(conditions[key], key, None)
        if true:
            tick.requested[key] = true
    return Evaluation(
        dict(tick.requested),
        Memory(
            evaluation_id=memory.evaluation_id + 1,
            at=now,
            last_event_id=tick.last_event_id,
            true={key: tuple(sorted(parts, key=str)) for key, parts in tick.true.items() if parts},
            requested={_name(key): tuple(sorted(parts, key=str)) for key, parts in tick.requested.items()},
            versions=tick.versions,
            evaluated={_name(key): condition.meaning for key, condition in conditions.items()},
        ),
    )


class Tick:
    """One evaluation of all conditions."""

    def __init__(
        self,
        manifest: Manifest,
        graph: AssetGraph,
        facts: Facts,
        memory: Memory,
        now: datetime,
        dynamic: DynamicKeys | None,
        conditions: Mapping[Key, Condition],
    ) -> None:
        self.manifest, self.graph, self.facts, self.memory = manifest, graph, facts, memory
        self.now, self.dynamic, self.conditions = now, dynamic, conditions
        self.requested: dict[Key, Parts] = {}
        self.true: dict[str, Parts] = {key: frozenset(parts) for key, parts in memory.true.items()}
        self.versions = dict(memory.versions)
        self.last_event_id = 0

    def of(self, root: Key) -> RootEvaluation:
        """The evaluation of one condition."""
        return RootEvaluation(self, root, _name(root) not in self.memory.evaluated)

    def node(self, key: Key) -> AssetNode | None:
        """The asset, or the one that a check is about."""
        return self.graph.nodes.get(key.asset_key if isinstance(key, CheckKey) else key)

    def spec(self, key: Key) -> PartitionsSpec | None:
        """Its partitions; None without."""
        node = self.node(key)
        return self.manifest.partitions[node.partitions] if node is not None and node.partitions is not None else None

    def all_parts(self, key: Key) -> Parts:
        """All partitions that exist now."""
        spec = self.spec(key)
        return WHOLE if spec is None else frozenset(partitions_of(spec, self.dynamic).keys(self.now))


class RootEvaluation:
    """Evaluation of the condition of one asset or check, `root`. `candidates` None: all partitions."""

    def __init__(self, tick: Tick, root: Key, initial: bool) -> None:
        self._tick, self._root, self._initial = tick, root, initial

    @property
    def tick(self) -> Tick:
        """The evaluation that this is part of."""
        return self._tick

    @property
    def root(self) -> Key:
        """The asset or check whose condition it is."""
        return self._root

    def true(self, node: Condition, key: Key, candidates: Parts | None) -> Parts:
        """Those of the candidates for which the node is true."""
        if candidates is not None and not candidates:
            return NONE
        operator = _OPERATORS.get(node.kind)
        if operator is not None:
            return operator(self, node, key, candidates)
        operand = _OPERANDS.get(node.kind)
        if operand is None:
            raise InvocationError(f"the condition {node} cannot be evaluated here.")
        return operand(self, node, key, self._listed(key, candidates))

    def _listed(self, key: Key, candidates: Parts | None) -> Parts:
        return self._tick.all_parts(key) if candidates is None else candidates

    # --- operators

    def _and(self, node: Condition, key: Key, candidates: Parts | None) -> Parts:
        for each in node.operands:
            candidates = self.true(each, key, candidates)
        return self._listed(key, candidates)

    def _or(self, node: Condition, key: Key, candidates: Parts | None) -> Parts:
        found = NONE
        for each in node.operands:
            found |= self.true(each, key, candidates)
        return found

    def _not(self, node: Condition, key: Key, candidates: Parts | None) -> Parts:
        listed = self._listed(key, candidates)
        return listed - self.true(node.operands[0], key, listed)

    def _newly_true(self, node: Condition, key: Key, candidates: Parts | None) -> Parts:
        listed = self._listed(key, candidates)
        true = self.true(node.operands[0], key, listed)
        return true - self._remembered(node, key, listed, true)

    def _since(self, node: Condition, key: Key, candidates: Parts | None) -> Parts:
        listed = self._listed(key, candidates)
        place = self.place(node, key)
        before = frozenset(self._tick.memory.true.get(place, ())) & listed
        trigger = self.true(node.operands[0], key, listed)
        reset = self.true(node.operands[1], key, listed)
        true = (before | trigger) - reset
        self._remembered(node, key, listed, true)
        return true

    def _any_deps(self, node: Condition, key: Key, candidates: Parts | None) -> Parts:
        listed, found = self._listed(key, candidates), NONE
        for dep in self._deps(node, key):
            found |= self._through(node.operands[0], key, dep, listed - found)
        return found

    def _all_deps(self, node: Condition, key: Key, candidates: Parts | None) -> Parts:
        listed = self._listed(key, candidates)
        for dep in self._deps(node, key):
            listed = self._through(node.operands[0], key, dep, listed)
        return listed

    def _asset_matches(self, node: Condition, key: Key, candidates: Parts | None) -> Parts:
        if node.asset_key is None:
            return NONE
        return self._through(node.operands[0], key, node.asset_key, self._listed(key, candidates))

    def _checks(self, node: Condition, key: Key, candidates: Parts | None) -> Parts:
        listed = self._listed(key, candidates)
        asset = key.asset_key if isinstance(key, CheckKey) else key
        checks = [each for each in self._tick.graph.checks.get(asset, ()) if each.blocking or not node.blocking_only]
        results = [self.true(node.operands[0], each.key, listed) for each in checks]
        if node.kind == "any_checks_match":
            return NONE.union(*results)
        return listed.intersection(*results)

    def _downstream(self, node: Condition, key: Key, candidates: Parts | None) -> Parts:
        listed, found = self._listed(key, candidates), NONE
        if isinstance(key, CheckKey):
            return NONE
        for below in self._tick.graph.downstream.get(key, ()):
            condition = self._tick.conditions.get(below)
            if condition is not None and condition.kind != "any_downstream_conditions":
                parts = self._tick.of(below).true(condition, below, None)
                found |= self._up(below, key, parts) & listed
        return found

    def _custom(self, node: Condition, key: Key, candidates: Parts | None) -> Parts:
        """What a class of the user's says, where its code is loaded."""
        own: OwnCondition = own_classes.find(node.class_name or "", "the condition")
        listed, place = self._listed(key, candidates), self.place(node, key)
        true, cursor = own.evaluated(self, node, key, listed)
        true &= listed
        if cursor is not None:
            self._tick.versions[f"{place}{CURSOR}"] = cursor
        self._tick.true[f"{place}{CANDIDATES}"] = listed
        self._remembered(node, key, listed, true)
        return true

    # --- over other assets

    def _deps(self, node: Condition, key: Key) -> Iterable[AssetKey]:
        if isinstance(key, CheckKey):
            above: Iterable[AssetKey] = (key.asset_key,)
        else:
            above = self._tick.graph.upstream.get(key, ())
        graph = self._tick.graph
        if node.allow is not None:
            allowed = parse(node.allow).resolve(graph)
            above = [each for each in above if each in allowed]
        if node.ignore is not None:
            ignored = parse(node.ignore).resolve(graph)
            above = [each for each in above if each not in ignored]
        return above

    def _through(self, node: Condition, key: Key, other: AssetKey, candidates: Parts) -> Parts:
        """Candidates of `key` of which any partition of `other` that they need is true."""
        needed = {part: self._up(key, other, frozenset({part})) for part in candidates}
        wanted = frozenset[Part]().union(*needed.values())
        true = self.true(node, other, wanted)
        return frozenset(part for part, parts in needed.items() if parts & true)

    def _up(self, key: Key, other: AssetKey, parts: Parts) -> Parts:
        upstream = self._tick.spec(other)
        if upstream is None:
            return WHOLE
        node = self._tick.node(key)
        mapping = next((dep.mapping for dep in node.deps if dep.asset_key == other), None) if node is not None else None
        keys = [part for part in parts if part is not None]
        try:
            found = upstream_keys(mapping, self._tick.spec(key), upstream, keys, self._tick.now, self._tick.dynamic)
        except InvariantError:
            return NONE  # a partition that has no counterpart upstream
        return frozenset(found or ())

    # --- memory

    def place(self, node: Condition, key: Key) -> str:
        """What the memory of a node is kept under."""
        of = _name(self._root) if key == self._root else f"{_name(self._root)}>{_name(key)}"
        return f"{of}|{node.meaning}"

    def _remembered(self, node: Condition, key: Key, listed: Parts, true: Parts) -> Parts:
        """Keep what is true now; returns what was before."""
        place = self.place(node, key)
        before = frozenset(self._tick.memory.true.get(place, ()))
        self._tick.true[place] = (before - listed) | true
        return before

    # --- operands

    def _missing(self, node: Condition, key: Key, listed: Parts) -> Parts:
        return listed - self._tick.facts.updates(key).keys()

    def _newly_updated(self, node: Condition, key: Key, listed: Parts) -> Parts:
        if self._tick.memory.at is None:
            return NONE
        since, updates = self._tick.memory.last_event_id, self._tick.facts.updates(key)
        return frozenset(part for part in listed if part in updates and updates[part].id > since)

    def _in_progress(self, node: Condition, key: Key, listed: Parts) -> Parts:
        return listed & self._tick.facts.in_progress(key)

    def _backfilling(self, node: Condition, key: Key, listed: Parts) -> Parts:
        return listed & self._tick.facts.backfilling(key)

    def _failed(self, node: Condition, key: Key, listed: Parts) -> Parts:
        return listed & self._tick.facts.failed(key)

    def _newly_requested(self, node: Condition, key: Key, listed: Parts) -> Parts:
        return listed & frozenset(self._tick.memory.requested.get(_name(key), ()))

    def _will_be_requested(self, node: Condition, key: Key, listed: Parts) -> Parts:
        return listed & self._tick.requested.get(key, NONE)

    def _cron(self, node: Condition, key: Key, listed: Parts) -> Parts:
        before, now = self._tick.memory.at, self._tick.now
        if before is None or node.cron is None:
            return NONE
        passed = next(cron.ticks_between((node.cron,), node.timezone or "UTC", before, now), None)
        return listed if passed is not None else NONE

    def _check_status(self, node: Condition, key: Key, listed: Parts) -> Parts:
        wanted, updates = node.kind.removeprefix("check_"), self._tick.facts.updates(key)
        return frozenset(part for part in listed if part in updates and updates[part].status == wanted)

    def _fresh(self, node: Condition, key: Key, listed: Parts) -> Parts:
        asset = self._tick.node(key)
        if asset is None or asset.freshness is None:
            return NONE
        last = max((each.at for each in self._tick.facts.updates(key).values()), default=None)
        wanted = {"freshness_passed": "pass", "freshness_warned": "warn", "freshness_failed": "fail"}[node.kind]
        return listed if freshness_state(asset.freshness, last, self._tick.now) == wanted else NONE

    def _code_version(self, node: Condition, key: Key, listed: Parts) -> Parts:
        asset = self._tick.node(key)
        version, place = (asset.code_version or "") if asset is not None else "", f"code:{_name(key)}"
        before = self._tick.memory.versions.get(place)
        self._tick.versions[place] = version
        return listed if before is not None and before != version else NONE

    def _data_version(self, node: Condition, key: Key, listed: Parts) -> Parts:
        updates, found = self._tick.facts.updates(key), set[Part]()
        for part in listed & updates.keys():
            place, version = f"data:{_name(key)}:{part}", updates[part].data_version or ""
            before = self._tick.memory.versions.get(place)
            self._tick.versions[place] = version
            if before is not None and before != version:
                found.add(part)
        return frozenset(found)

    def _run(self, node: Condition, key: Key, listed: Parts) -> Parts:
        """Operands about the run of the newest update."""
        facts, updates = self._tick.facts, self._tick.facts.updates(key)
        root = self._root.asset_key if isinstance(self._root, CheckKey) else self._root
        if "new_update" in node.kind:
            listed = self._newly_updated(node, key, listed)
        found = set[Part]()
        for part in listed & updates.keys():
            run = facts.run(updates[part].run_id)
            if node.kind == "executed_with_root_target":
                true = root in run.asset_keys
            else:
                true = all(tag in run.tags for tag in node.tag_keys) and all(
                    run.tags.get(tag) == value for tag, value in node.tag_values.items()
                )
            if true:
                found.add(part)
        return frozenset(found)

    def _first(self, node: Condition, key: Key, listed: Parts) -> Parts:
        return listed if self._initial else NONE

    def _latest(self, node: Condition, key: Key, candidates: Parts | None) -> Parts:
        """Those in the latest window, found without listing the others."""
        spec = self._tick.spec(key)
        if isinstance(spec, TimePartitions):
            found = self._last_windows(spec, node)
            return found if candidates is None else found & candidates
        listed = self._listed(key, candidates)
        timed = (
            next(((name, each) for name, each in spec.dimensions if isinstance(each, TimePartitions)), None)
            if isinstance(spec, MultiPartitions)
            else None
        )
        if timed is None or not isinstance(spec, MultiPartitions):
            return listed
        last = self._last_windows(timed[1], node)
        return frozenset(part for part in listed if part is not None and split_key(spec, part)[timed[0]] in last)

    def _last_windows(self, spec: TimePartitions, node: Condition) -> Parts:
        source = partitions_of(spec, self._tick.dynamic)
        last = source.last(self._tick.now)
        if last is None:
            return NONE
        if node.seconds is None:
            return frozenset({last})
        after = source.window(last).end - timedelta(seconds=node.seconds)
        # A window that ends after that moment is within reach; those before the last are found from the end.
        count = source.count(self._tick.now)
        found: set[Part] = set()
        step = 64
        while True:
            page = list(source.keys(self._tick.now, max(0, count - step)))
            found = {key for key in page if source.window(key).end > after}
            if len(found) < len(page) or step >= count:
                return frozenset(found)
            step *= 4


_Operator = Callable[[RootEvaluation, Condition, Key, "Parts | None"], Parts]
_OPERATORS: dict[str, _Operator] = {
    "and": RootEvaluation._and,  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - a table of our own methods
    "or": RootEvaluation._or,  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    "not": RootEvaluation._not,  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    "newly_true": RootEvaluation._newly_true,  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    "since": RootEvaluation._since,  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    "any_deps_match": RootEvaluation._any_deps,  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    "all_deps_match": RootEvaluation._all_deps,  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    "asset_matches": RootEvaluation._asset_matches,  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    "any_checks_match": RootEvaluation._checks,  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    "all_checks_match": RootEvaluation._checks,  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    "any_downstream_conditions": RootEvaluation._downstream,  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    "custom": RootEvaluation._custom,  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    "in_latest_time_window": RootEvaluation._latest,  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
}
_OPERANDS: dict[str, Callable[[RootEvaluation, Condition, Key, Parts], Parts]] = {
    "missing": RootEvaluation._missing,  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    "newly_updated": RootEvaluation._newly_updated,  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    "run_in_progress": RootEvaluation._in_progress,  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    "backfill_in_progress": RootEvaluation._backfilling,  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    "execution_failed": RootEvaluation._failed,  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    "newly_requested": RootEvaluation._newly_requested,  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    "will_be_requested": RootEvaluation._will_be_requested,  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    "initial_evaluation": RootEvaluation._first,  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    "cron_tick_passed": RootEvaluation._cron,  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    "check_passed": RootEvaluation._check_status,  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    "check_failed": RootEvaluation._check_status,  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    "freshness_passed": RootEvaluation._fresh,  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    "freshness_warned": RootEvaluation._fresh,  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    "freshness_failed": RootEvaluation._fresh,  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    "code_version_changed": RootEvaluation._code_version,  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    "data_version_changed": RootEvaluation._data_version,  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    "executed_with_root_target": RootEvaluation._run,  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    "executed_with_tags": RootEvaluation._run,  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    "any_new_update_has_run_tags": RootEvaluation._run,  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    "all_new_updates_have_run_tags": RootEvaluation._run,  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
}


def _name(key: Key) -> str:
    return str(key)
