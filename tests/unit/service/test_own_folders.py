"""Temporary folders of processes that end well, are killed, or have something to keep."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from rostrum.service.own_folders import KEPT, own_folder, sweep


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_it_goes_with_its_use(here: Path) -> None:
    with own_folder("test") as folder:
        assert folder.parent == here
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "logs").mkdir()
    assert list(here.iterdir()) == []


def test_what_is_to_be_looked_into_is_kept(here: Path) -> None:
    with own_folder("test") as folder:
        (folder / f"{KEPT}1").touch()
    sweep("test")
    assert list(here.iterdir()) == [folder]


def test_those_of_dead_processes_are_swept_by_the_next_one(here: Path) -> None:
    program = (
        "import sys; from rostrum.service.own_folders import own_folder\n"
        "with own_folder('test') as folder: (folder / 'events').touch(); print(folder, flush=True); sys.stdin.read()"
    )
    environment = {"TMPDIR": str(here)}
    process = subprocess.Popen(
        [sys.executable, "-c", program], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    theirs = Path(process.stdout.readline().strip())
    (here / "rostrum-test-file").touch()
    (here / "rostrum-test-link").symlink_to(theirs)
    with own_folder("test") as ours:
        assert (theirs / "events").exists(), "its process lives"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert theirs.exists()
    with own_folder("other"):
        assert theirs.exists(), "another kind's"
    with own_folder("test") as ours:
        assert not theirs.exists()
        assert ours.exists()
    assert sorted(path.name for path in here.iterdir()) == ["rostrum-test-file", "rostrum-test-link"]
