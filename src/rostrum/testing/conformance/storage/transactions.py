"""Sessions: all or nothing, one snapshot, and many threads at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from rostrum.interfaces.storage import Session, Storage
from rostrum.model.assets import AssetState, CheckState
from rostrum.model.backfills import Backfill
from rostrum.model.errors import InvocationError, Unavailable
from rostrum.model.locations import DaemonState, LocationState
from rostrum.model.pools import PoolLimit, Slot, Waiter
from rostrum.model.principals import Token, User
from rostrum.model.runs import Run, RunFilter, RunStatus, RunTarget
from rostrum.model.ticks import AutomationKey, AutomationState, Tick
from rostrum.testing.clock import FakeClock
from rostrum.testing.conformance.storage.values import CHECK, A, a_run, said, started


class Oops(Exception):
    """Raised to end a session badly."""


def write_everywhere(session: Session, clock: FakeClock, run: Run, mark: str) -> None:
    """Change every table."""
    key = AutomationKey("main", "daily")
    now = clock.now()
    session.runs.put(msgspec.structs.replace(run, tags={"mark": mark}))
    session.runs.add([a_run(clock)], idempotency_key=mark)
    session.runs.claim_run_key(key, mark, run.run_id)
    session.events.append([said(clock, run.run_id, session.events.last_sequence(run.run_id, "worker/1") + 1, mark)])
    session.assets.put([AssetState(A, data_version=mark)])
    session.assets.put_checks([CheckState(CHECK, description=mark)])
    session.partitions.mark(A, {"p": ("failed", mark), mark: ("running", mark)})
    session.partitions.add_dynamic("regions", [mark])
    session.automations.put(AutomationState(key=key, changed_at=now, cursor=mark))
    clock.advance(60)
    session.automations.add_tick(Tick(tick_id=clock.new_id(), key=key, scheduled_at=clock.now(), started_at=now))
    target = RunTarget("main", "job")
    session.backfills.add(Backfill(backfill_id=mark, target=target, partition_keys=(), created_at=now))
    session.leases.acquire("lease " + mark, "me", 1e6)
    session.pools.put_limit(PoolLimit(pool=mark, limit=1, set_at=now))
    session.pools.put_slot(Slot(pool="pool", run_id=run.run_id, step_key=mark, epoch=1, claimed_at=now))
    session.pools.put_waiters([Waiter(pool="pool", run_id=run.run_id, step_key=mark, since=now, expires_at=now)])
    session.locations.put(LocationState(name=mark, updated_at=now))
    session.locations.put_manifest(mark, mark.encode())
    session.locations.put_daemon(DaemonState(loop=mark, owner="me", heartbeat_at=now))
    session.principals.put_user(User(name=mark, password_hash="", created_at=now))
    session.principals.put_token(Token(token_id=mark, kind="api", user=mark, secret_hash=mark, created_at=now))
    session.principals.put_setting("mark", mark.encode())


def read_everywhere(session: Session, run: Run) -> list[object]:
    """Everything that `write_everywhere` may have changed."""
    key = AutomationKey("main", "daily")
    return [
        session.runs.list(RunFilter()),
        session.runs.list(RunFilter(tag=("mark", "bad"))),
        session.runs.run_keys(key, ["good", "bad"]),
        list(session.events.tail(0)),
        list(session.events.read(run.run_id)),
        session.events.last_sequence(run.run_id, "worker/1"),
        list(session.assets.all()),
        session.assets.checks(),
        session.assets.version(),
        session.partitions.get(A),
        session.partitions.counts(A),
        list(session.partitions.dynamic("regions")),
        session.automations.states(),
        list(session.automations.ticks()),
        list(session.backfills.list()),
        list(session.leases.all()),
        list(session.pools.limits()),
        list(session.pools.slots()),
        list(session.pools.waiters()),
        list(session.locations.states()),
        session.locations.manifest("bad"),
        list(session.locations.daemons()),
        list(session.principals.users()),
        list(session.principals.tokens()),
        session.principals.setting("mark"),
    ]


class TransactionsConformance:
    """`Storage.begin`."""

    def test_an_exception_takes_everything_back(self, storage: Storage, clock: FakeClock) -> None:
        run = a_run(clock)
        with storage.begin(write=True) as session:
            session.runs.add([run])
            write_everywhere(session, clock, run, "good")
        with storage.begin() as session:
            before = read_everywhere(session, run)
        with pytest.raises(Oops), storage.begin(write=True) as session:  # noqa: PT012 - the whole session fails
            write_everywhere(session, clock, run, "bad")
            raise Oops
        with storage.begin() as session:
            assert read_everywhere(session, run) == before
        with storage.begin(write=True) as session:
            write_everywhere(session, clock, run, "bad")
        with storage.begin() as session:
            after = read_everywhere(session, run)
        assert all(one != other for one, other in zip(after, before, strict=True))

    def test_deletion_is_taken_back(self, storage: Storage, clock: FakeClock) -> None:
        run = a_run(clock, assets=(A,), tags={"a": "b"}, status=RunStatus.FAILURE)
        with storage.begin(write=True) as session:
            session.runs.add([run])
            session.events.append([said(clock, run.run_id, 1)])
            session.partitions.add_dynamic("regions", ["a", "b"])
        with pytest.raises(Oops), storage.begin(write=True) as session:  # noqa: PT012 - the whole session fails
            session.runs.delete(run.run_id)
            session.partitions.delete_dynamic("regions", "a")
            raise Oops
        with storage.begin(write=True) as session:
            assert session.runs.list(RunFilter(asset_key=A, tag=("a", "b"))).runs == (run,)
            assert len(session.events.read(run.run_id)) == 1
            assert list(session.events.append([said(clock, run.run_id, 1)])) == []
            assert session.partitions.dynamic("regions") == ["a", "b"]

    def test_a_session_sees_its_own_changes(self, storage: Storage, clock: FakeClock) -> None:
        run = a_run(clock)
        with storage.begin(write=True) as session:
            session.runs.add([run])
            assert session.runs.get(run.run_id) == run
            session.events.append([started(clock, run.run_id, 1)])
            assert list(session.events.append([started(clock, run.run_id, 1)])) == []
            assert len(session.events.append([started(clock, run.run_id, 2)])) == 1
            assert [stored.event.sequence for stored in session.events.tail(0)] == [1, 2]

    def test_a_reading_session_cannot_write(self, storage: Storage, clock: FakeClock) -> None:
        run = a_run(clock)
        writes: list[Callable[[Session], object]] = [
            lambda session: session.runs.add([run]),
            lambda session: session.events.append([said(clock, "r", 1)]),
            lambda session: session.assets.put([AssetState(A)]),
            lambda session: session.partitions.mark(A, {"p": ("failed", "r")}),
            lambda session: session.leases.acquire("lease", "me", 1),
            lambda session: session.leases.lock("lease"),
            lambda session: session.locations.put_manifest("h", b""),
            lambda session: session.principals.put_setting("s", b""),
        ]
        for write in writes:
            with storage.begin() as session, pytest.raises(InvocationError):
                write(session)

    def test_a_session_ends_with_its_block(self, storage: Storage, clock: FakeClock) -> None:
        for write in (False, True):
            with storage.begin(write=write) as session:
                session.events.last_id()
            with pytest.raises(InvocationError):
                session.events.last_id()
            with pytest.raises(InvocationError):
                session.events.append([said(clock, "r", 1)])

    def test_writing_sessions_do_not_nest(self, storage: Storage) -> None:
        with storage.begin(write=True), pytest.raises(InvocationError), storage.begin(write=True):
            pass
        with storage.begin(write=True) as session:
            assert session.events.last_id() == 0

    def test_time_is_the_database_s(self, storage: Storage, clock: FakeClock) -> None:
        with storage.begin() as session:
            before = session.now()
        clock.advance(60)
        with storage.begin(write=True) as session:
            assert (session.now() - before).total_seconds() == 60
            assert session.now().tzinfo is not None

    def test_closed_storage_is_unavailable(self, storage: Storage) -> None:
        with storage.begin(write=True) as session:
            session.principals.put_setting("a", b"")
        storage.close()
        storage.close()
        for write in (False, True):
            with pytest.raises(Unavailable), storage.begin(write=write):
                pass


class ConcurrencyConformance:
    """Many threads."""

    def test_counting_together_loses_nothing(self, storage: Storage, clock: FakeClock) -> None:
        run = a_run(clock)
        with storage.begin(write=True) as session:
            session.runs.add([run])

        def count(_: int) -> None:
            with storage.begin(write=True) as session:
                now = session.runs.get(run.run_id)
                assert now is not None
                session.runs.put(msgspec.structs.replace(now, steps_done=now.steps_done + 1))

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(count, range(200)))
        with storage.begin() as session:
            counted = session.runs.get(run.run_id)
        assert counted is not None
        assert counted.steps_done == 200

    def test_the_same_events_from_many_are_stored_once(self, storage: Storage, clock: FakeClock) -> None:
        batch = [said(clock, "r", number) for number in range(1, 51)]
        barrier = threading.Barrier(6)

        def send(start: int) -> int:
            barrier.wait()
            with storage.begin(write=True) as session:
                return len(session.events.append(batch[start:]))

        with ThreadPoolExecutor(6) as threads:
            assert sum(threads.map(send, [0, 0, 10, 20, 0, 40])) == 50
        with storage.begin() as session:
            assert sorted(stored.event.sequence for stored in session.events.read("r")) == list(range(1, 51))

    def test_a_follower_misses_nothing(self, storage: Storage, clock: FakeClock) -> None:
        done = threading.Event()

        def follow() -> list[tuple[str, int]]:
            seen: list[tuple[str, int]] = []
            cursor = 0
            while True:
                last_look = done.is_set()
                with storage.begin() as session:
                    page = session.events.tail(cursor, 7)
                    assert session.events.last_id() >= cursor
                if page:
                    cursor = page[-1].id
                    seen += [(stored.event.run_id, stored.event.sequence) for stored in page]
                elif last_look:
                    return seen

        def write(run_id: str) -> None:
            for number in range(1, 41, 2):
                with storage.begin(write=True) as session:
                    session.events.append([said(clock, run_id, number), said(clock, run_id, number + 1)])

        with ThreadPoolExecutor(5) as threads:
            follower = threads.submit(follow)
            list(threads.map(write, ["r1", "r2", "r3"]))
            done.set()
            seen = follower.result(timeout=30)
        assert sorted(seen) == [(run_id, number) for run_id in ("r1", "r2", "r3") for number in range(1, 41)]

    def test_a_reader_sees_whole_transactions(self, storage: Storage) -> None:
        stop = threading.Event()
        torn: list[tuple[object, object]] = []

        def read() -> None:
            while not stop.is_set():
                with storage.begin() as session:
                    one = session.principals.setting("one")
                    status = session.partitions.get(A, ["p"]).get("p")
                    two = session.principals.setting("two")
                if one != two or (status is None) != (one is None):
                    torn.append((one, two))

        with ThreadPoolExecutor(2) as threads:
            readers = [threads.submit(read) for _ in range(2)]
            for number in range(100):
                with storage.begin(write=True) as session:
                    session.principals.put_setting("one", str(number).encode())
                    session.partitions.mark(A, {"p": ("failed", "r")})
                    session.principals.put_setting("two", str(number).encode())
            stop.set()
            for reader in readers:
                reader.result(timeout=30)
        assert torn == []
