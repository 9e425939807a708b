"""Jobs that a function makes, whose steps fresh interpreters make again."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rostrum.definitions.instance.instance import Instance
from rostrum.definitions.ops.reexecution import (
    ReconstructableJob,
    build_reconstructable_job,
    execute_job,
    reconstructable,
)

pytestmark = pytest.mark.processes
CODE = """\
from rostrum import Definitions, DynamicOut, DynamicOutput, ResourceParam, graph, job, op


@op
def other():
    return 0


@job
def loose():
    other()


def make_dynamic(count=3, *, factor=2, names=()):
    @op(out=DynamicOut())
    def items():
        for n in range(count):
            yield DynamicOutput(n, mapping_key=f"{names[0] if names else 'k'}{n}")

    @op
    def times(n):
        return n * factor

    @op
    def total(ns):
        return sum(ns)

    @job
    def dynamic():
        total(items().map(times).collect())

    return dynamic


def make_graph():
    @graph
    def alone():
        other()

    return alone


@op
def told(word: ResourceParam[str]):
    return word


@job
def telling():
    told()


defs = Definitions(jobs=[telling], resources={"word": "hello"})


def get_telling():
    return defs.get_job_def("telling")


class Odd:
    pass


def make_of(odd):
    return loose
"""
FRESH: dict[str, Any] = {"execution": {"config": {"multiprocess": {"start_method": {"spawn": {}}}}}}


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    (tmp_path / "made_jobs_code.py").write_text(CODE)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module("made_jobs_code")
    del sys.modules["made_jobs_code"]


def output_of(node: str, job: ReconstructableJob) -> Any:
    """What a step of the job makes, each in a fresh interpreter."""
    with Instance.ephemeral() as instance, execute_job(job, instance, run_config=FRESH) as result:
        assert result.success, [event for event in result.events if event.kind == "step_failed"]
        return result.output_for_node(node)


def test_a_function_that_makes_a_job_with_dynamic_outputs(code: Any) -> None:
    assert output_of("total", reconstructable(code.make_dynamic)) == 6


def test_arguments_travel(code: Any) -> None:
    made = build_reconstructable_job(code.__name__, "make_dynamic", (2,), {"factor": 5, "names": ("n", "m")})
    assert output_of("times", made) == {"n0": 0, "n1": 5}


def test_a_function_that_makes_a_graph(code: Any) -> None:
    assert output_of("other", reconstructable(code.make_graph)) == 0


def test_a_job_taken_from_definitions_brings_their_resources(code: Any) -> None:
    assert output_of("told", reconstructable(code.get_telling)) == "hello"


def test_a_module_that_the_import_path_lacks_is_loaded_by_its_file(code: Any) -> None:
    job = reconstructable(code.loose)
    sys.path.remove(str(Path(code.__file__).parent))
    assert job.target is not None
    assert job.target.python_file == code.__file__
    assert output_of("other", job) == 0


def test_a_script_started_as_a_module_is_imported_as_that_module(code: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "__main__", code)
    monkeypatch.setattr(code.loose.graph.composition_fn, "__module__", "__main__")
    target = reconstructable(code.loose).target
    assert target is not None
    assert (target.module_name, target.job) == (code.__name__, "loose")
    monkeypatch.setattr(code, "__spec__", None)  # as it is of `python file.py`
    target = reconstructable(code.loose).target
    assert target is not None
    assert (target.module_name, target.python_file) == (None, code.__file__)


def test_arguments_that_no_text_tells(code: Any) -> None:
    made = build_reconstructable_job(code.__name__, "make_of", (code.Odd(),))
    assert made.target is None
    with Instance.ephemeral() as instance, execute_job(made, instance, run_config=FRESH) as result:
        assert not result.success
        error = result.run.error
    assert error is not None
    assert "made with arguments that are no plain values" in error.message
