"""Pools: what their limits are, who gets a free slot, when to ask again. Pure."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from rostrum.model.plans import Plan
from rostrum.model.pools import PoolLimit

OP, RUN = "op", "run"
"""What a pool counts: steps that run, or runs in progress that hold such a step."""

FRONT_SECONDS = 0.25
"""Who may be next asks so often."""
BACK_SECONDS = 2.0
"""Who stands far behind asks so often."""
INTEREST_SECONDS = 3.0
"""Who does not ask again so long after it should have has lost its turn to those behind."""


class PoolRules(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What the settings say of pools."""

    limits: dict[str, int] = {}
    default_limit: int | None = None
    """Of pools that have no limit of their own; None: they have none."""
    granularity: str = OP
    """`op` or `run`."""
    run_buffer: int = 0
    """With `op`: so many runs may start beyond the free slots, and wait for them inside."""

    def with_limits(self, stored: Iterable[PoolLimit]) -> PoolRules:
        """The rules with the limits that were set while running, which win."""
        found = {each.pool: each.limit for each in stored}
        return msgspec.structs.replace(self, limits={**self.limits, **found}) if found else self

    def limit(self, pool: str) -> int | None:
        """Slots of the pool; None: as many as are asked for."""
        return self.limits.get(pool, self.default_limit)


NO_RULES = PoolRules()


def may_take(limit: int, held: int, ahead: int) -> bool:
    """Whether a step gets a slot now: `held` are in the hands of others, `ahead` of other runs have their turn before
    it.
    """
    return ahead < limit - held


def retry_seconds(limit: int, ahead: int) -> float:
    """When asking again makes sense, of one who was refused."""
    if limit <= 0:
        return BACK_SECONDS
    return min(BACK_SECONDS, FRONT_SECONDS * (1 + ahead // limit))


def pools_of(plan: Plan) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """`Run.pools` and `Run.first_pools` of a run of this plan."""
    first = [step.pool for step in plan.steps if not step.upstream and not step.mapped_over]
    named = tuple(dict.fromkeys(pool for pool in first if pool is not None))
    pools = tuple(dict.fromkeys(step.pool for step in plan.steps if step.pool is not None))
    return pools, () if None in first else named
