"""A code server process over a small project, a fake gateway, and runs to launch."""

from __future__ import annotations

import contextlib
import os
import signal
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from rostrum.codeserver.process import CodeServerProcess
from rostrum.codeserver.server import CodeServerOptions
from rostrum.interfaces.launching import LaunchSpec, WorkerRef
from rostrum.launchers.subprocess import SubprocessLauncher
from rostrum.model.errors import NotFound, Unavailable
from rostrum.model.runs import Run, RunTarget
from rostrum.rpc.code_location import GrpcCodeLocation
from rostrum.service.clock import SystemClock
from rostrum.service.processes import LocalProcesses, is_alive, start_time
from rostrum.testing.conformance.launchers import wait_until
from tests.integration.codeserver.fake_gateway import FakeGateway

LOCATION = "here"
RUNS = """
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import dagster as dg
import numpy
import rostrum as ro

@ro.op
def act(context):
    tags = context.run.tags
    folder = Path(tags["folder"])
    pids = [os.getpid()]
    if tags["do"] == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        pids.append(subprocess.Popen(["sleep", "600"]).pid)
    numbers = {"random": random.random(), "numpy": float(numpy.random.random())}
    facts = {**numbers, "secret": os.environ.get("SECRET"), "pids": pids}
    (folder / "facts.new").write_text(repr(facts))
    (folder / "facts.new").rename(folder / "facts")
    print("acting", flush=True)
    if tags["do"] in {"wait", "stubborn"}:
        while not (folder / "go").exists():
            time.sleep(0.01)
    if tags["do"] == "fail":
        raise ValueError("as asked")

@ro.job(executor_def=ro.in_process_executor)
def job():
    act()

@dg.job(executor_def=dg.multiprocess_executor)
def isolated():
    act()

@ro.job
def unsaid():
    act()

@ro.job(executor_def=ro.in_process_executor)
def beside():
    act.tag({"rostrum/isolation": "thread"})()

defs = dg.Definitions(jobs=[job, isolated, unsaid, beside])
"""
"""Half of it is written as for another package, which is not installed: it is found in zygote, forks and fresh
processes.
"""


class CodeServerBench:
    """One code server child process, its client and launcher."""

    def __init__(self, code: str, fork: str, **options: Any) -> None:
        self.clock = SystemClock()
        self.folder = Path(tempfile.mkdtemp(prefix="bench-"))
        self.file = self.folder / "code.py"
        self.write(code)
        self.gateway = FakeGateway(self.folder / "gateway")
        target = msgspec.Raw(msgspec.json.encode({"python_file": str(self.file)}))
        workers = str(self.folder / "workers")
        self.options = CodeServerOptions(
            location=LOCATION, target=target, address="", fork=fork, workers_dir=workers, **options
        )
        self.server = CodeServerProcess(self.options, self.clock)
        self.server.start()
        self.location = GrpcCodeLocation(LOCATION, self.server.address)
        self.launcher = SubprocessLauncher(self, LocalProcesses())
        self.started: list[WorkerRef] = []
        self.wait_up()

    # --- CodeLocations ---

    def names(self) -> list[str]:
        return [LOCATION]

    def get(self, name: str) -> GrpcCodeLocation:
        if name != LOCATION:
            raise NotFound(f"there is no code location {name!r}")
        return self.location

    # --- benches ---

    def write(self, code: str) -> str:
        self.file.write_text(code)
        return self.file.name

    def spec(self, behaviour: str, *, job: str = "job", epoch: int = 1, **environment: str) -> LaunchSpec:
        run_id = self.clock.new_id()
        folder = self.folder / run_id
        folder.mkdir()
        tags = {"do": behaviour, "folder": str(folder)}
        run = Run(run_id=run_id, target=RunTarget(LOCATION, job), created_at=self.clock.now(), tags=tags)
        return LaunchSpec(
            run=run,
            epoch=epoch,
            gateway=self.gateway.address,
            token="t",
            spool_dir=str(folder / "spool"),
            environment=environment,
        )

    def launch(self, spec: LaunchSpec) -> WorkerRef:
        ref = self.launcher.launch(spec)
        self.started.append(ref)
        return ref

    def go(self, spec: LaunchSpec) -> None:
        Path(spec.run.tags["folder"], "go").touch()

    def facts(self, spec: LaunchSpec) -> dict[str, Any]:
        file = Path(spec.run.tags["folder"], "facts")
        wait_until("the user code runs", file.exists)
        return eval(file.read_text())

    def wait_started(self, spec: LaunchSpec) -> None:
        self.facts(spec)

    def processes(self, spec: LaunchSpec) -> int:
        return sum(is_alive(pid, start_time(pid)) for pid in self.facts(spec)["pids"])

    def is_up(self) -> bool:
        with contextlib.suppress(Unavailable):
            return bool(self.location.ping(1.0))
        return False

    def wait_up(self) -> None:
        wait_until("the code server answers", self.is_up)

    def kill_zygote(self) -> int:
        pid = self.location.status().zygote_pid
        assert pid > 0
        os.kill(pid, signal.SIGKILL)
        return pid

    def kill_server(self) -> int:
        pid = self.server.pid
        os.kill(pid, signal.SIGKILL)
        return pid

    def close(self) -> None:
        for folder in self.folder.glob("*/"):
            (folder / "go").touch()
        self.location.close()
        self.server.stop()
        processes = LocalProcesses()
        for record in (self.folder / "workers").glob("*.worker"):
            processes.terminate(msgspec.msgpack.decode(record.read_bytes(), type=WorkerRef), force=True)
        self.gateway.close()
