"""Whether another run repeats a failed one by itself, and when: pure decisions, on the rules of `planning/retries.py`.

The policy of a run is settled when it is submitted (`policy_of`: its tags over its job's policy over the instance's);
the decision falls in the transaction of the event that fails the run (`after_failure`), so that none is ever forgotten.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from rostrum.model.errors import StateError
from rostrum.model.manifest import RUN_FAILURES, RetryPolicy, RunRetryPolicy
from rostrum.model.reserved_names import (
    AUTO_RETRY_RUN_TAG,
    MAX_RETRIES_TAG,
    RETRY_NUMBER_TAG,
    RETRY_ON_STEP_FAILURE_TAG,
    RETRY_STATE_TAG,
    RETRY_STRATEGY_TAG,
    WILL_RETRY_TAG,
)
from rostrum.model.runs import Run, RunStatus
from rostrum.planning.retries import MOST_RETRIES, retry_after

INFRASTRUCTURE: Mapping[str, str] = {"launch_failure": "lost", "worker_died": "crash", "worker_lost": "lost"}
"""Reasons of failures that are no fault of the code's, with their cause."""
BOOKKEEPING = (RETRY_NUMBER_TAG, WILL_RETRY_TAG, AUTO_RETRY_RUN_TAG, RETRY_STATE_TAG)
"""Tags of one run that no other takes over."""
_DIGITS = 20
_STRATEGIES = {"FROM_FAILURE": "from_failure", "ALL_STEPS": "all"}


class RunRetryDefaults(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What holds for runs that say nothing themselves."""

    enabled: bool = False
    max_retries: int = 0
    retry_on_step_failure: bool = True
    """False: only what was no fault of the code's is repeated."""


def policy_of(job: RunRetryPolicy | None, tags: Mapping[str, str], defaults: RunRetryDefaults) -> RunRetryPolicy | None:
    """The policy of a run; None where it is never repeated by itself. Raises StateError for a tag that cannot be
    read.
    """
    told = _number(tags)
    on_step_failure = _switch(tags)
    if job is None:
        most = told if told is not None else defaults.max_retries if defaults.enabled else 0
        if on_step_failure is None:
            on_step_failure = defaults.retry_on_step_failure
        policy = RunRetryPolicy(RetryPolicy(max_retries=most))
    else:
        policy = job
        if told is not None:
            retry = msgspec.structs.replace(job.retry, max_retries=told, max_infrastructure_retries=None)
            policy = msgspec.structs.replace(job, retry=retry)
    if on_step_failure is False:
        on = policy.retry.on or RUN_FAILURES
        retry = msgspec.structs.replace(policy.retry, on=tuple(name for name in on if name != "step_failure"))
        policy = msgspec.structs.replace(policy, retry=retry)
    strategy = _strategy(tags)
    if strategy is not None:
        policy = msgspec.structs.replace(policy, strategy=strategy)
    retry = policy.retry
    return policy if retry.max_retries > 0 or (retry.max_infrastructure_retries or 0) > 0 else None


def after_failure(run: Run, at: datetime) -> Run:
    """The run, just failed, with what becomes of it: `retry_at` and its tags, or `retry_note`."""
    policy, reason = run.retry_policy, run.failure_reason or ""
    if policy is None or run.status is not RunStatus.FAILURE:
        return run
    if run.cancel_requested_at is not None and not run.cancel_reason:
        return msgspec.structs.replace(run, retry_note="somebody had cancelled it")
    retry = policy.retry
    if retry.on and reason not in retry.on:
        return msgspec.structs.replace(run, retry_note=f"{reason} is not among what it is retried for")
    apart = reason in INFRASTRUCTURE
    most = retry.max_retries if retry.max_infrastructure_retries is None else retry.max_infrastructure_retries
    seconds = retry_after(
        retry,
        run.user_retries + run.infrastructure_retries + 1,
        lambda: _fraction(run.run_id),
        apart=run.infrastructure_retries,
        cause=INFRASTRUCTURE.get(reason, "user"),
        names=(reason,),
        infrastructure=most,
    )
    if seconds is None:
        count = run.infrastructure_retries if apart else run.user_retries
        told = f"{count} {'retry has' if count == 1 else 'retries have'} been made"
        return msgspec.structs.replace(run, retry_note=f"{told}, which is as many as are allowed")
    tags = {**run.tags, WILL_RETRY_TAG: "true", RETRY_STATE_TAG: "waiting"}
    return msgspec.structs.replace(run, retry_at=at + timedelta(seconds=seconds), tags=tags)


def counted(run: Run) -> tuple[int, int]:
    """`user_retries` and `infrastructure_retries` of the run that repeats a failed one by itself."""
    apart = run.failure_reason in INFRASTRUCTURE
    return run.user_retries + (not apart), run.infrastructure_retries + apart


def next_number(run: Run) -> tuple[int, int]:
    """The how manieth retry the next one is, and how many there may be for the reason that this run failed for."""
    retry = run.retry_policy.retry if run.retry_policy is not None else RetryPolicy(max_retries=0)
    user, infrastructure = counted(run)
    if run.failure_reason in INFRASTRUCTURE:
        most = retry.max_retries if retry.max_infrastructure_retries is None else retry.max_infrastructure_retries
        return infrastructure, most
    return user, retry.max_retries


def retry_told(run: Run, now: datetime) -> str:
    """What becomes of a failed run by itself, in words; empty where nothing does."""
    if run.retry_at is not None:
        number, most = next_number(run)
        left = max(0.0, (run.retry_at - now).total_seconds())
        waits = f"; it waits, since {run.retry_note}" if run.retry_note else ""
        return f"will be retried in {left:.0f} s ({number} of {most}){waits}"
    if AUTO_RETRY_RUN_TAG in run.tags:
        return f"retried by run {run.tags[AUTO_RETRY_RUN_TAG]}"
    return f"not retried: {run.retry_note}" if run.retry_note else ""


def stopped(run: Run, why: str, *, state: str = "stopped") -> Run:
    """The failed run, which nothing repeats by itself any more."""
    tags = {**run.tags, WILL_RETRY_TAG: "false", RETRY_STATE_TAG: state}
    return msgspec.structs.replace(run, retry_at=None, retry_note=why, tags=tags)


def repeated(run: Run, by_run_id: str) -> Run:
    """The failed run, which another one repeats."""
    tags = {**run.tags, AUTO_RETRY_RUN_TAG: by_run_id, RETRY_STATE_TAG: "done"}
    return msgspec.structs.replace(run, retry_at=None, retry_note="", tags=tags)


def without_bookkeeping(tags: Mapping[str, str]) -> dict[str, str]:
    """Tags that a run takes over from the one that it repeats."""
    return {key: value for key, value in tags.items() if key not in BOOKKEEPING}


def _fraction(run_id: str) -> float:
    """A number in [0, 1) that is the same whoever asks: the decision can be repeated."""
    return int.from_bytes(hashlib.blake2b(run_id.encode(), digest_size=6).digest(), "big") / 2**48


def _number(tags: Mapping[str, str]) -> int | None:
    told = tags.get(MAX_RETRIES_TAG)
    if told is None:
        return None
    if not told.isdecimal() or len(told) > _DIGITS or int(told) > MOST_RETRIES:
        shown = told if len(told) <= _DIGITS else f"{told[:_DIGITS]}..."
        raise StateError(
            f"tag {MAX_RETRIES_TAG} is {shown!r}; it is to be a whole number: how often a run is retried, at most "
            f"{MOST_RETRIES}"
        )
    return int(told)


def _switch(tags: Mapping[str, str]) -> bool | None:
    told = tags.get(RETRY_ON_STEP_FAILURE_TAG)
    if told is None:
        return None
    if told.lower() not in ("true", "false"):
        raise StateError(f"tag {RETRY_ON_STEP_FAILURE_TAG} is {told!r}; it is to be true or false")
    return told.lower() == "true"


def _strategy(tags: Mapping[str, str]) -> str | None:
    told = tags.get(RETRY_STRATEGY_TAG)
    if told is None:
        return None
    if told.upper() not in _STRATEGIES:
        raise StateError(f"tag {RETRY_STRATEGY_TAG} is {told!r}; it is to be FROM_FAILURE or ALL_STEPS")
    return _STRATEGIES[told.upper()]
