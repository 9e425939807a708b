"""Workers that claim slots while they are killed, cut off, resumed, and heard late: a pool never has more steps at work
than its limit, nobody waits for ever, and nothing is left when all has ended.

A worker here is what a run worker is to the control plane: it claims, runs attempts, and its events arrive in order but
whenever they like. A claim may be granted without the worker learning of it. Time is a fake clock's.
"""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from rostrum.control.events import EventLog
from rostrum.control.slots import Claim, claim_slot
from rostrum.interfaces.storage import Session, Storage
from rostrum.model.errors import ErrorInfo
from rostrum.model.events import (
    Event,
    RunCanceled,
    RunFailed,
    RunStarted,
    RunStarting,
    RunSucceeded,
    StepRetrying,
    StepSucceeded,
    worker_stream,
)
from rostrum.model.pools import PoolLimit, SlotAnswer, SlotWish
from rostrum.model.runs import Run, RunTarget
from rostrum.planning.pools import PoolRules
from rostrum.service.doorbells import LocalDoorbell
from rostrum.storage.memory import MemoryStorage
from rostrum.storage.sql import SqlStorage
from rostrum.testing.clock import FakeClock

POOLS = {"db": 2, "api": 1}
RULES = PoolRules(limits=POOLS)
ERROR = ErrorInfo("ValueError", "no")


class Worker:
    """One epoch of a run."""

    def __init__(self, run_id: str, epoch: int, steps: dict[str, str]) -> None:
        self.run_id, self.epoch = run_id, epoch
        self.todo = dict(steps)
        """step -> pool"""
        self.running: dict[str, str] = {}
        self.spool: list[Event] = []
        self.delivered = 0
        self.is_alive = True
        self.is_cut_off = False

    def tell(self, event: Event) -> None:
        fields = {name: getattr(event, name) for name in event.__struct_fields__}
        place = {"run_id": self.run_id, "stream": worker_stream(self.epoch), "sequence": len(self.spool) + 1}
        self.spool.append(type(event)(**(fields | place)))


class World:
    def __init__(self, seed: int, storage: Storage | None, clock: FakeClock) -> None:
        self.dice, self.clock = random.Random(seed), clock
        self.storage: Storage = storage or MemoryStorage(clock)
        self.log = EventLog(self.storage, LocalDoorbell(), clock)
        self.workers: list[Worker] = []
        self.limits = dict(POOLS)
        self.trouble = True
        self.granted: Counter[str] = Counter()

    # --- what happens

    def start_run(self) -> None:
        run_id = self.clock.new_id()
        run = Run(
            run_id=run_id,
            target=RunTarget("loc", "job"),
            created_at=self.clock.now(),
            priority=self.dice.randrange(2),
        )
        steps = {f"s{number}": self.dice.choice(list(POOLS)) for number in range(self.dice.randrange(1, 5))}
        with self.log.transaction() as session:
            session.runs.add([run])
        self.launch(run_id, 1, steps)

    def launch(self, run_id: str, epoch: int, steps: dict[str, str]) -> None:
        self.control(run_id, RunStarting(at=self.clock.now(), epoch=epoch))
        worker = Worker(run_id, epoch, steps)
        worker.tell(RunStarted(at=self.clock.now(), epoch=epoch, step_keys=tuple(steps)))
        self.workers.append(worker)

    def control(self, run_id: str, event: Event) -> None:
        with self.log.transaction() as session:
            run = session.runs.get(run_id)
            assert run is not None
            if not run.is_finished:
                self.log.append_control(session, run, event)

    def ask(self, worker: Worker, key: str) -> None:
        others = [SlotWish(pool, other) for other, pool in worker.todo.items() if other != key]
        wish = SlotWish(worker.todo[key], key, self.dice.randrange(2), self.dice.choice([0.0, 1.0]))
        after = len(worker.spool)

        def claim(session: Session) -> SlotAnswer:
            run = session.runs.get(worker.run_id)
            assert run is not None
            return claim_slot(session, Claim(run, worker.epoch, wish, others, after), RULES)

        at_work = self.at_work()[wish.pool]
        answer = self.log.call(claim).result()
        if answer.granted and not (self.trouble and self.dice.random() < 0.1):  # else the answer is lost
            assert at_work < self.limits[wish.pool], f"{at_work} at work in {wish.pool}, and one more was let in"
            worker.running[key] = worker.todo.pop(key)
            self.granted[wish.pool] += 1

    def end_attempt(self, worker: Worker, key: str) -> None:
        pool = worker.running.pop(key)
        if self.trouble and self.dice.random() < 0.3:
            worker.tell(StepRetrying(at=self.clock.now(), step_key=key, error=ERROR, attempt=1))
            worker.todo[key] = pool
        else:
            worker.tell(StepSucceeded(at=self.clock.now(), step_key=key))
        if not worker.todo and not worker.running:
            worker.tell(RunSucceeded(at=self.clock.now()))

    def deliver(self, worker: Worker) -> None:
        """Some of what the worker has told arrives; maybe some of it for the second time."""
        begin = max(0, worker.delivered - self.dice.randrange(2))
        end = min(len(worker.spool), worker.delivered + self.dice.randrange(1, 4))
        if end > begin:
            self.log.append(worker.run_id, worker.epoch, worker.spool[begin:end])
            worker.delivered = max(worker.delivered, end)

    def die(self, worker: Worker) -> None:
        """The worker's process is gone, and somebody sees it: the run fails, ends as cancelled, or is resumed."""
        worker.is_alive, left = False, worker.todo | worker.running
        worker.running = {}
        roll, now = self.dice.random(), self.clock.now()
        if roll < 0.3 and self.is_open(worker):
            self.launch(worker.run_id, worker.epoch + 1, left or {"again": "db"})
        else:
            end = RunCanceled(at=now) if roll < 0.5 else RunFailed(at=now, reason="worker_died")
            self.control(worker.run_id, end)

    def is_open(self, worker: Worker) -> bool:
        with self.storage.begin() as session:
            run = session.runs.get(worker.run_id)
        return run is not None and not run.is_finished and run.epoch == worker.epoch

    # --- what must hold

    def at_work(self) -> Counter[str]:
        return Counter(pool for worker in self.workers if worker.is_alive for pool in worker.running.values())

    def check(self) -> None:
        with self.storage.begin() as session:
            slots, waiters = session.pools.slots(), session.pools.waiters()
            for each in (*slots, *waiters):
                run = session.runs.get(each.run_id)
                assert run is not None
                assert not run.is_finished
        held = Counter(slot.pool for slot in slots)
        if self.limits == POOLS:
            assert all(held[pool] <= limit for pool, limit in POOLS.items()), held
        holders = {(slot.run_id, slot.step_key) for slot in slots}
        for worker in self.workers:
            if worker.is_alive:
                assert {(worker.run_id, key) for key in worker.running} <= holders

    def turn(self) -> None:
        worker = self.dice.choice(self.workers)
        roll = self.dice.random()
        if self.trouble and roll < 0.03:
            if worker.is_alive:
                self.die(worker)
        elif self.trouble and roll < 0.06:
            worker.is_cut_off = not worker.is_cut_off
        elif roll < 0.5 and not worker.is_cut_off:
            self.deliver(worker)
        elif roll < 0.75 and worker.todo and worker.is_alive and not worker.is_cut_off:
            self.ask(worker, next(iter(worker.todo)) if roll < 0.7 else self.dice.choice(list(worker.todo)))
        elif worker.running and worker.is_alive:
            self.end_attempt(worker, self.dice.choice(list(worker.running)))
        self.clock.advance(self.dice.choice([0.0, 0.1, 0.3]))
        self.check()


def simulate(seed: int, storage: Storage | None, clock: FakeClock, turns: int) -> World:
    world = World(seed, storage, clock)
    for number in range(turns):
        if number % 25 == 0:
            world.start_run()
        world.turn()
    world.trouble = False
    for worker in world.workers:
        worker.is_cut_off = False
    for _ in range(turns * 20):
        living = [w for w in world.workers if w.is_alive and (w.todo or w.running or w.delivered < len(w.spool))]
        if not living:
            break
        world.turn()
    stuck = [(w.run_id, w.epoch, w.todo, w.running) for w in world.workers if w.is_alive and (w.todo or w.running)]
    assert not stuck
    with world.storage.begin() as session:
        assert not session.pools.slots()
        assert not session.pools.waiters()
    return world


@pytest.mark.parametrize("seed", range(18))
def test_in_memory(seed: int) -> None:
    simulate(seed, None, FakeClock(seed=seed), turns=300)


@pytest.mark.parametrize("seed", range(2))
def test_on_sqlite(seed: int, tmp_path: Path) -> None:
    clock = FakeClock(seed=seed)
    storage = SqlStorage(f"sqlite:///{tmp_path / 'rostrum.db'}", clock=clock)
    storage.migrate()
    try:
        simulate(500 + seed, storage, clock, turns=150)
    finally:
        storage.close()


def test_all_pools_are_used() -> None:
    world = simulate(7, None, FakeClock(), turns=400)
    assert min(world.granted[pool] for pool in POOLS) > 10


def test_lower_limits_let_nobody_in_and_take_from_nobody() -> None:
    world = World(1, None, FakeClock())
    world.trouble = False
    world.start_run()
    worker = world.workers[0]
    worker.todo = {"a": "db", "b": "db", "c": "db"}
    world.ask(worker, "a")
    world.ask(worker, "b")
    with world.log.transaction() as session:
        session.pools.put_limit(PoolLimit(pool="db", limit=1, set_at=world.clock.now()))
    world.limits = {"db": 1, "api": 1}
    assert list(worker.running) == ["a", "b"]
    world.end_attempt(worker, "a")
    while worker.delivered < len(worker.spool):
        world.deliver(worker)
    world.ask(worker, "c")
    assert list(worker.running) == ["b"]
    with world.log.transaction() as session:
        session.pools.delete_limit("db")
    world.limits = dict(POOLS)
    world.ask(worker, "c")
    assert list(worker.running) == ["b", "c"]
