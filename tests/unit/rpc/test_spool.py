"""The spool: what is written is found again, whatever the writer's death left."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rostrum.model.errors import InvocationError
from rostrum.model.events import LogMessage, StepStarted, decode_events
from rostrum.rpc.gateway_wire import join_batch
from rostrum.rpc.spool import Spool, read_spool, spool_file

AT = datetime(2026, 1, 1, tzinfo=UTC)


def events(first: int, count: int) -> list[StepStarted]:
    return [
        StepStarted(run_id="r", stream="worker/1", sequence=number, at=AT, step_key="s" * (number % 50))
        for number in range(first, first + count)
    ]


def test_events_are_found_again(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 1)
    spool.append(events(1, 5))
    spool.append(events(3, 10))  # partly repeated
    assert spool.last_sequence == 12
    assert decode_events(join_batch(spool.read(4, 3, 10_000))) == events(5, 3)
    assert spool.read(12, 10, 10_000) == []
    again = Spool(tmp_path, 1)
    assert again.last_sequence == 12
    assert [e for batch in read_spool(tmp_path, 1, batch=5) for e in batch] == events(1, 12)
    spool.close()
    again.remove()
    assert not spool_file(tmp_path, 1).exists()
    assert list(read_spool(tmp_path, 1)) == []


def test_a_gap_is_a_programming_error(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 1)
    with pytest.raises(InvocationError, match="3 of worker/1 came where 1 was due"):
        spool.append(events(3, 1))
    spool.close()


def test_batches_are_bounded_by_bytes_but_never_empty(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 1)
    spool.append(events(1, 100))
    whole = spool.read(0, 100, 1_000_000)
    assert len(whole) == 100
    part = spool.read(0, 100, 500)
    assert 0 < len(part) < 100
    assert sum(map(len, part)) <= 500
    assert len(spool.read(0, 100, 1)) == 1
    spool.close()


@pytest.mark.parametrize("epoch", [1, 70000])
def test_array_heads_of_all_sizes(tmp_path: Path, epoch: int) -> None:
    spool = Spool(tmp_path, epoch)
    many = [LogMessage(run_id="r", stream="w", sequence=n, at=AT, message="m", level="info") for n in range(1, 70_001)]
    spool.append(many)
    for count in (0, 1, 15, 16, 65_535, 65_536, 70_000):
        assert len(decode_events(join_batch(spool.read(0, count, 1 << 30)))) == count
    spool.close()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(1, 400), garbage=st.binary(max_size=40))
def test_a_cut_file_keeps_its_whole_records(tmp_path: Path, cut: int, garbage: bytes) -> None:
    spool = Spool(tmp_path, 1)
    spool.append(events(1, 10))
    spool.close()
    path = spool_file(tmp_path, 1)
    data = path.read_bytes()
    path.write_bytes(data[: max(0, len(data) - cut)] + garbage)
    kept = [event for batch in read_spool(tmp_path, 1) for event in batch]
    assert kept == events(1, len(kept))
    again = Spool(tmp_path, 1)
    assert again.last_sequence == len(kept)
    again.append(events(len(kept) + 1, 3))
    assert [e for batch in read_spool(tmp_path, 1) for e in batch] == events(1, len(kept) + 3)
    again.remove()


def test_spools_are_private(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "a" / "b", 1)
    assert spool.path.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700
    spool.close()
