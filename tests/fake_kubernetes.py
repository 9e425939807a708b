"""A small API server of a Kubernetes cluster, with a kubelet that runs containers as processes of this machine.

It knows jobs, pods and secrets, with what the launcher and the Pipes client rely on: names that are unique (409),
selectors by label, lists in parts, suspended jobs, owners, deletion in the foreground with grace, statuses of pods,
logs that are followed. Every object that is created is checked strictly against the published schemas. Tests can make
it refuse, lose nodes, or say of a pod what they like.
"""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import urllib.parse
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import kubernetes_validate
import yaml

Json = dict[str, Any]
VERSION = "1.30"
"""Schemas that objects are checked against."""
START = datetime(2026, 1, 1, tzinfo=UTC)
_PATH = re.compile(r"/(?:api/v1|apis/batch/v1)/namespaces/([^/]+)/(jobs|pods|secrets)(?:/([^/]+))?(/log)?")
_KINDS = {"jobs": "Job", "pods": "Pod", "secrets": "Secret"}


class FakeKubernetes:
    """The cluster. Thread-safe by one lock."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="fk-"))
        self.lock = threading.RLock()
        self.objects: dict[tuple[str, str, str], Json] = {}
        self.processes: dict[tuple[str, str], subprocess.Popen[bytes]] = {}
        self.requests: list[tuple[str, str]] = []
        self.failures: list[tuple[Callable[[str, str], bool], int, dict[str, str]]] = []
        """What the next requests that match are answered with."""
        self.hold: Callable[[Json], bool] = lambda _pod: False
        """Pods that stay pending."""
        self.page: bytes | None = None
        """What a proxy says to everything."""
        self.break_logs_after: int | None = None
        """The next log that is followed breaks off after so many lines."""
        self.token = "the-token-of-the-service-account"
        self._number = 0
        self._threads: list[threading.Thread] = []
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    # --- for tests

    @property
    def kubeconfig(self) -> str:
        """A file that tells where the cluster is."""
        path = self.folder / "config"
        path.write_text(
            yaml.safe_dump(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "current-context": "fake",
                    "clusters": [{"name": "fake", "cluster": {"server": self.url}}],
                    "users": [{"name": "fake", "user": {"token": self.token}}],
                    "contexts": [{"name": "fake", "context": {"cluster": "fake", "user": "fake"}}],
                }
            )
        )
        return str(path)

    def fail(self, method: str, status: int, times: int, *, kind: str = "", **headers: str) -> None:
        """Answer the next requests of a method so."""
        for _ in range(times):
            self.failures.append((lambda asked, path: asked == method and kind in path, status, headers))

    def all(self, plural: str) -> list[Json]:
        """Objects of a kind."""
        with self.lock:
            return [json.loads(json.dumps(thing)) for key, thing in self.objects.items() if key[1] == plural]

    def say(self, job: str, status: Json) -> None:
        """Have the status of a job's pod be so."""
        with self.lock:
            for pod in self._pods_of(job):
                pod["status"] = {**pod.get("status", {}), **status}

    def kill(self, job: str, *, reason: str = "Error") -> None:
        """Kill a job's pod, as the kernel does."""
        with self.lock:
            for pod in self._pods_of(job):
                pod["metadata"].setdefault("annotations", {})["killed-for"] = reason
                self._signal(pod, signal.SIGKILL)

    def close(self) -> None:
        """Leave no process behind."""
        with self.lock:
            for process in self.processes.values():
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        for thread in self._threads:
            thread.join(5)
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- the API

    def answer(self, method: str, address: str, body: Json | None) -> tuple[int, Json | bytes | Callable[[Any], None]]:
        """Status and body of an answer."""
        url = urllib.parse.urlsplit(address)
        query = dict(urllib.parse.parse_qsl(url.query))
        found = _PATH.fullmatch(url.path)
        if found is None:
            return 404, {"message": "the server could not find the requested resource"}
        namespace, plural, name, log = found.groups()
        with self.lock:
            self.requests.append((method, url.path))
            for place, (matches, status, _headers) in enumerate(self.failures):
                if matches(method, url.path):
                    del self.failures[place]
                    return status, {"message": "as the test wants"}
            if namespace == "nowhere":
                return 403, {"message": f'{plural} is forbidden: User "rostrum" cannot {method} in "{namespace}"'}
            if log:
                return self._log(namespace, name, query)
            match method:
                case "GET" if name is None:
                    return 200, self._list(namespace, plural, query)
                case "POST":
                    return self._create(namespace, plural, body or {})
                case _:
                    thing = self.objects.get((namespace, plural, name))
                    if thing is None:
                        return 404, {"message": f'{plural} "{name}" not found'}
                    if method == "PATCH":
                        _merge(thing, body or {})
                        self._let_go(thing)
                    elif method == "DELETE":
                        wanted = (body or {}).get("preconditions", {}).get("uid")
                        if wanted not in {None, thing["metadata"]["uid"]}:
                            return 409, {"message": "the UID in the precondition does not match"}
                        self._delete(plural, thing, body or {})
                    return 200, thing

    def _list(self, namespace: str, plural: str, query: dict[str, str]) -> Json:
        wanted = [each.partition("=") for each in query.get("labelSelector", "").split(",") if each]
        items = [
            thing
            for (where, kind, _), thing in self.objects.items()
            if (where, kind) == (namespace, plural)
            and all(thing["metadata"].get("labels", {}).get(name) == value for name, _, value in wanted)
        ]
        begin = int(query.get("continue") or 0)
        end = begin + min(int(query.get("limit") or 500), 2)  # in small parts, so that they are put together
        more = {"continue": str(end)} if end < len(items) else {}
        return {"kind": f"{_KINDS[plural]}List", "metadata": more, "items": items[begin:end]}

    def _create(self, namespace: str, plural: str, thing: Json) -> tuple[int, Json]:
        name = thing["metadata"]["name"]
        if (namespace, plural, name) in self.objects:
            return 409, {"message": f'{plural} "{name}" already exists'}
        try:
            kubernetes_validate.validate(thing, VERSION, strict=True)
        except kubernetes_validate.ValidationError as error:
            return 422, {"message": f"{_KINDS[plural]} is invalid: {error}"}
        self._number += 1
        created = (START + timedelta(seconds=self._number)).strftime("%Y-%m-%dT%H:%M:%SZ")
        thing["metadata"] |= {"namespace": namespace, "uid": f"uid-{self._number}", "creationTimestamp": created}
        thing.setdefault("status", {})
        self.objects[namespace, plural, name] = thing
        if plural == "jobs":
            self._let_go(thing)
        elif plural == "pods":
            self._start(thing)
        return 201, thing

    def _let_go(self, job: Json) -> None:
        """What the controller of jobs does: one pod of a job that is not suspended."""
        name = job["metadata"]["name"]
        if job["kind"] != "Job" or job["spec"].get("suspend") or self._pods_of(name):
            return
        template = job["spec"]["template"]
        metadata: Json = json.loads(json.dumps(template["metadata"])) | {"name": f"{name}-x{self._number}"}
        metadata["labels"]["job-name"] = name
        metadata["ownerReferences"] = [
            {"apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": job["metadata"]["uid"]}
        ]
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}
        status, told = self._create(job["metadata"]["namespace"], "pods", json.loads(json.dumps(pod)))
        assert status == 201, told

    def _pods_of(self, job: str) -> list[Json]:
        pods = [thing for (_, plural, _), thing in self.objects.items() if plural == "pods"]
        return [pod for pod in pods if pod["metadata"].get("labels", {}).get("job-name") == job]

    # --- the kubelet

    def _start(self, pod: Json) -> None:
        container = pod["spec"]["containers"][0]
        pod["status"] = {"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "True"}]}
        if self.hold(pod):
            return
        key = pod["metadata"]["namespace"], pod["metadata"]["name"]
        output = (self.folder / f"{key[1]}.log").open("wb")
        process = subprocess.Popen(
            [*container.get("command", ()), *container.get("args", ())],
            env=self._environment(key[0], container),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        output.close()
        self.processes[key] = process
        pod["status"] |= {
            "phase": "Running",
            "containerStatuses": [{"name": container["name"], "state": {"running": {}}}],
        }
        thread = threading.Thread(target=self._reap, args=(key, process), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _environment(self, namespace: str, container: Json) -> dict[str, str]:
        found: dict[str, str] = {"PATH": os.environ["PATH"], "HOME": str(self.folder)}
        for source in container.get("envFrom", ()):
            name = source["secretRef"]["name"]
            values: dict[str, str] = self.objects[namespace, "secrets", name]["stringData"]
            found |= values
        given: list[dict[str, str]] = container.get("env", [])
        found.update({each["name"]: each["value"].replace("$$(", "$(") for each in given})
        return found

    def _reap(self, key: tuple[str, str], process: subprocess.Popen[bytes]) -> None:
        code = process.wait()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # the namespace of the first process ends with it
        with self.lock:
            pod = self.objects.get((key[0], "pods", key[1]))
            if pod is None:
                return
            told = 128 - code if code < 0 else code
            reason = pod["metadata"].get("annotations", {}).get("killed-for") or ("Error" if told else "Completed")
            state = {"terminated": {"exitCode": told, "reason": reason}}
            name = pod["spec"]["containers"][0]["name"]
            pod["status"] = {
                "phase": "Failed" if told else "Succeeded",
                "containerStatuses": [{"name": name, "state": state}],
            }
            owner = pod["metadata"].get("ownerReferences", [{}])[0].get("name")
            job = self.objects.get((key[0], "jobs", owner or ""))
            if job is not None:
                kind = "Failed" if told else "Complete"
                job["status"]["conditions"] = [{"type": kind, "status": "True", "reason": "BackoffLimitExceeded"}]
            if pod["metadata"].get("deletionTimestamp"):
                del self.objects[key[0], "pods", key[1]]
            if job is not None and job["metadata"].get("deletionTimestamp"):
                self._forget(job)

    def _delete(self, plural: str, thing: Json, options: Json) -> None:
        metadata = thing["metadata"]
        metadata["deletionTimestamp"] = START.isoformat()
        if plural == "pods":
            self._end(thing, options.get("gracePeriodSeconds"))
        elif plural == "jobs":
            pods = self._pods_of(metadata["name"])
            for pod in pods:
                self._end(pod, None)
            if not self._pods_of(metadata["name"]):
                self._forget(thing)

    def _end(self, pod: Json, grace: float | None) -> None:
        pod["metadata"]["deletionTimestamp"] = START.isoformat()
        key = pod["metadata"]["namespace"], pod["metadata"]["name"]
        process = self.processes.get(key)
        if process is None or process.poll() is not None:
            self.objects.pop((key[0], "pods", key[1]), None)
            return
        self._signal(pod, signal.SIGTERM)
        seconds = pod["spec"].get("terminationGracePeriodSeconds", 30) if grace is None else grace
        timer = threading.Timer(min(seconds, 1) * 0.3 if grace is not None else seconds, self._kill, [process])
        timer.daemon = True
        timer.start()

    def _forget(self, job: Json) -> None:
        """Remove a job and what belongs to it."""
        uid = job["metadata"]["uid"]
        for key, thing in list(self.objects.items()):
            owners = [each["uid"] for each in thing["metadata"].get("ownerReferences", ())]
            if thing is job or uid in owners:
                del self.objects[key]

    def _signal(self, pod: Json, number: int) -> None:
        process = self.processes.get((pod["metadata"]["namespace"], pod["metadata"]["name"]))
        if process is not None and process.poll() is None:
            process.send_signal(number)

    def _kill(self, process: subprocess.Popen[bytes]) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    def _log(self, namespace: str, name: str, query: dict[str, str]) -> tuple[int, Any]:
        file = self.folder / f"{name}.log"
        if not file.exists():
            return 400, {"message": "container is waiting to start"}
        process = self.processes[namespace, name]
        since = query.get("sinceTime", "")
        breaks, self.break_logs_after = self.break_logs_after, None

        def stream(output: Any) -> None:
            ended, number, rest = query.get("follow") != "true", 0, b""
            with file.open("rb") as log:
                while True:
                    *lines, rest = (rest + log.read(65536)).split(b"\n")
                    for line in lines:
                        number += 1
                        at = (START + timedelta(milliseconds=number)).strftime("%Y-%m-%dT%H:%M:%S.%f") + "000Z"
                        if at[:19] >= since[:19]:
                            told = (f"{at} ".encode() if query.get("timestamps") else b"") + line + b"\n"
                            output.write(f"{len(told):x}\r\n".encode() + told + b"\r\n")
                        if breaks is not None and number >= breaks:
                            return
                    output.flush()
                    if ended and not lines:
                        output.write(b"0\r\n\r\n")
                        return
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        process.wait(0.02)
                        ended = True

        return 200, stream


def _merge(thing: Json, change: Json) -> None:
    for key, value in change.items():
        if value is None:
            thing.pop(key, None)
        elif isinstance(value, dict) and isinstance(thing.get(key), dict):
            _merge(thing[key], value)  # type: ignore[arg-type]
        else:
            thing[key] = value


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, cluster: FakeKubernetes) -> None:
        self.cluster = cluster
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PATCH(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""

    def _answer(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(size)) if size else None
        assert isinstance(self.server, _Server)
        cluster = self.server.cluster
        headers: dict[str, str] = {}
        with cluster.lock:
            if self.headers.get("Authorization") != f"Bearer {cluster.token}":
                status, told = 401, {"message": "Unauthorized"}
            else:
                first = cluster.failures[0][2] if cluster.failures else {}
                status, told = cluster.answer(self.command, self.path, body)  # type: ignore[assignment]
                headers = first if status in {429, 503} else {}
            data = b"" if callable(told) else cluster.page or json.dumps(told).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if callable(told):
            self.send_header("Transfer-Encoding", "chunked")
            self.send_header("Connection", "close")
            self.end_headers()
            self.close_connection = True
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                told(self.wfile)  # type: ignore[operator]
            return
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.wfile.write(data)
