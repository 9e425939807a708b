"""`LeaseKeeper`: leadership of loops by leases in the database (law 4).

A lease spreads work over replicas; it is not what makes two of them safe (the loops' transactions are). The local
belief "we hold it" ends by this process's own steady clock and by its wall clock, whichever is first, counted from
before the request: not later than in the database.
"""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta

from rostrum.interfaces.clock import Clock
from rostrum.interfaces.storage import Session, Storage
from rostrum.model.leases import Lease
from rostrum.service.processes import is_gone


def take(session: Session, name: str, owner: str, seconds: float) -> Lease | None:
    """Acquire or renew a lease, in a writing session: at once where the process that holds it is known to be dead (by
    its `processes.identity`), else not before it ends. None when another one has it.
    """
    lease = session.leases.acquire(name, owner, seconds)
    if lease is not None:
        return lease
    holder = next((each.owner for each in session.leases.all() if each.name == name), "")
    if not is_gone(holder):
        return None
    session.leases.release(name, holder)
    return session.leases.acquire(name, owner, seconds)


class LeaseKeeper:
    """Acquires and renews leases under one owner name. Thread-safe."""

    def __init__(self, storage: Storage, clock: Clock, owner: str | None = None, seconds: float = 10.0) -> None:
        self.owner = owner or clock.new_id()
        self.seconds = seconds
        self._storage = storage
        self._clock = clock
        self._lock = threading.Lock()
        self._until: dict[str, tuple[float, datetime]] = {}

    def hold(self, name: str) -> bool:
        """Say whether the lease is ours, acquiring it if it is free. Asks the database if our belief has ended."""
        if name in self.held():
            return True
        return self._acquire([name])[name]

    def held(self) -> list[str]:
        """Names of the leases that we believe to hold."""
        steady, now = time.monotonic(), self._clock.now()
        with self._lock:
            return sorted(name for name, (until, at) in self._until.items() if until > steady and at > now)

    def renew(self) -> float:
        """Renew all that is held, in one transaction; returns the seconds until that is wanted again."""
        names = self.held()
        if names:
            self._acquire(names)
        return self.seconds / 3

    def release(self) -> None:
        """Give all up, so that another replica can go on at once."""
        names = self.held()
        with self._lock:
            self._until.clear()
        if names:
            with self._storage.begin(write=True) as session:
                for name in names:
                    session.leases.release(name, self.owner)

    def forget(self) -> None:
        """Drop the belief (not the leases): the next `hold` asks the database."""
        with self._lock:
            self._until.clear()

    def _acquire(self, names: list[str]) -> dict[str, bool]:
        trusted = self.seconds * 0.9
        until = (time.monotonic() + trusted, self._clock.now() + timedelta(seconds=trusted))
        with self._storage.begin(write=True) as session:
            leases = {name: take(session, name, self.owner, self.seconds) for name in names}
        with self._lock:
            for name, lease in leases.items():
                if lease is None:
                    self._until.pop(name, None)
                else:
                    self._until[name] = until
        return {name: lease is not None for name, lease in leases.items()}
