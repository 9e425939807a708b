"""Runs: found by every filter, paged without holes, made once."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from rostrum.interfaces.storage import Storage
from rostrum.model.errors import Conflict, NotFound, StateError
from rostrum.model.events import RunPlanned
from rostrum.model.runs import Run, RunFilter, RunStatus, Trigger
from rostrum.model.ticks import AutomationKey
from rostrum.testing.clock import FakeClock
from rostrum.testing.conformance.storage.values import A, B, a_run, started

replace = msgspec.structs.replace


def found(storage: Storage, where: RunFilter) -> list[str]:
    """Ids of the runs that a filter finds."""
    with storage.begin() as session:
        return [run.run_id for run in session.runs.list(where).runs]


class RunsConformance:
    """`RunTable`, one run at a time."""

    def test_added_run_is_read_back_whole(self, storage: Storage, clock: FakeClock) -> None:
        run = a_run(
            clock,
            assets=(A,),
            config={"ops": {"x": {"config": {"rate": float("inf"), "names": ["ä", "b"]}}}},
            tags={"team": "data"},
            trigger=Trigger("schedule", "nightly"),
            priority=3,
        )
        with storage.begin(write=True) as session:
            assert session.runs.add([run]) == [run]
        with storage.begin() as session:
            assert session.runs.get(run.run_id) == run

    def test_unknown_run_is_none(self, storage: Storage, clock: FakeClock) -> None:
        with storage.begin() as session:
            assert session.runs.get(clock.new_id()) is None

    def test_same_run_id_twice_is_a_conflict(self, storage: Storage, clock: FakeClock) -> None:
        run = a_run(clock)
        with storage.begin(write=True) as session:
            session.runs.add([run])
        with pytest.raises(Conflict), storage.begin(write=True) as session:
            session.runs.add([run])

    def test_put_replaces(self, storage: Storage, clock: FakeClock) -> None:
        run = a_run(clock, tags={"a": "1"})
        changed = replace(run, status=RunStatus.STARTING, epoch=2, tags={"a": "2", "b": "3"})
        with storage.begin(write=True) as session:
            session.runs.add([run])
        with storage.begin(write=True) as session:
            session.runs.put(changed)
            assert session.runs.get(run.run_id) == changed
        assert found(storage, RunFilter(statuses=(RunStatus.STARTING,))) == [run.run_id]
        assert found(storage, RunFilter(statuses=(RunStatus.QUEUED,))) == []
        assert found(storage, RunFilter(tag=("a", "1"))) == []
        assert found(storage, RunFilter(tag=("b", "3"))) == [run.run_id]

    def test_put_may_change_what_is_searched(self, storage: Storage, clock: FakeClock) -> None:
        run = a_run(clock)
        with storage.begin(write=True) as session:
            session.runs.add([run])
            session.runs.put(replace(run, target=replace(run.target, job="other", asset_selection=(B,))))
        assert found(storage, RunFilter(job="other", asset_key=B)) == [run.run_id]

    def test_put_of_an_unknown_run_is_not_found(self, storage: Storage, clock: FakeClock) -> None:
        with pytest.raises(NotFound), storage.begin(write=True) as session:
            session.runs.put(a_run(clock))

    def test_idempotency_key_gives_the_first_run(self, storage: Storage, clock: FakeClock) -> None:
        first, second = a_run(clock), a_run(clock)
        with storage.begin(write=True) as session:
            assert session.runs.add([first], idempotency_key="k") == [first]
        with storage.begin(write=True) as session:
            session.runs.put(replace(first, status=RunStatus.STARTING))
        with storage.begin(write=True) as session:
            assert session.runs.add([second], idempotency_key="k") == [replace(first, status=RunStatus.STARTING)]
            assert session.runs.get(second.run_id) is None

    def test_idempotency_key_is_for_one_run(self, storage: Storage, clock: FakeClock) -> None:
        with pytest.raises(StateError), storage.begin(write=True) as session:
            session.runs.add([a_run(clock), a_run(clock)], idempotency_key="k")

    def test_run_keys_are_claimed_once_per_automation(self, storage: Storage, clock: FakeClock) -> None:
        sensor, other = AutomationKey("main", "files"), AutomationKey("main", "mails")
        with storage.begin(write=True) as session:
            assert session.runs.claim_run_key(sensor, "k1", "r1") == "r1"
            assert session.runs.claim_run_key(other, "k1", "r9") == "r9"
        with storage.begin(write=True) as session:
            assert session.runs.claim_run_key(sensor, "k1", "r2") == "r1"
            assert session.runs.run_keys(sensor, ["k1", "k2"]) == {"k1": "r1"}
            assert session.runs.run_keys(sensor, [f"n{i}" for i in range(600)]) == {}
            assert session.runs.run_keys(sensor, []) == {}

    def test_delete_takes_run_and_events_but_no_memory(self, storage: Storage, clock: FakeClock) -> None:
        run, kept = a_run(clock, assets=(A,), tags={"t": "1"}, status=RunStatus.SUCCESS), a_run(clock)
        sensor = AutomationKey("main", "files")
        with storage.begin(write=True) as session:
            session.runs.add([run], idempotency_key="k")
            session.runs.add([kept])
            session.runs.claim_run_key(sensor, "k1", run.run_id)
            session.events.append([started(clock, run.run_id, 1), started(clock, kept.run_id, 1)])
        with storage.begin(write=True) as session:
            session.runs.delete(run.run_id)
        with storage.begin() as session:
            assert session.runs.get(run.run_id) is None
            assert session.events.read(run.run_id) == []
            assert [stored.event.run_id for stored in session.events.tail(0)] == [kept.run_id]
            assert session.runs.run_keys(sensor, ["k1"]) == {"k1": run.run_id}
        assert found(storage, RunFilter(asset_key=A)) == []
        assert found(storage, RunFilter(tag=("t", "1"))) == []
        with pytest.raises(Conflict), storage.begin(write=True) as session:
            session.runs.add([a_run(clock)], idempotency_key="k")

    def test_only_a_finished_run_can_be_deleted(self, storage: Storage, clock: FakeClock) -> None:
        run = a_run(clock, status=RunStatus.RUNNING)
        with storage.begin(write=True) as session:
            session.runs.add([run])
        with pytest.raises(StateError), storage.begin(write=True) as session:
            session.runs.delete(run.run_id)
        with pytest.raises(NotFound), storage.begin(write=True) as session:
            session.runs.delete(clock.new_id())


class RunListConformance:
    """`RunTable`: lists, counts and the queue."""

    def test_filters(self, storage: Storage, clock: FakeClock) -> None:
        first = a_run(clock, job="a", location="east", tags={"x": "1", "y": "2"}, trigger=Trigger("schedule", "daily"))
        clock.advance(10)
        second = a_run(
            clock, job="b", assets=(A, B), partition_key="2024-01-01", backfill_id="bf", status=RunStatus.RUNNING
        )
        clock.advance(10)
        third = a_run(clock, job="b", root_run_id=second.run_id, parent_run_id=second.run_id, status=RunStatus.FAILURE)
        with storage.begin(write=True) as session:
            session.runs.add([first, second, third])
        one, two, three = first.run_id, second.run_id, third.run_id
        cases: list[tuple[RunFilter, list[str]]] = [
            (RunFilter(), [three, two, one]),
            (RunFilter(statuses=(RunStatus.QUEUED,)), [one]),
            (RunFilter(statuses=(RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.FAILURE)), [three, two, one]),
            (RunFilter(location="east"), [one]),
            (RunFilter(job="b"), [three, two]),
            (RunFilter(job="b", statuses=(RunStatus.RUNNING,)), [two]),
            (RunFilter(asset_key=B), [two]),
            (RunFilter(asset_key=B, job="a"), []),
            (RunFilter(partition_key="2024-01-01"), [two]),
            (RunFilter(trigger_kind="schedule"), [one]),
            (RunFilter(trigger_kind="manual"), [three, two]),
            (RunFilter(trigger_name="daily"), [one]),
            (RunFilter(backfill_id="bf"), [two]),
            # The root itself belongs to its family.
            (RunFilter(root_run_id=two), [three, two]),
            (RunFilter(run_id_part=one), [one]),
            (RunFilter(run_id_part=one[:-2]), [one]),
            (RunFilter(run_id_part=one[-8:]), [one]),
            (RunFilter(run_id_part=one[:-1] + "%"), []),
            (RunFilter(tag=("x", "1")), [one]),
            (RunFilter(tag=("x", "2")), []),
            # From, inclusive; to, exclusive.
            (RunFilter(created_after=second.created_at), [three, two]),
            (RunFilter(created_before=second.created_at), [one]),
        ]
        for where, expected in cases:
            assert found(storage, where) == expected, where

    def test_a_planned_asset_finds_the_run(self, storage: Storage, clock: FakeClock) -> None:
        run = a_run(clock)
        planned = RunPlanned(run_id=run.run_id, stream="control", sequence=1, at=clock.now(), asset_keys=(A,))
        with storage.begin(write=True) as session:
            session.runs.add([run])
            session.events.append([planned])
            session.runs.put(replace(run, status=RunStatus.STARTING))
        assert found(storage, RunFilter(asset_key=A)) == [run.run_id]

    @pytest.mark.parametrize("where", [RunFilter(), RunFilter(asset_key=A), RunFilter(job="nightly")])
    def test_pages_have_no_holes(self, storage: Storage, clock: FakeClock, where: RunFilter) -> None:
        runs: list[Run] = []
        for number in range(23):
            clock.advance(1 if number % 3 == 0 else 0)
            runs.append(a_run(clock, assets=(A,)))
        with storage.begin(write=True) as session:
            session.runs.add(runs)
        seen: list[str] = []
        cursor: str | None = None
        for page_number in range(10):
            with storage.begin(write=True) as session:
                page = session.runs.list(where, limit=5, cursor=cursor)
                clock.advance(1)
                # What comes in meanwhile is newer than every page that follows.
                session.runs.add([a_run(clock, assets=(A,))])
            seen += [run.run_id for run in page.runs]
            cursor = page.cursor
            if cursor is None:
                assert page_number == 4
                break
        expected = sorted(runs, key=lambda run: (run.created_at, run.run_id), reverse=True)
        assert seen == [run.run_id for run in expected]

    def test_page_that_ends_exactly_has_no_cursor(self, storage: Storage, clock: FakeClock) -> None:
        with storage.begin(write=True) as session:
            session.runs.add([a_run(clock) for _ in range(4)])
            assert session.runs.list(RunFilter(), limit=4).cursor is None
            assert session.runs.list(RunFilter(), limit=3).cursor is not None

    def test_text_that_is_no_cursor_is_told(self, storage: Storage) -> None:
        for cursor in ("nonsense", "", "2024-01-01T00:00:00~x"):
            with pytest.raises(StateError), storage.begin() as session:
                session.runs.list(RunFilter(), cursor=cursor)

    def test_counts_by_facet(self, storage: Storage, clock: FakeClock) -> None:
        runs = [
            a_run(clock, job="a", trigger=Trigger("schedule", "daily")),
            a_run(clock, job="b", status=RunStatus.SUCCESS),
            a_run(clock, job="b", status=RunStatus.SUCCESS, location="east"),
        ]
        with storage.begin(write=True) as session:
            session.runs.add(runs)
        with storage.begin() as session:
            assert session.runs.count(RunFilter(), "status") == {"queued": 1, "success": 2}
            assert session.runs.count(RunFilter(location="main"), "job") == {"a": 1, "b": 1}
            assert session.runs.count(RunFilter(), "location") == {"main": 2, "east": 1}
            assert session.runs.count(RunFilter(), "trigger_kind") == {"schedule": 1, "manual": 2}
            assert session.runs.count(RunFilter(), "trigger_name") == {"daily": 1, "": 2}
            assert session.runs.count(RunFilter(job="none"), "status") == {}
        with pytest.raises(StateError), storage.begin() as session:
            session.runs.count(RunFilter(), "body")

    def test_queue_order(self, storage: Storage, clock: FakeClock) -> None:
        late = a_run(clock)
        early = replace(a_run(clock), created_at=clock.now() - timedelta(hours=1))
        urgent = a_run(clock, priority=5)
        gone = a_run(clock, status=RunStatus.CANCELED, priority=9)
        with storage.begin(write=True) as session:
            session.runs.add([late, early, urgent, gone])
        with storage.begin() as session:
            assert list(session.runs.queued(10)) == [urgent, early, late]
            assert list(session.runs.queued(2)) == [urgent, early]

    def test_runs_of_a_tag_follow_their_tags(self, storage: Storage, clock: FakeClock) -> None:
        first, second = a_run(clock, tags={"retry": "waiting", "team": "a"}), a_run(clock, tags={"retry": "done"})
        clock.advance(1)
        third = a_run(clock, tags={"retry": "waiting"})
        with storage.begin(write=True) as session:
            session.runs.add([third, second, first])
            assert list(session.runs.tagged("retry", "waiting")) == [first, third]
        with storage.begin(write=True) as session:
            session.runs.put(replace(first, tags={"retry": "done"}))
        with storage.begin() as session:
            assert list(session.runs.tagged("retry", "waiting")) == [third]
            assert list(session.runs.tagged("team", "a")) == []

    def test_in_progress_oldest_first(self, storage: Storage, clock: FakeClock) -> None:
        runs: list[Run] = []
        for status in (RunStatus.RUNNING, RunStatus.QUEUED, RunStatus.STARTING, RunStatus.SUCCESS, RunStatus.CANCELING):
            runs.append(a_run(clock, status=status))
            clock.advance(1)
        with storage.begin(write=True) as session:
            session.runs.add(list(reversed(runs)))
        with storage.begin() as session:
            assert list(session.runs.in_progress()) == [runs[0], runs[2], runs[4]]
