"""The API of a cluster: plain objects in and out, its errors as ours, with patience. The only file that knows the
Kubernetes client, of which it takes where the cluster is and how to log in there.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import threading
import zlib
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec

from rostrum.launchers.kubernetes_settings import part, parts
from rostrum.model.errors import ConfigError, RostrumError, Unavailable

CONNECT_SECONDS, READ_SECONDS = 3.0, 10.0
TRIES = 5
FIRST_PAUSE_SECONDS = 0.2
"""Doubles from try to try."""
LONGEST_PAUSE_SECONDS = 5.0
"""Also where the cluster asks for more."""
_NOT_FOUND, _CONFLICT, _TOO_MANY, _SERVER = 404, 409, 429, 500

Json = dict[str, Any]


class Refused(RostrumError):
    """The cluster has refused a request for good."""

    code = "kubernetes"

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """Where a cluster is."""

    load_incluster_config: bool | None = None
    """None: where this process is in a pod and `kubeconfig_file` is not set."""
    kubeconfig_file: str | None = None
    kube_context: str | None = None
    verify_ssl: bool = True


class Cluster:
    """The API of one cluster. Connects at its first use. Safe for several threads. Every method raises Unavailable
    where the cluster does not answer or has too much to do, also after some tries, and Refused where it says no.
    """

    def __init__(self, access: Access) -> None:
        self._access = access
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._client: Any = None

    @property
    def host(self) -> str:
        """Its address: what tells it from others."""
        return str(self._connected().configuration.host)

    @property
    def namespace(self) -> str | None:
        """The one that the kubeconfig's context names, if it does."""
        self._connected()
        config = importlib.import_module("kubernetes.config")
        with contextlib.suppress(config.ConfigException):
            contexts, active = config.list_kube_config_contexts(config_file=self._access.kubeconfig_file)
            wanted = self._access.kube_context
            named = active if wanted is None else next((each for each in contexts if each["name"] == wanted), active)
            return named["context"].get("namespace")
        return None

    def close(self) -> None:
        """Let connections go; whoever waits to try again gives up."""
        self._stopped.set()
        with self._lock:
            if self._client is not None:
                self._client.rest_client.pool_manager.clear()
            self._client = None

    def get(self, path: str, *, tries: int = TRIES, **query: Any) -> Json | None:
        """An object or a list; None where there is none."""
        try:
            return self._call("GET", path, query=query, tries=tries)
        except Refused as error:
            if error.status == _NOT_FOUND:
                return None
            raise

    def items(self, path: str, *, tries: int = TRIES, **query: Any) -> list[Json]:
        """All objects of a list, part by part."""
        found: list[Json] = []
        more = ""
        while True:
            answer = self._call("GET", path, query={**query, "limit": 500, "continue": more}, tries=tries)
            found += parts(answer, "items")
            more = str(part(answer, "metadata").get("continue") or "")
            if not more:
                return found

    def create(self, path: str, thing: Json) -> tuple[Json, bool]:
        """Create an object, or find the one that has its name (False)."""
        try:
            return self._call("POST", path, thing), True
        except Refused as error:
            found = self.get(f"{path}/{thing['metadata']['name']}") if error.status == _CONFLICT else None
            if found is None:
                raise
            return found, False

    def patch(self, path: str, change: Json) -> Json:
        """Merge a change into an object."""
        return self._call("PATCH", path, change, content="application/merge-patch+json")

    def delete(self, path: str, options: Json) -> None:
        """Delete an object. No error when it is gone."""
        try:
            self._call("DELETE", path, options)
        except Refused as error:
            if error.status not in {_NOT_FOUND, _CONFLICT}:  # a conflict: an object of that name came later
                raise

    def follow(self, path: str, **query: Any) -> Iterator[bytes]:
        """What an answer that does not end says, as it comes."""
        response = self._send("GET", _address(path, query), None, "application/json", None)
        try:
            if response.status >= 400:
                raise Refused(f"GET {path}: {_message(response.data)}", response.status)
            yield from response.stream(65536, decode_content=True)
        except Exception as error:
            if isinstance(error, RostrumError):
                raise
            raise Unavailable(f"GET {path}: {error}") from error
        finally:
            response.release_conn()
            response.close()

    def _call(
        self,
        method: str,
        path: str,
        body: Json | None = None,
        *,
        query: Mapping[str, Any] | None = None,
        content: str = "application/json",
        tries: int = TRIES,
    ) -> Json:
        """Every call may be repeated: objects have names of their own, and a second creation is a conflict."""
        told, pause = "", FIRST_PAUSE_SECONDS
        for number in range(1, tries + 1):
            asked = 0.0
            try:
                response = self._send(method, _address(path, query or {}), body, content, READ_SECONDS)
            except Unavailable as error:
                told = str(error)
            else:
                data: bytes = response.data
                answer = _json(data) if response.status < 400 else None
                if answer is not None:
                    return answer
                told = f"{method} {path}: {response.status}: {_message(data)}"
                if 400 <= response.status < _SERVER and response.status != _TOO_MANY:
                    raise Refused(_explained(told, response.status), response.status)
                asked = _seconds(response.headers.get("Retry-After"))
            # Spread, so that many who were turned away together do not come back together.
            spread = 0.75 + zlib.crc32(f"{path}{number}".encode()) % 500 / 1000
            wait = min(LONGEST_PAUSE_SECONDS, max(asked, pause * spread))
            if number < tries and self._stopped.wait(wait):
                break
            pause *= 2
        raise Unavailable(f"the Kubernetes API does not answer: {told}")

    def _send(self, method: str, address: str, body: Json | None, content: str, seconds: float | None) -> Any:
        client = self._connected()
        urllib3 = importlib.import_module("urllib3")
        headers = {"Accept": "application/json", "Content-Type": content, "User-Agent": "rostrum"}
        for each in client.configuration.auth_settings().values():
            if each.get("in") == "header" and each.get("value"):
                headers[each["key"]] = each["value"]
        try:
            return client.rest_client.pool_manager.request(
                method,
                f"{client.configuration.host}{address}",
                body=msgspec.json.encode(body) if body is not None else None,
                headers=headers,
                timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=seconds),
                retries=False,
                preload_content=seconds is not None,
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Unavailable(f"{method} {client.configuration.host}{address}: {error}") from error

    def _connected(self) -> Any:
        with self._lock:
            if self._client is None:
                self._client = _client(self._access)
            return self._client


def _client(access: Access) -> Any:
    """A client that knows where and who. Raises ConfigError where that is not to be found."""
    try:
        client = importlib.import_module("kubernetes.client")
        config = importlib.import_module("kubernetes.config")
    except ModuleNotFoundError as error:
        raise ConfigError(f"Kubernetes needs a package: pip install 'rostrum[kubernetes]' ({error})") from None
    settings = client.Configuration()
    inside = access.load_incluster_config
    if inside is None:
        inside = access.kubeconfig_file is None and "KUBERNETES_SERVICE_HOST" in os.environ
    try:
        if inside:
            config.load_incluster_config(client_configuration=settings)
        else:
            config.load_kube_config(
                config_file=access.kubeconfig_file, context=access.kube_context, client_configuration=settings
            )
    except config.ConfigException as error:
        raise ConfigError(
            f"where the Kubernetes cluster is cannot be told: {error}; set kubeconfig_file among the settings, or run "
            "in a pod with a service account"
        ) from None
    if not access.verify_ssl:
        settings.verify_ssl = False
    return client.ApiClient(settings)


def _address(path: str, query: Mapping[str, Any]) -> str:
    given = {name: value for name, value in query.items() if value not in (None, "")}
    return f"{path}?{urlencode(given)}" if given else path


def _json(data: bytes) -> Json | None:
    """An object of the API; None for what somebody else has answered, a proxy for one."""
    with contextlib.suppress(msgspec.MsgspecError):
        return msgspec.json.decode(data, type=Json)
    return None


def _message(data: bytes) -> str:
    answer = _json(data)
    return str(answer.get("message") or "") if answer is not None else data[:500].decode("utf-8", "replace")


def _explained(told: str, status: int) -> str:
    hint = {
        401: "; the cluster does not accept these credentials",
        403: "; give the service account a role that may do this (docs/deployment.md lists what it needs)",
    }.get(status, "")
    return told + hint


def _seconds(text: str | None) -> float:
    return float(text) if text is not None and text.isdecimal() else 0.0
