"""Entry points of reading about the machinery: code locations, loops, the queue, pools."""

from __future__ import annotations

from rostrum.web.context import RequestContext
from rostrum.web.views.pools import PoolView
from rostrum.web.views.system import DaemonLoopView, LocationView, QueueView


class SystemQuery:
    """Root of queries, with `queries.Query`."""

    def __init__(self, context: RequestContext) -> None:
        self._context = context

    def locations(self) -> list[LocationView]:
        return [LocationView(self._context, state) for state in self._context.session.locations.states()]

    def daemons(self) -> list[DaemonLoopView]:
        return [DaemonLoopView(state) for state in self._context.session.locations.daemons()]

    def queue(self) -> QueueView:
        return QueueView(self._context)

    def pools(self) -> list[PoolView]:
        return [PoolView(self._context, state) for state in self._context.pools.values()]

    def pool(self, name: str) -> PoolView | None:
        state = self._context.pools.get(name)
        return PoolView(self._context, state) if state is not None else None
