"""How the zygote makes children: by forking itself, or by starting fresh processes kept warm one ahead. Same requests,
same behaviour.
"""

from __future__ import annotations

import gc
import os
import socket
import sys
import warnings
from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec

from rostrum.codeserver.child import exit_after, flush_streams, live_as_evaluator, live_as_worker
from rostrum.codeserver.loading import Code
from rostrum.codeserver.messages import StartEvaluator, StartWorker, ZygoteOptions, send
from rostrum.codeserver.sources import keep_sources
from rostrum.execution.plugins import load_own
from rostrum.interfaces.frames import start_decoder
from rostrum.interfaces.masks import KNOWN
from rostrum.model.events import decode_events, encode_events

Request = StartWorker | StartEvaluator


class ChildSource(Protocol):
    """Makes children of this process, each the leader of a session of its own."""

    def start(self, request: Request, connection: socket.socket) -> int:
        """Start a child for a request and return its pid at once. An evaluator takes the connection over."""
        ...

    def idle(self) -> list[int]:
        """Children that wait for work."""
        ...

    def forget(self, pid: int) -> None:
        """A child has ended."""
        ...

    def close(self) -> None:
        """Let go of children that wait for work."""
        ...


class ForkedChildren:
    """Forks of this process, which has imported the user's code."""

    def __init__(self, code: Code, options: ZygoteOptions, release: Callable[[], None]) -> None:
        self._code, self._workers_dir = code, options.workers_dir
        self._release = release
        """Closes, in the child, what belongs to the zygote."""
        # What every child would need once is made here.
        decode_events(encode_events(()))
        start_decoder()
        KNOWN.add_environment()
        load_own()
        gc.collect()
        gc.freeze()  # so that a collection in a child does not touch, and thereby copy, every page

    def start(self, request: Request, connection: socket.socket) -> int:
        """Fork."""
        flush_streams()
        pid = quiet_fork()
        if pid:
            return pid
        exit_after(lambda: self._live(request, connection))
        raise AssertionError("unreachable")

    def _live(self, request: Request, connection: socket.socket) -> int:
        os.setsid()
        self._release()
        if isinstance(request, StartEvaluator):
            return live_as_evaluator(connection, self._code)
        connection.close()
        return live_as_worker(request, self._code, self._workers_dir, may_fork=True)

    def idle(self) -> list[int]:
        """None: forks are made when they are wanted."""
        return []

    def forget(self, pid: int) -> None:
        """Nothing is kept."""

    def close(self) -> None:
        """Nothing is kept."""


class FreshChildren:
    """Fresh interpreters that import the user's code themselves; one waits ahead of the next request."""

    def __init__(self, code: Code, options: ZygoteOptions, environment: Mapping[str, str]) -> None:
        sources = options.sources if options.sources >= 0 else keep_sources(code.files)
        self._options = msgspec.structs.replace(options, sources=sources)
        self._environment = dict(environment)
        self._warm: dict[int, socket.socket] = {}
        self._spawn()

    def start(self, request: Request, connection: socket.socket) -> int:
        """Hand the request to the waiting process, and start the next one."""
        while True:
            if not self._warm:
                self._spawn()
                return self._hand_over(request, connection)
            try:
                return self._hand_over(request, connection)
            except BrokenPipeError:  # it has ended while it waited: the next one is new
                continue

    def _hand_over(self, request: Request, connection: socket.socket) -> int:
        pid, channel = self._warm.popitem()
        with channel:
            send(channel, request)
            if isinstance(request, StartEvaluator):
                socket.send_fds(channel, [b"+"], [connection.fileno()])
        self._spawn()
        return pid

    def idle(self) -> list[int]:
        """The process that waits."""
        return list(self._warm)

    def forget(self, pid: int) -> None:
        """A waiting process that has ended is replaced when the next request comes, not before: it may be failing at
        once.
        """
        channel = self._warm.pop(pid, None)
        if channel is not None:
            channel.close()

    def close(self) -> None:
        """End of its channel ends a waiting process."""
        for channel in self._warm.values():
            channel.close()
        self._warm.clear()

    def _spawn(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            theirs.set_inheritable(True)
            options = msgspec.structs.replace(self._options, listener=theirs.fileno(), lifeline=-1)
            command = [sys.executable, "-m", "rostrum.codeserver.fresh", msgspec.json.encode(options).decode()]
            pid = os.posix_spawn(sys.executable, command, self._environment, setsid=True)
        self._warm[pid] = ours


def quiet_fork() -> int:
    """Fork without the interpreter's warning about native threads: whether they matter has been judged
    (`fork_safety`).
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()
