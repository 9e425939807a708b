"""A job of dynamic outputs, launched through daemon and code server: its steps grow while it runs, and only what
failed is run again.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.servers import Dev, Project, check_events, dev_on

pytestmark = pytest.mark.processes

PROJECT = """\
from pathlib import Path

from rostrum import Definitions, DynamicOut, DynamicOutput, job, op

HERE = Path(__file__).parent


@op(out=DynamicOut(int))
def split():
    for number in (1, 2, 3):
        yield DynamicOutput(number, mapping_key=f"n{number}")


@op
def double(context, number: int) -> int:
    with open(HERE / "doubled", "a") as told:
        told.write(f"{number} ")
    if number == 2 and not (HERE / "mended").exists():
        raise ValueError("not yet")
    return number * 2


@op
def total(numbers: list[int]) -> None:
    (HERE / "total").write_text(str(sum(numbers)))


@job
def adding():
    total(split().map(double).collect())


defs = Definitions(jobs=[adding])
"""


@pytest.fixture
def dev(tmp_path: Path, home: Path) -> Iterator[Dev]:
    with dev_on(Project(tmp_path / "project", PROJECT), home) as server:
        yield server


def test_steps_join_the_run_and_only_what_failed_is_run_again(dev: Dev) -> None:
    folder = dev.project.folder
    first = dev.api.wait(dev.api.launch(job="adding"))
    assert (first["status"], first["stepsTotal"]) == ("failure", 5)
    assert first["failedStepKey"] == "double[n2]"
    assert not (folder / "total").exists()
    events = dev.api.events(first["id"])
    check_events(events)
    (mapped,) = [event for event in events if event["kind"] == "steps_mapped"]
    assert mapped["step_keys"] == ["double[n1]", "double[n2]", "double[n3]"]
    assert {step["key"] for step in first["steps"]} >= {"split", "double[n1]", "double[n2]", "double[n3]", "total"}

    (folder / "mended").touch()
    retry = "mutation($id: String!) { retryRun(id: $id) { id } }"
    second = dev.api.wait(dev.api.ask(retry, id=first["id"])["retryRun"]["id"])
    assert second["status"] == "success"
    check_events(dev.api.events(second["id"]))
    assert (folder / "total").read_text() == "12"
    assert sorted((folder / "doubled").read_text().split()) == ["1", "2", "2", "3"]
