"""Which folders are watched."""

from __future__ import annotations

from pathlib import Path

import pytest

from rostrum.codeserver.watch import folders, roots


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
