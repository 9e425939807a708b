from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from rostrum.storage.sql import chunks

KEYS = st.text(max_size=12)
ENTRIES = st.dictionaries(KEYS, st.sampled_from([1, 2, (0, "r"), (1, "r"), (2, "r")]), max_size=60)


@given(ENTRIES)
def test_body_and_counts(entries: chunks.Entries) -> None:
    assert chunks.decode(chunks.encode(entries)) == entries
    assert sum(chunks.counts(entries)) == len(entries)
    names = [chunks.status_name(entry) for entry in entries.values()]
    assert chunks.counts(entries) == tuple(names.count(name) for name in ("materialized", "failed", "running"))


def test_split_covers_the_range_and_keeps_every_entry() -> None:
    low, high = chunks.first_range(chunks.hashed("x"))
    keys = [key for key in (f"k{number}" for number in range(200_000)) if low <= chunks.hashed(key) < high]
    entries: chunks.Entries = dict.fromkeys(keys, 1)
    parts = list(chunks.split(low, high, entries))
    assert len(parts) > 8
    assert parts[0][0] == low
    assert parts[-1][1] == high
    assert all(part[1] == after[0] for part, after in pairwise(parts))
    joined: chunks.Entries = {}
    for part_low, part_high, part in parts:
        assert len(part) <= chunks.SPLIT_ABOVE
        assert all(part_low <= chunks.hashed(key) < part_high for key in part)
        joined.update(part)
    assert joined == entries


def test_places_are_stored_so_they_never_change() -> None:
    assert chunks.hashed("2024-01-01") == 3606117680
    assert chunks.FIRST_WIDTH * 16 == chunks.HASH_END
