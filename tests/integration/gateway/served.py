"""The event path of a control plane for tests: storage, event log, and a gateway that can be stopped and started."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from rostrum.auth.run_tokens import RunTokens
from rostrum.control.events import EventLog
from rostrum.control.run_session import StoreSession
from rostrum.gateway.app import gateway_app
from rostrum.gateway.sockets import bind_private_socket
from rostrum.interfaces.clock import Clock
from rostrum.interfaces.launching import GatewayAddress
from rostrum.interfaces.run_tokens import narrowed
from rostrum.interfaces.runs import RunSession
from rostrum.interfaces.storage import Storage
from rostrum.model.events import AnyEvent, Event, RunCanceling, RunQueued, RunStarting
from rostrum.model.principals import StepScope
from rostrum.model.runs import Run, RunTarget
from rostrum.planning.pools import PoolRules
from rostrum.rpc.gateway_session import GatewaySession
from rostrum.service.clock import SystemClock
from rostrum.service.doorbells import LocalDoorbell
from rostrum.storage.logs.local import LocalLogStore
from rostrum.storage.sql.storage import SqlStorage

POOLS = PoolRules(limits={"two": 2, "narrow": 1})


class Plane:
    """Storage, log store, event log; and runs to work with."""

    def __init__(self, directory: Path, storage: Storage | None = None, clock: Clock | None = None) -> None:
        self.clock = clock or SystemClock()
        self.directory = directory
        if storage is None:
            storage = SqlStorage(f"sqlite:///{directory}/rostrum.db", clock=self.clock)
            storage.migrate()
        self.storage = storage
        self.doorbell = LocalDoorbell()
        self.events = EventLog(self.storage, self.doorbell, self.clock)
        self.logs = LocalLogStore(directory / "stored-logs")
        self.tokens = RunTokens(b"k" * 32, self.clock)

    def starting_run(self, *more: Event) -> Run:
        """A run in status starting, epoch 1."""
        now = self.clock.now()
        run = Run(run_id=self.clock.new_id(), target=RunTarget("loc", "job"), created_at=now)
        with self.events.transaction() as session:
            session.runs.add([run])
            return self.events.append_control(session, run, RunQueued(at=now), RunStarting(at=now, epoch=1), *more)

    def control(self, run_id: str, *events: Event) -> Run:
        with self.events.transaction() as session:
            run = session.runs.get(run_id)
            assert run is not None
            return self.events.append_control(session, run, *events)

    def run(self, run_id: str) -> Run:
        with self.storage.begin() as session:
            run = session.runs.get(run_id)
        assert run is not None
        return run

    def stored(self, run_id: str, stream: str = "worker/1") -> list[AnyEvent]:
        with self.storage.begin() as session:
            found = session.events.read(run_id, limit=1_000_000)
        return [one.event for one in found if one.event.stream == stream]

    def evidence(self, run_id: str) -> list[AnyEvent]:
        with self.storage.begin() as session:
            return [one.event for one in session.events.read(run_id, limit=1_000_000) if one.evidence]

    def store_session(self, run: Run) -> RunSession:
        return StoreSession(self.events, self.storage, self.logs, run.run_id, run.epoch, self.clock, pools=POOLS)

    def close(self) -> None:
        self.events.stop()
        self.storage.close()


class Gateway:
    """The gateway of a plane on a unix socket, in a thread. `use` serves another plane from then on."""

    def __init__(self, plane: Plane, *, tcp: bool = False) -> None:
        self._tcp = tcp
        self.socket = plane.directory / "run" / "gateway.sock"
        self.address = GatewayAddress(f"unix:{self.socket}")
        self.app = Starlette(routes=[Mount("/gateway", self._serve)])
        self.use(plane)
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def use(self, plane: Plane) -> None:
        self.plane = plane
        self._app = gateway_app(
            plane.events, plane.storage, plane.logs, plane.tokens, pools=POOLS, doorbell=plane.doorbell
        )
        plane.events.start()

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    def start(self) -> Gateway:
        listening = socket.create_server(("127.0.0.1", 0)) if self._tcp else bind_private_socket(self.socket)
        if self._tcp:
            self.address = GatewayAddress(f"http://127.0.0.1:{listening.getsockname()[1]}")
        config = uvicorn.Config(self.app, log_level="error", lifespan="off", timeout_graceful_shutdown=1)
        server = self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=lambda: server.run(sockets=[listening]), daemon=True)
        self._thread.start()
        until(lambda: server.started)
        return self

    def stop(self, *, hard: bool = False) -> None:
        """Stop serving; `hard` cuts connections, requests under way included."""
        if self._server is None or self._thread is None:
            return
        self._server.force_exit = hard
        self._server.should_exit = True
        self._thread.join()
        self._server = self._thread = None
        self.socket.unlink(missing_ok=True)

    def session(
        self,
        run: Run,
        name: str = "",
        *,
        threaded: bool = False,
        patience: float = 10.0,
        scope: StepScope | None = None,
    ) -> GatewaySession:
        token = self.plane.tokens.mint(run.run_id, run.epoch)
        if scope is not None:
            token, name = narrowed(token, scope), name or f"{run.run_id}-{scope.file_key}"
        directory = self.plane.directory / "spools" / (name or run.run_id) / str(run.epoch)
        return GatewaySession(
            self.address,
            token,
            run.run_id,
            run.epoch,
            directory,
            self.plane.clock,
            scope=scope,
            threaded=threaded,
            patience_seconds=patience,
        )


class PlaneLine:
    """A `ControlledLine` over a plane."""

    def __init__(self, plane: Plane, run: Run, session: RunSession) -> None:
        self.plane, self.run_id, self.session = plane, run.run_id, session

    def stored(self) -> Sequence[AnyEvent]:
        return self.plane.stored(self.run_id)

    def run(self) -> Run:
        return self.plane.run(self.run_id)

    def log(self, file_key: str, stream: str) -> bytes:
        return self.plane.logs.read(self.run_id, file_key, stream).data

    def is_complete(self, file_key: str) -> bool:
        return self.plane.logs.read(self.run_id, file_key, "out").complete

    def cancel(self) -> None:
        self.plane.control(self.run_id, RunCanceling(at=self.plane.clock.now()))

    def fence(self) -> None:
        self.plane.control(self.run_id, RunStarting(at=self.plane.clock.now(), epoch=2))


def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Poll a condition; fails when it does not come true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)
