from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from rostrum.model.runs import Run, RunStatus, RunTarget
from rostrum.planning.queue import QueueDecision, QueueLimits, QueueSnapshot, TagLimit, admit, order

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def run(number: int, status: RunStatus = RunStatus.QUEUED, priority: int = 0, **tags: str) -> Run:
    return Run(
        run_id=f"run-{number:04}",
        target=RunTarget("l", "j"),
        status=status,
        created_at=NOW + timedelta(seconds=number),
        priority=priority,
        tags=tags,
    )


def decide(queued: list[Run], in_progress: list[Run] | None = None, **limits: object) -> QueueDecision:
    return admit(QueueSnapshot(queued=queued, in_progress=in_progress or [], limits=QueueLimits(**limits)), NOW)  # type: ignore[arg-type]


def test_slots_are_filled_by_priority_then_age() -> None:
    queued = [run(3), run(1), run(2, priority=5), run(4, priority=5)]
    decision = decide(queued, [run(9, RunStatus.RUNNING)], max_concurrent_runs=4)
    assert decision.admitted == ("run-0002", "run-0004", "run-0001")
    assert decision.reasons["run-0003"].message == "waits for a free slot: 4 of 4 runs in progress"


def test_hold_and_no_limit() -> None:
    assert decide([run(1)], max_concurrent_runs=0).reasons["run-0001"].kind == "hold"
    assert len(decide([run(n) for n in range(50)], max_concurrent_runs=-1).admitted) == 50


def test_a_tag_limited_run_does_not_block_those_behind_it() -> None:
    limit = TagLimit(key="team", value="a", limit=1)
    queued = [run(1, team="a"), run(2, team="a"), run(3, team="b"), run(4)]
    decision = decide(queued, tag_limits=(limit,))
    assert decision.admitted == ("run-0001", "run-0003", "run-0004")
    assert decision.reasons["run-0002"].message == "waits for tag team=a: 1 of 1 runs in progress"


def test_limits_of_a_tag_per_value_and_in_total() -> None:
    limits = (TagLimit(key="db", limit=1, per_value=True), TagLimit(key="db", limit=2))
    queued = [run(1, db="x"), run(2, db="x"), run(3, db="y"), run(4, db="z")]
    decision = decide(queued, [], tag_limits=limits)
    assert decision.admitted == ("run-0001", "run-0003")
    assert decision.reasons["run-0002"].group == "db=x"
    assert decision.reasons["run-0004"].group == "db"


RUNS = st.lists(
    st.builds(
        lambda number, priority, tag: run(number, RunStatus.QUEUED, priority, **({"t": tag} if tag else {})),
        st.integers(0, 500),
        st.integers(-2, 2),
        st.sampled_from(["", "a", "b"]),
    ),
    max_size=40,
    unique_by=lambda item: item.run_id,
)
LIMITS = st.builds(
    QueueLimits,
    max_concurrent_runs=st.integers(-1, 12),
    tag_limits=st.lists(
        st.builds(
            TagLimit,
            key=st.just("t"),
            value=st.sampled_from([None, "a"]),
            limit=st.integers(0, 4),
            per_value=st.booleans(),
        ),
        max_size=3,
    ).map(tuple),
)


def over(limit: TagLimit, runs: list[Run]) -> bool:
    groups = Counter(group for item in runs if (group := limit.group(item)) is not None)
    return any(number > limit.limit for number in groups.values())


@given(RUNS, LIMITS, st.integers(0, 15))
def test_properties(runs: list[Run], limits: QueueLimits, busy: int) -> None:
    in_progress, queued = runs[:busy], runs[busy:]
    decision = admit(QueueSnapshot(queued=queued, in_progress=in_progress, limits=limits), NOW)
    by_id = {item.run_id: item for item in queued}
    admitted = [by_id[run_id] for run_id in decision.admitted]
    # Each queued run is admitted or has a reason, never both.
    assert set(decision.admitted) | set(decision.reasons) == set(by_id)
    assert not set(decision.admitted) & set(decision.reasons)
    assert order(admitted) == admitted
    if admitted and limits.max_concurrent_runs >= 0:
        assert len(in_progress) + len(admitted) <= limits.max_concurrent_runs
    for limit in limits.tag_limits:
        if admitted and not over(limit, in_progress):
            assert not over(limit, in_progress + admitted)
    # Nothing that still fits was left out.
    for run_id, reason in decision.reasons.items():
        if reason.kind == "slots":
            assert len(in_progress) + len(admitted) >= limits.max_concurrent_runs
        elif reason.kind == "tag":
            every = in_progress + admitted
            assert any(
                (group := limit.group(by_id[run_id])) == reason.group
                and sum(limit.group(item) == group for item in every) >= limit.limit
                for limit in limits.tag_limits
            )
    # The decision does not depend on the order of the snapshot, and repeating it admits nothing more.
    reverse = QueueSnapshot(queued=queued[::-1], in_progress=in_progress, limits=limits)
    assert admit(reverse, NOW).admitted == decision.admitted
    waiting = [item for item in queued if item.run_id in decision.reasons]
    assert admit(QueueSnapshot(queued=waiting, in_progress=in_progress + admitted, limits=limits), NOW).admitted == ()
