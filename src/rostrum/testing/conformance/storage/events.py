"""Events: stored once, in order, never lost in reading."""

from __future__ import annotations

import math

import msgspec

from rostrum.interfaces.storage import Storage
from rostrum.model.assets import AssetKey, CheckKey
from rostrum.model.events import AssetMaterialized, LocationUpdated, UnknownEvent, decode_event
from rostrum.model.metadata import FloatMetadata
from rostrum.model.runs import RunStatus
from rostrum.testing.clock import FakeClock
from rostrum.testing.conformance.storage.values import A, B, a_run, evaluated, materialized, said, started


class EventsConformance:
    """`EventTable`."""

    def test_append_gives_ids_in_order(self, storage: Storage, clock: FakeClock) -> None:
        batch = [said(clock, "r1", number) for number in range(1, 6)]
        with storage.begin(write=True) as session:
            stored = session.events.append(batch)
        ids = [one.id for one in stored]
        assert [one.event for one in stored] == batch
        assert ids == sorted(set(ids))
        assert ids[0] > 0
        with storage.begin() as session:
            assert list(session.events.read("r1")) == list(stored)
            assert session.events.last_id() == ids[-1]

    def test_empty_store(self, storage: Storage) -> None:
        with storage.begin(write=True) as session:
            assert list(session.events.append([])) == []
            assert session.events.last_id() == 0
            assert list(session.events.tail(0)) == []
            assert session.events.last_sequence("r", "worker/1") == 0

    def test_append_again_stores_nothing(self, storage: Storage, clock: FakeClock) -> None:
        batch = [said(clock, "r1", number) for number in range(1, 6)]
        with storage.begin(write=True) as session:
            session.events.append(batch)
        with storage.begin(write=True) as session:
            assert list(session.events.append(batch)) == []
        with storage.begin() as session:
            assert len(session.events.read("r1")) == 5

    def test_append_passes_over_what_is_there(self, storage: Storage, clock: FakeClock) -> None:
        with storage.begin(write=True) as session:
            session.events.append([said(clock, "r1", 2), said(clock, "r1", 3)])
        with storage.begin(write=True) as session:
            batch = [said(clock, "r1", number, message="again") for number in (1, 2, 3, 4, 4)]
            stored = session.events.append(batch)
        assert [one.event.sequence for one in stored] == [1, 4]
        with storage.begin() as session:
            read = session.events.read("r1")
        assert {one.event.sequence: one.event for one in read}[2] == said(clock, "r1", 2)

    def test_streams_count_apart(self, storage: Storage, clock: FakeClock) -> None:
        with storage.begin(write=True) as session:
            batch = [
                said(clock, "r1", 1),
                said(clock, "r1", 1, stream="control"),
                said(clock, "r2", 1),
                said(clock, "r1", 2),
                said(clock, "r1", 1, stream="worker/2"),
            ]
            assert len(session.events.append(batch)) == 5
            assert session.events.last_sequence("r1", "worker/1") == 2
            assert session.events.last_sequence("r1", "worker/2") == 1
            assert session.events.last_sequence("r2", "control") == 0

    def test_read_with_cursor_kinds_and_step(self, storage: Storage, clock: FakeClock) -> None:
        with storage.begin(write=True) as session:
            batch = [
                started(clock, "r1", 1, "a"),
                said(clock, "r1", 2),
                started(clock, "r1", 3, "b"),
                materialized(clock, "r1", 4),
                started(clock, "r2", 1, "a"),
            ]
            ids = [one.id for one in session.events.append(batch)]
        with storage.begin() as session:
            read = session.events.read
            assert [one.id for one in read("r1", limit=2)] == ids[:2]
            assert [one.id for one in read("r1", after=ids[1], limit=2)] == ids[2:4]
            assert [one.id for one in read("r1", kinds=("step_started",))] == [ids[0], ids[2]]
            assert [one.id for one in read("r1", kinds=("step_started", "log_message"))] == ids[:3]
            assert [one.id for one in read("r1", step_key="a")] == [ids[0]]
            assert [one.id for one in read("r1", kinds=("step_started",), step_key="b", after=ids[0])] == [ids[2]]
            assert list(read("r1", after=ids[3])) == []
            assert list(read("none")) == []

    def test_tail_goes_over_all_runs(self, storage: Storage, clock: FakeClock) -> None:
        with storage.begin(write=True) as session:
            session.events.append([said(clock, "r1", 1), said(clock, "r2", 1)])
        with storage.begin(write=True) as session:
            runless = LocationUpdated(stream="location/main", sequence=1, at=clock.now(), location="main")
            session.events.append([said(clock, "r1", 2), runless])
        seen: list[tuple[str, int]] = []
        cursor = 0
        while True:
            with storage.begin() as session:
                page = session.events.tail(cursor, 3)
            if not page:
                break
            seen += [(one.event.run_id, one.event.sequence) for one in page]
            cursor = page[-1].id
        assert seen == [("r1", 1), ("r2", 1), ("r1", 2), ("", 1)]

    def test_ids_are_never_given_again(self, storage: Storage, clock: FakeClock) -> None:
        run = a_run(clock, status=RunStatus.SUCCESS)
        with storage.begin(write=True) as session:
            session.runs.add([run])
            last = session.events.append([said(clock, run.run_id, 1)])[-1].id
        with storage.begin(write=True) as session:
            session.runs.delete(run.run_id)
        with storage.begin(write=True) as session:
            assert session.events.append([said(clock, "other", 1)])[0].id > last

    def test_evidence_is_marked(self, storage: Storage, clock: FakeClock) -> None:
        with storage.begin(write=True) as session:
            session.events.append([said(clock, "r1", 1)])
            session.events.append([said(clock, "r1", 2)], evidence=True)
        with storage.begin() as session:
            assert [one.evidence for one in session.events.read("r1")] == [False, True]
            assert [one.evidence for one in session.events.tail(0)] == [False, True]

    def test_unknown_kind_is_kept(self, storage: Storage, clock: FakeClock) -> None:
        fields = {
            "kind": "from_the_future",
            "run_id": "r1",
            "stream": "worker/1",
            "sequence": 1,
            "at": clock.now(),
            "deep": [1],
        }
        event = decode_event(msgspec.msgpack.encode(fields))
        assert isinstance(event, UnknownEvent)
        with storage.begin(write=True) as session:
            session.events.append([event, said(clock, "r1", 2)])
        with storage.begin() as session:
            assert session.events.read("r1")[0].event == event
            assert len(session.events.read("r1", kinds=("from_the_future",))) == 1

    def test_non_finite_numbers_survive(self, storage: Storage, clock: FakeClock) -> None:
        with storage.begin(write=True) as session:
            values = (float("inf"), float("-inf"), float("nan"))
            session.events.append([materialized(clock, "r1", number, rows=v) for number, v in enumerate(values, 1)])
        read: list[float] = []
        with storage.begin() as session:
            for one in session.events.read("r1"):
                assert isinstance(one.event, AssetMaterialized)
                value = one.event.metadata["rows"]
                assert isinstance(value, FloatMetadata)
                read.append(value.value)
        assert read[:2] == [math.inf, -math.inf]
        assert math.isnan(read[2])

    def test_events_of_an_asset(self, storage: Storage, clock: FakeClock) -> None:
        with storage.begin(write=True) as session:
            batch = [
                materialized(clock, "r1", 1, A, "p1"),
                materialized(clock, "r1", 2, B),
                evaluated(clock, "r1", 3, CheckKey(A, "fresh")),
                said(clock, "r1", 4),
                materialized(clock, "r2", 1, A, "p2"),
            ]
            ids = [one.id for one in session.events.append(batch)]
        with storage.begin() as session:
            read = session.events.read_asset
            assert [one.id for one in read(A)] == [ids[4], ids[2], ids[0]]
            assert [one.id for one in read(A, limit=1)] == [ids[4]]
            assert [one.id for one in read(A, before=ids[4])] == [ids[2], ids[0]]
            assert [one.id for one in read(A, kinds=("asset_materialized",))] == [ids[4], ids[0]]
            assert [one.id for one in read(A, kinds=("check_evaluated", "asset_observed"))] == [ids[2]]
            assert [one.id for one in read(A, partition_key="p1")] == [ids[0]]
            assert list(read(AssetKey(("raw",)))) == []
