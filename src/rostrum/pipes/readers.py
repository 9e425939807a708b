"""Orchestrating side: readers of messages in files and, by threads, in anything that can be asked for what is new."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import copy_context
from pathlib import Path
from typing import Any

from rostrum.pipes.messages import PipesLaunchedData, PipesMessageHandler, PipesMessageReader
from rostrum.pipes.protocol import PIPES_PROTOCOL_VERSION_FIELD, PipesOpenedData

TAIL_SECONDS = 0.1
"""How often a file is looked at for more lines."""
_WAIT_FOR_LOGS_SECONDS = 60.0


def handle_line(handler: PipesMessageHandler, line: str, origin: str) -> None:
    """Pass a line to the handler when it is a message; other lines are output and are shown as such."""
    try:
        message: Any = json.loads(line)
    except ValueError:
        sys.stdout.write(line if line.endswith("\n") else line + "\n")
        return
    if not isinstance(message, dict) or PIPES_PROTOCOL_VERSION_FIELD not in message:
        sys.stdout.write(line if line.endswith("\n") else line + "\n")
        return
    try:
        handler.handle_message(message)  # type: ignore[arg-type] # a message by its shape
    except Exception:  # noqa: BLE001 - one bad message does not end the others
        handler.report_pipes_framework_exception(origin, sys.exc_info())  # type: ignore[arg-type]


def thread_of_step(name: str, target: Callable[..., None], *arguments: Any) -> threading.Thread:
    """A thread in the step's context: what it prints and logs is the step's, also where steps share a process."""
    return threading.Thread(target=copy_context().run, args=(target, *arguments), daemon=True, name=name)


class PipesFileMessageReader(PipesMessageReader):
    """Reads lines of the file at `path` while they are written; removes it at the end if `cleanup_file`."""

    def __init__(self, path: str, include_stdio_in_messages: bool = False, cleanup_file: bool = True) -> None:
        self._path, self._include_stdio, self._cleanup = path, include_stdio_in_messages, cleanup_file

    def on_launched(self, launched_payload: PipesLaunchedData) -> None:
        """Nothing to do: the file is known."""

    @contextmanager
    def read_messages(self, handler: PipesMessageHandler) -> Generator[Mapping[str, Any], None, None]:
        """A context manager that gives the params."""
        Path(self._path).touch()
        ended = threading.Event()
        thread = thread_of_step("pipes-messages", self._read, handler, ended)
        thread.start()
        try:
            yield {"path": self._path, "include_stdio_in_messages": self._include_stdio}
        finally:
            ended.set()
            thread.join()
            if self._cleanup:
                Path(self._path).unlink(missing_ok=True)

    def no_messages_debug_text(self) -> str:
        """A sentence for the user."""
        return f"Attempted to read messages from file {self._path}."

    def _read(self, handler: PipesMessageHandler, ended: threading.Event) -> None:
        rest = ""
        with open(self._path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - a text from the user
            last = False
            while not last:
                last = ended.wait(TAIL_SECONDS)
                rest += file.read()
                *lines, rest = rest.split("\n")
                if last and rest:
                    lines.append(rest)
                for line in lines:
                    if line:
                        handle_line(handler, line, type(self).__name__)


class PipesTempFileMessageReader(PipesMessageReader):
    """Reads lines of a temporary file while they are written."""

    def __init__(self, include_stdio_in_messages: bool = False) -> None:
        self._include_stdio = include_stdio_in_messages

    @contextmanager
    def read_messages(self, handler: PipesMessageHandler) -> Generator[Mapping[str, Any], None, None]:
        """A context manager that gives the params."""
        with tempfile.TemporaryDirectory(prefix="rostrum-pipes-") as folder:
            path = os.path.join(folder, "messages")  # noqa: PTH118 - a text for another process
            with PipesFileMessageReader(path, self._include_stdio).read_messages(handler) as params:
                yield params

    def no_messages_debug_text(self) -> str:
        """A sentence for the user."""
        return "Attempted to read messages from a local temporary file."


class PipesLogReader(ABC):
    """Shows the output of the external process, which it finds by the params of the process."""

    @abstractmethod
    def start(self, params: Mapping[str, Any], is_session_closed: threading.Event) -> None:
        """Begin; goes on until the session is closed and all is shown."""

    @abstractmethod
    def stop(self) -> None:
        """End, and wait for the end."""

    @abstractmethod
    def is_running(self) -> bool:
        """Say whether it is at work."""

    @abstractmethod
    def target_is_readable(self, params: Mapping[str, Any]) -> bool:
        """Say whether there is something to read yet."""

    @property
    def name(self) -> str:
        """Name of the reader."""
        return type(self).__name__

    @property
    def debug_info(self) -> str | None:
        """Something for messages about it."""
        return None

    def with_debug_info(self, message: str) -> str:
        """A message with what is to know of the reader."""
        return f"{message}\nDebug info: {self.debug_info}" if self.debug_info else message


class PipesThreadedMessageReader(PipesMessageReader):
    """Asks every `interval` seconds for messages that are new; shows logs by readers of their own."""

    def __init__(self, interval: float = 10, log_readers: Sequence[PipesLogReader] | None = None) -> None:
        self.interval = interval
        self.log_readers: list[PipesLogReader] = list(log_readers or ())
        self.opened_payload: PipesOpenedData | None = None
        self.launched_payload: PipesLaunchedData | None = None

    @abstractmethod
    def get_params(self) -> Any:
        """A context manager that gives the params."""

    @abstractmethod
    def download_messages(self, cursor: Any, params: Mapping[str, Any]) -> tuple[Any, str] | None:
        """The messages after a cursor (None at first), one a line, and the cursor after them; None when there are
        none.
        """

    def messages_are_readable(self, params: Mapping[str, Any]) -> bool:
        """Say whether messages can be asked for yet."""
        return True

    def add_log_reader(self, log_reader: PipesLogReader) -> None:
        """Show logs by one more reader."""
        self.log_readers.append(log_reader)

    def on_opened(self, opened_payload: PipesOpenedData) -> None:
        """Keep what the external process told."""
        self.opened_payload = opened_payload

    def on_launched(self, launched_payload: PipesLaunchedData) -> None:
        """Keep what the client told."""
        self.launched_payload = launched_payload

    @contextmanager
    def read_messages(self, handler: PipesMessageHandler) -> Generator[Mapping[str, Any], None, None]:
        """A context manager that gives the params."""
        with self.get_params() as params:
            ended = threading.Event()
            threads = [
                thread_of_step("pipes-messages", self._read, handler, params, ended),
                thread_of_step("pipes-logs", self._read_logs, handler, params, ended),
            ]
            for thread in threads[: 2 if self.log_readers else 1]:
                thread.start()
            try:
                yield params
            finally:
                ended.set()
                for thread in threads[: 2 if self.log_readers else 1]:
                    thread.join()

    def _read(self, handler: PipesMessageHandler, params: Mapping[str, Any], ended: threading.Event) -> None:
        cursor: Any = None
        last = False
        while not last:
            last = ended.wait(self.interval)
            try:
                while self.messages_are_readable(params):
                    found = self.download_messages(cursor, params)
                    if not found:
                        break
                    cursor, text = found
                    for line in text.split("\n"):
                        if line:
                            handle_line(handler, line, type(self).__name__)
            except Exception:  # noqa: BLE001 - a store that does not answer is asked again
                handler.report_pipes_framework_exception(
                    f"{type(self).__name__} messages thread",
                    sys.exc_info(),  # type: ignore[arg-type]
                )

    def _read_logs(self, handler: PipesMessageHandler, params: Mapping[str, Any], ended: threading.Event) -> None:
        waiting, started = list(self.log_readers), list[PipesLogReader]()
        waited = 0.0
        try:
            while waiting and waited < _WAIT_FOR_LOGS_SECONDS:
                known = {**params, **(self.launched_payload or {}), **((self.opened_payload or {}).get("extras") or {})}
                for reader in [each for each in waiting if each.target_is_readable(known)]:
                    reader.start(known, ended)
                    started.append(reader)
                    waiting.remove(reader)
                if ended.wait(min(self.interval, 1.0)):
                    waited += min(self.interval, 1.0)
            ended.wait()
            for reader in started:
                reader.stop()
        except Exception:  # noqa: BLE001 - logs do not decide of the step
            handler.report_pipes_framework_exception(
                f"{type(self).__name__} logs thread",
                sys.exc_info(),  # type: ignore[arg-type]
            )


class PipesBlobStoreMessageReader(PipesThreadedMessageReader):
    """Reads numbered chunks, from 1, each when it is there."""

    @abstractmethod
    def download_messages_chunk(self, index: int, params: Mapping[str, Any]) -> str | None:
        """A chunk; None while it is not there."""

    def download_messages(self, cursor: int | None, params: Mapping[str, Any]) -> tuple[int, str] | None:
        """The next chunk and its number."""
        index = (cursor or 0) + 1
        chunk = self.download_messages_chunk(index, params)
        return (index, chunk) if chunk is not None else None

    def no_messages_debug_text(self) -> str:
        """A sentence for the user."""
        return f"Attempted to read messages from {type(self).__name__}, chunk by chunk."


class PipesCompositeMessageReader(PipesMessageReader):
    """Several readers, one for each of several processes that write at the same time."""

    READERS_KEY = "readers"

    def __init__(self, readers: Sequence[PipesMessageReader]) -> None:
        self._readers = list(readers)

    @property
    def expected_writer_count(self) -> int:
        """How many processes open and close."""
        return sum(each.expected_writer_count for each in self._readers)

    @contextmanager
    def read_messages(self, handler: PipesMessageHandler) -> Generator[Mapping[str, Any], None, None]:
        """A context manager that gives the params of each reader, as a list below `readers`."""
        with ExitStack() as stack:
            yield {self.READERS_KEY: [stack.enter_context(each.read_messages(handler)) for each in self._readers]}

    def on_opened(self, opened_payload: PipesOpenedData) -> None:
        """Pass it to all."""
        for each in self._readers:
            each.on_opened(opened_payload)

    def on_launched(self, launched_payload: PipesLaunchedData) -> None:
        """Pass it to all."""
        for each in self._readers:
            each.on_launched(launched_payload)

    def no_messages_debug_text(self) -> str:
        """A sentence for the user."""
        return " ".join(each.no_messages_debug_text() for each in self._readers)
