from __future__ import annotations

from rostrum.service.leases import LeaseKeeper
from rostrum.service.processes import identity
from rostrum.storage.memory import MemoryStorage
from rostrum.testing.clock import FakeClock


def test_the_lease_of_a_process_that_is_known_dead_is_free_at_once() -> None:
    clock = FakeClock()
    storage = MemoryStorage(clock)
    living = identity("living")
    place, pid, *_ = living.split(".")
    dead = f"{place}.{pid}.1.00@dead"
    for owner, is_free in ((dead, True), (living, False), ("elsewhere.1.1.00@x", False), ("x", False)):
        name = f"loop of {owner}"
        with storage.begin(write=True) as session:
            session.leases.acquire(name, owner, 10.0)
        keeper = LeaseKeeper(storage, clock, "next")
        assert keeper.hold(name) is is_free
        clock.advance(11)
        assert keeper.hold(name)
