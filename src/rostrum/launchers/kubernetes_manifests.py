"""What a worker is in a cluster, as data: a job with one pod, and the secret with its token. Pure, and the same for the
same launch, so that repeating it finds what is there.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from rostrum.interfaces.launching import LaunchSpec, WorkerRef
from rostrum.interfaces.worker_environment import WorkerVariables, worker_command, worker_variables
from rostrum.launchers.kubernetes_settings import KubernetesSettings, camel, laid_over, layers, without_doubles
from rostrum.launchers.requests import (
    check_gateway,
    chosen_image,
    environment_of,
    forwarded,
    merged,
    processors,
    size_of_memory,
    wanted,
)
from rostrum.model.secrets import looks_secret

CONTAINER = "rostrum"
"""Name of the worker's container in its pod."""
MANAGED_BY = "app.kubernetes.io/managed-by"
RUN, EPOCH, STEP, ATTEMPT = "rostrum/run-id", "rostrum/epoch", "rostrum/step", "rostrum/attempt"
WORKER = "rostrum/worker"
"""Label of a pod: the name of its job."""
STEP_KEY = "rostrum/step-key"
"""Annotation: the key as it is."""
LABEL_CHARACTERS = 63


def job_name(worker: LaunchSpec | WorkerRef) -> str:
    """The name that only this worker's job has."""
    run_id = worker.run.run_id if isinstance(worker, LaunchSpec) else worker.run_id
    step = worker.step if isinstance(worker, LaunchSpec) else worker
    if step is None or step.step_key is None:
        return f"rostrum-run-{_plain(run_id, 40)}-{worker.epoch}"
    whole = f"{run_id}/{worker.epoch}/{step.step_key}/{step.attempt}"
    readable = _plain(step.step_key, 24)
    return f"rostrum-step-{readable}-{hashlib.sha256(whole.encode()).hexdigest()[:20]}".replace("--", "-")


def label_value(text: str) -> str:
    """What a label may hold of a text."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", text)[:LABEL_CHARACTERS].strip("-_.")


def labels(spec: LaunchSpec, settings: KubernetesSettings) -> dict[str, str]:
    """By which a worker is found again. Nothing in them is secret."""
    found = {label_value(name): label_value(value) for name, value in spec.labels.items()}
    found = {f"rostrum/{name.replace('_', '-')}": value for name, value in found.items()}
    found |= settings.labels
    found |= {
        MANAGED_BY: "rostrum",
        "app.kubernetes.io/component": "run-worker" if spec.step is None else "step-worker",
        RUN: spec.run.run_id,
        EPOCH: str(spec.epoch),
        WORKER: job_name(spec),
    }
    if spec.step is not None:
        found |= {STEP: label_value(spec.step.step_key), ATTEMPT: str(spec.step.attempt)}
    return found


def selector(**wanted_labels: str) -> str:
    """A label selector for workers of ours."""
    named = {"run_id": RUN, "epoch": EPOCH, "worker": WORKER}
    return ",".join([f"{MANAGED_BY}=rostrum", *(f"{named[name]}={value}" for name, value in wanted_labels.items())])


def job_manifest(spec: LaunchSpec, settings: KubernetesSettings, environment: Mapping[str, str]) -> dict[str, Any]:
    """The job, suspended: it is let go once its secret is there. `environment`: of the launching process. Raises
    ConfigError or RostrumError for what no job can be made of.
    """
    check_gateway(spec)
    container, pod = _container(spec, settings, environment), _pod(settings)
    own = labels(spec, settings)
    template_metadata: dict[str, Any] = {"labels": own}
    job_metadata: dict[str, Any] = {"labels": own}
    job: dict[str, Any] = {"ttlSecondsAfterFinished": settings.ttl_seconds_after_finished}
    for layer in layers(spec, settings):
        container = laid_over(container, layer, "container_config")
        pod = laid_over(pod, layer, "pod_spec_config")
        template_metadata = laid_over(template_metadata, layer, "pod_template_spec_metadata")
        job = laid_over(job, layer, "job_spec_config")
        job_metadata = laid_over(job_metadata, layer, "job_metadata")
    # Who it is, and that it is started once, is not for configuration to change.
    container = without_doubles({**container, "name": CONTAINER})
    beside = [each for each in pod.get("containers", ()) if each.get("name") != CONTAINER]
    pod = without_doubles({**pod, "restartPolicy": "Never", "containers": [container, *beside]})
    template_metadata = {**template_metadata, "labels": {**template_metadata.get("labels", {}), **own}}
    annotations = {STEP_KEY: spec.step.step_key} if spec.step is not None else {}
    job_metadata = merged(job_metadata, {"annotations": annotations, "labels": own})
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {**job_metadata, "name": job_name(spec), "namespace": settings.namespace},
        "spec": {
            **job,
            "suspend": True,
            "backoffLimit": 0,
            "completions": 1,
            "parallelism": 1,
            "template": {"metadata": template_metadata, "spec": pod},
        },
    }


def secret_manifest(
    spec: LaunchSpec, settings: KubernetesSettings, job_uid: str, environment: Mapping[str, str]
) -> dict[str, Any]:
    """The secret with the token, the work of the step, and variables whose names say that they are secrets. It belongs
    to the job and goes with it.
    """
    name = job_name(spec)
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": job_uid}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": name,
            "namespace": settings.namespace,
            "labels": labels(spec, settings),
            "ownerReferences": [owner],
        },
        "type": "Opaque",
        "immutable": True,
        "stringData": _variables(spec, settings, environment).secret,
    }


def _variables(spec: LaunchSpec, settings: KubernetesSettings, environment: Mapping[str, str]) -> WorkerVariables:
    own = worker_variables(spec, settings.code)
    given = {
        **forwarded(settings.env_vars, environment, "launcher kubernetes: env_vars"),
        **environment_of(spec),
    }
    secret = {name: value for name, value in given.items() if looks_secret(name)}
    plain = {name: value for name, value in given.items() if name not in secret}
    return WorkerVariables({**plain, **own.plain}, {**secret, **own.secret})


def _container(spec: LaunchSpec, settings: KubernetesSettings, environment: Mapping[str, str]) -> dict[str, Any]:
    wish = wanted(spec)
    image = chosen_image(spec, wish, settings.image, settings.allowed_images)
    variables = _variables(spec, settings, environment).plain
    sources = [{"configMapRef": {"name": name}} for name in settings.env_config_maps]
    sources += [{"secretRef": {"name": name}} for name in (*settings.env_secrets, job_name(spec))]
    found: dict[str, Any] = {
        "name": CONTAINER,
        "image": image,
        "args": [*settings.command, *worker_command(spec)[1:]],
        # `$(NAME)` in a value would be replaced by another variable.
        "env": [{"name": name, "value": value.replace("$(", "$$(")} for name, value in variables.items()],
        "envFrom": sources,
    }
    cpu = wish.cpu or (processors(settings.cpu, "launcher kubernetes: cpu") if settings.cpu else None)
    memory = wish.memory or (
        size_of_memory(settings.memory, "launcher kubernetes: memory") if settings.memory else None
    )
    amounts = {"cpu": f"{cpu * 1000:.0f}m"} if cpu is not None else {}
    amounts |= {"memory": str(memory)} if memory is not None else {}
    optional = {
        "imagePullPolicy": settings.image_pull_policy,
        "volumeMounts": settings.volume_mounts,
        "securityContext": settings.security_context,
        "resources": merged(settings.resources, {"requests": amounts, "limits": amounts} if amounts else {}),
    }
    return {**found, **_given(optional)}


def _pod(settings: KubernetesSettings) -> dict[str, Any]:
    optional = {
        "imagePullSecrets": settings.image_pull_secrets,
        "serviceAccountName": settings.service_account_name,
        "schedulerName": settings.scheduler_name,
        "volumes": settings.volumes,
    }
    return {"terminationGracePeriodSeconds": settings.grace_seconds, **_given(optional)}


def _given(optional: Mapping[str, Any]) -> dict[str, Any]:
    """Fields that have something in them, by the API's names."""
    return {field: camel(value) for field, value in optional.items() if value}


def _plain(text: str, characters: int) -> str:
    """What the name of an object may hold of a text."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower())[:characters].strip("-") or "x"
