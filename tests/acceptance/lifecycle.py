"""The project and the instance of the tests on the life of runs: short limits, steps that wait at gates, swallow
interrupts, fail once.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from tests.acceptance.servers import Api, Dev, Project, check_events, dev_on, until

PROJECT = '''
import os, time
from pathlib import Path
from rostrum import (
    Definitions, DynamicOut, DynamicOutput, Failure, RunRetryPolicy, ScheduleDefinition, asset, define_asset_job, job,
    multiprocess_executor, in_process_executor, op, resource, schedule, RunRequest, StaticPartitionsDefinition,
)

HERE = Path(__file__).parent

def gate(name):
    (HERE / f"{name}.reached").write_text(str(os.getpid()))
    while not (HERE / f"{name}.go").exists():
        time.sleep(0.01)

def called(name):
    with open(HERE / f"{name}.calls", "a") as calls:
        calls.write("x")

@asset
def gated():
    called("gated")
    gate("gated")
    return 1

@asset(pool="press")
def pressed():
    gate("pressed")
    return 1

@asset(pool="press")
def pressed_too():
    return 1

@asset
def free():
    return 1

@asset
def stubborn():
    """Goes on whatever comes, then stores its value."""
    (HERE / "stubborn.reached").write_text(str(os.getpid()))
    end = time.monotonic() + 30
    while time.monotonic() < end and not (HERE / "stubborn.go").exists():
        try:
            time.sleep(0.05)
        except BaseException:
            pass
    (HERE / "stubborn.done").touch()
    return 1

@asset
def polite():
    """Catches what interrupts it, and returns a value all the same."""
    try:
        gate("polite")
    except KeyboardInterrupt:
        pass
    return 1

@asset
def dies():
    os._exit(7)

@asset(partitions_def=StaticPartitionsDefinition(["a", "b"]))
def parted():
    return 1

@op
def fails_once():
    called("fails_once")
    if len((HERE / "fails_once.calls").read_text()) < 2:
        raise ValueError("not yet")

@asset
def chatty(context):
    """Says a line every 50 ms for as long as it takes."""
    gate_file = HERE / "chatty.go"
    number = 0
    while not gate_file.exists():
        context.log.info(f"line {number}")
        number += 1
        time.sleep(0.05)
    context.log.info(f"last {number}")

@op
def before():
    called("before")

@op
def after_it(before):
    called("after_it")

@job(run_retry_policy=RunRetryPolicy(2, delay=0.2))
def retried():
    before()
    fails_once()

@op
def never():
    raise ValueError("never")

@job(run_retry_policy=RunRetryPolicy(3, delay=300))
def patient():
    never()

@op(out=DynamicOut())
def yields():
    called("yields")
    for number in range(6):
        yield DynamicOutput(number, str(number))

@op
def work(number):
    called(f"work{number}")
    if number == 3:
        gate("work3")
    return number * 10

@op
def total(numbers):
    called("total")
    return sum(numbers)

def chained(number):
    @op(name=f"s{number:02}")
    def step(before):
        called(f"s{number:02}")
        if number == 10:
            gate("s10")
        return before + 1
    return step

@op
def begin():
    called("begin")
    return 0

@job(executor_def=multiprocess_executor.configured({"max_concurrent": 1}))
def twenty():
    value = begin()
    for number in range(1, 20):
        value = chained(number)(value)

@job(executor_def=multiprocess_executor.configured({"max_concurrent": 1}))
def fan():
    total(yields().map(work).collect())

@job(executor_def=in_process_executor)
def here():
    @op
    def first_here():
        called("first_here")
        return 1
    @op
    def second_here(first):
        called("second_here")
        gate("second_here")
        return first
    second_here(first_here())

@resource
def stubborn_to_come(context):
    """In the run worker's own process: goes on whatever comes."""
    (HERE / "stubborn_to_come.reached").write_text(str(os.getpid()))
    while True:
        try:
            time.sleep(0.05)
        except BaseException:
            pass

@op(required_resource_keys={"stubborn_to_come"})
def needs_it():
    called("needs_it")

@job(executor_def=in_process_executor, resource_defs={"stubborn_to_come": stubborn_to_come})
def hangs_in_setup():
    needs_it()

@op
def quiet():
    called("quiet")
    return "quiet"

@op(config_schema={"word": str})
def shout(context, quiet):
    return f"{context.op_config['word']}, from {quiet}"

@op
def listen(shout):
    (HERE / "heard").write_text(shout)

@job(config={"ops": {"shout": {"config": {"word": "hi"}}}})
def configured():
    listen(shout(quiet()))

free_job = define_asset_job("free_job", ["free"])

@schedule(cron_schedule="* * * * *", job=free_job)
def slow(context):
    gate("slow")
    return RunRequest(run_key=str(context.scheduled_execution_time))

@schedule(cron_schedule="* * * * *", job=free_job)
def dawdling(context):
    gate("dawdling")
    return RunRequest(run_key=str(context.scheduled_execution_time))

quick = ScheduleDefinition(name="quick", job_name="free_job", cron_schedule="* * * * *")
defs = Definitions(
    assets=[gated, pressed, pressed_too, free, stubborn, polite, dies, parted, chatty],
    jobs=[retried, patient, twenty, fan, here, configured, hangs_in_setup, free_job],
    schedules=[slow, dawdling, quick],
)
'''

INSTANCE = """
monitor:
  cancel_grace: 0.7
  disconnected_after: 3
  lost_after: 20
  max_resume_attempts: {resumes}
run_queue:
  max_concurrent_runs: 20
pools:
  press: 1
"""


class World:
    """`rostrum dev` on that project, with short ways to do what the tests do."""

    def __init__(self, dev: Dev) -> None:
        self.dev, self.project = dev, dev.project

    @property
    def api(self) -> Api:
        """The API of the present process."""
        return self.dev.api

    def at_gate(self, *assets: str, job: str | None = None, gate: str | None = None) -> tuple[str, int]:
        """A run whose step stands at its gate: id, and the pid of the step's process."""
        gate = gate or assets[0]
        self.project.close(gate)
        run_id = self.api.launch(*assets, job=job)
        return run_id, self.project.wait_reached(gate)

    def ended(self, run_id: str, status: str, reason: str | None = None, seconds: float = 15) -> dict[str, Any]:
        """The run, once it has ended so; whatever happens, it has one end and leaves no step open."""
        run = self.api.wait(run_id, seconds=seconds)
        assert (run["status"], run["failureReason"]) == (status, reason), run
        events = self.api.events(run_id)
        check_events(events)
        open_steps = {e["step_key"] for e in events if e["kind"] == "step_started" and not e.get("evidence")} - {
            e["step_key"] for e in events if e["kind"] in STEP_ENDS
        }
        assert not open_steps, f"steps without an end: {open_steps}"
        assert not [step for step in run["steps"] if step["status"] in ("running", "starting", "waiting", "retrying")]
        return run

    def cancel(self, run_id: str, *, force: bool = False) -> None:
        """Ask for the end of a run."""
        self.api.ask(
            "mutation($id: String!, $f: Boolean!) { cancelRun(id: $id, force: $f) { id } }", id=run_id, f=force
        )

    def kinds(self, run_id: str) -> list[str]:
        """Kinds of the events about the run itself that count."""
        return [
            e["kind"]
            for e in self.api.events(run_id)
            if e["kind"].startswith("run_") and e["kind"] != "run_planned" and not e.get("evidence")
        ]

    def zygote(self) -> int:
        """Pid of the process that the code server forks from. (Its forks have the same command line.)"""

        def look() -> int | None:
            with contextlib.suppress(psutil.Error):
                children = psutil.Process(self.dev.child("codeserver.main")).children()
                return next((each.pid for each in children if "codeserver.zygote" in " ".join(each.cmdline())), None)
            return None

        return until("there is a zygote", look)

    def healed(self, killed: int) -> None:
        """Wait until other processes serve in place of a killed one, code server or zygote."""
        until("others serve", lambda: killed not in (self.dev.child("codeserver.main"), self.zygote()))

        def answers() -> bool:
            with contextlib.suppress(AssertionError):
                return bool(self.api.ask('mutation { reloadLocation(name: "shop.py") { status } }'))
            return False

        until("it answers", answers)

    def calls(self, name: str) -> int:
        """How often a step's function has been called so far."""
        path = self.project.folder / f"{name}.calls"
        return len(path.read_text()) if path.exists() else 0

    def command(self, *arguments: str) -> str:
        """What a `rostrum` command prints; it must succeed."""
        line = [sys.executable, "-m", "rostrum.cli.main", *arguments, "--home", str(self.dev.home)]
        done = subprocess.run(line, cwd=self.project.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def restart(self, meanwhile: float = 0.0) -> None:
        """kill -9 of web, gateway and daemon at once, and a new life."""
        self.dev.process.kill()
        time.sleep(meanwhile)
        self.dev.start()


STEP_ENDS = ("step_succeeded", "step_failed", "step_skipped", "step_not_run", "step_canceled")


@contextlib.contextmanager
def world_on(folder: Path, resumes: int) -> Iterator[World]:
    """A world, stopped at the end."""
    home = Path(tempfile.mkdtemp(prefix="rst"))
    (home / "rostrum.yaml").write_text(INSTANCE.format(resumes=resumes))
    try:
        with dev_on(Project(folder / "project", PROJECT), home) as dev:
            yield World(dev)
    finally:
        shutil.rmtree(home, ignore_errors=True)
