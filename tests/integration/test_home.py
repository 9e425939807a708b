"""The home folder keeps its secrets also where it was made by somebody with other habits."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from rostrum.codeserver.records import WorkerRecords
from rostrum.config.deployment import open_storage
from rostrum.config.instance import InstanceSettings, find_home
from rostrum.model.errors import ConfigError
from rostrum.service.clock import SystemClock


def test_database_is_its_owners_only(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    folder.mkdir(mode=0o755)
    home = find_home(str(folder))
    storage = open_storage(home, InstanceSettings(), SystemClock())
    try:
        with storage.begin() as session:
            session.now()
        made = [path for path in folder.iterdir() if path.name.startswith("rostrum.db")]
        assert made
        assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o600}
    finally:
        storage.close()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_home_that_others_can_look_into_is_closed(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    home = find_home(str(folder))
    names = ("rostrum.db", "rostrum.db-wal", "rostrum.db-shm")
    for name in names:
        (folder / name).touch()
        (folder / name).chmod(0o644)
    for path in (folder, home.logs, home.spool, home.storage, home.sockets):
        path.chmod(0o775)
    find_home(str(folder))
    assert {mode(folder / name) for name in names} == {0o600}
    assert {mode(path) for path in (folder, home.logs, home.spool, home.storage, home.sockets)} == {0o700}


def test_a_folder_of_other_things_stays_as_it_is_and_what_is_ours_in_it_is_closed(tmp_path: Path) -> None:
    (tmp_path / "project.py").touch()
    tmp_path.chmod(0o755)
    home = find_home(str(tmp_path))
    assert mode(tmp_path) == 0o755
    assert {mode(path) for path in (home.logs, home.spool, home.storage, home.sockets)} == {0o700}


def test_a_folder_that_everybody_writes_to_is_refused(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    with pytest.raises(ConfigError, match=f"{shared} can be written by others"):
        find_home(str(shared))


def test_records_of_workers_are_their_owners_only(tmp_path: Path) -> None:
    WorkerRecords(tmp_path)._create(tmp_path / "x", b"y")
    assert mode(tmp_path / "x") == 0o600
