"""Attempts of workers that talk to the control plane themselves: what they have told is followed by a thread and
brought to the loop, and an attempt has ended when its worker is gone and all that it has told is here.

Used by places (Dask, Ray, containers) as their half that is the same: they start and end workers, and say when one does
nothing more.
"""

from __future__ import annotations

import contextlib
import importlib
import ipaddress
import logging
import socket
import threading
from collections.abc import Callable, Sequence
from functools import partial
from urllib.parse import urlsplit

import msgspec

from rostrum.executors.places import Attempt, Ended, Reactor, Reports
from rostrum.interfaces.execution import RemoteAttempt, RunHost, StepRunner
from rostrum.interfaces.launching import GatewayAccess
from rostrum.model.errors import ErrorInfo, InvocationError, RostrumError, Unavailable
from rostrum.model.events import ATTEMPT_ENDS, EngineMessage, Event, StepWorkerStarted
from rostrum.model.principals import StepScope

_log = logging.getLogger(__name__)
FOLLOW_SECONDS = 1.0
"""How long one question waits for an answer; also how late the end of a silent worker may be seen."""
_AWAY_SECONDS = 0.5
_JOIN_SECONDS = 5.0


class _Post:
    """An attempt whose worker is elsewhere."""

    __slots__ = ("attempt", "has_ended", "how", "mark")

    def __init__(self, attempt: Attempt) -> None:
        self.attempt = attempt
        self.has_ended = False
        """Its last event is here."""
        self.how: Ended | None = None
        self.mark: int | None = None
        """Its worker does nothing more: what it has told is all here when a question that was asked after this mark has
        brought nothing new."""


class Elsewhere:
    """For one place, in the loop's thread; only `call` may be called from others."""

    def __init__(
        self, place: str, runner: StepRunner, host: RunHost, on_end: Callable[[Attempt], None] | None = None
    ) -> None:
        """`on_end`: where workers do one attempt only, an attempt has ended with its last event; its worker, which goes
        away in its own time, is the place's from then on.
        """
        self._place, self._runner, self._host, self._on_end = place, runner, host, on_end
        self._posts: dict[str, _Post] = {}
        """By the key of the attempt's files, which its stream ends with."""
        self._marks = 0
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def __len__(self) -> int:
        return len(self._posts)

    def open(self, reports: Reports, reactor: Reactor, host: str = "") -> None:
        """As of `Place`. `host`: where the cluster is, when that is told by an address. Raises InvocationError where
        there is no gateway, or none that can be reached from there.
        """
        self._reports, self._reactor = reports, reactor
        if self._host.steps is None:
            raise InvocationError(
                f"the {self._place} executor needs an instance: its workers report to the gateway of one. Give "
                "instance=Instance.open() (or Instance.ephemeral()), launch the run in a deployment, or use the "
                "in_process executor."
            )
        url = self._host.steps.access(StepScope("any", 1, "any")).address.url if host and not _is_here(host) else ""
        if url.startswith("unix:") or _is_here(urlsplit(url).hostname or ""):
            raise InvocationError(
                f"workers at {host} cannot reach the gateway at {url}: set gateway.url in rostrum.yaml to an address "
                "of the web server that they reach."
            )

    def say(self, message: str, step_key: str | None = None, level: str = "info") -> None:
        """Tell whoever waits for the run, or for a step of it, what takes so long."""
        self._host.record(EngineMessage(at=self._host.clock.now(), message=message, step_key=step_key, level=level))
        self._host.tick()  # at once: what follows may take long

    def begin(self, attempt: Attempt) -> tuple[RemoteAttempt, GatewayAccess]:
        """What a worker needs for the attempt, from now on expected. Raises InvocationError where its code cannot be
        imported elsewhere.
        """
        remote = self._runner.remote(attempt.step, attempt.number, attempt.apart)
        assert self._host.steps is not None
        access = self._host.steps.access(remote.scope)
        self._posts[remote.scope.file_key] = _Post(attempt)
        if self._thread is None:
            self._thread = threading.Thread(target=self._follow, name=f"rostrum-{self._place}", daemon=True)
            self._thread.start()
        return remote, access

    def started(self, attempt: Attempt, worker: str, host: str | None = None) -> None:
        """Tell that a worker has been asked to do it."""
        event = StepWorkerStarted(
            at=self._host.clock.now(),
            step_key=attempt.step.key,
            attempt=attempt.number,
            place=self._place,
            worker=worker,
            host=host,
        )
        self._reports.events(attempt, (event,))

    def forget(self, attempt: Attempt) -> None:
        """It has not been started."""
        self._posts = {key: post for key, post in self._posts.items() if post.attempt is not attempt}

    def finished(self, attempt: Attempt, how: Ended | None = None) -> None:
        """Its worker does nothing more; `how` counts where nothing tells how the attempt ended."""
        for key, post in self._posts.items():
            if post.attempt is attempt and post.mark is None:
                self._marks += 1
                post.how, post.mark = how, self._marks
                if post.has_ended:
                    self._settle(key, post)
                return

    def call(self, function: Callable[[], None]) -> None:
        """Have it called in the loop's thread, unless the loop is over. From any thread."""
        with self._lock:
            if not self._stop.is_set():
                self._reactor.call(function)

    def close(self) -> None:
        """As of `Place`."""
        with self._lock:
            self._stop.set()
        if self._thread is not None and self._host.steps is not None:
            self._host.steps.stop()
            self._thread.join(_JOIN_SECONDS)

    def _settle(self, key: str, post: _Post) -> None:
        del self._posts[key]
        self._reports.ended(post.attempt, None if post.has_ended else post.how or _silent(self._place))

    # --- following
    # ----------------------------------------------------------------------------------------------------

    def _follow(self) -> None:
        cursor, line, trouble = 0, self._host.steps, ""
        assert line is not None
        while not self._stop.is_set():
            mark = self._marks
            is_urgent = any(post.mark is not None for post in list(self._posts.values()))
            try:
                events, cursor = line.follow(cursor, 0.0 if is_urgent else FOLLOW_SECONDS)
            except Exception as error:  # noqa: BLE001 - whatever it is: without this thread the run would never end
                if not self._stop.is_set() and repr(error) != trouble:  # said once, not twice a second
                    trouble, level = repr(error), logging.DEBUG if isinstance(error, Unavailable) else logging.WARNING
                    _log.log(level, "what step workers tell is not to be had now: %s", trouble)
                self._host.clock.wait(self._stop, _AWAY_SECONDS)
                continue
            if events or is_urgent:
                self.call(partial(self._take, events, mark))
            if is_urgent and not events:
                self._stop.wait(0.05)  # until the loop has settled them

    def _take(self, events: Sequence[Event], mark: int) -> None:
        for event in events:
            post = self._posts.get(event.stream.rpartition("/")[2])
            if post is not None and not (post.has_ended and isinstance(event, ATTEMPT_ENDS)):
                post.has_ended = post.has_ended or isinstance(event, ATTEMPT_ENDS)
                self._reports.events(post.attempt, (event,), stored=True)
        for key, post in list(self._posts.items()):
            if post.has_ended and self._on_end is not None:
                self._on_end(post.attempt)
                self._settle(key, post)
            elif post.mark is not None and (post.has_ended or (not events and post.mark <= mark)):
                self._settle(key, post)


class Sealed(msgspec.Struct, frozen=True):
    """The work of an attempt as the argument of a task: clusters show arguments of tasks that fail, and a run's config
    is nobody's business there.
    """

    work: bytes

    def __repr__(self) -> str:
        """Its size."""
        return f"Sealed({len(self.work)} bytes)"


def run_attempt(
    entry: str, work: bytes, access: GatewayAccess, *, own: bool, shared: bool, grace_seconds: float
) -> str:
    """In the worker: do what `Elsewhere.begin` has told. Returns a word on how it went; what matters is told to the
    control plane. Raises RostrumError where it could not begin.
    """
    module, _, name = entry.partition(":")
    function: Callable[..., str] = getattr(importlib.import_module(module), name)
    return function(work, access, own=own, shared=shared, grace_seconds=grace_seconds)


def _is_here(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost" or host == socket.gethostname()


def lost(what: str) -> Ended:
    """A worker that is gone."""
    return Ended(cause="lost", error=ErrorInfo(class_name="StepWorkerLost", message=what, code="worker_lost"))


def refusal(raised: BaseException) -> str | None:
    """What to tell of a worker that has not begun the attempt, by what `run_attempt` raised; None where that is not
    the reason.
    """
    return f"A worker could not begin this step: {raised}" if isinstance(raised, RostrumError) else None


def _silent(place: str) -> Ended:
    return lost(f"The worker of this step ({place}) has ended without telling how the step ended.")
