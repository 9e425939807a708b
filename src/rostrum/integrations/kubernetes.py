"""Kubernetes: Pipes to a pod, which tells what it has made in its output or by a reader of your own."""

from __future__ import annotations

import contextlib
import re
import secrets
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rostrum.definitions.contexts.step import OpExecutionContext
from rostrum.interfaces.launching import WorkerStatus
from rostrum.launchers.kubernetes_api import Access, Cluster, Json
from rostrum.launchers.kubernetes_manifests import label_value
from rostrum.launchers.kubernetes_settings import camel, part, parts
from rostrum.launchers.kubernetes_status import hopeless, is_waiting_for_image, worker_status
from rostrum.model.errors import PipesExecutionError, RostrumError, Unavailable
from rostrum.pipes.clients import PipesClient
from rostrum.pipes.injectors import PipesContextInjector, PipesEnvContextInjector
from rostrum.pipes.lines import Lines, PipesLinesMessageReader
from rostrum.pipes.messages import PipesMessageReader
from rostrum.pipes.readers import thread_of_step
from rostrum.pipes.session import PipesClientCompletedInvocation, open_pipes_session

CONTAINER = "dagster-pipes-execution"
"""Name of the container where `base_pod_spec` names none."""
_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_IMAGE_PATIENCE_SECONDS = 60.0
_OUTPUT_SECONDS = 10.0
"""How long the rest of the output may take after the end of the pod."""
_AGAIN_SECONDS = 1.0


class PipesK8sPodLogsMessageReader(PipesLinesMessageReader):
    """Messages among what the pod writes; a pod has one log for both of its streams."""

    def __init__(self) -> None:
        super().__init__("stdout")


class PipesK8sClient(PipesClient):
    """Starts a pod for a step and waits for its end. A resource.

    `env` holds for all runs. By default the context is in the environment of the container and messages are read from
    its log; its other output is the step's. When the step is interrupted the pod is deleted, which asks it to end; it
    is deleted in any case. The cluster is the one that this process is in, or that of `kubeconfig_file` (by default the
    usual one) and `kube_context`. `poll_interval`: seconds between two questions about the pod.
    """

    def __init__(
        self,
        env: Mapping[str, str] | None = None,
        context_injector: PipesContextInjector | None = None,
        message_reader: PipesMessageReader | None = None,
        load_incluster_config: bool | None = None,
        kubeconfig_file: str | None = None,
        kube_context: str | None = None,
        poll_interval: float | None = 1.0,
    ) -> None:
        self.env = dict(env or {})
        self.context_injector = context_injector or PipesEnvContextInjector()
        self.message_reader = message_reader or PipesK8sPodLogsMessageReader()
        self.poll_interval = poll_interval or 1.0
        self._access = Access(
            load_incluster_config=load_incluster_config, kubeconfig_file=kubeconfig_file, kube_context=kube_context
        )

    def run(  # pyright: ignore[reportIncompatibleMethodOverride] - what is run is each client's own
        self,
        *,
        context: OpExecutionContext,
        extras: Mapping[str, Any] | None = None,
        image: str | None = None,
        command: str | Sequence[str] | None = None,
        namespace: str | None = None,
        env: Mapping[str, str] | None = None,
        base_pod_meta: Mapping[str, Any] | None = None,
        base_pod_spec: Mapping[str, Any] | None = None,
        ignore_containers: set[str] | None = None,
        enable_multi_container_logs: bool = False,
        pod_wait_timeout: float = 86_400.0,
    ) -> PipesClientCompletedInvocation:
        """Start a pod of an image, or of `base_pod_spec` (with fields in camel or snake case), whose first container
        gets what is given here. The end of containers named by `ignore_containers` is not waited for. Raises
        PipesExecutionError when another one ends with another status than 0, cannot start, or does not end within
        `pod_wait_timeout` seconds.
        """
        cluster = Cluster(self._access)
        try:
            with open_pipes_session(context, self.context_injector, self.message_reader, extras) as session:
                pod = pod_manifest(
                    name=_name(context),
                    labels=session.default_remote_invocation_info,
                    image=image,
                    command=command,
                    env={**self.env, **(env or {}), **session.get_bootstrap_env_vars()},
                    meta=base_pod_meta or {},
                    spec=base_pod_spec or {},
                )
                where = namespace or pod["metadata"].get("namespace") or _own_namespace(cluster)
                pod["metadata"]["namespace"] = where
                names = [each["name"] for each in parts(pod["spec"], "containers")]
                waited_for = [name for name in names if name not in (ignore_containers or set())]
                logged = waited_for if enable_multi_container_logs else names[:1]
                running = _Pod(cluster, pod, self.message_reader, self.poll_interval, pod_wait_timeout)
                why = running.run(context, waited_for, logged)
                if why is not None:
                    raise PipesExecutionError(f"Pod {pod['metadata']['name']} in namespace {where} failed: {why}")
            return PipesClientCompletedInvocation(session)
        finally:
            cluster.close()


def pod_manifest(
    *,
    name: str,
    labels: Mapping[str, str],
    image: str | None,
    command: str | Sequence[str] | None,
    env: Mapping[str, str],
    meta: Mapping[str, Any],
    spec: Mapping[str, Any],
) -> Json:
    """The pod. Raises PipesExecutionError where nothing names its image."""
    pod: Json = camel(spec)
    first, *beside = parts(pod, "containers") or [Json()]
    container: Json = {"name": CONTAINER, **first}
    if image is not None:
        container["image"] = image
    if "image" not in container:
        raise PipesExecutionError("No image is named for the pod: give image=, or one in base_pod_spec.")
    if command is not None:
        container["command"] = [command] if isinstance(command, str) else [str(each) for each in command]
    given = {name: {"name": name, "value": value.replace("$(", "$$(")} for name, value in env.items()}
    before = [each for each in parts(container, "env") if each.get("name") not in given]
    container["env"] = [*before, *given.values()]
    metadata: Json = camel(meta)
    told = {label_value(key.rpartition("/")[2]): label_value(value) for key, value in labels.items()}
    metadata["labels"] = {**{f"rostrum/{key}": value for key, value in told.items()}, **part(metadata, "labels")}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, **metadata},
        "spec": {"restartPolicy": "Never", **pod, "containers": [container, *beside]},
    }


class _Pod:
    """One pod from its creation to its end."""

    def __init__(
        self, cluster: Cluster, manifest: Json, reader: PipesMessageReader, poll_seconds: float, timeout_seconds: float
    ) -> None:
        self._cluster, self._manifest, self._reader = cluster, manifest, reader
        self._poll_seconds, self._timeout_seconds = poll_seconds, timeout_seconds
        self._pods = f"/api/v1/namespaces/{manifest['metadata']['namespace']}/pods"
        self._path = f"{self._pods}/{manifest['metadata']['name']}"
        self._has_ended = threading.Event()
        self._pause = threading.Event()

    def run(self, context: OpExecutionContext, waited_for: Sequence[str], logged: Sequence[str]) -> str | None:
        """Create, wait, delete; why it failed, None when it has succeeded."""
        followers = [thread_of_step("pipes-pod", self._follow, name) for name in logged]
        self._cluster.create(self._pods, self._manifest)
        try:
            for follower in followers:
                follower.start()
            return self._wait(waited_for)
        except BaseException:  # an interrupt of the step, most of all
            context.log.info("[pipes] execution interrupted, deleting pod...")
            raise
        finally:
            self._has_ended.set()
            with contextlib.suppress(RostrumError):
                self._finish(followers)

    def _wait(self, names: Sequence[str]) -> str | None:
        began, waiting_since = time.monotonic(), None
        while True:
            statuses = self._statuses(names)
            if statuses is None:
                return "it has been deleted"
            now = time.monotonic()
            if any(map(is_waiting_for_image, statuses)):
                waiting_since = waiting_since or now
            else:
                waiting_since = None
            waited = now - waiting_since if waiting_since is not None else 0.0
            judged = [hopeless(status, waited, _IMAGE_PATIENCE_SECONDS) for status in statuses]
            bad = next((status for status in judged if status.state == "exited" and status.exit_code != 0), None)
            if bad is not None:
                return bad.reason or "it has ended"
            if all(status.state == "exited" for status in judged):
                return None
            if now - began > self._timeout_seconds:
                return f"it has not ended within {self._timeout_seconds:g} s ({judged[0].reason or judged[0].state})"
            self._pause.wait(self._poll_seconds)

    def _statuses(self, names: Sequence[str]) -> list[WorkerStatus] | None:
        pod = self._cluster.get(self._path)
        return None if pod is None else [worker_status(None, [pod], name) for name in names]

    def _finish(self, followers: Sequence[threading.Thread]) -> None:
        """Delete the pod, and take the rest of what it says: also of one that is asked to end."""
        if self._is_alive():
            self._cluster.delete(self._path, {})
        until = time.monotonic() + _OUTPUT_SECONDS
        for follower in followers:
            follower.join(max(0.0, until - time.monotonic()))
        self._cluster.delete(self._path, {})

    def _is_alive(self) -> bool:
        pod = self._cluster.get(self._path, tries=1)
        return pod is not None and part(pod, "status").get("phase") in {"Pending", "Running"}

    def _follow(self, container: str) -> None:
        """Lines of a container's log, each once. (A thread of the step.)"""
        reader = self._reader
        log = PodLog(
            self._cluster,
            f"{self._path}/log",
            container,
            reader.take_line if isinstance(reader, PipesLinesMessageReader) else _show,
        )
        until: float | None = None
        while until is None or time.monotonic() < until:
            if self._has_ended.is_set() and until is None:
                until = time.monotonic() + _OUTPUT_SECONDS
            try:
                statuses = self._statuses([container])
                is_over = statuses is None or statuses[0].state == "exited"
                if log.follow() == 0 and is_over:
                    return  # nothing has come after its end
            except RostrumError as error:  # mostly: the container has not started yet
                if until is not None:
                    sys.stderr.write(f"The log of container {container} cannot be followed any more: {error}\n")
                    return
            self._has_ended.wait(min(_AGAIN_SECONDS, self._poll_seconds))


class PodLog:
    """The log of a container, followed as often as the connection breaks: every line is given to `take` once."""

    def __init__(self, cluster: Cluster, path: str, container: str, take: Callable[[str], None]) -> None:
        self._cluster, self._path, self._container, self._take = cluster, path, container, take
        self._taken = 0
        self._last = ""
        """When the last line that was taken has been written."""

    def follow(self) -> int:
        """Take lines until the log ends, or the connection; how many were new. Raises RostrumError where there is no
        log.
        """
        since = {"sinceTime": f"{self._last[:19]}Z"} if self._last else {}  # whole seconds: some lines come again
        lines, before = Lines(), self._taken
        query = {"container": self._container, "follow": "true", "timestamps": "true", **since}
        try:
            for data in self._cluster.follow(self._path, **query):
                for line in lines.add(data):
                    self._take_new(line)
        except Unavailable:
            return self._taken - before + 1  # what is left in `lines` is half a line, which comes again
        for line in lines.end():
            self._take_new(line)
        return self._taken - before

    def _take_new(self, line: str) -> None:
        told, _, text = line.partition(" ")
        seconds, _, fraction = told.rstrip("Z").partition(".")
        at = f"{seconds}.{fraction:0<9}"
        if at > self._last:
            self._last = at
            self._taken += 1
            self._take(text)


def _show(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _own_namespace(cluster: Cluster) -> str:
    """That of the pod which this process is in, or of the context."""
    with contextlib.suppress(OSError):
        return _SERVICE_ACCOUNT.read_text(encoding="utf-8").strip()
    return cluster.namespace or "default"


def _name(context: OpExecutionContext) -> str:
    step = re.sub(r"[^a-z0-9]+", "-", context.step_key.lower())[:24].strip("-")
    return f"rostrum-pipes-{context.run_id[:8]}-{step}-{context.retry_number}-{secrets.token_hex(4)}"
