"""Claims of slots: whose turn it is, what a refusal tells, which events free."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from rostrum.control.events import EventLog
from rostrum.control.slots import Claim, claim_slot, frees
from rostrum.interfaces.storage import Session
from rostrum.model.errors import ErrorInfo
from rostrum.model.events import RunCanceling, RunFailed, RunStarting, StepRetrying, StepSucceeded, step_stream
from rostrum.model.pools import PoolLimit, Slot, SlotAnswer, SlotWish
from rostrum.model.runs import Run, RunTarget
from rostrum.planning.pools import PoolRules
from rostrum.service.doorbells import LocalDoorbell
from rostrum.storage.memory import MemoryStorage
from rostrum.testing.clock import FakeClock
from tests.control_plane import Plane, manifest

RULES = PoolRules(limits={"db": 1})
ERROR = ErrorInfo("ValueError", "no")


class World:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.storage = MemoryStorage(self.clock)
        self.log = EventLog(self.storage, LocalDoorbell(), self.clock)
        self.rules = RULES

    def start(self, run_id: str, priority: int = 0) -> str:
        run = Run(run_id=run_id, target=RunTarget("l", "j"), created_at=self.clock.now(), priority=priority)
        with self.log.transaction() as session:
            session.runs.add([run])
            self.log.append_control(session, run, RunStarting(at=self.clock.now(), epoch=1))
        return run_id

    def ask(
        self, run_id: str, step: str = "s", *others: str, epoch: int = 1, after: int = 0, **wish: float
    ) -> SlotAnswer:
        def claim(session: Session) -> SlotAnswer:
            run = session.runs.get(run_id)
            assert run is not None
            wishes = [SlotWish("db", key, **wish) for key in (step, *others)]  # type: ignore[arg-type]
            return claim_slot(session, Claim(run, epoch, wishes[0], wishes[1:], after), self.rules)

        return self.log.call(claim).result()

    def control(self, run_id: str, event: RunFailed | RunStarting | RunCanceling) -> None:
        with self.log.transaction() as session:
            run = session.runs.get(run_id)
            assert run is not None
            self.log.append_control(session, run, event)

    def end(self, run_id: str, step: str = "s", sequence: int = 1, stream: str = "worker/1", **kind: object) -> None:
        place = {"run_id": run_id, "stream": stream, "sequence": sequence, "at": self.clock.now(), "step_key": step}
        event = StepRetrying(**place, error=ERROR, attempt=1) if kind else StepSucceeded(**place)  # type: ignore[arg-type]
        self.log.append(run_id, 1, [event])

    def line(self) -> list[str]:
        with self.storage.begin() as session:
            return [f"{waiter.run_id}:{waiter.step_key}" for waiter in session.pools.waiters()]

    def held(self) -> list[str]:
        with self.storage.begin() as session:
            return [f"{slot.run_id}:{slot.step_key}" for slot in session.pools.slots()]


@pytest.fixture
def world() -> World:
    return World()


def test_a_refusal_says_who_has_the_slots_and_when_to_ask_again(world: World) -> None:
    world.start("r1"), world.start("r2")
    assert world.ask("r1").granted
    answer = world.ask("r2", "load")
    assert (answer.granted, answer.limit, answer.holders, answer.retry_seconds) == (False, 1, ("r1:s",), 0.25)
    assert world.line() == ["r2:load"]


def test_a_step_never_blocks_itself(world: World) -> None:
    world.start("r1")
    assert world.ask("r1").granted
    assert world.ask("r1").granted
    assert world.held() == ["r1:s"]


def test_turns_go_by_priority_of_the_run_then_of_the_step_then_by_age(world: World) -> None:
    for name in ("r0", "r1", "r2", "r3"):
        world.start(name)
        world.clock.advance(1)
    world.start("r4", priority=1)
    assert world.ask("r0").granted
    for name in ("r1", "r2"):
        assert not world.ask(name).granted
        world.clock.advance(0.1)
    assert not world.ask("r3", priority=7).granted
    world.clock.advance(0.1)
    assert not world.ask("r4").granted
    assert world.line() == ["r4:s", "r3:s", "r1:s", "r2:s"]
    world.end("r0")
    for turn, name in enumerate(("r4", "r3", "r1", "r2"), start=1):
        waiting = ("r4", "r3", "r1", "r2")[turn:]
        assert all(not world.ask(other, priority=7 if other == "r3" else 0).granted for other in waiting)
        assert world.ask(name, priority=7 if name == "r3" else 0).granted
        world.end(name)


def test_a_step_that_has_waited_before_it_was_first_told_keeps_its_age(world: World) -> None:
    world.start("r1"), world.start("r2"), world.start("r3")
    world.clock.advance(60)
    assert world.ask("r1").granted
    assert not world.ask("r2").granted
    assert not world.ask("r3", waited_seconds=30.0).granted
    assert world.line() == ["r3:s", "r2:s"]


def test_who_does_not_ask_any_more_is_passed(world: World) -> None:
    world.start("r1"), world.start("r2"), world.start("r3")
    assert world.ask("r1").granted
    assert not world.ask("r2").granted
    assert not world.ask("r3").granted
    world.end("r1")
    assert not world.ask("r3").granted, "it is the turn of r2"
    world.clock.advance(3.5)
    assert world.ask("r3").granted
    assert world.line() == ["r2:s"]
    assert not world.ask("r2").granted
    world.end("r3")
    assert world.ask("r2").granted


def test_others_of_the_run_stand_in_line_and_it_decides_which_goes_first(world: World) -> None:
    world.start("r1"), world.start("r2")
    assert world.ask("r1").granted
    assert not world.ask("r2", "a", "b", "c").granted
    assert world.line() == ["r2:a", "r2:b", "r2:c"]
    world.end("r1")
    assert world.ask("r2", "c").granted
    assert world.line() == ["r2:a", "r2:b"]


def test_far_behind_one_asks_less_often(world: World) -> None:
    names = [world.start(f"r{number:02}") for number in range(20)]
    pauses = [world.ask(name).retry_seconds for name in names]
    assert pauses[1] == 0.25
    assert pauses == sorted(pauses)
    assert pauses[-1] == 2.0


@pytest.mark.parametrize(
    "spoil",
    [
        lambda world: world.control("r1", RunFailed(at=world.clock.now(), reason="worker_died")),
        lambda world: world.control("r1", RunStarting(at=world.clock.now(), epoch=2)),
        lambda world: world.control("r1", RunCanceling(at=world.clock.now())),
    ],
    ids=["ended", "fenced", "canceling"],
)
def test_no_slot_for_a_run_that_is_over(world: World, spoil: Callable[[World], None]) -> None:
    world.start("r1")
    spoil(world)
    assert not world.ask("r1").granted
    assert world.line() == []


def test_a_new_epoch_frees_what_the_last_one_held(world: World) -> None:
    world.start("r1"), world.start("r2")
    assert world.ask("r1").granted
    assert not world.ask("r2").granted
    world.control("r1", RunStarting(at=world.clock.now(), epoch=2))
    assert world.held() == []
    world.end("r1")  # late, of the first epoch: evidence
    assert world.ask("r2").granted


def test_the_late_end_of_an_attempt_does_not_free_the_slot_of_the_next(world: World) -> None:
    world.start("r1"), world.start("r2")
    assert world.ask("r1", after=3).granted
    # The first attempt ends as event 4, the second one claims; only then is the event heard.
    assert world.ask("r1", after=4).granted
    for sequence in (1, 2, 3):
        world.end("r1", "other", sequence)
    world.end("r1", sequence=4, retrying=True)
    assert world.held() == ["r1:s"]
    assert not world.ask("r2").granted
    world.end("r1", sequence=5)
    assert world.held() == []


def test_a_slot_that_outlived_its_run_is_taken_away(world: World) -> None:
    world.start("r1"), world.start("r2")
    with world.log.transaction() as session:
        session.pools.put_slot(Slot(pool="db", run_id="gone", step_key="s", epoch=1, claimed_at=session.now()))
    assert world.ask("r1").granted
    assert world.held() == ["r1:s"]


def test_limits_that_were_set_win_over_the_file_and_the_default(world: World) -> None:
    world.rules = PoolRules(limits={"db": 1}, default_limit=5)
    world.start("r1")
    with world.log.transaction() as session:
        session.pools.put_limit(PoolLimit(pool="db", limit=0, set_at=session.now()))
    refused = world.ask("r1")
    assert (refused.granted, refused.limit, refused.retry_seconds) == (False, 0, 2.0)
    with world.log.transaction() as session:
        session.pools.delete_limit("db")
    assert world.ask("r1").granted


def test_pools_without_limit_and_pools_of_runs_need_no_slot(world: World) -> None:
    world.start("r1"), world.start("r2")
    world.rules = PoolRules()
    assert world.ask("r1").granted
    world.rules = PoolRules(limits={"db": 1}, granularity="run")
    assert world.ask("r2").granted
    assert world.held() == []


def test_the_end_that_a_step_worker_tells_itself_frees_what_was_claimed_before_it(world: World) -> None:
    slot = Slot(pool="db", run_id="r1", step_key="s", epoch=1, sequence=5, claimed_at=world.clock.now())
    end = StepSucceeded(at=world.clock.now(), run_id="r1", step_key="s", stream=step_stream(1, "s"), sequence=2)
    placed = {"run_id": "r1", "stream": end.stream, "sequence": 2}
    again = StepRetrying(at=end.at, step_key="s", attempt=1, error=ErrorInfo("E", "x"), **placed)
    assert frees(end, slot, told=5)
    assert frees(again, slot, told=5)
    assert frees(end, slot, told=4), "what has ended for good holds nothing, and nobody tells of its end again"
    assert not frees(again, slot, told=4), "what the run worker said before the claim may be the end of this attempt"


def test_runs_know_their_pools_and_their_priority_from_the_definitions() -> None:
    plane = Plane()
    first, *others = manifest().ops
    pooled = [
        msgspec.structs.replace(op, pool="db") if op.name in ("extract", "tell") else op for op in (first, *others)
    ]
    plane.load(msgspec.structs.replace(manifest(), ops=tuple(pooled)))
    run = plane.submit(tags={"dagster/priority": "3"})
    assert (run.pools, run.first_pools, run.priority) == (("db",), ("db",), 3)
    assert plane.submit(step_selection=("load",)).pools == ()
    assert plane.submit(tags={"dagster/priority": "soon"}).priority == 0
    for told, priority in (("9" * 30, 2**31 - 1), ("-" + "9" * 30, 1 - 2**31), ("9" * 5000, 0)):
        assert plane.submit(tags={"dagster/priority": told}).priority == priority, "as much as can be stored"
    assert plane.submit(tags={"dagster/priority": "3"}, priority=7).priority == 7
