"""What Dask and Ray tell and raise where nobody expects it: a step does not hang for it, a run does not fail."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest

from rostrum.executors.dask import DaskExecutor, DaskPlace
from rostrum.executors.places import Attempt
from rostrum.executors.ray import RayExecutor, RayPlace
from rostrum.model.plans import Step
from rostrum.service.clock import SystemClock
from tests.unit.executors.test_elsewhere import Line, Loop, Runner

LOAD = Attempt(Step("load", "load"), 1)


class Client:
    """A client of Dask's, and its one task, which has ended in a way that cannot be read here."""

    status = "error"
    is_closed = False

    def submit(self, *given: Any, **options: Any) -> Client:
        return self

    def add_done_callback(self, function: Callable[[Client], None]) -> None:
        self._on_end = function

    def end(self) -> None:
        self._on_end(self)

    def exception(self) -> None:
        raise ModuleNotFoundError("No module named 'theirs'")

    def close(self) -> None:
        self.is_closed = True
        raise TimeoutError("the scheduler does not answer")


class QuietLine(Line):
    """Says at once that there is nothing."""

    def follow(self, after: int, seconds: float) -> Any:
        self.is_stopped.wait(min(seconds, 0.01))
        return [], after


def opened(place: DaskPlace | RayPlace) -> Loop:
    loop = Loop()
    place._elsewhere.open(loop, loop)  # type: ignore[arg-type]
    return loop


def host() -> Any:
    return SimpleNamespace(steps=QuietLine(), clock=SystemClock(), stop=threading.Event())


def test_a_task_of_dask_whose_error_cannot_be_read_has_ended() -> None:
    place = DaskPlace(DaskExecutor("tcp://dask:8786"), Runner(), host())  # type: ignore[arg-type]
    loop, client = opened(place), Client()
    place._client = client
    place.start(LOAD)
    client.end()
    assert loop.has_ended.wait(10.0)
    place._elsewhere.close()
    (how,) = loop.over
    assert how is not None
    assert how.cause == "lost"
    assert "No module named 'theirs'" in how.error.message


def test_a_dask_cluster_that_cannot_be_left_is_told(caplog: pytest.LogCaptureFixture) -> None:
    place = DaskPlace(DaskExecutor("tcp://dask:8786"), Runner(), host())  # type: ignore[arg-type]
    client = place._client = Client()
    cluster = place._cluster = Client()
    place.close()
    assert (client.is_closed, cluster.is_closed) == (True, True)
    told = "the Dask cluster could not be left in order: TimeoutError: the scheduler does not answer"
    assert caplog.messages == [told, told]


def test_a_call_of_ray_that_was_cancelled_has_ended() -> None:
    place = RayPlace(RayExecutor(workers=1), Runner(), host())  # type: ignore[arg-type]
    loop, result, killed = opened(place), Future[str](), list[Any]()
    actor = SimpleNamespace(
        run=SimpleNamespace(remote=lambda *given: SimpleNamespace(future=lambda: result)),
        _actor_id=SimpleNamespace(hex=lambda: "a1"),
    )
    place._actor = SimpleNamespace(remote=lambda: actor)
    place._ray = SimpleNamespace(
        exceptions=SimpleNamespace(RayError=OSError), kill=lambda actor, no_restart: killed.append(actor)
    )
    place.start(LOAD)
    result.cancel()
    assert loop.has_ended.wait(10.0)
    place.close()
    (how,) = loop.over
    assert how is not None
    assert "its call was cancelled" in how.error.message
    assert killed == [actor]


@pytest.mark.parametrize("before", [None, "pudb.set_trace"])
def test_ray_does_not_keep_breakpoints(monkeypatch: pytest.MonkeyPatch, before: str | None) -> None:
    monkeypatch.delenv("PYTHONBREAKPOINT", raising=False)
    if before is not None:
        monkeypatch.setenv("PYTHONBREAKPOINT", before)

    def init(**options: Any) -> None:
        monkeypatch.setenv("PYTHONBREAKPOINT", "ray.util.rpdb._driver_set_trace")

    ray = SimpleNamespace(
        init=init,
        is_initialized=lambda: False,
        remote=lambda **options: lambda actor: actor,
        exceptions=SimpleNamespace(RayError=OSError),
    )
    monkeypatch.setitem(sys.modules, "ray", ray)  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "ray.exceptions", ray.exceptions)  # type: ignore[arg-type]
    place = RayPlace(RayExecutor("ray://head:10001"), Runner(), host())  # type: ignore[arg-type]
    place._connect()
    assert os.environ.get("PYTHONBREAKPOINT") == before
