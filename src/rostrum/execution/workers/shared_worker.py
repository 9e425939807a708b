"""A process that several steps share: those that run in its main thread, in threads, in its event loop. Many attempts
at once, their events in batches, their values in memory.

One thread receives, one sends; an engine (`rostrum.executors`) runs the attempts.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Sequence
from typing import Any

import msgspec

from rostrum.execution.output.attribution import Attribution
from rostrum.execution.output.capture import Redirect, of_epoch
from rostrum.execution.plugins import ENGINES, plugin
from rostrum.execution.workers.lines import Line
from rostrum.execution.workers.process_names import SHARED, name_process
from rostrum.interfaces.execution import Attempt
from rostrum.interfaces.frames import FORGET, INTERRUPT, OPEN, START, Done, Interrupt, Open, Start, start_decoder
from rostrum.model.errors import ErrorInfo, Unavailable
from rostrum.model.events import Event, LogsCaptured, StepFailed
from rostrum.planning.collector import seldom_collecting_all

_BATCH = 1000
"""Events sent at once."""
_LOOK_SECONDS = 0.25


def shared_key(number: int, epoch: int) -> str:
    """Name of the log files of such a process. (No step's key has a hyphen.)"""
    return of_epoch(f"shared--{number}", epoch)


class SharedWorker:
    """The whole work of such a process. `runner` is a `ProcessStepRunner`."""

    def __init__(self, runner: Any, line: Line) -> None:
        self._runner, self._line = runner, line
        self._memory = runner.values.memory = runner.new_memory()
        self._told = threading.Event()
        self._is_over = False
        self._attempts: dict[str, Attempt] = {}
        """By key of the step."""
        self._refused: deque[tuple[Sequence[Event], Done]] = deque()
        self._failure: ErrorInfo | None = None
        """Of a resource that could not be set up."""

    def work(self) -> int:
        """Serve the line until it closes; returns the exit code."""
        name_process(SHARED)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        opening = msgspec.msgpack.decode(self._line.receive(OPEN), type=Open)
        self._capture(opening)
        self._line.share()
        self._engine = plugin(ENGINES, "concurrent")(self._runner, self._told.set, threads=opening.threads)
        steps = [self._runner.executed[key] for key in opening.steps]
        if not self._runner.open(steps, self._opened) and self._failure is None:
            self._failure = ErrorInfo(class_name="ResourceFailed", message="a resource could not be set up")
        sender = threading.Thread(target=self._send, name="rostrum-sender", daemon=True)
        sender.start()
        threading.Thread(target=self._receive, name="rostrum-receiver", daemon=True).start()
        with seldom_collecting_all():
            self._engine.serve()
        self._is_over = True
        self._told.set()
        sender.join()
        self._runner.close()
        if self._runner.attribution is not None:
            self._runner.attribution.stop()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        return 0

    def _capture(self, opening: Open) -> None:
        folder = self._runner.capture_folder
        if folder is None:
            return
        key = shared_key(opening.number, self._runner.epoch)
        Redirect(folder, key)
        at = self._runner.clock.now()
        self._line.emit(LogsCaptured(at=at, file_key=key, step_keys=opening.steps, pid=os.getpid()))
        runner = self._runner
        attribution = runner.attribution = Attribution(folder, runner.log, runner.clock, runner.epoch)
        attribution.start()

    def _opened(self, event: Event) -> None:
        if event.kind == "resource_failed":
            self._failure = event.error  # type: ignore[attr-defined]
        self._line.emit(event)

    # --- receiving
    # -----------------------------------------------------------------------------------------------------

    def _receive(self) -> None:
        while (received := self._line.next_frame()) is not None:
            kind, body = received
            if kind == START:
                self._start(start_decoder().decode(body))
            elif kind == INTERRUPT:
                self._interrupt(msgspec.msgpack.decode(body, type=Interrupt))
            elif kind == FORGET:
                self._memory.forget(msgspec.msgpack.decode(body, type=list[str]))
        self._engine.close()

    def _start(self, start: Start) -> None:
        self._runner.learn(start)
        step = start.step
        if self._failure is not None:
            at = self._runner.clock.now()
            failed = StepFailed(at=at, step_key=step.key, error=self._failure, attempt=start.attempt)
            self._refuse(Done(step.key, start.attempt), failed)
            return
        attempt = self._attempts[step.key] = Attempt(step, start.attempt, start.apart)
        self._runner.endings.apart[step.key] = start.apart
        try:
            self._engine.start(attempt, start.lane)
        except Unavailable as error:
            info = ErrorInfo(class_name="Unavailable", message=str(error), code=error.code)
            self._refuse(Done(step.key, start.attempt, "lost", info))

    def _refuse(self, done: Done, *events: Event) -> None:
        """An attempt that does not begin. Not told from here: who receives must never wait for who is to receive."""
        self._refused.append((events, done))
        self._told.set()

    def _interrupt(self, wanted: Interrupt) -> None:
        attempt = self._attempts.get(wanted.step_key)
        if attempt is not None and attempt.number == wanted.attempt:
            self._engine.interrupt(attempt, wanted.level)

    # --- sending
    # -------------------------------------------------------------------------------------------------------

    def _send(self) -> None:
        while not self._is_over:
            self._told.wait(_LOOK_SECONDS)
            self._told.clear()
            self._flush()
            self._engine.look()
        self._flush()

    def _flush(self) -> None:
        events: list[Event] = []
        done: list[Done] = []
        while self._refused:
            told, end = self._refused.popleft()
            events += told
            done.append(end)
        for attempt, told, end in self._engine.collect():
            events += told
            if end is not None:
                key, how = attempt.step.key, end.how
                if self._attempts.get(key) is attempt:
                    del self._attempts[key]
                done.append(Done(key, attempt.number, how.cause, how.error) if how else Done(key, attempt.number))
            if len(events) >= _BATCH:
                self._tell(events, done)
                events, done = [], []
        self._tell(events, done)

    def _tell(self, events: list[Event], done: list[Done]) -> None:
        if events:
            self._line.send(events)
        if done:
            self._line.done(done)
