"""Real processes for the acceptance tests: `rostrum dev`, or webserver and daemon apart, over a small project whose
steps wait at gates."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import psutil

T = TypeVar("T")

PROJECT = '''
import os, time
from pathlib import Path
from rostrum import Definitions, asset, define_asset_job, ScheduleDefinition

HERE = Path(__file__).parent

def gate(name):
    """Tell that the step is here, go on when the test says so."""
    (HERE / f"{name}.reached").write_text(str(os.getpid()))
    while not (HERE / f"{name}.go").exists():
        time.sleep(0.01)

@asset
def first(context):
    print("first prints")
    with open(HERE / "first.calls", "a") as calls:
        calls.write("x")
    gate("first")
    context.log.info("first logs")
    return 1

@asset
def second(context, first):
    print("second prints")
    gate("second")
    return first + 1

@asset
def third(second):
    return second + 1

@asset
def broken(first):
    raise ValueError("no gust")

@asset
def free():
    return 1

@asset
def pace(context):
    """Many events over some time."""
    for number in range(400):
        context.log.info(f"beat {number}")
        time.sleep(float(os.environ.get("PACE", "0.01")))

chain = define_asset_job("chain", selection=["first", "second", "third"])
defs = Definitions(assets=[first, second, third, broken, free, pace], jobs=[chain])
'''


def until(what: str, ask: Callable[[], T], seconds: float = 20.0) -> T:
    """Ask again and again until the answer is true; fails the test after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError, http.client.HTTPException):
            answer = ask()
            if answer:
                return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain until {what}")
        time.sleep(0.03)


class Project:
    """A folder with code whose steps wait at gates."""

    def __init__(self, folder: Path, code: str = PROJECT) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / "shop.py"
        self.write(code)

    def write(self, code: str) -> None:
        """Replace the code."""
        self.file.write_text(textwrap.dedent(code))

    def wait_reached(self, gate: str, seconds: float = 20.0) -> int:
        """Until a step stands at the gate; returns the pid of its process."""
        path = self.folder / f"{gate}.reached"
        return int(until(f"{gate} is reached", lambda: path.exists() and path.read_text(), seconds))

    def open(self, *gates: str) -> None:
        """Let steps through from now on."""
        for gate in gates:
            (self.folder / f"{gate}.go").touch()

    def close(self, gate: str) -> None:
        """Hold steps again."""
        for kind in ("go", "reached"):
            (self.folder / f"{gate}.{kind}").unlink(missing_ok=True)


class Process:
    """One `rostrum` command as a real process, its output in a file."""

    def __init__(
        self, arguments: list[str], folder: Path, log: Path, environment: dict[str, str] | None = None
    ) -> None:
        self.log = log
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ROSTRUM_", "PYTEST"))}
        with log.open("ab") as output:
            self.popen = subprocess.Popen(
                [sys.executable, "-m", "rostrum.cli.main", *arguments],
                cwd=folder,
                env=kept | (environment or {}),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self) -> None:
        """kill -9."""
        self.popen.kill()
        self.popen.wait()

    def stop(self) -> None:
        """Ask, then kill."""
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGTERM)
            try:
                self.popen.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError(f"the process did not end on SIGTERM:\n{self.text[-3000:]}") from None

    @property
    def text(self) -> str:
        """What it has printed."""
        return self.log.read_text(errors="replace")


class Api:
    """A client of the GraphQL API."""

    def __init__(self, port: int) -> None:
        self.port = port

    def ask(self, query: str, **variables: Any) -> Any:
        """Data of a query. OSError while the server is away; AssertionError when it answers with errors."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(
                "POST",
                "/graphql",
                json.dumps({"query": query, "variables": variables}),
                {"content-type": "application/json"},
            )
            answer = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    def launch(self, *assets: str, job: str | None = None, partitions: list[str] | None = None) -> str:
        """Launch one run; its id."""
        query = "mutation($i: LaunchInput!) { launch(input: $i) { runs { id } } }"
        given = {"target": {"job": job, "assetKeys": list(assets) or None}, "partitionKeys": partitions}
        return str(self.ask(query, i=given)["launch"]["runs"][0]["id"])

    def run(self, run_id: str) -> dict[str, Any]:
        """The run."""
        fields = (
            "id status failureReason errorLine error stepsDone stepsTotal failedStepKey steps disconnectedAt logFiles"
        )
        found: dict[str, Any] = self.ask(f"query($id: String!) {{ run(id: $id) {{ {fields} }} }}", id=run_id)["run"]
        return found

    def wait(self, run_id: str, *statuses: str, seconds: float = 30.0) -> dict[str, Any]:
        """Until the run has one of these statuses."""
        wanted = statuses or ("success", "failure", "canceled")
        return until(f"run is {wanted}", lambda: (run := self.run(run_id))["status"] in wanted and run, seconds)

    def events(self, run_id: str) -> list[dict[str, Any]]:
        """All events of the run."""
        found: list[dict[str, Any]] = self.ask(
            "query($id: String!) { events(runId: $id, limit: 20000) { events } }", id=run_id
        )["events"]["events"]
        return found

    def worker_pid(self, run_id: str) -> int:
        """Pid of the run worker."""
        launched = until(
            "the worker is known", lambda: [e for e in self.events(run_id) if e["kind"] == "run_worker_launched"]
        )
        return int(launched[-1]["worker"]["pid"])


def check_events(events: list[dict[str, Any]]) -> None:
    """What holds of every finished run: no gap and no double in any stream, one end, nothing of effect after it."""
    streams: dict[str, list[int]] = {}
    for event in events:
        streams.setdefault(event["stream"], []).append(event["sequence"])
    for stream, sequences in streams.items():
        assert sequences == list(range(1, len(sequences) + 1)), (
            f"stream {stream} has a gap, a double or is out of order"
        )
    ends = [
        n
        for n, event in enumerate(events)
        if event["kind"] in ("run_succeeded", "run_failed", "run_canceled") and not event.get("evidence")
    ]
    assert len(ends) == 1, f"the run has {len(ends)} ends"
    assert all(event.get("evidence") for event in events[ends[0] + 1 :] if event["kind"] != "engine_message")


class Dev:
    """`rostrum dev` on a project; can be killed and started again on the same home and port."""

    def __init__(
        self,
        project: Project,
        home: Path,
        *,
        arguments: tuple[str, ...] = (),
        environment: dict[str, str] | None = None,
    ) -> None:
        self.project, self.home = project, home
        self._arguments, self._environment = arguments, environment or {}
        self._port = 0
        home.mkdir(parents=True, exist_ok=True)
        self.start()

    def start(self) -> None:
        """Start and wait until the code is loaded."""
        log = self.home / "dev.log"
        told = len(log.read_text()) if log.exists() else 0
        arguments = [
            "dev",
            "-f",
            str(self.project.file),
            "--home",
            str(self.home),
            "--port",
            str(self._port),
            "--json",
            *self._arguments,
        ]
        self.process = Process(arguments, self.project.folder, log, {"PYTHONWARNINGS": "default", **self._environment})

        def ready() -> dict[str, Any] | None:
            assert self.process.popen.poll() is None, f"rostrum dev ended:\n{self.process.text[-3000:]}"
            lines = [line for line in self.process.text[told:].splitlines() if line.startswith('{"url"')]
            return json.loads(lines[0]) if lines else None

        self.ready = until("rostrum dev is up", ready, 30)
        self._port = int(self.ready["url"].rpartition(":")[2])
        self.api = Api(self._port)
        until("the code is loaded", lambda: self.location()["status"] == "ready", 30)

    def location(self) -> dict[str, Any]:
        """The code location."""
        found: dict[str, Any] = self.api.ask("{ locations { name status error manifestHash fork assets } }")[
            "locations"
        ][0]
        return found

    def child(self, marker: str) -> int:
        """Pid of the child process whose command line holds a word (`codeserver.main`, `codeserver.zygote`)."""

        def look() -> int | None:
            for process in psutil.process_iter(["pid", "cmdline"]):
                line = " ".join(process.info["cmdline"] or ())
                if marker in line and str(self.home) in line:
                    return int(process.info["pid"])
            return None

        return until(f"a process {marker} lives", look)

    def stop(self) -> None:
        """Stop it, and kill whatever runs of it still live."""
        try:
            self.process.stop()
        finally:
            kill_workers(self.home)


def kill_workers(home: Path) -> None:
    """Kill every process that has this home in its environment or command line."""
    for process in psutil.process_iter(["pid"]):
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid == os.getpid():
                continue
            if str(home) in " ".join(process.cmdline()) or process.environ().get("ROSTRUM_HOME") == str(home):
                process.kill()


@contextlib.contextmanager
def dev_on(project: Project, home: Path, **options: Any) -> Iterator[Dev]:
    """`rostrum dev`, stopped at the end."""
    try:
        server = Dev(project, home, **options)
    except BaseException:
        kill_workers(home)
        raise
    try:
        yield server
    except BaseException:
        sys.stderr.write(f"--- rostrum dev printed ---\n{server.process.text[-6000:]}\n")
        raise
    finally:
        server.stop()
