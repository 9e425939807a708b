"""Whether something that failed is tried again, and when: one pure decision for steps on every executor, and for runs.

Failures are told apart by cause. `user` (the code raised) and `timeout` (it took too long) count against
`RetryPolicy.max_retries`. `crash` and `lost` are no fault of the code's: they are counted apart where the policy or the
executor says how many of them are allowed, else with the others.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from rostrum.model.manifest import RetryPolicy
from rostrum.model.plans import Tried

INFRASTRUCTURE = frozenset(("crash", "lost"))
"""Causes that are no fault of the code's."""
LONGEST_SECONDS = 365 * 86400.0
"""What nothing waits longer than before it is tried again, however a delay has grown."""
MOST_RETRIES = 2**31 - 1
_LAST_DOUBLING = 64


def retry_after(
    policy: RetryPolicy | None,
    attempt: int,
    random: Callable[[], float],
    *,
    apart: int = 0,
    cause: str = "user",
    names: Collection[str] = (),
    infrastructure: int | None = None,
) -> float | None:
    """Seconds to wait before what has failed is tried again; None: it is not.

    `attempt`: number of the one that failed, from 1. `apart`: how many of the attempts before it have failed for causes
    that are counted apart. `cause`: as in `StepFailed.cause`. `names`: of the exception's class and all above it, for
    `RetryPolicy.on`. `infrastructure`: how many crashes and losses the executor forgives where the policy says nothing;
    None counts them like failures of the code.
    """
    if is_apart(policy, cause, infrastructure):
        return retry_delay(policy, apart + 1, random) if apart < _forgiven(policy, infrastructure) else None
    if policy is None or attempt - apart > policy.max_retries:
        return None
    if policy.on and cause not in INFRASTRUCTURE and not any(name in policy.on for name in names):
        return None
    return retry_delay(policy, attempt - apart, random)


def is_apart(policy: RetryPolicy | None, cause: str, infrastructure: int | None) -> bool:
    """Whether a failure of this cause is counted apart from `max_retries`."""
    if cause not in INFRASTRUCTURE:
        return False
    return infrastructure is not None or (policy is not None and policy.max_infrastructure_retries is not None)


def counted_apart(policy: RetryPolicy | None, tried: Tried, infrastructure: int | None) -> int:
    """How many of the attempts that earlier workers of a run have made count apart from `max_retries`: those that the
    loss of a worker has interrupted always do.
    """
    return tried.interrupted + (tried.crashed if is_apart(policy, "crash", infrastructure) else 0)


def retry_delay(policy: RetryPolicy | None, attempt: int, random: Callable[[], float]) -> float:
    """Seconds to wait after the failure of `attempt` (from 1); never more than `LONGEST_SECONDS`."""
    if policy is None:
        return 0.0
    delay = policy.delay_seconds
    if policy.backoff == "linear":
        delay *= attempt
    elif policy.backoff == "exponential":
        delay *= 2 ** min(attempt, _LAST_DOUBLING) - 1
    delay = _bounded(delay)
    if policy.jitter == "full":
        return random() * delay
    if policy.jitter == "plus_minus":
        return _bounded(delay + (2 * random() - 1) * _bounded(policy.delay_seconds))
    return delay


def _bounded(seconds: float) -> float:
    """Between nothing and the longest, which is what no number at all is taken for, too."""
    return max(0.0, seconds) if seconds < LONGEST_SECONDS else LONGEST_SECONDS


def class_names(raised: BaseException | type[BaseException]) -> list[str]:
    """Names by which `RetryPolicy.on` may mean an exception: those of its class and of all classes above it, short and
    with their modules.
    """
    kind = raised if isinstance(raised, type) else type(raised)
    return [name for each in kind.__mro__ for name in (each.__qualname__, f"{each.__module__}.{each.__qualname__}")]


def _forgiven(policy: RetryPolicy | None, infrastructure: int | None) -> int:
    if policy is not None and policy.max_infrastructure_retries is not None:
        return policy.max_infrastructure_retries
    return infrastructure or 0
