"""What users write type-checks under the strict rules of pyright and of mypy, and their mistakes do not.

`ok_*.py` are clean; in `bad_*.py` exactly the lines that end in `# error` are mistakes, for both checkers. Each checker
runs once over the folder. See docs/contributing/typing.md.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from functools import lru_cache
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
BIN = Path(sys.executable).parent
MODULES = sorted(path.name for path in HERE.glob("*.py") if path.name.startswith(("ok_", "bad_")))
MARK = "# error"

Found = dict[str, dict[int, list[str]]]
"""File name -> line -> messages."""


@lru_cache(maxsize=1)
def pyright() -> Found:
    """What pyright finds."""
    told = json.loads(_output(BIN / "pyright", "--project", HERE, "--outputjson"))
    found: Found = defaultdict(lambda: defaultdict(list))
    for each in told["generalDiagnostics"]:
        if each["severity"] == "error":
            found[Path(each["file"]).name][each["range"]["start"]["line"] + 1].append(each["message"])
    assert told["summary"]["filesAnalyzed"] >= len(MODULES)
    return found


@lru_cache(maxsize=1)
def mypy() -> Found:
    """What mypy finds. It keeps what it knows in the ignored folder beside the tests: a second run is fast."""
    told = _output(
        BIN / "mypy", "--config-file", HERE / "mypy.ini", "--output=json", *(HERE / name for name in MODULES)
    )
    found: Found = defaultdict(lambda: defaultdict(list))
    for line in told.splitlines():
        each = json.loads(line)
        if each["severity"] == "error":
            found[Path(each["file"]).name][each["line"]].append(each["message"])
    return found


def _output(*command: str | Path) -> str:
    done = subprocess.run([str(each) for each in command], cwd=HERE, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr + done.stdout  # 1: it found mistakes
    return done.stdout


def _marked(name: str) -> set[int]:
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    return {number for number, line in enumerate(lines, 1) if line.endswith(MARK)}


CHECKERS = {"pyright": pyright, "mypy": mypy}


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize("checker", CHECKERS)
def test_exactly_the_marked_lines_are_mistakes(checker: str, name: str) -> None:
    found, marked = CHECKERS[checker]()[name], _marked(name)
    surprising = [f"{name}:{line}: {text}" for line, texts in sorted(found.items()) for text in texts[:1]]
    surprising = [text for text in surprising if int(text.split(":")[1]) not in marked]
    assert not surprising, f"{checker} complains of:\n" + "\n".join(surprising)
    missed = sorted(marked - found.keys())
    assert not missed, f"{checker} does not see the mistakes in {name}, lines {missed}"


def test_there_are_marked_lines_in_each_module_of_mistakes_and_in_no_other() -> None:
    for name in MODULES:
        assert bool(_marked(name)) == name.startswith("bad_"), name


@pytest.mark.parametrize("package", ["src/rostrum", "packages/rostrum-dagster/src/dagster"])
def test_the_packages_say_that_they_are_typed(package: str) -> None:
    assert (HERE.parents[1] / package / "py.typed").exists()
