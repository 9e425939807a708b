"""Assembles the daemon: its loops over one deployment."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from rostrum.config.deployment import Deployment, queue_limits
from rostrum.config.executors import default_executor
from rostrum.config.instance import GATEWAY_VARIABLE
from rostrum.config.registry import component
from rostrum.config.spools import Tidying, discard, drain, spool_dir
from rostrum.config.targets import code_target
from rostrum.config.workspace import LocationSpec
from rostrum.daemon.locations import LocationsService
from rostrum.daemon.monitor import GATEWAY_LOOP, MONITOR_LOOP, MonitorLoop
from rostrum.daemon.queue import LaunchSettings, QueueLoop, QueueSettings
from rostrum.daemon.retries import RetryLoop
from rostrum.daemon.schedules import ScheduleLoop
from rostrum.interfaces.launching import Launcher
from rostrum.interfaces.locations import CodeLocations
from rostrum.model.errors import ConfigError
from rostrum.planning.monitor import MonitorLimits
from rostrum.service.leases import LeaseKeeper
from rostrum.service.loops import Loop
from rostrum.service.processes import LocalProcesses, identity
from rostrum.service.supervisor import Supervisor, leading

CONTAINERS = frozenset({"docker", "kubernetes"})
"""Launchers whose workers are somewhere else; they take their settings as they are written."""


def launcher(deployment: Deployment, code_locations: CodeLocations) -> Launcher:
    """The launcher of the instance file. Raises ConfigError for settings that it does not take."""
    settings = deployment.settings.launcher
    if settings.name in CONTAINERS:
        if deployment.settings.gateway.url is None:
            raise ConfigError(
                f"launcher {settings.name}: workers in containers reach the gateway over the network; set gateway.url "
                f"in rostrum.yaml, or {GATEWAY_VARIABLE}, to an address of the web server that they can reach, such as "
                "http://rostrum:3000"
            )
        return component("launcher", settings.name)(settings.config)
    try:
        return component("launcher", settings.name)(code_locations, LocalProcesses(), **settings.config)
    except TypeError as error:
        raise ConfigError(f"launcher: {settings.name} does not take these settings: {error}") from None


def daemon(
    deployment: Deployment,
    code_locations: CodeLocations,
    *,
    with_gateway: bool,
    specs: Sequence[LocationSpec] = (),
) -> Supervisor:
    """All loops, not started. `with_gateway`: this process serves the gateway too, and says so by a heartbeat.
    `specs`: what the locations are made of, for workers that import it by themselves.
    """
    clock, bell, storage = deployment.clock, deployment.doorbell, deployment.storage
    keeper = LeaseKeeper(storage, clock, identity(clock.new_id()))
    start = launcher(deployment, code_locations)
    launch = _launch_settings(deployment, specs)
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
            max_runtime_seconds=limits.max_runtime,
            max_resumes=limits.max_resume_attempts,
        ),
        drain=lambda run: drain(deployment, run),
        discard=lambda run: discard(deployment, run),
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
        Loop(
            "retries",
            leading(keeper, "retries", RetryLoop(storage, deployment.reruns).run_once),
            clock,
            doorbell=bell,
            topics=("retries",),
        ),
        Loop("spools", Tidying(deployment).run_once, clock),
    ]
    if with_gateway:
        services.append(gateway_heart(deployment))
    return Supervisor(storage, clock, services, keeper=keeper)


def _launch_settings(deployment: Deployment, specs: Sequence[LocationSpec]) -> LaunchSettings:
    code = {spec.name: msgspec.to_builtins(code_target(spec)) for spec in specs if spec.server is None}
    return LaunchSettings(
        gateway=deployment.gateway,
        mint_token=lambda run: deployment.run_tokens.mint(run.run_id, run.epoch),
        spool_dir=lambda run: spool_dir(deployment, run),
        environment={"ROSTRUM_HOME": str(deployment.home.folder)},
        executor=default_executor(deployment.settings),
        code=lambda run: code.get(run.target.location),
    )


def gateway_heart(deployment: Deployment) -> Loop:
    """A loop that does nothing but live: its stored heartbeat tells the monitor when workers could be heard."""
    return Loop(GATEWAY_LOOP, lambda _now: 5.0, deployment.clock)
