"""Executor that runs steps on a Ray cluster, in actors that persist: a process imports the code once and does one
attempt after the other. Values go through IO managers; what happens is told by the workers themselves, through the
gateway.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import CancelledError
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from rostrum.executors.elsewhere import Elsewhere, Sealed, lost, refusal, run_attempt
from rostrum.executors.mixed import execute_elsewhere, processors
from rostrum.executors.places import Attempt, Reactor, Reports
from rostrum.executors.rules import rules_of
from rostrum.interfaces.execution import RunHost, StepRunner
from rostrum.interfaces.launching import GatewayAccess
from rostrum.model.errors import ConfigError, InvocationError, Unavailable
from rostrum.model.plans import Plan

_BREAKPOINT = "PYTHONBREAKPOINT"


class RayExecutor:
    """Runs steps in at most `workers` actors (default: as many as processors here) of the Ray cluster at `address`
    (`auto`, `ray://host:port`...). Without one: of the cluster that this process is connected to already, else of one
    on this machine that lives as long as the run.

    `actor_options`: for each actor, as for `ray.remote` (`num_cpus`, `num_gpus`, `resources`...). `options` go to
    `ray.init`. Others as in `DaskExecutor`.
    """

    name = "ray"
    isolates = True

    def __init__(
        self,
        address: str | None = None,
        *,
        workers: int | None = None,
        grace_seconds: float = 20.0,
        tag_concurrency_limits: Sequence[Mapping[str, Any]] = (),
        retries: bool = True,
        require_upstream_step_success: bool = True,
        infrastructure_retries: int | None = 2,
        actor_options: Mapping[str, Any] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        if workers is not None and workers < 1:
            raise InvocationError(f"workers is {workers}; give a number from 1.")
        self.address, self.workers = address, workers or processors()
        self.grace_seconds, self.retries = grace_seconds, retries
        self.tag_concurrency_limits, self.infrastructure_retries = tag_concurrency_limits, infrastructure_retries
        self.require_upstream_step_success = require_upstream_step_success
        self.actor_options, self.options = dict(actor_options or {}), dict(options or {})

    def execute(self, plan: Plan, runner: StepRunner, host: RunHost) -> bool:
        """See `interfaces.execution.Executor`."""
        return execute_elsewhere(plan, runner, host, "remote", rules_of(self), lambda: RayPlace(self, runner, host))


class RayPlace:
    """See `places.Place`."""

    name = "ray"
    tells_limits = True

    def __init__(self, executor: RayExecutor, runner: StepRunner, host: RunHost) -> None:
        self._executor = executor
        self._elsewhere = Elsewhere(self.name, runner, host)
        self._idle: list[Any] = []
        self._busy: dict[str, Any] = {}
        """By key of the step: the actor that does it."""
        self._ray: Any = None
        self._actor: Any = None
        self._is_ours = False

    def open(self, reports: Reports, reactor: Reactor) -> None:
        """See `places.Place`. Raises InvocationError without a gateway, Unavailable without a cluster."""
        address = self._executor.address or ""
        at = urlsplit(address if "://" in address else f"ray://{address}").hostname or ""
        self._elsewhere.open(reports, reactor, "" if at in {"auto", "local"} else at)
        self._connect()

    def has_room(self) -> bool:
        """See `places.Place`."""
        return len(self._busy) < self._executor.workers

    def start(self, attempt: Attempt) -> None:
        """See `places.Place`."""
        remote, access = self._elsewhere.begin(attempt)
        try:
            actor = self._idle.pop() if self._idle else self._actor.remote()
            reference = actor.run.remote(remote.entry, Sealed(remote.work), access, self._executor.grace_seconds)
        except self._ray.exceptions.RayError as error:
            self._elsewhere.forget(attempt)
            raise Unavailable(f"the Ray cluster took no work: {error}") from error
        self._busy[attempt.step.key] = actor
        self._elsewhere.started(attempt, worker=str(actor._actor_id.hex()))  # noqa: SLF001 - Ray has no other name for it here
        reference.future().add_done_callback(partial(self._called_back, attempt, actor))

    def interrupt(self, attempt: Attempt, level: int) -> None:
        """See `places.Place`. The worker hears of a cancel, and keeps time limits, by itself."""
        actor = self._busy.get(attempt.step.key)
        if actor is not None and level >= 2:
            with contextlib.suppress(self._ray.exceptions.RayError):
                self._ray.kill(actor, no_restart=True)

    def look(self) -> None:
        """See `places.Place`. Ray tells of its actors by itself."""

    def close(self) -> None:
        """See `places.Place`."""
        self._elsewhere.close()
        if self._ray is None:
            return
        for actor in (*self._idle, *self._busy.values()):
            with contextlib.suppress(self._ray.exceptions.RayError):
                self._ray.kill(actor, no_restart=True)
        self._idle.clear()
        self._busy.clear()
        if self._is_ours:
            self._ray.shutdown()

    def _called_back(self, attempt: Attempt, actor: Any, result: Any) -> None:
        """In a thread of Ray's."""
        error = CancelledError("its call was cancelled") if result.cancelled() else result.exception()
        self._elsewhere.call(partial(self._done, attempt, actor, error))

    def _done(self, attempt: Attempt, actor: Any, error: BaseException | None) -> None:
        if self._busy.get(attempt.step.key) is not actor:
            return
        del self._busy[attempt.step.key]
        if error is None:
            self._idle.append(actor)
        else:
            with contextlib.suppress(self._ray.exceptions.RayError):
                self._ray.kill(actor, no_restart=True)  # dead, or in a state that nobody knows
        why = _why(str(error)) if error is not None else "it said nothing of the step's end"
        told = refusal(getattr(error, "cause", None) or error) if error is not None else None
        self._elsewhere.finished(attempt, lost(told or f"The Ray actor of this step went away: {why}"))

    # --- the cluster
    # --------------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        executor = self._executor
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        try:  # a second, which nobody else is to pay
            ray: Any = importlib.import_module("ray")
            importlib.import_module("ray.exceptions")
        except ImportError as error:
            raise ConfigError(f"the ray executor needs Ray: pip install 'rostrum[ray]' ({error})") from error
        self._ray = ray
        if executor.address is not None or not ray.is_initialized():
            local: dict[str, Any] = {"num_cpus": executor.workers, "include_dashboard": False}
            options: dict[str, Any] = {
                "address": executor.address or "local",
                "log_to_driver": False,
                "logging_level": logging.ERROR,
                "ignore_reinit_error": True,
                **(local if executor.address is None else {}),
                **executor.options,
            }
            self._is_ours = not ray.is_initialized()
            if executor.address is None:
                self._elsewhere.say("a Ray cluster of this run's own is started, which takes seconds")
            try:
                with _own_breakpoints():
                    ray.init(**options)
            except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
                raise Unavailable(f"no Ray cluster at {options['address']}: {error}") from error
        actor_options: dict[str, Any] = {
            "num_cpus": 1,
            "max_restarts": 0,
            "max_task_retries": 0,
            **executor.actor_options,
        }
        self._actor = ray.remote(**actor_options)(StepActor)


@contextlib.contextmanager
def _own_breakpoints() -> Generator[None]:
    """Ray takes `breakpoint()` of the connecting process, and of all that it starts, for its own debugger."""
    before = os.environ.get(_BREAKPOINT)
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(_BREAKPOINT, None)
        else:
            os.environ[_BREAKPOINT] = before


def _why(error: str) -> str:
    """What Ray tells, in a line: more than where the process was it does not know of one that ended by itself."""
    first, *rest = [line.strip() for line in error.strip().splitlines()] or [""]
    details = dict(line.split(": ", 1) for line in rest if line.startswith(("pid: ", "ip: ")))
    if "pid" not in details:
        return first
    where = f"process {details['pid']} at {details.get('ip', 'an unknown address')}"
    return f"{first} ({where} exited, crashed or was killed, perhaps since memory ran out)"


class StepActor:
    """In a process of its own: does one attempt after the other."""

    def run(self, entry: str, sealed: Sealed, access: GatewayAccess, grace_seconds: float) -> str:
        """Do one."""
        return run_attempt(entry, sealed.work, access, own=True, shared=False, grace_seconds=grace_seconds)
