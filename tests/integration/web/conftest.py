"""A control plane in memory with one code location, served to an ASGI client without a network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from rostrum.auth.authorize import ROLES
from rostrum.auth.passwords import LocalUsers
from rostrum.config.deployment import Deployment, open_control
from rostrum.config.instance import Component, InstanceSettings, WebSettings, find_home
from rostrum.config.web import web_app
from rostrum.interfaces.locations import CodeLocation, ManifestReply
from rostrum.model.assets import AssetKey, CheckKey
from rostrum.model.errors import NotFound
from rostrum.model.manifest import (
    AssetDependency,
    AssetNode,
    CheckNode,
    InputNode,
    JobNode,
    Manifest,
    OpNode,
    OutputNode,
    ScheduleNode,
    Source,
)
from rostrum.model.manifest_parts import encode_manifest, manifest_hash
from rostrum.model.partitions import StaticPartitions

RAW, CLEAN = AssetKey.of("raw/orders"), AssetKey.of("core/orders")
CHECK = CheckKey(CLEAN, "no_duplicates")

MANIFEST = Manifest(
    assets=(
        AssetNode(key=RAW, op="raw__orders", group="raw", partitions="days", description="Orders as they came.\nMore."),
        AssetNode(
            key=CLEAN,
            op="core__orders",
            deps=(AssetDependency(RAW),),
            group="core",
            partitions="days",
            source=Source("shop.py", 12),
        ),
    ),
    checks=(CheckNode(key=CHECK, op="core__orders_no_duplicates"),),
    ops=(
        OpNode(name="raw__orders", kind="asset", outputs=(OutputNode(asset_key=RAW),)),
        OpNode(
            name="core__orders",
            kind="asset",
            inputs=(InputNode(name="orders", asset_key=RAW),),
            outputs=(OutputNode(asset_key=CLEAN),),
        ),
        OpNode(
            name="core__orders_no_duplicates",
            kind="check",
            inputs=(InputNode(name="orders", asset_key=CLEAN),),
            outputs=(OutputNode(check_key=CHECK),),
        ),
    ),
    jobs=(JobNode(name="daily", asset_selection=(RAW, CLEAN), check_selection=(CHECK,), partitions="days"),),
    schedules=(ScheduleNode(name="mornings", job="daily", cron=("0 6 * * *",), timezone="Europe/Berlin"),),
    partitions={"days": StaticPartitions(("d1", "d2", "d3"))},
)


class Shop:
    """A code location that always reloads well."""

    name = "shop.py"

    def __init__(self) -> None:
        data = encode_manifest(MANIFEST)
        self.reply = ManifestReply(manifest_hash=manifest_hash(data), data=data, revision=1, fork="fork")

    def reload(self) -> ManifestReply:
        return self.reply


class Locations:
    """The one location."""

    def __init__(self) -> None:
        self.shop = Shop()

    def names(self) -> list[str]:
        return [self.shop.name]

    def get(self, name: str) -> CodeLocation:
        if name != self.shop.name:
            raise NotFound(f"there is no code location {name}")
        return self.shop  # type: ignore[return-value]


@dataclass
class Site:
    """A served control plane."""

    deployment: Deployment
    client: TestClient

    def ask(self, query: str, **variables: Any) -> Any:
        """Data of a query that must not fail."""
        answer = self.client.post("/graphql", json={"query": query, "variables": variables}).json()
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    def errors(self, query: str, **variables: Any) -> list[dict[str, Any]]:
        """Errors of a query that must fail."""
        return self.client.post("/graphql", json={"query": query, "variables": variables}).json()["errors"]


def _site(folder: Path, *, login: bool) -> Site:
    settings = InstanceSettings(storage=Component("memory"), web=WebSettings(require_login=login))
    deployment = open_control(find_home(str(folder)), settings)
    locations = Locations()
    deployment.locations.add("shop.py")
    deployment.locations.record("shop.py", locations.shop.reply)
    if login:
        users = LocalUsers(deployment.storage, deployment.clock)
        for role in ROLES:
            users.add(role, f"password of {role}", (role,))
    app = web_app(deployment, locations, "127.0.0.1")
    return Site(deployment, TestClient(app, base_url="http://127.0.0.1"))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Loopback, no login."""
    found = _site(tmp_path, login=False)
    with found.client:
        yield found


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Site]:
    """Login required; a user a role, named like it."""
    found = _site(tmp_path, login=True)
    with found.client:
        yield found
