"""`rostrum run bundle` writes where nothing is."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path

import pytest

from rostrum.cli.run_output import write_bundle
from rostrum.config.deployment import open_control
from rostrum.config.instance import InstanceSettings, find_home
from rostrum.model.errors import ConfigError
from rostrum.model.runs import Run, RunTarget


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="rst") as folder:
        control = open_control(find_home(folder), InstanceSettings(), for_children=False)
        run = Run(run_id=control.clock.new_id(), target=RunTarget("here", "job"), created_at=control.clock.now())
        file = tmp_path / "a.zip"
        write_bundle(control, run, str(file))
        assert file.stat().st_mode & 0o777 == 0o600, "it holds logs and config"
        archive = zipfile.ZipFile(file)
        assert archive.testzip() is None
        assert b"started without stored definitions" in archive.read("bundle.json")
        with pytest.raises(ConfigError, match="exists already; give another file with -o"):
            write_bundle(control, run, str(file))
        with pytest.raises(ConfigError, match="cannot be written"):
            write_bundle(control, run, str(tmp_path / "no" / "where.zip"))
        control.storage.close()
