"""`Supervisor`: starts and stops several loops together, sees to their heartbeats and leases."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from rostrum.interfaces.clock import Clock
from rostrum.interfaces.storage import Storage
from rostrum.model.errors import RostrumError
from rostrum.model.locations import DaemonState
from rostrum.service.leases import LeaseKeeper
from rostrum.service.loops import Loop, LoopHealth, RunOnce

_log = logging.getLogger(__name__)


class Service(Protocol):
    """Something long-running. Both verbs tolerate any order and repetition."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


def leading(keeper: LeaseKeeper, name: str, run_once: RunOnce) -> RunOnce:
    """`run_once`, called only while this process leads the loop `name`; else the lease is tried for again soon."""

    def guarded(now: datetime) -> float:
        return run_once(now) if keeper.hold(f"loop/{name}") else keeper.seconds / 2

    return guarded


class Supervisor:
    """Owns loops and other services: starts them in order, stops them in reverse.

    Every `heartbeat_seconds` one transaction writes a `DaemonState` for each loop: a loop that hangs shows by
    iterations that do not grow, a process that died by a heartbeat that grows old.
    """

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        services: Sequence[Service],
        *,
        keeper: LeaseKeeper | None = None,
        owner: str | None = None,
        heartbeat_seconds: float = 10.0,
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._services = tuple(services)
        self._keeper = keeper
        self._owner = owner or (keeper.owner if keeper else clock.new_id())
        self._heartbeat_seconds = heartbeat_seconds
        self._heart = Loop("heartbeat", self._beat, clock)
        self._leases = Loop("leases", self._renew, clock)

    @property
    def loops(self) -> tuple[Loop, ...]:
        """The loops among the services."""
        return tuple(service for service in self._services if isinstance(service, Loop))

    def start(self) -> None:
        """Start everything, in order."""
        if self._keeper is not None:
            self._leases.start()
        for service in self._services:
            service.start()
        self._heart.start()

    def stop(self) -> None:
        """Stop everything, in reverse order; the leases are given up last."""
        self._heart.stop()
        for loop in self.loops:
            loop.request_stop()
        for service in reversed(self._services):
            service.stop()
        if self._keeper is not None:
            self._leases.stop()
            try:
                self._keeper.release()
            except RostrumError as error:
                _log.warning("leases are left to expire: %s", error)

    def health(self) -> dict[str, LoopHealth]:
        """Health by loop name."""
        return {loop.name: loop.health for loop in self.loops}

    def _renew(self, _now: datetime) -> float:
        return self._keeper.renew() if self._keeper else self._heartbeat_seconds

    def _beat(self, now: datetime) -> float:
        with self._storage.begin(write=True) as session:
            for loop in self.loops:
                health = loop.health
                session.locations.put_daemon(
                    DaemonState(
                        loop=loop.name,
                        owner=self._owner,
                        heartbeat_at=now,
                        iterations=health.iterations,
                        last_error=health.last_error,
                        last_seconds=health.last_seconds,
                    )
                )
        return self._heartbeat_seconds
