"""The suite's bench for executors whose workers are elsewhere: a run worker's session to a real gateway, and what came
of the run as the database has it.
"""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from rostrum.definitions.location.definitions import Definitions
from rostrum.definitions.location.loading import CodeTarget
from rostrum.execution.workers.run_worker import execute_run
from rostrum.interfaces.execution import Executor
from rostrum.model.events import AnyEvent, RunCanceling, RunQueued, RunStarting, StepRetrying, StepWorkerStarted
from rostrum.model.runs import Run, RunStatus, RunTarget
from rostrum.rpc.gateway_session import GatewaySession
from rostrum.testing.conformance.executors import code, limits_code, surroundings_code
from rostrum.testing.conformance.executors.bench import CODE, Bench, kinds, only
from rostrum.testing.conformance.executors.suite import ExecutorSuite, is_gone
from tests.integration.gateway.served import Gateway, Plane, until

MARKS = ("up-*", "down-*", "grandchild", "mark-*", "told", "lines", "typed")


class Seen:
    """A run as `FakeRunSession` shows it."""

    def __init__(self, plane: Plane, run_id: str) -> None:
        self._plane, self.run_id = plane, run_id
        self.most_held = 0
        self.late: list[AnyEvent] = []
        """Events that came too late to change anything."""

    @property
    def run(self) -> Run:
        return self._plane.run(self.run_id)

    @property
    def events(self) -> list[AnyEvent]:
        """Of all workers, in the order in which they were stored."""
        with self._plane.storage.begin() as session:
            found = session.events.read(self.run_id, limit=100_000)
        return [one.event for one in found if one.event.stream.startswith("worker/")]

    @property
    def held(self) -> list[str]:
        with self._plane.storage.begin() as session:
            return [slot.step_key for slot in session.pools.slots() if slot.run_id == self.run_id]

    @property
    def logs(self) -> Mapping[tuple[str, str], bytes]:
        read = self._plane.logs.read
        keys = [(key, stream) for key in self._plane.logs.files(self.run_id) for stream in ("out", "err")]
        return {(key, stream): read(self.run_id, key, stream).data for key, stream in keys}

    @property
    def completed(self) -> list[str]:
        files = self._plane.logs.files(self.run_id)
        return [key for key in files if self._plane.logs.read(self.run_id, key, "out").complete]

    def has(self, kind: str, step_key: str | None = None) -> bool:
        return any(e.kind == kind and (step_key is None or e.step_key == step_key) for e in self.events)


class RemoteBench(Bench):
    """Runs jobs of the suite's code. `folder` belongs to the cluster, whose processes were started with it."""

    def __init__(
        self,
        make: Callable[[], Executor],
        plane: Plane,
        gateway: Gateway,
        folder: Path,
        definitions: Definitions = code.defs,
        module: str = CODE,
    ) -> None:
        super().__init__(make, definitions, folder, module)
        self._plane, self._gateway = plane, gateway
        for pattern in MARKS:
            for path in folder.glob(pattern):
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def run(  # type: ignore[override]
        self,
        job: str,
        *,
        slots: dict[str, int] | None = None,
        cancel_after: tuple[str, str] | None = None,
        meanwhile: Callable[[Seen], None] | None = None,
        partition_key: str | None = None,
        definitions: Any = None,
    ) -> Any:
        plane, now = self._plane, self.clock.now()
        assert slots in (None, {"narrow": 1})  # as the gateway has it
        run = Run(
            run_id=self.clock.new_id(), target=RunTarget("test", job, partition_key=partition_key), created_at=now
        )
        with plane.events.transaction() as session:
            session.runs.add([run])
            run = plane.events.append_control(session, run, RunQueued(at=now), RunStarting(at=now, epoch=1))
        seen, done = Seen(plane, run.run_id), threading.Event()
        beside = [threading.Thread(target=self._watch, args=(seen, done))] if slots else []
        if cancel_after is not None:
            beside.append(threading.Thread(target=self._cancel, args=(seen, *cancel_after)))
        if meanwhile is not None:
            beside.append(threading.Thread(target=meanwhile, args=(seen,)))
        for thread in beside:
            thread.start()
        spool = self.folder / "spool" / run.run_id
        token = plane.tokens.mint(run.run_id, 1)
        line = GatewaySession(self._gateway.address, token, run.run_id, 1, spool, self.clock, patience_seconds=10)
        try:
            execute_run(
                definitions or self._definitions,
                run,
                line,
                executor=self._make(),
                clock=self.clock,
                stop=threading.Event(),
                capture=spool / "logs",
                target=CodeTarget(module_name=self._module),
            )
        finally:
            done.set()
            line.close()
        for thread in beside:
            thread.join()
        return seen

    def _cancel(self, seen: Seen, kind: str, step_key: str) -> None:
        until(lambda: seen.has(kind, step_key), 20.0)
        self._plane.control(seen.run_id, RunCanceling(at=self.clock.now(), by="test"))

    def _watch(self, seen: Seen, done: threading.Event) -> None:
        while not done.wait(0.005):
            seen.most_held = max(seen.most_held, len(seen.held))


class Cluster(NamedTuple):
    """Where workers elsewhere report, and the folder that they were started with: makes benches for the suites."""

    plane: Plane
    gateway: Gateway
    folder: Path

    def bench(self, make: Callable[[], Executor]) -> RemoteBench:
        """For the suite of executors."""
        return RemoteBench(make, *self)

    def surrounded(self, make: Callable[[], Executor]) -> RemoteBench:
        """For the suite of what surrounds a step."""
        return RemoteBench(make, *self, surroundings_code.definitions(), surroundings_code.__name__)

    def limits(self, make: Callable[[], Executor]) -> RemoteBench:
        """For the suites of time limits."""
        return RemoteBench(make, *self, limits_code.defs, limits_code.__name__)


class ClusterSuite(ExecutorSuite):
    """What differs from executors of one machine: several streams, and infrastructure that is retried."""

    place: str
    gone = "lost"
    """Cause of the failure where a worker is killed."""
    told: str
    """What is told of it then."""

    def test_the_stream_has_no_gap(self, bench: RemoteBench) -> None:  # type: ignore[override]
        session = bench.run("branches")
        streams: dict[str, list[int]] = {}
        for event in session.events:
            streams.setdefault(event.stream, []).append(event.sequence)
        assert set(streams) == {"worker/1", "worker/1/fails", "worker/1/one", "worker/1/double"}
        for numbers in streams.values():
            assert numbers == list(range(1, len(numbers) + 1))

    def test_a_worker_that_is_killed_is_seen_and_its_step_begun_anew(self, bench: RemoteBench) -> None:
        killed: list[int] = []

        def kill(seen: Seen) -> None:
            until(lambda: seen.has("step_started", "waits_once"), 30.0)
            until(lambda: (bench.folder / "mark-waits_once").exists())
            until(lambda: (bench.folder / "mark-waits_once").read_text() != "")
            killed.append(int((bench.folder / "mark-waits_once").read_text()))
            os.kill(killed[0], signal.SIGKILL)

        session = bench.run("waiting_once", meanwhile=kill)
        assert session.run.status is RunStatus.SUCCESS
        (lost,) = [event for event in session.events if isinstance(event, StepRetrying)]
        assert (lost.cause, lost.attempt, lost.stream) == (self.gone, 1, "worker/1")
        assert self.told.format(pid=killed[0]) in lost.error.message
        started = [event for event in session.events if isinstance(event, StepWorkerStarted)]
        assert [(e.step_key, e.attempt, e.place) for e in started] == [
            ("waits_once", 1, self.place),
            ("waits_once", 2, self.place),
            ("after", 1, self.place),
        ]
        assert int((bench.folder / "mark-waits_once").read_text()) != killed[0], "another worker has done it"
        assert session.run.steps_done == 2

    def test_a_step_that_always_takes_its_worker_along_fails_in_the_end(self, bench: RemoteBench) -> None:
        session = bench.run("leaving")
        assert session.run.status is RunStatus.FAILURE
        tried = [event.attempt for event in session.events if isinstance(event, StepRetrying)]
        assert tried == [1]
        failed = only(session, "step_failed")
        assert (failed.cause, failed.attempt) == ("lost", 2)

    def test_code_that_swallows_a_cancel_does_not_hold_the_run(self, bench: RemoteBench) -> None:
        session = bench.run("swallowing", cancel_after=("log_message", "swallows"))
        assert session.run.status is RunStatus.CANCELED
        assert is_gone(int((bench.folder / "grandchild").read_text()))
        assert kinds(session, "swallows")[-1] == "step_canceled"
