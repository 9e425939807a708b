"""The Kubernetes launcher against a small API server that runs containers as processes: the suite of launchers, and
what only clusters have.
"""

from __future__ import annotations

import base64
import json
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from rostrum.interfaces.launching import LaunchSpec, WorkerRef, WorkerStatus
from rostrum.launchers import kubernetes, kubernetes_api
from rostrum.launchers.kubernetes import KubernetesLauncher
from rostrum.launchers.kubernetes_api import TRIES, Refused
from rostrum.launchers.kubernetes_manifests import job_name
from rostrum.model.errors import ConfigError, RostrumError, Unavailable
from rostrum.service.processes import is_alive, start_time
from rostrum.testing.conformance.launchers import LauncherBench, LauncherConformance, wait_exited, wait_until
from tests.conformance.launchers import workers
from tests.fake_kubernetes import FakeKubernetes

pytestmark = pytest.mark.processes


class KubernetesBench:
    """A launcher on the cluster, with workers that do as they are told."""

    def __init__(self, cluster: FakeKubernetes, folder: Path) -> None:
        self.cluster, self.folder = cluster, folder
        self.settings: dict[str, Any] = {
            "kubeconfig_file": cluster.kubeconfig,
            "image": "example.com/shop:1",
            "command": [sys.executable, str(Path(workers.__file__))],
            "grace_seconds": 20,
        }
        self.launchers: list[KubernetesLauncher] = []
        self.launcher = self.launcher_with()

    def launcher_with(self, **more: Any) -> KubernetesLauncher:
        self.launchers.append(KubernetesLauncher({**self.settings, **more}))
        return self.launchers[-1]

    def spec(self, behaviour: str, **environment: str) -> LaunchSpec:
        return workers.spec(self.folder, behaviour, **environment)

    def wait_started(self, spec: LaunchSpec) -> None:
        wait_until("the worker runs", lambda: bool(workers.told(spec)))

    def processes(self, spec: LaunchSpec) -> int:
        return sum(is_alive(pid, start_time(pid)) for pid in workers.told(spec))

    def running(self, ref: WorkerRef) -> WorkerStatus:
        """The status, asked anew."""
        return self.launcher_with().inspect(ref)

    def close(self) -> None:
        for launcher in self.launchers:
            launcher.close()


@pytest.fixture(scope="module")
def cluster() -> Iterator[FakeKubernetes]:
    cluster = FakeKubernetes()
    yield cluster
    cluster.close()


@pytest.fixture
def bench(cluster: FakeKubernetes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KubernetesBench]:
    monkeypatch.setattr(kubernetes_api, "FIRST_PAUSE_SECONDS", 0.005)
    monkeypatch.setattr(kubernetes, "FRESH_SECONDS", 0.02)
    bench = KubernetesBench(cluster, tmp_path)
    yield bench
    cluster.failures.clear()
    cluster.hold = lambda _pod: False
    bench.close()


class TestKubernetesLauncher(LauncherConformance):
    """The suite, and more."""

    def test_worker_that_was_killed_is_not_started_again(self, bench: LauncherBench) -> None:
        """Here it is: what is deleted is forgotten by the cluster. The gateway turns such a worker away."""
        spec = bench.spec("wait")
        ref = bench.launcher.launch(spec)
        bench.launcher.terminate(ref, force=True)
        wait_exited(bench.launcher, ref)
        again = bench.launcher.launch(spec)
        assert (again.host, again.epoch) == (ref.host, ref.epoch)
        assert bench.launcher.inspect(ref).state == "exited", "the one that was killed is dead all the same"
        bench.launcher.terminate(again, force=True)

    def test_two_launches_make_one_job(self, bench: KubernetesBench) -> None:
        spec = bench.spec("wait")
        refs = [bench.launcher.launch(spec), bench.launcher_with().launch(spec)]
        assert refs[0] == refs[1]
        names = [job["metadata"]["name"] for job in bench.cluster.all("jobs")]
        assert names.count(job_name(spec)) == 1
        bench.launcher.terminate(refs[0], force=True)

    def test_token_and_work_are_in_a_secret_of_the_job_alone(self, bench: KubernetesBench) -> None:
        spec = workers.step_of(bench.spec("wait"), "clean[2026]", 2)
        ref = bench.launcher.launch(spec)
        bench.wait_started(spec)
        work = base64.urlsafe_b64encode(zlib.compress(b"work", 6)).decode()
        for plural in ("jobs", "pods"):
            assert workers.TOKEN not in json.dumps(bench.cluster.all(plural))
            assert work not in json.dumps(bench.cluster.all(plural))
        secret = next(each for each in bench.cluster.all("secrets") if each["metadata"]["name"] == ref.host)
        assert secret["stringData"]["ROSTRUM_RUN_TOKEN"] == workers.TOKEN
        assert secret["metadata"]["ownerReferences"][0]["name"] == ref.host
        environment = Path(spec.environment["FOLDER"], "environment").read_text()
        assert f"ROSTRUM_RUN_TOKEN={workers.TOKEN}" in environment
        assert f"ROSTRUM_STEP_WORK_0={work}" in environment
        assert (ref.step_key, ref.attempt) == ("clean[2026]", 2)
        bench.launcher.terminate(ref, force=True)
        wait_exited(bench.launcher, ref)
        assert ref.host not in [each["metadata"]["name"] for each in bench.cluster.all("secrets")]

    def test_launch_that_died_half_way_is_gone_on_with(self, bench: KubernetesBench) -> None:
        spec = bench.spec("wait")
        bench.cluster.fail("POST", 403, 1, kind="secrets")
        with pytest.raises(Refused):
            bench.launcher.launch(spec)
        assert bench.launcher.adopt([spec.run.run_id]) == [], "it is suspended: nothing lives"
        assert not [pod for pod in bench.cluster.all("pods") if job_name(spec) in pod["metadata"]["name"]]
        ref = bench.launcher.launch(spec)
        bench.wait_started(spec)
        assert bench.launcher.adopt([spec.run.run_id]) == [ref]
        bench.launcher.terminate(ref, force=True)

    def test_killed_run_worker_takes_its_steps_along(self, bench: KubernetesBench) -> None:
        run = bench.spec("wait")
        step, other = workers.step_of(run, "clean"), workers.step_of(bench.spec("wait"), "clean")
        refs = [bench.launcher.launch(each) for each in (run, step, other)]
        assert bench.launcher.adopt([run.run.run_id]) == refs[:2]
        bench.launcher.terminate(refs[0], force=True)
        wait_exited(bench.launcher, refs[1])
        assert bench.launcher.inspect(refs[2]).state == "running"
        bench.launcher.terminate(refs[2], force=True)

    def test_out_of_memory_is_told(self, bench: KubernetesBench) -> None:
        spec = bench.spec("wait")
        ref = bench.launcher.launch(spec)
        bench.wait_started(spec)
        bench.cluster.kill(ref.host, reason="OOMKilled")
        status = wait_exited(bench.launcher, ref)
        assert (status.reason, status.signal) == ("OOMKilled", 9)

    def test_image_that_cannot_be_pulled_is_waited_for_and_then_given_up(self, bench: KubernetesBench) -> None:
        bench.cluster.hold = lambda _pod: True
        ref = bench.launcher.launch(bench.spec("wait"))
        state = {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}}
        bench.cluster.say(ref.host, {"containerStatuses": [{"name": "rostrum", "state": state}]})
        patient, hasty = bench.launcher_with(), bench.launcher_with(image_patience_seconds=0)
        told = "ImagePullBackOff: Back-off pulling image"
        assert patient.inspect(ref) == WorkerStatus(state="running", reason=told)
        assert hasty.inspect(ref) == WorkerStatus(state="exited", reason=told)
        bench.launcher.terminate(ref, force=True)

    def test_lost_node_is_no_verdict(self, bench: KubernetesBench) -> None:
        spec = bench.spec("wait")
        ref = bench.launcher.launch(spec)
        bench.wait_started(spec)
        bench.cluster.say(ref.host, {"conditions": [{"type": "Ready", "status": "Unknown", "reason": "NodeLost"}]})
        assert bench.launcher.inspect(ref).state == "unknown"
        bench.launcher.terminate(ref, force=True)

    @pytest.mark.parametrize("status", [429, 500, 503])
    def test_cluster_that_has_too_much_to_do_is_asked_again(self, bench: KubernetesBench, status: int) -> None:
        spec = bench.spec("succeed")
        for method in ("POST", "PATCH"):
            bench.cluster.fail(method, status, 2, Retry_After="0")
        assert wait_exited(bench.launcher, bench.launcher.launch(spec)).exit_code == 0

    def test_cluster_that_stays_away_is_told_as_such(self, bench: KubernetesBench) -> None:
        ref = bench.launcher.launch(bench.spec("wait"))
        bench.cluster.fail("POST", 503, TRIES)
        with pytest.raises(Unavailable, match=r"the Kubernetes API does not answer: POST .*: 503: as the test wants"):
            bench.launcher.launch(bench.spec("wait"))
        bench.cluster.fail("GET", 500, 1)
        launcher = bench.launcher_with()
        assert launcher.inspect(ref).state == "unknown"
        assert launcher.inspect(ref).state == "unknown", "and is not asked again at once"
        assert bench.launcher_with().inspect(ref).state == "running"
        bench.launcher.terminate(ref, force=True)

    def test_what_the_cluster_refuses_is_told_with_what_to_do(self, bench: KubernetesBench) -> None:
        with pytest.raises(Refused, match=r"jobs is forbidden.*give the service account a role that may do this"):
            bench.launcher_with(namespace="nowhere").launch(bench.spec("wait"))
        bad = {"container_config": {"restart": "always"}}
        with pytest.raises(Refused, match=r"422: Job is invalid: .*restart"):
            bench.launcher_with(pod_config=bad).launch(bench.spec("wait"))

    def test_another_cluster_knows_nothing(self, bench: KubernetesBench) -> None:
        ref = bench.launcher.launch(bench.spec("wait"))
        elsewhere = msgspec.structs.replace(ref, details={**ref.details, "cluster": "https://other"})
        status = bench.launcher.inspect(elsewhere)
        assert status.state == "unknown"
        assert "was started in another cluster (https://other)" in status.reason
        with pytest.raises(Unavailable):
            bench.launcher.terminate(elsewhere, force=True)
        bench.launcher.terminate(ref, force=True)

    def test_one_list_answers_for_many_workers(self, bench: KubernetesBench, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(kubernetes, "FRESH_SECONDS", 60.0)
        refs = [bench.launcher.launch(bench.spec("wait")) for _ in range(3)]
        launcher = bench.launcher_with()
        before = len(bench.cluster.requests)
        assert {launcher.inspect(ref).state for _ in range(5) for ref in refs} == {"running"}
        asked = [path for method, path in bench.cluster.requests[before:] if method == "GET" and path.endswith("/pods")]
        pods = len(bench.cluster.all("pods"))
        assert len(asked) <= pods // 2 + 1, "one list, in parts of two"
        for ref in refs:
            launcher.terminate(ref, force=True)

    def test_settings_of_a_location_win(self, bench: KubernetesBench) -> None:
        launcher = bench.launcher_with(image=None, locations={"shop": {"namespace": "shop", "image": "shop:2"}})
        spec = workers.spec(bench.folder, "wait", location="shop")
        ref = launcher.launch(spec)
        assert ref.details["namespace"] == "shop"
        assert launcher.adopt([spec.run.run_id]) == [ref]
        assert launcher.inspect(ref).state == "running"
        launcher.terminate(ref, force=True)
        with pytest.raises(RostrumError, match="no image is named for run"):
            launcher.launch(bench.spec("wait"))


def test_cluster_that_nobody_names_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    launcher = KubernetesLauncher({"image": "some", "kubeconfig_file": str(tmp_path / "none")})
    with pytest.raises(ConfigError, match=r"where the Kubernetes cluster is cannot be told: .*set kubeconfig_file"):
        launcher.launch(workers.spec(tmp_path, "wait"))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    inside = KubernetesLauncher({"image": "some", "load_incluster_config": True})
    with pytest.raises(ConfigError, match="cannot be told"):
        inside.launch(workers.spec(tmp_path, "wait"))


def test_address_where_nobody_listens_is_unavailable(bench: KubernetesBench, tmp_path: Path) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text(Path(bench.cluster.kubeconfig).read_text().replace(bench.cluster.url, "http://127.0.0.1:1"))
    launcher = bench.launcher_with(kubeconfig_file=str(file))
    with pytest.raises(Unavailable, match=r"the Kubernetes API does not answer: POST http://127.0.0.1:1/"):
        launcher.launch(bench.spec("wait"))


def test_answer_of_somebody_else_is_unavailable(bench: KubernetesBench) -> None:
    bench.cluster.fail("POST", 200, TRIES)
    bench.cluster.page = b"<html>Please log in</html>"
    try:
        with pytest.raises(Unavailable, match="200: <html>Please log in"):
            bench.launcher.launch(bench.spec("wait"))
    finally:
        bench.cluster.page = None


def test_credentials_that_are_refused_are_told(bench: KubernetesBench) -> None:
    launcher = bench.launcher_with()
    bench.cluster.token, before = "another", bench.cluster.token
    try:
        with pytest.raises(Refused, match=r"Unauthorized; the cluster does not accept these credentials"):
            launcher.launch(bench.spec("wait"))
    finally:
        bench.cluster.token = before
