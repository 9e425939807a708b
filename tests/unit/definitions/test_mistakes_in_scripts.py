"""What a plain script sees of a mistake: its own lines, and one frame of ours."""

from __future__ import annotations

import os
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import rostrum as ro


@ro.op
def plain() -> None: ...


def a_decorator() -> Any:
    return ro.op(name="context")(plain.compute_fn)


def a_decorator_with_arguments() -> Any:
    wrong: Any = {"group": "x"}

    @ro.asset(**wrong)  # pyright: ignore[reportUntypedFunctionDecorator]
    def made() -> None: ...

    return made


def a_constructor() -> Any:
    return ro.ScheduleDefinition(job_name="x", cron_schedule="not a cron")


def a_function_in_a_job() -> Any:
    @ro.job
    def made() -> None:
        in_the_body()

    return made


def in_the_body() -> None:
    plain.alias("a b")()


@pytest.mark.parametrize(
    ("make", "functions"),
    [
        (a_decorator, ["noted"]),
        (a_decorator_with_arguments, ["noted"]),
        (a_constructor, ["noted"]),
        (a_function_in_a_job, ["noted", "made", "in_the_body"]),
    ],
)
def test_the_traceback_holds_the_lines_of_the_user(make: Callable[[], Any], functions: list[str]) -> None:
    with pytest.raises((ro.DefinitionError, ro.RostrumError)) as caught:
        make()
    frames = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert frames[1:] == [make.__name__, *functions]
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@ro.asset
def needs(what_is_not_there: int) -> None: ...


@ro.asset
def wrong() -> int:
    result: Any = "text"
    return result


@ro.op(config_schema={"a": int})
def configured() -> None: ...


@ro.job
def needs_config() -> None:
    configured()


@pytest.mark.parametrize(
    "call",
    [
        lambda: ro.materialize([needs]),
        lambda: ro.materialize_to_memory([wrong]),
        lambda: ro.Definitions.validate_loadable(ro.Definitions(assets=[needs])),
        lambda: needs_config.execute_in_process(),
    ],
)
def test_errors_of_ours_come_out_at_the_line_that_called(call: Callable[[], Any]) -> None:
    with pytest.raises(ro.RostrumError) as caught:
        call()
    frames = traceback.extract_tb(caught.value.__traceback__)
    assert [frame.filename for frame in frames] == [__file__] * 2


def test_pytest_hides_our_frame(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "import rostrum as ro\ndef test_it():\n    ro.ScheduleDefinition(job_name='x', cron_schedule='no')\n"
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path)],
        env=kept,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "cron_schedule='no')" in done.stdout
    assert "broken.py" not in done.stdout.partition("short test summary")[0]


def test_what_the_user_raises_is_not_touched() -> None:
    with pytest.raises(ZeroDivisionError) as caught:

        @ro.job
        def made() -> None:
            print(1 // 0)

    names = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert names[-1] == "made"
    assert len(names) > 3
