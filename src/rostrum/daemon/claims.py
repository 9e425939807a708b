"""Which runs this daemon is launching: a claim is a lease on the run, by database time, renewed while it lasts (law 4).

Another daemon takes a run over when the lease has ended, or its owner is known to be dead, and never before: whatever
pauses this one takes between attempts, and however long a launch goes unanswered.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from rostrum.control.runs import launch_lease
from rostrum.interfaces.clock import Clock
from rostrum.interfaces.storage import Session, Storage
from rostrum.model.leases import Lease
from rostrum.model.runs import Run, RunStatus
from rostrum.service.leases import take
from rostrum.service.processes import is_gone

_PREFIX = launch_lease("")


class LaunchClaims:
    """The claims of one daemon. Thread-safe. `take` is of the caller's transaction, all else commits by itself."""

    def __init__(self, storage: Storage, clock: Clock, owner: str, seconds: float) -> None:
        self.owner = owner
        self._storage, self._clock, self._seconds = storage, clock, seconds
        self._lock = threading.Lock()
        self._launching: set[str] = set()
        self._retry_at: dict[str, datetime] = {}
        """Ours, between two attempts. By this host's clock, which is compared with itself only."""
        self._renew_at = clock.now()

    def take(self, session: Session, run_id: str) -> Lease | None:
        """Claim a run; None when it is another daemon's. The lease's epoch is 1 when nobody has claimed it before."""
        return take(session, launch_lease(run_id), self.owner, self._seconds)

    def begin(self, run_id: str) -> None:
        """The claimed run is handed to a thread now."""
        with self._lock:
            if not self._launching and not self._retry_at:
                self._renew_at = self._clock.now() + self._third()
            self._launching.add(run_id)
            self._retry_at.pop(run_id, None)

    def end(self, run_id: str) -> None:
        """The thread is done with it; what becomes of the claim has been told by `postpone` or `release`."""
        with self._lock:
            self._launching.discard(run_id)

    def postpone(self, run_id: str, seconds: float) -> None:
        """Keep the claim; the next attempt is due after a pause."""
        with self._lock:
            self._retry_at[run_id] = self._clock.now() + timedelta(seconds=seconds)

    def release(self, run_ids: Iterable[str]) -> None:
        """Give claims up. Raises Unavailable while the database is away: then their leases end by themselves."""
        names = list(run_ids)
        with self._lock:
            for run_id in names:
                self._retry_at.pop(run_id, None)
        if names:
            with self._storage.begin(write=True) as session:
                for run_id in names:
                    session.leases.drop(launch_lease(run_id), self.owner)

    def is_waiting(self, run_id: str) -> bool:
        """The run is ours and between two attempts."""
        with self._lock:
            return run_id in self._retry_at

    def due(self, session: Session, in_progress: Iterable[Run], now: datetime) -> list[Run]:
        """Starting runs without a worker that are to be launched: ours whose pause is over, and those that no living
        daemon holds.
        """
        found: list[Run] = []
        others: list[Run] = []
        for run in in_progress:
            if run.status is not RunStatus.STARTING or run.worker is not None:
                continue
            with self._lock:
                launching, retry_at = run.run_id in self._launching, self._retry_at.get(run.run_id)
            if not launching:
                (others if retry_at is None else found if now >= retry_at else []).append(run)
        if others:
            at = session.now()
            leases = session.leases.all()
            held = {lease.name for lease in leases if lease.expires_at > at and not is_gone(lease.owner)}
            found += [run for run in others if launch_lease(run.run_id) not in held]
        return found

    def over(self, in_progress: Sequence[Run]) -> list[str]:
        """Claims between two attempts whose run needs no launch any more: its worker speaks, or it has ended."""
        wanted = {
            run.run_id
            for run in in_progress
            if run.worker is None and run.status in {RunStatus.STARTING, RunStatus.CANCELING}
        }
        with self._lock:
            return [run_id for run_id in self._retry_at if run_id not in wanted]

    def renew(self, now: datetime) -> None:
        """Renew all claims when that is due. One that another daemon has taken meanwhile is not ours any more."""
        with self._lock:
            held = [*self._launching, *self._retry_at]
            if not held or now < self._renew_at:
                return
            self._renew_at = now + self._third()
        with self._storage.begin(write=True) as session:
            lost = [run_id for run_id in held if self.take(session, run_id) is None]
        with self._lock:
            for run_id in lost:
                self._retry_at.pop(run_id, None)

    def sweep(self) -> None:
        """Forget leases that dead daemons left on runs that have ended since."""
        with self._storage.begin() as session:
            at = session.now()
            left = [lease for lease in session.leases.all() if lease.name.startswith(_PREFIX) and lease.expires_at < at]
            wanted = {launch_lease(run.run_id) for run in session.runs.in_progress()} if left else set[str]()
        left = [lease for lease in left if lease.name not in wanted]
        if left:
            with self._storage.begin(write=True) as session:
                for lease in left:
                    session.leases.drop(lease.name, lease.owner)

    def seconds_until(self, now: datetime, idle_seconds: float) -> float:
        """Until the next attempt or renewal is due, `idle_seconds` at most."""
        with self._lock:
            times = list(self._retry_at.values())
            if times or self._launching:
                times.append(self._renew_at)
        return min([idle_seconds, *((at - now).total_seconds() for at in times)])

    def _third(self) -> timedelta:
        return timedelta(seconds=self._seconds / 3)
