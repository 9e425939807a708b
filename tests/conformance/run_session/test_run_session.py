"""Every `RunSession` runs the same suite: gateway client (pumped and threaded), store session, memory session."""

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


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """One server for all tests: starting and stopping it takes longer than the tests."""
    plane = Plane(tmp_path_factory.mktemp("gateway"))
    gateway = Gateway(plane).start()
    yield gateway
    gateway.stop(hard=True)
    plane.close()


class TestGatewaySession(ControlledSuite):
    @pytest.fixture(params=[False, True], ids=["pumped", "threaded"])
    def line(self, tmp_path: Path, request: pytest.FixtureRequest, gateway: Gateway) -> Iterator[Line]:
        plane = Plane(tmp_path)
        gateway.use(plane)
        run = plane.starting_run()
        line = PlaneLine(plane, run, gateway.session(run, threaded=request.param))
        yield line
        line.session.close()
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
