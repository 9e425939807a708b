"""Leases: who may, until when, and with which epoch."""

from __future__ import annotations

from datetime import timedelta

from rostrum.interfaces.storage import Storage
from rostrum.model.leases import Lease
from rostrum.testing.clock import FakeClock


def acquire(storage: Storage, owner: str, seconds: float = 10.0) -> Lease | None:
    """Ask for the lease `queue`."""
    with storage.begin(write=True) as session:
        return session.leases.acquire("queue", owner, seconds)


class LeasesConformance:
    """`LeaseTable`: leases."""

    def test_free_lease_is_taken_until_its_end(self, storage: Storage, clock: FakeClock) -> None:
        lease = acquire(storage, "a")
        assert lease is not None
        assert (lease.owner, lease.name, lease.expires_at) == ("a", "queue", clock.now() + timedelta(seconds=10))
        clock.advance(9.9)
        assert acquire(storage, "b") is None

    def test_renewal_keeps_the_epoch(self, storage: Storage, clock: FakeClock) -> None:
        first = acquire(storage, "a")
        clock.advance(5)
        second = acquire(storage, "a")
        assert first is not None
        assert second is not None
        assert second.epoch == first.epoch
        assert second.expires_at > first.expires_at

    def test_dropped_lease_is_forgotten(self, storage: Storage, clock: FakeClock) -> None:
        acquire(storage, "a")
        with storage.begin(write=True) as session:
            session.leases.drop("queue", "b")
        assert acquire(storage, "b") is None
        with storage.begin(write=True) as session:
            session.leases.drop("queue", "a")
            assert session.leases.all() == []
        lease = acquire(storage, "b")
        assert lease is not None
        assert (lease.owner, lease.epoch) == ("b", 1)

    def test_each_change_of_owner_raises_the_epoch(self, storage: Storage, clock: FakeClock) -> None:
        epochs: list[int] = []
        for owner in ("a", "b", "a"):
            lease = acquire(storage, owner)
            assert lease is not None
            epochs.append(lease.epoch)
            clock.advance(10)
        with storage.begin(write=True) as session:
            session.leases.release("queue", "a")
        lease = acquire(storage, "a")
        assert lease is not None
        epochs.append(lease.epoch)
        assert epochs == sorted(set(epochs))

    def test_release_is_for_the_owner(self, storage: Storage) -> None:
        acquire(storage, "a")
        with storage.begin(write=True) as session:
            session.leases.release("queue", "b")
            session.leases.release("none", "b")
        assert acquire(storage, "b") is None
        with storage.begin(write=True) as session:
            session.leases.release("queue", "a")
            assert list(session.leases.all()) == []
        assert acquire(storage, "b") is not None

    def test_all(self, storage: Storage) -> None:
        with storage.begin(write=True) as session:
            taken = [session.leases.acquire(name, "a", 5) for name in ("schedules", "queue")]
        with storage.begin() as session:
            assert list(session.leases.all()) == taken[::-1]
