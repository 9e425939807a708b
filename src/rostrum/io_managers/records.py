"""What is kept beside a stored value: in which format it is, of which kind it was, who made it. A record holds no path:
where the value lies follows from its place, so that a record from elsewhere leads nowhere else.
"""

from __future__ import annotations

import contextlib
import re
from typing import Any

import msgspec

from rostrum.interfaces.objects import Objects
from rostrum.io_managers.paths import segment
from rostrum.model.errors import InvariantError

RECORD_SUFFIX = ".%meta"
"""Of the object beside a value. (`%` is escaped in names of users, so that none can be equal to it.)"""
_VERSIONS = "%versions"
_FORMAT = re.compile(r"[a-z0-9_]{1,40}")


class Record(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of a stored value."""

    format: str
    """Name of the format."""
    kind: str = ""
    """What the value was, as its format names it."""
    version: str | None = None
    """Run that made it, where versions are kept; None where the value is the only one."""
    run_id: str = ""
    step_key: str = ""
    code_version: str | None = None
    data_version: str | None = None
    size: int = 0
    """Bytes."""


class Place:
    """Where a value and its versions are: `<place>.parquet` and its record `<place>.%meta`; with versions
    `<place>/%versions/<run>.parquet`, each with a record, and the record of the present one at `<place>.%meta`.
    """

    def __init__(self, objects: Objects, parts: list[str]) -> None:
        self._objects, self.key = objects, "/".join(parts)

    def value_key(self, suffix: str, version: str | None) -> str:
        """Key of the value itself."""
        return f"{self._base(version)}{suffix}"

    def record(self, version: str | None = None) -> Record | None:
        """The present record, or that of a version; None where there is none. Raises InvariantError for one that cannot
        be read.
        """
        key = f"{self._base(version)}{RECORD_SUFFIX}"
        data = self._objects.get(key)
        if data is None:
            return None
        try:
            found = msgspec.json.decode(data, type=Record)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InvariantError(
                f"{self._objects.address(key)} is no record of a stored value: {error}. Materialize it again."
            ) from error
        if not _FORMAT.fullmatch(found.format):
            raise InvariantError(f"{self._objects.address(key)} names no format. Materialize it again.")
        return found

    def record_to_replace(self) -> Record | None:
        """The present record; None also where it cannot be read, since it is about to be replaced."""
        with contextlib.suppress(InvariantError):
            return self.record()
        return None

    def write(self, record: Record) -> None:
        """Make a record the present one; one of a version is kept beside it first."""
        data = msgspec.json.encode(record)
        if record.version is not None:
            self._objects.put(f"{self._base(record.version)}{RECORD_SUFFIX}", data)
        self._objects.put(f"{self.key}{RECORD_SUFFIX}", data)

    def versions(self) -> list[Record]:
        """Records of the versions that are kept, oldest run first."""
        folder = f"{self.key}/{_VERSIONS}"
        names = [key for key in self._objects.keys(folder) if key.endswith(RECORD_SUFFIX)]
        found = [self._objects.get(name) for name in sorted(names)]
        return [msgspec.json.decode(each, type=Record) for each in found if each is not None]

    def _base(self, version: str | None) -> str:
        return self.key if version is None else f"{self.key}/{_VERSIONS}/{segment(version)}"


def text_or_none(value: Any) -> str | None:
    """A text, where there is something."""
    return str(value) if value is not None else None
