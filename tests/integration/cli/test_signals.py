"""Two signals that come at once - a supervisor's SIGTERM right after the terminal's Ctrl-C - end what serves."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

WAITS = """
import threading
from rostrum.service.signals import stop_on_signals, wait_for
stop = stop_on_signals()
def busy():
    while not stop.is_set():
        sum(range(1000))
for _ in range(2):
    threading.Thread(target=busy, daemon=True).start()
print("up", flush=True)
wait_for(stop)
"""
ENDS_SECONDS = 60.0
"""It hung for as long as anybody cared to wait."""


def begun(command: list[str], folder: Path | None = None) -> subprocess.Popen[str]:
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    assert process.stdout.readline(), "it has ended"
    return process


def interrupt_and_terminate(process: subprocess.Popen[str]) -> int:
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    try:
        return process.wait(ENDS_SECONDS)
    finally:
        process.kill()
        process.communicate()


def test_two_signals_at_once_are_heard() -> None:
    """Of ten such pairs three were not, when the main thread slept without looking."""
    codes = [interrupt_and_terminate(begun([sys.executable, "-c", WAITS])) for _ in range(8)]
    assert codes == [0] * 8


@pytest.fixture
def home() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="rst") as folder:
        yield folder


@pytest.mark.parametrize("how", [(), ("--in-process",)])
def test_dev_ends(how: tuple[str, ...], tmp_path: Path, home: str) -> None:
    (tmp_path / "shop.py").write_text("from rostrum import Definitions\ndefs = Definitions()\n")
    command = [
        sys.executable,
        "-m",
        "rostrum.cli.main",
        "dev",
        "-f",
        "shop.py",
        "--home",
        home,
        "--port",
        "0",
        "--json",
    ]
    assert interrupt_and_terminate(begun([*command, *how], tmp_path)) == 0
