"""Docker: Pipes to a container, which tells what it has made in its output or by a reader of your own."""

from __future__ import annotations

import re
import secrets
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from rostrum.definitions.contexts.step import OpExecutionContext
from rostrum.launchers.docker import ended
from rostrum.launchers.docker_engine import Container, Engine
from rostrum.model.errors import PipesExecutionError, RostrumError
from rostrum.pipes.clients import PipesClient
from rostrum.pipes.injectors import PipesContextInjector, PipesEnvContextInjector
from rostrum.pipes.lines import Lines, PipesLinesMessageReader
from rostrum.pipes.messages import PipesMessageReader
from rostrum.pipes.readers import thread_of_step
from rostrum.pipes.session import PipesClientCompletedInvocation, open_pipes_session

LOOK_SECONDS = 0.2
"""How often it is asked whether the container has ended; an interrupt of the step waits no longer than that."""
_OUTPUT_SECONDS = 10.0
"""How long the rest of the output may take after the end of the container."""


class PipesDockerLogsMessageReader(PipesLinesMessageReader):
    """Messages among what the container writes to its standard error."""


class PipesDockerClient(PipesClient):
    """Starts a container for a step and waits for its end. A resource.

    `env` and `registry` (`url`, `username`, `password`) hold for all runs. By default the context is in the container's
    environment and messages are read from its output; its other output is the step's. When the step is interrupted the
    container is asked to end and killed after `termination_timeout_seconds`. It is removed in any case. `host`: address
    of the engine, by default as the variables of Docker say.
    """

    def __init__(
        self,
        env: Mapping[str, str] | None = None,
        registry: Mapping[str, str] | None = None,
        context_injector: PipesContextInjector | None = None,
        message_reader: PipesMessageReader | None = None,
        *,
        host: str | None = None,
        termination_timeout_seconds: float = 20,
    ) -> None:
        self.env, self.registry = dict(env or {}), registry
        self.context_injector = context_injector or PipesEnvContextInjector()
        self.message_reader = message_reader or PipesDockerLogsMessageReader()
        self.termination_timeout_seconds = termination_timeout_seconds
        self._host = host

    def run(  # pyright: ignore[reportIncompatibleMethodOverride] - what is run is each client's own
        self,
        *,
        context: OpExecutionContext,
        image: str,
        extras: Mapping[str, Any] | None = None,
        command: str | Sequence[str] | None = None,
        env: Mapping[str, str] | None = None,
        registry: Mapping[str, str] | None = None,
        container_kwargs: Mapping[str, Any] | None = None,
    ) -> PipesClientCompletedInvocation:
        """Start a container of an image. `container_kwargs` are further arguments of a container, by the names of the
        Docker SDK for Python. Raises PipesExecutionError when it ends with another status than 0.
        """
        engine = Engine(self._host)
        try:
            with open_pipes_session(context, self.context_injector, self.message_reader, extras) as session:
                kwargs = dict(container_kwargs or {})
                given = _environment(kwargs.pop("environment", None))
                arguments = {
                    "name": _name(context),
                    "labels": dict(session.default_remote_invocation_info),
                    **kwargs,
                    "image": image,
                    "environment": {**self.env, **(env or {}), **given, **session.get_bootstrap_env_vars()},
                }
                if command is not None:
                    arguments["command"] = command if isinstance(command, str) else [str(each) for each in command]
                engine.ensure_image(image, "missing", _credentials(registry or self.registry))
                container, is_new = engine.create(arguments)
                if not is_new:
                    raise PipesExecutionError(f"There is a container {container.name} already.")
                status = self._run(context, engine, container)
                if status is not None:
                    raise PipesExecutionError(f"Container {container.name} of image {image} failed: {status}")
            return PipesClientCompletedInvocation(session)
        finally:
            engine.close()

    def _run(self, context: OpExecutionContext, engine: Engine, container: Container) -> str | None:
        """Start, wait, remove; why it failed, None when it has succeeded."""
        arguments = engine, container.id, self.message_reader
        outputs = [thread_of_step("pipes-docker", _forward, *arguments, errors) for errors in (False, True)]
        try:
            engine.start(container.id)
            for output in outputs:
                output.start()
            try:
                found = self._wait(engine, container)
            except BaseException:  # an interrupt of the step, most of all
                context.log.info("[pipes] execution interrupted, terminating container...")
                self._terminate(engine, container)
                raise
            finally:
                for output in outputs:
                    output.join(_OUTPUT_SECONDS)
        finally:
            engine.remove(container.id)
        if found is None:
            return "it has been removed"
        status = ended(found, "")
        return None if status.exit_code == 0 else status.reason

    def _wait(self, engine: Engine, container: Container) -> Container | None:
        pause = threading.Event()
        while True:
            found = engine.container(container.id)
            if found is None or not found.is_alive:
                return found
            pause.wait(LOOK_SECONDS)

    def _terminate(self, engine: Engine, container: Container) -> None:
        """Ask it to end. (Removing it, which follows, kills it.)"""
        pause, waited = threading.Event(), 0.0
        try:
            engine.signal(container.id, "SIGTERM")
            while waited < self.termination_timeout_seconds:
                found = engine.container(container.id)
                if found is None or not found.is_alive:
                    return
                pause.wait(LOOK_SECONDS)
                waited += LOOK_SECONDS
        except RostrumError as error:
            sys.stderr.write(f"{error}\n")


def _forward(engine: Engine, container: str, reader: PipesMessageReader, errors: bool) -> None:
    """One stream of the container, line by line, to the reader that takes lines, else to the step's output."""
    lines = Lines()
    take = reader.take_line if isinstance(reader, PipesLinesMessageReader) else _show
    try:
        for data in engine.follow(container, errors=errors):
            for line in lines.add(data):
                take(line)
    except RostrumError as error:
        sys.stderr.write(f"The output of the container cannot be followed any more: {error}\n")
    for line in lines.end():
        take(line)


def _show(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _environment(given: Mapping[str, str] | Sequence[str] | None) -> dict[str, str]:
    """Variables as the SDK takes them: a mapping, or `NAME=value` each."""
    if given is None or isinstance(given, Mapping):
        return dict(given or {})
    pairs = [each.partition("=") for each in given]
    return {name: value for name, _, value in pairs}


def _credentials(registry: Mapping[str, str] | None) -> dict[str, str] | None:
    if registry is None:
        return None
    return {"username": registry["username"], "password": registry["password"], "serveraddress": registry["url"]}


def _name(context: OpExecutionContext) -> str:
    step = re.sub(r"[^A-Za-z0-9_.-]+", "-", context.step_key)
    return f"rostrum-pipes-{context.run_id[:8]}-{step[:40]}-{context.retry_number}-{secrets.token_hex(4)}"
