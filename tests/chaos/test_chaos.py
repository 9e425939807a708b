"""Some two minutes of chaos; thousands of rounds are `./task chaos`."""

from __future__ import annotations

import time

import pytest

from tests.chaos.rounds import BLOCK, drawn, play
from tests.chaos.world import World, can_run_out_of_memory

SECONDS = 60.0


@pytest.mark.processes
@pytest.mark.timeout(300)
@pytest.mark.parametrize("resumes", [False, True])
def test_invariants_hold_whatever_is_killed(resumes: bool) -> None:
    """Round after round: kill, stop, out of memory, cancel, at every transition."""
    oom, seed, acted = can_run_out_of_memory(), BLOCK if resumes else 1, 0
    until = time.monotonic() + SECONDS
    world = World(resumes=resumes)
    try:
        while time.monotonic() < until:
            round_ = drawn(seed, oom=oom)
            outcome = play(world, round_)
            acted += outcome.acted
            assert not outcome.broken, f"{round_}\n" + "\n".join(outcome.broken) + "\n" + world.told_by_services()
            seed += 1 if (seed + 1) // BLOCK % 2 == resumes else BLOCK + 1
    finally:
        world.close()
    assert acted >= 4, f"only {acted} rounds hit somebody"
