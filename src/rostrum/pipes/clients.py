"""Orchestrating side: clients, which start an external process, wait for it, and give what it has reported."""

from __future__ import annotations

import contextlib
import os
import selectors
import shlex
import signal
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from rostrum.definitions.contexts.step import OpExecutionContext
from rostrum.model.errors import PipesExecutionError
from rostrum.pipes.injectors import PipesContextInjector, PipesTempFileContextInjector
from rostrum.pipes.messages import PipesMessageReader
from rostrum.pipes.readers import PipesTempFileMessageReader
from rostrum.pipes.session import PipesClientCompletedInvocation, PipesSession, open_pipes_session

_LOOK_SECONDS = 0.2


class PipesClient(ABC):
    """Starts an external process for a step. A resource: a parameter of the step's function annotated with a subclass
    gets the one that is bound under its name.
    """

    __rostrum_resource__: ClassVar[bool] = True

    @abstractmethod
    def run(
        self, *, context: OpExecutionContext, extras: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> PipesClientCompletedInvocation:
        """Start it with what the step is to make, and `extras`; wait for its end. Raises PipesExecutionError when it
        fails.
        """


class PipesSubprocessClient(PipesClient):
    """Starts a child process.

    `env` and `cwd` hold for all runs. `forward_stdio`: its output is the step's. `forward_termination`: when the step
    is interrupted the child is, too, and killed after `termination_timeout_seconds`.
    """

    def __init__(
        self,
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
        context_injector: PipesContextInjector | None = None,
        message_reader: PipesMessageReader | None = None,
        forward_termination: bool = True,
        forward_stdio: bool = True,
        termination_timeout_seconds: float = 20,
    ) -> None:
        self.env, self.cwd = dict(env or {}), cwd
        self.context_injector = context_injector or PipesTempFileContextInjector()
        self.message_reader = message_reader or PipesTempFileMessageReader()
        self.forward_termination, self.forward_stdio = forward_termination, forward_stdio
        self.termination_timeout_seconds = termination_timeout_seconds

    def run(  # pyright: ignore[reportIncompatibleMethodOverride] - what is run is each client's own
        self,
        *,
        context: OpExecutionContext,
        extras: Mapping[str, Any] | None = None,
        command: str | Sequence[str],
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
    ) -> PipesClientCompletedInvocation:
        """Start a command, wait for its end. Raises PipesExecutionError when it ends with another status than 0."""
        with open_pipes_session(context, self.context_injector, self.message_reader, extras) as session:
            quiet = None if self.forward_stdio else subprocess.DEVNULL
            process = subprocess.Popen(
                shlex.split(command) if isinstance(command, str) else [str(each) for each in command],
                cwd=cwd or self.cwd,
                env={
                    **os.environ,
                    **self.env,
                    **(env or {}),
                    **session.get_bootstrap_env_vars(),
                    **session.get_plain_env_vars(),
                },
                stdout=quiet,
                stderr=quiet,
            )
            try:
                status = _ended(process)
            except BaseException:  # an interrupt of the step
                if self.forward_termination:
                    context.log.info("[pipes] execution interrupted, terminating subprocess...")
                    self._terminate(process)
                raise
        if status != 0:  # all that it has told is known by now
            raise PipesExecutionError(
                f"External execution process failed with code {status}{_reason(status, session)}: what it wrote is in "
                "the log of the step."
            )
        return PipesClientCompletedInvocation(session)

    def _terminate(self, process: subprocess.Popen[Any]) -> None:
        """Ask it to end, as an interrupt at the keyboard does; kill it when it does not."""
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=self.termination_timeout_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _ended(process: subprocess.Popen[Any]) -> int:
    """Wait for the end of a process and give its status, without a pause when it ends. Never within one call for long:
    a step that runs in a thread is interrupted between two calls only.
    """
    with contextlib.ExitStack() as stack:
        look: Callable[[float], Any] | None = None
        if hasattr(os, "pidfd_open"):
            descriptor = os.pidfd_open(process.pid)
            stack.callback(os.close, descriptor)
            selector = stack.enter_context(selectors.DefaultSelector())
            selector.register(descriptor, selectors.EVENT_READ)
            look = selector.select
        while True:
            try:
                return process.wait(timeout=0 if look is not None else _LOOK_SECONDS)
            except subprocess.TimeoutExpired:
                if look is not None:
                    look(_LOOK_SECONDS)


def _reason(status: int, session: PipesSession) -> str:
    """Why a process failed, as far as is known: the exception that it has told, or the signal that ended it."""
    told = session.message_handler.exception
    if told is not None:
        message = told["message"].strip()
        return f" ({message.splitlines()[-1]})" if message else ""
    if status >= 0:
        return ""
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    hint = "; it may have needed more memory than there is" if name == "SIGKILL" else ""
    return f" (ended by {name}{hint})"
