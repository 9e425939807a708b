"""Property: the memory and the SQL storage answer alike, whatever is done to them, sessions that fail included."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rostrum.interfaces.storage import Session, Storage
from rostrum.model.assets import AssetKey, AssetState
from rostrum.model.errors import RostrumError
from rostrum.model.events import RunPlanned, StoredEvent
from rostrum.model.pools import PoolLimit, Waiter
from rostrum.model.runs import Run, RunFilter, RunStatus, RunTarget
from rostrum.model.ticks import AutomationKey, Tick
from rostrum.storage.memory import MemoryStorage
from rostrum.storage.sql import SqlStorage
from rostrum.testing.clock import FakeClock
from rostrum.testing.conformance.storage.pools import slot, waiter
from rostrum.testing.conformance.storage.values import materialized, said

Operation = Callable[[Session, FakeClock], Any]
KEY = AutomationKey("main", "a")
numbers = st.integers(1, 4)
assets = st.sampled_from([AssetKey(("a",)), AssetKey(("a", "b"))])
statuses = st.sampled_from(list(RunStatus))


def run_of(clock: FakeClock, number: int, status: RunStatus, asset: AssetKey) -> Run:
    target = RunTarget("main", f"job{number % 2}", asset_selection=(asset,))
    tags = {"n": str(number % 2)}
    return Run(
        run_id=f"r{number}", target=target, created_at=clock.now(), status=status, tags=tags, priority=number % 3
    )


@st.composite
def run_operations(draw: st.DrawFn) -> Operation:
    number, status, asset = draw(numbers), draw(statuses), draw(assets)
    run_id = f"r{number}"
    key = draw(st.none() | st.sampled_from(["k1", "k2"]))

    def put(session: Session, clock: FakeClock) -> Any:
        run = session.runs.get(run_id)
        return run and session.runs.put(msgspec.structs.replace(run, status=status, tags={"n": key or ""}))

    choices: list[Operation] = [
        lambda session, clock: session.runs.add([run_of(clock, number, status, asset)], key),
        put,
        lambda session, _: session.runs.delete(run_id),
        lambda session, _: session.runs.claim_run_key(KEY, key or "", run_id),
    ]
    return draw(st.sampled_from(choices))


@st.composite
def event_operations(draw: st.DrawFn) -> Operation:
    run_id, asset = f"r{draw(numbers)}", draw(assets)
    sequences = draw(st.lists(st.integers(1, 9), max_size=5))
    evidence = draw(st.booleans())

    def append(session: Session, clock: FakeClock) -> Any:
        batch: list[Any] = []
        for sequence in sequences:
            if sequence % 3 == 0:
                batch.append(materialized(clock, run_id, sequence, asset, f"p{sequence}"))
            elif sequence % 3 == 1:
                place = {"run_id": run_id, "stream": "worker/1", "sequence": sequence}
                batch.append(RunPlanned(**place, at=clock.now(), asset_keys=(asset,)))
            else:
                batch.append(said(clock, run_id, sequence))
        return plain(session.events.append(batch, evidence=evidence))

    return append


@st.composite
def partition_operations(draw: st.DrawFn) -> Operation:
    asset = draw(assets)
    keys = draw(st.lists(st.sampled_from(["p1", "p2"]), min_size=1, max_size=2))
    status = draw(st.sampled_from(["running", "materialized", "failed", ""]))
    run_id = f"r{draw(st.integers(1, 2))}"
    mark: Operation = lambda session, _: session.partitions.mark(asset, dict.fromkeys(keys, (status, run_id)))  # noqa: E731
    choices: list[Operation] = [
        mark,
        mark,
        lambda session, _: session.partitions.add_dynamic("d", keys),
        lambda session, _: session.partitions.delete_dynamic("d", keys[0]),
        lambda session, _: session.assets.put([AssetState(asset, data_version=status)]),
    ]
    return draw(st.sampled_from(choices))


@st.composite
def claim_operations(draw: st.DrawFn) -> Operation:
    owner, seconds, limit = draw(st.sampled_from("ab")), draw(st.integers(1, 20)), draw(numbers)

    def tick(session: Session, clock: FakeClock) -> bool:
        scheduled_at = clock.now().replace(second=seconds)
        return session.automations.add_tick(
            Tick(tick_id=f"t{seconds}", key=KEY, scheduled_at=scheduled_at, started_at=clock.now())
        )

    def standing(clock: FakeClock) -> Waiter:
        numbers = {"run_priority": seconds % 3, "step_priority": seconds % 2}
        found = waiter(clock, f"r{limit}", owner, f"p{seconds % 2}", **numbers)
        return msgspec.structs.replace(found, expires_at=clock.now() + timedelta(seconds=seconds))

    choices: list[Operation] = [
        lambda session, _: session.leases.acquire("lease", owner, seconds),
        lambda session, _: session.leases.release("lease", owner),
        lambda session, clock: session.pools.put_slot(slot(clock, f"r{limit}", owner, f"p{seconds % 2}")),
        lambda session, clock: session.pools.put_waiters([standing(clock)]),
        lambda session, clock: session.pools.ahead(standing(clock)),
        lambda session, _: session.pools.release(f"r{limit}", owner if seconds > 10 else None),
        lambda session, _: session.pools.prune(f"p{seconds % 2}"),
        lambda session, clock: session.pools.put_limit(PoolLimit(pool=owner, limit=limit, set_at=clock.now())),
        lambda session, _: session.pools.delete_limit(owner),
        tick,
    ]
    return draw(st.sampled_from(choices))


def scripts(operations: st.SearchStrategy[Operation]) -> st.SearchStrategy[list[tuple[list[Operation], bool, int]]]:
    """Make sessions of a few operations each: operations, whether the session fails, seconds until the next one."""
    fails = st.sampled_from([False, False, False, True])
    return st.lists(
        st.tuples(st.lists(operations, min_size=1, max_size=6), fails, st.integers(0, 7)), min_size=1, max_size=8
    )


TOPICS = [run_operations(), run_operations() | event_operations(), partition_operations(), claim_operations()]
# One topic at a time meets the same rows more often; the last mixes all.
sessions = st.sampled_from([*TOPICS, st.one_of(TOPICS)]).flatmap(scripts)


class Fail(Exception):
    pass


def plain(stored: Any) -> list[tuple[Any, bool]]:
    """Events without their ids: those of one database are shared by its deployments."""
    assert [one.id for one in stored] == sorted(one.id for one in stored)
    return [(one.event, one.evidence) for one in stored]


def reversed_plain(stored: Any) -> list[tuple[Any, bool]]:
    return plain(list(reversed(stored)))


def everything(session: Session) -> dict[str, Any]:
    tail: list[StoredEvent] = list(session.events.tail(0))
    filters = [
        RunFilter(),
        RunFilter(job="job1"),
        RunFilter(tag=("n", "1")),
        RunFilter(statuses=(RunStatus.QUEUED, RunStatus.RUNNING)),
    ]
    filters += [RunFilter(asset_key=AssetKey(("a",))), RunFilter(run_id_part="r2")]
    return {
        "runs": [session.runs.list(where, limit=3) for where in filters],
        "counts": [session.runs.count(RunFilter(), by) for by in ("status", "job")],
        "queue": list(session.runs.queued(2)),
        "in progress": list(session.runs.in_progress()),
        "run keys": session.runs.run_keys(KEY, ["k1", "k2", ""]),
        "events": plain(tail),
        "last": bool(tail) and session.events.last_id() == tail[-1].id,
        "of runs": [plain(session.events.read(f"r{n}", kinds=("log_message", "run_planned"))) for n in range(1, 5)],
        "of asset": reversed_plain(session.events.read_asset(AssetKey(("a",)), limit=3)),
        "sequences": [session.events.last_sequence(f"r{n}", "worker/1") for n in range(1, 5)],
        "assets": list(session.assets.all()),
        "version": session.assets.version(),
        "partitions": [session.partitions.get(key) for key in (AssetKey(("a",)), AssetKey(("a", "b")))],
        "partition counts": [session.partitions.counts(key) for key in (AssetKey(("a",)), AssetKey(("a", "b")))],
        "dynamic": list(session.partitions.dynamic("d")),
        "ticks": list(session.automations.ticks()),
        "leases": list(session.leases.all()),
        "slots": [*session.pools.slots(), *session.pools.slots("p1")],
        "waiters": [*session.pools.waiters(), *session.pools.waiters("p1")],
        "pool limits": list(session.pools.limits()),
    }


def play(storage: Storage, clock: FakeClock, script: list[tuple[list[Operation], bool, int]]) -> Iterator[Any]:
    for steps, fails, seconds in script:
        answers: list[Any] = []
        try:
            with storage.begin(write=True) as session:
                answers += [step(session, clock) for step in steps]
                answers.append(everything(session))
                if fails:
                    raise Fail
        except (RostrumError, Fail) as error:
            answers = [type(error).__name__]
        yield answers
        clock.advance(seconds)
        with storage.begin() as session:
            yield everything(session)


DEPLOYMENTS = itertools.count()


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    path: Path = tmp_path_factory.mktemp("agreement") / "rostrum.db"
    storage = SqlStorage(f"sqlite:///{path}", clock=FakeClock())
    storage.migrate()
    storage.close()
    return f"sqlite:///{path}"


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(sessions)
def test_memory_and_sql_agree(url: str, script: list[tuple[list[Operation], bool, int]]) -> None:
    clocks = FakeClock(), FakeClock()
    sql = SqlStorage(url, clock=clocks[1], deployment=f"d{next(DEPLOYMENTS)}")
    try:
        pairs = zip(play(MemoryStorage(clocks[0]), clocks[0], script), play(sql, clocks[1], script), strict=True)
        for in_memory, in_sql in pairs:
            assert in_memory == in_sql
    finally:
        sql.close()
