"""Step workers that talk to the gateway themselves: what their token opens, what their stream may say, until when."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from rostrum.interfaces.run_tokens import narrowed
from rostrum.model.assets import AssetKey
from rostrum.model.errors import ErrorInfo, StateError, Unavailable
from rostrum.model.events import (
    AssetMaterialized,
    Event,
    LogMessage,
    RunCanceled,
    RunCanceling,
    RunFailed,
    RunStarted,
    RunStarting,
    StepFailed,
    StepRetrying,
    StepStarted,
    StepSucceeded,
    encode_events,
    step_stream,
)
from rostrum.model.principals import StepScope
from rostrum.model.runs import Run
from rostrum.rpc.gateway_connection import GatewayConnection
from rostrum.rpc.gateway_wire import AppendReply, Bootstrap, FollowReply, FollowRequest, LogBatch, LogPart
from rostrum.service.clock import SystemClock
from rostrum.storage.memory import MemoryStorage
from tests.integration.gateway.served import Gateway, Plane, until

A = AssetKey(("a",))
FIRST = StepScope("a", 1, "a")
SECOND = StepScope("a", 2, "a-2")
GONE = ErrorInfo(class_name="Lost", message="its worker went away")


@pytest.fixture(scope="module", params=["sql", "memory"])
def plane(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Plane]:
    clock = SystemClock()
    storage = MemoryStorage(clock) if request.param == "memory" else None
    plane = Plane(tmp_path_factory.mktemp("steps"), storage, clock)
    yield plane
    plane.close()


@pytest.fixture(scope="module")
def gateway(plane: Plane) -> Iterator[Gateway]:
    gateway = Gateway(plane).start()
    yield gateway
    gateway.stop(hard=True)


class Told:
    """A run with streams that are written by hand."""

    def __init__(self, plane: Plane) -> None:
        self.plane, self.run = plane, plane.starting_run()
        self._counts: dict[str, int] = {}
        self.by_run(RunStarted(at=plane.clock.now(), epoch=1, step_keys=("a", "b")))

    def _placed(self, stream: str, events: tuple[Event, ...]) -> list[Event]:
        first = self._counts.get(stream, 0)
        self._counts[stream] = first + len(events)
        return [
            msgspec.structs.replace(event, run_id=self.run.run_id, stream=stream, sequence=number)
            for number, event in enumerate(events, first + 1)
        ]

    def by_run(self, *events: Event, epoch: int = 1) -> Any:
        return self.plane.events.append(self.run.run_id, epoch, self._placed(f"worker/{epoch}", events))

    def by_step(self, scope: StepScope, *events: Event, epoch: int = 1) -> Any:
        stream = step_stream(epoch, scope.file_key)
        placed = self._placed(stream, events)
        return self.plane.events.submit(self.run.run_id, epoch, placed, stream=stream, scope=scope).result()

    def now(self) -> Run:
        return self.plane.run(self.run.run_id)


@pytest.fixture
def told(plane: Plane) -> Told:
    return Told(plane)


def started(plane: Plane, attempt: int = 1) -> StepStarted:
    return StepStarted(at=plane.clock.now(), step_key="a", attempt=attempt)


def made(plane: Plane, version: str) -> AssetMaterialized:
    return AssetMaterialized(at=plane.clock.now(), step_key="a", asset_key=A, data_version=version)


def succeeded(plane: Plane) -> StepSucceeded:
    return StepSucceeded(at=plane.clock.now(), step_key="a")


def version_of(plane: Plane) -> str | None:
    with plane.storage.begin() as session:
        state = session.assets.get([A]).get(A)
    return state.data_version if state is not None else None


def test_state_follows_from_a_step_stream_as_from_any(plane: Plane, told: Told) -> None:
    result = told.by_step(FIRST, started(plane), made(plane, "mine"), succeeded(plane))
    assert (result.stored, result.last_sequence, result.fenced) == (3, 3, False)
    assert told.now().steps_done == 1
    assert version_of(plane) == "mine"
    again = told.by_step(FIRST)
    assert (again.last_sequence, again.fenced) == (3, False)


def test_what_comes_after_the_attempt_was_given_up_changes_nothing(plane: Plane, told: Told) -> None:
    told.by_step(FIRST, started(plane))
    told.by_run(StepRetrying(at=plane.clock.now(), step_key="a", error=GONE, attempt=1, cause="lost"))
    before = version_of(plane)
    late = told.by_step(FIRST, made(plane, "late"), succeeded(plane))
    assert (late.stored, late.fenced) == (2, True)
    assert version_of(plane) == before
    assert told.now().steps_done == 0
    assert [event.kind for event in plane.evidence(told.run.run_id)] == ["asset_materialized", "step_succeeded"]
    # The next attempt is another one.
    good = told.by_step(SECOND, started(plane, 2), made(plane, "second"), succeeded(plane))
    assert not good.fenced
    assert version_of(plane) == "second"
    assert told.now().steps_done == 1


def test_in_one_transaction_too(plane: Plane, told: Told) -> None:
    """The end and what comes after it may be in one group."""
    release = threading.Event()
    entered = threading.Event()

    def hold(_session: Any) -> None:
        entered.set()
        release.wait(5)

    plane.events.start()
    blocker = plane.events.call(hold)
    entered.wait(5)
    run_id, now = told.run.run_id, plane.clock.now()
    over = told._placed("worker/1", (StepFailed(at=now, step_key="a", error=GONE, cause="timeout"),))
    late = told._placed("worker/1/a", (made(plane, "grouped"),))
    first = plane.events.submit(run_id, 1, over)
    second = plane.events.submit(run_id, 1, late, stream="worker/1/a", scope=FIRST)
    release.set()
    blocker.result()
    assert not first.result().fenced
    assert second.result().fenced
    assert version_of(plane) != "grouped"


def test_output_after_a_cancel_changes_nothing(plane: Plane, told: Told) -> None:
    told.by_step(FIRST, started(plane))
    plane.control(told.run.run_id, RunCanceling(at=plane.clock.now(), by="test"))
    asked = told.by_step(FIRST)
    assert (asked.cancel, asked.fenced) == (True, False)
    told.by_run(RunCanceled(at=plane.clock.now()))
    before = version_of(plane)
    late = told.by_step(FIRST, made(plane, "after the cancel"), succeeded(plane))
    assert late.fenced
    assert version_of(plane) == before
    assert told.now().status.value == "canceled"


def test_a_stream_of_an_older_epoch_changes_nothing(plane: Plane, told: Told) -> None:
    plane.control(told.run.run_id, RunStarting(at=plane.clock.now(), epoch=2))
    late = told.by_step(FIRST, started(plane), made(plane, "older"))
    assert late.fenced
    assert version_of(plane) != "older"
    # What ended in the older epoch does not end what the new one does.
    told.by_run(RunStarted(at=plane.clock.now(), epoch=2, step_keys=("a", "b")), epoch=2)
    good = told.by_step(FIRST, started(plane), epoch=2)
    assert not good.fenced


def test_two_ends_count_once(plane: Plane, told: Told) -> None:
    told.by_step(FIRST, succeeded(plane))
    told.by_step(FIRST, LogMessage(at=plane.clock.now(), step_key="a", level="info", message="by a hook"))
    told.by_step(FIRST, succeeded(plane))
    assert told.now().steps_done == 1
    assert [event.kind for event in plane.evidence(told.run.run_id)] == ["step_succeeded"]


def test_a_step_stream_holds_events_of_its_step_only(plane: Plane, told: Told) -> None:
    at = plane.clock.now()
    for event in (
        StepStarted(at=at, step_key="b"),
        StepStarted(at=at),
        RunFailed(at=at, step_key="a", reason="step_failure"),
        RunStarted(at=at, step_key="a", epoch=1),
    ):
        with pytest.raises(StateError, match="event 1"):
            plane.events.submit(
                told.run.run_id,
                1,
                [msgspec.structs.replace(event, run_id=told.run.run_id, stream="worker/1/a", sequence=1)],
                stream="worker/1/a",
                scope=FIRST,
            )
    with pytest.raises(StateError, match="step worker's"):
        plane.events.append(told.run.run_id, 1, told._placed("worker/1/a", (started(plane),)))
    with pytest.raises(StateError, match="step worker's"):
        plane.events.submit(told.run.run_id, 1, [], stream="worker/1", scope=FIRST)


def test_a_step_worker_does_not_keep_its_run_alive(plane: Plane, told: Told, gateway: Gateway) -> None:
    before = told.now().last_heard_at
    session = gateway.session(told.run, scope=FIRST)
    assert not session.heartbeat().fenced
    told.by_step(FIRST, started(plane))
    assert told.now().last_heard_at == before
    session.close()


# --- the door


class Caller:
    def __init__(self, gateway: Gateway) -> None:
        self._connection = GatewayConnection(gateway.address)

    def post(self, path: str, body: bytes, token: str) -> tuple[int, bytes]:
        self._connection.send("/gateway" + path, body, token)
        return self._connection.receive()


@pytest.fixture
def caller(gateway: Gateway) -> Iterator[Caller]:
    caller = Caller(gateway)
    yield caller
    caller._connection.close()


def test_a_narrowed_token_opens_its_own_stream_and_files_only(plane: Plane, told: Told, caller: Caller) -> None:
    run_id = told.run.run_id
    wide = plane.tokens.mint(run_id, 1)
    token = narrowed(wide, FIRST)
    base = f"/runs/{run_id}"
    for denied in ("/bootstrap", "/follow", "/slots/claim", "/slots/release"):
        assert caller.post(base + denied, b"", token)[0] in {403, 404}, denied
    own_log, others = (
        LogPart("a", "out", 0, b"mine"),
        (LogPart("b", "out", 0, b"not"), LogPart("a-2", "out", 0, b"mine")),
    )
    encode = msgspec.msgpack.encode
    assert caller.post(f"{base}/logs", encode(LogBatch((own_log,), ("a",))), token)[0] == 200
    for batch in (*(LogBatch((own_log, other)) for other in others), LogBatch(complete=("b",))):
        assert caller.post(f"{base}/logs", encode(batch), token)[0] == 403, batch
    assert plane.logs.files(run_id) == ["a"]
    own = told._placed("worker/1/a", (started(plane),))
    assert caller.post(f"{base}/events", encode_events(own), token)[0] == 200
    for stream in ("worker/1", "worker/1/a-2", "control", "worker/2/a"):
        other = [msgspec.structs.replace(own[0], stream=stream)]
        assert caller.post(f"{base}/events", encode_events(other), token)[0] == 400, stream
        assert caller.post(f"{base}/events", encode_events(own), wide)[0] == 400, "a run worker writes its own stream"
    another = plane.starting_run().run_id
    assert caller.post(f"/runs/{another}/heartbeat", b"\x80", token)[0] == 403


def test_nobody_widens_a_token(plane: Plane, told: Told, caller: Caller) -> None:
    token = narrowed(plane.tokens.mint(told.run.run_id, 1), FIRST)
    body, scope, signature = token.split(".")
    wider = narrowed(f"{body}.{signature}", StepScope("b", 1, "b"))
    others = [
        f"{body}.{signature}",
        wider,
        f"{body}.{wider.split('.')[1]}.{signature}",
        f"{body}.{scope}.{scope}.{signature}",
        f"{body}.{scope}.",
        f"{body}..{signature}",
        narrowed(token, StepScope("b", 1, "b")),
        body,
    ]
    for forged in others:
        assert plane.tokens.verify(forged) is None, forged
        assert caller.post(f"/runs/{told.run.run_id}/heartbeat", b"\x80", forged)[0] == 401
    principal = plane.tokens.verify(token)
    assert principal is not None
    assert (principal.kind, principal.step) == ("step", FIRST)


def test_the_run_is_told_to_the_worker_of_its_epoch_only(plane: Plane, told: Told, caller: Caller) -> None:
    run = plane.starting_run()
    status, body = caller.post(f"/runs/{run.run_id}/bootstrap", b"", plane.tokens.mint(run.run_id, 1))
    reply = msgspec.msgpack.decode(body, type=Bootstrap)
    assert (status, reply.run, reply.epoch) == (200, run, 1)
    path, token = f"/runs/{told.run.run_id}/bootstrap", plane.tokens.mint(told.run.run_id, 1)
    status, body = caller.post(path, b"", token)
    assert (status, b"begun by another worker" in body) == (409, True)
    plane.control(told.run.run_id, RunCanceling(at=plane.clock.now()))
    status, body = caller.post(path, b"", token)
    assert (status, b"begun by another worker" in body) == (409, True)
    told.by_run(RunFailed(at=plane.clock.now(), reason="engine_error"))
    assert caller.post(path, b"", token)[0] == 409
    other = plane.starting_run().run_id
    plane.control(other, RunStarting(at=plane.clock.now(), epoch=2))
    assert caller.post(f"/runs/{other}/bootstrap", b"", plane.tokens.mint(other, 1))[0] == 409


def test_a_step_is_not_heard_before_its_run_has_begun(plane: Plane, caller: Caller) -> None:
    """A launch that nobody has on record is made again: what the first one's steps tell then changes nothing."""
    run = plane.starting_run()
    token = narrowed(plane.tokens.mint(run.run_id, 1), FIRST)
    stream = step_stream(1, FIRST.file_key)
    event = msgspec.structs.replace(
        StepStarted(at=plane.clock.now(), step_key=FIRST.step_key), run_id=run.run_id, stream=stream, sequence=1
    )
    path = f"/runs/{run.run_id}/events"
    assert caller.post(path, encode_events([event]), token)[0] == 503
    plane.control(run.run_id, RunStarting(at=plane.clock.now(), epoch=2))
    status, body = caller.post(path, encode_events([event]), token)
    assert (status, msgspec.msgpack.decode(body, type=AppendReply).orders.fenced) == (200, True)


def test_following_tells_what_steps_tell(plane: Plane, told: Told, gateway: Gateway) -> None:
    session = gateway.session(told.run)
    assert session.steps is not None
    told.by_step(FIRST, started(plane), succeeded(plane))
    events, cursor = session.steps.follow(0, 5.0)
    assert [event.kind for event in events] == ["step_started", "step_succeeded"]
    assert {event.stream for event in events} == {"worker/1/a"}
    nothing, same = session.steps.follow(cursor, 0.05)
    assert (list(nothing), same) == ([], cursor)
    # A long poll ends when something comes.
    answers: list[Any] = []
    waiting = threading.Thread(target=lambda: answers.append(session.steps.follow(cursor, 20.0)))
    waiting.start()
    told.by_step(StepScope("b", 1, "b"), StepStarted(at=plane.clock.now(), step_key="b"))
    waiting.join(5.0)
    assert [event.step_key for event in answers[0][0]] == ["b"]
    session.close()


def test_what_came_too_late_is_not_told_to_who_follows(plane: Plane, told: Told, gateway: Gateway) -> None:
    """Nor is it in the results of runs of scripts: an attempt has one end."""
    session = gateway.session(told.run)
    assert session.steps is not None
    told.by_step(FIRST, started(plane))
    told.by_run(StepFailed(at=plane.clock.now(), step_key="a", error=GONE, cause="timeout"))
    told.by_step(FIRST, StepFailed(at=plane.clock.now(), step_key="a", error=GONE, cause="timeout"))
    events, cursor = session.steps.follow(0, 0.05)
    assert [event.kind for event in events] == ["step_started"]
    assert list(session.steps.follow(cursor, 0.05)[0]) == []
    session.close()


def test_closing_ends_a_long_poll(told: Told, gateway: Gateway) -> None:
    session = gateway.session(told.run)
    assert session.steps is not None
    answers: list[Any] = []

    def follow() -> None:
        try:
            session.steps.follow(0, 20.0)
        except Unavailable as error:
            answers.append(error)

    waiting = threading.Thread(target=follow)
    waiting.start()
    until(lambda: session._steps._line.fileno() >= 0)
    session.close()
    waiting.join(5.0)
    assert len(answers) == 1


def test_nothing_waits_for_what_is_told_once_it_is_stopped(told: Told, gateway: Gateway) -> None:
    session = gateway.session(told.run)
    assert session.steps is not None
    session.steps.stop()  # there is no connection yet
    with pytest.raises(Unavailable):
        session.steps.follow(0, 20.0)
    session.close()


def test_a_run_has_no_step_events_of_others(plane: Plane, told: Told, caller: Caller) -> None:
    other = Told(plane)
    other.by_step(FIRST, started(plane))
    body = msgspec.msgpack.encode(FollowRequest(0, 0.0))
    token = plane.tokens.mint(told.run.run_id, 1)
    status, reply = caller.post(f"/runs/{told.run.run_id}/follow", body, token)
    assert (status, msgspec.msgpack.decode(reply, type=FollowReply).events) == (200, encode_events([]))
