"""Makes `schemas/<revision>.sql`: a small database of the present schema, dumped as SQL and kept for ever.

Run once when a revision is released: `python tests/upgrade/sample_database.py`. `test_upgrade.py` loads every dump,
upgrades it and reads what this file wrote. Add to the sample when a table is added; never edit an older dump.
"""

from __future__ import annotations

import sqlite3
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from rostrum.model.assets import AssetKey, AssetState, CheckKey, CheckState
from rostrum.model.backfills import Backfill
from rostrum.model.errors import ErrorInfo
from rostrum.model.events import AssetMaterialized, RunQueued, StepFailed
from rostrum.model.locations import DaemonState, LocationState
from rostrum.model.manifest import Manifest
from rostrum.model.manifest_parts import encode_manifest
from rostrum.model.metadata import FloatMetadata, TextMetadata
from rostrum.model.pools import PoolLimit, Slot, Waiter
from rostrum.model.principals import Token, User
from rostrum.model.runs import Run, RunStatus, RunTarget, Trigger
from rostrum.model.ticks import AutomationKey, AutomationState, Tick
from rostrum.storage.sql import SqlStorage
from rostrum.storage.sql.schema import HEAD
from rostrum.testing.clock import FakeClock

SCHEMAS = Path(__file__).parent / "schemas"
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
RUN_ID = "019ca92f-7c00-7000-8000-000000000001"
FLIGHTS = AssetKey(("raw", "flights"))
DAILY = AutomationKey("main", "daily")


def write(storage: SqlStorage, now: datetime) -> None:
    """Write a row or more into every table."""
    target = RunTarget("main", "nightly", asset_selection=(FLIGHTS,), partition_key="2013-01-01")
    run = Run(
        run_id=RUN_ID,
        target=target,
        created_at=now,
        status=RunStatus.FAILURE,
        ended_at=now,
        tags={"team": "data"},
        config={"limit": float("inf")},
        trigger=Trigger("schedule", "daily"),
        error=ErrorInfo("ValueError", "no"),
        epoch=2,
    )
    place = {"run_id": RUN_ID, "stream": "worker/2", "at": now}
    with storage.begin(write=True) as session:
        session.runs.add([run], idempotency_key="once")
        session.runs.claim_run_key(DAILY, "2013-01-01", RUN_ID)
        session.events.append([RunQueued(run_id=RUN_ID, stream="control", sequence=1, at=now)])
        materialized = AssetMaterialized(
            **place, sequence=1, asset_key=FLIGHTS, metadata={"nan": FloatMetadata(float("nan"))}
        )
        session.events.append(
            [materialized, StepFailed(**place, sequence=2, step_key="x", error=ErrorInfo("ValueError", "no"))]
        )
        state = AssetState(FLIGHTS, last_materialized_at=now, metadata={"note": TextMetadata("ä")})
        session.assets.put([state])
        session.assets.put_checks([CheckState(CheckKey(FLIGHTS, "complete"), status="failed", severity="warn")])
        session.partitions.mark(FLIGHTS, {"2013-01-01": ("materialized", RUN_ID), "2013-01-02": ("failed", RUN_ID)})
        session.partitions.mark(FLIGHTS, {"2013-01-02": ("running", RUN_ID), "2013-01-03": ("running", RUN_ID)})
        session.partitions.add_dynamic("airports", ["JFK", "EWR", "LGA"])
        session.automations.put(AutomationState(key=DAILY, running=True, changed_at=now, cron=("0 0 * * *",)))
        session.automations.add_tick(Tick(tick_id="t1", key=DAILY, scheduled_at=now, started_at=now, run_ids=(RUN_ID,)))
        session.backfills.add(Backfill(backfill_id="b1", target=target, partition_keys=("2013-01-01",), created_at=now))
        session.leases.acquire("queue", "daemon-1", 60)
        session.pools.put_slot(Slot(pool="db", run_id=RUN_ID, step_key="x", epoch=2, sequence=1, claimed_at=now))
        session.pools.put_waiters([Waiter(pool="db", run_id=RUN_ID, step_key="y", since=now, expires_at=now)])
        session.pools.put_limit(PoolLimit(pool="db", limit=1, set_at=now, set_by="admin"))
        session.locations.put(LocationState(name="main", manifest_hash="h1", status="ready", updated_at=now))
        session.locations.put_manifest("h1", b"manifest" * 10)
        session.locations.put_manifest("h2", encode_manifest(Manifest(executor="in_process")))
        session.locations.put_daemon(DaemonState(loop="queue", owner="daemon-1", heartbeat_at=now))
        session.principals.put_user(User(name="admin", password_hash="-", created_at=now, roles=("admin",)))
        session.principals.put_token(
            Token(token_id="k1", kind="api", user="admin", secret_hash="0" * 64, created_at=now)
        )
        session.principals.put_setting("installation", b"\x00\xff")


def main() -> None:
    """Write the dump of the present revision."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sample.db"
        storage = SqlStorage(f"sqlite:///{path}", clock=FakeClock(START))
        storage.migrate()
        write(storage, START)
        storage.close()
        driver = sqlite3.connect(path)
        SCHEMAS.mkdir(exist_ok=True)
        (SCHEMAS / f"{HEAD}.sql").write_text("\n".join(driver.iterdump()) + "\n", encoding="utf-8")
        driver.close()


if __name__ == "__main__":
    main()
