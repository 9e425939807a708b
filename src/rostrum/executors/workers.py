"""Processes that run steps, as the run worker sees them: started by fork or as fresh interpreters, each with a line (a
socket pair) and a lifeline, each known dead at once by a pidfd.

The run worker runs no user code and starts no thread, so that it may fork at any time. A child dies with it: see
`execution.workers.lifeline`.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from rostrum.executors.places import Reactor
from rostrum.executors.processes import Exit, has_exited, kill_group, reap
from rostrum.interfaces.execution import RunHost, StepRunner
from rostrum.interfaces.frames import (
    ANSWER,
    DONE,
    EVENTS,
    LIMIT_SIGNAL,
    QUESTION,
    WORK,
    Done,
    FrameReader,
    frame,
    start_decoder,
)
from rostrum.model.events import decode_events

_READ_BYTES = 1 << 18
_TICK_SECONDS = 0.25
_SEND_SECONDS = 20.0
_READ: Mapping[int, Callable[[bytes], Any]] = {
    EVENTS: decode_events,
    QUESTION: bytes,
    DONE: msgspec.msgpack.Decoder(list[Done]).decode,
}
"""How the bodies of frames are read that step workers send."""


class WorkerProcess:
    """One child of the run worker. The group that it leads ends with it."""

    __slots__ = ("began", "is_closed", "lifeline", "line", "nonsense", "pid", "pidfd", "reader")

    def __init__(self, pid: int, line: socket.socket, lifeline: int) -> None:
        self.pid, self.line, self.lifeline = pid, line, lifeline
        self.reader = FrameReader()
        self.is_closed = False
        """Nothing more is sent to it, and nothing more comes."""
        self.nonsense = ""
        """What is wrong with what it has told, where that cannot be read. It is killed for it."""
        self.began = time.monotonic()
        try:
            self.pidfd = os.pidfd_open(pid)
        except (AttributeError, OSError):
            self.pidfd = -1

    @property
    def has_exited(self) -> bool:
        """Whether it is dead, reaped or not."""
        return has_exited(self.pid)

    def send(self, kind: int, body: bytes) -> bool:
        """Send a frame; False where the process is dead or has closed its end. Blocks where much waits to be read; one
        that does not read for long is killed.
        """
        self.line.settimeout(_SEND_SECONDS)
        try:
            self.line.sendall(frame(kind, body))
        except TimeoutError:
            kill_group(self.pid)
            return False
        except OSError:
            return False
        finally:
            self.line.setblocking(False)
        return True

    def receive(self) -> list[tuple[int, Any]] | None:
        """Frames that have come, the bodies of events and ends decoded; None when nothing is there, or nothing more
        will come (`is_closed`).
        """
        if self.nonsense:
            return None
        try:
            data = self.line.recv(_READ_BYTES)
        except BlockingIOError:
            return None
        except OSError:
            data = b""
        if not data:
            self.is_closed = True
            return None
        try:
            return [(kind, _READ[kind](body)) for kind, body in self.reader.feed(data)]
        except (KeyError, ValueError, msgspec.MsgspecError) as error:
            self.is_closed, self.nonsense = True, str(error) or type(error).__name__
            kill_group(self.pid)
            return None

    def dismiss(self) -> None:
        """Let it go when it has done what it has to do: it sees the end of the line."""
        try:
            self.line.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def signal(self, number: int) -> None:
        """Send a signal to the process and its children; `LIMIT_SIGNAL` to the process alone."""
        if number != LIMIT_SIGNAL:
            kill_group(self.pid, number)
            return
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            pass

    def close(self) -> None:
        """Close our ends."""
        self.line.close()
        os.close(self.lifeline)
        if self.pidfd >= 0:
            os.close(self.pidfd)


class Ear:
    """Hears a worker process out for its place: `on_frame` takes what it tells, `on_exit` is called once when it has
    ended. Its questions are answered here.
    """

    def __init__(
        self,
        process: WorkerProcess,
        reactor: Reactor,
        host: RunHost,
        on_frame: Callable[[int, Any], None],
        on_exit: Callable[[], None],
    ) -> None:
        self.process = process
        self._reactor, self._host, self._on_frame, self._on_exit = reactor, host, on_frame, on_exit
        self._reactor.watch(process.line, self.hear)
        if process.pidfd >= 0:
            self._reactor.watch(process.pidfd, self._exited)

    def hear(self) -> bool:
        """Take what is there; False when there was nothing, or nothing more comes."""
        frames = self.process.receive()
        if frames is None:
            if self.process.is_closed:
                self._reactor.unwatch(self.process.line)
            return False
        for kind, body in frames:
            if kind == QUESTION:
                self.process.send(ANSWER, self._host.answer(body))
            else:
                self._on_frame(kind, body)
        return True

    def look(self) -> None:
        """Now and then: where the system does not tell of its end."""
        if self.process.pidfd < 0:
            self._exited()

    def close(self) -> None:
        """It is not listened to any more; `hear` goes on."""
        self._reactor.unwatch(self.process.line)
        if self.process.pidfd >= 0:
            self._reactor.unwatch(self.process.pidfd)

    def _exited(self) -> None:
        if self.process.has_exited:
            while self.hear():  # its last words
                pass
            self.close()
            self._on_exit()


class WorkerProcesses:
    """Starts and buries the step workers of one execution. All places that fork share it: no child may hold a
    sibling's lifeline open.
    """

    def __init__(self, runner: StepRunner, start_method: str, grace_seconds: float) -> None:
        self._runner, self._start_method, self._grace_seconds = runner, start_method, grace_seconds
        if start_method == "fork":
            start_decoder()  # not in each child again
        self.living: dict[int, WorkerProcess] = {}
        """By pid."""

    def start(self, name: str) -> WorkerProcess:
        """Start a process for attempts of one place (`name`), ready for its first `START`."""
        ours, theirs = socket.socketpair()
        reading, writing = os.pipe()
        try:
            start = self._spawn if self._start_method == "spawn" else self._fork
            pid, work = start(name, ours, theirs, reading, writing)
        except BaseException:
            ours.close()
            os.close(writing)
            raise
        finally:
            theirs.close()
            os.close(reading)
        ours.setblocking(False)
        worker = self.living[pid] = WorkerProcess(pid, ours, writing)
        if work:  # an interpreter that dies at once does not read it: that is seen
            worker.send(WORK, work)
        return worker

    def bury(self, worker: WorkerProcess) -> Exit:
        """Reap a process that has ended, kill its group, close the line to it."""
        del self.living[worker.pid]
        end = reap(worker.pid)._replace(nonsense=worker.nonsense)
        worker.close()
        return end

    def let_go(self, ears: Sequence[Ear], idle: Sequence[Ear], host: RunHost) -> None:
        """Have idle processes end by themselves, for as long as the grace, so that they tear their resources down; what
        they tell is heard. Then kill what is left of `ears`, to which they belong.
        """
        for ear in ears:
            ear.close()
        left = list(idle)
        for ear in left:
            ear.process.dismiss()
        until = time.monotonic() + self._grace_seconds
        while left and time.monotonic() < until:
            _wait([ear.process for ear in left], _TICK_SECONDS)
            host.tick()
            for ear in list(left):
                exited = ear.process.has_exited
                while ear.hear():
                    pass
                if exited:
                    left.remove(ear)
                    host.worker_ended(self.bury(ear.process).pid)
        self._kill([ear.process for ear in ears])

    def kill_all(self) -> None:
        """Leave no process behind, whatever happened."""
        self._kill(list(self.living.values()))

    def _kill(self, workers: Sequence[WorkerProcess]) -> None:
        left = [worker for worker in workers if self.living.get(worker.pid) is worker]
        for worker in left:
            kill_group(worker.pid)
        for worker in left:
            self.bury(worker)

    def _fork(
        self, name: str, ours: socket.socket, theirs: socket.socket, reading: int, writing: int
    ) -> tuple[int, bytes]:
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid:
            try:
                os.setpgid(pid, pid)
            except OSError:
                pass  # the child has done it already, or is gone
            return pid, b""
        code = 70
        try:
            signal.signal(signal.SIGINT, signal.default_int_handler)  # until the step's own is there
            os.setpgid(0, 0)
            # Of this process only: no sibling's lifeline may be held open here.
            ours.close()
            os.close(writing)
            for sibling in self.living.values():
                sibling.close()
            code = self._runner.serve(theirs.detach(), reading, name)
        except KeyboardInterrupt:
            pass  # cancelled before it had begun
        except BaseException:  # noqa: BLE001 - the process ends here, whatever it was; nothing may reach the run worker's frames
            traceback.print_exc()
        finally:
            os._exit(code)

    def _spawn(
        self, name: str, ours: socket.socket, theirs: socket.socket, reading: int, writing: int
    ) -> tuple[int, bytes]:
        command, work = self._runner.fresh_command(name)
        child = subprocess.Popen(
            [*command, str(theirs.fileno()), str(reading)],
            stdin=subprocess.DEVNULL,
            pass_fds=(theirs.fileno(), reading),
            process_group=0,
        )
        # We reap it ourselves, its group first; Popen must not try, nor complain.
        child.returncode = 0
        return child.pid, work


def _wait(workers: Sequence[WorkerProcess], seconds: float) -> None:
    """Wait until one of them tells something or ends. (Descriptors beyond 1023 are none for `select.select`.)"""
    poll = select.poll()
    for worker in workers:
        if not worker.is_closed:
            poll.register(worker.line, select.POLLIN)
        if worker.pidfd >= 0:
            poll.register(worker.pidfd, select.POLLIN)
    poll.poll(seconds * 1000)
