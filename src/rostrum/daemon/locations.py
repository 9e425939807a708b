"""The locations loop: one long poll a code location; answers are recorded, a silent server is shown as unreachable."""

from __future__ import annotations

import logging
from datetime import datetime

from rostrum.control.locations import Locations
from rostrum.interfaces.clock import Clock
from rostrum.interfaces.locations import CodeLocation, CodeLocations
from rostrum.model.errors import InvocationError, Unavailable
from rostrum.service.loops import Loop, describe

_log = logging.getLogger(__name__)

POLL_SECONDS = 20.0
"""Length of one long poll; it holds a thread of this process, which is what threads of this loop are for."""
BACKOFF_SECONDS = 15.0
PATIENCE = 2
"""Vain calls in a row before the location is shown as unreachable: a restarting server takes a moment."""


class LocationWatch:
    """Watches one code location."""

    def __init__(self, location: CodeLocation, control: Locations, poll_seconds: float = POLL_SECONDS) -> None:
        self._location = location
        self._control = control
        self._poll_seconds = poll_seconds
        self._known: int | None = None
        """Revision of what was recorded last."""
        self._vain = 0

    def run_once(self, _now: datetime) -> float:
        """One long poll; returns the seconds until the next, 0 while the server answers."""
        try:
            self._watch()
        except Unavailable as error:
            self._vain += 1
            if self._vain >= PATIENCE:
                self._known = None  # what it says next is recorded, even when nothing has changed
                self._control.unreachable(self._location.name, describe(error))
            return min(BACKOFF_SECONDS, 0.25 * 2**self._vain)
        self._vain = 0
        return 0.0

    def _watch(self) -> None:
        if self._known is None:
            reply = self._location.manifest()
        else:
            reply = self._location.wait_for_change(self._known, self._poll_seconds)
        if reply is None:
            return
        try:
            self._control.record(self._location.name, reply)
        except InvocationError:
            reply = self._location.manifest()  # it came without the manifest, and that is not stored
            self._control.record(self._location.name, reply)
        self._known = reply.revision


class LocationsService:
    """A watching thread for every configured code location."""

    def __init__(self, locations: CodeLocations, control: Locations, clock: Clock) -> None:
        self._locations = locations
        self._control = control
        self._clock = clock
        self._loops: list[Loop] = []

    def start(self) -> None:
        """Make all configured locations known and start watching them, unless that is done."""
        if self._loops:
            return
        for name in self._locations.names():
            self._control.add(name)
            watch = LocationWatch(self._locations.get(name), self._control)
            # A thread within a long poll is left to end by itself: it holds nothing.
            self._loops.append(Loop(f"location/{name}", watch.run_once, self._clock, join_seconds=0.2))
        for loop in self._loops:
            loop.start()

    def stop(self) -> None:
        """Stop watching."""
        loops, self._loops = self._loops, []
        for loop in loops:
            loop.request_stop()
        for loop in loops:
            loop.stop()
