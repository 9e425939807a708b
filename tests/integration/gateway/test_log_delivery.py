"""Captured output on its way to the gateway: a log store that hangs or is slow, many files, floods, restarts."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rostrum.interfaces.logs import LogLimits
from rostrum.model.events import RunCanceling, RunStarted
from rostrum.model.runs import Run
from rostrum.rpc.gateway_session import GatewaySession
from rostrum.rpc.spool import logs_directory, output_is_left
from rostrum.storage.logs.local import LocalLogStore
from rostrum.testing.conformance.run_session import Worker
from tests.integration.gateway.served import Gateway, Plane, until


class Door(LocalLogStore):
    """A store that can hang."""

    def __init__(self, root: Path, limits: LogLimits | None = None) -> None:
        super().__init__(root, limits)
        self.open = threading.Event()
        self.open.set()
        self.asked = 0

    def append(self, *place: Any, **options: Any) -> int:
        self.asked += 1
        self.open.wait(20)
        return super().append(*place, **options)


@pytest.fixture
def plane(tmp_path: Path) -> Iterator[Plane]:
    plane = Plane(tmp_path)
    plane.logs = Door(tmp_path / "stored-logs", LogLimits(200_000, 200_000))
    yield plane
    plane.logs.open.set()
    plane.close()


@pytest.fixture
def gateway(plane: Plane, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    monkeypatch.setattr("rostrum.gateway.logs.PATIENCE_SECONDS", 0.3)
    monkeypatch.setattr("rostrum.rpc.log_delivery.LAST_DELAY", 0.2)
    gateway = Gateway(plane).start()
    yield gateway
    gateway.stop(hard=True)


def folder_of(plane: Plane, run: Run) -> Path:
    folder = logs_directory(plane.directory / "spools" / run.run_id / "1")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def text_of(plane: Plane, run: Run, key: str) -> bytes:
    return plane.logs.read(run.run_id, key, "out", 0, 10_000_000).data


def pumped(session: GatewaySession, seconds: float) -> None:
    until_at = time.monotonic() + seconds
    while time.monotonic() < until_at:
        session.flush(0.02)


@pytest.mark.parametrize("threaded", [False, True], ids=["pumped", "threaded"])
def test_a_store_that_hangs_holds_up_no_event_and_no_question(plane: Plane, gateway: Gateway, threaded: bool) -> None:
    run = plane.starting_run()
    session = gateway.session(run, threaded=threaded)
    door = plane.logs
    assert isinstance(door, Door)
    door.open.clear()
    (folder_of(plane, run) / "a.out").write_bytes(b"while it hangs\n")
    pumped(session, 0.5)
    assert door.asked
    worker = Worker(run.run_id)
    began = time.monotonic()
    session.append([worker.event(RunStarted, epoch=1)])
    until(lambda: session.flush(0.0) or bool(plane.stored(run.run_id)), 3)
    assert time.monotonic() - began < 2.5
    assert not session.flush(0.0)
    door.open.set()
    session.close()
    assert text_of(plane, run, "a") == b"while it hangs\n"
    assert plane.logs.read(run.run_id, "a", "out").complete


def test_a_worker_beside_the_control_plane_does_not_wait_for_the_log_store(
    plane: Plane, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It hands over what is left: many workers would wait, each a process."""
    monkeypatch.setattr("rostrum.rpc.gateway_session.HANDOVER_SECONDS", 0.6)
    run = plane.starting_run()
    session = gateway.session(run, patience=60.0)
    plane.logs.open.clear()  # type: ignore[attr-defined]
    (folder_of(plane, run) / "a.out").write_bytes(b"last words\n")
    session.append([Worker(run.run_id).event(RunStarted, epoch=1)])
    began = time.monotonic()
    session.close()
    assert time.monotonic() - began < 10
    folder = folder_of(plane, run).parent
    assert output_is_left(folder).exists()
    assert (folder / "logs" / "a.out").read_bytes() == b"last words\n"
    assert [event.kind for event in plane.stored(run.run_id)] == ["run_started"]


def test_output_does_not_stand_for_heartbeats(plane: Plane, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that prints all the time and tells nothing else: its worker is heard of, and hears of a cancel."""
    monkeypatch.setattr("rostrum.rpc.gateway_session.HEARTBEAT_SECONDS", 0.2)
    monkeypatch.setattr("rostrum.control.events.HEARD_SECONDS", 0.0)
    run = plane.starting_run()
    session = gateway.session(run)
    session.append([Worker(run.run_id).event(RunStarted, epoch=1)])
    assert session.flush(5)
    began = plane.run(run.run_id).last_heard_at
    assert began is not None
    with (folder_of(plane, run) / "a.out").open("ab", buffering=0) as output:

        def printing() -> None:
            output.write(b"a line\n")
            assert session.flush(5)

        def heard() -> bool:
            printing()
            session.heartbeat()
            last = plane.run(run.run_id).last_heard_at
            return last is not None and last > began

        until(heard, 5)
        plane.control(run.run_id, RunCanceling(at=plane.clock.now()))

        def told() -> bool:
            printing()
            return session.heartbeat().cancel

        until(told, 5)
    session.close()


def test_a_flood_leaves_room_for_others(plane: Plane, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies behind the first part is sent slowly while the file grows, and its end in full when it has ended."""
    monkeypatch.setattr("rostrum.rpc.log_delivery.TAIL_BYTES_A_SECOND", 100_000)
    run = plane.starting_run()
    session = gateway.session(run)
    folder = folder_of(plane, run)
    sent: list[int] = []
    store = LocalLogStore.append

    def counted(self: Door, *place: Any, **options: Any) -> int:
        sent.append(len(place[4]))
        return store(self, *place, **options)

    monkeypatch.setattr(Door, "append", counted)
    with (folder / "flood.out").open("ab") as flood:
        for number in range(20):
            flood.write(b"%09d\n" % number * 100_000)
            flood.flush()
            (folder / f"{number}.out").write_bytes(b"%d\n" % number)
            pumped(session, 0.02)
        until(lambda: session.flush(0.05) or text_of(plane, run, "19") == b"19\n")
        assert all(text_of(plane, run, str(number)) == b"%d\n" % number for number in range(20))
        assert sum(sent) < 2_000_000, "of twenty million"
        flood.write(b"the end\n")
    session.close()
    last = plane.logs.read(run.run_id, "flood", "out", -8)
    assert (last.data, last.size) == (b"the end\n", 20_000_008)
    assert text_of(plane, run, "flood")[:10] == b"000000000\n"


def test_a_worker_that_starts_again_goes_on(plane: Plane, gateway: Gateway) -> None:
    run = plane.starting_run()
    path = folder_of(plane, run) / "a.out"
    path.write_bytes(b"one\n")
    first = gateway.session(run)
    assert first.flush(5)
    with path.open("ab") as file:
        file.write(b"two\n")
    second = gateway.session(run)
    second.close()
    first.close()
    assert text_of(plane, run, "a") == b"one\ntwo\n"
    assert not path.exists()


def test_the_doorbell_rings(plane: Plane, gateway: Gateway) -> None:
    run = plane.starting_run()
    before = plane.doorbell.count("logs")
    (folder_of(plane, run) / "a.out").write_bytes(b"one\n")
    gateway.session(run).close()
    assert plane.doorbell.count("logs") > before


def test_a_file_that_is_refused_keeps_no_other_from_its_end(plane: Plane, gateway: Gateway) -> None:
    """User code may write into the folder: what has no name that can be stored is passed over, and removed."""
    run = plane.starting_run()
    folder = folder_of(plane, run)
    for number in range(100):
        (folder / f"{number}.out").write_bytes(b"%d\n" % number)
    for name in ("ä.out", "b c.err"):
        (folder / name).write_bytes(b"x")
    session = gateway.session(run)
    session.close()
    assert len(plane.logs.files(run.run_id)) == 100
    assert all(text_of(plane, run, str(number)) == b"%d\n" % number for number in range(100))
    assert not folder.exists()
