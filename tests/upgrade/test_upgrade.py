"""A database of every released schema is upgraded and read by this version."""

from __future__ import annotations

import math
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from rostrum.model.assets import CheckKey
from rostrum.model.events import AssetMaterialized, RunQueued, StepFailed
from rostrum.model.manifest_parts import decode_manifest
from rostrum.model.metadata import FloatMetadata
from rostrum.model.pools import Slot
from rostrum.model.runs import RunFilter, RunStatus
from rostrum.storage.sql import SqlStorage
from rostrum.storage.sql.migrations.upgrade import stored_revision
from rostrum.storage.sql.schema import HEAD
from rostrum.testing.clock import FakeClock
from tests.upgrade.sample_database import DAILY, FLIGHTS, RUN_ID, SCHEMAS, START

DUMPS = sorted(SCHEMAS.glob("*.sql"))


def test_the_present_schema_has_a_dump() -> None:
    assert [dump.stem for dump in DUMPS][-1] == HEAD


@pytest.mark.parametrize("dump", DUMPS, ids=lambda dump: dump.stem)
def test_old_database_is_upgraded_and_read(dump: Path, tmp_path: Path) -> None:
    driver = sqlite3.connect(tmp_path / "old.db")
    driver.executescript(dump.read_text(encoding="utf-8"))
    assert stored_revision(driver) == dump.stem
    driver.close()
    clock = FakeClock(START)
    storage = SqlStorage(f"sqlite:///{tmp_path / 'old.db'}", clock=clock)
    storage.migrate()
    with storage.begin(write=True) as session:
        run = session.runs.get(RUN_ID)
        assert run is not None
        assert (run.status, run.epoch, run.config) == (RunStatus.FAILURE, 2, {"limit": math.inf})
        by_everything = RunFilter(asset_key=FLIGHTS, tag=("team", "data"), job="nightly", trigger_name="daily")
        assert session.runs.list(by_everything).runs == (run,)
        assert session.runs.add([run], idempotency_key="once") == [run]
        assert session.runs.run_keys(DAILY, ["2013-01-01"]) == {"2013-01-01": RUN_ID}
        events = session.events.read(RUN_ID)
        assert [type(stored.event) for stored in events] == [RunQueued, AssetMaterialized, StepFailed]
        materialized = session.events.read_asset(FLIGHTS)[0].event
        assert isinstance(materialized, AssetMaterialized)
        number = materialized.metadata["nan"]
        assert isinstance(number, FloatMetadata)
        assert math.isnan(number.value)
        assert list(session.events.append([stored.event for stored in events])) == []
        assert session.assets.get([FLIGHTS])[FLIGHTS].last_materialized_at == START
        assert session.assets.checks()[CheckKey(FLIGHTS, "complete")].severity == "warn"
        session.partitions.mark(FLIGHTS, dict.fromkeys(("2013-01-02", "2013-01-03"), ("", RUN_ID)))
        assert session.partitions.get(FLIGHTS) == {"2013-01-01": "materialized", "2013-01-02": "failed"}
        assert session.partitions.dynamic("airports") == ["JFK", "EWR", "LGA"]
        state = session.automations.get(DAILY)
        assert state is not None
        assert state.running
        tick = session.automations.ticks(DAILY)[0]
        assert tick.run_ids == (RUN_ID,)
        assert not session.automations.add_tick(tick)
        assert session.backfills.list()[0].partition_keys == ("2013-01-01",)
        assert session.leases.acquire("queue", "daemon-2", 1) is None
        (slot,) = session.pools.slots()
        assert (slot.pool, slot.step_key, slot.epoch) == ("db", "x", 0 if dump.stem < "0003" else 2)
        assert [waiter.step_key for waiter in session.pools.waiters("db")] == ([] if dump.stem < "0003" else ["y"])
        assert [limit.limit for limit in session.pools.limits()] == ([] if dump.stem < "0003" else [1])
        assert [location.name for location in session.locations.states()] == ["main"]
        assert session.locations.manifest("h1") == b"manifest" * 10
        parts = session.locations.manifest("h2")
        assert parts is None if dump.stem == "0001" else decode_manifest(parts or b"").executor == "in_process"
        assert [daemon.owner for daemon in session.locations.daemons()] == ["daemon-1"]
        assert [user.name for user in session.principals.users()] == ["admin"]
        assert session.principals.token("0" * 64) is not None
        assert session.principals.setting("installation") == b"\x00\xff"
        assert session.now() - START < timedelta(seconds=1)
    storage.close()


def test_the_version_before_can_still_claim_slots(tmp_path: Path) -> None:
    """Its processes go on during an upgrade: they know neither the epoch of a slot nor the event before it."""
    storage = SqlStorage(f"sqlite:///{tmp_path / 'a.db'}", clock=FakeClock(START))
    storage.migrate()
    driver = sqlite3.connect(tmp_path / "a.db")
    driver.execute(
        "INSERT INTO slots (deployment, pool, run_id, step_key, expires_at) VALUES ('default', 'db', 'r1', 'x', 1)"
    )
    driver.commit()
    with storage.begin(write=True) as session:
        (slot,) = session.pools.slots("db")
        assert (slot.run_id, slot.epoch, slot.sequence) == ("r1", 0, 0)
        session.pools.put_slot(Slot(pool="api", run_id="r2", step_key="y", epoch=1, claimed_at=START))
    far = driver.execute("SELECT expires_at FROM slots WHERE pool = 'api'").fetchone()[0]
    assert far > START.timestamp() * 1_000_000 + 10 * 365 * 86400 * 1_000_000
    driver.close()
    storage.close()
