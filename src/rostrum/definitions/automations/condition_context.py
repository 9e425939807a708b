"""What the `evaluate` of a condition of the user's own class is given, and what it returns.

Such a class is evaluated where its code is loaded: in `evaluate_automation_conditions`, and in the code server.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rostrum.definitions.assets.entity_subsets import EntitySubset
from rostrum.definitions.assets.spec_definitions import definition_of
from rostrum.definitions.coroutines import settled
from rostrum.definitions.partitions.definition import PartitionsDefinition
from rostrum.model.automation import Condition
from rostrum.model.errors import InvocationError
from rostrum.planning import own_classes
from rostrum.planning.automation import CANDIDATES, CURSOR, NONE, Key, Parts, RootEvaluation
from rostrum.planning.graph import AssetGraph


class AssetGraphView:
    """Assets as they are at the time of an evaluation."""

    def __init__(self, evaluation: RootEvaluation) -> None:
        self._evaluation = evaluation

    @property
    def effective_dt(self) -> datetime:
        """The time of the evaluation."""
        return self._evaluation.tick.now

    @property
    def asset_graph(self) -> AssetGraph:
        """What depends on what."""
        return self._evaluation.tick.graph

    def get_full_subset(self, *, key: Key) -> EntitySubset:
        """An asset with all partitions that exist."""
        return EntitySubset(key, self._evaluation.tick.all_parts(key))

    def get_empty_subset(self, *, key: Key) -> EntitySubset:
        """Nothing of an asset."""
        return EntitySubset(key, NONE)


class AutomationContext:
    """What `evaluate` is given: which asset or check is asked about, of which of its partitions, and what is known."""

    def __init__(
        self,
        evaluation: RootEvaluation,
        condition: Any,
        key: Key,
        candidates: Parts,
        parent: AutomationContext | None = None,
    ) -> None:
        self._evaluation, self._key, self._candidates = evaluation, key, candidates
        self.condition = condition
        """The condition that is evaluated."""
        self.parent_context = parent
        """Of a child condition: the context that it was asked in."""
        self.log = logging.getLogger("rostrum.automation")

    def __class_getitem__(cls, _item: Any) -> type[AutomationContext]:
        """`AutomationContext[AssetKey]`, for annotations."""
        return cls

    def __repr__(self) -> str:
        return f"<evaluation of {self.condition} for {self._key}>"

    @staticmethod
    def create(key: Key, evaluator: Any) -> AutomationContext:
        """Contexts are made by evaluations. Raises InvocationError."""
        raise InvocationError(
            f"a context for {key} is made by an evaluation, not by {type(evaluator).__name__}: call "
            "evaluate_automation_conditions with definitions that have the condition."
        )

    # --- what is asked

    @property
    def key(self) -> Key:
        """The asset or check."""
        return self._key

    @property
    def candidate_subset(self) -> EntitySubset:
        """The partitions of which it is asked whether the condition is true."""
        return EntitySubset(self._key, self._candidates)

    def get_empty_subset(self) -> EntitySubset:
        """Nothing of the asset: the condition is true for no partition."""
        return EntitySubset(self._key, NONE)

    @property
    def partitions_def(self) -> PartitionsDefinition | None:
        """Partitions of the asset."""
        spec = self._evaluation.tick.spec(self._key)
        return definition_of(spec) if spec is not None else None

    @property
    def root_context(self) -> AutomationContext:
        """Of a child condition: the context of the outermost one that is the user's."""
        return self if self.parent_context is None else self.parent_context.root_context

    @property
    def condition_unique_ids(self) -> Sequence[str]:
        """What the condition's memory is kept under."""
        return [self._place()]

    # --- the evaluation

    @property
    def evaluation_id(self) -> int:
        """Number of the evaluation."""
        return self._evaluation.tick.memory.evaluation_id + 1

    @property
    def evaluation_time(self) -> datetime:
        """When, in UTC."""
        return self._evaluation.tick.now

    create_time = evaluation_time
    """When the evaluation began."""

    @property
    def asset_graph(self) -> AssetGraph:
        """What depends on what."""
        return self._evaluation.tick.graph

    @property
    def asset_graph_view(self) -> AssetGraphView:
        """Assets as they are now."""
        return AssetGraphView(self._evaluation)

    @property
    def request_subsets_by_key(self) -> Mapping[Key, EntitySubset]:
        """What has been asked for by this evaluation so far: of assets upstream."""
        return {key: EntitySubset(key, parts) for key, parts in self._evaluation.tick.requested.items()}

    @property
    def max_storage_id(self) -> int | None:
        """The newest event that is known."""
        return self._evaluation.tick.last_event_id or None

    # --- the evaluation before

    @property
    def cursor(self) -> str | None:
        """The text that the evaluation before left in `AutomationResult(cursor=...)`."""
        return self._evaluation.tick.memory.versions.get(f"{self._place()}{CURSOR}")

    @property
    def previous_evaluation_time(self) -> datetime | None:
        """When; None at the first evaluation."""
        return self._evaluation.tick.memory.at

    @property
    def previous_max_storage_id(self) -> int | None:
        """The newest event that was known."""
        return self._evaluation.tick.memory.last_event_id or None

    @property
    def previous_true_subset(self) -> EntitySubset | None:
        """Where the condition was true; None at its first evaluation."""
        return self._remembered("")

    @property
    def previous_candidate_subset(self) -> EntitySubset | None:
        """Of which partitions it was asked; None at its first evaluation."""
        return self._remembered(CANDIDATES)

    @property
    def previous_metadata(self) -> None:
        """None: evaluations leave a `cursor`."""
        return None

    @property
    def previous_temporal_context(self) -> None:
        """None: see `previous_evaluation_time` and `previous_max_storage_id`."""
        return None

    @property
    def legacy_context(self) -> None:
        """None: there are no rules beside conditions."""
        return None

    def get_previous_requested_subset(self, key: Key) -> EntitySubset | None:
        """What the evaluation before asked for."""
        memory = self._evaluation.tick.memory
        return None if memory.at is None else EntitySubset(key, frozenset(memory.requested.get(str(key), ())))

    def get_structured_cursor(self, as_type: type[Any]) -> None:
        """None: a `cursor` is text."""

    # --- conditions within

    def for_child_condition(
        self, child_condition: Any, child_indices: Sequence[int | None] = (), candidate_subset: Any = None
    ) -> AutomationContext:
        """The context to evaluate another condition in, for all candidates or for these (of any asset)."""
        subset: EntitySubset = candidate_subset if candidate_subset is not None else self.candidate_subset
        return AutomationContext(self._evaluation, child_condition, subset.key, subset.parts, self)

    async def evaluate_async(self) -> AutomationResult:
        """The result of this context's condition."""
        return self.evaluated(self.condition)

    def evaluated(self, condition: Any) -> AutomationResult:
        """The result of a condition for these candidates."""
        true = self._evaluation.true(condition.node, self._key, self._candidates)
        return AutomationResult(self, EntitySubset(self._key, true))

    def _place(self) -> str:
        return self._evaluation.place(self.condition.node, self._key)

    def _remembered(self, kind: str) -> EntitySubset | None:
        memory, place = self._evaluation.tick.memory, self._place()
        if memory.at is None or str(self._evaluation.root) not in memory.evaluated:
            return None
        return EntitySubset(self._key, frozenset(memory.true.get(f"{place}{kind}", ())))


class AutomationResult:
    """What `evaluate` returns: for which of the candidates the condition is true.

    `cursor` is text for the next evaluation, which reads it as `context.cursor`. Other arguments are accepted and not
    kept.
    """

    def __init__(
        self,
        context: AutomationContext,
        true_subset: EntitySubset,
        cursor: str | None = None,
        child_results: Sequence[AutomationResult] | None = None,
        **kwargs: Any,
    ) -> None:
        del kwargs
        self.context, self._true, self.cursor = context, true_subset, cursor
        self._children = list(child_results or ())

    def __class_getitem__(cls, _item: Any) -> type[AutomationResult]:
        """`AutomationResult[AssetKey]`, for annotations."""
        return cls

    def __repr__(self) -> str:
        return f"<{self.condition}: {self._true!r}>"

    @property
    def true_subset(self) -> EntitySubset:
        """Where the condition is true."""
        return self._true

    @property
    def key(self) -> Key:
        """The asset or check."""
        return self._true.key

    @property
    def condition(self) -> Any:
        """The condition that was evaluated."""
        return self.context.condition

    @property
    def condition_unique_id(self) -> str:
        """What its memory is kept under."""
        return self.context.condition_unique_ids[0]

    @property
    def child_results(self) -> Sequence[AutomationResult]:
        """Results of the conditions within."""
        return self._children

    @property
    def value_hash(self) -> str:
        """Short text that is equal for equal results."""
        told = repr((self.condition.node.meaning, self._true, [each.value_hash for each in self._children]))
        return hashlib.blake2b(told.encode(), digest_size=16).hexdigest()

    def pprint(self, indent: int = 0) -> str:
        """The result with those within, a line each."""
        line = f"{' ' * indent}{self.condition}: {self._true.size}"
        return "\n".join([line, *(each.pprint(indent + 2) for each in self._children)])


class _Evaluates:
    """Calls the `evaluate` of a condition of the user's."""

    def __init__(self, condition: Any) -> None:
        self._condition = condition

    def evaluated(
        self, evaluation: RootEvaluation, node: Condition, key: Key, candidates: Parts
    ) -> tuple[Parts, str | None]:
        """Where it is true, and its cursor. Raises InvocationError for what is no result."""
        context = AutomationContext(evaluation, self._condition, key, candidates)
        found = self._condition.evaluate(context)
        found = settled(found)
        if not isinstance(found, AutomationResult):
            raise InvocationError(
                f"{type(self._condition).__name__}.evaluate is to return an AutomationResult, not {found!r:.100}: "
                "AutomationResult(context=context, true_subset=context.candidate_subset), or get_empty_subset()."
            )
        return found.true_subset.parts, found.cursor


def named(condition: Any) -> Condition:
    """A condition of the user's class as data: a name, under which it is found where the code is loaded."""
    return Condition(kind="custom", class_name=own_classes.name_of(condition, _Evaluates(condition)))
