"""`RunSession` of a worker in a server deployment: the gateway's client with a disk spool. Standard library and msgspec
only. For a run worker, or for a step worker that talks to the gateway itself.

Accepting an event means writing it to the spool; sending follows. Without a thread (the run worker forks, so it starts
none) every call also pumps: it takes what has been answered and sends what is pending, without waiting for it. With
`threaded=True` a sender thread does that.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from rostrum.interfaces.clock import Clock
from rostrum.interfaces.launching import GatewayAddress
from rostrum.interfaces.masks import KNOWN, Masks
from rostrum.interfaces.runs import Orders, RunAnswer, RunQuery, StepsLine
from rostrum.model.errors import Denied, NotFound, StateError, Unavailable
from rostrum.model.events import Event
from rostrum.model.pools import REFUSED, SlotAnswer, SlotWish
from rostrum.model.principals import StepScope
from rostrum.rpc.delivery import Delivery
from rostrum.rpc.gateway_connection import NETWORK_ERRORS, GatewayConnection
from rostrum.rpc.gateway_steps import GatewaySteps
from rostrum.rpc.gateway_wire import PREFIX, ErrorReply, PartitionsRequest, SlotRequest
from rostrum.rpc.masks_file import MasksFile
from rostrum.rpc.spool import Spool, logs_directory, output_is_left

T = TypeVar("T")
_log = logging.getLogger(__name__)

PATIENCE_SECONDS = 3600.0
"""How long `close()` keeps trying while the control plane is away: on another host only this process can deliver."""
LOGS_PATIENCE_SECONDS = 600.0
"""The same where only output is left, the log store being away."""
HANDOVER_SECONDS = 5.0
"""After so long a worker on the control plane's host leaves to others what the log store does not take
(`spool.output_is_left`)."""
FENCED_SECONDS = 10.0
"""The same for a worker whose events change nothing any more."""
HEARTBEAT_SECONDS = 1.0
FLUSH_BEFORE_READ_SECONDS = 2.0
FLUSH_BEFORE_CLAIM_SECONDS = 0.5
CALL_SECONDS = 10.0
AWAY_SECONDS = 1.0
"""After a call that got no answer others are not tried for this long: user code is not held up by each."""
_STEP_SECONDS = 0.05
_LISTENER = "gateway"


class GatewaySession:
    """One worker's line to the control plane. Thread-safe. The spool in `spool_dir` survives this process."""

    def __init__(
        self,
        address: GatewayAddress,
        token: str,
        run_id: str,
        epoch: int,
        spool_dir: str | Path,
        clock: Clock,
        *,
        scope: StepScope | None = None,
        threaded: bool = False,
        patience_seconds: float = PATIENCE_SECONDS,
        masks: Masks = KNOWN,
    ) -> None:
        """`scope`: what the token has been narrowed to; None for a run worker's. `masks`: secrets that are covered in
        all that is sent and spooled.
        """
        self._address = address
        self._base = f"{PREFIX}/runs/{run_id}"
        self._epoch = epoch
        self._directory = Path(spool_dir)
        self._patience_seconds = patience_seconds
        self._spool = Spool(spool_dir, epoch)
        local = address.url.startswith("unix:") or "://127." in address.url or "://localhost" in address.url
        self._is_beside = address.url.startswith("unix:") and scope is None
        """Whether the spool is on the control plane's host, and known there."""
        self._line = GatewayConnection(address)
        self._delivery = Delivery(
            self._spool, self._line, run_id, epoch, token, clock.random, compress=not local, masks=masks, scope=scope
        )
        masks.add_environment()
        self._masks = masks
        self._masks_file = MasksFile(spool_dir, epoch, token if scope is None else None)
        masks.listen(_LISTENER, self._masks_file.add)
        self._masks_file.add(sorted(masks.values))
        self._calls = GatewayConnection(address, timeout=CALL_SECONDS)
        self._steps = GatewaySteps(address, self._base, lambda: self._delivery.token)
        self.steps: StepsLine | None = self._steps
        self._call_lock = threading.Lock()
        self._lock = threading.RLock()
        self._moved = threading.Condition(self._lock)
        self._beat_at = 0.0
        self._away_at = float("-inf")
        self._closing = False
        self._closed = False
        self._thread: threading.Thread | None = None
        if threaded:
            self._thread = threading.Thread(target=self._send_always, name="event-sender", daemon=True)
            self._thread.start()

    # --- events and logs: accepted here, delivered in their own time ---

    def append(self, events: Sequence[Event]) -> None:
        """Accept events: they are in the spool when this returns. Raises Unavailable only when the disk does not
        take them.
        """
        if self._masks:
            events = [self._masks.event(event) for event in events]
        with self._lock:
            self._spool.append(events)
            self._moved.notify_all()
        self._pump()

    @property
    def captured_folder(self) -> Path | None:
        """Captured files in this folder are sent without being told of."""
        return logs_directory(self._directory)

    def write_log(self, file_key: str, stream: str, offset: int, data: bytes) -> None:
        """Accept captured output. What is captured in the spool's `logs` folder is sent from there and not written
        again.
        """
        path = logs_directory(self._directory) / f"{file_key}.{stream}"
        if data and not (path.exists() and path.stat().st_size >= offset + len(data)):
            path.parent.mkdir(mode=0o700, exist_ok=True)
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.pwrite(file, data, offset)
            finally:
                os.close(file)
        with self._lock:
            self._delivery.logs.scan()
            self._moved.notify_all()
        self._pump()

    def complete_log(self, file_key: str) -> None:
        """Have the file marked complete once it is stored. Whenever that will be: it stays to be done while the
        control plane is away.
        """
        with self._lock:
            self._delivery.logs.complete(file_key)
            self._moved.notify_all()
        self._pump()

    def _pump(self) -> None:
        """Take answers that have arrived and send what is pending, without waiting. Does nothing where a thread
        does it.
        """
        if self._thread is None:
            with self._lock:
                if not self._closed:
                    self._delivery.pump()

    def flush(self, seconds: float) -> bool:
        """Wait until all that was accepted is stored by the control plane; False when time ran out (it stays
        spooled).
        """
        with self._lock:
            self._delivery.logs.scan()
        return self._wait_for(lambda: self._delivery.delivered, seconds)

    def _wait_for(self, is_reached: Callable[[], bool], seconds: float) -> bool:
        until = time.monotonic() + seconds
        while True:
            with self._lock:
                if self._thread is None:
                    self._delivery.pump()
                if is_reached():
                    return True
                if self._delivery.gone:
                    return False
            left = until - time.monotonic()
            if left <= 0:
                return False
            self._pause(min(left, _STEP_SECONDS))

    def _pause(self, seconds: float) -> None:
        """Wait for an answer, or for the time to try again. Holds no lock."""
        with self._moved:
            if self._thread is not None or not self._delivery.busy:
                self._moved.wait(seconds)
                return
        self._line.ready(seconds)

    def _send_always(self) -> None:
        while True:
            with self._moved:
                if self._closed:
                    return
                self._delivery.pump()
                self._moved.notify_all()
                if not self._delivery.busy:
                    idle = self._delivery.delivered
                    self._moved.wait(0.2 if idle else max(0.001, min(self._delivery.delay, 0.2)))
                    continue
            self._line.ready(_STEP_SECONDS)

    # --- calls: answered now or not at all ---

    def read(self, query: RunQuery) -> RunAnswer:
        """Ask; what was appended before is stored first. Raises Unavailable when the control plane is away."""
        self._wait_for(lambda: self._delivery.events_delivered, FLUSH_BEFORE_READ_SECONDS)
        return self._call("read", query, RunAnswer)

    def add_dynamic_partitions(self, name: str, keys: Sequence[str]) -> None:
        """Add keys. Raises Unavailable when the control plane is away."""
        self._call("partitions", PartitionsRequest(name, add=tuple(keys)), dict)

    def delete_dynamic_partition(self, name: str, key: str) -> None:
        """Remove a key. Raises Unavailable when the control plane is away."""
        self._call("partitions", PartitionsRequest(name, delete=(key,)), dict)

    def claim_slot(self, wish: SlotWish, others: Sequence[SlotWish] = ()) -> SlotAnswer:
        """Try to take a slot; refused also while the control plane is away or does not know us.

        What was appended is given a moment to be stored first: it may free the very slot.
        """
        with self._lock:
            after = self._spool.last_sequence
        # A delivery that has failed is tried again in its own time: nobody waits for that.
        self._wait_for(
            lambda: self._delivery.stored_sequence >= after or self._delivery.delay > 0, FLUSH_BEFORE_CLAIM_SECONDS
        )
        try:
            return self._call("slots/claim", SlotRequest(wish, tuple(others), after), SlotAnswer)
        except (Unavailable, StateError):
            return REFUSED

    def heartbeat(self) -> Orders:
        """Say that the worker lives; get orders. At most one request a second; an answered append counts as one."""
        self._pump()
        now = time.monotonic()
        with self._lock:
            noted = max(self._beat_at, self._delivery.noted_at)
            if now - noted < HEARTBEAT_SECONDS or self._away(now) or self._delivery.gone:
                return self._delivery.orders
        try:
            orders = self._call("heartbeat", {}, Orders)
        except NotFound:  # the run has been deleted
            return Orders(fenced=True)
        except (Unavailable, StateError):
            return self._delivery.orders
        with self._lock:
            self._beat_at = time.monotonic()
            self._delivery.learn(orders)
            return self._delivery.orders

    def _away(self, now: float) -> bool:
        """The control plane did not answer a moment ago, and has not since."""
        return now - self._away_at < AWAY_SECONDS and self._delivery.answered_at < self._away_at

    def _call(self, what: str, body: Any, answer: type[T]) -> T:
        if self._away(time.monotonic()):
            raise Unavailable("the control plane does not answer; tried a moment ago")
        data = msgspec.msgpack.encode(body)
        with self._call_lock:
            status, reply = self._post(f"{self._base}/{what}", data)
        if status == 200:
            return msgspec.msgpack.decode(reply, type=answer)
        error = _error(reply)
        if status >= 500:
            raise Unavailable(f"the control plane could not answer {what}: {error}")
        kinds: dict[int, type[StateError]] = {401: Denied, 403: Denied, 404: NotFound}
        raise kinds.get(status, StateError)(f"{what} was refused: {error}")

    def _post(self, path: str, data: bytes) -> tuple[int, bytes]:
        for attempt in (1, 2):  # a kept-alive connection may have been closed by the server: once more on a new one
            try:
                self._calls.send(path, data, self._delivery.token)
                return self._calls.receive()
            except NETWORK_ERRORS as error:
                self._calls.close()
                if attempt == 2:
                    self._away_at = time.monotonic()
                    raise Unavailable(f"the control plane does not answer: {error}") from error
        raise AssertionError

    # --- the end ---

    def close(self) -> None:
        """Deliver what is left, patiently, and let go. What cannot be delivered stays in the spool, with a note
        beside it.
        """
        with self._lock:
            if self._closing:
                return
            self._closing = True
        with self._lock:
            self._delivery.logs.complete_all()
            self._moved.notify_all()
        self._steps.stop()
        delivered = self._deliver_patiently()
        with self._moved:
            self._closed = True
            self._moved.notify_all()
        if self._thread is not None:
            self._thread.join()
        self._line.close()
        self._calls.close()
        self._steps.close()
        if delivered:
            self._remove_files()
        else:
            self._spool.close()
            why = self._delivery.trouble or self._delivery.logs.trouble or "the run is unknown to the control plane"
            note = f"not delivered: {why}\n"
            (self._directory / f"undelivered.{self._epoch}").write_text(note)
            if self._is_beside and self._delivery.events_delivered:
                output_is_left(self._directory).touch()
            what = "output" if self._delivery.events_delivered else "events"
            _log.warning("%s of epoch %s stay in %s: %s", what, self._epoch, self._directory, note.strip())

    def _deliver_patiently(self) -> bool:
        fenced = self._delivery.orders.fenced  # then what is left is evidence only
        until = time.monotonic() + min(self._patience_seconds, FENCED_SECONDS if fenced else self._patience_seconds)
        while not self.flush(min(HANDOVER_SECONDS, max(0.0, until - time.monotonic()))):
            if self._delivery.events_delivered:
                until = min(until, time.monotonic() + LOGS_PATIENCE_SECONDS)
                if self._is_beside and self._delivery.logs.trouble:
                    return False
            if self._delivery.gone or time.monotonic() >= until:
                return False
        return True

    def _remove_files(self) -> None:
        """Remove what is stored elsewhere now, and folders that this leaves empty."""
        self._spool.remove()
        self._masks_file.remove()
        for path in self._delivery.logs.stored_files():
            path.unlink(missing_ok=True)
        for folder in (logs_directory(self._directory), self._directory):
            try:
                folder.rmdir()
            except OSError:
                return  # somebody keeps something else in it


def _error(reply: bytes) -> str:
    try:
        return msgspec.msgpack.decode(reply, type=ErrorReply).message
    except msgspec.DecodeError:
        return reply[:200].decode("utf-8", "replace")
