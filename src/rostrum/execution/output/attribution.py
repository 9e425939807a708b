"""Python's output in a process that several steps share, told apart by step.

Descriptors 1 and 2 belong to the whole process: what native code and child processes write goes to the process's own
files (`capture.Redirect`). `print`, `sys.stderr.write` and handlers of `logging` go through the streams of this module,
which ask the context whose code is writing and append to that attempt's files. A file is made when something is
written; few are open at a time; a line is written when it is whole.
"""

from __future__ import annotations

import io
import logging
import os
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TextIO, cast

from rostrum.execution.active import Active
from rostrum.execution.output.capture import STREAMS, file_key
from rostrum.execution.output.logs import RunLog
from rostrum.interfaces.clock import Clock
from rostrum.model.events import LogsCaptured

_OPEN_FILES = 64
_LINE_BYTES = 64 * 1024
"""A longer line is written before it is whole."""


class Attribution:
    """Replaces `sys.stdout` and `sys.stderr` from `start` to `stop`."""

    def __init__(self, folder: Path, log: RunLog, clock: Clock, epoch: int) -> None:
        self._folder, self._log, self._clock, self._epoch = folder, log, clock, epoch
        self._files = _Files(folder)
        self._lock = threading.RLock()
        self._streams: tuple[TextIO, TextIO] | None = None
        self._handlers: list[tuple[Any, TextIO]] = []
        self.complete: Callable[[str, int], None] = _nothing
        """Told the step and attempt to whose files nothing more is written."""

    def start(self) -> None:
        """From now on output of steps goes to their files. After `Redirect`, whose streams get the rest."""
        below = self._streams = sys.stdout, sys.stderr
        ours = [cast(TextIO, StepStream(self, number, stream)) for number, stream in enumerate(below)]
        sys.stdout, sys.stderr = ours
        for handler in _stream_handlers():
            descriptor = _descriptor(handler.stream)
            if descriptor in (1, 2):
                self._handlers.append((handler, handler.stream))
                handler.setStream(ours[descriptor - 1])

    def stop(self) -> None:
        """Leave streams and handlers as they were."""
        for handler, stream in self._handlers:
            handler.setStream(stream)
        self._handlers.clear()
        if self._streams is not None:
            sys.stdout, sys.stderr = self._streams
            self._streams = None
        with self._lock:
            self._files.close()

    def output(self) -> _StepOutput | None:
        """Where code that runs here writes; None: where the process does."""
        active = self._log.current() if self._streams is not None else None
        if active is None or active.has_ended:
            return None
        return active.output or self._begin(active)

    def _begin(self, active: Active) -> _StepOutput:
        """The attempt's first output."""
        with self._lock:
            if active.output is not None:
                return active.output
            key = file_key(active.step.key, active.attempt, self._epoch)
            active.output = _StepOutput(key, self._files, self._lock)
        step_key = active.step.key
        active.emit(
            LogsCaptured(
                at=self._clock.now(),
                step_key=step_key,
                file_key=key,
                step_keys=(step_key,),
                pid=os.getpid(),
                attempt=active.attempt,
            )
        )
        return active.output

    def end(self, active: Active) -> None:
        """The attempt is over; for one that has written something."""
        active.output.close()
        self.complete(active.step.key, active.attempt)


class _StepOutput:
    """Output of one attempt."""

    __slots__ = ("_files", "_key", "_lock", "_waiting")

    def __init__(self, key: str, files: _Files, lock: Any) -> None:
        self._key, self._files, self._lock = key, files, lock
        self._waiting = [b"", b""]
        """What has come of a line, by stream."""

    def write(self, number: int, data: bytes) -> None:
        """Write whole lines, keep the rest."""
        with self._lock:
            data = self._waiting[number] + data
            end = len(data) if len(data) >= _LINE_BYTES else data.rfind(b"\n") + 1
            self._waiting[number] = data[end:]
            if end:
                self._files.append(self._key, number, data[:end])

    def flush(self, number: int) -> None:
        """Write the rest."""
        with self._lock:
            data, self._waiting[number] = self._waiting[number], b""
            if data:
                self._files.append(self._key, number, data)

    def close(self) -> None:
        """The attempt is over."""
        with self._lock:
            for number in range(len(STREAMS)):
                self.flush(number)
                self._files.forget(self._key, number)


class _Files:
    """Append-only files, a few of which are open. To be used under a lock."""

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)
        self._open: OrderedDict[tuple[str, int], int] = OrderedDict()

    def append(self, key: str, number: int, data: bytes) -> None:
        file = self._open.get((key, number))
        if file is None:
            path = f"{self._folder}/{key}.{STREAMS[number]}"
            file = self._open[key, number] = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            if len(self._open) > _OPEN_FILES:
                os.close(self._open.popitem(last=False)[1])
        else:
            self._open.move_to_end((key, number))
        while data:
            data = data[os.write(file, data) :]

    def forget(self, key: str, number: int) -> None:
        file = self._open.pop((key, number), None)
        if file is not None:
            os.close(file)

    def close(self) -> None:
        for file in self._open.values():
            os.close(file)
        self._open.clear()


class StepStream(io.TextIOBase):
    """`sys.stdout` or `sys.stderr` (`number` 0 or 1) while steps share the process; `below` is the process's own."""

    def __init__(self, attribution: Attribution, number: int, below: TextIO) -> None:
        super().__init__()
        self._attribution, self._number, self._below = attribution, number, below
        self._bytes = _Bytes(self)

    def write(self, text: str, /) -> int:
        """Write text to the files of the step whose code calls."""
        output = self._attribution.output()
        if output is None:
            return self._below.write(text)
        output.write(self._number, text.encode("utf-8", "backslashreplace"))
        return len(text)

    def write_bytes(self, data: bytes) -> int:
        """Write bytes there."""
        output = self._attribution.output()
        if output is None:
            return self._below.buffer.write(data)
        output.write(self._number, data)
        return len(data)

    def flush(self) -> None:
        """Write what is not a line yet."""
        output = self._attribution.output()
        if output is not None:
            output.flush(self._number)
        elif not self._below.closed:
            self._below.flush()

    def close(self) -> None:
        """The streams of a process that others share stay open."""
        self.flush()

    def reconfigure(self, **settings: Any) -> None:
        """Settings of the process's own stream."""
        cast(Any, self._below).reconfigure(**settings)

    def fileno(self) -> int:
        """The process's descriptor: child processes write there."""
        return self._below.fileno()

    def isatty(self) -> bool:
        """A file is none."""
        return False

    def writable(self) -> bool:
        """Of course."""
        return True

    @property
    def buffer(self) -> Any:
        """The same for bytes."""
        return self._bytes

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Of the files."""
        return "utf-8"

    @property
    def errors(self) -> str:  # type: ignore[override]
        """What cannot be encoded is shown."""
        return "backslashreplace"

    @property
    def name(self) -> str:
        """As of the stream that it stands for."""
        return f"<{'stdout' if self._number == 0 else 'stderr'}>"

    @property
    def mode(self) -> str:
        """As of the stream that it stands for."""
        return "w"


class _Bytes(io.RawIOBase):
    """The binary side of a `StepStream`."""

    def __init__(self, stream: StepStream) -> None:
        super().__init__()
        self._stream = stream

    def write(self, data: Any, /) -> int:
        return self._stream.write_bytes(bytes(data))

    def flush(self) -> None:
        self._stream.flush()

    def close(self) -> None:
        self.flush()

    def fileno(self) -> int:
        return self._stream.fileno()

    def writable(self) -> bool:
        return True


def _stream_handlers() -> Iterable[Any]:
    """All handlers of `logging` that write to a stream: they hold the one that there was when they were made."""
    loggers = [logging.root, *(each for each in logging.root.manager.loggerDict.values())]
    for logger in loggers:
        handlers: list[Any] = getattr(logger, "handlers", [])
        yield from (each for each in handlers if isinstance(each, logging.StreamHandler))


def _descriptor(stream: Any) -> int:
    try:
        return stream.fileno()
    except (AttributeError, OSError, ValueError):
        return -1


def _nothing(step_key: str, attempt: int) -> None:
    pass
