"""The daemon as a whole: its loops with their doorbells, leases and heartbeats. Every part comes from outside."""

from __future__ import annotations

import msgspec

from rostrum.control.events import EventLog
from rostrum.control.locations import Locations
from rostrum.control.manifests import ManifestCache
from rostrum.control.runs import Runs
from rostrum.daemon.locations import LocationsService
from rostrum.daemon.monitor import MONITOR_LOOP, Drain, MonitorLoop
from rostrum.daemon.queue import LaunchSettings, QueueLoop, QueueSettings
from rostrum.daemon.schedules import ScheduleLoop
from rostrum.interfaces.clock import Clock
from rostrum.interfaces.doorbell import Doorbell
from rostrum.interfaces.launching import Launcher
from rostrum.interfaces.locations import CodeLocations
from rostrum.interfaces.storage import Storage
from rostrum.planning.monitor import MonitorLimits
from rostrum.service.leases import LeaseKeeper
from rostrum.service.loops import Loop
from rostrum.service.supervisor import Service, Supervisor, leading


class DaemonParts(msgspec.Struct, frozen=True, kw_only=True):
    """What the daemon's loops are made of."""

    storage: Storage
    events: EventLog
    runs: Runs
    manifests: ManifestCache
    doorbell: Doorbell
    clock: Clock
    locations: CodeLocations
    launcher: Launcher
    launch: LaunchSettings
    drain: Drain
    """Stores what a dead worker had spooled (`EventLog.drain` over its spool)."""
    queue: QueueSettings = QueueSettings()
    monitor: MonitorLimits = MonitorLimits()
    evaluation_seconds: float = 60.0
    """Deadline of one evaluation of user code."""
    watch_locations: bool = True
    """False where something else records what code locations report."""


class Daemon:
    """All loops of one daemon process. Starts and stops in any order, any number of times; many may run at once."""

    def __init__(self, parts: DaemonParts) -> None:
        clock, bell = parts.clock, parts.doorbell
        self._keeper = LeaseKeeper(parts.storage, clock)
        self._queue = QueueLoop(
            parts.storage,
            parts.runs,
            parts.launcher,
            bell,
            clock,
            parts.launch,
            parts.queue,
            owner=self._keeper.owner,
        )
        self._schedules = ScheduleLoop(
            parts.storage,
            parts.events,
            parts.runs,
            parts.manifests,
            parts.locations,
            bell,
            clock,
            deadline_seconds=parts.evaluation_seconds,
        )
        monitor = MonitorLoop(parts.storage, parts.runs, parts.launcher, clock, parts.monitor, drain=parts.drain)
        lead_monitor = leading(self._keeper, MONITOR_LOOP, monitor.run_once)
        lead_schedules = leading(self._keeper, "schedules", self._schedules.run_once)
        services: list[Service] = [
            # A doorbell that polls rings for every commit of another process: the rests keep that from being a spin.
            Loop("queue", self._queue.run_once, clock, doorbell=bell, topics=("queue",), rest_seconds=0.004),
            Loop("schedules", lead_schedules, clock, doorbell=bell, topics=("schedules",), rest_seconds=0.1),
            Loop(MONITOR_LOOP, lead_monitor, clock, doorbell=bell, topics=("cancel",), rest_seconds=0.2),
        ]
        if parts.watch_locations:
            control = Locations(parts.events, bell, clock)
            services.insert(0, LocationsService(parts.locations, control, clock))
        self.supervisor = Supervisor(parts.storage, clock, services, keeper=self._keeper)

    @property
    def owner(self) -> str:
        """Id of this daemon, as in leases and heartbeats."""
        return self._keeper.owner

    def start(self) -> None:
        """Start all loops."""
        self.supervisor.start()

    def stop(self) -> None:
        """Stop all loops. What launches and evaluations under way leave half-done is found again."""
        self.supervisor.stop()
