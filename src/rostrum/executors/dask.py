"""Executor that hands every attempt of a step to a Dask cluster, as one task. Values go through IO managers, results of
tasks are only a word; what happens is told by the workers themselves, through the gateway.

Dask runs a task again by itself when its worker dies. Here that changes nothing: the second run sees that the attempt
has been begun and stops, and the loop decides whether there is another attempt.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import threading
from collections.abc import Generator, Mapping, Sequence
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

MOST_AT_ONCE = 1000
"""Tasks handed to the cluster at once, where nothing else is said: what does not run yet waits there."""
_CONNECT_SECONDS = 30.0
_PARENT_SECONDS = 0.5
_SETTINGS = {
    # A worker that dies takes along what only waited there: that is begun elsewhere, what had been begun stops at once.
    "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "100",
    "DASK_LOGGING__DISTRIBUTED": "error",
}


_log = logging.getLogger(__name__)


class DaskExecutor:
    """Runs steps on the Dask cluster whose scheduler has this `address`; without one on a cluster of `workers`
    processes of this machine (default: as many as processors) that lives as long as the run.

    `dedicated`: the cluster's workers do nothing else, so that one whose code ignores a cancel may be ended (always so
    for a cluster of its own). `infrastructure_retries`: how often a step whose worker went away is begun anew, where
    its policy does not say. `options` go to `distributed.Client`, or to the cluster. Others as in
    `MultiprocessExecutor`.
    """

    name = "dask"
    isolates = True

    def __init__(
        self,
        address: str | None = None,
        *,
        workers: int | None = None,
        dedicated: bool = False,
        max_concurrent: int | None = None,
        grace_seconds: float = 20.0,
        tag_concurrency_limits: Sequence[Mapping[str, Any]] = (),
        retries: bool = True,
        require_upstream_step_success: bool = True,
        infrastructure_retries: int | None = 2,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        if address is not None and workers is not None:
            raise InvocationError("give the address of a Dask cluster, or a number of workers for one here, not both.")
        if workers is not None and workers < 1:
            raise InvocationError(f"workers is {workers}; give a number from 1.")
        self.address, self.workers = address, workers or processors()
        self.dedicated = dedicated or address is None
        self.max_concurrent = max_concurrent or MOST_AT_ONCE
        self.grace_seconds, self.retries = grace_seconds, retries
        self.tag_concurrency_limits, self.infrastructure_retries = tag_concurrency_limits, infrastructure_retries
        self.require_upstream_step_success = require_upstream_step_success
        self.options = dict(options or {})

    def execute(self, plan: Plan, runner: StepRunner, host: RunHost) -> bool:
        """See `interfaces.execution.Executor`."""
        return execute_elsewhere(plan, runner, host, "remote", rules_of(self), lambda: DaskPlace(self, runner, host))


class DaskPlace:
    """See `places.Place`."""

    name = "dask"
    tells_limits = True

    def __init__(self, executor: DaskExecutor, runner: StepRunner, host: RunHost) -> None:
        self._executor = executor
        self._elsewhere = Elsewhere(self.name, runner, host)
        self._futures: dict[str, Any] = {}
        """By key of the step."""
        self._client: Any = None
        self._cluster: Any = None

    def open(self, reports: Reports, reactor: Reactor) -> None:
        """See `places.Place`. Raises InvocationError without a gateway, Unavailable without a cluster."""
        address = self._executor.address
        self._elsewhere.open(reports, reactor, urlsplit(address).hostname or "" if address is not None else "")
        self._connect()

    def has_room(self) -> bool:
        """See `places.Place`."""
        return len(self._elsewhere) < self._executor.max_concurrent

    def start(self, attempt: Attempt) -> None:
        """See `places.Place`."""
        remote, access = self._elsewhere.begin(attempt)
        key = f"rostrum-{remote.run.run_id}-{remote.run.epoch}-{remote.scope.file_key}"
        own, grace = self._executor.dedicated, self._executor.grace_seconds
        try:
            future = self._client.submit(
                run_task, remote.entry, Sealed(remote.work), access, own, grace, key=key, pure=False, retries=0
            )
        except (OSError, RuntimeError) as error:
            self._elsewhere.forget(attempt)
            raise Unavailable(f"the Dask cluster took no task: {error}") from error
        self._futures[attempt.step.key] = future
        self._elsewhere.started(attempt, worker=key)
        future.add_done_callback(partial(self._called_back, attempt))

    def interrupt(self, attempt: Attempt, level: int) -> None:
        """See `places.Place`. The worker hears of a cancel, keeps time limits and ends what does not end by itself; a
        task that runs cannot be ended from here, only be given up when even that has not come.
        """
        future = self._futures.get(attempt.step.key)
        if future is None or level < 3:
            return
        future.cancel()
        self._futures.pop(attempt.step.key)
        self._elsewhere.finished(attempt, lost("The task of this step did not end when it was asked to."))

    def look(self) -> None:
        """See `places.Place`. Dask tells of its tasks by itself."""

    def close(self) -> None:
        """See `places.Place`."""
        self._elsewhere.close()
        for future in self._futures.values():
            future.cancel()
        self._futures.clear()
        for each in (self._client, self._cluster):
            if each is not None:
                try:
                    each.close()
                except (OSError, RuntimeError) as error:  # the steps have ended, however they have
                    _log.warning("the Dask cluster could not be left in order: %s: %s", type(error).__name__, error)
        self._client = self._cluster = None

    def _called_back(self, attempt: Attempt, future: Any) -> None:
        """In a thread of Dask's."""
        status = str(future.status)
        try:
            error = future.exception() if status == "error" else None
        except Exception as unreadable:  # noqa: BLE001 - whatever it is: nobody else tells that the task has ended
            error = unreadable
        self._elsewhere.call(partial(self._done, attempt, future, status, error))

    def _done(self, attempt: Attempt, future: Any, status: str, error: BaseException | None) -> None:
        if self._futures.get(attempt.step.key) is not future:
            return
        del self._futures[attempt.step.key]
        why = refusal(error) if error is not None else None
        if why is None:
            why = f"Dask: {'its task was cancelled' if status == 'cancelled' else _why(error)}"
        self._elsewhere.finished(attempt, lost(why))

    # --- the cluster
    # --------------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        executor = self._executor
        try:  # a second, which nobody else is to pay
            distributed: Any = importlib.import_module("distributed")
            deploy: Any = importlib.import_module("distributed.deploy.subprocess")
        except ImportError as error:
            raise ConfigError(f"the dask executor needs Dask: pip install 'rostrum[dask]' ({error})") from error
        address, options = executor.address, dict(executor.options)
        if address is None:
            self._elsewhere.say("a Dask cluster of this run's own is started, which takes seconds")
            logging.getLogger(deploy.__name__).setLevel(logging.WARNING)  # it prints the commands of its processes
            self._cluster = self._started(deploy.SubprocessCluster, options)
            address, options = self._cluster.scheduler_address, {}
        try:
            self._client = distributed.Client(address, timeout=_CONNECT_SECONDS, set_as_default=False, **options)
        except (OSError, TimeoutError) as error:
            self.close()
            raise Unavailable(f"no Dask scheduler answers at {address}: {error}") from error

    def _started(self, make: Any, options: dict[str, Any]) -> Any:
        """A cluster of the run's own. Raises ConfigError for options that it does not take."""
        own = dict(options.pop("worker_kwargs", {}))
        settings: dict[str, Any] = {
            "n_workers": self._executor.workers,
            "threads_per_worker": 1,
            "dashboard_address": ":0",
            "scheduler_kwargs": {"dashboard": False, "preload": [__name__]},
            "worker_kwargs": {"dashboard": False, "preload_nanny": [__name__], **own},
            "silence_logs": 50,
            **options,
        }
        try:
            with _inherited(_SETTINGS):
                return make(**settings)
        except TypeError as error:
            raise ConfigError(f"the dask executor's options do not fit a cluster of this machine: {error}") from error


def _why(error: BaseException | None) -> str:
    """Dask itself does not know how a worker ended: only the nanny beside it does."""
    how = "exited, crashed or was killed in the middle, perhaps since memory ran out (its nanny's log tells)"
    if error is None:
        return f"its worker {how}"
    worker = getattr(getattr(error, "last_worker", None), "address", None)
    return f"its worker {worker} {how}" if worker is not None else f"its worker went away: {error}"


@contextlib.contextmanager
def _inherited(variables: Mapping[str, str]) -> Generator[None]:
    """Variables for processes that are started meanwhile."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def dask_setup(_server: Any) -> None:
    """Called by Dask where this module is preloaded: in scheduler and nannies of a cluster of a run's own. They end
    when the run worker has ended, however it has; workers end with their nannies.
    """
    parent = os.getppid()

    def watch() -> None:
        never = threading.Event()
        while os.getppid() == parent:
            never.wait(_PARENT_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, name="rostrum-parent", daemon=True).start()


def run_task(entry: str, sealed: Sealed, access: GatewayAccess, own: bool, grace_seconds: float) -> str:
    """The task. A worker with several threads runs other tasks beside it."""
    distributed: Any = importlib.import_module("distributed")
    shared = distributed.get_worker().state.nthreads > 1
    return run_attempt(entry, sealed.work, access, own=own and not shared, shared=shared, grace_seconds=grace_seconds)
