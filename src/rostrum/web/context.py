"""What resolvers and routes work with: the parts of the control plane they were given, and one request's view of
them.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from rostrum.auth.authorize import authorize
from rostrum.auth.requests import Authenticator
from rostrum.control.automations import Automations
from rostrum.control.backfills import Backfills
from rostrum.control.locations import Locations
from rostrum.control.pools import Pools, PoolState, pool_states
from rostrum.control.runs import Runs
from rostrum.control.waiting import waiting_reasons
from rostrum.interfaces.clock import Clock
from rostrum.interfaces.doorbell import Doorbell
from rostrum.interfaces.locations import CodeLocations
from rostrum.interfaces.logs import LogStore
from rostrum.interfaces.storage import Session, Storage
from rostrum.model.principals import Permission, Principal
from rostrum.planning.queue import QueueLimits, WaitReason
from rostrum.web.budget import Budget
from rostrum.web.catalog import Catalog, CatalogCache
from rostrum.web.logs import WatchedLogs


@dataclass(frozen=True)
class Services:
    """Components that the web needs; assembled by the composition root."""

    storage: Storage
    logs: LogStore
    doorbell: Doorbell
    clock: Clock
    runs: Runs
    backfills: Backfills
    automations: Automations
    locations: Locations
    pools: Pools
    code_locations: CodeLocations
    authenticator: Authenticator
    catalogs: CatalogCache
    deployment: str = "default"
    timezone: str = "UTC"
    version: str = "0"
    queue_limits: QueueLimits = field(default_factory=QueueLimits)
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Of the instance, as plain data; shown to administrators only, secrets covered."""
    watched_logs: WatchedLogs = field(default_factory=WatchedLogs)


class RequestContext:
    """One request: who asks, one reading session opened when first needed, and what was computed on the way."""

    def __init__(self, services: Services, principal: Principal | None) -> None:
        self.services = services
        self.principal = principal
        self.budget = Budget()
        self._begun: AbstractContextManager[Session] | None = None
        self._session: Session | None = None
        self.titles: dict[str, str] = {}
        """What a list shows of a run, by id."""
        self.typical: dict[tuple[str, str, tuple[str, ...]], dict[str, float]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.refresh()

    def require(self, permission: Permission) -> Principal:
        """The principal, if it may. Raises Unauthenticated or Denied."""
        return authorize(self.principal, permission)

    @property
    def session(self) -> Session:
        """The request's reading session."""
        if self._session is None:
            self._begun = self.services.storage.begin()
            self._session = self._begun.__enter__()
        return self._session

    def refresh(self) -> None:
        """End the reading session: the next read sees what has been written since."""
        if self._begun is not None:
            begun, self._begun, self._session = self._begun, None, None
            self.__dict__.pop("catalog", None)
            self.__dict__.pop("waiting", None)
            self.__dict__.pop("pools", None)
            begun.__exit__(None, None, None)

    @functools.cached_property
    def waiting(self) -> dict[str, WaitReason]:
        """What each queued run that cannot start now waits for, by run id."""
        return waiting_reasons(self.session, self.services.queue_limits, self.services.clock.now())

    @functools.cached_property
    def pools(self) -> dict[str, PoolState]:
        """What goes on in each pool, by name."""
        now, rules = self.services.clock.now(), self.services.queue_limits.pools
        defined = {op.pool for op in self.catalog.ops.values() if op.pool is not None}
        return {state.name: state for state in pool_states(self.session, rules, now, self.waiting, defined)}

    @property
    def places(self) -> int | None:
        """Runs that may be in progress at once; None without a limit."""
        limit = self.services.queue_limits.max_concurrent_runs
        return limit if limit >= 0 else None

    @functools.cached_property
    def catalog(self) -> Catalog:
        """All definitions of the active versions."""
        return self.services.catalogs.get(self.session)
