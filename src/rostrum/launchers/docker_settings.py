"""Settings of the Docker launcher, and what a worker's container is made with: pure."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast

import msgspec

from rostrum.interfaces.launching import LaunchSpec, WorkerRef
from rostrum.interfaces.worker_environment import worker_command, worker_variables
from rostrum.launchers.requests import (
    check_gateway,
    chosen_image,
    environment_of,
    forwarded,
    processors,
    size_of_memory,
    told_code,
    wanted,
)
from rostrum.model.errors import ConfigError, RostrumError

NAME = "docker"
RUN, EPOCH, STEP, ATTEMPT, JOB = "rostrum.run", "rostrum.epoch", "rostrum.step", "rostrum.attempt", "rostrum.job"
REMOVE_AFTER = "rostrum.remove_after"
"""Label: seconds after its end when any launcher may remove the container."""
OURS = frozenset({"name", "command", "labels", "detach", "auto_remove", "remove", "restart_policy", "tty"})
"""Arguments of a container that are not for `container_kwargs`."""

Seconds = Annotated[float, msgspec.Meta(ge=0)]


class Registry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where images come from, and how to log in there. Passwords belong into variables: `{env: NAME}`."""

    url: str
    username: str
    password: str | dict[str, str]


class DockerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """All settings, as they are for one code location."""

    image: str | None = None
    """Of runs and steps whose tags name none."""
    allowed_images: list[str] | None = None
    """Patterns of images that tags may name, such as `registry.example/shop*`; None: any."""
    command: list[str] = msgspec.field(default_factory=lambda: ["rostrum"])
    """What is before `run-worker` and `step-worker`."""
    code: dict[str, Any] | None = None
    """What workers import: `module_name` or `python_file`, with `working_directory` and `attribute`; None: as in the
    workspace file, or as the image's variable ROSTRUM_CODE says."""
    env_vars: list[str] | dict[str, str] = []
    """`NAME=value`, or `NAME` to hand on a variable of the launching process."""
    network: str | None = None
    networks: list[str] = []
    volumes: list[str] = []
    """`/there:/here` or `/there:/here:ro`, or the name of a volume before the colon."""
    cpu: str | None = None
    memory: str | None = None
    """Limits, where tags ask for none: `0.5`, `512Mi`."""
    container_kwargs: dict[str, Any] = {}
    """Further arguments of a container, by the names of the Docker SDK for Python. `auto_remove: true` is taken for
    `remove_after: 0`: how a container ended has to be read before it is gone."""
    registry: Registry | None = None
    pull: Literal["missing", "always", "never"] = "missing"
    init: bool = True
    """A small first process hands signals on and reaps what is left."""
    remove_after: Seconds | None = 3600.0
    """After its end a container is kept for so long, for `docker logs`; None: for ever."""
    host: str | None = None
    """Address of the engine; None: as the variables of Docker say, else its usual socket."""

    def __post_init__(self) -> None:
        if isinstance(self.container_kwargs.get("auto_remove"), bool):
            others = dict(self.container_kwargs)
            if others.pop("auto_remove"):
                msgspec.structs.force_setattr(self, "remove_after", 0.0)
            msgspec.structs.force_setattr(self, "container_kwargs", others)
        wrong = sorted(OURS.intersection(self.container_kwargs))
        if wrong:
            raise ValueError(f"container_kwargs: {', '.join(wrong)} is the launcher's own")
        twice = [key for key in ("network", "network_mode") if self.all_networks and key in self.container_kwargs]
        if twice:
            raise ValueError(f"container_kwargs: {twice[0]} is given beside the settings network or networks; keep one")
        told_code(self.code, NAME)

    @property
    def all_networks(self) -> list[str]:
        """All networks, the one that the container starts in first."""
        return list(dict.fromkeys([*([self.network] if self.network else []), *self.networks]))


def credentials(registry: Registry | None) -> dict[str, str] | None:
    """Name and password for a registry. Raises RostrumError naming a variable that is not set."""
    if registry is None:
        return None
    password = registry.password
    if not isinstance(password, str):
        name = password.get("env", "")
        if name not in os.environ:
            raise RostrumError(f"launcher docker: registry.password: the variable {name or '(none named)'} is not set")
        password = os.environ[name]
    return {"username": registry.username, "password": password, "serveraddress": registry.url}


def container_name(spec: LaunchSpec | WorkerRef) -> str:
    """The name that only this worker's container has: what makes a launch idempotent."""
    run_id = spec.run.run_id if isinstance(spec, LaunchSpec) else spec.run_id
    base = f"rostrum-{run_id}-{spec.epoch}"
    step = spec.step if isinstance(spec, LaunchSpec) else spec
    key = step.step_key if step is not None else None
    if key is None or step is None:
        return base
    readable = re.sub(r"[^A-Za-z0-9_.-]+", "-", key).strip("-.")[:40]
    return f"{base}-{readable}-{hashlib.sha256(key.encode()).hexdigest()[:8]}-{step.attempt}"


def container_arguments(spec: LaunchSpec, settings: DockerSettings, environment: Mapping[str, str]) -> dict[str, Any]:
    """Arguments for `containers.create` of the Docker SDK. `environment`: of the launching process. Raises ConfigError
    or RostrumError for what no container can be made of.
    """
    check_gateway(spec, [each.partition(":")[0] for each in settings.volumes])
    wish = wanted(spec)
    variables = worker_variables(spec, settings.code)
    kwargs = dict(settings.container_kwargs)
    cpu = wish.cpu or (processors(settings.cpu, "launcher docker: cpu") if settings.cpu else None)
    memory = wish.memory or (size_of_memory(settings.memory, "launcher docker: memory") if settings.memory else None)
    if cpu is not None:
        kwargs["nano_cpus"] = int(cpu * 1e9)
    if memory is not None:
        # Without this an engine lets a container use as much swap again: it would get slow before it is killed.
        kwargs |= {"mem_limit": memory, "memswap_limit": memory}
    networks = settings.all_networks
    if networks:
        kwargs["network"] = networks[0]
    told = _mapping(kwargs.pop("environment", None), environment)
    return {
        "init": settings.init,
        **kwargs,
        "image": chosen_image(spec, wish, settings.image, settings.allowed_images),
        "name": container_name(spec),
        "command": [*settings.command, *worker_command(spec)[1:]],
        "detach": True,
        "environment": {
            **told,
            **forwarded(settings.env_vars, environment, "launcher docker: env_vars"),
            **environment_of(spec),
            **variables.plain,
            **variables.secret,
        },
        "labels": labels(spec, settings),
        "volumes": _joined_volumes(kwargs.pop("volumes", None), settings.volumes),
    }


def labels(spec: LaunchSpec, settings: DockerSettings) -> dict[str, str]:
    """Labels by which the container is found again. Nothing in them is secret."""
    found = {f"rostrum.{name}": value for name, value in spec.labels.items()}
    found |= {RUN: spec.run.run_id, EPOCH: str(spec.epoch), JOB: spec.run.target.job}
    if spec.step is not None:
        found |= {STEP: spec.step.step_key, ATTEMPT: str(spec.step.attempt)}
    if settings.remove_after is not None:
        found[REMOVE_AFTER] = f"{settings.remove_after:g}"
    return found


def _mapping(given: Any, environment: Mapping[str, str]) -> dict[str, str]:
    return forwarded(given, environment, "launcher docker: container_kwargs.environment") if given else {}


def _joined_volumes(given: Any, own: list[str]) -> list[str] | dict[str, Any]:
    """Volumes of `container_kwargs` and of the setting; the SDK takes a list or a mapping."""
    if isinstance(given, dict):
        if own:
            raise ConfigError(
                "launcher docker: volumes are given twice, also in container_kwargs; write them in volumes"
            )
        return cast("dict[str, Any]", given)
    return [*cast("list[str]", given or []), *own]
