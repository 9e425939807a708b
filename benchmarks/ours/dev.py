"""`rostrum dev` as a process of its own, on a new home, for one measurement."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Self

from benchmarks.measure import MARK, end, until
from benchmarks.servers import Http

LAUNCH = "mutation($i: LaunchInput!) { launch(input: $i) { runs { id } } }"
COUNTS = "{ runFacets }"


class Dev:
    """See `benchmarks.servers.Server`."""

    def __init__(self, code: str, settings: str = "") -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True)
        folder = Path(self._folder.name)
        self.marks = folder / "marks"
        self.marks.mkdir()
        self.home = folder / "home"
        self.home.mkdir()
        (self.home / "rostrum.yaml").write_text(settings)
        (folder / "project.py").write_text(code)
        self.mark = uuid.uuid4().hex
        self._log = folder / "log"
        began = time.monotonic()
        command = [sys.executable, "-m", "rostrum.cli.main", "dev", "-f", "project.py", "--home", str(self.home)]
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                [*command, "--port", "0", "--json"], cwd=folder, env={**os.environ, MARK: self.mark},
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        try:
            self.port = until("the server tells its address", self._address, 60)
            self.api = Http(self.port)
            until("the code is loaded", self._loaded, 120, 0.02)
        except BaseException:
            sys.stderr.write(self._log.read_text()[-3000:])
            self.close()
            raise
        self.started_wall = time.monotonic() - began

    def _address(self) -> int:
        if self.process.poll() is not None:
            raise SystemExit(f"rostrum dev ended:\n{self._log.read_text()[-3000:]}")
        lines = [line for line in self._log.read_text().splitlines() if line.startswith('{"url"')]
        return int(json.loads(lines[0])["url"].rpartition(":")[2]) if lines else 0

    def _loaded(self) -> bool:
        return self.api.graphql("{ locations { status } }")["locations"][0]["status"] == "ready"

    def submit(self) -> str:
        """Launch the job `one`."""
        return self.launch(job="one")

    def launch(self, job: str | None = None, assets: list[str] | None = None) -> str:
        """Launch a job, or assets; the run's id."""
        given = {"target": {"job": job, "assetKeys": assets}}
        return self.api.graphql(LAUNCH, i=given)["launch"]["runs"][0]["id"]

    def unfinished(self) -> int:
        """Runs that have not ended."""
        counts = self.api.graphql(COUNTS)["runFacets"].get("status", {})
        return sum(number for status, number in counts.items() if status not in ("success", "failure", "canceled"))

    def run_once(self) -> None:
        """A first run, so that later ones find everything warm; it must succeed."""
        self.submit()
        until("the first run ends", lambda: self.unfinished() == 0, 60, 0.05)
        counts = self.api.graphql(COUNTS)["runFacets"]["status"]
        if counts.get("success") != 1:
            raise SystemExit(f"the first run did not succeed: {counts}")

    def close(self) -> None:
        """Stop all processes, delete all files."""
        end(self.mark)
        self.process.wait()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()
