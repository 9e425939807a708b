"""Run workers of real processes: what they get, what they tell, and that they outlive everybody."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import psutil
import pytest

from rostrum.codeserver.messages import Loaded
from rostrum.codeserver.zygote_client import ZygoteProcess, ZygoteSettings
from rostrum.interfaces.launching import GatewayAddress, LaunchSpec
from rostrum.model.events import RunFailed
from rostrum.model.runs import Run, RunTarget
from rostrum.testing.conformance.launchers import wait_exited, wait_until
from tests.integration.codeserver.bench import RUNS, CodeServerBench

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def forking() -> Iterator[CodeServerBench]:
    bench = CodeServerBench(RUNS, "always")
    yield bench
    bench.close()


@pytest.fixture(scope="module")
def fresh() -> Iterator[CodeServerBench]:
    bench = CodeServerBench(RUNS, "never")
    yield bench
    bench.close()


@pytest.fixture(params=["forking", "fresh"])
def bench(request: pytest.FixtureRequest) -> CodeServerBench:
    """Both ways of starting work: for what depends on it."""
    return request.getfixturevalue(request.param)


def test_a_run_is_told_in_order(bench: CodeServerBench) -> None:
    spec = bench.spec("succeed")
    ref = bench.launch(spec)
    assert wait_exited(bench.launcher, ref).exit_code == 0
    kinds = bench.gateway.kinds(spec.run.run_id)
    assert (kinds[0], kinds[-1]) == ("run_started", "run_succeeded")
    assert bench.gateway.logs[spec.run.run_id, "act/out"] == b"acting\n"


def test_children_draw_different_numbers(bench: CodeServerBench) -> None:
    facts = []
    for _ in range(2):
        spec = bench.spec("succeed")
        wait_exited(bench.launcher, bench.launch(spec))
        facts.append(bench.facts(spec))
    assert facts[0]["random"] != facts[1]["random"]
    assert facts[0]["numpy"] != facts[1]["numpy"]


def test_environment_is_of_one_run_only(bench: CodeServerBench) -> None:
    first, second = bench.spec("succeed", SECRET="one"), bench.spec("succeed")
    for spec in (first, second):
        wait_exited(bench.launcher, bench.launch(spec))
    assert (bench.facts(first)["secret"], bench.facts(second)["secret"]) == ("one", None)


def test_steps_in_processes_of_their_own(bench: CodeServerBench) -> None:
    spec = bench.spec("succeed", job="isolated")
    ref = bench.launch(spec)
    assert wait_exited(bench.launcher, ref).exit_code == 0
    assert bench.facts(spec)["pids"] != [ref.pid]
    assert bench.gateway.kinds(spec.run.run_id)[-1] == "run_succeeded"


def test_the_instance_names_the_executor_of_a_job_that_names_none(forking: CodeServerBench) -> None:
    spec = msgspec.structs.replace(forking.spec("succeed", job="unsaid"), executor={"name": "in_process"})
    ref = forking.launch(spec)
    assert wait_exited(forking.launcher, ref).exit_code == 0
    assert forking.facts(spec)["pids"] == [ref.pid]


def test_a_step_that_asks_for_a_thread_runs_beside_the_run_worker(bench: CodeServerBench) -> None:
    spec = bench.spec("succeed", job="beside")
    ref = bench.launch(spec)
    assert wait_exited(bench.launcher, ref).exit_code == 0
    assert bench.facts(spec)["pids"] != [ref.pid]
    assert bench.gateway.kinds(spec.run.run_id)[-1] == "run_succeeded"


@pytest.mark.parametrize("job", ["job", "isolated"])
def test_cancel_by_order_of_the_gateway(forking: CodeServerBench, job: str) -> None:
    spec = forking.spec("wait", job=job)
    ref = forking.launch(spec)
    forking.wait_started(spec)
    forking.gateway.cancel.add(spec.run.run_id)
    wait_exited(forking.launcher, ref)
    assert forking.gateway.kinds(spec.run.run_id)[-1] == "run_canceled"


@pytest.mark.parametrize("job", ["job", "isolated"])
def test_cancel_by_signal(forking: CodeServerBench, job: str) -> None:
    spec = forking.spec("wait", job=job)
    ref = forking.launch(spec)
    forking.wait_started(spec)
    forking.launcher.terminate(ref, force=False)
    wait_exited(forking.launcher, ref)
    assert forking.gateway.kinds(spec.run.run_id)[-1] == "run_canceled"


def test_processes_have_names(bench: CodeServerBench) -> None:
    spec = bench.spec("wait", job="isolated")
    ref = bench.launch(spec)
    bench.wait_started(spec)
    assert psutil.Process(ref.pid).name() == "rostrum-run"
    assert psutil.Process(bench.facts(spec)["pids"][0]).name() == "rostrum-step"
    bench.go(spec)
    wait_exited(bench.launcher, ref)


def test_a_worker_that_comes_too_late_executes_nothing(bench: CodeServerBench) -> None:
    """Another one has the run: user code is not called, nothing is told."""
    spec = bench.spec("succeed")
    bench.gateway.fenced.add(spec.run.run_id)
    wait_exited(bench.launcher, bench.launch(spec))
    assert not Path(spec.run.tags["folder"], "facts").exists()
    assert bench.gateway.kinds(spec.run.run_id) == []


@pytest.mark.parametrize("answers", [False, True])
def test_no_gateway_keeps_nobody_from_working(forking: CodeServerBench, tmp_path: Path, answers: bool) -> None:
    """It is away, or takes connections and says nothing: the user's code runs all the same."""
    path = tmp_path / "g"
    with socket.socket(socket.AF_UNIX) as listener:
        if answers:
            listener.bind(str(path))
            listener.listen()
        spec = msgspec.structs.replace(forking.spec("succeed"), gateway=GatewayAddress(f"unix:{path}"))
        ref = forking.launch(spec)
        forking.wait_started(spec)
        forking.launcher.terminate(ref, force=True)


@pytest.mark.parametrize("fork", ["always", "never"])
def test_a_zygote_that_stood_still_starts_nothing_that_was_given_up(tmp_path: Path, fork: str) -> None:
    """Requests wait in its backlog, with nobody behind them any more."""
    code = tmp_path / "code.py"
    code.write_text("import rostrum as ro\n\n@ro.asset\ndef a():\n    pass\n")
    target = msgspec.json.encode({"python_file": str(code)})
    settings = ZygoteSettings(location="here", target=target, workers_dir=str(tmp_path / "workers"), fork=fork)
    zygote = ZygoteProcess(settings, os.environ)
    try:
        assert isinstance(zygote.describe(), Loaded)
        run = Run(run_id="late", target=RunTarget("here", "job"), created_at=datetime(2026, 1, 1, tzinfo=UTC))
        spec = LaunchSpec(
            run=run, epoch=1, gateway=GatewayAddress("unix:/x"), token="", spool_dir=str(tmp_path / "spool")
        )
        os.kill(zygote.pid, signal.SIGSTOP)
        for epoch in (1, 2):
            with pytest.raises(TimeoutError):
                zygote.start_worker(msgspec.structs.replace(spec, epoch=epoch), 0.2)
        with pytest.raises(TimeoutError):
            zygote.start_evaluator(0.2)
        os.kill(zygote.pid, signal.SIGCONT)
        counted = zygote.count()
        assert (counted.workers, counted.evaluators) == (0, 0)
        assert not list((tmp_path / "workers").glob("late*"))
        assert not (tmp_path / "spool").exists()
    finally:
        zygote.kill()


def test_job_that_is_not_there(forking: CodeServerBench) -> None:
    spec = forking.spec("succeed", job="nobody")
    assert wait_exited(forking.launcher, forking.launch(spec)).exit_code == 1
    (last,) = forking.gateway.events[spec.run.run_id].values()
    assert isinstance(last[-1], RunFailed)
    assert "nobody" in last[-1].message


@pytest.mark.parametrize("job", ["job", "isolated"])
def test_killed_worker_takes_its_processes_along(forking: CodeServerBench, job: str) -> None:
    spec = forking.spec("stubborn", job=job)
    ref = forking.launch(spec)
    forking.wait_started(spec)
    os.kill(ref.pid, signal.SIGKILL)
    status = wait_exited(forking.launcher, ref)
    assert (status.exit_code, status.signal) == (None, signal.SIGKILL)
    wait_until("no process is left", lambda: forking.processes(spec) == 0)


def test_killed_zygote(bench: CodeServerBench) -> None:
    """The worker runs on, its end is known, and a new zygote takes the next request."""
    spec = bench.spec("wait")
    ref = bench.launch(spec)
    bench.wait_started(spec)
    before = bench.location.status()
    bench.kill_zygote()
    other = bench.spec("succeed")
    assert wait_exited(bench.launcher, bench.launch(other)).exit_code == 0
    assert bench.location.status().revision > before.revision
    assert bench.launcher.inspect(ref).state == "running"
    assert bench.launch(spec) == ref, "still idempotent: the new zygote knows the worker"
    bench.go(spec)
    assert wait_exited(bench.launcher, ref).exit_code == 0


def test_killed_server(forking: CodeServerBench) -> None:
    """The worker runs on; meanwhile it is found by its identity; the next server adopts it and knows its end."""
    spec, doomed = forking.spec("wait"), forking.spec("stubborn")
    ref, doomed_ref = forking.launch(spec), forking.launch(doomed)
    forking.wait_started(spec)
    forking.wait_started(doomed)
    pids = [forking.kill_server(), forking.location.status().zygote_pid if forking.is_up() else 0]
    assert forking.launcher.inspect(ref).state == "running"
    forking.launcher.terminate(doomed_ref, force=True)
    wait_until("no process is left", lambda: forking.processes(doomed) == 0)
    forking.wait_up()
    assert forking.server.pid not in pids
    assert forking.launcher.adopt([spec.run.run_id, doomed.run.run_id]) == [ref]
    assert forking.launcher.inspect(doomed_ref).state == "exited"
    forking.go(spec)
    assert wait_exited(forking.launcher, ref).exit_code == 0


def test_killed_server_and_zygote_and_worker(forking: CodeServerBench) -> None:
    """Nobody is left who saw the worker's end: that is a status, too."""
    spec = forking.spec("wait")
    ref = forking.launch(spec)
    forking.wait_started(spec)
    forking.kill_zygote()
    forking.kill_server()
    os.kill(ref.pid, signal.SIGKILL)
    forking.wait_up()
    status = wait_exited(forking.launcher, ref)
    assert (status.exit_code, status.signal, status.reason) == (None, None, "exit status unknown")


def test_everything_but_workers_ends_with_the_parent(forking: CodeServerBench) -> None:
    spec = forking.spec("wait")
    ref = forking.launch(spec)
    forking.wait_started(spec)
    wait_until("the code has loaded", lambda: forking.location.status().zygote_pid > 0)
    family = [forking.server.pid, *(child.pid for child in psutil.Process(forking.server.pid).children(recursive=True))]
    family.remove(ref.pid)
    forking.server.stop()
    assert psutil.pid_exists(ref.pid)
    forking.go(spec)
    wait_until("all have ended", lambda: not any(psutil.pid_exists(pid) for pid in [*family, ref.pid]))
    forking.server.start()
    forking.wait_up()
    assert forking.launcher.inspect(ref).exit_code == 0, "remembered on disk"
