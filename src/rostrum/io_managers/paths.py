"""Path segments made from names that users or data chose: never leave their folder, never collide, stay readable."""

from __future__ import annotations

import hashlib
import re

_UNSAFE = re.compile(r'[\x00-\x1f\x7f/\\%<>:"*?\ud800-\udfff]')
_LEADS_AWAY = re.compile(r"[\x00/\\]")
_MAX_BYTES = 200
"""File systems allow 255 bytes a name; some room is left for suffixes of temporary files."""


def segment(name: str) -> str:
    """A file name for `name`. Different names give different file names; ordinary ones stay as they are.

    Separators, control characters and the like become `%XX` of their UTF-8 bytes, as do names made of dots only and a
    blank or dot at the end; a long name is cut and given a hash.
    """
    if not name:
        return "%"
    text = _UNSAFE.sub(_escape, name)
    if not text.strip("."):
        text = text.replace(".", "%2E")
    if text[-1] in ". ":
        text = f"{text[:-1]}%{ord(text[-1]):02X}"
    data = text.encode()
    if len(data) <= _MAX_BYTES:
        return text
    digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
    return f"{data[: _MAX_BYTES - 30].decode(errors='ignore')}%~{digest}"


def contained(name: str) -> str:
    """A file name for `name` that is `name` itself unless that could lead elsewhere: for layouts that others have made,
    whose names must stay as they are.
    """
    return name if name.strip(".") and not _LEADS_AWAY.search(name) else segment(name)


def _escape(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match.group().encode("utf-8", "surrogatepass"))
