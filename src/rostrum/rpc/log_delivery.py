"""Which captured output a worker sends next, and what follows from the answers. No thread, no lock, no connection of
its own: `Delivery` sends.

Trouble with the log store holds up nothing but logs: what cannot be stored now stays on this disk, bounded by the
limits of a log file, and is tried again with growing pauses.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from rostrum.interfaces.logs import STREAMS, LogLimits
from rostrum.interfaces.masks import Masks
from rostrum.rpc.captured import CapturedFile
from rostrum.rpc.gateway_wire import EPOCH_IS_OVER, LogReply

LOG_BYTES = 256 * 1024
SCAN_SECONDS = 0.2
TAIL_BYTES_A_SECOND = 2_000_000
"""Behind the part that is kept for good, a file that grows is sent so fast at most: somebody may be watching, and most
of it will be replaced by what follows."""
FIRST_DELAY, LAST_DELAY = 0.1, 5.0


class LogRequest(msgspec.Struct, frozen=True):
    """What to send: a path below the run's, and a body."""

    path: str
    body: bytes
    done: Callable[[int, bytes], str]
    """Takes status and body of the answer. Says `good`; `gone` (the run is unknown); `fenced` (the epoch is over);
    `later` (the store does not take it now); `lost` (no answer that can be used)."""


class LogDelivery:
    """The captured files of one folder."""

    def __init__(self, folder: Path, masks: Masks, random: Callable[[], float]) -> None:
        self.limits = LogLimits()
        """As the gateway has told them."""
        self.refused = False
        """The epoch is over: output is not taken any more, and stays where it is."""
        self.trouble = ""
        """Why output could not be stored; empty while all is well."""
        self._folder, self._masks, self._random = folder, masks, random
        self._files: dict[tuple[str, str], CapturedFile] = {}
        self._completing: dict[str, None] = {}
        """Keys of files that grow no more, in order."""
        self._scan_at = 0.0
        self._failures = 0
        self._try_at = 0.0

    @property
    def delivered(self) -> bool:
        """All output known so far is stored, and what is to be marked complete is."""
        return self.refused or (not self._completing and not any(map(self._is_left, self._files)))

    def scan(self) -> None:
        """Look for captured files and their sizes."""
        began = time.monotonic()
        self._look()
        # Thousands of steps may have files: looking takes a tenth of the time at most.
        self._scan_at = time.monotonic() + max(SCAN_SECONDS, 10 * (time.monotonic() - began))

    def _look(self) -> None:
        try:
            for entry in list(os.scandir(self._folder)):
                file_key, _, stream = entry.name.rpartition(".")
                if file_key and stream in STREAMS:
                    self._see(file_key, stream, entry.stat(follow_symlinks=False).st_size)
        except FileNotFoundError:
            return  # nothing captured yet, or a file has just been removed: the next look tells

    def _see(self, file_key: str, stream: str, size: int) -> None:
        file = self._files.get((file_key, stream))
        if file is None:
            path = self._folder / f"{file_key}.{stream}"
            file = self._files[file_key, stream] = CapturedFile(path, self._masks)
        file.look(size)
        file.forget(self.limits)

    def complete(self, file_key: str) -> None:
        """Have a file marked complete once it is stored: it grows no more. Then it is removed here."""
        for stream in STREAMS:  # not all of the folder: thousands of steps may end in a row
            with contextlib.suppress(FileNotFoundError):
                self._see(file_key, stream, os.lstat(self._folder / f"{file_key}.{stream}").st_size)
        if not self.refused:
            self._completing[file_key] = None

    def complete_all(self) -> None:
        """As `complete`, for all captured files."""
        self.scan()
        for file_key in sorted({key for key, _ in self._files}):
            self.complete(file_key)

    def stored_files(self) -> list[Path]:
        """Captured files of which every byte is stored."""
        self.scan()
        return [file.path for file in self._files.values() if file.is_stored]

    def request(self) -> LogRequest | None:
        """What to send now."""
        now = time.monotonic()
        if now >= self._scan_at:
            self.scan()
        if self.refused or now < self._try_at:
            return None
        file_key = self._completable()
        if file_key is not None:
            return LogRequest(
                f"logs/{file_key}/complete",
                msgspec.msgpack.encode({}),
                lambda status, _: self._complete_done(file_key, status),
            )
        for key in list(self._files):
            if self._is_left(key) and self._files[key].next_at <= now:
                request = self._request_of(*key)
                if request is not None:
                    self._files[key] = self._files.pop(key)  # the others have their turn first
                    return request
        return None

    def refuse(self) -> None:
        """The epoch is over."""
        self.refused = True
        self._completing.clear()

    def _request_of(self, file_key: str, stream: str) -> LogRequest | None:
        file = self._files[file_key, stream]
        ended = file_key in self._completing
        part = file.part(self.limits, LOG_BYTES, ended=ended)
        if part is None:
            return None
        if part.offset >= self.limits.head and not ended:
            file.next_at = time.monotonic() + len(part.data) / TAIL_BYTES_A_SECOND
        left_out = "&left_out=1" if part.leave_out else ""
        path = f"logs/{file_key}/{stream}?offset={part.offset}{left_out}"
        return LogRequest(path, part.data, lambda status, body: self._log_done(file, status, body))

    def _is_left(self, key: tuple[str, str]) -> bool:
        file = self._files[key]
        return not file.is_stored and (not file.is_held or key[0] in self._completing)

    def _completable(self) -> str | None:
        """A file that is to be marked complete and whose bytes are all stored."""
        if not self._completing:
            return None
        left = {key for key, stream in self._files if self._is_left((key, stream))}
        return next((key for key in self._completing if key not in left), None)

    def _log_done(self, file: CapturedFile, status: int, body: bytes) -> str:
        if status in {200, 409}:
            reply = msgspec.msgpack.decode(body, type=LogReply)
            self.limits = LogLimits(reply.head, reply.tail)
            file.stored = reply.size
        elif status in {400, 403, 413}:
            file.stored = file.size  # a name or size that is refused now is refused for ever
        else:
            return self._refused(status)
        return self._good()

    def _complete_done(self, file_key: str, status: int) -> str:
        if status not in {200, 400, 403}:
            return self._refused(status)
        self._completing.pop(file_key, None)
        for stream in STREAMS:
            file = self._files.pop((file_key, stream), None)
            if file is not None:
                with contextlib.suppress(OSError):
                    file.path.unlink()
        return self._good()

    def _good(self) -> str:
        self.trouble, self._failures = "", 0
        return "good"

    def _refused(self, status: int) -> str:
        if status == EPOCH_IS_OVER:
            self.refuse()
            return "fenced"
        if status == 404:
            return "gone"
        delay = min(LAST_DELAY, FIRST_DELAY * 2 ** min(self._failures, 10))
        self._failures += 1
        self._try_at = time.monotonic() + delay * (0.5 + self._random())
        self.trouble = f"output cannot be stored now (status {status})"
        return "later"
