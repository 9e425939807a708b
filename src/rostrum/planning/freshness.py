"""Whether an asset is fresh: a pure decision by its policy, the time of its last materialisation, and now."""

from __future__ import annotations

from datetime import datetime, timedelta

from rostrum.model.automation import Freshness, TimeWindowFreshness
from rostrum.planning import cron


def freshness_state(policy: Freshness, last_at: datetime | None, now: datetime) -> str:
    """`pass`, `warn`, `fail`, or `unknown` for an asset that was never made."""
    if last_at is None:
        return "unknown"
    if isinstance(policy, TimeWindowFreshness):
        age = (now - last_at).total_seconds()
        if age > policy.fail_seconds:
            return "fail"
        return "warn" if policy.warn_seconds is not None and age > policy.warn_seconds else "pass"
    deadline = cron.previous_tick((policy.deadline_cron,), policy.timezone, now + timedelta(microseconds=1))
    if deadline is None or last_at >= deadline - timedelta(seconds=policy.lower_bound_seconds):
        return "pass"
    return "fail"
