"""Dask and Ray, on real clusters of this machine: the suite, and workers that are killed."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rostrum.executors.dask import DaskExecutor
from rostrum.executors.ray import RayExecutor
from rostrum.model.events import EngineMessage, LogMessage, StepRetrying
from rostrum.model.runs import RunStatus
from rostrum.testing.conformance.executors.bench import kinds
from rostrum.testing.conformance.executors.limits import ClosingSuite, CrashesSuite
from rostrum.testing.conformance.executors.surroundings import SurroundingsSuite
from tests.conformance.executors.elsewhere import Cluster, ClusterSuite, RemoteBench, Seen
from tests.integration.gateway.served import Gateway, Plane, until

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def dask_address(cluster_folder: Path) -> Iterator[str]:
    from distributed.deploy.subprocess import SubprocessCluster

    # As clusters are: Dask begins a task anew when its worker dies, which must do no harm.
    cluster: Any = SubprocessCluster(
        n_workers=2,
        threads_per_worker=1,
        dashboard_address=":0",
        scheduler_kwargs={"dashboard": False},
        worker_kwargs={"dashboard": False},
        silence_logs=50,
    )
    yield cluster.scheduler_address
    cluster.close()


class TestDask(ClusterSuite):
    place, told = "dask", "its worker exited, crashed or was killed in the middle"

    @pytest.fixture
    def bench(self, dask_address: str, cluster: Cluster) -> RemoteBench:
        return cluster.bench(
            lambda: DaskExecutor(dask_address, dedicated=True, grace_seconds=0.6, infrastructure_retries=1)
        )


class TestDaskSurroundings:
    once_a_process = False
    test_hooks = SurroundingsSuite.test_hooks_know_outputs_and_exceptions
    test_resources = SurroundingsSuite.test_resources_are_set_up_once_a_process_and_in_order
    test_partitions = SurroundingsSuite.test_values_of_partitions
    test_typed_partitions = SurroundingsSuite.test_typed_values_of_partitions

    @pytest.fixture
    def surrounded(self, dask_address: str, cluster: Cluster) -> RemoteBench:
        return cluster.surrounded(lambda: DaskExecutor(dask_address, dedicated=True, grace_seconds=0.6))


def test_a_worker_that_dies_takes_no_attempt_of_waiting_steps_along(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROSTRUM_TEST_FOLDER", str(cluster.folder))
    bench = cluster.surrounded(lambda: DaskExecutor(workers=1, infrastructure_retries=1))
    session = bench.run("with_a_crash")
    assert session.run.status is RunStatus.FAILURE
    assert [event.step_key for event in session.events if isinstance(event, StepRetrying)] == ["is_killed"]
    said = [event.message for event in session.events if isinstance(event, EngineMessage)]
    assert said[0] == "a Dask cluster of this run's own is started, which takes seconds"


class TestDaskLimits:
    """The worker keeps them; where the code goes on all the same, the loop says what follows."""

    test_too_long = CrashesSuite.test_a_coroutine_that_takes_too_long_fails_for_that
    test_swallowed = CrashesSuite.test_it_is_tried_again_all_the_same
    test_resources = ClosingSuite.test_a_resource_that_does_not_close_changes_nothing

    @pytest.fixture
    def limits(self, dask_address: str, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> RemoteBench:
        monkeypatch.setenv("ROSTRUM_TEST_FOLDER", str(cluster.folder))
        return cluster.limits(lambda: DaskExecutor(dask_address, dedicated=True, grace_seconds=0.6))


@pytest.fixture(scope="module")
def ray_cluster(cluster_folder: Path) -> Iterator[None]:
    import ray

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"
    ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level=50)
    os.environ.pop("PYTHONBREAKPOINT", None)  # Ray takes `breakpoint()` of all that is started here for itself
    node: Any = ray._private.worker._global_node
    processes: list[Any] = [each.process for infos in node.all_processes.values() for each in infos]
    yield
    ray.shutdown()
    for process in processes:
        process.wait(10)


class TestRay:
    """What is Ray's own: starting its processes takes seconds. The rest is `Elsewhere`'s, as shown with Dask."""

    place, gone, told = "ray", "lost", "(process {pid} at "
    test_values = ClusterSuite.test_values_reach_the_next_step_and_steps_are_ordered
    test_a_killed_worker = ClusterSuite.test_a_worker_that_is_killed_is_seen_and_its_step_begun_anew
    test_a_swallowed_cancel = ClusterSuite.test_code_that_swallows_a_cancel_does_not_hold_the_run

    @pytest.fixture
    def bench(self, ray_cluster: None, cluster: Cluster) -> RemoteBench:
        return cluster.bench(lambda: RayExecutor(workers=2, grace_seconds=0.6, infrastructure_retries=1))


class TestRaySurroundings:
    once_a_process = False
    test_hooks = SurroundingsSuite.test_hooks_know_outputs_and_exceptions
    test_resources = SurroundingsSuite.test_resources_are_set_up_once_a_process_and_in_order
    test_typed_partitions = SurroundingsSuite.test_typed_values_of_partitions

    @pytest.fixture
    def surrounded(self, ray_cluster: None, cluster: Cluster) -> RemoteBench:
        return cluster.surrounded(lambda: RayExecutor(workers=2, grace_seconds=0.6))


def test_nothing_fails_because_the_gateway_is_away(
    dask_address: str, cluster_plane: Plane, cluster_folder: Path
) -> None:
    gateway = Gateway(cluster_plane).start()

    def restart(seen: Seen) -> None:
        until(lambda: seen.has("log_message", "takes_long"), 20.0)
        gateway.stop(hard=True)
        threading.Event().wait(1.2)
        gateway.start()

    bench = RemoteBench(lambda: DaskExecutor(dask_address), cluster_plane, gateway, cluster_folder)
    session = bench.run("taking_long", meanwhile=restart)
    assert session.run.status is RunStatus.SUCCESS
    lines = [event.message for event in session.events if isinstance(event, LogMessage)]
    assert lines == [f"line {number}" for number in range(20)]
    assert "step_retrying" not in kinds(session)
    gateway.stop(hard=True)


def test_a_cluster_elsewhere_needs_a_gateway_that_it_reaches(cluster_plane: Plane, cluster_folder: Path) -> None:
    gateway = Gateway(cluster_plane).start()
    session = RemoteBench(lambda: DaskExecutor("tcp://dask.test:8786"), cluster_plane, gateway, cluster_folder).run(
        "chain"
    )
    assert session.run.status is RunStatus.FAILURE
    assert session.run.error is not None
    assert "set gateway.url" in session.run.error.message
    gateway.stop(hard=True)


def test_without_an_instance_it_is_told(cluster_folder: Path) -> None:
    from rostrum.testing.conformance.executors import code
    from rostrum.testing.conformance.executors.bench import Bench

    session = Bench(DaskExecutor, code.defs, cluster_folder).run("chain")
    assert session.run.status is RunStatus.FAILURE
    assert session.run.error is not None
    assert "the dask executor needs an instance" in session.run.error.message
    assert "distributed" not in sys.modules or session.run.steps_done == 0
