"""`rostrum run debug`: a recorded run executed again, without a trace."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

CODE = """
import os
from pathlib import Path
from rostrum import Config, Definitions, MaterializeResult, asset, failure_hook, resource

HERE = Path(__file__).parent

class Limits(Config):
    most: int = 1

@asset
def counted(config: Limits):
    with open(HERE / "counted.calls", "a") as calls:
        calls.write("x")
    return config.most * 2

def called(what):
    with open(HERE / "hook.calls", "a") as calls:
        calls.write(what)

@failure_hook
def page_somebody(context):
    called("x")

@resource
def pager(context):
    called("o")

@failure_hook(required_resource_keys={"pager"})
def page_by(context):
    context.resources.pager

@asset(hooks={page_somebody, page_by})
def doubled(counted):
    print("doubled saw", counted)
    if counted > 5 and not os.environ.get("MENDED"):
        raise ValueError(f"{counted} is too much")
    return counted * 2

@asset
def shown(doubled):
    print("shown saw", doubled)

defs = Definitions(
    assets=[counted, doubled, shown],
    resources={"pager": pager},
)
"""

Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def rostrum(tmp_path: Path) -> Command:
    (tmp_path / "shop.py").write_text(CODE)
    (tmp_path / "config.yaml").write_text("ops: {counted: {config: {most: 7}}}\n")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ROSTRUM_", "PYTEST", "MENDED"))}

    def call(*arguments: str, typed: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "rostrum.cli.main", *arguments, "--home", str(tmp_path / "home")],
            cwd=tmp_path,
            env={**kept, **environment},
            input=typed,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return call


@pytest.fixture
def failed_run(rostrum: Command) -> str:
    """A run that failed in its second step, with config of its own."""
    done = rostrum("materialize", "-f", "shop.py", "--config", "config.yaml", "--json")
    run = json.loads(done.stdout)
    assert (run["status"], run["failed_step_key"]) == ("failure", "doubled"), done.stderr
    return str(run["run_id"])


def test_one_step_with_its_recorded_inputs_and_config(rostrum: Command, failed_run: str, tmp_path: Path) -> None:
    """The step gets what the run has stored for it; what is above does not run; the error is shown; nothing is kept."""
    before = rostrum("run", "list", "--json").stdout
    done = rostrum("run", "debug", failed_run, "--step", "doubled", "-f", "shop.py")
    assert done.returncode == 1, done.stderr
    assert "doubled saw 14" in done.stdout
    assert "14 is too much" in done.stdout
    assert "shop.py:" in done.stdout, "the place in the user's file"
    assert (tmp_path / "counted.calls").read_text() == "x"
    assert rostrum("run", "list", "--json").stdout == before
    stored = [path for path in (tmp_path / "home" / "storage").rglob("*") if path.is_file() and "doubled" in path.name]
    assert stored == []


def test_steps_below_take_what_the_replay_made(rostrum: Command, failed_run: str, tmp_path: Path) -> None:
    """Values go on in memory."""
    done = rostrum("run", "debug", failed_run, "--step", "doubled*", "-f", "shop.py", MENDED="1")
    assert done.returncode == 0, done.stderr + done.stdout
    assert "shown saw 28" in done.stdout
    assert not [path for path in (tmp_path / "home" / "storage").rglob("*") if "doubled" in path.name]


def test_hooks_tell_nobody(rostrum: Command, failed_run: str, tmp_path: Path) -> None:
    """Not even what they alone need is opened."""
    assert (tmp_path / "hook.calls").read_text() in ("xo", "ox")
    replayed = rostrum("run", "debug", failed_run, "--step", "doubled", "-f", "shop.py")
    assert "14 is too much" in replayed.stdout, replayed.stderr
    assert "hook_completed" not in replayed.stdout
    assert (tmp_path / "hook.calls").read_text() in ("xo", "ox")


def test_the_whole_run_with_other_config(rostrum: Command, failed_run: str, tmp_path: Path) -> None:
    """Another config takes the place of the recorded one."""
    (tmp_path / "other.yaml").write_text("ops: {counted: {config: {most: 2}}}\n")
    done = rostrum("run", "debug", failed_run, "--config", "other.yaml", "-f", "shop.py")
    assert done.returncode == 0, done.stderr + done.stdout
    assert "shown saw 8" in done.stdout
    assert (tmp_path / "counted.calls").read_text() == "xx"


def test_the_debugger_opens_where_the_code_raised(rostrum: Command, failed_run: str) -> None:
    """`--pdb` stands in the user's frame."""
    done = rostrum(
        "run", "debug", failed_run, "--step", "doubled", "--pdb", "-f", "shop.py", typed="p 'it', counted\nq\n"
    )
    assert "('it', 14)" in done.stdout, done.stdout[-2000:] + done.stderr


def test_what_cannot_be_replayed_is_told(rostrum: Command, failed_run: str) -> None:
    """A wrong step names the nearest one; a wrong run says so; where no code is named, what would load it is."""
    assert "Did you mean 'doubled'" in rostrum("run", "debug", failed_run, "--step", "doubeld", "-f", "shop.py").stderr
    assert "no run has an id" in rostrum("run", "debug", "ffffffff", "-f", "shop.py").stderr
    unnamed = rostrum("run", "debug", failed_run, "--steps", "doubled")
    assert unnamed.returncode == 1
    assert "the run's code location is 'shop.py', and here there is no code; name its code, as in" in unnamed.stderr
    assert "`rostrum run debug -f shop.py ...`" in unnamed.stderr
