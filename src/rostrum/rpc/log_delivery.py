"""Which captured output a worker sends next, and what follows from the answers. No thread, no lock, no connection of
its own: `Delivery` sends.

Trouble with the log store holds up nothing but logs: what cannot be stored now stays on this disk, bounded by the
limits of a log file, and is tried again with growing pauses.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from rostrum.interfaces.logs import STREAMS, LogLimits
from rostrum.interfaces.masks import Masks
from rostrum.rpc.captured import CapturedFile
from rostrum.rpc.gateway_wire import EPOCH_IS_OVER, LogBatch, LogPart, LogReply

LOG_BYTES = 256 * 1024
MOST_ENTRIES = 32
"""Parts and completed files in a request: in some stores each is a request of its own."""
SCAN_SECONDS = 0.2
TAIL_BYTES_A_SECOND = 2_000_000
"""Behind the part that is kept for good, a file that grows is sent so fast at most: somebody may be watching, and most
of it will be replaced by what follows."""
FIRST_DELAY, LAST_DELAY = 0.1, 5.0


class LogRequest(msgspec.Struct, frozen=True):
    """What to send: a body, and what takes status and body of the answer. That says `good`; `gone` (the run is
    unknown); `fenced` (the epoch is over); `later` (the store does not take it now).
    """

    body: bytes
    done: Callable[[int, bytes], str]


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
        self._left: dict[tuple[str, str], None] = {}
        """Files with bytes to send, whose turn it is first."""
        self._completing: dict[str, None] = {}
        """Keys of files that grow no more, in order."""
        self._stored: dict[str, None] = {}
        """Those of them of which every byte is stored."""
        self._alone = 0
        """So many of the next entries go one by one: one of them was refused."""
        self._scan_at = 0.0
        self._failures = 0
        self._try_at = 0.0

    @property
    def delivered(self) -> bool:
        """All output known so far is stored, and what is to be marked complete is."""
        return self.refused or not (self._completing or self._left)

    def scan(self) -> None:
        """Look for captured files and their sizes."""
        began = time.monotonic()
        with contextlib.suppress(FileNotFoundError):  # nothing captured yet, or one was just removed: the next look
            for entry in list(os.scandir(self._folder)):
                file_key, _, stream = entry.name.rpartition(".")
                if file_key and stream in STREAMS:
                    self._look((file_key, stream), entry.stat(follow_symlinks=False).st_size)
        # Thousands of steps may have files: looking takes a tenth of the time at most.
        self._scan_at = time.monotonic() + max(SCAN_SECONDS, 10 * (time.monotonic() - began))

    def complete(self, file_key: str) -> None:
        """Have a file marked complete once it is stored: it grows no more. Then it is removed here."""
        if self.refused:
            return
        self._completing[file_key] = None
        for stream in STREAMS:
            with contextlib.suppress(FileNotFoundError):
                self._look((file_key, stream), self._path(file_key, stream).lstat().st_size)
        self._note_key(file_key)

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
        """What to send now: parts of several files, and keys of files that are complete."""
        now = time.monotonic()
        if now >= self._scan_at:
            self.scan()
        if self.refused or now < self._try_at:
            return None
        most = MOST_ENTRIES if self._alone == 0 else 1
        complete = tuple(itertools.islice(self._stored, most))
        sent: list[tuple[CapturedFile, LogPart]] = []
        room = LOG_BYTES
        for key in list(self._left):
            if room <= 0 or len(sent) + len(complete) >= most:
                break
            file = self._files[key]
            part = self._part(key, file, room) if file.next_at <= now else None
            if part is not None:
                room -= len(part.data)
                sent.append((file, part))
                self._left[key] = self._left.pop(key)  # the others have their turn first
        if not sent and not complete:
            return None
        body = msgspec.msgpack.encode(LogBatch(tuple(part for _, part in sent), complete))
        return LogRequest(body, lambda status, reply: self._done(sent, complete, status, reply))

    def refuse(self) -> None:
        """The epoch is over."""
        self.refused = True
        self._completing.clear()
        self._stored.clear()

    def _path(self, file_key: str, stream: str) -> Path:
        return self._folder / f"{file_key}.{stream}"

    def _look(self, key: tuple[str, str], on_disk: int) -> None:
        file = self._files.get(key)
        if file is None:
            file = self._files[key] = CapturedFile(self._path(*key), self._masks)
        file.look(on_disk)
        file.forget(self.limits)
        self._note(key, file)

    def _note(self, key: tuple[str, str], file: CapturedFile) -> None:
        """Whether the file has anything to send. What is held back goes when the file has ended."""
        if file.is_stored or (file.is_held and key[0] not in self._completing):
            self._left.pop(key, None)
            self._note_key(key[0])
        else:
            self._left.setdefault(key)
            self._stored.pop(key[0], None)

    def _note_key(self, file_key: str) -> None:
        if file_key in self._completing and not any((file_key, stream) in self._left for stream in STREAMS):
            self._stored[file_key] = None

    def _part(self, key: tuple[str, str], file: CapturedFile, room: int) -> LogPart | None:
        ended = key[0] in self._completing
        part = file.part(self.limits, room, ended=ended)
        if part is None:
            self._note(key, file)
            return None
        if part.offset >= self.limits.head and not ended:
            file.next_at = time.monotonic() + len(part.data) / TAIL_BYTES_A_SECOND
        return LogPart(*key, part.offset, part.data, part.leave_out)

    def _done(
        self, sent: Sequence[tuple[CapturedFile, LogPart]], complete: Sequence[str], status: int, body: bytes
    ) -> str:
        if status == 200:
            reply = msgspec.msgpack.decode(body, type=LogReply)
            self.limits = LogLimits(reply.head, reply.tail)
            sizes: Sequence[int] = reply.sizes
        elif status in {400, 403, 413}:  # what is refused now is refused for ever
            if len(sent) + len(complete) > 1:  # one of them is: find it
                self._alone = len(sent) + len(complete)
                self._left = {(part.file_key, part.stream): None for _, part in sent} | self._left
                return "good"
            sizes = [file.size for file, _ in sent]
        else:
            return self._refused(status)
        self._alone = max(0, self._alone - 1)
        for (file, part), size in zip(sent, sizes, strict=True):
            file.stored = size
            self._note((part.file_key, part.stream), file)
        for file_key in complete:
            self._forget(file_key)
        self.trouble, self._failures = "", 0
        return "good"

    def _forget(self, file_key: str) -> None:
        self._completing.pop(file_key, None)
        self._stored.pop(file_key, None)
        for stream in STREAMS:
            self._left.pop((file_key, stream), None)
            file = self._files.pop((file_key, stream), None)
            if file is not None:
                with contextlib.suppress(OSError):
                    file.path.unlink()

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
