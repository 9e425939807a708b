"""Pools among scripts that share an instance, without server or daemon."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from rostrum.service.clock import SystemClock
from rostrum.storage.sql import SqlStorage
from tests.acceptance.servers import until

CODE = """
import sys, time
from pathlib import Path
from rostrum import Instance, asset, materialize

mark = Path(sys.argv[2])

@asset(pool="db")
def one():
    mark.touch()
    while sys.argv[3] == "stay":
        time.sleep(0.05)

with Instance.open(sys.argv[1]) as instance:
    materialize([one], instance=instance)
    print([run.status.value for run in instance.get_runs()])
"""


def script(home: Path, mark: Path, how: str) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", CODE, str(home), str(mark), how]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)


def test_a_killed_script_leaves_its_slot_to_the_next(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "rostrum.yaml").write_text("pools: {db: 1}\n")
    first = script(home, tmp_path / "first", "stay")
    until("the first is in", (tmp_path / "first").exists)
    second = script(home, tmp_path / "second", "go")
    storage = SqlStorage(f"sqlite:///{home / 'rostrum.db'}", clock=SystemClock())

    def waits() -> bool:
        with storage.begin() as session:
            return bool(session.pools.waiters("db"))

    until("the second waits", waits)
    storage.close()
    assert not (tmp_path / "second").exists()
    first.send_signal(signal.SIGKILL)
    first.communicate()
    out, _ = second.communicate(timeout=20)
    assert out.strip() == "['success', 'failure']"
