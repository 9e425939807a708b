"""What `--help` says."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from rostrum.cli import main


@pytest.mark.parametrize("command", ["dev", "webserver"])
def test_code_may_be_named_several_times(command: str) -> None:
    said = " ".join(CliRunner().invoke(main.command, [command, "--help"]).output.split())
    assert said.count("Repeat for several code locations.") == 2


@pytest.mark.parametrize("command", ["retry", "debug"])
def test_steps_are_named_alike(command: str) -> None:
    said = CliRunner().invoke(main.command, ["run", command, "--help"]).output
    assert "--step" in said
    assert "--steps" in said
