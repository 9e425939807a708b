"""Delivery through outages: servers and workers are killed, nothing is lost, nothing doubled, order is kept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import uvicorn

from rostrum.gateway.sockets import bind_private_socket
from rostrum.model.assets import AssetKey
from rostrum.model.errors import ErrorInfo
from rostrum.model.events import (
    AssetMaterialized,
    Event,
    LogsCaptured,
    RunFailed,
    RunStarted,
    RunStarting,
    RunSucceeded,
    StepFailed,
    StepStarted,
    StepSucceeded,
)
from rostrum.model.metadata import TextMetadata
from rostrum.model.pools import SlotWish
from rostrum.model.runs import RunStatus
from rostrum.rpc.gateway_session import GatewaySession
from rostrum.rpc.gateway_wire import MAX_BODY
from rostrum.rpc.spool import logs_directory, read_spool, spool_file
from rostrum.testing.conformance.run_session import Worker
from tests.integration.gateway.served import Gateway, Plane, until


@pytest.fixture
def plane(tmp_path: Path) -> Iterator[Plane]:
    plane = Plane(tmp_path)
    yield plane
    plane.close()


@pytest.fixture(autouse=True)
def short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rostrum.rpc.delivery.LAST_DELAY", 0.1)


@pytest.fixture
def gateway(plane: Plane) -> Iterator[Gateway]:
    gateway = Gateway(plane).start()
    yield gateway
    gateway.stop(hard=True)


def steps(worker: Worker, count: int) -> list[Event]:
    return [worker.event(StepStarted, step_key=f"s{number}") for number in range(count)]


@pytest.mark.parametrize("threaded", [False, True], ids=["pumped", "threaded"])
def test_servers_that_die_lose_and_double_nothing(plane: Plane, gateway: Gateway, threaded: bool) -> None:
    run = plane.starting_run()
    session = gateway.session(run, threaded=threaded)
    worker = Worker(run.run_id)
    session.append([worker.event(RunStarted, epoch=1, step_keys=("a",))])
    stop = threading.Event()

    def kill_and_restart() -> None:
        while not stop.is_set():
            gateway.stop(hard=True)
            gateway.start()
            stop.wait(0.05)

    killer = threading.Thread(target=kill_and_restart)
    killer.start()
    deadline = time.monotonic() + 2.0
    while time.monotonic() < deadline:
        for event in steps(worker, 20):
            session.append([event])
        time.sleep(0.002)
    stop.set()
    killer.join()
    session.append([worker.event(RunSucceeded)])
    session.close()
    sequences = [event.sequence for event in plane.stored(run.run_id)]
    assert worker.sequence > 500
    assert sequences == list(range(1, worker.sequence + 1))
    assert plane.run(run.run_id).status is RunStatus.SUCCESS
    assert not spool_file(session._directory, 1).exists()


def test_a_gateway_that_is_away_holds_nobody_up(plane: Plane, gateway: Gateway) -> None:
    run = plane.starting_run()
    session = gateway.session(run)
    worker = Worker(run.run_id)
    gateway.stop(hard=True)
    started = time.monotonic()
    for event in steps(worker, 2000):
        session.append([event])
        session.heartbeat()
    session.write_log("a", "out", 0, b"spooled\n")
    assert time.monotonic() - started < 2.0
    assert not session.flush(0.1)
    assert not session.claim_slot(SlotWish("two", "a")).granted
    gateway.start()
    assert session.flush(10.0)
    assert [event.sequence for event in plane.stored(run.run_id)] == list(range(1, 2001))
    session.close()
    assert plane.logs.read(run.run_id, "a", "out").data == b"spooled\n"
    assert plane.logs.read(run.run_id, "a", "out").complete


def test_what_cannot_be_delivered_stays_with_a_note_and_is_drained(plane: Plane, gateway: Gateway) -> None:
    run = plane.starting_run()
    session = gateway.session(run, patience=0.1)
    worker = Worker(run.run_id)
    session.append([worker.event(RunStarted, epoch=1), *steps(worker, 3)])
    assert session.flush(5.0)
    gateway.stop(hard=True)
    session.append([worker.event(StepSucceeded, step_key="s0"), worker.event(RunSucceeded)])
    session.close()
    directory = session._directory
    assert "not delivered" in (directory / "undelivered.1").read_text()
    assert plane.run(run.run_id).status is RunStatus.RUNNING
    assert plane.events.drain(run.run_id, 1, read_spool(directory, 1, batch=2)) == 2
    assert plane.run(run.run_id).status is RunStatus.SUCCESS
    assert plane.events.drain(run.run_id, 1, read_spool(directory, 1)) == 0


def test_the_spool_of_a_killed_worker_is_taken_up_by_another_process(plane: Plane, gateway: Gateway) -> None:
    run = plane.starting_run()
    directory = plane.directory / "spools" / "shared" / "1"
    pid = os.fork()
    if pid == 0:  # the worker: it appends and writes output until it is killed
        session = gateway.session(run, "shared")
        worker = Worker(run.run_id)
        logs = logs_directory(directory)
        logs.mkdir(parents=True, exist_ok=True)
        with (logs / "a.out").open("ab", buffering=0) as output:
            while True:
                session.append(steps(worker, 7))
                output.write(b"line\n")
                session.heartbeat()
    spool = spool_file(directory, 1)
    until(lambda: spool.exists() and spool.stat().st_size > 200_000)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    accepted = sum(len(batch) for batch in read_spool(directory, 1))
    written = (logs_directory(directory) / "a.out").stat().st_size
    successor = gateway.session(run, "shared")
    assert successor._spool.last_sequence == accepted
    worker = Worker(run.run_id)
    worker.sequence = accepted
    successor.append([worker.event(StepStarted, step_key="successor")])
    successor.close()
    assert [event.sequence for event in plane.stored(run.run_id)] == list(range(1, accepted + 2))
    assert len(plane.logs.read(run.run_id, "a", "out", limit=1 << 30).data) == written


def test_a_fenced_worker_delivers_evidence_and_is_told(plane: Plane, gateway: Gateway) -> None:
    old = plane.starting_run()
    session = gateway.session(old)
    late = Worker(old.run_id)
    session.append([late.event(RunStarted, epoch=1)])
    assert session.flush(5.0)
    new = plane.control(old.run_id, RunStarting(at=plane.clock.now(), epoch=2))
    session.append([*steps(late, 2), late.event(RunSucceeded)])
    session.flush(5.0)
    assert session.heartbeat().fenced
    session.close()
    assert [event.sequence for event in plane.evidence(old.run_id)] == [2, 3, 4]
    successor = gateway.session(new)
    current = Worker(old.run_id, epoch=2)
    successor.append([current.event(RunStarted, epoch=2), current.event(RunSucceeded)])
    successor.close()
    assert plane.run(old.run_id).status is RunStatus.SUCCESS


def test_a_refused_event_gives_way_to_a_message(plane: Plane, gateway: Gateway) -> None:
    run = plane.starting_run()
    session = gateway.session(run)
    worker = Worker(run.run_id)
    first, second, third = steps(worker, 3)
    wrong = msgspec.structs.replace(second, run_id="somebody else's")
    session.append([first, wrong, third])
    assert session.flush(5.0)
    assert [event.kind for event in plane.stored(run.run_id)] == ["step_started", "engine_message", "step_started"]
    session.close()


def test_a_failure_that_is_too_large_is_stored_with_less_text(plane: Plane, gateway: Gateway) -> None:
    run = plane.starting_run()
    session = gateway.session(run)
    worker = Worker(run.run_id)
    huge = "Z" * (MAX_BODY + 1)
    session.append(
        [
            worker.event(StepStarted, step_key="a"),
            worker.event(StepFailed, step_key="a", error=ErrorInfo("ValueError", huge)),
            worker.event(RunFailed, reason="step_failure", message=huge, failed_step_keys=("a",)),
        ]
    )
    assert session.flush(10.0)
    started, failed, ended = plane.stored(run.run_id)
    assert started.kind == "step_started"
    assert isinstance(failed, StepFailed)
    assert isinstance(ended, RunFailed)
    assert failed.error.first_line.startswith("ValueError: ZZZ")
    assert ended.failed_step_keys == ("a",)
    assert plane.run(run.run_id).status is RunStatus.FAILURE
    session.close()


def test_an_asset_with_metadata_that_are_too_large_is_still_made(plane: Plane, gateway: Gateway) -> None:
    run = plane.starting_run()
    session = gateway.session(run)
    worker = Worker(run.run_id)
    metadata = {"large": TextMetadata("Z" * (MAX_BODY + 1))}
    session.append([worker.event(AssetMaterialized, step_key="a", asset_key=AssetKey(("a",)), metadata=metadata)])
    assert session.flush(10.0)
    (made,) = plane.stored(run.run_id)
    assert isinstance(made, AssetMaterialized)
    assert list(made.metadata) == ["refused"]
    session.close()


def test_large_output_and_large_events_get_through(plane: Plane, gateway: Gateway) -> None:
    run = plane.starting_run()
    session = gateway.session(run)
    worker = Worker(run.run_id)
    text = "x" * 3_000_000
    session.append(
        [worker.event(StepStarted, step_key=text), *steps(worker, 5), worker.event(LogsCaptured, file_key="a")]
    )
    logs = logs_directory(session._directory)
    logs.mkdir()
    (logs / "a.out").write_bytes(os.urandom(3_000_000))
    written = (logs / "a.out").read_bytes()
    session.close()
    assert len(plane.stored(run.run_id)) == 7
    assert plane.logs.read(run.run_id, "a", "out", limit=1 << 30).data == written
    assert not logs.exists()


def test_captured_files_that_vanish_hold_nothing_up(plane: Plane, gateway: Gateway) -> None:
    run = plane.starting_run()
    session = gateway.session(run)
    gateway.stop(hard=True)
    session.write_log("a", "out", 0, b"gone\n")
    session.write_log("b", "out", 0, b"kept\n")
    (logs_directory(session._directory) / "a.out").unlink()
    gateway.start()
    session.append(steps(Worker(run.run_id), 3))
    assert session.flush(5.0)
    session.close()
    assert plane.logs.read(run.run_id, "b", "out").data == b"kept\n"
    assert not session._directory.exists()


def test_a_hundred_writers_at_once_on_sqlite(plane: Plane, gateway: Gateway) -> None:
    runs = [plane.starting_run() for _ in range(100)]
    sessions = [gateway.session(run) for run in runs]
    workers = [Worker(run.run_id) for run in runs]
    failures: list[BaseException] = []

    def work(part: int) -> None:  # ten threads with ten runs each, all open at once
        try:
            for _ in range(10):
                for index in range(part, 100, 10):
                    sessions[index].append(steps(workers[index], 5))
            for index in range(part, 100, 10):
                sessions[index].append([workers[index].event(RunSucceeded)])
                sessions[index].close()
        except BaseException as error:  # shown in the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=work, args=(part,)) for part in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    for run in runs:
        assert [event.sequence for event in plane.stored(run.run_id)] == list(range(1, 52))
        assert plane.run(run.run_id).status is RunStatus.SUCCESS


def serve(directory: str) -> None:
    """A control plane's process: to be killed."""
    plane = Plane(Path(directory))
    plane.events.start()
    gateway = Gateway(plane)
    config = uvicorn.Config(gateway.app, log_level="error", lifespan="off")
    uvicorn.Server(config).run(sockets=[bind_private_socket(gateway.socket)])


@pytest.mark.processes
def test_a_killed_control_plane_process(plane: Plane) -> None:
    """kill -9 of the process that serves, in the middle of commits."""
    run = plane.starting_run()
    gateway = Gateway(plane)  # only for its address: it is not started
    session = gateway.session(run)
    worker = Worker(run.run_id)
    session.append([worker.event(RunStarted, epoch=1)])
    command = [sys.executable, "-c", f"from {__name__} import serve; serve({str(plane.directory)!r})"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    for _ in range(2):
        with subprocess.Popen(command, env=environment) as server:
            stored = session._delivery.stored_sequence
            until(lambda before=stored: push(session, worker) > before + 500)
            server.kill()
    with subprocess.Popen(command, env=environment) as server:
        session.append([worker.event(RunSucceeded)])
        session.close()
        server.kill()
    assert [event.sequence for event in plane.stored(run.run_id)] == list(range(1, worker.sequence + 1))
    assert plane.run(run.run_id).status is RunStatus.SUCCESS


def push(session: GatewaySession, worker: Worker) -> int:
    for event in steps(worker, 50):
        session.append([event])
    return session._delivery.stored_sequence


def test_a_gateway_that_fails_over_one_event(plane: Plane, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """An event that the control plane cannot store for good (a fault of ours) must not block the run."""
    run = plane.starting_run()
    submit = plane.events.submit

    def faulty(run_id: str, epoch: int | None, events: Any, **more: Any) -> Any:
        if any(event.step_key == "s1" for event in events):
            raise ZeroDivisionError
        return submit(run_id, epoch, events, **more)

    monkeypatch.setattr(plane.events, "submit", faulty)
    session = gateway.session(run)
    session.append(steps(Worker(run.run_id), 4))
    assert session.flush(10.0)
    kinds = [event.kind for event in plane.stored(run.run_id)]
    assert kinds == ["step_started", "engine_message", "step_started", "step_started"]
    session.close()


def test_a_deleted_run_and_a_refused_token_end_quietly(plane: Plane, gateway: Gateway) -> None:
    run = plane.starting_run()
    unknown = msgspec.structs.replace(run, run_id=plane.clock.new_id())
    session = gateway.session(unknown)
    session.append(steps(Worker(unknown.run_id), 3))
    assert not session.flush(5.0)
    assert session.heartbeat().fenced
    session.close()
    assert "unknown to the control plane" in (session._directory / "undelivered.1").read_text()
    stranger = gateway.session(run, patience=0.1)
    stranger._delivery.token = "nonsense"
    stranger.append(steps(Worker(run.run_id), 3))
    assert not stranger.flush(0.2)
    assert not stranger.heartbeat().cancel
    assert not stranger.claim_slot(SlotWish("two", "a")).granted
    stranger.close()


def test_over_tcp_with_compressed_batches(plane: Plane) -> None:
    gateway = Gateway(plane, tcp=True).start()
    run = plane.starting_run()
    session = gateway.session(run)
    session._delivery._compress = True  # as to any host that is not this one
    worker = Worker(run.run_id)
    session.append([worker.event(RunStarted, epoch=1), *steps(worker, 3000), worker.event(RunSucceeded)])
    session.close()
    assert [event.sequence for event in plane.stored(run.run_id)] == list(range(1, 3003))
    gateway.stop(hard=True)
