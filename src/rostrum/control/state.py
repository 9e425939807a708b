"""What follows from events: pure folds from stored events to the state of runs, assets, checks and partitions.

Nothing here reads or writes anything. `control/unit.py` loads what these functions ask for, and stores what they
answer, in the transaction of the events (law 3). Folding the same events again, in other batches, gives the same state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, ClassVar, cast

import msgspec

from rostrum.control.endings import error_of
from rostrum.control.step_streams import is_step_stream_of
from rostrum.model.assets import AssetKey, AssetState, CheckKey, CheckState
from rostrum.model.errors import InvalidTransition
from rostrum.model.events import (
    RUN_ENDS,
    AnyEvent,
    AssetMaterialized,
    AssetObserved,
    CheckEvaluated,
    Event,
    LocationUpdated,
    RunCanceled,
    RunCanceling,
    RunDisconnected,
    RunFailed,
    RunPlanned,
    RunQueued,
    RunReconnected,
    RunStarting,
    RunWorkerLaunched,
    StepFailed,
    StepNotRun,
    StepSkipped,
    StoredEvent,
    worker_stream,
)
from rostrum.model.runs import Run, RunStatus
from rostrum.planning.run_retries import after_failure

CONTROL_ONLY: tuple[type[Event], ...] = (
    RunQueued,
    RunStarting,
    RunWorkerLaunched,
    RunCanceling,
    RunDisconnected,
    RunReconnected,
    LocationUpdated,
)
"""Kinds that only the control plane may say: from a worker they are kept as evidence and change nothing."""

_replace = msgspec.structs.replace


def continuing(events: Sequence[Event], last_sequence: int) -> Sequence[Event]:
    """The part of a batch that continues a stream: duplicates are dropped, and all that comes behind a gap."""
    fresh: list[Event] = []
    expected = last_sequence + 1
    for event in events:
        if event.sequence == expected:
            fresh.append(event)
            expected += 1
        elif event.sequence > expected:
            break
    return fresh


def _anything(_event: Event) -> bool:
    return True


def fold_run(
    run: Run, events: Sequence[Event], epoch: int | None, may: Callable[[Event], bool] = _anything
) -> tuple[list[Run], list[bool]]:
    """For each event: the run after it, and whether it is evidence only.

    `epoch` is that of the worker that sent them, None for the control plane's own (then InvalidTransition is raised,
    not kept). `may` judges those of a step worker.
    """
    runs: list[Run] = []
    evidence: list[bool] = []
    for event in events:
        try:
            if epoch is not None and not (_may_say(event, epoch, run) and may(event)):
                raise InvalidTransition
            run = run.after(cast("AnyEvent", event))
            if run.status is RunStatus.FAILURE:
                run = after_failure(run, event.at)
        except InvalidTransition:
            if epoch is None:
                raise
            evidence.append(True)
        else:
            evidence.append(False)
        runs.append(run)
    return runs, evidence


def as_meant(run: Run, events: Sequence[Event]) -> Sequence[Event]:
    """Whoever ends a run that has taken too long says that it was cancelled; what that means is a failure."""
    if run.cancel_reason != "timeout" or run.is_finished:
        return events
    return [_timed_out(run, event) if isinstance(event, RunCanceled) else event for event in events]


def _timed_out(run: Run, event: RunCanceled) -> RunFailed:
    began = run.started_at or run.created_at
    took = ((run.cancel_requested_at or event.at) - began).total_seconds()
    message = f"the run was ended after {took:.0f} s, because it had taken longer than it may"
    failed = RunFailed(at=event.at, reason="timeout", message=message, error=error_of("timeout", message))
    return _replace(failed, run_id=event.run_id, stream=event.stream, sequence=event.sequence)


def _may_say(event: Event, epoch: int, run: Run) -> bool:
    own = event.stream == worker_stream(epoch) or is_step_stream_of(event.stream, epoch)
    return epoch == run.epoch and own and not isinstance(event, CONTROL_ONLY)


class RunFacts(msgspec.Struct, frozen=True):
    """What must be known of a run's earlier events to judge its failures and its end."""

    plans: tuple[tuple[int, RunPlanned], ...] = ()
    """With the ids of the stored events: a plan counts for what comes after it."""
    made: frozenset[tuple[AssetKey, str | None]] = frozenset()
    """Materialised (asset, partition) pairs; filled for failed runs only."""
    skipped_steps: frozenset[str] = frozenset()
    """Filled for failed runs only."""

    def asset_keys(self) -> set[AssetKey]:
        """All planned assets."""
        return {key for _, plan in self.plans for key in plan.asset_keys}

    def check_keys(self) -> set[CheckKey]:
        """All planned checks."""
        return {key for _, plan in self.plans for key in plan.check_keys}


class Marks:
    """Partition marks in the order in which they must be written.

    Marks of one partition are merged only where that loses nothing: a final status over `running` of the same run.
    Anything else starts a new layer, so that the store, which remembers what was below a `running`, sees each change.
    """

    def __init__(self) -> None:
        self._layers: list[dict[AssetKey, dict[str, tuple[str, str]]]] = []

    def add(self, asset_key: AssetKey, partition_keys: Iterable[str], status: str, run_id: str) -> None:
        for partition_key in partition_keys:
            self._add(asset_key, partition_key, (status, run_id))

    def _add(self, asset_key: AssetKey, partition_key: str, mark: tuple[str, str]) -> None:
        for layer in reversed(self._layers):
            before = layer.get(asset_key, {}).get(partition_key)
            if before is None:
                continue
            if before[1] == mark[1] and before[0] != "" and mark[0] == "" and before[0] != "running":
                return  # nothing to undo: the run has left a final status
            if (before[1] == mark[1] and before[0] == "running" and mark[0] != "") or before == mark:
                layer[asset_key][partition_key] = mark
                return
            break
        if not self._layers or partition_key in self._layers[-1].get(asset_key, {}):
            self._layers.append({})
        self._layers[-1].setdefault(asset_key, {})[partition_key] = mark

    def layers(self) -> Sequence[dict[AssetKey, dict[str, tuple[str, str]]]]:
        """To be written one after the other."""
        return self._layers


class Derivation:
    """Folds stored events into asset states, check states and partition marks. `assets` and `checks` hold what is
    stored before.
    """

    def __init__(self, assets: dict[AssetKey, AssetState], checks: dict[CheckKey, CheckState]) -> None:
        self._assets = assets
        self._checks = checks
        self._dirty_assets: set[AssetKey] = set()
        self._dirty_checks: set[CheckKey] = set()
        self.marks = Marks()

    def changed_assets(self) -> list[AssetState]:
        """Asset states to store, ordered by key (a fixed order of row locks)."""
        return [self._assets[key] for key in sorted(self._dirty_assets)]

    def changed_checks(self) -> list[CheckState]:
        """Check states to store, ordered by key."""
        return [self._checks[key] for key in sorted(self._dirty_checks)]

    def apply(self, stored: StoredEvent, run: Run | None, facts: RunFacts) -> None:
        """Fold one event. `run` is the run right after it; None for an event of no run. Evidence changes nothing."""
        rule = self._rules.get(type(stored.event))
        if rule is not None and not stored.evidence:
            rule(self, stored, run, facts)

    def _put_asset(self, asset_key: AssetKey, **changes: Any) -> None:
        state = self._assets.get(asset_key) or AssetState(asset_key)
        self._assets[asset_key] = _replace(state, **changes)
        self._dirty_assets.add(asset_key)

    def _put_check(self, check_key: CheckKey, **changes: Any) -> None:
        state = self._checks.get(check_key) or CheckState(check_key)
        self._checks[check_key] = _replace(state, **changes)
        self._dirty_checks.add(check_key)

    def _materialized(self, stored: StoredEvent, _run: Run | None, _facts: RunFacts) -> None:
        event = cast("AssetMaterialized", stored.event)
        state = self._assets.get(event.asset_key)
        in_progress = state.in_progress_run_id if state else None
        self._put_asset(
            event.asset_key,
            last_materialized_at=event.at,
            last_materialized_run_id=event.run_id or None,
            last_materialization_id=stored.id,
            last_partition_key=event.partition_key,
            in_progress_run_id=None if in_progress == event.run_id else in_progress,
            data_version=event.data_version,
            code_version=event.code_version,
            metadata=event.metadata,
        )
        if event.partition_key is not None:
            self.marks.add(event.asset_key, (event.partition_key,), "materialized", event.run_id)

    def _observed(self, stored: StoredEvent, _run: Run | None, _facts: RunFacts) -> None:
        event = cast("AssetObserved", stored.event)
        version = {} if event.data_version is None else {"data_version": event.data_version}
        self._put_asset(event.asset_key, last_observed_at=event.at, **version)

    def _evaluated(self, stored: StoredEvent, _run: Run | None, _facts: RunFacts) -> None:
        event = cast("CheckEvaluated", stored.event)
        state = self._checks.get(event.check_key) or CheckState(event.check_key)
        status = "passed" if event.passed else "failed"
        before = state.before if state.status == "running" else state.status
        still_running = state.in_progress_run_id not in {None, event.run_id}
        self._put_check(
            event.check_key,
            status="running" if still_running else status,
            before=status if still_running else "missing",
            in_progress_run_id=state.in_progress_run_id if still_running else None,
            severity=event.severity,
            evaluated_at=event.at,
            run_id=event.run_id or None,
            evaluation_id=stored.id,
            partition_key=event.partition_key,
            description=event.description,
            since=state.since if before == status else event.at,
            metadata=event.metadata,
        )

    def _planned(self, stored: StoredEvent, _run: Run | None, _facts: RunFacts) -> None:
        event = cast("RunPlanned", stored.event)
        for asset_key in event.asset_keys:
            self._put_asset(asset_key, in_progress_run_id=event.run_id)
            self.marks.add(asset_key, event.partition_keys, "running", event.run_id)
        for check_key in event.check_keys:
            state = self._checks.get(check_key) or CheckState(check_key)
            before = state.before if state.status == "running" else state.status
            self._put_check(check_key, status="running", before=before, in_progress_run_id=event.run_id)

    def _step_failed(self, stored: StoredEvent, run: Run | None, facts: RunFacts) -> None:
        event = cast("StepFailed | StepNotRun", stored.event)
        if run is None or (isinstance(event, StepNotRun) and not event.because):
            return  # not run because of a cancel: no failure
        line = event.error.first_line if isinstance(event, StepFailed) else _first_line(run)
        for number, plan in facts.plans:
            for asset_key in plan.asset_keys if number < stored.id else ():
                state = self._assets.get(asset_key)
                made = state is not None and state.last_materialized_run_id == run.run_id
                # Of several partitions some may be made: those are judged when the run ends.
                if asset_key.step_key == event.step_key and not made and len(plan.partition_keys) <= 1:
                    self._fail(asset_key, run.run_id, event.at, line)
                    self.marks.add(asset_key, plan.partition_keys, "failed", run.run_id)

    def _run_ended(self, stored: StoredEvent, run: Run | None, facts: RunFacts) -> None:
        if run is None:
            return
        failed = isinstance(stored.event, RunFailed)
        for _, plan in facts.plans:
            for asset_key in plan.asset_keys:
                if failed and asset_key.step_key not in facts.skipped_steps:
                    self._end_failed(asset_key, plan, run, stored.event.at, facts)
                else:
                    self._end_quietly(asset_key, plan, run.run_id)
        for check_key in facts.check_keys():
            state = self._checks.get(check_key)
            if state is not None and state.in_progress_run_id == run.run_id:
                self._put_check(check_key, status=state.before, before="missing", in_progress_run_id=None)

    def _end_failed(self, asset_key: AssetKey, plan: RunPlanned, run: Run, at: datetime, facts: RunFacts) -> None:
        parts: tuple[str | None, ...] = plan.partition_keys or (None,)
        unmade = [part for part in parts if (asset_key, part) not in facts.made]
        if plan.partition_keys and (asset_key, None) in facts.made:
            unmade = []  # an asset without partitions in a run that has some
        if unmade:
            self._fail(asset_key, run.run_id, at, _first_line(run))
        else:
            self._let_go(asset_key, run.run_id)
        self.marks.add(asset_key, [part for part in unmade if part is not None], "failed", run.run_id)
        if not unmade:
            self.marks.add(asset_key, plan.partition_keys, "", run.run_id)

    def _end_quietly(self, asset_key: AssetKey, plan: RunPlanned, run_id: str) -> None:
        state = self._assets.get(asset_key)
        self._let_go(asset_key, run_id)
        known = state.last_partition_key if state is not None and state.last_materialized_run_id == run_id else None
        self.marks.add(asset_key, [part for part in plan.partition_keys if part != known], "", run_id)

    def _fail(self, asset_key: AssetKey, run_id: str, at: datetime, line: str) -> None:
        state = self._assets.get(asset_key)
        if state is None or state.last_failed_run_id != run_id:
            self._put_asset(asset_key, last_failed_at=at, last_failed_run_id=run_id, last_error=line)
        self._let_go(asset_key, run_id)

    def _let_go(self, asset_key: AssetKey, run_id: str) -> None:
        state = self._assets.get(asset_key)
        if state is not None and state.in_progress_run_id == run_id:
            self._put_asset(asset_key, in_progress_run_id=None)

    _rules: ClassVar[dict[type[Event], Any]] = {
        AssetMaterialized: _materialized,
        AssetObserved: _observed,
        CheckEvaluated: _evaluated,
        RunPlanned: _planned,
        StepFailed: _step_failed,
        StepNotRun: _step_failed,
        **dict.fromkeys(RUN_ENDS, _run_ended),
    }


def _first_line(run: Run) -> str:
    return run.error.first_line if run.error else (run.failure_reason or "the run failed")


NEEDS_PLAN: tuple[type[Event], ...] = (StepFailed, StepNotRun, *RUN_ENDS)
"""Kinds for which `RunFacts.plans` must be known."""


def facts_from(plans: Iterable[StoredEvent], made: Iterable[StoredEvent] = ()) -> RunFacts:
    """Facts from the run's `run_planned` events and, for a failed run, its `asset_materialized` and `step_skipped`
    events. Evidence is no fact.
    """
    outcomes = [one.event for one in made if not one.evidence]
    return RunFacts(
        plans=tuple((one.id, one.event) for one in plans if isinstance(one.event, RunPlanned) and not one.evidence),
        made=frozenset((e.asset_key, e.partition_key) for e in outcomes if isinstance(e, AssetMaterialized)),
        skipped_steps=frozenset(e.step_key or "" for e in outcomes if isinstance(e, StepSkipped)),
    )
