"""Partition marks merged into layers leave what the same marks leave when written one by one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rostrum.control.state import Marks
from rostrum.interfaces.storage import Storage
from rostrum.model.assets import AssetKey
from rostrum.storage.memory import MemoryStorage
from rostrum.storage.sql.storage import SqlStorage
from rostrum.testing.clock import FakeClock

MARK = st.tuples(
    st.sampled_from("pq"), st.sampled_from(["running", "materialized", "failed", ""]), st.sampled_from(["r1", "r2"])
)
names = iter(range(10**9))


@pytest.fixture(params=["memory", "sqlite"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    clock = FakeClock()
    if request.param == "memory":
        yield MemoryStorage(clock)
        return
    storage = SqlStorage(f"sqlite:///{tmp_path}/r.db", clock=clock)
    storage.migrate()
    yield storage
    storage.close()


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=st.lists(MARK, max_size=3), marks=st.lists(MARK, max_size=8))
def test_layers_lose_nothing(
    storage: Storage, before: list[tuple[str, str, str]], marks: list[tuple[str, str, str]]
) -> None:
    merged_key, single_key = AssetKey((f"a{next(names)}",)), AssetKey((f"a{next(names)}",))
    merged = Marks()
    for partition, status, run_id in marks:
        merged.add(merged_key, [partition], status, run_id)
    with storage.begin(write=True) as session:
        for key in (merged_key, single_key):
            for partition, status, run_id in before:
                session.partitions.mark(key, {partition: (status, run_id)})
        for layer in merged.layers():
            for key, changes in layer.items():
                session.partitions.mark(key, changes)
        for partition, status, run_id in marks:
            session.partitions.mark(single_key, {partition: (status, run_id)})
        assert session.partitions.get(merged_key) == session.partitions.get(single_key)
        for run_id in ("r1", "r2"):  # and what is below a `running` is the same too
            for key in (merged_key, single_key):
                session.partitions.mark(key, dict.fromkeys("pq", ("", run_id)))
            assert session.partitions.get(merged_key) == session.partitions.get(single_key)
