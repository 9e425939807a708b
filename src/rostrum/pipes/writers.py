"""External side: where messages go, and how the output of the process can become messages."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
from abc import ABC, abstractmethod
from collections.abc import Generator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from io import StringIO, TextIOWrapper
from typing import IO, Any, ClassVar, Generic, Literal, TextIO, TypeVar, cast

from rostrum.pipes.params import text_param
from rostrum.pipes.protocol import PipesError, PipesLogWriterOpenedData, PipesMessage, PipesOpenedData, message_of

Stream = Literal["stdout", "stderr"]


class ExcThread(threading.Thread):
    """A thread of which `join` raises what it raised."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.exceptions: list[BaseException] = []

    def run(self) -> None:
        """Run the target; keep what it raises."""
        try:
            super().run()
        except BaseException as error:  # noqa: BLE001 - raised again by join
            self.exceptions.append(error)

    def join(self, *args: Any, **kwargs: Any) -> None:
        """Wait; raise what the thread raised."""
        super().join(*args, **kwargs)
        if self.exceptions:
            raise self.exceptions[0]


class PipesMessageWriterChannel(ABC):
    """Takes messages."""

    @abstractmethod
    def write_message(self, message: PipesMessage) -> None:
        """Write one."""


ChannelT = TypeVar("ChannelT", bound=PipesMessageWriterChannel)
LogT = TypeVar("LogT", bound="PipesLogWriterChannel")
BlobT = TypeVar("BlobT", bound="PipesBlobStoreMessageWriterChannel")


class PipesMessageWriter(ABC, Generic[ChannelT]):
    """Opens the channel that messages go to."""

    @abstractmethod
    def open(self, params: Mapping[str, Any]) -> AbstractContextManager[ChannelT]:
        """A context manager that gives the channel."""

    def get_opened_payload(self) -> PipesOpenedData:
        """What is told when the process opens."""
        return {"extras": self.get_opened_extras()}

    def get_opened_extras(self) -> Mapping[str, Any]:
        """What the writer has to tell to the reader on the other side."""
        return {}


# --- channels of files and streams


class PipesFileMessageWriterChannel(PipesMessageWriterChannel):
    """Appends lines to a file."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._lock = threading.Lock()

    def write_message(self, message: PipesMessage) -> None:
        """Append a line."""
        with self._lock, open(self._path, "a", encoding="utf-8") as file:  # noqa: PTH123 - see params.read_json
            file.write(json.dumps(message) + "\n")


class PipesStreamMessageWriterChannel(PipesMessageWriterChannel):
    """Writes lines to a stream."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write_message(self, message: PipesMessage) -> None:
        """Write a line."""
        self._stream.write(json.dumps(message) + "\n")
        self._stream.flush()


class PipesBufferedStreamMessageWriterChannel(PipesMessageWriterChannel):
    """Keeps messages and writes all to a stream at the end."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._buffer: list[PipesMessage] = []

    def write_message(self, message: PipesMessage) -> None:
        """Keep one."""
        self._buffer.append(message)

    def flush(self) -> None:
        """Write all."""
        for message in self._buffer:
            self._stream.write(json.dumps(message) + "\n")
        self._buffer = []
        self._stream.flush()


class PipesDefaultMessageWriter(PipesMessageWriter[PipesMessageWriterChannel]):
    """Messages go to a file (`path`), to standard output or error (`stdio`), or there at the end (`buffered_stdio`).

    With `include_stdio_in_messages` what the process prints becomes messages, too.
    """

    FILE_PATH_KEY: ClassVar[str] = "path"
    STDIO_KEY: ClassVar[str] = "stdio"
    BUFFERED_STDIO_KEY: ClassVar[str] = "buffered_stdio"
    STDERR: ClassVar[str] = "stderr"
    STDOUT: ClassVar[str] = "stdout"
    INCLUDE_STDIO_IN_MESSAGES_KEY: ClassVar[str] = "include_stdio_in_messages"

    @contextmanager
    def open(self, params: Mapping[str, Any]) -> Generator[PipesMessageWriterChannel, None, None]:
        """A context manager that gives the channel."""
        buffered: PipesBufferedStreamMessageWriterChannel | None = None
        if self.FILE_PATH_KEY in params:
            channel: PipesMessageWriterChannel = PipesFileMessageWriterChannel(text_param(params, "path", self))
        elif self.STDIO_KEY in params:
            channel = PipesStreamMessageWriterChannel(self._stream(params, self.STDIO_KEY))
        elif self.BUFFERED_STDIO_KEY in params:
            channel = buffered = PipesBufferedStreamMessageWriterChannel(self._stream(params, self.BUFFERED_STDIO_KEY))
        else:
            raise PipesError(
                f"the messages' params have none of {self.FILE_PATH_KEY!r}, {self.STDIO_KEY!r} and "
                f"{self.BUFFERED_STDIO_KEY!r}: {sorted(params)}. The orchestrator reads messages in another way: give "
                "the message_writer that belongs to it."
            )
        with ExitStack() as stack:
            if params.get(self.INCLUDE_STDIO_IN_MESSAGES_KEY):
                stack.enter_context(PipesDefaultLogWriter(channel).open(params))
            yield channel
        if buffered is not None:
            buffered.flush()

    def _stream(self, params: Mapping[str, Any], key: str) -> TextIO:
        name = params[key]
        if name not in (self.STDERR, self.STDOUT):
            raise PipesError(f"{key} is {self.STDOUT!r} or {self.STDERR!r}, not {name!r}.")
        return sys.stdout if name == self.STDOUT else sys.stderr


# --- channels that send what has come together at an interval


class PipesBlobStoreMessageWriterChannel(PipesMessageWriterChannel):
    """Keeps messages and uploads what has come together every `interval` seconds, as one numbered chunk."""

    def __init__(self, *, interval: float = 10) -> None:
        self._interval = interval
        self._lock = threading.Lock()
        self._buffer: list[PipesMessage] = []
        self._counter = 1

    def write_message(self, message: PipesMessage) -> None:
        """Keep one for the next chunk."""
        with self._lock:
            self._buffer.append(message)

    def flush_messages(self) -> Sequence[PipesMessage]:
        """Take what has come together."""
        with self._lock:
            messages, self._buffer = self._buffer, []
            return messages

    @abstractmethod
    def upload_messages_chunk(self, payload: StringIO, index: int) -> None:
        """Store a chunk; they count from 1."""

    @contextmanager
    def buffered_upload_loop(self) -> Generator[None, None, None]:
        """Upload at the interval, and what is left at the end."""
        stopping = threading.Event()
        thread = ExcThread(target=self._upload_loop, args=(stopping,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            stopping.set()
            thread.join(timeout=60)

    def _upload_loop(self, stopping: threading.Event) -> None:
        last = False
        while not last:
            last = stopping.wait(self._interval)
            messages = self.flush_messages()
            if messages:
                payload = StringIO("\n".join(json.dumps(message) for message in messages))
                self.upload_messages_chunk(payload, self._counter)
                self._counter += 1


class PipesBlobStoreMessageWriter(PipesMessageWriter[BlobT]):
    """Opens a channel that uploads chunks."""

    INCLUDE_STDIO_IN_MESSAGES_KEY: ClassVar[str] = "include_stdio_in_messages"

    def __init__(self, *, interval: float = 10) -> None:
        self.interval = interval

    @contextmanager
    def open(self, params: Mapping[str, Any]) -> Generator[BlobT, None, None]:
        """A context manager that gives the channel."""
        channel = self.make_channel(params)
        with channel.buffered_upload_loop(), ExitStack() as stack:
            if params.get(self.INCLUDE_STDIO_IN_MESSAGES_KEY):
                stack.enter_context(PipesDefaultLogWriter(channel).open(params))
            yield channel

    @abstractmethod
    def make_channel(self, params: Mapping[str, Any]) -> BlobT:
        """The channel that the params tell of."""


class PipesBufferedFilesystemMessageWriterChannel(PipesBlobStoreMessageWriterChannel):
    """Writes chunks as files of a folder."""

    def __init__(self, path: str, *, interval: float = 10) -> None:
        super().__init__(interval=interval)
        self._path = path

    def upload_messages_chunk(self, payload: IO[Any], index: int) -> None:
        """Write `<index>.json`."""
        with open(os.path.join(self._path, f"{index}.json"), "w", encoding="utf-8") as file:  # noqa: PTH118, PTH123
            file.write(payload.read())


# --- the output of the process


class PipesLogWriterChannel(ABC):
    """Sends the output of the process somewhere while it is captured."""

    @abstractmethod
    def capture(self) -> AbstractContextManager[None]:
        """A context manager in which output is captured."""


class PipesLogWriter(ABC, Generic[LogT]):
    """Captures the output of the process."""

    LOG_WRITER_KEY: ClassVar[str] = "log_writer"

    @abstractmethod
    def open(self, params: Mapping[str, Any]) -> AbstractContextManager[Any]:
        """A context manager in which output is captured."""

    def get_opened_payload(self) -> PipesLogWriterOpenedData:
        """What is told when the process opens."""
        return {"extras": self.get_opened_extras()}

    def get_opened_extras(self) -> Mapping[str, Any]:
        """What the writer has to tell to the reader on the other side."""
        return {}


class PipesStdioLogWriter(PipesLogWriter[LogT]):
    """Captures standard output and standard error, each by a channel of its own."""

    @contextmanager
    def open(self, params: Mapping[str, Any]) -> Generator[None, None, None]:
        """A context manager in which output is captured."""
        with (
            self.make_channel(params, stream="stdout").capture(),
            self.make_channel(params, stream="stderr").capture(),
        ):
            yield

    @abstractmethod
    def make_channel(self, params: Mapping[str, Any], stream: Stream) -> LogT:
        """The channel of a stream."""


class PipesStdioLogWriterChannel(PipesLogWriterChannel):
    """Sends a stream through a file, which a thread reads at an interval; the output of children is in it, too."""

    def __init__(self, stream: Stream, interval: float, name: str) -> None:
        self.interval, self.stream = interval, stream
        self._name = name

    @property
    def name(self) -> str:
        """Name of the channel."""
        return self._name

    @property
    def stdio(self) -> TextIOWrapper:
        """The stream of the process."""
        return cast("TextIOWrapper", sys.stdout if self.stream == "stdout" else sys.stderr)

    @abstractmethod
    def write_chunk(self, chunk: str) -> None:
        """Take some of the output."""

    @contextmanager
    def capture(self) -> Generator[None, None, None]:
        """A context manager in which output is captured."""
        descriptor = 1 if self.stream == "stdout" else 2
        with tempfile.NamedTemporaryFile(prefix=f"{self._name}-") as file:
            self._flush()
            saved = os.dup(descriptor)
            os.dup2(file.fileno(), descriptor)
            started, stopping = threading.Event(), threading.Event()
            thread = ExcThread(target=self.handler, args=(file.name, started, stopping), daemon=True)
            thread.start()
            started.wait(10)
            try:
                yield
            finally:
                self._flush()
                os.dup2(saved, descriptor)
                os.close(saved)
                stopping.set()
                thread.join(timeout=60)

    def handler(self, path: str, capturing_started: threading.Event, capturing_should_stop: threading.Event) -> None:
        """Read the file until the end of capturing."""
        with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - see params.read_json
            capturing_started.set()
            last = False
            while not last:
                last = capturing_should_stop.wait(self.interval)
                chunk = file.read()
                if chunk:
                    self.write_chunk(chunk)

    def _flush(self) -> None:
        if not self.stdio.closed:
            self.stdio.flush()


class PipesDefaultLogWriterChannel(PipesStdioLogWriterChannel):
    """Makes messages of a stream."""

    def __init__(self, message_channel: PipesMessageWriterChannel, stream: Stream, name: str, interval: float) -> None:
        self.message_channel = message_channel
        super().__init__(interval=interval, stream=stream, name=name)

    def write_chunk(self, chunk: str) -> None:
        """Send some of the output as a message."""
        self.message_channel.write_message(
            message_of("log_external_stream", {"stream": self.stream, "text": chunk, "extras": {}})
        )


class PipesDefaultLogWriter(PipesStdioLogWriter[PipesDefaultLogWriterChannel]):
    """Makes messages of the output of the process."""

    def __init__(self, message_channel: PipesMessageWriterChannel, interval: float = 1) -> None:
        self.interval = interval
        self._message_channel = message_channel

    @property
    def message_channel(self) -> PipesMessageWriterChannel:
        """Where the messages go."""
        return self._message_channel

    def make_channel(self, params: Mapping[str, Any], stream: Stream) -> PipesDefaultLogWriterChannel:
        """The channel of a stream."""
        return PipesDefaultLogWriterChannel(self.message_channel, stream, f"pipes-{stream}", self.interval)


class PipesStdioFileLogWriterChannel(PipesStdioLogWriterChannel):
    """Appends a stream to a file of a folder."""

    def __init__(self, output_path: str, stream: Stream, name: str, interval: float) -> None:
        self.output_path = output_path
        super().__init__(interval=interval, stream=stream, name=name)

    def write_chunk(self, chunk: str) -> None:
        """Append some of the output."""
        with open(self.output_path, "a", encoding="utf-8") as file:  # noqa: PTH123 - see params.read_json
            file.write(chunk)


class PipesStdioFileLogWriter(PipesStdioLogWriter[PipesStdioFileLogWriterChannel]):
    """Appends the output of the process to the files `stdout` and `stderr` of a folder (`logs_dir`)."""

    LOGS_DIR_KEY: ClassVar[str] = "logs_dir"

    def __init__(self, interval: float = 1.0) -> None:
        self.interval = interval

    def make_channel(self, params: Mapping[str, Any], stream: Stream) -> PipesStdioFileLogWriterChannel:
        """The channel of a stream."""
        folder = text_param(params, self.LOGS_DIR_KEY, self)
        return PipesStdioFileLogWriterChannel(os.path.join(folder, stream), stream, f"pipes-{stream}", self.interval)  # noqa: PTH118
