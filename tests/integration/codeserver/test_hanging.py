"""Code whose import never ends: it can be mended, and it never outlives the code server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rostrum.interfaces.locations import ManifestReply
from rostrum.service.processes import is_alive, start_time
from rostrum.testing.conformance.launchers import wait_until
from tests.integration.codeserver.bench import CodeServerBench

pytestmark = pytest.mark.processes

GOOD = "import rostrum as ro\n@ro.asset\ndef mended():\n    pass\n"


def hanging(folder: Path) -> str:
    return (
        "import os, subprocess, time\n"
        "child = subprocess.Popen(['sleep', '600'])\n"
        f"open({str(folder / 'new')!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
        f"os.rename({str(folder / 'new')!r}, {str(folder / 'pids')!r})\n"
        "time.sleep(600)\n"
    )


class Hanging:
    """A code server whose code hangs while it is imported."""

    def __init__(self, folder: Path) -> None:
        self.bench = CodeServerBench(hanging(folder), "auto", watch=True)
        wait_until("the code is being imported", (folder / "pids").exists)
        pids = [int(pid) for pid in (folder / "pids").read_text().split()]
        self._processes = [(pid, start_time(pid)) for pid in pids]

    def is_gone(self) -> bool:
        return not any(is_alive(pid, began) for pid, began in self._processes)


@pytest.fixture
def code(tmp_path: Path) -> Iterator[Hanging]:
    code = Hanging(tmp_path)
    yield code
    code.bench.close()


def reply(code: Hanging) -> ManifestReply | None:
    return code.bench.location.wait_for_change(0, 10.0)


def test_a_mended_file_is_loaded_although_the_old_one_still_hangs(code: Hanging) -> None:
    code.bench.write(GOOD)
    loaded = reply(code)
    assert loaded is not None
    assert loaded.error is None
    assert loaded.manifest_hash
    assert code.is_gone()


def test_stopping_the_server_ends_the_import(code: Hanging) -> None:
    code.bench.server.stop()
    assert code.is_gone()


def test_an_import_ends_with_a_killed_server(code: Hanging) -> None:
    code.bench.kill_server()
    wait_until("the import is gone", code.is_gone)
