"""A script whose job runs on Dask: with an instance it simply works, the workers reach it by a gateway on loopback."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.integration.gateway.served import until

pytestmark = pytest.mark.processes

SCRIPT = """
import os
import threading
from rostrum import Instance, dask_executor, execute_job, job, op, reconstructable

@op
def one(context) -> int:
    context.log.info("in a worker")
    print("printed there")
    if "WAIT" in os.environ:
        threading.Event().wait(60)
    return os.getpid()

@op
def other(pid: int) -> bool:
    return pid != int(os.environ["SCRIPT"])

@job(executor_def=dask_executor.configured({"workers": 1}))
def elsewhere():
    other(one())

if __name__ == "__main__":
    os.environ["SCRIPT"] = str(os.getpid())
    with Instance.open() as instance:
        result = execute_job(reconstructable(elsewhere), instance)
        kinds = [event.kind for event in result.events]
        print(result.success, result.output_for_node("other"), kinds.count("step_succeeded"), "log_message" in kinds)
        print(instance.get_run_by_id(result.run_id).steps_done)
"""


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    (tmp_path / "script.py").write_text(SCRIPT)

    def start(**more: str) -> subprocess.Popen[str]:
        environment = {"ROSTRUM_HOME": str(tmp_path / "home"), "PATH": "", **more}
        command = [sys.executable, "script.py"]
        return subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    return start


def test_a_script_with_an_instance(start: Callable[..., subprocess.Popen[str]]) -> None:
    told, errors = start().communicate(timeout=100)
    assert told.splitlines()[-2:] == ["True True 2 True", "2"], errors


def test_a_script_that_is_killed_leaves_no_process(tmp_path: Path, start: Callable[..., subprocess.Popen[str]]) -> None:
    script = start(WAIT="1")
    captured = tmp_path / "home" / "logs"
    until(lambda: any(b"printed" in path.read_bytes() for path in captured.rglob("one.out")), 60.0)
    children = psutil.Process(script.pid).children(recursive=True)
    assert len(children) >= 3, "scheduler, nanny, worker"
    script.kill()
    script.communicate()
    _, alive = psutil.wait_procs(children, timeout=20)
    assert not alive
