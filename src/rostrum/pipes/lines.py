"""Orchestrating side: lines of output in which messages are, for clients of containers and pods."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

from rostrum.pipes.messages import PipesMessageHandler, PipesMessageReader
from rostrum.pipes.readers import handle_line


class PipesLinesMessageReader(PipesMessageReader):
    """The external process writes messages among its output; its client gives the lines to `take_line`. Lines that are
    no messages are the step's output.
    """

    def __init__(self, stream: str = "stderr") -> None:
        """`stream`: where the process is to write messages, `stdout` or `stderr`."""
        self._stream = stream
        self._handler: PipesMessageHandler | None = None

    @contextmanager
    def read_messages(self, handler: PipesMessageHandler) -> Generator[Mapping[str, Any], None, None]:
        """A context manager that gives the params."""
        self._handler = handler
        try:
            yield {"stdio": self._stream}
        finally:
            self._handler = None

    def take_line(self, line: str) -> None:
        """A line of output."""
        if self._handler is not None and line:
            handle_line(self._handler, line, type(self).__name__)

    def no_messages_debug_text(self) -> str:
        """A sentence for the user."""
        return f"Attempted to read messages from what the process writes to {self._stream}."


LONGEST = 64 * 1024 * 1024
"""Bytes after which a line that does not end is taken as it is: a process may write without end."""


class Lines:
    """Bytes as they come, as whole lines."""

    def __init__(self) -> None:
        self._rest: list[bytes] = []
        self._held = 0

    def add(self, data: bytes) -> list[str]:
        """The lines that are whole now."""
        first, *others = data.split(b"\n")
        self._rest.append(first)
        self._held += len(first)
        lines: list[bytes] = []
        if others:
            lines = [b"".join(self._rest), *others[:-1]]
            self._rest, self._held = [others[-1]], len(others[-1])
        if self._held > LONGEST:
            lines.append(b"".join(self._rest))
            self._rest, self._held = [], 0
        return [_text(line) for line in lines]

    def end(self) -> list[str]:
        """What is left."""
        line, self._rest, self._held = b"".join(self._rest), [], 0
        return [_text(line)] if line else []


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").removesuffix("\r")
