"""The launcher of plain processes, which others are measured by: the suite of launchers."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rostrum.interfaces.launching import LaunchSpec
from rostrum.testing.conformance.launchers import LauncherConformance, wait_exited, wait_until
from rostrum.testing.processes import ProcessLauncher
from tests.conformance.launchers import workers

pytestmark = pytest.mark.processes


class ProcessBench:
    """A launcher with workers that do as they are told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        self.launcher = ProcessLauncher(folder, environment, (sys.executable, str(Path(workers.__file__))))

    def spec(self, behaviour: str) -> LaunchSpec:
        return workers.spec(self.folder, behaviour)

    def wait_started(self, spec: LaunchSpec) -> None:
        wait_until("the worker runs", lambda: bool(workers.told(spec)))

    def processes(self, spec: LaunchSpec) -> int:
        alive = 0
        for pid in workers.told(spec):
            try:
                state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            except (FileNotFoundError, ProcessLookupError):
                continue
            alive += state != "Z"
        return alive


class TestProcessLauncher(LauncherConformance):
    """The suite, and steps."""

    @pytest.fixture
    def bench(self, tmp_path: Path) -> Iterator[ProcessBench]:
        bench = ProcessBench(tmp_path)
        yield bench
        bench.launcher.close()

    def test_steps_have_workers_of_their_own(self, bench: ProcessBench) -> None:
        run = bench.spec("succeed")
        specs = [run, workers.step_of(run, "a"), workers.step_of(run, "a", 2), workers.step_of(run, "b")]
        refs = [bench.launcher.launch(spec) for spec in specs]
        assert len({ref.pid for ref in refs}) == 4
        assert [(ref.step_key, ref.attempt) for ref in refs] == [(None, 0), ("a", 1), ("a", 2), ("b", 1)]
        assert bench.launcher.launch(specs[2]) == refs[2]
        for ref in refs:
            assert wait_exited(bench.launcher, ref).exit_code == 0
