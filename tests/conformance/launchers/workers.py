"""What is started in place of `rostrum run-worker` where only the starting is tested: it does as its environment says
and tells its processes in a file.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from rostrum.interfaces.launching import GatewayAddress, LaunchSpec, StepLaunch
from rostrum.model.runs import Run, RunTarget
from rostrum.service.clock import SystemClock

LOCATION = "here"
TOKEN = "a-token-that-nobody-may-see"
_CLOCK = SystemClock()


def spec(folder: Path, behaviour: str, *, location: str = LOCATION, **environment: str) -> LaunchSpec:
    """A new run whose worker behaves so; it writes into a folder of its own below `folder`."""
    run_id = _CLOCK.new_id()
    own = folder / run_id
    own.mkdir()
    run = Run(run_id=run_id, target=RunTarget(location, "job"), created_at=datetime(2026, 1, 1, tzinfo=UTC))
    return LaunchSpec(
        run=run,
        epoch=1,
        gateway=GatewayAddress("http://gateway.example:3000"),
        token=TOKEN,
        spool_dir="/nowhere",
        environment={"DO": behaviour, "FOLDER": str(own), "ROSTRUM_HOME": "/of/the/host", **environment},
        labels={"team": "data"},
    )


def step_of(run: LaunchSpec, step_key: str, attempt: int = 1, tags: Mapping[str, str] | None = None) -> LaunchSpec:
    """A step worker of the same run."""
    return msgspec.structs.replace(
        run, step=StepLaunch(step_key=step_key, attempt=attempt, work=b"work", tags=dict(tags or {}))
    )


def told(run: LaunchSpec) -> list[int]:
    """Process ids that the worker has told, as it sees them; empty while it has not started."""
    file = Path(run.environment["FOLDER"], "pids")
    return [int(pid) for pid in file.read_text().split()] if file.exists() else []


def main() -> int:
    """Behave."""
    folder, behaviour = Path(os.environ["FOLDER"]), os.environ["DO"]
    stopped: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stopped.append(number))
    pids = [os.getpid()]
    if behaviour == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        pids.append(subprocess.Popen(["sleep", "600"]).pid)
    (folder / "arguments").write_text("\n".join(sys.argv[1:]))
    (folder / "environment").write_text("\n".join(f"{name}={value}" for name, value in sorted(os.environ.items())))
    (folder / "new").write_text(" ".join(map(str, pids)))
    (folder / "new").rename(folder / "pids")
    sys.stdout.write(f"acting, with {os.environ['ROSTRUM_RUN_TOKEN']}\n")
    sys.stdout.flush()
    if behaviour == "eat":
        hoard = [b"x" * (8 << 20) for _ in range(128)]
        return len(hoard)
    while behaviour in {"wait", "stubborn"} and not stopped:
        time.sleep(0.01)
    return 1 if behaviour == "fail" else 0


if __name__ == "__main__":
    sys.exit(main())
