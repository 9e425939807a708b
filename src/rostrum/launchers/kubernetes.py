"""Workers as jobs of a Kubernetes cluster, with one pod each: `rostrum run-worker` for a run, `rostrum step-worker` for
a step.

A worker's job has a name that is made of run, epoch, step and attempt: creating it again is a conflict, which is how a
launch that is repeated finds it. It is created suspended and let go once the secret with its token is there; the secret
belongs to it, so that nothing is left when it goes.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, cast

from rostrum.interfaces.launching import LaunchSpec, WorkerRef, WorkerStatus
from rostrum.launchers.kubernetes_api import Access, Cluster, Json
from rostrum.launchers.kubernetes_manifests import (
    ATTEMPT,
    EPOCH,
    RUN,
    STEP_KEY,
    WORKER,
    job_manifest,
    job_name,
    secret_manifest,
    selector,
)
from rostrum.launchers.kubernetes_settings import NAME, KubernetesSettings, kubernetes_settings, part, parts
from rostrum.launchers.kubernetes_status import hopeless, is_waiting_for_image, worker_status
from rostrum.launchers.requests import LOCATIONS, for_location
from rostrum.model.errors import RostrumError, Unavailable

FRESH_SECONDS = 1.0
"""For so long a list of pods answers for all workers: not every one is asked for by itself."""
SECONDS_A_POD = 0.01
"""A list is asked for less often the longer it is."""
AWAY_SECONDS = 2.0
_NAMESPACE, _CLUSTER, _UID = "namespace", "cluster", "uid"
_KILL_SECONDS = 1
"""(0 would take the pod from the list before it is known dead.)"""


class KubernetesLauncher:
    """`Launcher`. `config` has the fields of `KubernetesSettings`, and `locations` for settings of single code
    locations, which win. Raises ConfigError for a setting that cannot be read.
    """

    def __init__(self, config: Mapping[str, Any] | None = None) -> None:
        self._config = dict(config or {})
        settings = self._of("")
        for location in cast("Mapping[str, Any]", self._config.get(LOCATIONS) or {}):
            self._of(location)
        self._settings = settings
        self._cluster = Cluster(
            Access(
                load_incluster_config=settings.load_incluster_config,
                kubeconfig_file=settings.kubeconfig_file,
                kube_context=settings.kube_context,
                verify_ssl=settings.verify_ssl,
            )
        )
        self._pods = PodLists(self._cluster)
        self._lock = threading.Lock()
        self._waiting_since: dict[str, float] = {}
        """Jobs whose image cannot be pulled, with the time (monotonic) when that was first seen."""

    def launch(self, spec: LaunchSpec) -> WorkerRef:
        """Start a job. Idempotent by run, epoch, step and attempt. Raises Unavailable while the cluster does not
        answer, RostrumError where it refuses the job.
        """
        settings = self._of(spec.run.target.location)
        jobs, secrets = _jobs(settings.namespace), f"/api/v1/namespaces/{settings.namespace}/secrets"
        job, _ = self._cluster.create(jobs, job_manifest(spec, settings, os.environ))
        if job["spec"].get("suspend") and not job["metadata"].get("deletionTimestamp"):
            self._cluster.create(secrets, secret_manifest(spec, settings, job["metadata"]["uid"], os.environ))
            self._cluster.patch(f"{jobs}/{job_name(spec)}", {"spec": {"suspend": False}})
        return self._ref(job)

    def terminate(self, ref: WorkerRef, *, force: bool) -> None:
        """Delete the worker's job: its pod is asked to end and killed after the grace time (`force`: after a second).
        Of a run worker that is killed the jobs of its steps go, too: nobody else would end them.
        """
        self._check_cluster(ref)
        self._delete(_namespace(ref), ref.host, ref.details.get(_UID), force=force)
        if not force or ref.step_key is not None:
            return
        theirs = selector(run_id=ref.run_id, epoch=str(ref.epoch))
        for job in self._cluster.items(_jobs(_namespace(ref)), labelSelector=theirs):
            if not _is_over(job):
                self._delete(_namespace(ref), job["metadata"]["name"], job["metadata"]["uid"], force=True)

    def inspect(self, ref: WorkerRef) -> WorkerStatus:
        """What the cluster says. `unknown` while it does not answer, or while the pod's node does not."""
        try:
            self._check_cluster(ref)
            pods = [pod for pod in self._pods.of(_namespace(ref), ref.host) if _belongs(pod, ref)]
            job = None if pods else self._job(ref)
        except RostrumError as error:
            return WorkerStatus(state="unknown", reason=str(error))
        status = worker_status(job, pods)
        with self._lock:
            if not is_waiting_for_image(status):
                self._waiting_since.pop(ref.host, None)
                waited = 0.0
            else:
                now = time.monotonic()
                waited = now - self._waiting_since.setdefault(ref.host, now)
        return hopeless(status, waited, self._settings.image_patience_seconds)

    def adopt(self, run_ids: list[str]) -> list[WorkerRef]:
        """Workers of these runs that live: run workers, and step workers (these have a `step_key`)."""
        if not run_ids:
            return []
        theirs = selector(run_id=run_ids[0]) if len(run_ids) == 1 else selector()
        found = [
            self._ref(job)
            for namespace in self._namespaces()
            for job in self._cluster.items(_jobs(namespace), labelSelector=theirs)
            if job["metadata"]["labels"].get(RUN) in run_ids and not _is_over(job) and not job["spec"].get("suspend")
        ]
        return sorted(found, key=lambda ref: (ref.run_id, ref.epoch, ref.step_key or "", ref.attempt))

    def close(self) -> None:
        """Let connections go; jobs go on."""
        self._cluster.close()

    def _of(self, location: str) -> KubernetesSettings:
        return kubernetes_settings(for_location(self._config, location))

    def _namespaces(self) -> list[str]:
        locations = cast("Mapping[str, Any]", self._config.get(LOCATIONS) or {})
        return sorted({self._settings.namespace, *(self._of(name).namespace for name in locations)})

    def _job(self, ref: WorkerRef) -> Json | None:
        job = self._cluster.get(f"{_jobs(_namespace(ref))}/{ref.host}", tries=1)
        return job if job is not None and job["metadata"].get("uid") == ref.details.get(_UID) else None

    def _delete(self, namespace: str, name: str, uid: str | None, *, force: bool) -> None:
        if force:
            pods = f"/api/v1/namespaces/{namespace}/pods"
            for pod in self._cluster.items(pods, labelSelector=selector(worker=name)):
                self._cluster.delete(f"{pods}/{pod['metadata']['name']}", {"gracePeriodSeconds": _KILL_SECONDS})
        # In the foreground: the job is there until its pod is known to have ended.
        self._cluster.delete(
            f"{_jobs(namespace)}/{name}", {"propagationPolicy": "Foreground", "preconditions": {"uid": uid}}
        )
        self._pods.forget()

    def _ref(self, job: Json) -> WorkerRef:
        metadata = job["metadata"]
        return WorkerRef(
            launcher=NAME,
            run_id=metadata["labels"][RUN],
            epoch=int(metadata["labels"][EPOCH]),
            host=metadata["name"],
            step_key=part(metadata, "annotations").get(STEP_KEY),
            attempt=int(metadata["labels"].get(ATTEMPT, 0)),
            details={_NAMESPACE: metadata["namespace"], _CLUSTER: self._cluster.host, _UID: metadata["uid"]},
        )

    def _check_cluster(self, ref: WorkerRef) -> None:
        """A cluster that knows nothing of a job cannot tell that it has ended."""
        if ref.details.get(_CLUSTER, "") != self._cluster.host:
            raise Unavailable(
                f"job {ref.host} was started in another cluster ({ref.details.get(_CLUSTER) or 'unknown'}) than the "
                f"one that is set now ({self._cluster.host})"
            )


class PodLists:
    """Pods of our workers by the name of their job, as they were at most about a second ago. Thread-safe."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._lock = threading.Lock()
        self._lists: dict[str, tuple[float, dict[str, list[Json]]]] = {}
        self._away: tuple[float, str] = (0.0, "")
        """Until when the cluster is not asked again, because it did not answer: each run would wait for that."""

    def of(self, namespace: str, job: str) -> Sequence[Json]:
        """Pods of a job."""
        with self._lock:
            until, by_job = self._lists.get(namespace, (0.0, {}))
            if time.monotonic() >= until:
                pods = self._asked(namespace)
                by_job = {}
                for pod in pods:
                    by_job.setdefault(pod["metadata"]["labels"].get(WORKER, ""), []).append(pod)
                until = time.monotonic() + max(FRESH_SECONDS, SECONDS_A_POD * len(pods))
                self._lists[namespace] = (until, by_job)
            return by_job.get(job, ())

    def _asked(self, namespace: str) -> list[Json]:
        until, told = self._away
        if time.monotonic() < until:
            raise Unavailable(told)
        try:
            return self._cluster.items(f"/api/v1/namespaces/{namespace}/pods", tries=1, labelSelector=selector())
        except Unavailable as error:
            self._away = time.monotonic() + AWAY_SECONDS, str(error)
            raise

    def forget(self) -> None:
        """Ask anew next time."""
        with self._lock:
            self._lists.clear()


def _jobs(namespace: str) -> str:
    return f"/apis/batch/v1/namespaces/{namespace}/jobs"


def _namespace(ref: WorkerRef) -> str:
    return ref.details.get(_NAMESPACE, "default")


def _belongs(pod: Json, ref: WorkerRef) -> bool:
    """Whether it is a pod of this very job, and not of one that had its name before."""
    return any(owner.get("uid") == ref.details.get(_UID) for owner in parts(pod["metadata"], "ownerReferences"))


def _is_over(job: Json) -> bool:
    conditions = parts(part(job, "status"), "conditions")
    return any(each["type"] in {"Complete", "Failed"} and each["status"] == "True" for each in conditions)
