"""`rostrum dev --in-process`: one process, in which breakpoints work."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.acceptance.servers import Api, check_events, until

CODE = """
import os
from rostrum import Definitions, asset

@asset
def looked_at():
    secret_number = 6 * 7
    breakpoint()
    return secret_number

@asset
def plain():
    print("printed to the terminal", os.getpid())

defs = Definitions(assets=[looked_at, plain])
"""


class InProcess:
    """`rostrum dev --in-process` with a terminal's input at hand."""

    def __init__(self, folder: Path, home: Path, code: str) -> None:
        self.file = folder / "shop.py"
        self.file.write_text(code)
        self._log = folder / "dev.log"
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("ROSTRUM_", "PYTEST", "PYTHON"))
        }
        command = ["dev", "--in-process", "-f", str(self.file), "--home", str(home), "--port", "0", "--json"]
        with self._log.open("wb") as output:
            self.popen = subprocess.Popen(
                [sys.executable, "-u", "-m", "rostrum.cli.main", *command],
                cwd=folder,
                env=kept,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        until("it is up", lambda: '{"url"' in self.text)
        line = next(each for each in self.text.splitlines() if each.startswith('{"url"'))
        self.api = Api(int(json.loads(line)["url"].rpartition(":")[2]))
        until("the code is loaded", lambda: self.location()["status"] == "ready")

    @property
    def text(self) -> str:
        return self._log.read_text(errors="replace")

    def location(self) -> dict[str, object]:
        found: dict[str, object] = self.api.ask("{ locations { status error fork assets } }")["locations"][0]
        return found

    def type(self, line: str) -> None:
        assert self.popen.stdin is not None
        self.popen.stdin.write(line.encode() + b"\n")
        self.popen.stdin.flush()

    def stop(self) -> None:
        self.popen.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.popen.wait(10)
        self.popen.kill()
        self.popen.communicate()


@contextlib.contextmanager
def dev_inside(folder: Path, home: Path, code: str = CODE) -> Generator[InProcess]:
    server = InProcess(folder, home, code)
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def inside(tmp_path: Path, home: Path) -> Iterator[InProcess]:
    with dev_inside(tmp_path, home) as server:
        yield server


def test_a_breakpoint_in_a_run_opens_the_debugger(inside: InProcess) -> None:
    """The debugger asks at the terminal; the run waits, lives, and goes on when told to."""
    run_id = inside.api.launch("looked_at")
    until("the debugger asks", lambda: "(Pdb)" in inside.text)
    inside.type("p 'the number is', secret_number")
    until("it answers", lambda: "('the number is', 42)" in inside.text)
    assert inside.api.run(run_id)["status"] == "running"
    inside.type("c")
    assert inside.api.wait(run_id)["status"] == "success"
    check_events(inside.api.events(run_id))
    until("it is told here", lambda: f"success  looked_at  {run_id}" in inside.text)


def test_why_a_run_failed_is_told_at_the_terminal(inside: InProcess) -> None:
    """With the user's line; leaving the debugger is such an end, too."""
    run_id = inside.api.launch("looked_at")
    until("the debugger asks", lambda: "(Pdb)" in inside.text)
    inside.type("q")
    assert inside.api.wait(run_id)["status"] == "failure"
    until("it is told here", lambda: f"failure  looked_at  {run_id}" in inside.text)
    until("and why", lambda: "BdbQuit: the debugger was left with `q`" in inside.text)
    until("and where", lambda: "shop.py:" in inside.text)


def test_runs_are_executed_in_this_process_and_code_reloads(inside: InProcess) -> None:
    """What a run prints is on the terminal; an edit is there for the next run; a broken one leaves the last good."""
    run_id = inside.api.launch("plain")
    assert inside.api.wait(run_id)["status"] == "success"
    assert f"printed to the terminal {inside.popen.pid}" in inside.text
    inside.file.write_text(CODE.replace("printed to the terminal", "edited"))
    until("the edit is loaded", lambda: "edited" in _after_one_more_run(inside))
    assert f"edited {inside.popen.pid}" in inside.text
    inside.file.write_text(CODE + "\nraise ValueError('does not load')\n")
    until("the error is shown", lambda: "does not load" in str(inside.location()["error"]))
    assert inside.api.wait(inside.api.launch("plain"))["status"] == "success", "the last good code serves"


def test_a_run_is_cancelled_and_the_server_goes_on(tmp_path: Path, home: Path) -> None:
    """A cancel interrupts the main thread, even in a loop of user code."""
    code = CODE.replace("breakpoint()", "import time\n    while True: time.sleep(0.01)")
    with dev_inside(tmp_path, home, code) as inside:
        run_id = inside.api.launch("looked_at")
        inside.api.wait(run_id, "running")
        inside.api.ask("mutation($id: String!) { cancelRun(id: $id) { status } }", id=run_id)
        assert inside.api.wait(run_id)["status"] == "canceled"
        check_events(inside.api.events(run_id))
        assert inside.api.wait(inside.api.launch("plain"))["status"] == "success"


def _after_one_more_run(inside: InProcess) -> str:
    assert inside.api.wait(inside.api.launch("plain"))["status"] == "success"
    return inside.text
