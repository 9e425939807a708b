"""Keeps a code server up as a child process: for `rostrum dev` and agents.

The child is restarted with backoff when it ends, and ends with this process (a lifeline). Run workers outlive both.
"""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec

from rostrum.codeserver.main import TOKEN_VARIABLE
from rostrum.codeserver.server import CodeServerOptions
from rostrum.interfaces.clock import Clock

_log = logging.getLogger(__name__)
_BACKOFF_FIRST_SECONDS = 0.25
_BACKOFF_LAST_SECONDS = 30.0
_STEADY_SECONDS = 30.0
"""A child that has lived this long is restarted at once."""
_GRACE_SECONDS = 5.0


class CodeServerProcess:
    """One code server child. `start` and `stop` in any order, any number of times, from any thread."""

    def __init__(
        self,
        options: CodeServerOptions,
        clock: Clock,
        *,
        python: str = sys.executable,
        environment: Mapping[str, str] | None = None,
        token: str | None = None,
    ) -> None:
        """With an empty `options.address` a unix socket in a private directory is made up."""
        self._directory: Path | None = None
        if not options.address:
            self._directory = Path(tempfile.mkdtemp(prefix="rostrum-"))
            options = msgspec.structs.replace(options, address=f"unix:{self._directory / 'code'}")
        self._options, self._clock, self._python = options, clock, python
        self._environment = dict(os.environ if environment is None else environment)
        if token:
            self._environment[TOKEN_VARIABLE] = token
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._lifeline = -1

    @property
    def address(self) -> str:
        """Where the code server listens."""
        return self._options.address

    @property
    def pid(self) -> int:
        """Of the present child; 0 when there is none."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else 0

    def start(self) -> None:
        """Keep the child up from now on."""
        with self._lock:
            if self._thread is None:
                self._stopping.clear()
                self._thread = threading.Thread(
                    target=self._run, name=f"code-server-{self._options.location}", daemon=True
                )
                self._thread.start()

    def stop(self) -> None:
        """End the child."""
        with self._lock:
            thread, self._thread = self._thread, None
            self._stopping.set()
            self._cut_lifeline()
        if thread is not None:
            thread.join(_GRACE_SECONDS)
            process = self._process
            if thread.is_alive() and process is not None:
                process.kill()
            thread.join()
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            began = time.monotonic()
            code = self._live()
            if self._stopping.is_set():
                return
            failures = 0 if time.monotonic() - began > _STEADY_SECONDS else failures + 1
            delay = min(_BACKOFF_LAST_SECONDS, _BACKOFF_FIRST_SECONDS * 2 ** max(failures - 1, 0))
            _log.warning("The code server of %s ended (%s); again in %.2g s", self._options.location, code, delay)
            self._clock.wait(self._stopping, delay * (0.5 + self._clock.random() / 2))

    def _live(self) -> int | None:
        """One life of the child; its exit code."""
        lifeline_read, lifeline = os.pipe()
        if self._directory is not None:
            self._directory.mkdir(mode=0o700, exist_ok=True)
        command = [
            self._python,
            "-m",
            "rostrum.codeserver.main",
            msgspec.json.encode(self._options).decode(),
            str(lifeline_read),
        ]
        try:
            process = subprocess.Popen(
                command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                pass_fds=(lifeline_read,),
                start_new_session=True,  # a Ctrl-C in the terminal is for us: the child is told by its lifeline
            )
        except OSError as error:
            _log.error("The code server of %s cannot be started: %s", self._options.location, error)
            os.close(lifeline)
            return None
        finally:
            os.close(lifeline_read)
        with self._lock:
            self._process, self._lifeline = process, lifeline
            if self._stopping.is_set():
                self._cut_lifeline()
        code = process.wait()
        with self._lock:
            self._cut_lifeline()
        return code

    def _cut_lifeline(self) -> None:
        """Have the child end. The lock is held."""
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1
