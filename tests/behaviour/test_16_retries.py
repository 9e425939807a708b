"""Section 16: retries and failures."""

from __future__ import annotations

import dagster as dg
import pytest
from dagster._core.errors import DagsterMaxRetriesExceededError

from rostrum.planning.retries import retry_delay


def job_of(op, **options):
    @dg.job(**options)
    def j():
        op()

    return j


def kinds(result, step_key):
    return [event.event_type_value for event in result.events_for_node(step_key)]


def test_policy_defaults():
    policy = dg.RetryPolicy()
    assert (policy.max_retries, policy.delay, policy.backoff, policy.jitter) == (1, None, None, None)


@pytest.mark.parametrize("options", [{"backoff": dg.Backoff.LINEAR}, {"jitter": dg.Jitter.FULL}])
def test_row_60_backoff_or_jitter_without_delay(options):
    with pytest.raises(dg.DagsterInvalidDefinitionError, match=r"test_16_retries\.py:\d+: .*jitter.*need a delay"):
        dg.RetryPolicy(**options)


@pytest.mark.parametrize(
    ("backoff", "delays"), [(None, [1, 1, 1]), (dg.Backoff.LINEAR, [1, 2, 3]), (dg.Backoff.EXPONENTIAL, [1, 3, 7])]
)
def test_delays(backoff, delays):
    policy = dg.RetryPolicy(max_retries=3, delay=1, backoff=backoff)
    assert [policy.calculate_delay(n) for n in (1, 2, 3)] == delays


@pytest.mark.parametrize(
    ("jitter", "expected"), [(dg.Jitter.FULL, [0.0, 2.0, 3.0]), (dg.Jitter.PLUS_MINUS, [0.0, 4.0, 6.0])]
)
def test_jitter_is_up_to_the_delay_or_around_it(jitter, expected):
    policy = dg.RetryPolicy(max_retries=3, delay=4, jitter=jitter).node
    assert [retry_delay(policy, 1, lambda: drawn) for drawn in (0.0, 0.5, 0.75)] == expected  # noqa: B023


def test_up_for_retry_then_restarted_and_retry_numbers():
    numbers = []

    @dg.op(retry_policy=dg.RetryPolicy(max_retries=2))
    def flaky(context):
        numbers.append(context.retry_number)
        if len(numbers) < 3:
            raise ValueError("again")

    result = job_of(flaky).execute_in_process()
    assert numbers == [0, 1, 2]
    seen = [kind for kind in kinds(result, "flaky") if kind.startswith("STEP_") and kind != "STEP_OUTPUT"]
    assert seen == [
        "STEP_START", "STEP_UP_FOR_RETRY", "STEP_RESTARTED", "STEP_UP_FOR_RETRY", "STEP_RESTARTED", "STEP_SUCCESS",
    ]  # fmt: skip
    assert result.retry_attempts_for_node("flaky") == 2


def test_row_59_exhausted_by_policy():
    @dg.op(retry_policy=dg.RetryPolicy(max_retries=1))
    def flaky():
        raise ValueError("the cause")

    job = job_of(flaky)
    with pytest.raises(DagsterMaxRetriesExceededError, match="Exceeded max_retries of 1") as raised:
        job.execute_in_process()
    assert isinstance(raised.value.__cause__, ValueError)
    result = job.execute_in_process(raise_on_error=False)
    assert kinds(result, "flaky")[-1] == "STEP_FAILURE"


def test_row_59_exhausted_by_request():
    @dg.op
    def asks():
        try:
            raise ValueError("the cause")
        except ValueError as error:
            raise dg.RetryRequested(max_retries=2) from error

    with pytest.raises(DagsterMaxRetriesExceededError, match="Exceeded max_retries of 2"):
        job_of(asks).execute_in_process()


def test_retry_requested_succeeds_in_the_end():
    tries = []

    @dg.op
    def asks():
        tries.append(1)
        if len(tries) < 3:
            raise dg.RetryRequested(max_retries=5, seconds_to_wait=0)
        return len(tries)

    assert job_of(asks).execute_in_process().output_for_node("asks") == 3


def test_policy_of_the_job():
    tries = []

    @dg.op
    def flaky():
        tries.append(1)
        if len(tries) < 2:
            raise ValueError

    assert job_of(flaky, op_retry_policy=dg.RetryPolicy(max_retries=1)).execute_in_process().success


def test_the_ops_own_policy_comes_before_that_of_the_job():
    tries = []

    @dg.op(retry_policy=dg.RetryPolicy(max_retries=0))
    def flaky():
        tries.append(1)
        raise ValueError

    job_of(flaky, op_retry_policy=dg.RetryPolicy(max_retries=3)).execute_in_process(raise_on_error=False)
    assert len(tries) == 1


def test_failure_tells_description_and_metadata():
    @dg.op
    def fails():
        raise dg.Failure(description="told", metadata={"n": 3})

    job = job_of(fails)
    with pytest.raises(dg.Failure) as raised:
        job.execute_in_process()
    assert raised.value.description == "told"
    result = job.execute_in_process(raise_on_error=False)
    data = result.failure_data_for_node("fails")
    assert data.user_failure_data.label == "intentional-failure"
    assert data.user_failure_data.description == "told"
    assert data.user_failure_data.metadata["n"].value == 3


def test_failure_may_forbid_retries():
    tries = []

    @dg.op(retry_policy=dg.RetryPolicy(max_retries=3))
    def fails():
        tries.append(1)
        raise dg.Failure("no", allow_retries=False)

    with pytest.raises(dg.Failure):
        job_of(fails).execute_in_process()
    assert len(tries) == 1


@pytest.mark.parametrize(
    ("given", "allowed"), [({}, True), ({"allow_retries": None}, True), ({"allow_retries": False}, False)]
)
def test_retries_after_a_failure_are_allowed_by_default(given, allowed):
    assert dg.Failure("told", **given).allow_retries is allowed


def test_failure_that_allows_retries():
    tries = []

    @dg.op(retry_policy=dg.RetryPolicy(max_retries=2))
    def fails():
        tries.append(1)
        raise dg.Failure("no")

    job_of(fails).execute_in_process(raise_on_error=False)
    assert len(tries) == 3


def test_independent_branches_go_on_and_dependents_tell_nothing():
    @dg.op
    def fails():
        raise ValueError("x")

    @dg.op
    def use(x):
        return x

    @dg.op
    def apart():
        return 1

    @dg.job
    def j():
        use(fails())
        apart()

    result = j.execute_in_process(raise_on_error=False)
    assert not result.success
    assert result.output_for_node("apart") == 1
    assert result.is_node_untouched("use")
    assert kinds(result, "use") == []


def test_step_failure_error_and_what_is_raised():
    @dg.op
    def fails():
        raise ValueError("mine")

    job = job_of(fails)
    with pytest.raises(ValueError, match="mine"):
        job.execute_in_process()
    error = job.execute_in_process(raise_on_error=False).failure_data_for_node("fails").error
    assert error.cause.cls_name == "ValueError"


def test_retries_can_be_turned_off_by_the_executor():
    tries = []

    @dg.op(retry_policy=dg.RetryPolicy(max_retries=3))
    def flaky():
        tries.append(1)
        raise ValueError

    job = job_of(flaky, executor_def=dg.in_process_executor.configured({"retries": {"disabled": {}}}))
    assert job.executor_def.options == {"retries": {"disabled": {}}}
