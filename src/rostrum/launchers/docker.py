"""Workers as containers of a Docker engine: `rostrum run-worker` for a run, `rostrum step-worker` for a step.

A worker's container has a name that is made of run, epoch, step and attempt, so that a launch which is repeated finds
it, and labels by which it is found again after a restart. It is kept for a while after its end: how it ended stays
known, and `docker logs` tells what it wrote.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import threading
import time
from collections.abc import Generator, Mapping
from typing import Any, cast

from rostrum.interfaces.launching import LaunchSpec, WorkerRef, WorkerStatus
from rostrum.launchers.docker_engine import Container, Engine
from rostrum.launchers.docker_settings import (
    ATTEMPT,
    EPOCH,
    NAME,
    REMOVE_AFTER,
    RUN,
    STEP,
    DockerSettings,
    container_arguments,
    credentials,
)
from rostrum.launchers.requests import LOCATIONS, for_location, read_settings
from rostrum.model.errors import RostrumError, Unavailable

SWEEP_SECONDS = 60.0
"""How often a launch also removes containers that have been kept long enough."""
_CONTAINER, _ENGINE = "container", "engine"
_LINES, _CHARACTERS = 8, 1500
"""How much of the output of a failed container is told."""
_SIGNALLED = 128
_SECRET_NAME = re.compile(r"TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|KEY|STEP_WORK", re.IGNORECASE)
_SHORTEST_SECRET = 6


class DockerLauncher:
    """`Launcher`. `config` has the fields of `DockerSettings`, and `locations` for settings of single code locations,
    which win. Raises ConfigError for a setting that cannot be read.
    """

    def __init__(self, config: Mapping[str, Any] | None = None) -> None:
        self._config = dict(config or {})
        self._settings = self._of("")
        for location in cast("Mapping[str, Any]", self._config.get(LOCATIONS) or {}):
            self._of(location)
        self._engine = Engine(self._settings.host)
        self._changed = threading.Condition()
        self._starting: set[str] = set()
        """Names of containers that a thread makes and starts just now."""
        self._swept_at = time.monotonic()

    def launch(self, spec: LaunchSpec) -> WorkerRef:
        """Start a container. Idempotent by run, epoch, step and attempt. Raises Unavailable while the engine or the
        image's registry do not answer, RostrumError where image, network or command are wrong.
        """
        settings = self._of(spec.run.target.location)
        arguments = container_arguments(spec, settings, os.environ)
        self._engine.ensure_image(arguments["image"], settings.pull, credentials(settings.registry))
        with self._alone_with(arguments["name"]):  # what another thread has just made is not started twice
            container, is_new = self._engine.create(arguments, settings.all_networks[1:])
            if is_new or container.state == "created":
                self._start(container)
        self._sweep()
        return self._ref(container)

    def terminate(self, ref: WorkerRef, *, force: bool) -> None:
        """Ask the worker to end (SIGTERM); `force`: kill the container, with all its processes. Of a run worker that is
        killed the containers of its steps are killed, too: nobody else would end them.
        """
        self._check_engine(ref)
        self._engine.signal(_id(ref), "SIGKILL" if force else "SIGTERM")
        if force and ref.step_key is None:
            for each in self._engine.find([f"{RUN}={ref.run_id}", f"{EPOCH}={ref.epoch}", STEP], alive=True):
                self._engine.signal(each.id, "SIGKILL")

    def inspect(self, ref: WorkerRef) -> WorkerStatus:
        """What the engine knows of the container. `unknown` while it does not answer, or is not the one that the
        worker was started on.
        """
        try:
            self._check_engine(ref)
            container = self._engine.container(_id(ref))
            if container is None:
                return WorkerStatus(state="exited", reason="its container has been removed")
            if container.is_alive or container.state == "created":
                return WorkerStatus(state="running", reason="paused" if container.state == "paused" else "")
            output = "" if container.exit_code == 0 else self._engine.last_output(container.id, _LINES)
        except RostrumError as error:
            return WorkerStatus(state="unknown", reason=str(error))
        return ended(container, output)

    def adopt(self, run_ids: list[str]) -> list[WorkerRef]:
        """Workers of these runs that live: run workers, and step workers (these have a `step_key`)."""
        if not run_ids:
            return []
        labels = [f"{RUN}={run_ids[0]}"] if len(run_ids) == 1 else [RUN]
        found = [self._ref(each) for each in self._engine.find(labels, alive=True) if each.labels[RUN] in run_ids]
        return sorted(found, key=lambda ref: (ref.run_id, ref.epoch, ref.step_key or "", ref.attempt))

    def close(self) -> None:
        """Let connections go; containers go on."""
        self._engine.close()

    def _of(self, location: str) -> DockerSettings:
        return read_settings(for_location(self._config, location), DockerSettings, NAME)

    @contextlib.contextmanager
    def _alone_with(self, name: str) -> Generator[None]:
        with self._changed:
            self._changed.wait_for(lambda: name not in self._starting)
            self._starting.add(name)
        try:
            yield
        finally:
            with self._changed:
                self._starting.discard(name)
                self._changed.notify_all()

    def _start(self, container: Container) -> None:
        try:
            self._engine.start(container.id)
        except RostrumError as error:
            if not isinstance(error, Unavailable) or _will_never_start(error):
                with contextlib.suppress(RostrumError):
                    self._engine.remove(container.id)
                raise RostrumError(f"the container could not be started: {error}") from error
            raise

    def _ref(self, container: Container) -> WorkerRef:
        labels = container.labels
        return WorkerRef(
            launcher=NAME,
            run_id=labels[RUN],
            epoch=int(labels[EPOCH]),
            host=container.name,
            step_key=labels.get(STEP),
            attempt=int(labels.get(ATTEMPT, 0)),
            details={_CONTAINER: container.id, _ENGINE: self._engine.id},
        )

    def _check_engine(self, ref: WorkerRef) -> None:
        """An engine that knows nothing of a container cannot tell that it has ended."""
        if ref.details.get(_ENGINE, "") != self._engine.id:
            raise Unavailable(
                f"container {ref.host} was started on another Docker engine ({ref.details.get(_ENGINE) or 'unknown'}) "
                f"than the one that is set now ({self._engine.id})"
            )

    def _sweep(self) -> None:
        """Remove containers of ours that have been kept for as long as their labels say."""
        now = time.monotonic()
        if now - self._swept_at < SWEEP_SECONDS:
            return
        self._swept_at = now
        with contextlib.suppress(RostrumError, ValueError):
            self.remove_ended()

    def remove_ended(self) -> int:
        """Remove containers that ended longer ago than their label says; how many were."""
        at, removed = self._engine.now(), 0
        for each in self._engine.find([REMOVE_AFTER], alive=False):
            container = self._engine.container(each.id)
            age = container.seconds_ended(at) if container is not None else None
            if age is not None and age > float(each.labels[REMOVE_AFTER]):
                self._engine.remove(each.id)
                removed += 1
        return removed


def ended(container: Container, output: str) -> WorkerStatus:
    """How a container has ended, told so that its owner knows what to do. `output`: its last lines."""
    code = container.exit_code
    number = code - _SIGNALLED if code > _SIGNALLED and code - _SIGNALLED in set(signal.Signals) else None
    if container.out_of_memory and code != 0:
        limit = f" of {container.memory_limit / 2**20:.0f} MiB" if container.memory_limit else ""
        reason = f"OOMKilled: out of memory at its limit{limit}"
    elif container.error:
        reason = container.error
    elif number is not None:
        reason = f"its container was ended by signal {number}"
    elif code != 0:
        reason = f"its container ended with exit code {code}"
        told = masked(output, container.environment)
        reason += f"; the last it wrote:\n{told}" if told else ""
    else:
        reason = ""
    return WorkerStatus(state="exited", exit_code=code if number is None else None, signal=number, reason=reason)


def masked(output: str, environment: Mapping[str, str]) -> str:
    """Output, cut, without the values of variables that look secret by their name."""
    text = output
    for name, value in environment.items():
        if _SECRET_NAME.search(name) and len(value) >= _SHORTEST_SECRET:
            text = text.replace(value, "***")
    return text[-_CHARACTERS:]


def _id(ref: WorkerRef) -> str:
    return ref.details.get(_CONTAINER, "") or ref.host


def _will_never_start(error: RostrumError) -> bool:
    """Some errors of the runtime are told as the engine's own: a command that is not there, a mount that is wrong."""
    return any(word in str(error) for word in ("OCI runtime", "executable file not found", "invalid mount", "runc "))
