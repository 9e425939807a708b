"""Pools and the queue's switch through the API: limits, who is in, who waits, and why runs are queued."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from rostrum.control.slots import Claim, claim_slot
from rostrum.interfaces.locations import ManifestReply
from rostrum.interfaces.storage import Session
from rostrum.model import events as ev
from rostrum.model.manifest_parts import encode_manifest, manifest_hash
from rostrum.model.pools import SlotAnswer, SlotWish
from rostrum.model.runs import Run
from rostrum.planning.pools import PoolRules
from tests.integration.web.conftest import MANIFEST, Site
from tests.integration.web.test_graphql import launch
from tests.integration.web.test_routes import log_in

POOL = """query($name: String!) { pool(name: $name) {
  name limit source setBy granularity held waiting holders waiters queuedRuns
} }"""
SET = "mutation($name: String!, $limit: Int!) { setPoolLimit(name: $name, limit: $limit) { limit source setBy } }"


@pytest.fixture
def pooled(site: Site) -> Site:
    """The first op of every run needs a slot of `db`."""
    first, *others = MANIFEST.ops
    wanted = msgspec.structs.replace(MANIFEST, ops=(msgspec.structs.replace(first, pool="db"), *others))
    data = encode_manifest(wanted)
    site.deployment.locations.record("shop.py", ManifestReply(manifest_hash=manifest_hash(data), data=data, revision=2))
    return site


def start(site: Site, partition: str) -> Run:
    run_id = launch(site, target={"job": "daily"}, partitionKeys=[partition])["runs"][0]["id"]
    with site.deployment.storage.begin(write=True) as session:
        run = session.runs.get(run_id)
        assert run is not None
        run = site.deployment.runs.mark_starting(session, run)
    tell(
        site, run, 1, ev.RunStarted(at=site.deployment.clock.now(), epoch=1, step_keys=("raw__orders", "core__orders"))
    )
    return run


def tell(site: Site, run: Run, sequence: int, event: Any) -> None:
    place = {"run_id": run.run_id, "stream": "worker/1", "sequence": sequence}
    site.deployment.events.append(run.run_id, 1, [msgspec.structs.replace(event, **place)])


def claim(site: Site, run_id: str) -> SlotAnswer:
    def ask(session: Session) -> SlotAnswer:
        run = session.runs.get(run_id)
        assert run is not None
        return claim_slot(session, Claim(run, 1, SlotWish("db", "raw__orders")), PoolRules())

    return site.deployment.events.call(ask).result()


def test_limits_are_set_shown_and_given_back(pooled: Site) -> None:
    assert pooled.ask("{ pools { name limit source } }")["pools"] == [{"name": "db", "limit": None, "source": ""}]
    made = pooled.ask(SET, name="db", limit=2)["setPoolLimit"]
    assert made == {"limit": 2, "source": "set", "setBy": "local"}
    (error,) = pooled.errors(SET, name="db", limit=-1)
    assert "give a number from 0" in error["message"]
    (error,) = pooled.errors(SET, name=" ", limit=1)
    assert "no name of a pool" in error["message"]
    pooled.ask(SET, name="other", limit=0)
    assert [each["name"] for each in pooled.ask("{ pools { name } }")["pools"]] == ["db", "other"]
    left = pooled.ask('mutation { a: unsetPoolLimit(name: "db") { limit } b: unsetPoolLimit(name: "other") { limit } }')
    assert left == {"a": {"limit": None}, "b": None}


def test_what_blocks_what(pooled: Site) -> None:
    pooled.ask(SET, name="db", limit=1)
    holder, waiter = start(pooled, "d1"), start(pooled, "d2")
    assert claim(pooled, holder.run_id).granted
    answer = claim(pooled, waiter.run_id)
    told = ev.StepWaiting(
        at=pooled.deployment.clock.now(),
        step_key="raw__orders",
        reason="pool",
        name="db",
        limit=answer.limit,
        holders=answer.holders,
    )
    tell(pooled, waiter, 2, told)
    queued = launch(pooled, target={"job": "daily"}, partitionKeys=["d3"])["runs"][0]["id"]
    pool = pooled.ask(POOL, name="db")["pool"]
    assert (pool["limit"], pool["held"], pool["waiting"]) == (1, 1, 1)
    assert [(each["runId"], each["stepKey"], each["title"]) for each in pool["holders"]] == [
        (holder.run_id, "raw__orders", "daily")
    ]
    assert [(each["runId"], each["position"]) for each in pool["waiters"]] == [(waiter.run_id, 1)]
    assert pool["queuedRuns"] == [{"runId": queued, "title": "daily"}]
    run = pooled.ask("query($id: String!) { run(id: $id) { waitsFor waitReason steps } }", id=waiter.run_id)["run"]
    assert (run["waitsFor"], run["waitReason"]) == (None, None)
    (row,) = [each for each in run["steps"] if each["waitsFor"]]
    assert (row["key"], row["status"], row["waitsFor"]["position"]) == ("raw__orders", "waiting", 1)
    assert row["waitsFor"]["holders"] == [{"runId": holder.run_id, "stepKey": "raw__orders", "title": "daily"}]
    waits = pooled.ask("query($id: String!) { run(id: $id) { waitsFor waitReason } }", id=queued)["run"]
    assert waits["waitsFor"] == "waits for pool db: 1 of 1 taken, 1 more on the way"
    assert waits["waitReason"]["holders"][0]["runId"] == holder.run_id
    preview = pooled.ask('{ planPreview(target: {job: "daily"}, partitionKeys: ["d1"]) { waitsFor } }')["planPreview"]
    assert preview["waitsFor"] == "waits for pool db: 1 of 1 taken, 1 more on the way"
    # By hand, for what nobody foresaw: told with the run.
    freed = pooled.ask("mutation($id: String!) { freeSlots(runId: $id) }", id=holder.run_id)["freeSlots"]
    assert freed == 1
    (line,) = [
        event["message"]
        for event in pooled.ask("query($id: String!) { events(runId: $id) { events } }", id=holder.run_id)["events"][
            "events"
        ]
        if event["kind"] == "engine_message"
    ]
    assert line == "local took the slot of pool db away from step raw__orders"
    assert claim(pooled, waiter.run_id).granted
    (error,) = pooled.errors('mutation { freeSlots(runId: "01a1ff3a-71cc-7be8-a4b2-298494422ce7") }')
    assert "there is no run" in error["message"]


def test_the_queue_can_be_held_by_those_who_may(guarded: Site) -> None:
    hold = "mutation($hold: Boolean!) { setQueueHold(hold: $hold) { hold } }"
    log_in(guarded, "launcher")
    (error,) = guarded.errors(hold, hold=True)
    assert error["extensions"]["code"] == "denied"
    log_in(guarded, "editor")
    assert guarded.ask(hold, hold=True)["setQueueHold"]["hold"]["by"] == "editor"
    run = launch(guarded, target={"job": "daily"}, partitionKeys=["d1"])["runs"][0]["id"]
    waits = guarded.ask("query($id: String!) { run(id: $id) { waitsFor } }", id=run)["run"]["waitsFor"]
    assert waits == "waits because editor has put the queue on hold"
    assert guarded.ask(hold, hold=False)["setQueueHold"]["hold"] is None
