"""A zip archive made while it is sent: nothing of it is on a disk or whole in memory."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import cast


class _Sent(io.RawIOBase):
    """Takes what the archive writes; cannot go back."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._position = 0

    def writable(self) -> bool:
        return True

    def write(self, data: object, /) -> int:
        part = bytes(cast("bytes", data))
        self._parts.append(part)
        self._position += len(part)
        return len(part)

    def tell(self) -> int:
        return self._position

    def taken(self) -> bytes:
        data = b"".join(self._parts)
        self._parts.clear()
        return data


def zipped(files: Iterable[tuple[str, Iterable[bytes]]], at: datetime) -> Iterator[bytes]:
    """The bytes of an archive of these files: names and contents, which are read as they are needed."""
    sent = _Sent()
    with zipfile.ZipFile(sent, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, content in files:
            info = zipfile.ZipInfo(name, at.timetuple()[:6])
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o600 << 16
            with archive.open(info, "w", force_zip64=True) as file:
                for part in content:
                    file.write(part)
                    if data := sent.taken():
                        yield data
    yield sent.taken()
