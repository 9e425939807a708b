"""Scripts that have used polars, whose threads no fork has: their steps get fresh interpreters, or a warning."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes
CODE = """\
import polars
from rostrum import Instance, build_reconstructable_job, execute_job, job, op, reconstructable


def height(n):
    frame = polars.DataFrame({"a": [each % n for each in range(100_000)]})
    return frame.lazy().group_by("a").len().collect().height


def make_counting(unused=None):
    @op
    def counted():
        return 2

    @job
    def counting():
        counted()

    return counting


def make_using():
    @op
    def counted():
        return height(2)

    @job
    def using():
        counted()

    return using


def executed(job, **chosen):
    config = {"execution": {"config": chosen}} if chosen else {}
    with Instance.ephemeral() as instance, execute_job(job, instance, run_config=config) as result:
        levels = [event.level for event in result.events if event.kind == "engine_message"]
        print(result.output_for_node("counted"), *levels)


if __name__ == "__main__":
    using = reconstructable(make_using)
    executed(using)
    height(3)
    executed(using)
    executed(using)
    executed(reconstructable(make_counting), multiprocess={"start_method": "fork"})
    executed(build_reconstructable_job(__name__, "make_counting", (object(),)))
    executed(using, in_process={})
"""
TOLD = {
    "Steps get fresh interpreters, which import the code again, since a fork would not be safe here: polars": 1,
    "Steps are forks of this process, and may hang: polars was used in this process": 2,
    "Leave start_method out of the executor's config": 1,
    "Put the job where another process can import it": 1,
}


def test_scripts_that_have_used_polars(tmp_path: Path) -> None:
    (tmp_path / "used.py").write_text(CODE)
    done = subprocess.run(
        [sys.executable, "used.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env={**os.environ, "POLARS_MAX_THREADS": "2"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.splitlines() == [
        "2",  # polars was not used yet: a fork, in which it can be
        "2 info",
        "2 info",
        "2 warning",
        "2 warning",
        "2",
    ]
    assert {text: done.stderr.count(text) for text in TOLD} == TOLD, done.stderr
