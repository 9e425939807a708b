from __future__ import annotations

from pathlib import Path

import pytest

from rostrum.model.errors import Unavailable
from rostrum.storage.logs import LocalLogStore


def test_planted_links_are_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.out"
    secret.write_text("secret")
    logs = LocalLogStore(tmp_path / "logs")
    logs.append("run", "a", "out", 0, b"x")
    (tmp_path / "logs" / "run" / "b.out").symlink_to(secret)
    (tmp_path / "logs" / "linked").symlink_to(tmp_path)
    for run_id, key in (("run", "b"), ("linked", "secret")):
        with pytest.raises(Unavailable):
            logs.read(run_id, key, "out")
        with pytest.raises(Unavailable):
            logs.append(run_id, key, "out", 6, b"!")
    assert secret.read_text() == "secret"
