"""Attempts in processes of their own, children of the run worker. A worker may do a chain of steps, one after the
other, so that their values stay in memory: see `planning.placement`.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence
from functools import partial

import msgspec

from rostrum.executors.journal import Journal
from rostrum.executors.places import Attempt, Ended, Reactor, Reports
from rostrum.executors.processes import MemoryKills, crash_error
from rostrum.executors.workers import WorkerProcess, WorkerProcesses
from rostrum.interfaces.execution import RunHost
from rostrum.interfaces.frames import ANSWER, DONE, EVENTS, LIMIT_SIGNAL, QUESTION, START, Start
from rostrum.model.events import Event, StepSucceeded, StepWorkerStarted
from rostrum.planning.placement import Chains

_REST_SECONDS = 0.25
"""So long a worker waits for the next step of its chain: it starts at once, or something else holds it up."""
_SIGNALS = (LIMIT_SIGNAL, signal.SIGINT, signal.SIGTERM, signal.SIGKILL)


class _Post:
    """A worker process and what it does."""

    __slots__ = ("attempt", "has_succeeded", "knows", "process", "rested_at")

    def __init__(self, process: WorkerProcess, knows: tuple[int, int]) -> None:
        self.process, self.knows = process, knows
        self.attempt: Attempt | None = None
        self.has_succeeded = False
        self.rested_at = 0.0


class ProcessPlace:
    """See `places.Place`."""

    name = "process"
    tells_limits = True

    def __init__(
        self,
        processes: WorkerProcesses,
        host: RunHost,
        max_concurrent: int,
        *,
        chains: Chains | None = None,
        journal: Journal | None = None,
    ) -> None:
        self._processes, self._host, self._max_concurrent = processes, host, max_concurrent
        self._chains, self._journal = chains or Chains(), journal
        self._kills = MemoryKills()
        self._posts: dict[int, _Post] = {}
        """By pid."""
        self._of_step: dict[str, _Post] = {}
        """By key of the step whose attempt is under way."""
        self._resting: dict[str, _Post] = {}
        """By key of the step that each one waits for."""

    def open(self, reports: Reports, reactor: Reactor) -> None:
        """See `places.Place`."""
        self._reports, self._reactor = reports, reactor

    def has_room(self) -> bool:
        """See `places.Place`."""
        return len(self._of_step) < self._max_concurrent

    def start(self, attempt: Attempt) -> None:
        """See `places.Place`."""
        key = attempt.step.key
        post = self._resting.pop(key, None)
        if post is None or post.process.has_exited:
            post = self._hire()
        post.attempt, post.has_succeeded = attempt, False
        self._of_step[key] = post
        started = StepWorkerStarted(
            at=self._host.clock.now(), step_key=key, pid=post.process.pid, attempt=attempt.number, place=self.name
        )
        self._reports.events(attempt, (started,))  # on record before the code can run
        self._tell(post, attempt)

    def interrupt(self, attempt: Attempt, level: int) -> None:
        """See `places.Place`."""
        post = self._of_step.get(attempt.step.key)
        if post is not None:
            post.process.signal(_SIGNALS[level])

    def look(self) -> None:
        """See `places.Place`."""
        for post in [post for post in self._posts.values() if post.process.pidfd < 0 and post.process.has_exited]:
            self._bury(post)
        now = time.monotonic()
        for key in [key for key, post in self._resting.items() if now - post.rested_at > _REST_SECONDS]:
            self._resting.pop(key).process.dismiss()

    def close(self) -> None:
        """See `places.Place`."""
        for post in self._posts.values():
            self._unwatch(post)
        resting = [post.process for post in self._posts.values() if post.attempt is None]
        self._processes.let_go(resting, self._last_words, self._host)
        self._posts.clear()

    def _last_words(self, process: WorkerProcess) -> bool:
        return self._read(self._posts[process.pid])

    # --- workers
    # -------------------------------------------------------------------------------------------------------

    def _hire(self) -> _Post:
        process = self._processes.start(self.name)
        post = self._posts[process.pid] = _Post(process, self._journal.end if self._journal is not None else (0, 0))
        self._reactor.watch(process.line, partial(self._listen, post))
        if process.pidfd >= 0:
            self._reactor.watch(process.pidfd, partial(self._look_at, post))
        return post

    def _tell(self, post: _Post, attempt: Attempt) -> None:
        """Give the attempt to the worker. One that is gone is seen gone."""
        events, steps = self._journal.since(post.knows) if self._journal is not None else (b"", ())
        if self._journal is not None:
            post.knows = self._journal.end
        start = Start(
            step=attempt.step,
            attempt=attempt.number,
            apart=attempt.apart,
            steps=steps,
            events=events,
            is_last=self._chains.after(attempt.step.key) is None,
        )
        post.process.send(START, msgspec.msgpack.encode(start))

    def _look_at(self, post: _Post) -> None:
        if post.process.has_exited:
            self._bury(post)

    def _listen(self, post: _Post) -> None:
        self._read(post)

    def _read(self, post: _Post) -> bool:
        """Take what is there; False when there was nothing, or nothing more comes."""
        frames = post.process.receive()
        if frames is None:
            if post.process.is_closed:
                self._reactor.unwatch(post.process.line)
            return False
        for kind, body in frames:
            if kind == EVENTS:
                self._take(post, body)
            elif kind == QUESTION:
                post.process.send(ANSWER, self._host.answer(body))
            elif kind == DONE:
                self._rest(post)
        return True

    def _take(self, post: _Post, events: Sequence[Event]) -> None:
        attempt = post.attempt
        if attempt is None:
            for event in events:  # of its resources, after its last step
                self._host.record(event)
            return
        if any(type(event) is StepSucceeded for event in events):
            post.has_succeeded = True
        self._reports.events(attempt, events)

    def _rest(self, post: _Post) -> None:
        """It has done its attempt, and could go on with the next step of its chain."""
        attempt = post.attempt
        following = self._chains.after(attempt.step.key) if attempt is not None else None
        if attempt is None or following is None or not post.has_succeeded:
            post.process.dismiss()  # the attempt has ended when the process has
            return
        post.attempt, post.rested_at = None, time.monotonic()
        del self._of_step[attempt.step.key]
        self._resting[following] = post
        self._reports.ended(attempt, None)

    def _bury(self, post: _Post) -> None:
        """The process has ended: take its last events, then say how its attempt ended."""
        while self._read(post):
            pass
        self._unwatch(post)
        del self._posts[post.process.pid]
        end = self._processes.bury(post.process)
        self._host.worker_ended(end.pid)
        attempt = post.attempt
        if attempt is None:
            self._resting = {key: other for key, other in self._resting.items() if other is not post}
            return
        post.attempt = None
        del self._of_step[attempt.step.key]
        self._reports.ended(attempt, Ended(cause="crash", error=crash_error(end, self._kills)))

    def _unwatch(self, post: _Post) -> None:
        self._reactor.unwatch(post.process.line)
        if post.process.pidfd >= 0:
            self._reactor.unwatch(post.process.pidfd)
