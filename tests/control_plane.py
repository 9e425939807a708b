"""A control plane of real parts for tests: storage in memory (or what is given), event log, runs, one code location."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from rostrum.control.automations import Automations
from rostrum.control.backfills import Backfills
from rostrum.control.events import EventLog
from rostrum.control.locations import Locations
from rostrum.control.manifests import ManifestCache
from rostrum.control.runs import Runs, SubmitRequest
from rostrum.daemon.queue import LaunchSettings
from rostrum.interfaces.launching import GatewayAddress
from rostrum.interfaces.locations import ManifestReply
from rostrum.interfaces.storage import Storage
from rostrum.model.assets import AssetKey, CheckKey
from rostrum.model.events import Event, RunStarted, StepSucceeded, worker_stream
from rostrum.model.manifest import (
    ASSET_JOB,
    AssetDependency,
    AssetNode,
    CheckNode,
    Edge,
    GraphInvocation,
    GraphNode,
    InputNode,
    JobNode,
    Manifest,
    OpNode,
    OutputNode,
    ScheduleNode,
)
from rostrum.model.manifest_parts import encode_manifest, manifest_hash
from rostrum.model.partitions import DynamicPartitions, StaticPartitions, TimePartitions
from rostrum.model.runs import Run, RunTarget
from rostrum.service.doorbells import LocalDoorbell
from rostrum.storage.memory import MemoryStorage
from rostrum.testing.clock import FakeClock

LOCATION = "flights"
START = datetime(2026, 3, 2, 12, tzinfo=UTC)


def asset(name: str, *deps: str, **more: Any) -> tuple[AssetNode, OpNode]:
    key = AssetKey.of(name)
    node = AssetNode(key, op=key.step_key, deps=tuple(AssetDependency(AssetKey.of(dep)) for dep in deps), **more)
    inputs = tuple(InputNode(AssetKey.of(dep).name, asset_key=AssetKey.of(dep)) for dep in deps)
    return node, OpNode(key.step_key, "asset", inputs, (OutputNode(asset_key=key),))


def manifest(*schedules: ScheduleNode) -> Manifest:
    parts = [
        asset("raw", partitions="daily"),
        asset("clean", "raw", partitions="daily"),
        asset("report", "clean"),
        asset("regions", partitions="region"),
        asset("users", partitions="names"),
    ]
    check = CheckNode(CheckKey(AssetKey.of("report"), "not_empty"), op="report_not_empty")
    graph = GraphNode(
        "etl",
        nodes=(
            GraphInvocation("extract", op="extract"),
            GraphInvocation("load", op="load", inputs={"data": (Edge("extract"),)}),
            GraphInvocation("tell", op="tell", inputs={"data": (Edge("load"),)}),
        ),
    )
    ops = (
        OpNode("extract"),
        OpNode("load", inputs=(InputNode("data"),)),
        OpNode("tell", inputs=(InputNode("data"),)),
        OpNode("report_not_empty", "check", (), (OutputNode(check_key=check.key),)),
    )
    return Manifest(
        assets=(*(node for node, _ in parts), AssetNode(AssetKey.of("source"))),
        checks=(check,),
        ops=(*(op for _, op in parts), *ops),
        graphs=(graph,),
        jobs=(
            JobNode("etl", graph="etl", tags={"team": "data"}, config={"ops": {"extract": {"config": {"n": 1}}}}),
            JobNode("daily", asset_selection=(AssetKey.of("raw"), AssetKey.of("clean")), partitions="daily"),
        ),
        schedules=schedules,
        partitions={
            "daily": TimePartitions("0 0 * * *", datetime(2026, 1, 1, tzinfo=UTC), "%Y-%m-%d"),
            "region": StaticPartitions(("eu", "us")),
            "names": DynamicPartitions("names"),
        },
    )


class Plane:
    """The parts, and short ways to use them."""

    def __init__(
        self, storage: Storage | None = None, clock: FakeClock | None = None, *schedules: ScheduleNode
    ) -> None:
        self.clock = clock or FakeClock(START)
        self.storage: Storage = storage or MemoryStorage(self.clock)
        self.doorbell = LocalDoorbell()
        self.events = EventLog(self.storage, self.doorbell, self.clock)
        self.manifests = ManifestCache(self.storage)
        self.runs = Runs(self.storage, self.events, self.doorbell, self.clock, self.manifests)
        self.backfills = Backfills(self.storage, self.events, self.doorbell, self.runs, self.clock)
        self.automations = Automations(self.storage, self.doorbell, self.clock, self.manifests)
        self.locations = Locations(self.events, self.doorbell, self.clock)
        self.load(manifest(*schedules))

    def load(self, wanted: Manifest) -> None:
        data = encode_manifest(wanted)
        self.locations.record(LOCATION, ManifestReply(manifest_hash=manifest_hash(data), data=data, revision=1))

    def request(self, job: str = "etl", *assets: str, **more: Any) -> SubmitRequest:
        fields = {
            name: more.pop(name) for name in ("partition_key", "partition_range", "step_selection") if name in more
        }
        keys = tuple(AssetKey.of(name) for name in assets)
        return SubmitRequest(target=RunTarget(LOCATION, job, asset_selection=keys, **fields), **more)

    def submit(self, job: str = "etl", *assets: str, **more: Any) -> Run:
        return self.runs.submit(self.request(job, *assets, **more))

    def submit_assets(self, *assets: str, **more: Any) -> Run:
        return self.submit(ASSET_JOB, *assets, **more)

    def run(self, run_id: str) -> Run:
        with self.storage.begin() as session:
            run = session.runs.get(run_id)
        assert run is not None
        return run

    def kinds(self, run_id: str) -> list[str]:
        with self.storage.begin() as session:
            return [stored.event.kind for stored in session.events.read(run_id)]

    def starting(self, run: Run) -> Run:
        with self.events.transaction() as session:
            return self.runs.mark_starting(session, run)

    def work(self, run_id: str, epoch: int, *events: Event) -> None:
        """Events as the worker of an epoch would send them."""
        stream = worker_stream(epoch)
        with self.storage.begin() as session:
            last = session.events.last_sequence(run_id, stream)
        placed = [
            type(event)(
                **{name: getattr(event, name) for name in event.__struct_fields__}
                | {"run_id": run_id, "stream": stream, "sequence": last + number}
            )
            for number, event in enumerate(events, 1)
        ]
        self.events.append(run_id, epoch, placed)

    def begin(self, run_id: str, epoch: int = 1, steps: tuple[str, ...] = ("extract", "load", "tell")) -> None:
        self.work(run_id, epoch, RunStarted(at=self.clock.now(), epoch=epoch, step_keys=steps))

    def succeed_step(self, run_id: str, key: str, epoch: int = 1) -> None:
        self.work(run_id, epoch, StepSucceeded(at=self.clock.now(), step_key=key))


def launch_settings() -> LaunchSettings:
    return LaunchSettings(
        gateway=GatewayAddress("http://127.0.0.1:1"),
        mint_token=lambda run: f"token-{run.run_id}-{run.epoch}",
        spool_dir=lambda run: f"/nowhere/{run.run_id}",
        executor={"name": "threaded"},
    )
