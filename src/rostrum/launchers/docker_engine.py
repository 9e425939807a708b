"""A Docker engine: the few calls that are made of it, with its errors as ours. The only file that knows the SDK."""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import socket
import threading
from collections.abc import Generator, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from rostrum.model.errors import ConfigError, RostrumError, Unavailable

USUAL_SOCKET = "unix:///var/run/docker.sock"
CALL_SECONDS = 10.0
"""How long any call may take but those that pull an image or follow a log."""
PULL_SECONDS = 900.0
_CONFLICT, _SERVER = 409, 500
_NOT_THERE = ("not found", "manifest unknown", "denied", "unauthorized", "invalid reference", "no basic auth")
"""In the text of a registry's refusal: trying again would not help."""

_MOMENT = re.compile(r"((?!0001)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)")
"""RFC 3339. (The year 1 stands for never.)"""


class Container(msgspec.Struct, frozen=True, kw_only=True):
    """A container as the engine sees it now."""

    id: str
    name: str
    state: str
    """`created`, `running`, `paused`, `restarting`, `removing`, `exited` or `dead`."""
    exit_code: int = 0
    out_of_memory: bool = False
    """The kernel has killed one of its processes at the memory limit."""
    error: str = ""
    """Why it could not be started."""
    finished_at: str = ""
    """RFC 3339, with nanoseconds."""
    labels: dict[str, str] = {}
    environment: dict[str, str] = {}
    memory_limit: int = 0

    @property
    def is_alive(self) -> bool:
        """It has been started and has not ended."""
        return self.state in {"running", "paused", "restarting", "removing"}

    def seconds_ended(self, now: datetime) -> float | None:
        """Since its end; None while it lives or when that is not known."""
        at = None if self.is_alive else moment(self.finished_at)
        return (now - at).total_seconds() if at is not None else None


class Engine:
    """One engine. Connects at its first use. Safe for several threads. Every method raises Unavailable where the
    engine does not answer.
    """

    def __init__(self, host: str | None = None) -> None:
        """`host`: address of the engine; None: as the variables of Docker say, else its usual socket."""
        self._host = host
        self._lock = threading.Lock()
        self._client: Any = None
        self._id = ""

    @property
    def id(self) -> str:
        """What tells this engine from others."""
        self._connected()
        return self._id

    def now(self) -> datetime:
        """The engine's clock, which the times of containers are told by."""
        with _told("the Docker engine"):
            told: str = self._connected().api.info().get("SystemTime", "")
        at = moment(told)
        if at is None:
            raise Unavailable(f"the Docker engine does not tell its time: {told!r}")
        return at

    def close(self) -> None:
        """Let connections go."""
        with self._lock:
            if self._client is not None:
                self._client.close()
            self._client = None

    def create(self, arguments: Mapping[str, Any], networks: Iterable[str] = ()) -> tuple[Container, bool]:
        """Make a container, or find the one that has its name (False). Raises RostrumError where image or network are
        missing, or the arguments are refused.
        """
        client, name = self._connected(), arguments["name"]
        with _told(f"container {name}"):
            try:
                made = client.containers.create(**arguments)
            except _errors().APIError as error:
                found = self.container(name) if error.status_code == _CONFLICT else None
                if found is None:
                    raise
                return found, False
            except (_errors().DockerException, TypeError, ValueError, KeyError, AttributeError) as error:
                # What the SDK itself does not take: the connection is there, and would raise its own kind of error.
                raise ConfigError(f"container {name} cannot be made with these settings: {error}") from None
            try:
                for network in networks:
                    client.networks.get(network).connect(made)
            except BaseException:
                self.remove(made.id)
                raise
            return _container(made.attrs), True

    def ensure_image(self, image: str, pull: str, credentials: Mapping[str, str] | None = None) -> None:
        """Have the image on the engine: `pull` is `missing`, `always` or `never`. Raises RostrumError where it cannot
        be had.
        """
        client = self._connected()
        with _told(f"image {image}"):
            if pull != "always":
                with contextlib.suppress(_errors().ImageNotFound):
                    client.images.get(image)
                    return
            if pull == "never":
                raise RostrumError(f"image {image} is not on the engine, and the setting `pull` is never")
        self._pull(image, credentials)

    def start(self, container: str) -> None:
        """Start a container that has been made. No error when it has been started before. Raises RostrumError where
        its command cannot be executed.
        """
        with _told(f"container {container}"):
            self._connected().api.start(container)

    def container(self, name: str) -> Container | None:
        """A container by id or name."""
        with _told(f"container {name}"):
            try:
                return _container(self._connected().api.inspect_container(name))
            except _errors().NotFound:
                return None

    def find(self, labels: Iterable[str], *, alive: bool) -> list[Container]:
        """Containers that have all these labels (`name` or `name=value`), those that live or those that have ended."""
        states = ["running", "paused", "restarting", "removing"] if alive else ["exited", "dead", "created"]
        with _told("containers"):
            found = self._connected().api.containers(
                all=True, filters={"label": list(labels), "status": [state for state in states if state != "removing"]}
            )
        return [
            Container(id=each["Id"], name=each["Names"][0].lstrip("/"), state=each["State"], labels=each["Labels"])
            for each in found
        ]

    def signal(self, container: str, signal: str) -> None:
        """Send a signal to its first process (SIGKILL ends all). No error when it has ended or is gone."""
        with _told(f"container {container}"):
            try:
                self._connected().api.kill(container, signal)
            except _errors().NotFound:
                return
            except _errors().APIError as error:
                if error.status_code != _CONFLICT and "is not running" not in str(error.explanation):
                    raise

    def remove(self, container: str) -> None:
        """Remove it, alive or not. No error when it is gone."""
        with _told(f"container {container}"):
            try:
                self._connected().api.remove_container(container, force=True, v=True)
            except _errors().NotFound:
                return
            except _errors().APIError as error:
                if error.status_code != _CONFLICT:  # it is being removed
                    raise

    def last_output(self, container: str, lines: int) -> str:
        """The last lines of what it has written; empty where its log cannot be read."""
        with _told(f"container {container}"):
            try:
                text: bytes = self._connected().api.logs(container, tail=lines)
            except _errors().APIError:
                return ""  # gone, or its log goes elsewhere
        return text.decode("utf-8", "replace").strip()

    def follow(self, container: str, *, errors: bool) -> Iterator[bytes]:
        """What it writes, from its start to its end, piece by piece; `errors`: to its standard error."""
        with _told(f"container {container}"):
            api = self._connected().api
            yield from api.logs(container, stream=True, follow=True, stdout=not errors, stderr=errors)

    def _pull(self, image: str, credentials: Mapping[str, str] | None) -> None:
        client = self._new_client(PULL_SECONDS)
        name, tag = _split(image)
        try:
            with _told(f"image {image}"):
                client.images.pull(name, tag=tag, auth_config=dict(credentials) if credentials else None)
        except Unavailable as error:
            if any(word in str(error).lower() for word in _NOT_THERE):
                raise RostrumError(
                    f"image {image} is neither on the engine nor to be had from its registry ({error}); check its "
                    "name and the setting `registry`"
                ) from None
            raise
        finally:
            client.close()

    def _connected(self) -> Any:
        _knock(self._host or os.environ.get("DOCKER_HOST") or USUAL_SOCKET)
        with self._lock:
            if self._client is None:
                client = self._new_client(CALL_SECONDS)
                with _told("the Docker engine"):
                    self._id = str(client.api.info().get("ID", ""))
                self._client = client
            return self._client

    def _new_client(self, seconds: float) -> Any:
        docker = _docker()
        with _told("the Docker engine"):
            if self._host is None:
                return docker.from_env(timeout=seconds)
            return docker.DockerClient(base_url=self._host, timeout=seconds)


def _knock(host: str) -> None:
    """Raise Unavailable at once, and by name, where nobody listens on an engine's socket on this machine."""
    scheme, _, path = host.partition("://")
    if scheme != "unix":
        return
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(CALL_SECONDS)
        try:
            line.connect(path)
        except OSError as error:
            raise Unavailable(f"the Docker engine does not answer: {host}: {error.strerror or error}") from None


def moment(text: str) -> datetime | None:
    """A time as the engine tells it, in whole seconds; None for one that is none."""
    found = _MOMENT.fullmatch(text)
    return datetime.fromisoformat(f"{found[1]}{found[2].replace('Z', '+00:00')}") if found else None


def _docker() -> Any:
    """The SDK, which takes a fifth of a second to load. Raises ConfigError where it is not installed."""
    try:
        return importlib.import_module("docker")
    except ModuleNotFoundError as error:
        raise ConfigError(f"Docker needs a package: pip install 'rostrum[docker]' ({error})") from None


def _errors() -> Any:
    _docker()
    return importlib.import_module("docker.errors")


@contextlib.contextmanager
def _told(what: str) -> Generator[None, None, None]:
    """Errors of the SDK and of the connection as ours."""
    errors = _errors()
    requests = importlib.import_module("requests.exceptions")
    try:
        yield
    except errors.ImageNotFound as error:
        raise RostrumError(f"{what}: {error.explanation}") from None
    except errors.APIError as error:
        text = f"{what}: {error.explanation or error}"
        if (error.status_code or _SERVER) >= _SERVER:
            raise Unavailable(text) from error
        raise RostrumError(text) from error
    except (errors.DockerException, requests.RequestException) as error:
        raise Unavailable(f"{what}: the Docker engine does not answer: {error}") from error


def _container(attrs: Mapping[str, Any]) -> Container:
    state, config = attrs["State"], attrs["Config"]
    host: Mapping[str, Any] = attrs.get("HostConfig") or {}
    pairs = [each.partition("=") for each in config.get("Env") or ()]
    return Container(
        id=attrs["Id"],
        name=attrs["Name"].lstrip("/"),
        state=state["Status"],
        exit_code=state.get("ExitCode") or 0,
        out_of_memory=bool(state.get("OOMKilled")),
        error=state.get("Error") or "",
        finished_at=state.get("FinishedAt") or "",
        labels=config.get("Labels") or {},
        environment={name: value for name, _, value in pairs},
        memory_limit=host.get("Memory") or 0,
    )


def _split(image: str) -> tuple[str, str | None]:
    """Name and tag; a digest belongs to the name. Without tag all would be pulled: the usual one is meant."""
    if "@" in image:
        return image, None
    name, colon, tag = image.rpartition(":")
    return (name, tag) if colon and "/" not in tag else (image, "latest")
