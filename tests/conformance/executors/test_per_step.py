"""A container a step, with real processes in place of containers: command, environment and gateway are the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rostrum.executors.per_step import PerStepExecutor
from rostrum.interfaces.launching import LaunchSpec, WorkerRef
from rostrum.model.errors import RostrumError, Unavailable
from rostrum.model.events import StepFailed
from rostrum.model.runs import RunStatus
from rostrum.testing.conformance.executors.bench import kinds, only
from rostrum.testing.conformance.executors.surroundings import CrashSurroundingsSuite
from rostrum.testing.processes import ProcessLauncher
from tests.conformance.executors.elsewhere import Cluster, ClusterSuite, RemoteBench

pytestmark = pytest.mark.processes


class Moody(ProcessLauncher):
    """Fails as often as it is told to."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        super().__init__(folder, environment)
        self.failures: list[RostrumError] = []

    def launch(self, spec: LaunchSpec) -> WorkerRef:
        if self.failures:
            raise self.failures.pop()
        return super().launch(spec)


@pytest.fixture
def launcher(cluster_folder: Path) -> Iterator[Moody]:
    launcher = Moody(
        cluster_folder, {"ROSTRUM_HOME": str(cluster_folder / "home"), "ROSTRUM_TEST_FOLDER": str(cluster_folder)}
    )
    yield launcher
    launcher.close()


class TestPerStep:
    """What is its own. The rest is `Elsewhere`'s, as shown with Dask."""

    place = "container"
    gone, told = "crash", "was killed by signal 9"
    test_values = ClusterSuite.test_values_reach_the_next_step_and_steps_are_ordered
    test_a_killed_worker = ClusterSuite.test_a_worker_that_is_killed_is_seen_and_its_step_begun_anew
    test_a_swallowed_cancel = ClusterSuite.test_code_that_swallows_a_cancel_does_not_hold_the_run

    @pytest.fixture
    def bench(self, launcher: Moody, cluster: Cluster) -> RemoteBench:
        return cluster.bench(
            lambda: PerStepExecutor(launcher, grace_seconds=0.6, infrastructure_retries=1, look_seconds=0.1)
        )

    def test_how_a_process_ended_is_told(self, bench: RemoteBench, launcher: Moody) -> None:
        session = bench.run("leaving")
        failed = only(session, "step_failed")
        assert (failed.cause, failed.attempt, failed.error.code) == ("crash", 2, "worker_died")
        assert "exited with code 3" in failed.error.message
        assert all(process.poll() is not None for process in launcher.processes.values()), "none is left"

    def test_a_launch_is_repeated_while_the_engine_is_away(self, bench: RemoteBench, launcher: Moody) -> None:
        launcher.failures = [Unavailable("the engine restarts")]
        session = bench.run("asking")
        assert session.run.status is RunStatus.SUCCESS
        assert "step_retrying" not in kinds(session)

    def test_a_launch_that_cannot_be_is_told(self, bench: RemoteBench, launcher: Moody) -> None:
        launcher.failures = [RostrumError("no such image")]
        session = bench.run("asking")
        assert session.run.status is RunStatus.FAILURE
        assert "step_retrying" not in kinds(session), "it would not help"
        (failed,) = [event for event in session.events if isinstance(event, StepFailed)]
        assert "could not be started: no such image" in failed.error.message


class TestPerStepSurroundings:
    """Each step has a process of its own, and more is not shown here: starting one takes a second."""

    test_hooks = CrashSurroundingsSuite.test_hooks_know_outputs_and_exceptions
    test_typed_partitions = CrashSurroundingsSuite.test_typed_values_of_partitions
    test_a_crash = CrashSurroundingsSuite.test_a_crash_takes_no_other_resources_along

    @pytest.fixture
    def surrounded(self, launcher: Moody, cluster: Cluster) -> RemoteBench:
        return cluster.surrounded(
            lambda: PerStepExecutor(launcher, grace_seconds=0.6, infrastructure_retries=0, look_seconds=0.1)
        )
