"""`dagster dev` as a process of its own, on a new home, for one measurement; asked by its documented GraphQL API."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any, Self

from benchmarks.measure import MARK, end, until
from benchmarks.peer.home import SETTINGS
from benchmarks.servers import Http

LAUNCH = """
mutation($p: ExecutionParams!) {
  launchRun(executionParams: $p) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
  }
}
"""
LOADED = """
{ workspaceOrError { ... on Workspace { locationEntries { name loadStatus
    locationOrLoadError { __typename ... on RepositoryLocation { repositories { name } } } } } } }
"""
RUNS = "{ runsOrError(limit: 1000) { ... on Runs { results { runId status } } } }"
ENDED = {"SUCCESS", "FAILURE", "CANCELED"}


class Dev:
    """See `benchmarks.servers.Server`."""

    def __init__(self, code: str, settings: str = "") -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True)
        folder = Path(self._folder.name)
        self.marks = folder / "marks"
        self.marks.mkdir()
        home = folder / "home"
        home.mkdir()
        (home / "dagster.yaml").write_text(SETTINGS + settings)
        (folder / "project.py").write_text(code)
        self.mark = uuid.uuid4().hex
        self._log = folder / "log"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        began = time.monotonic()
        binaries = Path(sys.executable).parent
        environment = {
            **os.environ,
            MARK: self.mark,
            "DAGSTER_HOME": str(home),
            "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
        }
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                [binaries / "dagster", "dev", "-f", "project.py", "-h", "127.0.0.1", "-p", str(port)],
                cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        self.api = Http(port)
        self._location: dict[str, Any] = {}
        try:
            until("the code is loaded", self._loaded, 240, 0.05)
        except BaseException:
            sys.stderr.write(self._log.read_text()[-3000:])
            self.close()
            raise
        self.started_wall = time.monotonic() - began

    def _loaded(self) -> bool:
        if self.process.poll() is not None:
            raise SystemExit(f"the peer's server ended:\n{self._log.read_text()[-3000:]}")
        entries = self.api.graphql(LOADED)["workspaceOrError"]["locationEntries"]
        if not entries or entries[0]["loadStatus"] != "LOADED":
            return False
        place = entries[0]["locationOrLoadError"]
        if place["__typename"] != "RepositoryLocation":
            raise SystemExit(f"the peer could not load the code: {place}")
        self._location = {
            "repositoryLocationName": entries[0]["name"],
            "repositoryName": place["repositories"][0]["name"],
        }
        return True

    def submit(self) -> str:
        """Launch the job `one`."""
        answer = self.api.graphql(LAUNCH, p={"selector": {**self._location, "jobName": "one"}, "runConfigData": {}})[
            "launchRun"
        ]
        if answer["__typename"] != "LaunchRunSuccess":
            raise SystemExit(f"the peer did not launch: {answer}")
        return answer["run"]["runId"]

    def unfinished(self) -> int:
        """Runs that have not ended."""
        return sum(run["status"] not in ENDED for run in self.api.graphql(RUNS)["runsOrError"]["results"])

    def run_once(self) -> None:
        """A first run, so that later ones find everything warm; it must succeed."""
        self.submit()
        until("the first run ends", lambda: self.unfinished() == 0, 90, 0.1)
        runs = self.api.graphql(RUNS)["runsOrError"]["results"]
        if [run["status"] for run in runs] != ["SUCCESS"]:
            raise SystemExit(f"the first run did not succeed: {runs}")

    def close(self) -> None:
        """Stop all processes, delete all files."""
        end(self.mark)
        self.process.wait()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()
