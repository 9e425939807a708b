"""Some two minutes of chaos; thousands of rounds are `./task chaos`."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.chaos.rounds import drawn, play
from tests.chaos.world import World, can_run_out_of_memory

SECONDS = 120.0
FIRST_SEED = 1


@pytest.fixture
def world() -> Iterator[World]:
    """Services of their own."""
    made = World()
    yield made
    made.close()


@pytest.mark.processes
@pytest.mark.timeout(400)
def test_invariants_hold_whatever_is_killed(world: World) -> None:
    """Round after round: kill, stop, out of memory, cancel, at every transition."""
    until = time.monotonic() + SECONDS
    oom, seed, acted = can_run_out_of_memory(), FIRST_SEED, 0
    while time.monotonic() < until:
        round_ = drawn(seed, oom=oom)
        outcome = play(world, round_)
        acted += outcome.acted
        assert not outcome.broken, f"{round_}\n" + "\n".join(outcome.broken) + "\n" + world.told_by_services()
        seed += 1
    assert acted >= 15, f"of {seed - FIRST_SEED} rounds only {acted} hit somebody"
