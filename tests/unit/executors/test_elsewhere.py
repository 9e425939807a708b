"""Following workers elsewhere: it ends at once when the run does, and nothing that goes wrong there ends it before."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from rostrum.config.local_gateway import LocalSteps
from rostrum.executors.elsewhere import Elsewhere
from rostrum.executors.places import Attempt, Ended
from rostrum.interfaces.execution import RemoteAttempt
from rostrum.interfaces.launching import GatewayAccess, GatewayAddress
from rostrum.model.errors import Unavailable
from rostrum.model.events import AnyEvent, Event, StepSucceeded, step_stream
from rostrum.model.plans import Step
from rostrum.model.principals import StepScope
from rostrum.model.runs import Run, RunTarget
from rostrum.service.clock import SystemClock
from rostrum.service.doorbells import LocalDoorbell
from rostrum.storage.memory import MemoryStorage

RUN = Run(run_id="r1", target=RunTarget("shop", "daily"), created_at=datetime(2026, 1, 1, tzinfo=UTC), epoch=3)
LOAD = Attempt(Step("load", "load"), 1)


class Line:
    """Blocks in `follow` for as long as nobody stops it, after what it is to raise and to tell."""

    def __init__(self, raises: Sequence[Exception] = (), tells: Sequence[AnyEvent] = ()) -> None:
        self._raises, self._tells = list(raises), list(tells)
        self.is_followed, self.is_stopped = threading.Event(), threading.Event()

    def access(self, scope: StepScope) -> GatewayAccess:
        return GatewayAccess(GatewayAddress("http://gateway:1"), "token")

    def follow(self, after: int, seconds: float) -> tuple[Sequence[AnyEvent], int]:
        if self._raises:
            raise self._raises.pop(0)
        if after < len(self._tells):
            return self._tells, len(self._tells)
        self.is_followed.set()
        self.is_stopped.wait(60.0)
        raise Unavailable("stopped")

    def stop(self) -> None:
        self.is_stopped.set()


class Runner:
    def remote(self, step: Step, attempt: int, apart: int) -> RemoteAttempt:
        return RemoteAttempt(
            scope=StepScope(step.key, attempt, "load-1"), work=b"", entry="none:none", run=RUN, code={}
        )


class Loop:
    """A loop that calls in whichever thread it is called."""

    def __init__(self) -> None:
        self.over: list[Ended | None] = []
        self.has_ended = threading.Event()

    def events(self, attempt: Attempt, events: Sequence[Event], *, stored: bool = False) -> None:
        pass

    def ended(self, attempt: Attempt, how: Ended | None) -> None:
        self.over.append(how)
        self.has_ended.set()

    def call(self, function: Callable[[], None]) -> None:
        function()


def begun(line: Line, loop: Loop) -> Elsewhere:
    host: Any = SimpleNamespace(steps=line, clock=SystemClock())
    elsewhere = Elsewhere("dask", Runner(), host, lambda attempt: None)  # type: ignore[arg-type]
    elsewhere.open(loop, loop)  # type: ignore[arg-type]
    elsewhere.begin(LOAD)
    return elsewhere


def test_closing_does_not_wait_for_a_long_poll() -> None:
    line = Line()
    elsewhere = begun(line, Loop())
    thread = elsewhere._thread
    assert thread is not None
    assert line.is_followed.wait(10.0)
    elsewhere.close()
    assert line.is_stopped.is_set()
    assert not thread.is_alive(), "nothing follows any more"


def test_whatever_goes_wrong_it_goes_on(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rostrum.executors.elsewhere._AWAY_SECONDS", 0.0)
    end = StepSucceeded(at=RUN.created_at, step_key="load", run_id="r1", stream=step_stream(3, "load-1"))
    broken = [ValueError("the database is locked"), ValueError("the database is locked"), Unavailable("away")]
    line, loop = Line(broken, [end]), Loop()
    elsewhere = begun(line, loop)
    assert loop.has_ended.wait(10.0)
    elsewhere.close()
    assert loop.over == [None]
    (warning,) = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert "ValueError('the database is locked')" in warning


def test_a_script_that_ends_wakes_who_follows() -> None:
    deployment: Any = SimpleNamespace(storage=MemoryStorage(SystemClock()), doorbell=LocalDoorbell())
    line = LocalSteps(deployment, "r1", 1)
    following = threading.Thread(target=line.follow, args=(0, 600.0), daemon=True)
    following.start()
    line.stop()
    following.join(10.0)
    assert not following.is_alive()
    assert line.follow(0, 600.0) == ([], 0)
