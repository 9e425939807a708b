"""The home folder keeps its secrets also where it was made by somebody with other habits."""

from __future__ import annotations

import stat
from pathlib import Path

from rostrum.config.deployment import open_storage
from rostrum.config.instance import InstanceSettings, find_home
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
