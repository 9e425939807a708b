"""Pools and the hold switch in the queue's decision."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from rostrum.model.plans import Plan, Step
from rostrum.model.runs import Run, RunStatus, RunTarget
from rostrum.planning.pools import PoolRules, may_take, pools_of, retry_seconds
from rostrum.planning.queue import PoolUse, QueueDecision, QueueHold, QueueLimits, QueueSnapshot, admit

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def run(number: int, *first: str, pools: tuple[str, ...] = (), status: str = "queued", priority: int = 0) -> Run:
    return Run(
        run_id=f"r{number}",
        target=RunTarget("l", "j"),
        status=RunStatus(status),
        created_at=NOW + timedelta(seconds=number),
        priority=priority,
        first_pools=first,
        pools=pools or first,
    )


def decide(
    queued: list[Run], in_progress: list[Run] | None = None, uses: dict[str, PoolUse] | None = None, **rules: object
) -> QueueDecision:
    limits = QueueLimits(max_concurrent_runs=-1, pools=PoolRules(**rules))  # type: ignore[arg-type]
    return admit(QueueSnapshot(queued=queued, in_progress=in_progress or [], limits=limits, pools=uses or {}), NOW)


def test_a_run_that_could_only_wait_for_a_pool_waits_in_the_queue() -> None:
    uses = {"db": PoolUse((("r8", "load"), ("r9", "copy")))}
    decision = decide([run(1, "db"), run(2), run(3, "api")], uses=uses, limits={"db": 2})
    assert decision.admitted == ("r2", "r3")
    reason = decision.reasons["r1"]
    assert reason.message == "waits for pool db: 2 of 2 taken"
    assert reason.holders == ("r8:load", "r9:copy")


def test_a_run_with_another_first_step_starts() -> None:
    uses = {"db": PoolUse((("r9", "load"),))}
    assert decide([run(1, "db", "api")], uses=uses, limits={"db": 1, "api": 1}).admitted == ("r1",)
    assert decide([run(1, pools=("db",))], uses=uses, limits={"db": 1}).admitted == ("r1",)


def test_runs_on_their_way_to_a_slot_count() -> None:
    decision = decide([run(1, "db"), run(2, "db"), run(3, "db")], limits={"db": 2})
    assert decision.admitted == ("r1", "r2")
    starting = [run(8, "db", status="starting"), run(9, "db", status="running")]
    assert decide([run(1, "db")], starting, limits={"db": 2}).reasons["r1"].holders == ("r8", "r9")
    holding = {"db": PoolUse((("r8", "a"),))}
    assert decide([run(1, "db")], starting[:1], holding, limits={"db": 2}).admitted == ("r1",), "counted once"


def test_a_run_that_has_passed_its_pool_does_not_count() -> None:
    past = msgspec.structs.replace(run(9, "db", status="running"), steps_done=1)
    assert decide([run(1, "db")], [past], limits={"db": 1}).admitted == ("r1",)
    waits = {"db": PoolUse((), frozenset({"r9"}))}
    assert decide([run(1, "db")], [past], waits, limits={"db": 1}).admitted == ()


def test_the_buffer_lets_runs_wait_inside() -> None:
    uses = {"db": PoolUse((("r9", "load"),))}
    queued = [run(1, "db"), run(2, "db")]
    assert decide(queued, uses=uses, limits={"db": 1}, run_buffer=1).admitted == ("r1",)


def test_pools_of_runs_count_runs_with_a_step_of_theirs() -> None:
    busy = [run(9, pools=("db",), status="running")]
    queued = [run(1, pools=("db",)), run(2, pools=("api", "db")), run(3, pools=("api",)), run(4)]
    decision = decide(queued, busy, limits={"db": 2, "api": 1}, granularity="run")
    assert decision.admitted == ("r1", "r3", "r4")
    assert decision.reasons["r2"].message == "waits for pool db: 2 of 2 taken"
    assert decision.reasons["r2"].holders == ("r9", "r1")


def test_the_default_limit_is_for_pools_without_their_own() -> None:
    queued = [run(1, "a"), run(2, "a"), run(3, "b"), run(4, "b")]
    assert decide(queued, default_limit=1, limits={"b": 2}).admitted == ("r1", "r3", "r4")


def test_a_hold_holds_everything_and_says_whose_it_is() -> None:
    hold = QueueHold(by="ann", at=NOW)
    decision = admit(QueueSnapshot(queued=[run(1)], in_progress=[], hold=hold), NOW)
    assert decision.admitted == ()
    assert decision.reasons["r1"].message == "waits because ann has put the queue on hold"


def test_pools_of_a_plan() -> None:
    steps = [Step("a", "a", pool="db"), Step("b", "b", pool="api"), Step("c", "c", upstream=("a",), pool="gpu")]
    assert pools_of(Plan(tuple(steps))) == (("db", "api", "gpu"), ("db", "api"))
    assert pools_of(Plan((*steps, Step("d", "d")))) == (("db", "api", "gpu"), ())
    assert pools_of(Plan(())) == ((), ())


def test_turns() -> None:
    assert may_take(2, 1, 0)
    assert not may_take(2, 1, 1)
    assert not may_take(0, 0, 0)
    assert retry_seconds(2, 1) == 0.25
    assert retry_seconds(2, 5) == 0.75
    assert retry_seconds(1, 1000) == retry_seconds(0, 0) == 2.0


POOLS = st.lists(st.sampled_from("abc"), max_size=2, unique=True).map(tuple)
RUNS = st.lists(
    st.builds(
        lambda number, first, more, status, priority: run(
            number, *first, pools=tuple(dict.fromkeys((*first, *more))), status=status, priority=priority
        ),
        st.integers(0, 200),
        POOLS,
        POOLS,
        st.sampled_from(["starting", "running"]),
        st.integers(-1, 1),
    ),
    max_size=25,
    unique_by=lambda each: each.run_id,
)
RULES = st.builds(
    PoolRules,
    limits=st.dictionaries(st.sampled_from("ab"), st.integers(0, 3)),
    default_limit=st.none() | st.integers(0, 3),
    granularity=st.sampled_from(["op", "run"]),
    run_buffer=st.integers(0, 2),
)


@given(RUNS, RULES, st.integers(0, 8), st.data())
def test_properties(runs: list[Run], rules: PoolRules, busy: int, data: st.DataObject) -> None:
    in_progress = runs[:busy]
    queued = [msgspec.structs.replace(each, status=RunStatus.QUEUED) for each in runs[busy:]]
    holders = {
        pool: data.draw(st.lists(st.sampled_from(in_progress), max_size=3)) if in_progress else [] for pool in "abc"
    }
    uses = {
        pool: PoolUse(tuple((each.run_id, f"s{number}") for number, each in enumerate(found)))
        for pool, found in holders.items()
    }
    limits = QueueLimits(max_concurrent_runs=-1, pools=rules)

    def decided(waiting: list[Run], started: list[Run]) -> QueueDecision:
        return admit(QueueSnapshot(queued=waiting, in_progress=started, limits=limits, pools=uses), NOW)

    decision = decided(queued, in_progress)
    admitted = [each for each in queued if each.run_id in decision.admitted]
    assert set(decision.admitted) | set(decision.reasons) == {each.run_id for each in queued}
    assert not set(decision.admitted) & set(decision.reasons)
    # Limits hold, but for what was over them before.
    if rules.granularity == "run":
        before, after = (
            Counter(pool for each in some for pool in each.pools) for some in (in_progress, runs[:busy] + admitted)
        )
        for pool in "abc":
            limit = rules.limit(pool)
            assert limit is None or after[pool] <= max(limit, before[pool])
    else:
        for pool in "abc":
            limit, only = rules.limit(pool), [each for each in admitted if each.first_pools == (pool,)]
            assert limit is None or len(only) <= max(0, limit + rules.run_buffer - len(holders[pool]))
    # Who waits for a pool waits for a full one.
    for reason in decision.reasons.values():
        assert reason.in_progress >= reason.limit
        assert rules.limit(reason.group) == reason.limit
    # The order of the snapshot does not matter, and asking again lets nobody else in.
    assert decided(queued[::-1], in_progress).admitted == decision.admitted
    started = [msgspec.structs.replace(each, status=RunStatus.STARTING) for each in admitted]
    left = [each for each in queued if each.run_id in decision.reasons]
    assert decided(left, in_progress + started).admitted == ()
