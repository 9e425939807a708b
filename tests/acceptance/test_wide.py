"""Many at once: one run with a hundred steps in parallel, twenty runs at once, steps of a pool; steps in fresh
interpreters."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.servers import Dev, Project, check_events, dev_on, until

PROJECT = """
import os, sys, time
from pathlib import Path
from rostrum import Definitions, asset, job, multiprocess_executor, op

HERE = Path(__file__).parent
WIDTH = 100

@op
def meet(context):
    # Ends when all have come: only steps that truly run at once get through.
    (HERE / f"{context.run_id}.{context.op_name}.{os.getpid()}").touch()
    until = time.monotonic() + 60
    while len(list(HERE.glob(f"{context.run_id}.*"))) < WIDTH:
        if time.monotonic() > until:
            raise TimeoutError("the others did not come")
        time.sleep(0.02)

@job(executor_def=multiprocess_executor.configured({"max_concurrent": WIDTH}))
def wide():
    for number in range(WIDTH):
        meet.alias(f"meet_{number}")()

def span(name):
    began = time.time()
    while not (HERE / "pool.go").exists():
        time.sleep(0.01)
    time.sleep(0.3)
    with open(HERE / "spans", "a") as spans:
        spans.write(f"{name} {began} {time.time()}\\n")

@asset(pool="database")
def pooled_one():
    (HERE / f"pooled.{os.getpid()}").touch()
    span("one")

@asset(pool="database")
def pooled_two():
    (HERE / f"pooled.{os.getpid()}").touch()
    span("two")

@asset
def small():
    print("small prints")

@op
def fresh():
    (HERE / "fresh").write_text(" ".join(sys.orig_argv))

@job(executor_def=multiprocess_executor.configured({"start_method": "spawn"}))
def spawned():
    fresh()

defs = Definitions(assets=[pooled_one, pooled_two, small], jobs=[wide, spawned])
"""


@pytest.fixture
def dev(tmp_path: Path, home: Path) -> Iterator[Dev]:
    (home / "rostrum.yaml").write_text("run_queue:\n  max_concurrent_runs: 20\npools:\n  database: 1\n")
    with dev_on(Project(tmp_path / "project", PROJECT), home) as server:
        yield server


def test_a_hundred_steps_at_once(dev: Dev) -> None:
    began = time.monotonic()
    run_id = dev.api.launch(job="wide")
    run = dev.api.wait(run_id, seconds=90)
    seconds = time.monotonic() - began
    assert (run["status"], run["stepsDone"]) == ("success", 100), run["errorLine"]
    events = dev.api.events(run_id)
    check_events(events)
    assert len({event["pid"] for event in events if event["kind"] == "step_worker_started"}) == 100
    print(f"100 steps at once took {seconds:.1f} s")


def test_twenty_runs_at_once(dev: Dev) -> None:
    began = time.monotonic()
    runs = [dev.api.launch("small") for _ in range(20)]
    for run_id in runs:
        assert dev.api.wait(run_id, seconds=60)["status"] == "success"
        check_events(dev.api.events(run_id))
    print(f"20 runs at once took {time.monotonic() - began:.1f} s")


def test_steps_of_a_pool_take_turns(dev: Dev) -> None:
    folder = dev.project.folder
    runs = [dev.api.launch(name) for name in ("pooled_one", "pooled_two")]
    until("one holds the slot", lambda: list(folder.glob("pooled.*")))
    time.sleep(1.0)
    assert len(list(folder.glob("pooled.*"))) == 1, "the other waits"
    dev.project.open("pool")
    for run_id in runs:
        assert dev.api.wait(run_id)["status"] == "success"
        check_events(dev.api.events(run_id))
    spans = sorted(tuple(map(float, line.split()[1:])) for line in (folder / "spans").read_text().splitlines())
    assert len(spans) == 2
    assert spans[0][1] <= spans[1][0], "they overlap"


def test_the_slot_of_a_killed_run_is_free_within_seconds(dev: Dev) -> None:
    folder = dev.project.folder
    first = dev.api.launch("pooled_one")
    until("it holds the slot", lambda: list(folder.glob("pooled.*")))
    second = dev.api.launch("pooled_two")
    dev.api.wait(second, "queued", "running")  # it could do nothing but wait for the slot
    os.kill(dev.api.worker_pid(first), signal.SIGKILL)
    until("the other has the slot", lambda: len(list(folder.glob("pooled.*"))) == 2, 10)
    dev.project.open("pool")
    assert dev.api.wait(first)["status"] == "failure"
    assert dev.api.wait(second)["status"] == "success"


def test_steps_in_fresh_interpreters(dev: Dev) -> None:
    run_id = dev.api.launch(job="spawned")
    run = dev.api.wait(run_id)
    assert run["status"] == "success", run["errorLine"]
    assert "rostrum.execution.workers.step_worker" in (dev.project.folder / "fresh").read_text()
    check_events(dev.api.events(run_id))
