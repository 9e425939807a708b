"""Assembles the web server: UI, GraphQL and live events on a port, the gateway on its own door."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Protocol, runtime_checkable

import msgspec
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp

from rostrum.auth.passwords import LocalUsers
from rostrum.auth.requests import Authenticator, is_loopback
from rostrum.auth.tokens import Tokens
from rostrum.config.deployment import Deployment, pool_rules, queue_limits, version
from rostrum.control.automations import Automations
from rostrum.control.backfills import Backfills
from rostrum.control.events import EventLog
from rostrum.control.locations import Locations
from rostrum.control.pools import Pools
from rostrum.control.runs import Runs
from rostrum.gateway.app import gateway_app
from rostrum.interfaces.locations import CodeLocations
from rostrum.interfaces.storage import Storage
from rostrum.model.errors import ConfigError
from rostrum.model.secrets import masked_config
from rostrum.web.app import create_app
from rostrum.web.context import Services

PATIENCE_SECONDS = 5.0
"""How long a request waits for the database's writer."""


@runtime_checkable
class Hurried(Protocol):
    """A storage whose writers can be told how long to wait."""

    def with_patience(self, seconds: float) -> Storage:
        """The same storage for less patient callers."""
        ...


def login_required(deployment: Deployment, host: str, users: LocalUsers) -> bool:
    """Whether the server asks for a login. Raises ConfigError where it would be open to others, or nobody could log
    in.
    """
    wanted = deployment.settings.web.require_login
    if not is_loopback(host):
        if wanted is False:
            raise ConfigError(f"web.require_login: false is for loopback only, and {host} can be reached by others")
        wanted = True
    if wanted and not users.any():
        raise ConfigError(
            f"listening on {host} needs a login, and there is no user yet: add one with `rostrum user add NAME`"
        )
    return bool(wanted)


def web_app(deployment: Deployment, code_locations: CodeLocations, host: str) -> Starlette:
    """The application for the port. The gateway is mounted too, so that workers elsewhere reach it by the same
    address.
    """
    workers_door = gateway(deployment)  # workers are patient
    deployment = for_requests(deployment)
    users = LocalUsers(deployment.storage, deployment.clock)
    required = login_required(deployment, host, users)
    services = Services(
        storage=deployment.storage,
        logs=deployment.log_store,
        doorbell=deployment.doorbell,
        clock=deployment.clock,
        runs=deployment.runs,
        backfills=deployment.backfills,
        automations=deployment.automations,
        locations=deployment.locations,
        pools=deployment.pools,
        code_locations=code_locations,
        authenticator=Authenticator(Tokens(deployment.storage, deployment.clock), users, login_required=required),
        catalogs=deployment.catalogs,
        deployment=deployment.settings.deployment,
        timezone=deployment.settings.timezone or local_timezone(),
        version=version(),
        queue_limits=queue_limits(deployment.settings),
        settings=masked_config(msgspec.to_builtins(deployment.settings)),
    )
    return create_app(services, loopback_only=is_loopback(host), extra_routes=[Mount("/gateway", workers_door)])


def for_requests(deployment: Deployment) -> Deployment:
    """The deployment as people's requests use it: who cannot write soon hears so, rather than keep a thread waiting."""
    if not isinstance(deployment.storage, Hurried):
        return deployment
    storage = deployment.storage.with_patience(PATIENCE_SECONDS)
    bell, clock, manifests = deployment.doorbell, deployment.clock, deployment.manifests
    events = EventLog(storage, bell, clock)
    runs = Runs(storage, events, bell, clock, manifests)
    return dataclasses.replace(
        deployment,
        storage=storage,
        runs=runs,
        backfills=Backfills(storage, events, bell, runs, clock),
        automations=Automations(storage, bell, clock, manifests),
        locations=Locations(events, bell, clock),
        pools=Pools(events, bell, clock),
    )


def gateway(deployment: Deployment) -> ASGIApp:
    """The gateway's routes."""
    return gateway_app(
        deployment.events,
        deployment.storage,
        deployment.log_store,
        deployment.run_tokens,
        pools=pool_rules(deployment.settings),
        doorbell=deployment.doorbell,
    )


def gateway_only(deployment: Deployment) -> Starlette:
    """An application with nothing but the gateway: what the unix socket serves."""
    return Starlette(routes=[Mount("/gateway", gateway(deployment))])


def local_timezone() -> str:
    """IANA name of this machine's time zone, UTC where it cannot be told."""
    named = os.environ.get("TZ", "")
    if "/" in named:
        return named.lstrip(":")
    target = os.path.realpath("/etc/localtime")
    _, found, name = target.partition("zoneinfo/")
    return name if found and Path(target).exists() else "UTC"
