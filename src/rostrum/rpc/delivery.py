"""Brings a spool and captured output to the gateway: batches, acknowledgements, backoff. No thread of its own, no
lock. What of the output is sent: `log_delivery`.

`pump()` does what can be done now: takes the answer that has arrived, sends the next request, and returns. At most one
request is under way. The server's answer says what its stream holds; the next batch starts behind that, whatever was
sent before: so lost answers, restarts and repeated sends end in the same place.
"""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable
from typing import Any

import msgspec

from rostrum.interfaces.masks import Masks
from rostrum.interfaces.runs import Orders
from rostrum.model.errors import ErrorInfo
from rostrum.model.events import EngineMessage, Event, decode_event, encode_event, step_stream, worker_stream
from rostrum.model.metadata import TextMetadata
from rostrum.model.principals import StepScope
from rostrum.model.texts import storable
from rostrum.rpc.gateway_connection import NETWORK_ERRORS, GatewayConnection
from rostrum.rpc.gateway_wire import PREFIX, AppendReply, join_batch
from rostrum.rpc.log_delivery import LogDelivery, LogRequest
from rostrum.rpc.spool import Spool, logs_directory

BATCH_EVENTS = 500
BATCH_BYTES = 1024 * 1024
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


class _Job(msgspec.Struct, frozen=True):
    """The request under way."""

    path: str
    done: Callable[[int, bytes], None]
    sent_at: float


class Delivery:
    """State of the delivery of one epoch. `token` may be replaced at any time."""

    def __init__(
        self, spool: Spool, connection: GatewayConnection, run_id: str, epoch: int, token: str,
        random: Callable[[], float], *, compress: bool, masks: Masks, scope: StepScope | None = None,
    ) -> None:  # fmt: skip
        self.token = token
        self.orders = Orders()
        self.gone = False
        """The control plane does not know the run (any more): nothing can be delivered."""
        self.trouble = ""
        """Why the last request failed; empty while all is well."""
        self.answered_at = 0.0
        """Monotonic time of the last good answer."""
        self.noted_at = 0.0
        """Monotonic time of the last answer to events: it stands for a heartbeat, the others do not. The gateway has
        noted then that the worker lives, and has said what the worker is to do."""
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
        self.logs = LogDelivery(logs_directory(spool.path.parent), masks, random)
        self._logs_next = False

    # --- asked by the session ---

    @property
    def busy(self) -> bool:
        """A request is under way."""
        return self._job is not None

    @property
    def delivered(self) -> bool:
        """All accepted events and all captured output known so far are stored."""
        return self.events_delivered and self.logs.delivered

    @property
    def events_delivered(self) -> bool:
        """All accepted events are stored."""
        return self._asked and self.stored_sequence >= self._spool.last_sequence

    @property
    def delay(self) -> float:
        """Seconds until a failed request may be repeated; 0: now."""
        return max(0.0, self._try_at - time.monotonic())

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
        events = not self.events_delivered
        log = self.logs.request() if self._logs_next or not events else None
        if log is not None:
            self._logs_next = False
            self._send_log(log)
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

    def _send_log(self, log: LogRequest) -> None:
        def done(status: int, body: bytes) -> None:
            outcome = log.done(status, body)
            self._good()  # the gateway answers, whatever its log store does
            if outcome == "gone":
                self.gone = True
            elif outcome == "fenced":
                self.learn(Orders(fenced=True))

        self._send(f"{self._base}/logs", log.body, done)

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
            self.noted_at = self.answered_at
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
