"""Dask and Ray, on real clusters of this machine: the suite, and workers that are killed."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rostrum.executors.dask import DaskExecutor
from rostrum.executors.ray import RayExecutor
from rostrum.model.events import StepRetrying, StepWorkerStarted
from rostrum.model.runs import RunStatus
from rostrum.testing.conformance.executors.bench import kinds, only
from rostrum.testing.conformance.executors.suite import ExecutorSuite, is_gone
from tests.conformance.executors.elsewhere import RemoteBench, Seen
from tests.integration.gateway.served import Gateway, Plane, until

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The clusters' processes are started with it."""
    folder = tmp_path_factory.mktemp("elsewhere")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROSTRUM_HOME", str(folder / "home"))
        patch.setenv("ROSTRUM_TEST_FOLDER", str(folder))
        yield folder


@pytest.fixture(scope="module")
def plane(folder: Path) -> Iterator[Plane]:
    plane = Plane(folder)
    yield plane
    plane.close()


@pytest.fixture(scope="module")
def gateway(plane: Plane) -> Iterator[Gateway]:
    gateway = Gateway(plane, tcp=True).start()
    yield gateway
    gateway.stop(hard=True)


class ClusterSuite(ExecutorSuite):
    """What differs from executors of one machine: several streams, and infrastructure that is retried."""

    place: str

    def test_the_stream_has_no_gap(self, bench: RemoteBench) -> None:  # type: ignore[override]
        session = bench.run("branches")
        streams: dict[str, list[int]] = {}
        for event in session.events:
            streams.setdefault(event.stream, []).append(event.sequence)
        assert set(streams) == {"worker/1", "worker/1/fails", "worker/1/one", "worker/1/double"}
        for numbers in streams.values():
            assert numbers == list(range(1, len(numbers) + 1))

    def test_a_worker_that_is_killed_is_seen_and_its_step_begun_anew(self, bench: RemoteBench) -> None:
        killed: list[int] = []

        def kill(seen: Seen) -> None:
            until(lambda: seen.has("step_started", "waits_once"), 30.0)
            until(lambda: (bench.folder / "mark-waits_once").exists())
            until(lambda: (bench.folder / "mark-waits_once").read_text() != "")
            killed.append(int((bench.folder / "mark-waits_once").read_text()))
            os.kill(killed[0], signal.SIGKILL)

        session = bench.run("waiting_once", meanwhile=kill)
        assert session.run.status is RunStatus.SUCCESS
        (lost,) = [event for event in session.events if isinstance(event, StepRetrying)]
        assert (lost.cause, lost.attempt, lost.stream) == ("lost", 1, "worker/1")
        started = [event for event in session.events if isinstance(event, StepWorkerStarted)]
        assert [(e.step_key, e.attempt, e.place) for e in started] == [
            ("waits_once", 1, self.place),
            ("waits_once", 2, self.place),
            ("after", 1, self.place),
        ]
        assert int((bench.folder / "mark-waits_once").read_text()) != killed[0], "another worker has done it"
        assert session.run.steps_done == 2

    def test_a_step_that_always_takes_its_worker_along_fails_in_the_end(self, bench: RemoteBench) -> None:
        session = bench.run("leaving")
        assert session.run.status is RunStatus.FAILURE
        tried = [event.attempt for event in session.events if isinstance(event, StepRetrying)]
        assert tried == [1]
        failed = only(session, "step_failed")
        assert (failed.cause, failed.attempt) == ("lost", 2)

    def test_code_that_swallows_a_cancel_does_not_hold_the_run(self, bench: RemoteBench) -> None:
        session = bench.run("swallowing", cancel_after=("log_message", "swallows"))
        assert session.run.status is RunStatus.CANCELED
        assert is_gone(int((bench.folder / "grandchild").read_text()))
        assert kinds(session, "swallows")[-1] == "step_canceled"


@pytest.fixture(scope="module")
def dask_address(folder: Path) -> Iterator[str]:
    import dask
    from distributed.deploy.subprocess import SubprocessCluster

    with dask.config.set({"distributed.scheduler.allowed-failures": 0}):
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
    place = "dask"

    @pytest.fixture
    def bench(self, dask_address: str, plane: Plane, gateway: Gateway, folder: Path) -> RemoteBench:
        return RemoteBench(
            lambda: DaskExecutor(dask_address, dedicated=True, grace_seconds=0.6, infrastructure_retries=1),
            plane,
            gateway,
            folder,
        )


@pytest.fixture(scope="module")
def ray_cluster(folder: Path) -> Iterator[None]:
    import ray

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"
    ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level=50)
    yield
    ray.shutdown()


class TestRay:
    """What is Ray's own: starting its processes takes seconds. The rest is `Elsewhere`'s, as shown with Dask."""

    place = "ray"
    test_values = ClusterSuite.test_values_reach_the_next_step_and_steps_are_ordered
    test_output = ClusterSuite.test_output_is_captured_to_its_last_byte
    test_a_killed_worker = ClusterSuite.test_a_worker_that_is_killed_is_seen_and_its_step_begun_anew
    test_a_swallowed_cancel = ClusterSuite.test_code_that_swallows_a_cancel_does_not_hold_the_run

    @pytest.fixture
    def bench(self, ray_cluster: None, plane: Plane, gateway: Gateway, folder: Path) -> RemoteBench:
        return RemoteBench(
            lambda: RayExecutor(workers=2, grace_seconds=0.6, infrastructure_retries=1), plane, gateway, folder
        )


def test_without_an_instance_it_is_told(folder: Path) -> None:
    from rostrum.testing.conformance.executors import code
    from rostrum.testing.conformance.executors.bench import Bench

    session = Bench(DaskExecutor, code.defs, folder).run("chain")
    assert session.run.status is RunStatus.FAILURE
    assert session.run.error is not None
    assert "the dask executor needs an instance" in session.run.error.message
    assert "distributed" not in sys.modules or session.run.steps_done == 0
