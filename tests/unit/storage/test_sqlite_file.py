"""The database's file goes away, is damaged, or is locked: each is told with its name."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from rostrum.config.deployment import open_control
from rostrum.config.instance import InstanceSettings, find_home
from rostrum.config.web import PATIENCE_SECONDS, for_requests
from rostrum.model.errors import RostrumError, Unavailable
from rostrum.storage.sql import SqlStorage, sqlite
from rostrum.testing.clock import FakeClock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rostrum.db"


@pytest.fixture
def storage(path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SqlStorage]:
    monkeypatch.setattr(sqlite, "_LOOK_SECONDS", 0.0)
    made = SqlStorage(f"sqlite:///{path}", clock=FakeClock())
    made.migrate()
    yield made
    made.close()


def use(storage: SqlStorage, *, write: bool) -> None:
    with storage.begin(write=write) as session:
        session.principals.users()


@pytest.mark.parametrize("write", [False, True])
def test_a_deleted_or_replaced_file_is_noticed_and_not_made_anew(storage: SqlStorage, path: Path, write: bool) -> None:
    use(storage, write=write)
    aside = path.with_name("aside")
    path.rename(aside)
    with pytest.raises(Unavailable, match=rf"{path} was deleted or replaced"):
        use(storage, write=write)
    assert not path.exists()
    path.touch()
    with pytest.raises(Unavailable, match="deleted or replaced"):
        use(storage, write=write)
    path.unlink()
    aside.rename(path)
    use(storage, write=write)


def test_looking_is_cheap(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = SqlStorage(f"sqlite:///{path}", clock=FakeClock())
    storage.migrate()
    use(storage, write=False)
    looks: list[Path] = []
    monkeypatch.setattr(sqlite, "_identity", looks.append)
    monkeypatch.setattr(sqlite, "_LOOK_SECONDS", 3600.0)
    for _ in range(20):
        use(storage, write=True)
    assert looks == []
    storage.close()


@pytest.mark.parametrize("damage", ["no database", "broken pages"])
def test_a_damaged_file_is_one_clear_error_with_its_name(path: Path, damage: str) -> None:
    storage = SqlStorage(f"sqlite:///{path}", clock=FakeClock())
    storage.migrate()
    storage.close()
    if damage == "no database":
        path.write_bytes(b"these are the words of a poem, not of a database" * 200)
    else:
        data = bytearray(path.read_bytes())
        data[100:] = b"\xff" * (len(data) - 100)
        path.write_bytes(data)
    storage = SqlStorage(f"sqlite:///{path}", clock=FakeClock())
    for act in (storage.migrate, lambda: use(storage, write=True), lambda: use(storage, write=False)):
        with pytest.raises(RostrumError, match=rf"{path} is damaged .*restore") as found:
            act()
        assert isinstance(found.value, Unavailable)
    storage.close()


def test_requests_are_less_patient_than_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deployment = open_control(find_home(str(tmp_path)), InstanceSettings(), for_children=False)
    monkeypatch.setattr("rostrum.config.web.PATIENCE_SECONDS", 0.05)
    hurried = for_requests(deployment)
    other = sqlite3.connect(tmp_path / "rostrum.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        for act in (lambda: hurried.runs.cancel("x"), lambda: hurried.backfills.cancel("x")):
            with pytest.raises(Unavailable, match="another process has been writing") as found:
                act()
            assert found.value.retryable
    finally:
        other.execute("ROLLBACK")
        other.close()
    assert PATIENCE_SECONDS <= 5
    deployment.storage.close()
