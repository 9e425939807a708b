"""Every log store of ours, empty."""

from __future__ import annotations

from pathlib import Path

import pytest

from rostrum.interfaces.logs import LogStore
from rostrum.storage.logs import LocalLogStore


@pytest.fixture
def logs(tmp_path: Path) -> LogStore:
    return LocalLogStore(tmp_path / "logs")
