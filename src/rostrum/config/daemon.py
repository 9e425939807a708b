"""Assembles the daemon: its loops over one deployment."""

from __future__ import annotations

import re
from pathlib import Path

from rostrum.config.deployment import Deployment, queue_limits
from rostrum.config.registry import component
from rostrum.daemon.locations import LocationsService
from rostrum.daemon.monitor import GATEWAY_LOOP, MONITOR_LOOP, MonitorLoop
from rostrum.daemon.queue import LaunchSettings, QueueLoop, QueueSettings
from rostrum.daemon.schedules import ScheduleLoop
from rostrum.interfaces.launching import Launcher
from rostrum.interfaces.locations import CodeLocations
from rostrum.model.errors import ConfigError, Conflict
from rostrum.model.runs import Run
from rostrum.planning.monitor import MonitorLimits
from rostrum.rpc.spool import logs_directory, read_spool
from rostrum.service.leases import LeaseKeeper
from rostrum.service.loops import Loop
from rostrum.service.processes import LocalProcesses
from rostrum.service.supervisor import Supervisor, leading

_CHUNK = 1 << 20
_LOG_FILE = re.compile(r"([A-Za-z0-9_.-]+)\.(out|err)")


def spool_dir(deployment: Deployment, run: Run) -> str:
    """Where the worker of this run and epoch spools."""
    return str(deployment.home.spool / f"{run.run_id}.{run.epoch}")


def launcher(deployment: Deployment, code_locations: CodeLocations) -> Launcher:
    """The launcher of the instance file."""
    settings = deployment.settings.launcher
    try:
        return component("launcher", settings.name)(code_locations, LocalProcesses(), **settings.config)
    except TypeError as error:
        raise ConfigError(f"launcher: {settings.name} does not take these settings: {error}") from None


def daemon(deployment: Deployment, code_locations: CodeLocations, *, with_gateway: bool) -> Supervisor:
    """All loops, not started. `with_gateway`: this process serves the gateway too, and says so by a heartbeat."""
    clock, bell, storage = deployment.clock, deployment.doorbell, deployment.storage
    keeper = LeaseKeeper(storage, clock)
    start = launcher(deployment, code_locations)
    launch = LaunchSettings(
        gateway=deployment.gateway,
        mint_token=lambda run: deployment.run_tokens.mint(run.run_id, run.epoch),
        spool_dir=lambda run: spool_dir(deployment, run),
        environment={"ROSTRUM_HOME": str(deployment.home.folder)},
    )
    queue = QueueLoop(
        storage,
        deployment.runs,
        start,
        bell,
        clock,
        launch,
        QueueSettings(limits=queue_limits(deployment.settings)),
        owner=keeper.owner,
    )
    schedules = ScheduleLoop(
        storage, deployment.events, deployment.runs, deployment.manifests, code_locations, bell, clock
    )
    limits = deployment.settings.monitor
    monitor = MonitorLoop(
        storage,
        deployment.runs,
        start,
        clock,
        MonitorLimits(
            disconnected_after_seconds=limits.disconnected_after,
            lost_after_seconds=limits.lost_after,
            start_timeout_seconds=limits.start_timeout,
            cancel_grace_seconds=limits.cancel_grace,
        ),
        drain=lambda run: drain(deployment, run),
    )
    services = [
        LocationsService(code_locations, deployment.locations, clock),
        Loop("queue", queue.run_once, clock, doorbell=bell, topics=("queue",)),
        Loop(
            "schedules",
            leading(keeper, "schedules", schedules.run_once),
            clock,
            doorbell=bell,
            topics=("schedules", "locations"),
        ),
        Loop(
            MONITOR_LOOP,
            leading(keeper, MONITOR_LOOP, monitor.run_once),
            clock,
            doorbell=bell,
            topics=("cancel", "launched"),
            rest_seconds=0.2,
        ),
    ]
    if with_gateway:
        services.append(gateway_heart(deployment))
    return Supervisor(storage, clock, services, keeper=keeper)


def gateway_heart(deployment: Deployment) -> Loop:
    """A loop that does nothing but live: its stored heartbeat tells the monitor when workers could be heard."""
    return Loop(GATEWAY_LOOP, lambda _now: 5.0, deployment.clock)


def drain(deployment: Deployment, run: Run) -> None:
    """Store what a worker that died on this host had spooled: its events under its epoch, and the end of its output."""
    folder = spool_dir(deployment, run)
    deployment.events.drain(run.run_id, run.epoch, read_spool(folder, run.epoch))
    logs = Path(logs_directory(folder))
    for path in sorted(logs.iterdir()) if logs.is_dir() else ():
        named = _LOG_FILE.fullmatch(path.name)
        if named:
            _drain_log(deployment, run.run_id, path, named.group(1), named.group(2))


def _drain_log(deployment: Deployment, run_id: str, path: Path, file_key: str, stream: str) -> None:
    store = deployment.log_store
    offset = store.read(run_id, file_key, stream, 0, 1).size
    with path.open("rb") as captured:
        captured.seek(offset)
        while data := captured.read(_CHUNK):
            try:
                offset = store.append(run_id, file_key, stream, offset, data)
            except Conflict:
                return
    store.complete(run_id, file_key)
