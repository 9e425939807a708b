"""Runs of scripts whose steps are processes of their own: what one stores, the next one finds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rostrum.definitions.instance.instance import Instance
from rostrum.definitions.location.loading import CodeTarget, load_definitions
from rostrum.execution.local import LocalRunner

pytestmark = pytest.mark.processes
CODE = """\
import os

from rostrum import Definitions, asset, define_asset_job, multiprocess_executor


@asset
def one() -> dict[str, int]:
    return {"made by": os.getpid()}


@asset
def two(one: dict[str, int]) -> dict[str, int]:
    return one | {"read by": os.getpid()}


def definitions(method: str) -> Definitions:
    executor = multiprocess_executor.configured({"start_method": method})
    return Definitions(assets=[one, two], jobs=[define_asset_job("both", executor_def=executor)])


defs = definitions(__METHOD__)
"""


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.parametrize("kept", [True, False], ids=["instance", "no instance"])
def test_values_pass_from_process_to_process(tmp_path: Path, method: str, kept: bool) -> None:
    file = tmp_path / "code.py"
    file.write_text(CODE.replace("__METHOD__", repr(method)))
    target = CodeTarget(python_file=str(file))
    instance = Instance.ephemeral() if kept else None
    result = LocalRunner().execute(
        load_definitions(target).resolved(),
        job="both",
        executor=None,
        instance=instance,
        target=target,
        stored_values=True,
    )
    made = result.asset_value("two")
    assert made["made by"] != made["read by"]
    if instance is not None:
        instance.dispose()


def test_steps_get_the_places_that_they_ask_for(tmp_path: Path) -> None:
    file = tmp_path / "code.py"
    file.write_text(
        CODE.replace("__METHOD__", "'fork'").replace("@asset\ndef two", "@asset(isolation='process')\ndef two")
    )
    target = CodeTarget(python_file=str(file))
    result = LocalRunner().execute(
        load_definitions(target).resolved(), job="both", executor="threaded", target=target, stored_values=True
    )
    made = result.asset_value("two")
    assert len({made["made by"], made["read by"], os.getpid()}) == 3


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_log_lines_of_steps_are_seen_in_a_script(
    tmp_path: Path, method: str, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "code.py"
    logging = "def one(context) -> dict[str, int]:\n    context.log.info('one is made')\n"
    code = CODE.replace("__METHOD__", repr(method)).replace("def one() -> dict[str, int]:\n", logging)
    file.write_text(code)
    target = CodeTarget(python_file=str(file))
    LocalRunner().execute(
        load_definitions(target).resolved(), job="both", executor=None, target=target, stored_values=True
    )
    assert "INFO    one one is made" in capfd.readouterr().err
