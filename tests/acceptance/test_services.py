"""Webservers and daemons as services of their own on one home: any of them may die or stand still."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.acceptance.servers import Api, Process, Project, check_events, kill_workers, until

CODE = """
import time
from pathlib import Path
from rostrum import Definitions, asset

HERE = Path(__file__).parent

def called(name):
    with open(HERE / f"{name}.calls", "a") as calls:
        calls.write("x")

@asset
def quick():
    called("quick")

@asset
def slow():
    called("slow")
    (HERE / "slow.reached").write_text("1")
    while not (HERE / "slow.go").exists():
        time.sleep(0.01)

defs = Definitions(assets=[quick, slow])
"""
LOST_SECONDS = 15


class Services:
    """The processes of one home, by name."""

    def __init__(self, project: Project, home: Path) -> None:
        self.project, self.home = project, home
        self.processes: dict[str, Process] = {}
        limits = f"monitor: {{disconnected_after: 5, lost_after: {LOST_SECONDS}}}\n"
        (home / "rostrum.yaml").write_text(limits)

    def _start(self, name: str, *command: str) -> Process:
        arguments = [*command, "-f", str(self.project.file), "--home", str(self.home)]
        process = Process(arguments, self.project.folder, self.home / f"{name}.{time.monotonic_ns()}.log")
        self.processes[name] = process
        return process

    def daemon(self, name: str, *options: str) -> None:
        process = self._start(name, "daemon", "run", *options)
        until(f"{name} is up", lambda: "daemon is up" in process.text)

    def web(self, name: str, port: int = 0) -> Api:
        process = self._start(name, "webserver", "--port", str(port))
        found = until(f"{name} is up", lambda: "serving on" in process.text and process.text.split("127.0.0.1:")[1])
        api = Api(int(found.split()[0]))
        until("the code is loaded", lambda: [s for s in api.ask(LOCATIONS)["locations"] if s["status"] == "ready"])
        return api

    def zygote(self) -> psutil.Process:
        """The eldest one: what it forks has its command line."""
        found: list[psutil.Process] = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                line = " ".join(process.cmdline())
                if "codeserver.zygote" in line and str(self.home) in line:
                    found.append(process)
        return min(found, key=lambda process: process.create_time())

    def calls(self, name: str) -> str:
        path = self.project.folder / f"{name}.calls"
        return path.read_text() if path.exists() else ""

    def close(self) -> None:
        for process in self.processes.values():
            if process.popen.poll() is None:
                process.popen.kill()
                process.popen.wait()
        kill_workers(self.home)


LOCATIONS = "{ locations { status } }"


@pytest.fixture
def services(tmp_path: Path, home: Path) -> Iterator[Services]:
    services = Services(Project(tmp_path / "project", CODE), home)
    yield services
    services.close()


def test_what_stands_still_or_dies_makes_nothing_run_twice_or_fail(services: Services) -> None:
    """A zygote that is stopped beyond every patience under two daemons; the webserver with the gateway killed with
    another one there; then that one, for longer than `lost_after`.
    """
    services.daemon("one")
    services.daemon("two", "--no-code-servers")
    services.web("a")
    api = services.web("b")
    assert "when it ends, this one will" in services.processes["b"].text
    slow = api.launch("slow")
    services.project.wait_reached("slow")

    zygote = services.zygote()
    zygote.send_signal(signal.SIGSTOP)
    quick = api.launch("quick")
    api.wait(quick, "starting")
    services.processes["a"].kill()
    stopped_at = time.monotonic()
    while time.monotonic() - stopped_at < LOST_SECONDS + 5:
        run = api.run(slow)
        assert (run["status"], run["disconnectedAt"]) == ("running", None), "its gateway is served again"
        time.sleep(0.5)
    assert api.run(quick)["status"] == "starting"
    zygote.send_signal(signal.SIGCONT)
    assert api.wait(quick)["status"] == "success"
    events = api.events(quick)
    check_events(events)
    epochs = [event["epoch"] for event in events if event["kind"] == "run_starting"]
    assert epochs == list(range(1, len(epochs) + 1))
    assert len(epochs) <= 3, "one for each attempt that ran out of patience, none for a daemon's theft"

    services.processes["b"].kill()
    time.sleep(LOST_SECONDS + 3)
    api = services.web("b", api.port)
    services.project.open("slow")
    assert api.wait(slow)["status"] == "success", "nobody was there to hear it"
    assert (services.calls("slow"), services.calls("quick")) == ("x", "x")


def test_the_daemon_that_launches_is_killed(services: Services) -> None:
    """Its code server goes with it, and leaves a zygote that stands still with the launch in its backlog."""
    services.daemon("one")
    api = services.web("web")
    zygote = services.zygote()
    zygote.send_signal(signal.SIGSTOP)
    quick = api.launch("quick")
    api.wait(quick, "starting")
    services.processes["one"].kill()
    services.daemon("two")
    assert api.wait(quick)["status"] == "success", "the next daemon takes over when the lease has ended"
    zygote.send_signal(signal.SIGCONT)
    until("the old zygote has ended", lambda: not psutil.pid_exists(zygote.pid))
    events = api.events(quick)
    check_events(events)
    assert [event["epoch"] for event in events if event["kind"] == "run_starting"] == [1, 2]
    assert services.calls("quick") == "x"
