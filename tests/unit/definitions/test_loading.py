"""Loading the user's code, and its errors as values."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from rostrum.definitions.error_info import error_info
from rostrum.definitions.location.definitions import Definitions
from rostrum.definitions.location.loading import CodeTarget, load_definitions
from rostrum.model.errors import DefinitionError

GOOD = """
from rostrum import Definitions, asset

@asset
def a(): ...

defs = Definitions(assets=[a])
other = lambda: Definitions(assets=[a])
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to load from; what loading does to the process is undone."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        file = getattr(sys.modules[name], "__file__", None)
        if file and file.startswith(str(tmp_path)):
            del sys.modules[name]


def write(project: Path, text: str, name: str = "pipeline_under_test.py") -> str:
    (project / name).write_text(text)
    return name


def failure(target: CodeTarget) -> str:
    with pytest.raises(DefinitionError) as caught:
        load_definitions(target).manifest()
    return str(caught.value)


def test_the_one_definitions_of_a_file(project: Path):
    loaded = load_definitions(CodeTarget(python_file=write(project, GOOD)))
    assert isinstance(loaded, Definitions)
    source = loaded.manifest().assets[0].source
    assert source is not None
    assert (source.file, source.line) == ("pipeline_under_test.py", 4)


def test_a_module_an_attribute_and_a_function(project: Path):
    write(project, GOOD)
    assert load_definitions(
        CodeTarget(module_name="pipeline_under_test", attribute="defs", working_directory=str(project))
    )
    assert load_definitions(CodeTarget(module_name="pipeline_under_test", attribute="other"))
    assert "no 'nope'" in failure(CodeTarget(module_name="pipeline_under_test", attribute="nope"))
    assert "not Definitions" in failure(CodeTarget(module_name="pipeline_under_test", attribute="a.op.name"))


def test_a_file_without_definitions_is_collected(project: Path):
    loaded = load_definitions(CodeTarget(python_file=write(project, GOOD.split("defs =", maxsplit=1)[0])))
    assert len(loaded.manifest().assets) == 1
    assert "no Definitions" in failure(CodeTarget(python_file=write(project, "x = 1", "empty_under_test.py")))


def test_a_changed_file_is_loaded_anew(project: Path):
    name = write(project, GOOD)
    load_definitions(CodeTarget(python_file=name))
    write(project, GOOD + "more = Definitions()\n")
    assert "several Definitions (defs, more)" in failure(CodeTarget(python_file=name))


def test_a_syntax_error_names_file_and_line(project: Path):
    text = failure(CodeTarget(python_file=write(project, "x = 1\ndef broken(:\n    pass\n")))
    assert "pipeline_under_test.py:2: SyntaxError" in text


def test_an_exception_at_import_names_the_users_line(project: Path):
    write(project, "def fail():\n    raise ValueError('no luck')\n", "helper_under_test.py")
    name = write(project, "import helper_under_test\n\nhelper_under_test.fail()\n")
    with pytest.raises(DefinitionError) as caught:
        load_definitions(CodeTarget(python_file=name))
    assert "helper_under_test.py:2: ValueError: no luck" in str(caught.value)
    info = error_info(caught.value, project)
    assert info.cause is not None
    assert [(frame.file, frame.line, frame.user) for frame in info.cause.frames] == [
        ("pipeline_under_test.py", 3, True),
        ("helper_under_test.py", 2, True),
    ]
    frame = info.cause.user_frame
    assert frame is not None
    assert frame.source[frame.line - frame.first_source_line] == "    raise ValueError('no luck')"


def test_what_exits_while_it_is_imported_has_failed_too(project: Path):
    assert "SystemExit" in failure(CodeTarget(python_file=write(project, "raise SystemExit(3)")))
    assert "ModuleNotFoundError" in failure(CodeTarget(module_name="not_there_under_test"))
    assert "no file" in failure(CodeTarget(python_file="not_there.py"))
    assert "not both" in failure(CodeTarget())


def test_a_failed_file_leaves_no_half_module(project: Path):
    name = write(project, "x = 1\nraise ValueError")
    failure(CodeTarget(python_file=name))
    assert "pipeline_under_test" not in sys.modules


def test_causes_are_followed_and_long_traces_cut():
    def deep(n: int) -> None:
        if n == 0:
            raise KeyError("bottom")
        deep(n - 1)

    try:
        try:
            deep(200)
        except KeyError as inner:
            raise RuntimeError("top") from inner
    except RuntimeError as outer:
        info = error_info(outer)
    assert info.class_name == "RuntimeError"
    assert info.cause is not None
    assert info.cause.class_name == "KeyError"
    assert len(info.cause.frames) == 100


def test_a_message_that_cannot_be_made_is_no_second_error():
    class Mute(Exception):
        def __str__(self) -> str:
            raise ValueError

    assert "could not be made" in error_info(Mute()).message


def test_frames_of_libraries_and_of_ours_are_told_apart():
    import json

    try:
        json.loads("{")
    except ValueError as error:
        info = error_info(error)
    assert info.frames[0].user
    assert not info.frames[-1].user
    assert info.user_frame is not None
    assert info.user_frame.file.endswith("test_loading.py")


def test_a_mistake_in_a_definition_is_told_once(project: Path):
    code = "from rostrum import asset\n@asset(name='a b')\ndef a(): ...\n"
    told = failure(CodeTarget(python_file=write(project, code, "mistaken_under_test.py")))
    assert told.startswith("mistaken_under_test.py:2: ")
    assert told.count("mistaken_under_test.py") == 1
    assert "DefinitionError" not in told
    code = "from rostrum import DailyPartitionsDefinition, Definitions\nDailyPartitionsDefinition('soon')\n"
    code += "defs = Definitions()\n"
    told = failure(CodeTarget(python_file=write(project, code, "undated_under_test.py")))
    assert told.startswith("undated_under_test.py:2: ")
    assert "DefinitionError" not in told


MISTAKES = """
from rostrum import *

days = DailyPartitionsDefinition("soon")

@asset(partitions_def=days)
def partitioned(): ...

@asset(name="a b")
def spaced(): ...

@asset(deps=[spaced, partitioned])
def depends(): ...

@op(ins={"x": In()})
def misses(): ...

@job
def uses():
    misses()

nightly = ScheduleDefinition(job=uses, cron_schedule="0 0 * * *")
hourly = ScheduleDefinition(name="hourly run", job_name="uses", cron_schedule="0 * * * *")

@asset_check(asset=spaced)
def checks(): ...

defs = Definitions(assets=[partitioned, spaced, depends], asset_checks=[checks], jobs=[uses],
                   schedules=[nightly, hourly], resources={"a b": 1})
"""


def test_all_mistakes_of_a_file_are_told_at_once(project: Path):
    told = failure(CodeTarget(python_file=write(project, MISTAKES, "mistakes_under_test.py"))).splitlines()
    assert told[0] == "there are 5 mistakes in the definitions:"
    places = [line.strip().split(": ")[0].removeprefix("mistakes_under_test.py:") for line in told[1:]]
    assert [int(place) for place in places] == [4, 9, 15, 23, 28]


def test_outside_of_loading_a_mistake_is_raised_where_it_is_made(project: Path):
    write(project, MISTAKES, "mistakes_under_test.py")
    sys.path.insert(0, str(project))
    with pytest.raises(DefinitionError, match=r"mistakes_under_test.py:4: the partitions' start"):
        __import__("mistakes_under_test")


def test_what_breaks_after_a_mistake_is_told_too(project: Path):
    code = MISTAKES.split("defs =")[0] + "\n1 / 0\n"
    told = failure(CodeTarget(python_file=write(project, code, "breaking_under_test.py"))).splitlines()
    assert told[0] == "there are 5 mistakes in the definitions:"
    assert "ZeroDivisionError" in told[-1]
    code = MISTAKES.split("defs =")[0] + "\nprint(spaced.key)\n"
    told = failure(CodeTarget(python_file=write(project, code, "using_under_test.py"))).splitlines()
    assert told[0] == "there are 4 mistakes in the definitions:"


TOGETHER = """
from rostrum import Definitions, asset

@asset(name="a b")
def spaced(): ...

@asset(group_name="x y")
def grouped(): ...

@asset(name="grouped")
def twin(): ...

@asset
def loads(spaced): ...

defs = Definitions(assets=[spaced, grouped, twin, loads])
"""


def test_mistakes_of_decorators_and_of_what_belongs_together_are_told_at_once(project: Path):
    told = failure(CodeTarget(python_file=write(project, TOGETHER, "together_under_test.py"))).splitlines()
    assert told[0] == "there are 3 mistakes in the definitions:"
    assert [line.split(":")[1] for line in told[1:]] == ["4", "7", "10"]


def test_a_context_by_another_name_is_told(project: Path):
    text = "from rostrum import asset\n@asset\ndef orders(ctx): ...\n"
    assert "The argument that takes the context is called `context`." in failure(
        CodeTarget(python_file=write(project, text))
    )
