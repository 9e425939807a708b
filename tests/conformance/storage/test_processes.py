"""Two processes on one SQLite file: nothing is lost, nothing doubled, and a follower misses nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rostrum.storage.sql import SqlStorage
from rostrum.testing.clock import FakeClock
from rostrum.testing.conformance.storage.values import said

WRITER = """
import sys
from rostrum.storage.sql import SqlStorage
from rostrum.testing.clock import FakeClock
from rostrum.testing.conformance.storage.values import said
url, name = sys.argv[1:]
clock = FakeClock()
storage = SqlStorage(url, clock=clock)
storage.migrate()
for number in range(1, 301):
    with storage.begin(write=True) as session:
        counted = int(session.principals.setting("counter") or b"0")
        session.principals.put_setting("counter", str(counted + 1).encode())
        session.events.append([said(clock, name, number), said(clock, "shared", number)])
storage.close()
"""


@pytest.mark.processes
def test_two_processes_write_one_file(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'rostrum.db'}"
    clock = FakeClock()
    storage = SqlStorage(url, clock=clock)
    storage.migrate()
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, url, name]) for name in ("r1", "r2")]
    seen: list[tuple[str, int]] = []
    cursor = 0
    while True:
        ended = all(writer.poll() is not None for writer in writers)
        with storage.begin() as session:
            page = session.events.tail(cursor, 50)
        if page:
            cursor = page[-1].id
            seen += [(stored.event.run_id, stored.event.sequence) for stored in page]
        elif ended:
            break
    assert [writer.wait(60) for writer in writers] == [0, 0]
    assert sorted(seen) == sorted((name, number) for name in ("r1", "r2", "shared") for number in range(1, 301))
    with storage.begin(write=True) as session:
        assert session.principals.setting("counter") == b"600"
        assert list(session.events.append([said(clock, "shared", 300)])) == []
    storage.close()


@pytest.mark.processes
def test_killed_writer_leaves_nothing_half_done(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'rostrum.db'}"
    storage = SqlStorage(url, clock=FakeClock())
    storage.migrate()
    script = (
        "import os, signal, sys; from rostrum.storage.sql import SqlStorage\n"
        "from rostrum.testing.clock import FakeClock\n"
        "storage = SqlStorage(sys.argv[1], clock=FakeClock())\n"
        "with storage.begin(write=True) as session:\n"
        "    session.principals.put_setting('a', b'1')\n"
        "    session.partitions.add_dynamic('regions', [str(n) for n in range(10000)])\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert subprocess.run([sys.executable, "-c", script, url], check=False, timeout=60).returncode == -9
    with storage.begin(write=True) as session:
        assert session.principals.setting("a") is None
        assert session.partitions.dynamic("regions") == []
        session.principals.put_setting("a", b"2")
    storage.close()
