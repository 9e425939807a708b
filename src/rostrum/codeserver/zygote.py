"""The zygote: imports the user's code once, starts no thread, opens no connection, and then only makes children on
request.

`python -m rostrum.codeserver.zygote <ZygoteOptions as JSON>`. It listens on a socket that the code server has bound; a
connection carries one request. A dead child is kept unreaped until its group is killed and its end is written down.
When the code server goes away (its lifeline ends) the zygote retires: evaluators end, run workers do not, and it stays
for their exit status. While it still imports, it is killed instead.
"""

from __future__ import annotations

import contextlib
import logging
import os
import selectors
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

import msgspec

from rostrum.codeserver.child import worker_ref
from rostrum.codeserver.children import ChildSource, ForkedChildren, FreshChildren
from rostrum.codeserver.loading import Code, load
from rostrum.codeserver.messages import (
    Count,
    Counted,
    Describe,
    Loaded,
    Message,
    NotLoaded,
    Refused,
    Retire,
    Started,
    StartEvaluator,
    StartWorker,
    ZygoteOptions,
    has_hung_up,
    is_same_user,
    receive,
    send,
)
from rostrum.codeserver.records import WorkerExit, WorkerRecords
from rostrum.codeserver.sources import use_sources
from rostrum.execution import fork_safety
from rostrum.execution.workers.lifeline import hold_lifeline, release_lifeline
from rostrum.interfaces.launching import WorkerRef
from rostrum.model.errors import RostrumError
from rostrum.service.processes import kill_session, memory_kills, start_time

_log = logging.getLogger(__name__)
_PATIENCE_SECONDS = 10.0
"""How long a connected client may take to say what it wants."""


class Zygote:
    """The loop. One thread, no waiting except in `select`."""

    def __init__(
        self, options: ZygoteOptions, code: Code, verdict: str, seconds: float, environment: dict[str, str]
    ) -> None:
        from_code = code.error is None
        self._code, self._verdict, self._seconds = code, verdict, seconds
        self._listener: socket.socket | None = socket.socket(fileno=options.listener)
        self._lifeline = options.lifeline
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._lifeline, selectors.EVENT_READ)
        self._records = WorkerRecords(Path(options.workers_dir))
        self._pidfds: dict[int, int] = {}
        """Descriptor -> pid of every living child."""
        self._workers: dict[int, WorkerRef] = {}
        self._evaluators: set[int] = set()
        self._memory_kills = memory_kills()
        """As they were when a worker was last started or killed: what has come since is the reason of a SIGKILL."""
        self._source: ChildSource | None = None
        if from_code and verdict == fork_safety.FORK:
            self._source = ForkedChildren(code, options, self._release_in_child)
        elif from_code:
            self._source = FreshChildren(code, options, environment)
        self._watch_idle()

    def run(self) -> None:
        """Serve until retired and without workers."""
        while self._listener is not None or self._workers:
            for key, _ in self._selector.select():
                descriptor: Any = key.fileobj
                if descriptor is self._listener:
                    self._accept()
                elif descriptor == self._lifeline:
                    self._retire()
                elif descriptor in self._pidfds:
                    self._bury(descriptor)

    def _accept(self) -> None:
        assert self._listener is not None
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return
        with connection:
            connection.settimeout(_PATIENCE_SECONDS)
            try:
                if is_same_user(connection):
                    answer = self._answer(receive(connection), connection)
                    if answer is not None:
                        send(connection, answer)
            except (OSError, msgspec.MsgspecError) as error:
                _log.warning("A request to the zygote was lost: %s", error)

    def _answer(self, request: Message | None, connection: socket.socket) -> Message | None:
        match request:
            case Describe():
                return self._describe()
            case StartWorker():
                return self._start_worker(request, connection)
            case StartEvaluator():
                return self._start_evaluator(request, connection)
            case Count():
                return Counted(workers=len(self._workers), evaluators=len(self._evaluators))
            case Retire():
                self._retire()
                return None
            case _:
                return None

    def _describe(self) -> Message:
        if self._code.error is not None:
            return NotLoaded(self._code.error, self._code.files, self._code.data)
        return Loaded(
            manifest_hash=self._code.manifest_hash,
            manifest=self._code.manifest,
            fork=self._verdict,
            seconds=self._seconds,
            files=self._code.files,
            data=self._code.data,
        )

    def _start_worker(self, request: StartWorker, connection: socket.socket) -> Message:
        if self._source is None:
            return Refused("the code has not loaded")
        # This process may have stood still while the request waited: it has been repeated since, maybe elsewhere.
        if has_hung_up(connection) or time.monotonic() > request.until:
            _log.warning("Not started: nobody waits any more for the worker of run %s", request.spec.run.run_id)
            return Refused("the request came too late", again=True)
        try:
            earlier = self._records.find(request.spec.run.run_id, request.spec.epoch)
        except RostrumError as error:
            return Refused(str(error))
        if earlier is not None:
            return Started(earlier.pid, earlier.start_time)
        for worker in self._workers.values():  # just forked, and has not written its record yet
            if (worker.run_id, worker.epoch) == (request.spec.run.run_id, request.spec.epoch):
                return Started(worker.pid, worker.start_time)
        self._memory_kills = memory_kills()
        pid = self._source.start(request, connection)
        ref = worker_ref(request.spec, pid)
        self._workers[pid] = ref
        self._watch(pid)
        self._watch_idle()
        return Started(pid, ref.start_time)

    def _start_evaluator(self, request: StartEvaluator, connection: socket.socket) -> Message:
        if self._source is None:
            return Refused("the code has not loaded")
        if has_hung_up(connection):
            return Refused("the request came too late", again=True)
        pid = self._source.start(request, connection)
        self._evaluators.add(pid)
        self._watch(pid)
        self._watch_idle()
        return Started(pid, start_time(pid))

    def _watch(self, pid: int) -> None:
        if pid not in self._pidfds.values():
            descriptor = os.pidfd_open(pid)
            self._pidfds[descriptor] = pid
            self._selector.register(descriptor, selectors.EVENT_READ)

    def _watch_idle(self) -> None:
        for pid in self._source.idle() if self._source else []:
            self._watch(pid)

    def _bury(self, descriptor: int) -> None:
        """A child has ended: kill what it left behind, write its end down, and only then reap it."""
        pid = self._pidfds.pop(descriptor)
        self._selector.unregister(descriptor)
        os.close(descriptor)
        ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        killed = ended is not None and ended.si_code != os.CLD_EXITED
        if killed:
            kill_session(pid, start_time(pid))
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
        worker = self._workers.pop(pid, None)
        self._evaluators.discard(pid)
        if self._source is not None:
            self._source.forget(pid)
        if worker is not None and ended is not None:
            self._write_down(worker, self._outcome(ended.si_status, killed=killed))
        os.waitpid(pid, 0)

    def _outcome(self, status: int, *, killed: bool) -> WorkerExit:
        if not killed:
            return WorkerExit(exit_code=status)
        before, self._memory_kills = self._memory_kills, memory_kills()
        out_of_memory = before is not None and self._memory_kills is not None and self._memory_kills > before
        reason = (
            "killed by SIGKILL: the kernel ended it because memory ran out"
            if status == signal.SIGKILL and out_of_memory
            else ""
        )
        return WorkerExit(signal=status, reason=reason)

    def _write_down(self, worker: WorkerRef, outcome: WorkerExit) -> None:
        try:
            claimed = self._records.claim(worker)  # it may have died before it could
            if claimed == worker:
                self._records.end(worker.run_id, worker.epoch, outcome)
        except OSError as error:
            _log.warning("The end of the worker of run %s could not be written down: %s", worker.run_id, error)

    def _retire(self) -> None:
        if self._listener is not None:
            self._selector.unregister(self._listener)
            path = Path(self._listener.getsockname())
            self._listener.close()
            self._listener = None
            with contextlib.suppress(OSError):  # a killed code server could not clear up; a living one may be faster
                path.unlink(missing_ok=True)
                path.parent.rmdir()
            self._selector.unregister(self._lifeline)
        if self._source is not None:
            self._source.close()
            self._source = None
        for pid in self._evaluators:
            with contextlib.suppress(OSError):
                os.killpg(pid, signal.SIGKILL)

    def _release_in_child(self) -> None:
        """Close what a forked child must not hold."""
        self._selector.close()
        if self._listener is not None:
            self._listener.close()
        os.close(self._lifeline)
        for descriptor in self._pidfds:
            os.close(descriptor)


def main(argument: str) -> None:
    """Load the user's code, judge whether forking is safe, serve."""
    options = msgspec.json.decode(argument, type=ZygoteOptions)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C in the terminal is for the command that started all this
    for descriptor in (options.listener, options.lifeline):
        os.set_inheritable(descriptor, False)
    environment = dict(os.environ)
    sockets = fork_safety.open_sockets()
    if options.sources >= 0:
        use_sources(options.sources)
    began = time.perf_counter()
    # Nobody looks at the lifeline while user code is being imported, and that may take for ever.
    hold_lifeline(options.lifeline, with_parent=False)
    code = load(options.target)
    release_lifeline(options.lifeline)
    seconds = time.perf_counter() - began
    verdict = fork_safety.judge(fork_safety.look(sockets), options.fork)
    Zygote(options, code, verdict, seconds, environment).run()


if __name__ == "__main__":
    main(sys.argv[1])
