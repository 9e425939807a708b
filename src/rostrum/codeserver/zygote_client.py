"""The code server's end of one zygote: starts the process by exec, asks it for children, and sees when it has ended."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

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
    receive,
    send,
)
from rostrum.interfaces.launching import LaunchSpec
from rostrum.model.errors import ErrorInfo, RostrumError, Unavailable

_ANSWER_SECONDS = 20.0
_PATIENCE_SECONDS = 15.0
"""After so long a load is told of, again and again."""


class ZygoteSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What every zygote of a code server has in common."""

    location: str
    target: bytes
    """JSON of the `CodeTarget`."""
    workers_dir: str
    fork: str = "auto"
    load_seconds: float = 600.0
    """A load that takes longer has failed."""


class ZygoteProcess:
    """One zygote. Start it from a thread that lives as long as the server."""

    def __init__(
        self,
        settings: ZygoteSettings,
        environment: Mapping[str, str],
        sources: int = -1,
        *,
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        """`sources`: descriptor of kept source files to import instead of those on disk (`keep_sources`). `on_end` is
        called, in a thread of its own, when the process has ended.
        """
        self._settings = settings
        self._directory = Path(
            tempfile.mkdtemp(prefix="rostrum-")
        )  # made 0700; short, since socket paths end at 107 bytes
        self._path = str(self._directory / "zygote")
        lifeline_read, self._lifeline = os.pipe()
        with _listener(self._path) as listener:
            options = ZygoteOptions(
                location=settings.location,
                target=msgspec.Raw(settings.target),
                listener=listener.fileno(),
                lifeline=lifeline_read,
                workers_dir=settings.workers_dir,
                fork=settings.fork,
                sources=sources,
            )
            command = [sys.executable, "-m", "rostrum.codeserver.zygote", msgspec.json.encode(options).decode()]
            try:
                self._process = subprocess.Popen(
                    command,
                    env=dict(environment),
                    stdin=subprocess.DEVNULL,
                    pass_fds=(listener.fileno(), lifeline_read, *((sources,) if sources >= 0 else ())),
                    start_new_session=True,
                )
            finally:
                os.close(lifeline_read)
        self.pid = self._process.pid
        self._closing = threading.Lock()
        self._on_end = on_end
        threading.Thread(target=self._watch, name=f"zygote-{self.pid}", daemon=True).start()

    def describe(self, still_loading: Callable[[float], None] | None = None) -> Loaded | NotLoaded:
        """Wait until loading has ended; what was loaded, or why not. Kills a zygote that takes too long.

        `still_loading` is called with the seconds so far, every now and then while it takes.
        """
        try:
            answer = self._await_load(still_loading)
        except TimeoutError:
            self.abort()
            return _failure(
                "LoadTimeout", f"importing the code took longer than {self._settings.load_seconds:g} s and was stopped"
            )
        except Unavailable:
            answer = None
        if isinstance(answer, Loaded):
            return answer
        if isinstance(answer, NotLoaded):
            return answer
        code = self._process.wait()
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        return _failure(
            "LoadCrash", f"the process that imports the code ended with {how}; its output is in the code server's log"
        )

    def start_worker(self, spec: LaunchSpec, seconds: float = _ANSWER_SECONDS) -> Started:
        """Start a run worker, or not at all: what is not answered after `seconds` is not started later either.

        Raises Unavailable when the zygote is gone, TimeoutError when it is late, RostrumError when it refuses.
        """
        return _started(self._ask(StartWorker(spec, time.monotonic() + seconds), seconds))

    def start_evaluator(self, seconds: float = _ANSWER_SECONDS) -> tuple[Started, socket.socket]:
        """Start an evaluator; the connection to it is the caller's."""
        connection = self._connect(seconds)
        try:
            return _started(_exchange(connection, StartEvaluator())), connection
        except BaseException:
            connection.close()
            raise

    def count(self) -> Counted:
        """Living children. Raises Unavailable."""
        answer = self._ask(Count(), _ANSWER_SECONDS)
        return answer if isinstance(answer, Counted) else Counted(workers=0, evaluators=0)

    def _watch(self) -> None:
        with contextlib.suppress(ChildProcessError):  # it has been reaped by now
            os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        self._on_end()

    def is_alive(self) -> bool:
        """True until the process has ended (then it is reaped)."""
        return self._process.poll() is None

    def wait(self, seconds: float) -> bool:
        """Wait for the end of the process; True when it has ended."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def retire(self) -> None:
        """Let it end with its last worker. Its evaluators end now."""
        with contextlib.suppress(OSError, Unavailable), self._connect(1.0) as connection:
            send(connection, Retire())
        self._let_go()

    def kill(self) -> None:
        """Kill the zygote alone: run workers live on."""
        self._process.kill()
        self._process.wait()
        self._let_go()

    def abort(self) -> None:
        """Kill a zygote that is still loading, and what the code has started meanwhile. From any thread."""
        if self.is_alive():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        self.kill()

    def _await_load(self, still_loading: Callable[[float], None] | None) -> Message | None:
        began = time.monotonic()
        with self._connect(_ANSWER_SECONDS) as connection:
            with contextlib.suppress(OSError):  # it has ended already: the answer tells
                send(connection, Describe())
            poll = select.poll()
            poll.register(connection, select.POLLIN)
            while not poll.poll(1000 * min(_PATIENCE_SECONDS, self._settings.load_seconds)):
                seconds = time.monotonic() - began
                if seconds > self._settings.load_seconds:
                    raise TimeoutError
                if still_loading is not None:
                    still_loading(seconds)
            try:
                return receive(connection)
            except OSError as error:
                raise Unavailable("the process that imports the code has ended") from error

    def _let_go(self) -> None:
        """End of the lifeline says the same as `Retire`. A second call does nothing."""
        with self._closing:
            if self._lifeline >= 0:
                os.close(self._lifeline)
                self._lifeline = -1
                shutil.rmtree(self._directory, ignore_errors=True)

    def _connect(self, seconds: float) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(seconds)
        try:
            connection.connect(self._path)
        except OSError as error:
            connection.close()
            raise Unavailable("the process that holds the user's code is gone; it is being started again") from error
        return connection

    def _ask(self, message: Message, seconds: float) -> Message | None:
        with self._connect(seconds) as connection:
            return _exchange(connection, message)


def _listener(path: str) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)
    try:
        listener.bind(path)
    finally:
        os.umask(before)
    listener.listen(256)
    return listener


def _exchange(connection: socket.socket, message: Message) -> Message | None:
    try:
        send(connection, message)
        return receive(connection)
    except TimeoutError:
        raise
    except OSError as error:
        raise Unavailable(
            "the process that holds the user's code ended while it was asked; it is being started again"
        ) from error


def _started(answer: Message | None) -> Started:
    if isinstance(answer, Started):
        return answer
    if isinstance(answer, Refused):
        raise Unavailable(answer.message) if answer.again else RostrumError(answer.message)
    raise Unavailable("the process that holds the user's code ended while it was asked; it is being started again")


def _failure(class_name: str, message: str) -> NotLoaded:
    return NotLoaded(ErrorInfo(class_name=class_name, message=message, code="definition"))
