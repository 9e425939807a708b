"""What is installed is read from the names of folders on the import path."""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path

from rostrum.model.environment import Environment


def test_it_is_that_of_this_process() -> None:
    here = Environment.here()
    assert here.python == sys.version
    for name in ("msgspec", "pytest", "pytest-randomly"):
        assert here.packages[name] == importlib.metadata.version(name)


def test_the_first_on_the_path_counts_and_what_is_no_folder_is_passed_over(tmp_path: Path) -> None:
    for folder, version in (("near", "2.0"), ("far", "1.0")):
        (tmp_path / folder / f"Some_Thing-{version}.dist-info").mkdir(parents=True)
    (tmp_path / "far" / "older-0.1-py3.11.egg-info").mkdir()
    (tmp_path / "code.zip").write_bytes(b"")
    path = [str(tmp_path / name) for name in ("near", "code.zip", "missing", "far")]
    assert Environment.here(path).packages == {"older": "0.1", "some-thing": "2.0"}
