"""What befalls runs, row by row, and that each ends well: processes killed, silent, deaf; code that does not load.

The rows are those of docs/guarantees.md. A database that is away is played here by the SQLite file held locked.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

import msgspec
import psutil
import pytest

from rostrum.config.deployment import open_storage
from rostrum.config.instance import Home, read_instance
from rostrum.model.ticks import AutomationKey, TickRequest
from rostrum.rpc.code_location import GrpcCodeLocation
from rostrum.service.clock import SystemClock
from tests.acceptance.lifecycle import PROJECT, World, world_on
from tests.acceptance.servers import until


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world_on(tmp_path_factory.mktemp("rows"), resumes=0) as world:
        yield world


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


# --- workers ---------------------------------------------------------------------------------------------------------


def test_row_step_process_dies(world: World) -> None:
    run = world.ended(world.api.launch("dies"), "failure", "step_failure")
    assert run["failedStepKey"] == "dies"
    assert "exited with code 7" in str(run["errorLine"])


def test_row_worker_dies(world: World) -> None:
    """Its open step gets an end, and the reason is told."""
    run_id, step = world.at_gate("gated")
    kill(world.api.worker_pid(run_id))
    began = time.monotonic()
    run = world.ended(run_id, "failure", "worker_died")
    assert time.monotonic() - began < 5
    assert "killed by SIGKILL" in str(run["errorLine"])
    assert [s["status"] for s in run["steps"]] == ["failure"]
    failed = [e for e in world.api.events(run_id) if e["kind"] == "step_failed"]
    assert [(e["cause"], e["stream"]) for e in failed] == [("crash", "control")]
    until("the step has died with its worker", lambda: gone(step), 5)


def test_row_code_server_dies_and_the_run_is_canceled_meanwhile(world: World) -> None:
    """A worker without its code server can be cancelled, and the verdict is final."""
    run_id, step = world.at_gate("gated")
    worker = world.api.worker_pid(run_id)
    server = world.dev.child("codeserver.main")
    kill(server)
    world.cancel(run_id)
    world.ended(run_id, "canceled")
    until("worker and step are gone", lambda: gone(worker) and gone(step), 5)
    assert world.api.run(run_id)["status"] == "canceled"
    world.healed(server)


def test_row_code_server_and_worker_die(world: World) -> None:
    """Even with a pool: the run does not stay, and its slot is free at once for whoever waits."""
    first, step = world.at_gate("pressed")
    second = world.api.launch("pressed_too")
    asked = "query($id: String!) { run(id: $id) { waitsFor } }"
    until("the other one waits for the slot", lambda: "press" in str(world.api.ask(asked, id=second)))
    server, worker = world.dev.child("codeserver.main"), world.api.worker_pid(first)
    kill(server)
    kill(worker)
    world.ended(first, "failure", "worker_died")
    until("the step is gone", lambda: gone(step), 5)
    world.ended(second, "success")
    world.healed(server)


def test_row_inner_process_of_the_code_server_dies_with_a_worker(world: World) -> None:
    """It is started again by itself; a run that is queued then is not failed for it."""
    run_id, _ = world.at_gate("gated")
    worker, zygote = world.api.worker_pid(run_id), world.zygote()
    kill(zygote)
    kill(worker)
    queued = world.api.launch("free")
    world.ended(run_id, "failure", "worker_died")
    world.ended(queued, "success")
    world.healed(zygote)


# --- cancel and time limits ------------------------------------------------------------------------------------------


class Ending(NamedTuple):
    """A run that is to end, and the process of its step."""

    run_id: str
    pid: int


@pytest.fixture(scope="module")
def endings(world: World) -> dict[str, Ending]:
    """Runs whose steps and workers do not listen, all asked to end at about the same time."""
    found: dict[str, Ending] = {}
    world.project.close("stubborn")
    query = "mutation($i: LaunchInput!) { launch(input: $i) { runs { id } } }"
    given = {"target": {"assetKeys": ["stubborn"]}, "tags": {"dagster/max_runtime": "2"}}
    run_id = str(world.api.ask(query, i=given)["launch"]["runs"][0]["id"])
    found["too long"] = Ending(run_id, world.project.wait_reached("stubborn"))
    for name in ("canceled", "forced"):
        found[name] = Ending(*world.at_gate("stubborn"))
    found["polite"] = Ending(*world.at_gate("polite"))
    found["in setup"] = Ending(*world.at_gate(job="hangs_in_setup", gate="stubborn_to_come"))
    found["stands still"] = Ending(*world.at_gate("gated"))
    os.kill(world.api.worker_pid(found["stands still"].run_id), signal.SIGSTOP)
    for name in ("canceled", "polite", "stands still", "in setup"):
        world.cancel(found[name].run_id)
    assert "canceled" in world.command("run", "cancel", found["forced"].run_id, "--force").lower()
    return found


@pytest.mark.parametrize("name", ["canceled", "forced", "polite", "stands still"])
def test_row_cancel_with_a_step_that_swallows_interrupts(world: World, endings: dict[str, Ending], name: str) -> None:
    """It ends within the grace, and nothing of it comes after the order; so do one by force, one that returns a value
    all the same, and one that stands still.
    """
    run_id, step = endings[name]
    run = world.ended(run_id, "canceled")
    until("the step is gone", lambda: gone(step), 5)
    assert [s["status"] for s in run["steps"]] == ["canceled"]
    assert not (world.project.folder / "stubborn.done").exists()
    assert not [e for e in world.api.events(run_id) if e["kind"] in ("output_stored", "asset_materialized")]
    asked, ended = (
        next(e["at"] for e in world.api.events(run_id) if e["kind"] == kind)
        for kind in ("run_canceling", "run_canceled")
    )
    assert datetime.fromisoformat(ended) - datetime.fromisoformat(asked) < timedelta(seconds=15)


def test_cancel_with_a_resource_whose_setup_swallows_interrupts(world: World, endings: dict[str, Ending]) -> None:
    """In the run worker's own process, where nothing bounds a setup: it is killed by the grace."""
    run_id, worker = endings["in setup"]
    run = world.ended(run_id, "canceled")
    until("the worker is gone", lambda: gone(worker), 5)
    assert [s["status"] for s in run["steps"]] == ["not_run"]


def test_row_run_takes_too_long(world: World, endings: dict[str, Ending]) -> None:
    """Asked, killed, failed: each once, and nothing afterwards."""
    run_id, step = endings["too long"]
    run = world.ended(run_id, "failure", "timeout")
    assert "had taken longer than it may" in str(run["errorLine"])
    assert world.kinds(run_id)[-2:] == ["run_canceling", "run_failed"]
    assert world.kinds(run_id).count("run_canceling") == 1
    assert world.api.events(run_id)[-1]["kind"] == "run_failed"
    until("the step is gone", lambda: gone(step), 5)


def test_row_cancel_while_the_launch_is_under_way(world: World) -> None:
    """The code server stands still, so that the launch gets no answer."""
    zygote = world.zygote()
    os.kill(zygote, signal.SIGSTOP)
    try:
        run_id = world.api.launch("gated")
        world.api.wait(run_id, "starting")
        world.cancel(run_id)
        world.ended(run_id, "canceled")
    finally:
        os.kill(zygote, signal.SIGCONT)
    assert world.ended(world.api.launch("free"), "success")


# --- the control plane -----------------------------------------------------------------------------------------------


def test_row_queued_run_without_a_daemon(world: World) -> None:
    """It stays queued, and is started when there is a daemon. (A daemon that is asked to end does so in seconds, and a
    run in flight goes on.)
    """
    running, _ = world.at_gate("gated")
    world.dev.process.stop()
    try:
        queued = json.loads(world.command("job", "launch", "free_job", "--json"))
        assert queued.get("status", "queued") == "queued"
        run_id = queued["run_id"]
        world.project.open("gated")
    finally:
        world.dev.start()
    world.ended(run_id, "success")
    world.ended(running, "success")


class Killed(NamedTuple):
    """What was going on while the control plane was away."""

    chatty: str
    canceled: str
    held: tuple[datetime, datetime]
    """From when until when the database was held."""
    away: tuple[datetime, datetime]
    """From when until when nobody served."""


@pytest.fixture(scope="module")
def killed(world: World) -> Killed:
    """Web, gateway and daemon die at once, with the database held for some time before, while runs and schedules are
    in all kinds of states; then they live again.
    """
    for name in ("chatty", "slow", "stubborn"):
        world.project.close(name)
    chatty = world.api.launch("chatty")
    world.api.wait(chatty, "running")
    for name in ("quick", "slow"):
        switch(world, name, on=True)
    database = sqlite3.connect(world.dev.home / "rostrum.db", isolation_level=None, timeout=10)
    database.execute("BEGIN IMMEDIATE")
    held_at = datetime.now(UTC)
    time.sleep(2)
    held = held_at, datetime.now(UTC)
    database.execute("ROLLBACK")
    database.close()
    assert world.api.run(chatty)["status"] == "running"
    canceled, _ = world.at_gate("stubborn")
    world.cancel(canceled)
    world.dev.process.kill()
    away_at = datetime.now(UTC)
    put_back(world, "quick", 3)
    put_back(world, "slow", 1)
    world.dev.start()
    return Killed(chatty, canceled, held, (away_at, datetime.now(UTC)))


def test_row_database_and_gateway_away(world: World, killed: Killed) -> None:
    """Running steps go on and fail for nothing; afterwards all of it is there, what was said meanwhile too."""
    world.project.open("chatty")
    world.ended(killed.chatty, "success")
    said = [e for e in world.api.events(killed.chatty) if e["kind"] == "log_message"]
    last = len(said) - 1
    assert [e["message"] for e in said] == [*(f"line {number}" for number in range(last)), f"last {last}"]
    for begin, end in (killed.held, killed.away):
        assert any(begin < datetime.fromisoformat(e["at"]) < end for e in said)


def test_row_cancel_with_a_restart_in_between(world: World, killed: Killed) -> None:
    """The order is in the database: the next control plane sees to it."""
    world.ended(killed.canceled, "canceled", seconds=20)


def put_back(world: World, name: str, minutes: int) -> None:
    """As if nobody had looked at the schedule for some minutes."""
    home = Home(world.dev.home)
    storage = open_storage(home, read_instance(home), SystemClock())
    with storage.begin(write=True) as session:
        state = session.automations.get(AutomationKey("shop.py", name))
        assert state is not None
        past = (state.last_tick_at or state.changed_at) - timedelta(minutes=minutes)
        session.automations.put(msgspec.structs.replace(state, last_tick_at=past, changed_at=past))
    storage.close()


def switch(world: World, name: str, *, on: bool) -> None:
    query = (
        'mutation($n: String!, $on: Boolean!) { setAutomation(location: "shop.py", name: $n, running: $on) { name } }'
    )
    world.api.ask(query, n=name, on=on)


def automation(world: World, name: str) -> Any:
    fields = "running ticks { status scheduledAt runIds }"
    query = f'query($n: String!) {{ automation(location: "shop.py", name: $n) {{ {fields} }} }}'
    return world.api.ask(query, n=name)["automation"]


@pytest.mark.usefixtures("killed")
def test_row_daemon_down_for_minutes_with_a_schedule(world: World) -> None:
    """No tick is dropped without a record."""
    ticks = until("the ticks are there", lambda: len(t := automation(world, "quick")["ticks"]) >= 3 and t)
    switch(world, "quick", on=False)
    at = sorted(datetime.fromisoformat(tick["scheduledAt"]) for tick in ticks)
    assert [later - sooner for sooner, later in pairwise(at)] == [timedelta(minutes=1)] * (len(at) - 1)
    assert {tick["status"] for tick in ticks} <= {"success", "missed", "started", "skipped"}


@pytest.mark.usefixtures("killed")
def test_row_automation_stopped_in_the_middle_of_a_tick(world: World) -> None:
    """The switch stays where it was put, and the tick that was under way makes nothing any more."""
    world.project.wait_reached("slow")
    switch(world, "slow", on=False)
    world.project.open("slow")
    time.sleep(0.5)
    found = automation(world, "slow")
    assert not found["running"]
    assert not [run_id for tick in found["ticks"] for run_id in tick["runIds"]]


def test_row_evaluation_that_takes_too_long(world: World) -> None:
    """It is killed alone at its deadline, and the tick gets an error; the next evaluation works."""
    world.project.close("dawdling")
    at = datetime(2026, 1, 1, tzinfo=UTC)
    place = GrpcCodeLocation("shop.py", f"unix:{world.dev.home}/run/shop.py.code")
    late = place.evaluate(TickRequest(name="dawdling", scheduled_at=at), 0.7)
    assert late.error is not None
    assert late.error.class_name == "EvaluationTimeout"
    evaluator = world.project.wait_reached("dawdling")
    until("its process is gone", lambda: gone(evaluator), 5)
    world.project.open("dawdling")
    again = place.evaluate(TickRequest(name="dawdling", scheduled_at=at), 10.0)
    assert [request.run_key for request in again.run_requests] == [str(at)]
    place.close()


# --- code ------------------------------------------------------------------------------------------------------------


def test_row_syntax_error_and_reload(world: World) -> None:
    """The last good version keeps running, what is queued included, and the mistake is shown beside it."""
    world.project.write(PROJECT + "\nthis is no python\n")
    until("the mistake is known", lambda: world.dev.location()["error"])
    assert "SyntaxError" in str(world.dev.location()["error"])
    world.ended(world.api.launch("free"), "success")
    world.project.write(PROJECT)
    until("it is mended", lambda: not world.dev.location()["error"])


def test_row_repeated_reloads(world: World) -> None:
    """No process is left of the versions before."""

    server = psutil.Process(world.dev.child("codeserver.main"))

    def zygotes() -> list[int]:
        return [child.pid for child in server.children() if "codeserver.zygote" in " ".join(child.cmdline())]

    before = zygotes()
    for _ in range(3):
        world.api.ask('mutation { reloadLocation(name: "shop.py") { status } }')
    until("only the last version lives", lambda: len(now := zygotes()) == 1 and now != before)


def test_row_bad_partition_key(world: World) -> None:
    """An answer that says what is wrong, and no error of the server."""
    query = "mutation($i: LaunchInput!) { launch(input: $i) { runs { id } } }"
    with pytest.raises(AssertionError, match=r"(?i)partition") as told:
        world.api.ask(query, i={"target": {"assetKeys": ["parted"]}, "partitionKeys": ["nope"]})
    assert "internal" not in str(told.value).lower()
