"""`EventLog`: what appends do to events and state, whatever the order, repetition and grouping of batches."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rostrum.control.events import AppendResult, EventLog
from rostrum.control.state import Derivation, facts_from, fold_run
from rostrum.interfaces.storage import Session
from rostrum.model import events as ev
from rostrum.model.assets import AssetKey, AssetState, CheckKey, CheckState
from rostrum.model.errors import ErrorInfo, InvalidTransition, InvocationError, NotFound
from rostrum.model.pools import Slot
from rostrum.model.runs import Run, RunStatus, RunTarget
from rostrum.service.doorbells import LocalDoorbell
from rostrum.storage.memory import MemoryStorage
from rostrum.testing.clock import FakeClock

A, B, C = (AssetKey((name,)) for name in "abc")
CHECK = CheckKey(A, "fresh")
START = datetime(2026, 1, 1, tzinfo=UTC)
ERROR = ErrorInfo(class_name="ValueError", message="bad\nworse")


class World:
    def __init__(self) -> None:
        self.clock = FakeClock(START)
        self.storage = MemoryStorage(self.clock)
        self.doorbell = LocalDoorbell()
        self.log = EventLog(self.storage, self.doorbell, self.clock)

    def add_run(self, *events: ev.Event, epoch: int = 1) -> Run:
        now = self.clock.now()
        run = Run(run_id=self.clock.new_id(), target=RunTarget("loc", "job"), created_at=now)
        with self.log.transaction() as session:
            session.runs.add([run])
            return self.log.append_control(
                session, run, ev.RunQueued(at=now), ev.RunStarting(at=now, epoch=epoch), *events
            )

    def control(self, run_id: str, *events: ev.Event) -> Run:
        with self.log.transaction() as session:
            run = session.runs.get(run_id)
            assert run is not None
            return self.log.append_control(session, run, *events)

    def run(self, run_id: str) -> Run:
        with self.storage.begin() as session:
            run = session.runs.get(run_id)
        assert run is not None
        return run

    def stored(self, run_id: str) -> Sequence[ev.StoredEvent]:
        with self.storage.begin() as session:
            return session.events.read(run_id)

    def asset(self, key: AssetKey) -> AssetState:
        with self.storage.begin() as session:
            return session.assets.get([key]).get(key, AssetState(key))

    def check(self, key: CheckKey) -> CheckState:
        with self.storage.begin() as session:
            return session.assets.checks([key]).get(key, CheckState(key))

    def partitions(self, key: AssetKey) -> dict[str, str]:
        with self.storage.begin() as session:
            return session.partitions.get(key)


@pytest.fixture
def world() -> World:
    return World()


def place(run_id: str, events: Sequence[ev.Event], epoch: int = 1, first: int = 1) -> list[ev.Event]:
    stream = ev.worker_stream(epoch)
    return [
        msgspec.structs.replace(event, run_id=run_id, stream=stream, sequence=number)
        for number, event in enumerate(events, first)
    ]


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def whole_run(**changes: Any) -> list[ev.Event]:
    """A run that makes `a` and fails at `b`; `c` is not run."""
    return [
        ev.RunStarted(at=at(1), epoch=1, step_keys=("a", "b", "c")),
        ev.StepStarted(at=at(2), step_key="a"),
        ev.AssetMaterialized(at=at(3), step_key="a", asset_key=A, partition_key="p", data_version="1"),
        ev.CheckEvaluated(at=at(3), step_key="a", check_key=CHECK, passed=False),
        ev.StepSucceeded(at=at(4), step_key="a"),
        ev.StepStarted(at=at(5), step_key="b"),
        ev.StepFailed(at=at(6), step_key="b", error=ERROR),
        ev.StepNotRun(at=at(6), step_key="c", because=("b",)),
        ev.RunFailed(at=at(7), reason="step_failure"),
    ]


PLAN = ev.RunPlanned(at=START, asset_keys=(A, B, C), check_keys=(CHECK,), partition_keys=("p",))


def test_a_plan_marks_what_is_to_be_made(world: World) -> None:
    run = world.add_run(PLAN)
    assert world.asset(A).status == "running"
    assert world.check(CHECK).status == "running"
    assert world.partitions(B) == {"p": "running"}
    assert [one.event.sequence for one in world.stored(run.run_id)] == [1, 2, 3]


def test_events_and_state_of_a_failed_run(world: World) -> None:
    run = world.add_run(PLAN)
    result = world.log.append(run.run_id, 1, place(run.run_id, whole_run()))
    assert (result.stored, result.last_sequence, result.fenced) == (9, 9, False)
    after = world.run(run.run_id)
    assert after.status is RunStatus.FAILURE
    assert (after.steps_done, after.steps_failed, after.checks_failed) == (2, 1, 1)
    assert world.asset(A).status == "materialized"
    assert world.asset(A).last_materialization_id is not None
    for key in (B, C):
        assert (world.asset(key).status, world.asset(key).last_error) == ("failed", "ValueError: bad")
        assert world.asset(key).last_failed_run_id == run.run_id
        assert world.partitions(key) == {"p": "failed"}
    assert world.partitions(A) == {"p": "materialized"}
    assert (world.check(CHECK).status, world.check(CHECK).run_id) == ("failed", run.run_id)


def test_a_gap_is_refused_and_duplicates_are_dropped(world: World) -> None:
    run = world.add_run()
    events = place(run.run_id, whole_run())
    world.log.append(run.run_id, 1, events[:3])
    refused = world.log.append(run.run_id, 1, events[5:])
    assert (refused.stored, refused.last_sequence) == (0, 3)
    overlapping = world.log.append(run.run_id, 1, events[1:5])
    assert (overlapping.stored, overlapping.last_sequence) == (2, 5)
    assert world.log.submit(run.run_id, 1, [], stream="worker/1").result().last_sequence == 5


def test_a_fenced_epoch_leaves_evidence_only(world: World) -> None:
    run = world.add_run(PLAN)
    world.control(run.run_id, ev.RunStarting(at=at(1), epoch=2))
    result = world.log.append(run.run_id, 1, place(run.run_id, whole_run()))
    assert (result.stored, result.fenced) == (9, True)
    assert world.run(run.run_id).status is RunStatus.STARTING
    assert world.asset(A).last_materialized_at is None
    assert sum(one.evidence for one in world.stored(run.run_id)) == 9


def test_what_comes_after_the_end_is_evidence(world: World) -> None:
    run = world.add_run(PLAN)
    world.control(run.run_id, ev.RunFailed(at=at(1), reason="worker_lost", message="silent for 5 minutes"))
    assert world.asset(B).last_error == "worker_lost: silent for 5 minutes"
    result = world.log.append(run.run_id, 1, place(run.run_id, whole_run()))
    assert (result.stored, result.fenced) == (9, True)
    assert world.run(run.run_id).failure_reason == "worker_lost"
    assert world.asset(A).last_materialized_at is None


def test_a_worker_cannot_speak_for_the_control_plane(world: World) -> None:
    run = world.add_run()
    forged = place(run.run_id, [ev.RunStarting(at=at(1), epoch=7), ev.RunStarted(at=at(1), epoch=1)])
    assert world.log.append(run.run_id, 1, forged).fenced
    assert (world.run(run.run_id).epoch, world.run(run.run_id).status) == (1, RunStatus.RUNNING)


def test_the_control_plane_is_told_of_an_impossible_event(world: World) -> None:
    run = world.add_run()
    with pytest.raises(InvalidTransition):
        world.control(run.run_id, ev.RunQueued(at=at(0)), ev.RunStarting(at=at(0), epoch=1))
    assert len(world.stored(run.run_id)) == 2


def test_batches_are_of_one_run_and_stream(world: World) -> None:
    run, other = world.add_run(), world.add_run()
    mixed = [*place(run.run_id, whole_run()[:1]), *place(other.run_id, whole_run()[:1])]
    with pytest.raises(InvocationError, match="one run and one stream"):
        world.log.append(run.run_id, 1, mixed)
    with pytest.raises(NotFound):
        world.log.append("nobody", 1, place("nobody", whole_run()[:1]))


def test_events_without_a_run_have_streams_and_state(world: World) -> None:
    made = ev.AssetMaterialized(stream="external/x", sequence=1, at=at(1), asset_key=A, data_version="9")
    for _ in range(2):
        world.log.append("", None, [made])
    assert (world.asset(A).data_version, world.asset(A).last_materialized_run_id) == ("9", None)
    assert len(world.stored("")) == 1


def test_a_canceled_run_lets_go_without_blame(world: World) -> None:
    run = world.add_run(PLAN)
    world.log.append(
        run.run_id,
        1,
        place(
            run.run_id,
            [ev.RunStarted(at=at(1), epoch=1), ev.StepNotRun(at=at(2), step_key="a"), ev.RunCanceled(at=at(3))],
        ),
    )
    assert world.asset(A).status == "missing"
    assert world.partitions(A) == {}
    assert world.check(CHECK).status == "missing"


def test_a_check_that_was_not_evaluated_keeps_its_last_verdict(world: World) -> None:
    run = world.add_run(PLAN)
    verdict = [ev.RunStarted(at=at(1), epoch=1), ev.CheckEvaluated(at=at(2), check_key=CHECK, passed=True)]
    world.log.append(run.run_id, 1, place(run.run_id, [*verdict, ev.RunSucceeded(at=at(3))]))
    second = world.add_run(PLAN)
    assert world.check(CHECK).status == "running"
    world.control(second.run_id, ev.RunFailed(at=at(9), reason="worker_died"))
    check = world.check(CHECK)
    assert (check.status, check.run_id, check.since) == ("passed", run.run_id, at(2))
    third = world.add_run(PLAN)
    later = [ev.RunStarted(at=at(20), epoch=1), ev.CheckEvaluated(at=at(21), check_key=CHECK, passed=True)]
    world.log.append(third.run_id, 1, place(third.run_id, later))
    check = world.check(CHECK)
    assert (check.status, check.since, check.evaluated_at) == ("passed", at(2), at(21))


def test_a_failed_run_over_a_range_blames_only_the_partitions_that_are_missing(world: World) -> None:
    run = world.add_run(ev.RunPlanned(at=START, asset_keys=(A,), partition_keys=("p", "q", "r")))
    events = [
        ev.RunStarted(at=at(1), epoch=1),
        ev.AssetMaterialized(at=at(2), step_key="a", asset_key=A, partition_key="q"),
        ev.StepFailed(at=at(3), step_key="a", error=ERROR),
        ev.RunFailed(at=at(4), reason="step_failure"),
    ]
    world.log.append(run.run_id, 1, place(run.run_id, events))
    assert world.partitions(A) == {"p": "failed", "q": "materialized", "r": "failed"}
    assert world.asset(A).last_failed_run_id == run.run_id


def test_another_runs_plan_is_left_alone(world: World) -> None:
    first, second = world.add_run(PLAN), world.add_run(PLAN)
    world.control(first.run_id, ev.RunCanceled(at=at(1)))
    assert world.asset(A).in_progress_run_id == second.run_id
    assert world.check(CHECK).status == "running"
    world.control(second.run_id, ev.RunCanceled(at=at(2)))
    assert world.asset(A).in_progress_run_id is None


def test_slots_are_freed_with_the_step_and_with_the_run(world: World) -> None:
    run = world.add_run()

    def claim(session: Session) -> None:
        for step_key in ("a", "b"):
            session.pools.put_slot(
                Slot(pool="pool", run_id=run.run_id, step_key=step_key, epoch=1, claimed_at=session.now())
            )

    world.log.call(claim).result()
    queue = world.doorbell.count("queue")
    events = place(run.run_id, [ev.RunStarted(at=at(1), epoch=1), ev.StepSucceeded(at=at(2), step_key="a")])
    world.log.append(run.run_id, 1, events)
    with world.storage.begin() as session:
        assert [slot.step_key for slot in session.pools.slots()] == ["b"]
    assert world.doorbell.count("queue") > queue
    world.control(run.run_id, ev.RunFailed(at=at(3), reason="worker_died"))
    with world.storage.begin() as session:
        assert not session.pools.slots()


def test_a_worker_heard_again_ends_the_disconnection(world: World) -> None:
    run = world.add_run(ev.RunStarted(at=at(1), epoch=1), ev.RunDisconnected(at=at(2)))
    assert run.disconnected_at is not None
    world.clock.advance(100)
    after = world.log.heard(run.run_id, 1).result()
    assert after.disconnected_at is None
    assert world.run(run.run_id).last_heard_at == world.clock.now()
    assert world.stored(run.run_id)[-1].event.kind == "run_reconnected"


def test_heartbeats_are_stored_at_most_every_two_seconds(world: World) -> None:
    run = world.add_run()
    first = world.clock.advance(10)
    world.log.heard(run.run_id, 1).result()
    world.clock.advance(1)
    world.log.heard(run.run_id, 1).result()
    assert world.run(run.run_id).last_heard_at == first
    second = world.clock.advance(1)
    world.log.heard(run.run_id, 1).result()
    assert world.run(run.run_id).last_heard_at == second


def test_draining_stops_at_nothing_but_a_gap(world: World) -> None:
    run = world.add_run(PLAN)
    events = place(run.run_id, whole_run())
    world.log.append(run.run_id, 1, events[:2])
    assert world.log.drain(run.run_id, 1, [events[:4], [], events[4:]]) == 7
    assert world.run(run.run_id).status is RunStatus.FAILURE


def test_a_broken_spool_does_not_keep_a_run_from_ending(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    run = world.add_run(PLAN)
    events = place(run.run_id, whole_run())
    left_behind = world.log._left_behind

    def faulty(run_id: str, epoch: int, batch: Sequence[ev.Event]) -> AppendResult:
        if any(event.kind == "step_started" for event in batch):
            raise OverflowError("too large")
        return left_behind(run_id, epoch, batch)

    monkeypatch.setattr(world.log, "_left_behind", faulty)
    assert world.log.drain(run.run_id, 1, [events]) == 9
    assert world.run(run.run_id).status is RunStatus.FAILURE
    messages = [one.event for one in world.stored(run.run_id) if isinstance(one.event, ev.EngineMessage)]
    assert len(messages) == 2
    other = world.add_run()
    foreign = place(other.run_id, whole_run(), epoch=2)
    assert world.log.drain(other.run_id, 1, [place(other.run_id, whole_run()[:2]), foreign, events]) == 2


# --- any order, any grouping -----------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(
    cuts=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12),
    grouped=st.booleans(),
    with_plan=st.booleans(),
)
def test_any_batches_in_any_order_give_the_same_state(
    cuts: list[tuple[int, int]], grouped: bool, with_plan: bool
) -> None:
    events = whole_run()
    world = World()
    run = world.add_run(*([PLAN] if with_plan else []))
    placed = place(run.run_id, events)
    if grouped:
        world.log.start()
    futures = [world.log.submit(run.run_id, 1, placed[min(cut) : max(cut)], stream="worker/1") for cut in cuts]
    for future in futures:
        future.result()
    world.log.append(run.run_id, 1, placed)
    world.log.stop()
    reference = World()
    other = reference.add_run(*([PLAN] if with_plan else []))
    assert other.run_id == run.run_id
    reference.log.append(run.run_id, 1, placed)
    assert [one.event for one in world.stored(run.run_id)] == [one.event for one in reference.stored(run.run_id)]
    assert world.run(run.run_id) == reference.run(run.run_id)
    for key in (A, B, C):
        assert world.asset(key) == reference.asset(key)
        assert world.partitions(key) == reference.partitions(key)
    assert world.check(CHECK) == reference.check(CHECK)


KINDS = st.sampled_from(
    [
        ev.RunStarted(at=at(1), epoch=1),
        ev.StepSucceeded(at=at(2), step_key="b"),
        ev.AssetMaterialized(at=at(3), asset_key=A, partition_key="p"),
        ev.AssetMaterialized(at=at(4), asset_key=B),
        ev.AssetObserved(at=at(5), asset_key=C, data_version="5"),
        ev.CheckEvaluated(at=at(6), check_key=CHECK, passed=True),
        ev.StepFailed(at=at(7), step_key="b", error=ERROR),
        ev.StepNotRun(at=at(8), step_key="c", because=("b",)),
        PLAN,
        ev.RunFailed(at=at(9), reason="step_failure"),
        ev.RunSucceeded(at=at(9)),
        ev.RunCanceled(at=at(9)),
    ]
)


@settings(max_examples=100)
@given(kinds=st.lists(KINDS, max_size=14), epochs=st.lists(st.sampled_from([1, 1, 1, 2]), max_size=4))
def test_state_is_the_fold_of_what_is_stored_and_no_evidence(kinds: list[ev.Event], epochs: list[int]) -> None:
    world = World()
    run = world.add_run(PLAN)
    rest = list(kinds)
    first = 1
    for epoch in epochs:  # a raised epoch fences the worker
        if epoch != world.run(run.run_id).epoch and not world.run(run.run_id).is_finished and epoch > 1:
            world.control(run.run_id, ev.RunStarting(at=at(0), epoch=epoch))
        batch, rest = rest[:4], rest[4:]
        world.log.append(run.run_id, 1, place(run.run_id, batch, first=first)) if batch else None
        first += len(batch)
    stored = [one for one in world.stored(run.run_id) if not one.evidence]
    folded = Run(run_id=run.run_id, target=run.target, created_at=run.created_at)
    derivation = Derivation({}, {})
    for index, one in enumerate(stored):
        (folded,), _ = fold_run(folded, [one.event], None)
        before = stored[: index + 1]
        derivation.apply(one, folded, facts_from(before, before if isinstance(one.event, ev.RunFailed) else ()))
    known = world.run(run.run_id)
    assert msgspec.structs.replace(known, last_heard_at=None) == msgspec.structs.replace(folded, last_heard_at=None)
    for state in derivation.changed_assets():
        assert world.asset(state.asset_key) == state
    for check in derivation.changed_checks():
        assert world.check(check.check_key) == check


# --- group commit ----------------------------------------------------------------------------------------------------


def test_a_poisoned_request_fails_alone(world: World) -> None:
    run = world.add_run()
    gate = threading.Event()

    def hold(_: Session) -> None:
        gate.wait(5)

    def poison(_: Session) -> None:
        raise ZeroDivisionError

    world.log.start()
    held = world.log.call(hold)
    events = place(run.run_id, whole_run())
    good = [world.log.submit(run.run_id, 1, events[:2]), world.log.submit(run.run_id, 1, events[2:5])]
    bad = world.log.call(poison)
    unknown = world.log.submit("nobody", 1, place("nobody", whole_run()[:1]))
    gate.set()
    held.result(5)
    assert [future.result(5).last_sequence for future in good] == [2, 5]
    with pytest.raises(ZeroDivisionError):
        bad.result(5)
    with pytest.raises(NotFound):
        unknown.result(5)
    world.log.stop()
    assert len(world.stored(run.run_id)) == 7


def test_starting_and_stopping_in_any_order(world: World) -> None:
    run = world.add_run()
    world.log.stop()
    world.log.start()
    world.log.start()
    futures = [world.log.submit(run.run_id, 1, [event]) for event in place(run.run_id, whole_run())]
    world.log.stop()
    world.log.stop()
    assert [future.result(0).last_sequence for future in futures] == list(range(1, 10))
    world.log.start()
    world.log.stop()


def test_many_callers_share_transactions() -> None:
    world = World()
    begun = 0
    begin = world.storage.begin

    def counting(*, write: bool = False) -> Any:
        nonlocal begun
        begun += 1
        return begin(write=write)

    world.storage.begin = counting  # type: ignore[method-assign]
    runs = [world.add_run() for _ in range(20)]
    before = begun
    gate = threading.Event()
    world.log.start()
    held = world.log.call(lambda _: gate.wait(5))
    futures = [world.log.submit(run.run_id, 1, place(run.run_id, whole_run())) for run in runs]
    gate.set()
    held.result(5)
    assert all(future.result(5).last_sequence == 9 for future in futures)
    world.log.stop()
    assert begun - before <= 3
