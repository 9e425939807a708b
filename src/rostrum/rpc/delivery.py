"""Brings a spool and captured log files to the gateway: batches, acknowledgements, backoff. No thread of its own, no
lock.

`pump()` does what can be done now: takes the answer that has arrived, sends the next request, and returns. At most one
request is under way. The server's answer says what its stream holds; the next batch starts behind that, whatever was
sent before: so lost answers, restarts and repeated sends end in the same place.
"""

from __future__ import annotations

import gzip
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from rostrum.interfaces.runs import Orders
from rostrum.model.errors import ErrorInfo
from rostrum.model.events import EngineMessage, Event, decode_event, encode_event, step_stream, worker_stream
from rostrum.model.metadata import TextMetadata
from rostrum.model.principals import StepScope
from rostrum.model.texts import storable
from rostrum.rpc.gateway_connection import NETWORK_ERRORS, GatewayConnection
from rostrum.rpc.gateway_wire import EPOCH_IS_OVER, PREFIX, AppendReply, LogReply, join_batch
from rostrum.rpc.spool import Spool, logs_directory

BATCH_EVENTS = 500
BATCH_BYTES = 1024 * 1024
LOG_BYTES = 256 * 1024
COMPRESS_BYTES = 4096
"""Bodies from this size on are compressed where the gateway is not on this host."""
FIRST_DELAY, LAST_DELAY = 0.05, 5.0
SHORT_TEXT = 4000
"""So much is left of a text in an event that was refused as it was."""
REFUSALS = frozenset({400, 413, 500})
"""Answers that say that one event cannot be stored. (500: only after `MAX_FAULTS`.)"""
MAX_FAULTS = 5
"""So often the gateway may fail (status 500) over a batch before the batch is taken for the reason."""
ANSWER_SECONDS = 30.0
SCAN_SECONDS = 0.2
STREAMS = ("out", "err")


class _Job(msgspec.Struct, frozen=True):
    """The request under way."""

    path: str
    done: Callable[[int, bytes], None]
    sent_at: float


class LogFile(msgspec.Struct):
    """How far a captured file has been stored."""

    path: Path
    stored: int = 0
    size: int = 0


class Delivery:
    """State of the delivery of one epoch. `token` may be replaced at any time."""

    def __init__(
        self, spool: Spool, connection: GatewayConnection, run_id: str, epoch: int, token: str,
        random: Callable[[], float], *, compress: bool, scope: StepScope | None = None,
    ) -> None:  # fmt: skip
        self.token = token
        self.orders = Orders()
        self.gone = False
        """The control plane does not know the run (any more): nothing can be delivered."""
        self.trouble = ""
        """Why the last request failed; empty while all is well."""
        self.answered_at = 0.0
        """Monotonic time of the last good answer."""
        self.stored_sequence = 0
        self._spool = spool
        self._connection = connection
        self._run_id = run_id
        self._base = f"{PREFIX}/runs/{run_id}"
        self._stream = worker_stream(epoch) if scope is None else step_stream(epoch, scope.file_key)
        self._step_key = scope.step_key if scope is not None else None
        self._epoch = epoch
        self._random = random
        self._compress = compress
        self._job: _Job | None = None
        self._asked = spool.last_sequence == 0
        """Whether the stored position is known: a spool that was not empty at the start belongs to an earlier
        process."""
        self._failures = 0
        self._faults = 0
        self._try_at = 0.0
        self._max_events = BATCH_EVENTS
        self._files: dict[tuple[str, str], LogFile] = {}
        self._scan_at = 0.0
        self._logs_next = False
        self._completing: dict[str, None] = {}
        """Keys of files that grow no more, in order."""
        self._logs_refused = False
        """The epoch is over: output is not taken any more, and stays where it is."""

    # --- asked by the session ---

    @property
    def busy(self) -> bool:
        """A request is under way."""
        return self._job is not None

    @property
    def delivered(self) -> bool:
        """All accepted events and all captured output known so far are stored."""
        if not self._asked or self.stored_sequence < self._spool.last_sequence:
            return False
        return self._log_pending() is None and not self._completing

    @property
    def delay(self) -> float:
        """Seconds until a failed request may be repeated; 0: now."""
        return max(0.0, self._try_at - time.monotonic())

    def scan(self) -> None:
        """Look for captured files and their sizes."""
        self._scan_at = time.monotonic() + SCAN_SECONDS
        try:
            for entry in list(os.scandir(logs_directory(self._spool.path.parent))):
                file_key, _, stream = entry.name.rpartition(".")
                if file_key and stream in STREAMS:
                    size = entry.stat().st_size
                    self._files.setdefault((file_key, stream), LogFile(Path(entry.path))).size = size
        except FileNotFoundError:
            return  # nothing captured yet, or a file has just been removed: the next look tells

    def complete(self, file_key: str) -> None:
        """Have a file marked complete once it is stored: it grows no more. Then it is removed here."""
        self.scan()
        if not self._logs_refused:
            self._completing[file_key] = None

    def complete_all(self) -> None:
        """As `complete`, for all captured files."""
        self.scan()
        for file_key in sorted({key for key, _ in self._files}):
            self.complete(file_key)

    def stored_files(self) -> list[Path]:
        """Captured files of which every byte is stored."""
        self.scan()
        return [file.path for file in self._files.values() if file.stored >= file.size]

    # --- the pump ---

    def pump(self, seconds: float = 0.0) -> None:
        """Do what can be done now; wait at most `seconds` for the answer to the request under way."""
        if self._job is None:
            self._begin()
        while self._job is not None:
            if not self._connection.ready(seconds):
                if time.monotonic() - self._job.sent_at > ANSWER_SECONDS:
                    self._lost("no answer")
                return
            self._finish(self._job)
            seconds = 0.0
            if self._job is None:
                self._begin()

    def _begin(self) -> None:
        if self.gone or self.delay > 0:
            return
        if time.monotonic() >= self._scan_at:
            self.scan()
        events = not self._asked or self.stored_sequence < self._spool.last_sequence
        log = self._log_pending()
        file_key = self._completable()
        if file_key is not None:
            self._send_complete(file_key)
        elif log is not None and (self._logs_next or not events):
            self._logs_next = False
            self._send_log(*log)
        elif events:
            self._logs_next = True
            self._send_events()

    def _send_events(self) -> None:
        records = self._spool.read(self.stored_sequence, self._max_events, BATCH_BYTES) if self._asked else []
        headers: dict[str, str] = {}
        body = join_batch(records)
        if self._compress and len(body) >= COMPRESS_BYTES:
            body = gzip.compress(body, compresslevel=1)
            headers["Content-Encoding"] = "gzip"
        count = len(records)
        self._send(f"{self._base}/events", body, lambda status, data: self._events_done(count, status, data), headers)

    def _send_log(self, key: tuple[str, str], file: LogFile) -> None:
        try:
            with file.path.open("rb") as source:
                source.seek(file.stored)
                data = source.read(LOG_BYTES)
        except OSError:
            data = b""
        if not data:  # it was cut or removed: what is gone cannot be sent
            file.size = file.stored
            return
        path = f"{self._base}/logs/{key[0]}/{key[1]}?offset={file.stored}"
        self._send(path, data, lambda status, reply: self._log_done(file, status, reply))

    def _send(self, path: str, body: bytes, done: Callable[[int, bytes], None], headers: Any = None) -> None:
        for attempt in (1, 2):
            try:
                self._connection.send(path, body, self.token, headers)
            except NETWORK_ERRORS as error:
                self._connection.close()
                if attempt == 2:
                    self._lost(f"{type(error).__name__}: {error}")
            else:
                self._job = _Job(path, done, time.monotonic())
                return

    def _finish(self, job: _Job) -> None:
        self._job = None
        try:
            status, body = self._connection.receive()
            job.done(status, body)
        except NETWORK_ERRORS as error:
            self._lost(f"{type(error).__name__}: {error}")
        except msgspec.DecodeError:
            self._lost("the answer cannot be read")

    def _lost(self, trouble: str) -> None:
        self._job = None
        self._connection.close()
        self.trouble = trouble
        # The first failure is often only a kept-alive connection that the server has closed: try at once.
        delay = 0.0 if self._failures == 0 else min(LAST_DELAY, FIRST_DELAY * 2 ** min(self._failures, 10))
        self._failures += 1
        self._try_at = time.monotonic() + delay * (0.5 + self._random())

    def _good(self) -> None:
        self.trouble = ""
        self._failures = 0
        self._try_at = 0.0
        self.answered_at = time.monotonic()

    def _events_done(self, count: int, status: int, body: bytes) -> None:
        if status == 200:
            reply = msgspec.msgpack.decode(body, type=AppendReply)
            self._good()
            self._asked = True
            self._faults = 0
            self._max_events = BATCH_EVENTS
            # Never beyond what is spooled: a control plane that claims more belongs to another life of this epoch.
            self.stored_sequence = min(reply.last_sequence, self._spool.last_sequence)
            self.learn(reply.orders)
        elif status == 500 and self._faults < MAX_FAULTS:
            self._faults += 1
            self._lost(f"status {status}")
        elif status in REFUSALS and count > 1:
            self._max_events = max(1, count // 2)  # one event in it is refused: find it
        elif status in REFUSALS and count == 1:
            self._good()
            self._replace_refused(status)
        elif status == 404:
            self.gone = True
            self.orders = Orders(fenced=True)
        else:
            self._lost(f"status {status}")

    def _replace_refused(self, status: int) -> None:
        """One event is refused for good (too large, unreadable): the same event with less text in it takes its place,
        since its end of a step must not be lost; where that is refused too, a message, so that the others get through.
        """
        event = decode_event(self._spool.read(self.stored_sequence, 1, BATCH_BYTES)[0])
        short = _shortened(event)
        if short is None:
            self._send_note(event, status)
            return

        def done(code: int, data: bytes) -> None:
            if code in REFUSALS:
                self._send_note(event, status)
            else:
                self._events_done(0, code, data)

        self._send(f"{self._base}/events", join_batch([encode_event(short)]), done)

    def _send_note(self, event: Event, status: int) -> None:
        what = f"an event ({event.kind}, step {str(event.step_key)[:100]})"
        note = EngineMessage(
            run_id=self._run_id,
            stream=self._stream,
            sequence=self.stored_sequence + 1,
            at=event.at,
            step_key=self._step_key,
            message=f"{what} was refused by the gateway (status {status}); this message takes its place",
            level="error",
        )
        body = join_batch([encode_event(note)])
        self._send(f"{self._base}/events", body, lambda code, data: self._events_done(0, code, data))

    def _log_done(self, file: LogFile, status: int, body: bytes) -> None:
        if status in {200, 409}:
            self._good()
            file.stored = msgspec.msgpack.decode(body, type=LogReply).size
        elif status == 404:
            self.gone = True
        elif status == EPOCH_IS_OVER:
            self._refuse_logs()
        elif status in {400, 413}:
            file.stored = file.size  # a name or size that is refused now is refused for ever
        else:
            self._lost(f"status {status}")

    def _completable(self) -> str | None:
        """A file that is to be marked complete and whose bytes are all stored."""
        if not self._completing:
            return None
        pending = {key for (key, _), file in self._files.items() if file.stored < file.size}
        return next((key for key in self._completing if key not in pending), None)

    def _send_complete(self, file_key: str) -> None:
        body = msgspec.msgpack.encode({})
        path = f"{self._base}/logs/{file_key}/complete"
        self._send(path, body, lambda status, _: self._complete_done(file_key, status))

    def _complete_done(self, file_key: str, status: int) -> None:
        if status == EPOCH_IS_OVER:
            self._refuse_logs()
        elif status == 404:
            self.gone = True
        elif status in {200, 400}:
            self._good()
            self._completing.pop(file_key, None)
            for stream in STREAMS:
                file = self._files.pop((file_key, stream), None)
                if file is not None:
                    file.path.unlink(missing_ok=True)
        else:
            self._lost(f"status {status}")

    def _refuse_logs(self) -> None:
        self._good()
        self._logs_refused = True
        self._completing.clear()
        self.learn(Orders(fenced=True))

    def _log_pending(self) -> tuple[tuple[str, str], LogFile] | None:
        if self._logs_refused:
            return None
        for key, file in self._files.items():
            if file.stored < file.size:
                return key, file
        return None

    def learn(self, orders: Orders) -> None:
        """Take over orders; cancel and fenced, once heard, stay."""
        if orders.token:
            self.token = orders.token
        self.orders = Orders(cancel=orders.cancel or self.orders.cancel, fenced=orders.fenced or self.orders.fenced)


def _shortened(event: Event) -> Event | None:
    """The event with little text, one frame of its errors and no metadata; None when that leaves it as it was."""
    changes: dict[str, Any] = {}
    for name in event.__struct_fields__:
        value = getattr(event, name)
        if name in {"message", "description"} and value:
            changes[name] = storable(value, SHORT_TEXT)
        elif isinstance(value, ErrorInfo):
            changes[name] = _short_error(value)
        elif name == "metadata" and value:
            told = f"{len(value)} values were left out: the gateway refused the event that held them"
            changes[name] = {"refused": TextMetadata(told)}
        elif name == "failed_step_keys":
            changes[name] = value[:100]
    short = msgspec.structs.replace(event, **changes)
    return short if encode_event(short) != encode_event(event) else None


def _short_error(error: ErrorInfo) -> ErrorInfo:
    own = [frame for frame in error.frames if frame.user] or error.frames
    frames = tuple(msgspec.structs.replace(frame, source=(), first_source_line=0) for frame in own[-1:])
    return ErrorInfo(error.class_name[:200], storable(error.message, SHORT_TEXT), frames, code=error.code)
