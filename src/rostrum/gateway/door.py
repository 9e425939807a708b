"""The one door of a home's gateway: any number of processes can serve it, one does, and when it dies the next one opens
it.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from rostrum.interfaces.clock import Clock
from rostrum.model.errors import Conflict
from rostrum.service.loops import Loop
from rostrum.service.supervisor import Service

_log = logging.getLogger(__name__)
_TRY_SECONDS = 1.0
_REST_SECONDS = 3600.0


class GatewayDoor:
    """Tries for a lock that ends with the process that holds it, every second; serves from when it is ours.

    `lock` raises Conflict while another process has it. `open_services` makes what then serves (it binds the socket).
    """

    def __init__(self, lock: Callable[[], None], open_services: Callable[[], Sequence[Service]], clock: Clock) -> None:
        self._lock, self._open_services = lock, open_services
        self._services: list[Service] = []
        self._is_ours = False
        self._loop = Loop("gateway-door", self.try_once, clock)

    @property
    def is_open(self) -> bool:
        """This process serves."""
        return bool(self._services)

    def start(self) -> None:
        """Try at once, and go on trying."""
        with contextlib.suppress(Conflict):
            self._open()
        if not self.is_open:
            self._loop.start()

    def stop(self) -> None:
        """Serve no more. The lock ends with the process."""
        self._loop.stop()
        for service in reversed(self._services):
            service.stop()

    def try_once(self, _now: datetime) -> float:
        """One iteration: returns the seconds until the next."""
        if self.is_open:
            return _REST_SECONDS
        try:
            self._open()
        except Conflict:
            return _TRY_SECONDS
        _log.warning("the process that served the gateway has ended; this one serves it now")
        return _REST_SECONDS

    def _open(self) -> None:
        if not self._is_ours:
            self._lock()
            self._is_ours = True
        services = self._open_services()
        for service in services:
            service.start()
        self._services = list(services)
