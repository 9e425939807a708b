"""The event path: worker session, unix socket, gateway, group commit, SQLite, all derived state.

    python benchmarks/events.py [--events 60000] [--workers 4] [--json]

The gateway runs in a process of its own, as in production. The mix of one step is that of a real asset step: started,
input loaded, asset materialised (with a partition and metadata), output stored, check evaluated, succeeded. Baselines
of the same machine and minute: bare inserts into SQLite, and encoding alone; figures are told as ratios to them.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rostrum.auth.run_tokens import RunTokens
from rostrum.control.events import EventLog
from rostrum.interfaces.launching import GatewayAddress
from rostrum.model.assets import AssetKey, CheckKey
from rostrum.model.events import (
    AssetMaterialized,
    CheckEvaluated,
    Event,
    InputLoaded,
    OutputStored,
    RunPlanned,
    RunQueued,
    RunStarted,
    RunStarting,
    RunSucceeded,
    StepStarted,
    StepSucceeded,
    encode_event,
    worker_stream,
)
from rostrum.model.metadata import metadata_values
from rostrum.model.runs import Run, RunTarget
from rostrum.rpc.gateway_session import GatewaySession
from rostrum.service.clock import SystemClock
from rostrum.service.doorbells import LocalDoorbell
from rostrum.storage.logs import LocalLogStore
from rostrum.storage.sql.storage import SqlStorage

KEY = b"k" * 32
STREAM = worker_stream(1)
CLOCK = SystemClock()


def open_storage(directory: Path) -> SqlStorage:
    storage = SqlStorage(f"sqlite:///{directory}/rostrum.db", clock=CLOCK)
    storage.migrate()
    return storage


def serve(directory: Path) -> None:
    """The gateway's process."""
    import uvicorn
    from starlette.applications import Starlette
    from starlette.routing import Mount

    from rostrum.gateway.app import gateway_app
    from rostrum.gateway.sockets import bind_private_socket

    storage = open_storage(directory)
    events = EventLog(storage, LocalDoorbell(), CLOCK)
    events.start()
    app = gateway_app(events, storage, LocalLogStore(directory / "logs"), RunTokens(KEY, CLOCK))
    listening = bind_private_socket(directory / "run" / "gateway.sock")
    config = uvicorn.Config(
        Starlette(routes=[Mount("/gateway", app)]), log_level="error", access_log=False, lifespan="off"
    )
    uvicorn.Server(config).run(sockets=[listening])


class Steps:
    """The events of a run's asset steps."""

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id
        self.sequence = 0
        self._metadata = metadata_values({"rows": 336_776, "note": "flights that left New York", "mean": 6.9})

    def event(self, kind: Callable[..., Event], **fields: Any) -> Event:
        self.sequence += 1
        return kind(run_id=self._run_id, stream=STREAM, sequence=self.sequence, at=CLOCK.now(), **fields)

    def step(self, number: int) -> Sequence[Event]:
        name = f"asset_{number % 100}"
        key, step = AssetKey((name,)), {"step_key": name}
        return (
            self.event(StepStarted, **step),
            self.event(InputLoaded, input="upstream", asset_key=key, seconds=0.001, **step),
            self.event(
                AssetMaterialized, asset_key=key, partition_key=f"2013-01-{number % 31 + 1:02}",
                metadata=self._metadata, data_version=str(number), **step,
            ),
            self.event(OutputStored, asset_key=key, seconds=0.002, **step),
            self.event(CheckEvaluated, check_key=CheckKey(key, "rows"), passed=True, **step),
            self.event(StepSucceeded, seconds=0.01, **step),
        )  # fmt: skip


def add_run(log: EventLog) -> Run:
    now = CLOCK.now()
    run = Run(run_id=CLOCK.new_id(), target=RunTarget("bench", "job"), created_at=now)
    planned = tuple(AssetKey((f"asset_{number}",)) for number in range(100))
    with log.transaction() as session:
        session.runs.add([run])
        return log.append_control(
            session, run, RunQueued(at=now), RunStarting(at=now, epoch=1), RunPlanned(at=now, asset_keys=planned)
        )


def open_session(directory: Path, run_id: str) -> GatewaySession:
    address = GatewayAddress(f"unix:{directory}/run/gateway.sock")
    spool = directory / "spools" / run_id
    return GatewaySession(address, RunTokens(KEY, CLOCK).mint(run_id, 1), run_id, 1, spool, CLOCK)


def work(directory: Path, run_id: str, steps: int, ready: Any, go: Any, done: Any) -> None:
    """A run worker: all it does is append."""
    session, mix = open_session(directory, run_id), Steps(run_id)
    session.append([mix.event(RunStarted, epoch=1, step_keys=())])
    session.flush(30)
    ready.release()
    go.wait()
    for number in range(steps):
        for event in mix.step(number):
            session.append((event,))
    session.flush(120)
    done.put((mix.sequence, time.perf_counter(), time.process_time()))
    session.append([mix.event(RunSucceeded)])
    session.close()


def throughput(directory: Path, log: EventLog, server: Any, workers: int, events: int) -> dict[str, float]:
    """Events a second from all workers together, until everything is stored."""
    context = multiprocessing.get_context("fork")
    ready, go, done = context.Semaphore(0), context.Event(), context.Queue()
    runs = [add_run(log) for _ in range(workers)]
    steps = events // workers // 6
    processes = [context.Process(target=work, args=(directory, run.run_id, steps, ready, go, done)) for run in runs]
    for process in processes:
        process.start()
    for _ in processes:
        ready.acquire()
    before = cpu_seconds(server.pid)
    started = time.perf_counter()
    go.set()
    results = [done.get() for _ in processes]
    seconds = max(at for _, at, _ in results) - started
    count = sum(sequence for sequence, _, _ in results) - workers
    server_cpu = cpu_seconds(server.pid) - before
    for process in processes:
        process.join()
    with log._storage.begin() as session:
        for run in runs:
            assert session.events.last_sequence(run.run_id, STREAM) == steps * 6 + 2
            stored = session.runs.get(run.run_id)
            assert stored is not None
            assert stored.steps_done == steps
    worker_cpu = sum(cpu for _, _, cpu in results)
    return {
        "events_per_second": count / seconds,
        "server_cpu_microseconds_per_event": server_cpu / count * 1e6,
        "worker_cpu_microseconds_per_event": worker_cpu / count * 1e6,
    }


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def latency(directory: Path, log: EventLog, count: int = 400) -> dict[str, float]:
    """One event at a time: accepted (spooled), and stored with all that follows from it."""
    run = add_run(log)
    session, mix = open_session(directory, run.run_id), Steps(run.run_id)
    accepted: list[float] = []
    stored: list[float] = []
    for number in range(count):
        event = mix.event(StepStarted, step_key=f"s{number}")
        started = time.perf_counter()
        session._spool.append((event,))
        accepted.append(time.perf_counter() - started)
        session._delivery.pump(5.0)
        stored.append(time.perf_counter() - started)
        assert session._delivery.delivered
    session.append([mix.event(RunStarted, epoch=1), mix.event(RunSucceeded)])
    session.close()
    return {
        "accepted_p50_ms": statistics.median(accepted) * 1000,
        "stored_p50_ms": statistics.median(stored) * 1000,
        "stored_p95_ms": statistics.quantiles(stored, n=20)[-1] * 1000,
    }


def baselines(directory: Path) -> dict[str, float]:
    """What the machine does at best: encode, and insert encoded events in batches of 500."""
    mix = Steps("r")
    batch = [event for number in range(2000) for event in mix.step(number)]
    started = time.perf_counter()
    rows = [(event.sequence, event.kind, encode_event(event)) for event in batch]
    encode = len(batch) / (time.perf_counter() - started)
    database = sqlite3.connect(directory / "bare.db")
    database.execute("pragma journal_mode=wal")
    database.execute("pragma synchronous=normal")
    database.execute("create table events (id integer primary key, kind text, body blob)")
    started = time.perf_counter()
    for start in range(0, len(rows), 500):
        with database:
            database.executemany("insert into events values (?, ?, ?)", rows[start : start + 500])
    insert = len(rows) / (time.perf_counter() - started)
    database.close()
    return {"bare_encode_per_second": encode, "bare_insert_per_second": insert}


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < deadline, "the gateway did not start"
        time.sleep(0.01)


def run(events: int, workers: int, repeat: int) -> dict[str, float]:
    """All figures; throughput is the median of `repeat`."""
    with tempfile.TemporaryDirectory(prefix="events") as folder:
        directory = Path(folder)
        storage = open_storage(directory)
        log = EventLog(storage, LocalDoorbell(), CLOCK)
        server = multiprocessing.get_context("spawn").Process(target=serve, args=(directory,), daemon=True)
        server.start()
        try:
            wait_for(directory / "run" / "gateway.sock")
            figures = baselines(directory)
            figures |= latency(directory, log)
            rounds = [throughput(directory, log, server, workers, events) for _ in range(repeat)]
        finally:
            server.terminate()
            server.join()
            storage.close()
        middle = sorted(rounds, key=lambda figure: figure["events_per_second"])[len(rounds) // 2]
        figures |= middle
        figures["events_per_second_min"] = min(figure["events_per_second"] for figure in rounds)
        figures["events_per_second_max"] = max(figure["events_per_second"] for figure in rounds)
        figures["share_of_bare_insert"] = middle["events_per_second"] / figures["bare_insert_per_second"]
        return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--events", type=int, default=60_000, help="events a round, over all workers")
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures = run(options.events, options.workers, options.repeat)
    if options.json:
        print(json.dumps(figures))
        return
    for name, figure in figures.items():
        print(f"{name:36} {figure:12,.2f}")


if __name__ == "__main__":
    main()
