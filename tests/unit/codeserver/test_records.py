"""What is remembered of workers on disk."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from rostrum.codeserver.records import WorkerExit, WorkerRecords
from rostrum.interfaces.launching import WorkerRef
from rostrum.model.errors import InvocationError
from rostrum.service.processes import boot_id, host_name, start_time


def ref_of(pid: int, run_id: str = "run", epoch: int = 1) -> WorkerRef:
    host = host_name()
    return WorkerRef(
        launcher="subprocess",
        run_id=run_id,
        epoch=epoch,
        host=host,
        pid=pid,
        start_time=start_time(pid),
        boot_id=boot_id(),
    )


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(["sleep", "60"], start_new_session=True)
    yield process
    process.kill()
    process.wait()


def test_the_first_claim_counts(tmp_path: Path, process: subprocess.Popen[bytes]) -> None:
    records = WorkerRecords(tmp_path / "workers")
    first, second = ref_of(os.getpid()), ref_of(process.pid)
    assert records.claim(first) == first
    assert records.claim(second) == first
    assert WorkerRecords(tmp_path / "workers").find("run", 1) == first
    assert records.claim(ref_of(process.pid, epoch=2)).pid == process.pid
    assert stat.S_IMODE((tmp_path / "workers").stat().st_mode) == 0o700


def test_ids_are_no_paths(tmp_path: Path) -> None:
    records = WorkerRecords(tmp_path)
    for hostile in ("../x", "a/b", ".hidden", "", "a\0b", "*"):
        with pytest.raises(InvocationError):
            records.find(hostile, 1)
    assert records.living(["../x", "*"]) == []


def test_status_of_a_life(tmp_path: Path, process: subprocess.Popen[bytes]) -> None:
    records = WorkerRecords(tmp_path)
    ref = records.claim(ref_of(process.pid))
    assert records.status(ref).state == "running"
    assert records.living(["run", "other"]) == [ref]
    records.terminate(ref, force=True)
    process.wait()
    assert records.status(ref).reason == "exit status unknown"
    records.end("run", 1, WorkerExit(signal=signal.SIGKILL))
    records.end("run", 1, WorkerExit(exit_code=0))
    assert records.status(ref).signal == signal.SIGKILL
    assert records.living(["run"]) == []


def test_a_reused_pid_is_not_the_worker(tmp_path: Path, process: subprocess.Popen[bytes]) -> None:
    records = WorkerRecords(tmp_path)
    before = ref_of(process.pid)
    other = WorkerRef(
        launcher="subprocess",
        run_id="run",
        epoch=1,
        host=before.host,
        pid=before.pid,
        start_time=before.start_time - 100,
        boot_id=before.boot_id,
    )
    assert records.status(other).state == "exited"
    records.terminate(other, force=False)
    records.terminate(other, force=True)
    assert process.poll() is None


def test_workers_of_other_hosts_and_boots(tmp_path: Path) -> None:
    records = WorkerRecords(tmp_path)
    elsewhere = WorkerRef(launcher="subprocess", run_id="run", epoch=1, host="elsewhere", pid=1, boot_id=boot_id())
    before = WorkerRef(
        launcher="subprocess", run_id="run", epoch=1, host=host_name(), pid=os.getpid(), boot_id="another"
    )
    assert records.status(elsewhere).state == "unknown"
    assert records.status(before).state == "exited"


def test_old_ends_are_forgotten(tmp_path: Path, process: subprocess.Popen[bytes]) -> None:
    records = WorkerRecords(tmp_path)
    records.claim(ref_of(process.pid, "living"))
    records.claim(ref_of(process.pid + 10**6, "dead"))
    records.end("dead", 1, WorkerExit(exit_code=0))
    records.prune(0.0)
    assert records.find("dead", 1) is not None
    records.prune(2.0**40)
    assert records.find("dead", 1) is None
    assert records.find("living", 1) is not None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["living.1.worker"]
