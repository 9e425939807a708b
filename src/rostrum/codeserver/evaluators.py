"""Evaluators: forks that run schedules', sensors' and partitions' functions for the code server, each killed alone
when it hangs.

A fork for each evaluation would cost more than most functions do, so an evaluator serves many until its age, its
memory or a deadline ends it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from pathlib import Path

import msgspec

from rostrum.codeserver.messages import Message, receive, send
from rostrum.codeserver.zygote_client import ZygoteProcess
from rostrum.model.errors import Unavailable


class EvaluatorLimits(msgspec.Struct, frozen=True, kw_only=True):
    """When an evaluator is replaced, and how many there may be."""

    at_once: int = 8
    age_seconds: float = 600.0
    evaluations: int = 1000
    growth_bytes: int = 200 << 20
    """Resident memory beyond that at its birth."""


class EvaluatorKilled(Exception):
    """The evaluation was still running at its deadline: its process has been killed."""


class EvaluatorEnded(Exception):
    """The evaluator's process ended while it evaluated: a crash in native code, `os._exit`, or memory."""


class _Evaluator:
    def __init__(self, zygote: ZygoteProcess) -> None:
        self.zygote = zygote
        self.started, self._connection = zygote.start_evaluator()
        self.pid = self.started.pid
        self._pidfd = os.pidfd_open(self.pid)  # unreaped until the zygote sees its end, which takes longer than this
        self.born = time.monotonic()
        self.evaluations = 0
        self._resident = _resident_bytes(self.pid)

    def ask(self, message: Message, seconds: float) -> Message:
        self._connection.settimeout(max(seconds, 0.001))
        self.evaluations += 1
        try:
            send(self._connection, message)
            answer = receive(self._connection)
        except TimeoutError:
            self.close()
            raise EvaluatorKilled from None
        except OSError:
            answer = None
        if answer is None:
            self.close()
            raise EvaluatorEnded
        return answer

    def is_spent(self, limits: EvaluatorLimits) -> bool:
        resident = _resident_bytes(self.pid)  # 0 once it has ended
        return (
            resident == 0
            or time.monotonic() - self.born > limits.age_seconds
            or self.evaluations >= limits.evaluations
            or resident - self._resident > limits.growth_bytes
        )

    def close(self) -> None:
        """Kill it; the zygote kills what it has started."""
        if self._pidfd >= 0:
            with contextlib.suppress(OSError):
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
            os.close(self._pidfd)
            self._pidfd = -1
            self._connection.close()


class Evaluators:
    """The evaluators of the active zygote. Safe to use from many threads; at most `limits.at_once` work at a time."""

    def __init__(self, limits: EvaluatorLimits) -> None:
        self._limits = limits
        self._places = threading.BoundedSemaphore(limits.at_once)
        self._lock = threading.Lock()
        self._idle: list[_Evaluator] = []

    def ask(self, zygote: ZygoteProcess, message: Message, seconds: float) -> Message:
        """Have a message answered by an evaluator of this zygote within `seconds`, waiting for a place included.

        Raises EvaluatorKilled, EvaluatorEnded, or Unavailable (no place in time; zygote gone).
        """
        began = time.monotonic()
        if not self._places.acquire(timeout=seconds):
            raise Unavailable(f"all {self._limits.at_once} evaluators were busy for {seconds:g} s")
        try:
            evaluator = self._take(zygote)
            answer = evaluator.ask(message, seconds - (time.monotonic() - began))
            self._give_back(evaluator)
            return answer
        finally:
            self._places.release()

    def tidy(self, zygote: ZygoteProcess | None) -> None:
        """End idle evaluators of other zygotes, and old ones."""
        with self._lock:
            spent = [one for one in self._idle if one.zygote is not zygote or one.is_spent(self._limits)]
            self._idle = [one for one in self._idle if one not in spent]
        for one in spent:
            one.close()

    def count(self) -> int:
        """Idle evaluators."""
        with self._lock:
            return len(self._idle)

    def _take(self, zygote: ZygoteProcess) -> _Evaluator:
        self.tidy(zygote)
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return _Evaluator(zygote)

    def _give_back(self, evaluator: _Evaluator) -> None:
        if evaluator.is_spent(self._limits):
            evaluator.close()
            return
        with self._lock:
            self._idle.append(evaluator)


def _resident_bytes(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0
