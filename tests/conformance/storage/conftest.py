"""Every storage of ours, empty."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rostrum.interfaces.storage import Storage
from rostrum.storage.memory import MemoryStorage
from rostrum.storage.sql import SqlStorage
from rostrum.testing.clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=["memory", "sqlite"])
def storage(request: pytest.FixtureRequest, clock: FakeClock, tmp_path: Path) -> Iterator[Storage]:
    if request.param == "memory":
        yield MemoryStorage(clock)
        return
    sqlite = SqlStorage(f"sqlite:///{tmp_path / 'rostrum.db'}", clock=clock)
    sqlite.migrate()
    yield sqlite
    sqlite.close()
