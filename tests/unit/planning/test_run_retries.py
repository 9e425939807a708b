from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostrum.definitions.ops.retries import Backoff, RunRetryPolicy
from rostrum.definitions.ops.retries import RetryPolicy as StepRetryPolicy
from rostrum.model.errors import DefinitionError, StateError
from rostrum.model.manifest import RUN_FAILURES, RetryPolicy
from rostrum.model.manifest import RunRetryPolicy as Policy
from rostrum.model.runs import Run, RunStatus, RunTarget
from rostrum.planning.run_retries import (
    INFRASTRUCTURE,
    RunRetryDefaults,
    after_failure,
    counted,
    policy_of,
    retry_told,
    stopped,
    without_bookkeeping,
)

T0 = datetime(2026, 1, 1, tzinfo=UTC)
OFF = RunRetryDefaults()


def failed(policy: Policy | None, reason: str = "step_failure", **more: object) -> Run:
    run = Run(run_id="r", target=RunTarget("l", "j"), created_at=T0, retry_policy=policy, **more)  # type: ignore[arg-type]
    run = run.with_status(RunStatus.FAILURE)
    return after_failure(
        Run(**{name: getattr(run, name) for name in run.__struct_fields__} | {"failure_reason": reason}), T0
    )


def test_without_a_policy_nothing_happens() -> None:
    assert policy_of(None, {}, OFF) is None
    assert policy_of(None, {"dagster/max_retries": "0"}, OFF) is None
    run = failed(None)
    assert (run.retry_at, run.tags) == (None, {})


def test_tags_come_before_the_job_and_the_job_before_the_instance() -> None:
    on = RunRetryDefaults(enabled=True, max_retries=5)
    job = RunRetryPolicy(2, strategy="all").node
    instance = policy_of(None, {}, on)
    assert instance is not None
    assert instance.retry.max_retries == 5
    assert policy_of(job, {}, on) == job
    tagged = policy_of(job, {"dagster/max_retries": "7", "dagster/retry_strategy": "FROM_FAILURE"}, on)
    assert tagged is not None
    assert (tagged.retry.max_retries, tagged.strategy) == (7, "from_failure")
    assert policy_of(job, {"dagster/max_retries": "0"}, on) is None
    assert policy_of(None, {}, RunRetryDefaults(enabled=False, max_retries=5)) is None


@pytest.mark.parametrize("told", ["tag", "instance"])
def test_failures_of_steps_may_be_left_out(told: str) -> None:
    tags = {"dagster/max_retries": "2"} | ({"dagster/retry_on_asset_or_op_failure": "false"} if told == "tag" else {})
    defaults = RunRetryDefaults(enabled=True, max_retries=2, retry_on_step_failure=told == "tag")
    policy = policy_of(None, tags, defaults)
    step = failed(policy)
    assert step.retry_at is None
    assert step.retry_note == "step_failure is not among what it is retried for"
    assert failed(policy, "worker_died").retry_at == T0


@pytest.mark.parametrize(
    "tags",
    [
        {"dagster/max_retries": "many"},
        {"dagster/max_retries": "1", "dagster/retry_strategy": "HALF"},
        {"dagster/max_retries": "1", "dagster/retry_on_asset_or_op_failure": "maybe"},
    ],
)
def test_a_tag_that_cannot_be_read_is_told(tags: dict[str, str]) -> None:
    with pytest.raises(StateError, match="it is to be"):
        policy_of(None, tags, OFF)


def test_lost_workers_are_counted_apart() -> None:
    policy = Policy(RetryPolicy(max_retries=1, max_infrastructure_retries=2))
    assert failed(policy, user_retries=1).retry_note == "1 retry has been made, which is as many as are allowed"
    again = failed(policy, "worker_lost", user_retries=1, infrastructure_retries=1)
    assert again.retry_at == T0
    assert counted(again) == (1, 2)
    assert failed(policy, "worker_died", infrastructure_retries=2).retry_at is None
    assert counted(failed(policy, infrastructure_retries=2)) == (1, 2)


def test_delays_grow_and_are_the_same_whoever_asks() -> None:
    policy = Policy(RetryPolicy(max_retries=3, delay_seconds=10, backoff="exponential", jitter="plus_minus"))
    first, second = failed(policy), failed(policy)
    assert first.retry_at == second.retry_at
    assert first.retry_at is not None
    assert T0 <= first.retry_at <= T0 + timedelta(seconds=20)
    plain = Policy(RetryPolicy(max_retries=3, delay_seconds=10, backoff="exponential"))
    third = failed(plain, user_retries=2)
    assert third.retry_at == T0 + timedelta(seconds=70)
    assert retry_told(third, T0 + timedelta(seconds=58)) == "will be retried in 12 s (3 of 3)"
    assert "not retried: ann" in retry_told(stopped(third, "ann"), T0)


def test_bookkeeping_stays_with_its_run() -> None:
    run = failed(Policy(RetryPolicy(max_retries=1)), tags={"team": "data"})
    assert run.tags == {"team": "data", "dagster/will_retry": "true", "rostrum/retry": "waiting"}
    assert without_bookkeeping(run.tags) == {"team": "data"}
    assert stopped(run, "x").tags["dagster/will_retry"] == "false"


@given(st.integers(0, 4), st.integers(0, 4), st.lists(st.sampled_from(RUN_FAILURES), max_size=20))
def test_never_more_than_allowed(most: int, infrastructure: int, reasons: list[str]) -> None:
    """However runs fail, one after the other: retries end, and each kind of failure has its own number of them."""
    policy = Policy(RetryPolicy(max_retries=most, max_infrastructure_retries=infrastructure))
    user = apart = 0
    for reason in reasons:
        run = failed(policy, reason, user_retries=user, infrastructure_retries=apart)
        allowed = apart < infrastructure if reason in INFRASTRUCTURE else user < most
        assert (run.retry_at is not None) == allowed
        assert bool(run.retry_note) != allowed
        if not allowed:
            return
        user, apart = counted(run)


def test_a_policy_with_mistakes_is_refused() -> None:
    with pytest.raises(DefinitionError, match="no run fails for; there are step_failure"):
        RunRetryPolicy(on=["step_failed"])
    with pytest.raises(DefinitionError, match="use 'from_failure' or 'all'"):
        RunRetryPolicy(strategy="some")
    with pytest.raises(DefinitionError, match="need a delay"):
        RunRetryPolicy(backoff=Backoff.LINEAR)
    with pytest.raises(DefinitionError, match="cannot be negative"):
        RunRetryPolicy(max_infrastructure_retries=-1)
    for policy in (RunRetryPolicy, StepRetryPolicy):
        for delay in (-1, 1e12, float("nan")):
            with pytest.raises(DefinitionError, match="a number of seconds from 0 to 31536000"):
                policy(delay=delay)
        with pytest.raises(DefinitionError, match="at most 2147483647 are possible"):
            policy(max_retries=10**20)
    assert RunRetryPolicy(on="timeout").node.retry.on == ("timeout",)


@pytest.mark.parametrize("told", ["-1", "many", "9" * 30, "1" * 5000])
def test_a_number_of_retries_that_cannot_be_meant_is_told(told: str) -> None:
    with pytest.raises(StateError, match="it is to be a whole number") as raised:
        policy_of(None, {"dagster/max_retries": told}, RunRetryDefaults())
    assert len(str(raised.value)) < 200
