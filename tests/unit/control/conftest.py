from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rostrum.storage.sql import SqlStorage
from rostrum.testing.clock import FakeClock
from tests.control_plane import START, Plane


@pytest.fixture(params=["memory", "sqlite"])
def plane(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Plane]:
    """A control plane on each store."""
    if request.param == "memory":
        yield Plane()
        return
    clock = FakeClock(START)
    storage = SqlStorage(f"sqlite:///{tmp_path / 'rostrum.db'}", clock=clock)
    storage.migrate()
    yield Plane(storage, clock)
    storage.close()
