"""kill -9 of every process at several moments: no run stuck, none doubled, nothing lost."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import psutil
import pytest

from tests.acceptance.servers import Dev, Project, check_events, dev_on, until


def run_chain(dev: Dev) -> str:
    return dev.api.launch(job="chain")


def finish(dev: Dev, run_id: str, status: str, seconds: float = 30) -> dict[str, object]:
    run = dev.api.wait(run_id, seconds=seconds)
    assert run["status"] == status, run
    check_events(dev.api.events(run_id))
    return run


@pytest.mark.parametrize("moment", ["first", "second"])
def test_run_worker(dev: Dev, moment: str) -> None:
    """The run fails at once and says why; its step dies with it; what was done stays; a retry does the rest."""
    if moment == "second":
        dev.project.open("first")
    run_id = run_chain(dev)
    step_pid = dev.project.wait_reached(moment)
    os.kill(dev.api.worker_pid(run_id), signal.SIGKILL)
    run = finish(dev, run_id, "failure")
    assert run["failureReason"] == "worker_died"
    until("the step has died with its worker", lambda: not psutil.pid_exists(step_pid), 5)
    done = {e["step_key"] for e in dev.api.events(run_id) if e["kind"] == "step_succeeded"}
    assert done == (set() if moment == "first" else {"first"})
    dev.project.open("first", "second")
    retry = dev.api.ask("mutation($id: String!) { retryRun(id: $id) { id } }", id=run_id)["retryRun"]["id"]
    finish(dev, retry, "success")
    calls = (dev.project.folder / "first.calls").read_text()
    assert len(calls) == (2 if moment == "first" else 1), "from failure: what succeeded is not done again"


@pytest.mark.parametrize("moment", ["first", "second"])
def test_step_worker(dev: Dev, moment: str) -> None:
    """The step fails telling the signal, the run fails, the run worker ends well."""
    if moment == "second":
        dev.project.open("first")
    run_id = run_chain(dev)
    os.kill(dev.project.wait_reached(moment), signal.SIGKILL)
    run = finish(dev, run_id, "failure")
    assert run["failureReason"] == "step_failure"
    assert "SIGKILL" in str(run["errorLine"])
    assert run["failedStepKey"] == moment


@pytest.mark.parametrize("victim", ["codeserver.zygote", "codeserver.main"])
@pytest.mark.parametrize("moment", ["idle", "first"])
def test_zygote_and_code_server(dev: Dev, victim: str, moment: str) -> None:
    """Runs in flight go on; the next run finds it healed."""
    run_id = run_chain(dev) if moment == "first" else None
    if run_id:
        dev.project.wait_reached("first")
    pid = dev.child(victim)
    os.kill(pid, signal.SIGKILL)
    dev.project.open("first", "second")
    if run_id:
        finish(dev, run_id, "success")
    second = run_chain(dev)
    finish(dev, second, "success")
    assert dev.child(victim) != pid


@pytest.mark.parametrize("moment", ["queued", "first", "second"])
def test_control_plane(dev: Dev, moment: str) -> None:
    """Web, gateway and daemon in one process die: the run goes on by itself, the next control plane takes what it
    did."""
    run_id = run_chain(dev)
    if moment != "queued":
        if moment == "second":
            dev.project.open("first")
        dev.project.wait_reached(moment)
    dev.process.kill()
    dev.project.open("first", "second")
    dev.start()
    finish(dev, run_id, "success")
    if moment != "queued":
        assert (dev.project.folder / "first.calls").read_text() == "x", "no step ran twice"


def test_control_plane_again_and_again(project: Project, home: Path) -> None:
    """Killed at five moments of one run with hundreds of events: no gap, no double."""
    with dev_on(project, home, environment={"PACE": "0.02"}) as dev:
        run_id = dev.api.launch("pace")
        dev.api.wait(run_id, "running")
        for _ in range(5):
            time.sleep(0.4)
            dev.process.kill()
            dev.start()
        finish(dev, run_id, "success", 60)
        beats = [e["message"] for e in dev.api.events(run_id) if e["kind"] == "log_message"]
        assert beats == [f"beat {n}" for n in range(400)]


def test_worker_and_control_plane_together(dev: Dev) -> None:
    """The host goes: what the worker had spooled is stored by the next control plane, and the run is not stuck."""
    dev.project.open("first")
    run_id = run_chain(dev)
    dev.project.wait_reached("second")
    worker = dev.api.worker_pid(run_id)
    dev.process.kill()
    os.kill(worker, signal.SIGKILL)
    dev.start()
    run = finish(dev, run_id, "failure")
    assert run["failureReason"] == "worker_died"
    assert any(e["kind"] == "step_started" and e["step_key"] == "second" for e in dev.api.events(run_id))


def test_gateway_away_for_a_minute(project: Project, home: Path) -> None:
    """Sixty seconds without a control plane while steps run: the run succeeds, nothing is missing."""
    with dev_on(project, home, environment={"PACE": "0.2"}) as dev:
        run_id = dev.api.launch("pace")
        dev.api.wait(run_id, "running")
        dev.process.kill()
        time.sleep(60)
        dev.start()
        finish(dev, run_id, "success", 90)
        beats = [e["message"] for e in dev.api.events(run_id) if e["kind"] == "log_message"]
        assert beats == [f"beat {n}" for n in range(400)]


@pytest.mark.parametrize("moment", ["first", "second"])
def test_cancel(dev: Dev, moment: str) -> None:
    """A cancelled run ends, and its processes with it."""
    if moment == "second":
        dev.project.open("first")
    run_id = run_chain(dev)
    step_pid = dev.project.wait_reached(moment)
    dev.api.ask("mutation($id: String!) { cancelRun(id: $id) { status } }", id=run_id)
    run = finish(dev, run_id, "canceled", 30)
    assert run["status"] == "canceled"
    until("the step is gone", lambda: not psutil.pid_exists(step_pid), 10)
