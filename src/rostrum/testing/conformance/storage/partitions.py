"""Status of partitions."""

from __future__ import annotations

import pytest

from rostrum.interfaces.storage import Storage
from rostrum.testing.conformance.storage.values import A, B

Marks = dict[str, tuple[str, str]]


class PartitionsConformance:
    """`PartitionTable`."""

    @pytest.mark.parametrize(
        ("marks", "expected"),
        [
            ([], ""),
            ([("running", "r1")], "running"),
            ([("materialized", "r1")], "materialized"),
            ([("running", "r1"), ("materialized", "r1")], "materialized"),
            ([("running", "r1"), ("failed", "r1")], "failed"),
            ([("running", "r1"), ("", "r1")], ""),
            ([("materialized", "r0"), ("running", "r1"), ("", "r1")], "materialized"),
            ([("failed", "r0"), ("running", "r1"), ("", "r1")], "failed"),
            ([("failed", "r0"), ("running", "r1"), ("running", "r1"), ("", "r1")], "failed"),
            # A run takes back only its own mark; the last that began is the one that is running.
            ([("running", "r1"), ("", "r2")], "running"),
            ([("failed", "r0"), ("running", "r1"), ("running", "r2"), ("", "r1")], "running"),
            ([("failed", "r0"), ("running", "r1"), ("running", "r2"), ("", "r2")], "failed"),
            ([("materialized", "r1"), ("", "r1")], "materialized"),
            ([("", "r1")], ""),
        ],
    )
    def test_marks_in_turn(self, storage: Storage, marks: list[tuple[str, str]], expected: str) -> None:
        for mark in marks:
            with storage.begin(write=True) as session:
                session.partitions.mark(A, {"p": mark, "q": ("materialized", "r0")})
        with storage.begin() as session:
            assert session.partitions.get(A, ["p"]) == ({"p": expected} if expected else {})
            if marks:
                wanted: dict[str, int] = {"materialized": 1}
                if expected:
                    wanted[expected] = wanted.get(expected, 0) + 1
                assert session.partitions.counts(A) == wanted

    def test_assets_are_apart(self, storage: Storage) -> None:
        with storage.begin(write=True) as session:
            session.partitions.mark(A, {"p": ("failed", "r")})
        with storage.begin() as session:
            assert session.partitions.get(B) == {}
            assert session.partitions.counts(B) == {}
            assert session.partitions.get(A) == {"p": "failed"}

    def test_clearing_forgets_the_partitions_of_one_asset(self, storage: Storage) -> None:
        keys = [f"k{number}" for number in range(600)]
        with storage.begin(write=True) as session:
            session.partitions.mark(A, dict.fromkeys(keys, ("materialized", "r")))
            session.partitions.mark(B, {"p": ("failed", "r")})
        with storage.begin(write=True) as session:
            session.partitions.clear(A)
            session.partitions.clear(A)  # nothing is there any more
        with storage.begin(write=True) as session:
            assert session.partitions.get(A) == {}
            assert session.partitions.counts(A) == {}
            assert session.partitions.get(B) == {"p": "failed"}
            session.partitions.mark(A, {"k1": ("running", "r2")})
        with storage.begin() as session:
            assert session.partitions.get(A) == {"k1": "running"}

    def test_many_partitions(self, storage: Storage) -> None:
        keys = [f"2024-{number:05d}|ä" for number in range(20_000)]
        with storage.begin(write=True) as session:
            session.partitions.mark(A, dict.fromkeys(keys, ("materialized", "r")))
        for start in range(0, 900, 90):
            marks: Marks = {
                key: ("failed" if number % 2 else "running", "r2")
                for number, key in enumerate(keys[start : start + 90])
            }
            with storage.begin(write=True) as session:
                session.partitions.mark(A, marks)
        with storage.begin() as session:
            assert session.partitions.counts(A) == {"materialized": 19_100, "failed": 450, "running": 450}
            everything = session.partitions.get(A)
            assert set(everything) == set(keys)
            some = [*keys[880:920], "none"]
            assert session.partitions.get(A, some) == {key: everything[key] for key in some if key in everything}
            assert session.partitions.get(A, []) == {}

    def test_one_at_a_time_is_the_same_as_all_at_once(self, storage: Storage) -> None:
        keys = [f"k{number}" for number in range(1500)]
        with storage.begin(write=True) as session:
            session.partitions.mark(A, dict.fromkeys(keys, ("failed", "r")))
            for key in keys:
                session.partitions.mark(B, {key: ("failed", "r")})
        with storage.begin() as session:
            assert session.partitions.get(A) == session.partitions.get(B) == dict.fromkeys(keys, "failed")
            assert session.partitions.counts(A) == session.partitions.counts(B) == {"failed": 1500}

    def test_dynamic_keys_keep_their_order(self, storage: Storage) -> None:
        with storage.begin(write=True) as session:
            session.partitions.add_dynamic("regions", ["z", "a"])
            session.partitions.add_dynamic("regions", ["m", "a", "b"])
            session.partitions.add_dynamic("other", ["a"])
        with storage.begin(write=True) as session:
            assert session.partitions.dynamic("regions") == ["z", "a", "m", "b"]
            session.partitions.delete_dynamic("regions", "a")
            session.partitions.delete_dynamic("regions", "none")
        with storage.begin(write=True) as session:
            session.partitions.add_dynamic("regions", ["a"])
            assert session.partitions.dynamic("regions") == ["z", "m", "b", "a"]
            assert session.partitions.dynamic("other") == ["a"]
            assert session.partitions.dynamic("none") == []
