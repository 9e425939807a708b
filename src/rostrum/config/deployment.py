"""Assembles the parts of the control plane that every process of it has. The only layer that names concrete
components.
"""

from __future__ import annotations

import importlib.metadata
import os
from dataclasses import dataclass

from rostrum.auth.run_tokens import RunTokens, installation_key
from rostrum.config.instance import HOME_VARIABLE, Home, InstanceSettings
from rostrum.config.registry import component
from rostrum.control.automations import Automations
from rostrum.control.backfills import Backfills
from rostrum.control.events import EventLog
from rostrum.control.locations import Locations
from rostrum.control.manifests import ManifestCache
from rostrum.control.pools import Pools
from rostrum.control.reruns import Reruns
from rostrum.control.runs import Runs
from rostrum.interfaces.clock import Clock
from rostrum.interfaces.doorbell import Doorbell
from rostrum.interfaces.launching import GatewayAddress
from rostrum.interfaces.logs import LogLimits, LogStore
from rostrum.interfaces.storage import Storage
from rostrum.model.errors import ArgumentError, ConfigError
from rostrum.planning.pools import PoolRules
from rostrum.planning.queue import QueueLimits, TagLimit
from rostrum.planning.run_retries import RunRetryDefaults
from rostrum.service.clock import SystemClock
from rostrum.service.doorbells import LocalDoorbell, SqliteDoorbell
from rostrum.web.catalog import CatalogCache


@dataclass(frozen=True)
class Deployment:
    """Components of one deployment, without methods: each part receives the ones it uses."""

    home: Home
    settings: InstanceSettings
    clock: Clock
    storage: Storage
    log_store: LogStore
    doorbell: Doorbell
    events: EventLog
    manifests: ManifestCache
    catalogs: CatalogCache
    runs: Runs
    reruns: Reruns
    backfills: Backfills
    automations: Automations
    locations: Locations
    pools: Pools
    run_tokens: RunTokens
    gateway: GatewayAddress


def open_storage(home: Home, settings: InstanceSettings, clock: Clock) -> Storage:
    """The storage of the instance, its schema up to date."""
    kind = component("storage", settings.storage.name)
    if settings.storage.name == "memory":
        return kind(clock)
    config = dict(settings.storage.config)
    url = config.pop("url", None)
    if url is None:
        home.database.touch(mode=0o600)  # it holds keys and hashes: closed also where the folder is open to others
        url = f"sqlite:///{home.database}"
    try:
        storage = kind(url, clock=clock, deployment=settings.deployment, **config)
    except TypeError as error:
        raise ConfigError(f"storage: {settings.storage.name} does not take these settings: {error}") from None
    storage.migrate()
    return storage


def open_logs(home: Home, settings: InstanceSettings) -> LogStore:
    """The store of captured output. Raises ConfigError where its settings do not fit."""
    kind = component("logs", settings.logs.name)
    try:
        return kind(home.logs, LogLimits.of(settings.logs.max_bytes), **settings.logs.config)
    except ImportError as error:
        raise ConfigError(f"logs: {error}") from None
    except ArgumentError as error:
        raise ConfigError(f"logs.config.url: {error}") from None
    except TypeError as error:
        raise ConfigError(f"logs: {settings.logs.name} does not take these settings: {error}") from None


def open_control(home: Home, settings: InstanceSettings, *, for_children: bool = True) -> Deployment:
    """Assemble. Opens the database; starts nothing. `for_children`: child processes find the same home."""
    if for_children:
        os.environ[HOME_VARIABLE] = str(home.folder)
    clock = SystemClock()
    storage = open_storage(home, settings, clock)
    log_store = open_logs(home, settings)
    doorbell: Doorbell = SqliteDoorbell(home.database) if settings.storage.name == "sqlite" else LocalDoorbell()
    events = EventLog(storage, doorbell, clock)
    manifests = ManifestCache(storage)
    runs = Runs(storage, events, doorbell, clock, manifests, retry_defaults(settings))
    return Deployment(
        home=home,
        settings=settings,
        clock=clock,
        storage=storage,
        log_store=log_store,
        doorbell=doorbell,
        events=events,
        manifests=manifests,
        catalogs=CatalogCache(manifests),
        runs=runs,
        reruns=Reruns(events, runs, manifests),
        backfills=Backfills(storage, events, doorbell, runs, clock),
        automations=Automations(storage, doorbell, clock, manifests),
        locations=Locations(events, doorbell, clock),
        pools=Pools(events, doorbell, clock),
        run_tokens=RunTokens(installation_key(storage), clock),
        gateway=GatewayAddress(settings.gateway.url or f"unix:{home.sockets / 'gateway.sock'}"),
    )


def queue_limits(settings: InstanceSettings) -> QueueLimits:
    """The queue's limits from the settings."""
    tags = tuple(
        TagLimit(key=tag.key, limit=tag.limit, value=tag.value, per_value=tag.per_value)
        for tag in settings.run_queue.tag_limits
    )
    return QueueLimits(
        max_concurrent_runs=settings.run_queue.max_concurrent_runs, tag_limits=tags, pools=pool_rules(settings)
    )


def retry_defaults(settings: InstanceSettings) -> RunRetryDefaults:
    """What holds for failed runs that say nothing themselves."""
    given = settings.run_retries
    return RunRetryDefaults(
        enabled=given.enabled,
        max_retries=given.max_retries,
        retry_on_step_failure=given.retry_on_asset_or_op_failure,
    )


def pool_rules(settings: InstanceSettings) -> PoolRules:
    """What the settings say of pools."""
    pools = settings.concurrency.pools
    return PoolRules(
        limits=settings.pools,
        default_limit=pools.default_limit,
        granularity=pools.granularity,
        run_buffer=pools.op_granularity_run_buffer,
    )


def version() -> str:
    """Version of the installed distribution."""
    try:
        return importlib.metadata.version("rostrum")
    except importlib.metadata.PackageNotFoundError:
        return "0+source"
