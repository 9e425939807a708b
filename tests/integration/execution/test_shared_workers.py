"""A process that runs attempts of several runs at once, as a Dask worker with threads does: what they print and log is
told apart.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import msgspec
import pytest

from rostrum.codeserver.step_worker import DONE, run_step_work
from rostrum.definitions.location.loading import CodeTarget
from rostrum.execution.workers.remote_work import RemoteWork
from rostrum.interfaces.launching import GatewayAccess
from rostrum.interfaces.run_tokens import narrowed
from rostrum.model.events import LogMessage, RunStarted
from rostrum.model.runs import Run, RunTarget
from rostrum.planning.plan import build_plan
from rostrum.testing.conformance.executors import code
from rostrum.testing.conformance.executors.bench import CODE
from tests.integration.gateway.served import Gateway, Plane


def test_output_and_lines_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROSTRUM_HOME", str(tmp_path / "home"))
    plane = Plane(tmp_path)
    gateway = Gateway(plane).start()
    resolved = code.defs.resolved()
    before = sys.stdout, sys.stderr
    runs: list[Run] = []
    works: list[tuple[bytes, GatewayAccess]] = []
    for _ in range(3):
        run = msgspec.structs.replace(plane.starting_run(), target=RunTarget("test", "chatting"))
        started = RunStarted(run_id=run.run_id, stream="worker/1", sequence=1, at=plane.clock.now(), epoch=1)
        plane.events.append(run.run_id, 1, [started])
        (step,) = build_plan(resolved.manifest, run.target, resolved.graph).steps
        work = RemoteWork(run=run, step=step, attempt=1, target=CodeTarget(module_name=CODE))
        token = narrowed(plane.tokens.mint(run.run_id, 1), work.scope)
        runs.append(run)
        works.append((msgspec.msgpack.encode(work), GatewayAccess(gateway.address, token)))
    done: list[str] = []
    threads = [
        threading.Thread(target=lambda each=each: done.append(run_step_work(*each, shared=True))) for each in works
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [DONE] * 3
    assert (sys.stdout, sys.stderr) == before
    for run in runs:
        own = [f"{run.run_id} {number}" for number in range(20)]
        printed = plane.logs.read(run.run_id, "chats", "out")
        assert printed.data.decode().splitlines() == own
        assert printed.complete
        told = [event.message for event in plane.stored(run.run_id, "worker/1/chats") if isinstance(event, LogMessage)]
        assert told == own
    gateway.stop(hard=True)
    plane.close()
