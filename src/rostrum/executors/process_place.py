"""Attempts in processes of their own, children of the run worker. A worker may do a chain of steps, one after the
other, so that their values stay in memory: see `planning.placement`.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec

from rostrum.executors.attempts import not_started
from rostrum.executors.journal import Journal
from rostrum.executors.places import Attempt, Ended, Reactor, Reports
from rostrum.executors.processes import MemoryKills, crash_error
from rostrum.executors.workers import Ear, WorkerProcess, WorkerProcesses
from rostrum.interfaces.execution import RunHost
from rostrum.interfaces.frames import DONE, EVENTS, LIMIT_SIGNAL, START, Start
from rostrum.model.errors import RostrumError
from rostrum.model.events import Event, StepStarted, StepSucceeded, StepWorkerStarted
from rostrum.planning.placement import Chains

_REST_SECONDS = 0.25
"""So long a worker waits for the next step of its chain: it starts at once, or something else holds it up."""
_SIGNALS = (LIMIT_SIGNAL, signal.SIGINT, signal.SIGTERM, signal.SIGKILL)


class _Post:
    """A worker process and what it does."""

    __slots__ = ("attempt", "ear", "has_begun", "has_succeeded", "is_used", "knows", "process", "rested_at")

    ear: Ear

    def __init__(self, process: WorkerProcess, knows: tuple[int, int]) -> None:
        self.process, self.knows = process, knows
        self.attempt: Attempt | None = None
        self.has_begun = self.has_succeeded = False
        """Of the attempt."""
        self.is_used = False
        """It has done another one before."""
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
        post.attempt, post.has_begun, post.has_succeeded = attempt, False, False
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
        for post in list(self._posts.values()):
            post.ear.look()
        now = time.monotonic()
        for key in [key for key, post in self._resting.items() if now - post.rested_at > _REST_SECONDS]:
            self._resting.pop(key).process.dismiss()

    def close(self) -> None:
        """See `places.Place`."""
        posts = self._posts.values()
        idle = [post.ear for post in posts if post.attempt is None]
        self._processes.let_go([post.ear for post in posts], idle, self._host)
        self._posts.clear()

    # --- workers
    # -------------------------------------------------------------------------------------------------------

    def _hire(self) -> _Post:
        process = self._processes.start(self.name)
        post = _Post(process, self._journal.end if self._journal is not None else (0, 0))
        post.ear = Ear(process, self._reactor, self._host, partial(self._hear, post), partial(self._bury, post))
        self._posts[process.pid] = post
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

    def _hear(self, post: _Post, kind: int, body: Any) -> None:
        if kind == EVENTS:
            self._take(post, body)
        elif kind == DONE:
            self._rest(post)

    def _take(self, post: _Post, events: Sequence[Event]) -> None:
        attempt = post.attempt
        if attempt is None:
            for event in events:  # of its resources, after its last step
                self._host.record(event)
            return
        for event in events:
            post.has_begun = post.has_begun or type(event) is StepStarted
            post.has_succeeded = post.has_succeeded or type(event) is StepSucceeded
        self._reports.events(attempt, events)

    def _rest(self, post: _Post) -> None:
        """It has done its attempt, and could go on with the next step of its chain."""
        attempt = post.attempt
        following = self._chains.after(attempt.step.key) if attempt is not None else None
        if attempt is None or following is None or not post.has_succeeded:
            post.process.dismiss()  # the attempt has ended when the process has
            return
        post.attempt, post.rested_at, post.is_used = None, time.monotonic(), True
        self._leave(post, attempt)
        self._resting[following] = post
        self._reports.ended(attempt, None)

    def _bury(self, post: _Post) -> None:
        """The process has ended: say how its attempt did."""
        del self._posts[post.process.pid]
        end = self._processes.bury(post.process)
        self._host.worker_ended(end.pid)
        attempt = post.attempt
        if attempt is None:
            self._resting = {key: other for key, other in self._resting.items() if other is not post}
            return
        post.attempt = None
        self._leave(post, attempt)
        if post.is_used and not post.has_begun and not self._host.stop.is_set():
            self._again(attempt)  # it ended of what it had done before
        else:
            self._reports.ended(attempt, Ended(cause="crash", error=crash_error(end, self._kills)))

    def _again(self, attempt: Attempt) -> None:
        try:
            self.start(attempt)
        except (RostrumError, OSError) as error:
            self._reports.ended(attempt, not_started(error))

    def _leave(self, post: _Post, attempt: Attempt) -> None:
        if self._of_step.get(attempt.step.key) is post:  # not the next attempt's, where this one was given up
            del self._of_step[attempt.step.key]
