"""Every `RunSession` runs the same suite: gateway client (with and without a thread), store session, the one in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from rostrum.execution.sessions import MemoryRunSession
from rostrum.model.events import AnyEvent, RunStarting
from rostrum.model.runs import Run, RunTarget
from rostrum.testing.clock import FakeClock
from rostrum.testing.conformance.run_session import ControlledSuite, Line, RunSessionSuite
from tests.integration.gateway.served import Gateway, Plane, PlaneLine


class TestGatewaySession(ControlledSuite):
    @pytest.fixture(params=[False, True], ids=["pumped", "threaded"])
    def line(self, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Line]:
        plane = Plane(tmp_path)
        gateway = Gateway(plane).start()
        run = plane.starting_run()
        line = PlaneLine(plane, run, gateway.session(run, threaded=request.param))
        yield line
        line.session.close()
        gateway.stop(hard=True)
        plane.close()


class TestStoreSession(ControlledSuite):
    @pytest.fixture
    def line(self, tmp_path: Path) -> Iterator[Line]:
        plane = Plane(tmp_path)
        run = plane.starting_run()
        yield PlaneLine(plane, run, plane.store_session(run))
        plane.close()


class MemoryLine:
    def __init__(self) -> None:
        clock = FakeClock()
        run = Run(run_id=clock.new_id(), target=RunTarget("loc", "job"), created_at=clock.now())
        self.run_id = run.run_id
        self.session = MemoryRunSession(run.after(RunStarting(at=clock.now(), epoch=1)))

    def stored(self) -> Sequence[AnyEvent]:
        return self.session.events

    def run(self) -> Run:
        return self.session.run

    def log(self, file_key: str, stream: str) -> bytes:
        return b""


class TestMemoryRunSession(RunSessionSuite):
    @pytest.fixture
    def line(self) -> Line:
        return MemoryLine()
