"""Whether a failure is tried again: failures of the code and of the machine are counted apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostrum.model.errors import StepTimeout
from rostrum.model.manifest import RetryPolicy
from rostrum.planning.retries import LONGEST_SECONDS, class_names, is_apart, retry_after, retry_delay

CAUSES = ("user", "timeout", "crash", "lost")


def after(policy: RetryPolicy | None, attempt: int, **options: object) -> float | None:
    return retry_after(policy, attempt, lambda: 0.5, **options)  # type: ignore[arg-type]


def test_without_a_policy_nothing_is_tried_again():
    assert after(None, 1) is None
    assert after(None, 1, cause="crash") is None


def test_without_a_word_on_infrastructure_a_crash_counts_like_a_failure():
    policy = RetryPolicy(max_retries=1, delay_seconds=2.0)
    assert after(policy, 1, cause="crash") == 2.0
    assert after(policy, 2, cause="crash") is None


def test_an_executor_forgives_what_is_no_fault_of_the_code():
    assert after(None, 1, cause="lost", infrastructure=2) == 0.0
    assert after(None, 2, cause="lost", infrastructure=2, apart=1) == 0.0
    assert after(None, 3, cause="lost", infrastructure=2, apart=2) is None
    assert after(RetryPolicy(max_infrastructure_retries=0), 1, cause="lost", infrastructure=2) is None


def test_delays_grow_with_the_failures_of_their_own_kind():
    policy = RetryPolicy(max_retries=9, delay_seconds=1.0, backoff="linear", max_infrastructure_retries=9)
    assert after(policy, 3, apart=2) == 1.0
    assert after(policy, 3, apart=2, cause="crash") == 3.0


class _Own(ConnectionResetError):
    pass


@pytest.mark.parametrize(
    ("on", "raised", "again"),
    [
        ((), ValueError(), True),
        (("ConnectionError",), _Own(), True),
        (("builtins.OSError",), _Own(), True),
        ((f"{__name__}._Own",), _Own(), True),
        (("ConnectionError",), ValueError(), False),
        (("StepTimeout",), StepTimeout(), True),
        (("ValueError",), StepTimeout(), False),
    ],
)
def test_a_policy_names_what_is_tried_again(on: tuple[str, ...], raised: BaseException, again: bool):
    policy = RetryPolicy(max_retries=1, on=on)
    assert (after(policy, 1, names=class_names(raised)) is not None) is again


def test_what_is_named_does_not_concern_crashes():
    assert after(RetryPolicy(max_retries=1, on=("ValueError",)), 1, cause="crash") == 0.0


@given(
    st.lists(st.sampled_from(CAUSES), min_size=40, max_size=40),
    st.integers(0, 5),
    st.none() | st.integers(0, 5),
    st.none() | st.integers(0, 5),
)
def test_attempts_are_limited_by_both_counts(causes: list[str], most: int, own: int | None, executors: int | None):
    policy = RetryPolicy(max_retries=most, max_infrastructure_retries=own)
    attempt, apart = 1, 0
    for cause in causes:
        delay = after(policy, attempt, cause=cause, apart=apart, infrastructure=executors)
        if delay is None:
            break
        apart += is_apart(policy, cause, executors)
        attempt += 1
    forgiven = own if own is not None else executors or 0
    assert apart <= forgiven
    assert attempt - apart <= most + 1
    failures = [cause for cause in causes[:attempt] if not is_apart(policy, cause, executors)]
    assert len(failures) == most + 1 or apart == forgiven, "as often as allowed"


@given(
    st.floats(allow_nan=True, allow_infinity=True),
    st.integers(1, 2**31),
    st.sampled_from(("constant", "linear", "exponential")),
    st.sampled_from(("none", "full", "plus_minus")),
    st.floats(0, 1, exclude_max=True),
)
def test_a_delay_is_a_number_of_seconds_whatever_grows(
    delay: float, attempt: int, backoff: str, jitter: str, part: float
):
    policy = RetryPolicy(delay_seconds=delay, backoff=backoff, jitter=jitter)
    assert 0 <= retry_delay(policy, attempt, lambda: part) <= LONGEST_SECONDS
