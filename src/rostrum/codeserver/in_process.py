"""A code location in the control plane's own process, for debugging: breakpoints work in runs and in ticks.

The one exception from "the control plane never imports user code", made by `rostrum dev --in-process` alone. Runs are
executed one after the other by the main thread, which has the terminal; what they print goes there and is not captured.
Nothing is isolated and no evaluation has a deadline.
"""

from __future__ import annotations

import logging
import queue
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from socket import gethostname

import msgspec

from rostrum.codeserver.evaluation import evaluate_tick, list_partition_keys
from rostrum.codeserver.loading import Code, load
from rostrum.codeserver.supervisor import Version
from rostrum.execution.plugins import EXECUTORS, plugin
from rostrum.execution.workers.run_worker import execute_run
from rostrum.interfaces.clock import Clock
from rostrum.interfaces.launching import LaunchSpec, WorkerRef, WorkerStatus
from rostrum.interfaces.locations import ManifestReply
from rostrum.model.errors import Unavailable
from rostrum.model.ticks import TickRequest, TickResult
from rostrum.rpc.gateway_session import GatewaySession

_log = logging.getLogger(__name__)
_PROCESS = "process"
_LOOK_SECONDS = 1.0
_Place = tuple[str, int]


class MainThreadRuns:
    """Runs that wait for the main thread, and what became of them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._process = clock.new_id()
        """Of this process alone: a worker of an earlier one is known dead."""
        self._waiting: queue.SimpleQueue[tuple[LaunchSpec, Callable[[], Code]] | None] = queue.SimpleQueue()
        self._stops: dict[_Place, threading.Event] = {}
        self._ended: dict[_Place, int] = {}

    def put(self, spec: LaunchSpec, code: Callable[[], Code]) -> WorkerRef:
        """Have a run executed, by the code as it is when its turn comes. Once for each (run, epoch)."""
        place = (spec.run.run_id, spec.epoch)
        if place not in self._stops:
            self._stops[place] = threading.Event()
            self._waiting.put((spec, code))
        return self._ref(place)

    def work(self, stop: threading.Event, tell: Callable[[str], None]) -> None:
        """Execute runs in the calling thread until `stop` is set. `tell` is called with the id of each when it ends."""
        threading.Thread(target=self._end_when, args=(stop,), name="main-thread-runs", daemon=True).start()
        while not stop.is_set():
            item = self._next()
            if item is not None:
                spec, code = item
                self._ended[spec.run.run_id, spec.epoch] = self._execute(spec, code())
                tell(spec.run.run_id)

    def _next(self) -> tuple[LaunchSpec, Callable[[], Code]] | None:
        """The next run; None after a second without (see `rostrum.service.signals.wait_for`), or at the end."""
        try:
            return self._waiting.get(timeout=_LOOK_SECONDS)
        except queue.Empty:
            return None

    def _end_when(self, stop: threading.Event) -> None:
        stop.wait()
        for event in list(self._stops.values()):
            event.set()
        self._waiting.put(None)

    def _execute(self, spec: LaunchSpec, code: Code) -> int:
        stop = self._stops[spec.run.run_id, spec.epoch]
        session = GatewaySession(
            spec.gateway, spec.token, spec.run.run_id, spec.epoch, spec.spool_dir, self._clock, threaded=True
        )
        try:
            run = msgspec.structs.replace(spec.run, epoch=spec.epoch)
            executor = plugin(EXECUTORS, "in_process")()
            done = execute_run(
                code.resolved, run, session, executor=executor, clock=self._clock, stop=stop, target=code.target
            )
        except KeyboardInterrupt:  # between two steps; the run has been told of it
            done = False
        finally:
            session.close()
        return 0 if done else 1

    def stop_run(self, ref: WorkerRef) -> None:
        """Interrupt a run, waiting or executed."""
        stop = self._stops.get((ref.run_id, ref.epoch))
        if stop is not None:
            stop.set()

    def status(self, ref: WorkerRef) -> WorkerStatus:
        """What is known of a run."""
        if ref.details.get(_PROCESS) != self._process:
            return WorkerStatus(state="exited", reason="the process that executed it has ended")
        code = self._ended.get((ref.run_id, ref.epoch))
        return WorkerStatus(state="running") if code is None else WorkerStatus(state="exited", exit_code=code)

    def living(self, run_ids: Iterable[str]) -> list[WorkerRef]:
        """Of these runs those that wait or are executed."""
        wanted = set(run_ids)
        return [self._ref(place) for place in self._stops if place[0] in wanted and place not in self._ended]

    def _ref(self, place: _Place) -> WorkerRef:
        return WorkerRef(
            launcher="in_process",
            run_id=place[0],
            epoch=place[1],
            host=gethostname(),
            details={_PROCESS: self._process},
        )


class InProcessLocation:
    """`CodeLocation` without a code server."""

    def __init__(self, name: str, target: msgspec.Raw, runs: MainThreadRuns, clock: Clock) -> None:
        self.name = name
        self._target, self._runs, self._clock = target, runs, clock
        self._changed = threading.Condition()
        self._loading = threading.Lock()
        now = clock.now().timestamp()
        self._version = Version(revision=int(now * 1000), began=now)
        self._good: Code | None = None
        """The newest code that has loaded (law 6)."""

    def version(self) -> Version:
        """What is served now, for whoever watches its files."""
        return self._version

    def ask_reload(self) -> None:
        """As `reload`, for whoever watches its files."""
        self.reload()

    def manifest(self, known_hash: str | None = None) -> ManifestReply:
        """Active version and load error."""
        good, version = self._good, self._version
        current = good.manifest_hash if good is not None else None
        data = good.manifest if good is not None and current != known_hash else None
        return ManifestReply(
            manifest_hash=current, data=data, error=version.error, revision=version.revision, fork="in process"
        )

    def reload(self) -> ManifestReply:
        """Import the code anew. Modules of the user's files are forgotten first; a run that executes goes on with
        the code that it has.
        """
        with self._loading:
            began = self._clock.now().timestamp()
            before = self._version
            _forget(before.files)
            code = load(self._target)
            if code.error is None:
                self._good = code
            with self._changed:
                files = tuple(sorted({*code.files, *(before.files if code.error is not None else ())}))
                self._version = Version(
                    revision=before.revision + 1, error=code.error, files=files, data=code.data, began=began
                )
                self._changed.notify_all()
        return self.manifest()

    def wait_for_change(self, revision: int, seconds: float) -> ManifestReply | None:
        """Block until the revision differs from `revision`, at most `seconds`."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._version.revision != revision, seconds):
                return None
        return self.manifest()

    def evaluate(self, request: TickRequest, deadline_seconds: float) -> TickResult:
        """Run the function of a schedule or sensor, here. It may stand at a breakpoint for ever."""
        return evaluate_tick(self._code().resolved, request)

    def partition_keys(self, name: str) -> list[str]:
        """Keys of a partitions definition that only user code knows."""
        return list_partition_keys(self._code().resolved, name, self._clock)

    def launch(self, spec: LaunchSpec) -> WorkerRef:
        """Put the run in line for the main thread."""
        self._code()
        return self._runs.put(spec, self._code)

    def terminate(self, ref: WorkerRef, *, force: bool) -> None:
        """Interrupt the run."""
        self._runs.stop_run(ref)

    def inspect(self, ref: WorkerRef) -> WorkerStatus:
        """What is known of the run."""
        return self._runs.status(ref)

    def adopt(self, run_ids: list[str]) -> list[WorkerRef]:
        """Runs in line, and the one that is executed."""
        return self._runs.living(run_ids)

    def close(self) -> None:
        """Nothing is held."""

    def _code(self) -> Code:
        if self._good is None:
            error = self._version.error
            why = f": {error.first_line}" if error else ""
            raise Unavailable(f"the code of location {self.name!r} has not loaded{why}")
        return self._good


def _forget(files: Iterable[str]) -> None:
    """Take the modules of these files out of the interpreter, so that they are imported anew."""
    wanted = set(files)
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and str(Path(file).resolve()) in wanted:
            del sys.modules[name]
