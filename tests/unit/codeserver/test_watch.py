"""Which folders are watched, and which files in them are edits."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from rostrum.codeserver.reads import changed_at
from rostrum.codeserver.supervisor import Version
from rostrum.codeserver.watch import FileWatcher, folders, roots


def test_only_folders_that_may_hold_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("shop/models", "shop/__pycache__", ".git/objects", "node_modules/a", "env/lib", "home/logs/run"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "env/pyvenv.cfg").touch()
    monkeypatch.setenv("ROSTRUM_HOME", str(tmp_path / "home"))
    found = {str(folder.relative_to(tmp_path)) for folder in folders([tmp_path])}
    assert found == {".", "shop", "shop/models"}


def test_folders_below_others_are_not_roots(tmp_path: Path) -> None:
    (tmp_path / "shop/models").mkdir(parents=True)
    files = [tmp_path / "defs.py", tmp_path / "shop/a.py", tmp_path / "shop/models/b.py"]
    assert roots(map(str, files)) == [tmp_path]


def edit(file: Path, at: int) -> None:
    """Another content, written at another time than before, whatever the clock of the file system says."""
    file.write_text(f"[{at}]")
    os.utime(file, ns=(at * 10**9, at * 10**9))


class Loads:
    """A code server of which only the version is there."""

    def __init__(self, folder: Path) -> None:
        self.code, self.limits, self.value = folder / "code.py", folder / "limits.json", folder / "value.json"
        for file in (self.code, self.limits, self.value):
            edit(file, 10)
        self.asked = threading.Semaphore(0)
        self.settled = True
        self.load(1)

    def load(self, revision: int) -> None:
        data = {str(self.limits): changed_at(str(self.limits))}
        began = changed_at(str(self.code)) / 1e9
        self.current = Version(revision=revision, files=(str(self.code),), data=data, began=began)

    def version(self) -> Version:
        return self.current

    def reload(self) -> None:
        if self.settled:
            self.load(self.current.revision + 1)
        self.asked.release()


@pytest.fixture
def loads(tmp_path: Path) -> Iterator[Loads]:
    loads = Loads(tmp_path)
    watcher = FileWatcher(loads.reload, loads.version)
    watcher.start()
    yield loads
    watcher.stop()


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "rostrum.codeserver.watch"]


def test_values_that_runs_write_are_no_edits(loads: Loads, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    before = loads.current
    for file in (loads.value, loads.value.parent / "another.json", loads.value.parent / "table.parquet"):
        edit(file, 20)
        assert not FileWatcher(loads.reload, loads.version).is_of_interest(1, str(file))
    assert loads.current is before
    edit(loads.limits, 20)
    assert loads.asked.acquire(timeout=20)
    assert told(caplog) == ["Reloading: limits.json changed"]
    edit(loads.code, 30)
    assert loads.asked.acquire(timeout=20)
    assert told(caplog)[1:] == ["Reloading: code.py changed"]
    assert not [record for record in caplog.records if record.name.startswith("watchfiles")], "noise of a library"


def test_what_a_load_writes_does_not_load_again(loads: Loads, caplog: pytest.LogCaptureFixture) -> None:
    """A subprocess of the load rewrites what the load then reads: no end would be in sight."""
    caplog.set_level("INFO")
    watcher = FileWatcher(loads.reload, loads.version)
    loads.settled = False
    edit(loads.limits, 20)
    assert watcher.changed_data() == {str(loads.limits)}
    watcher.ask(watcher.changed_data())
    edit(loads.limits, 30)
    assert watcher.changed_data() == set(), "the load goes on"
    loads.load(2)
    assert watcher.changed_data() == set(), "it has read that"
    edit(loads.limits, 40)
    assert watcher.changed_data() == {str(loads.limits)}
    # A load that ends its process tells nothing of files: one change makes one load.
    watcher.ask(watcher.changed_data())
    loads.current = msgspec.structs.replace(loads.current, revision=3)
    assert watcher.changed_data() == set()
