"""Chunks of partition status: pure functions on small maps.

A chunk holds the partitions of an asset whose hashed keys fall into [low, high). There are 16 ranges from the start
(writers of neighbouring days meet in one row as rarely as others), and a chunk that grows beyond `SPLIT_ABOVE`
partitions is cut at the middle of its range. So a mark rewrites at most some kilobytes whatever the asset's size (a
fixed number of chunks would rewrite 1/64 of a million), an asset of 30 days has few rows, and counts add up one short
index entry a chunk.

The body is a msgpack map from partition key to an entry: the code of a settled status, or, while a run works on the
partition, `[code before, run id]`.
"""

from __future__ import annotations

import zlib
from bisect import bisect_left
from collections.abc import Iterable, Mapping

import msgspec

SPLIT_ABOVE = 512
HASH_END = 1 << 32
FIRST_WIDTH = HASH_END // 16

CODES = {"": 0, "materialized": 1, "failed": 2}
_NAMES = {1: "materialized", 2: "failed"}

Entry = int | tuple[int, str]
Entries = dict[str, Entry]

_decoder = msgspec.msgpack.Decoder(Entries)
_encode = msgspec.msgpack.Encoder().encode


def hashed(key: str) -> int:
    """Place of a partition key in the hash range. The same in every process and version: it is stored."""
    return zlib.crc32(key.encode()) & 0xFFFFFFFF


def first_range(place: int) -> tuple[int, int]:
    """The range of the chunk that is made when none holds `place` yet."""
    low = place // FIRST_WIDTH * FIRST_WIDTH
    return low, low + FIRST_WIDTH


def decode(body: bytes) -> Entries:
    """Entries of a chunk's body."""
    return _decoder.decode(body)


def encode(entries: Entries) -> bytes:
    """A chunk's body."""
    return _encode(entries)


def status_name(entry: Entry) -> str:
    """`materialized`, `failed` or `running`."""
    return _NAMES[entry] if isinstance(entry, int) else "running"


def apply(entries: Entries, marks: Mapping[str, tuple[str, str]]) -> None:
    """Apply marks (see `PartitionTable.mark`) in place."""
    for key, (status, run_id) in marks.items():
        entry = entries.get(key)
        if status == "running":
            before = entry[0] if isinstance(entry, tuple) else entry or 0
            entries[key] = (before, run_id)
        elif status:
            entries[key] = CODES[status]
        elif isinstance(entry, tuple) and entry[1] == run_id:
            if entry[0]:
                entries[key] = entry[0]
            else:
                del entries[key]


def counts(entries: Entries) -> tuple[int, int, int]:
    """Numbers of materialized, failed and running partitions."""
    values = list(entries.values())
    materialized, failed = values.count(1), values.count(2)
    return materialized, failed, len(values) - materialized - failed


def split(low: int, high: int, entries: Entries) -> Iterable[tuple[int, int, Entries]]:
    """Cut into ranges of at most `SPLIT_ABOVE` partitions."""
    if len(entries) <= SPLIT_ABOVE:
        yield low, high, entries
        return
    placed = sorted((hashed(key), key) for key in entries)
    for part_low, part_high, start, end in _cut(low, high, placed, 0, len(placed)):
        yield part_low, part_high, {key: entries[key] for _, key in placed[start:end]}


def _cut(
    low: int, high: int, placed: list[tuple[int, str]], start: int, end: int
) -> Iterable[tuple[int, int, int, int]]:
    if end - start <= SPLIT_ABOVE or high - low < 2:
        yield low, high, start, end
        return
    middle = (low + high) // 2
    at = bisect_left(placed, (middle, ""), start, end)
    yield from _cut(low, middle, placed, start, at)
    yield from _cut(middle, high, placed, at, end)
