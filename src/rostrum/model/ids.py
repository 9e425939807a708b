"""Identifiers. Every id is a uuid7 in its canonical text form, so ids sort by the time they were made.

Ids are minted from a clock and a source of randomness that the caller passes in (law 7); nothing here reads either.
"""

from __future__ import annotations

import re
from datetime import datetime

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

RunId = str
"""Id of a run: a uuid7 in text form."""


def uuid7(now: datetime, random_bits: int) -> str:
    """Return a uuid7 text (RFC 9562, section 5.7).

    `now` is an aware datetime (millisecond precision is kept), `random_bits` at least 74 bits of randomness.
    """
    milliseconds = int(now.timestamp() * 1000) & 0xFFFFFFFFFFFF
    value = (
        (milliseconds << 80)
        | (7 << 76)
        | ((random_bits & 0xFFF) << 64)
        | (0b10 << 62)
        | ((random_bits >> 12) & (2**62 - 1))
    )
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def is_id(text: str) -> bool:
    """Say whether `text` is an id as `uuid7` writes it. Checked before an id from outside is used for anything."""
    return _ID.fullmatch(text) is not None
