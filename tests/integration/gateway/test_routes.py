"""The gateway's door: who gets in, what is refused, and how."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from starlette.routing import Router

from rostrum.gateway.app import MOST_OTHERS, GatewayRoutes, gateway_app
from rostrum.interfaces.runs import Orders, ReadRuns
from rostrum.model.events import Event, RunFailed, RunStarted, RunStarting, StepStarted, encode_events
from rostrum.model.runs import Run, RunStatus
from rostrum.rpc.gateway_connection import GatewayConnection
from rostrum.rpc.gateway_wire import MAX_BODY, AppendReply, LogBatch, LogPart, LogReply, PartitionsRequest
from rostrum.storage.memory import MemoryStorage
from rostrum.storage.sql.storage import SqlStorage
from rostrum.testing.clock import FakeClock
from tests.integration.gateway.served import POOLS, Gateway, Plane


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    clock = FakeClock()
    plane = Plane(tmp_path_factory.mktemp("routes"), MemoryStorage(clock), clock)
    yield plane
    plane.close()


@pytest.fixture(scope="module")
def gateway(plane: Plane) -> Iterator[Gateway]:
    gateway = Gateway(plane).start()
    yield gateway
    gateway.stop(hard=True)


@pytest.fixture
def run(plane: Plane) -> Run:
    return plane.starting_run()


class Caller:
    def __init__(self, gateway: Gateway) -> None:
        self._connection = GatewayConnection(gateway.address)

    def post(self, path: str, body: bytes = b"", token: str = "", **headers: str) -> tuple[int, Any]:
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        self._connection.send("/gateway" + path, body, token, fields)
        status, data = self._connection.receive()
        return status, data


@pytest.fixture
def caller(gateway: Gateway) -> Iterator[Caller]:
    caller = Caller(gateway)
    yield caller
    caller._connection.close()


def all_paths(plane: Plane, run_id: str) -> list[str]:
    routes = GatewayRoutes(plane.events, plane.storage, plane.logs, plane.tokens, POOLS)
    fields = {"{run_id}": run_id, "{file_key}": "a", "{stream}": "out"}
    paths: list[str] = []
    for path, *_ in routes.table():
        for name, value in fields.items():
            path = path.replace(name, value)
        paths.append(path)
    assert len(paths) >= 8
    return paths


def test_no_route_answers_without_a_good_token(plane: Plane, run: Run, caller: Caller) -> None:
    other = plane.starting_run()
    for path in [*all_paths(plane, run.run_id), "/", "/anything", f"/runs/{run.run_id}/unknown"]:
        for token in ("", "nonsense", "a.b"):
            assert caller.post(path, token=token)[0] == 401, path
        status, body = caller.post(path, token=plane.tokens.mint(other.run_id, 1))
        assert status == 403, path
        assert b"not good for anything else" in body


def test_only_posts_are_served(plane: Plane) -> None:
    app = gateway_app(plane.events, plane.storage, plane.logs, plane.tokens)
    router = app._app  # type: ignore[attr-defined]
    assert isinstance(router, Router)
    for route in router.routes:
        assert route.methods == {"POST"}, route  # type: ignore[attr-defined]


def place(run_id: str, *events: Event, stream: str = "worker/1", first: int = 1) -> list[Event]:
    return [
        msgspec.structs.replace(event, run_id=run_id, stream=stream, sequence=number)
        for number, event in enumerate(events, first)
    ]


def started(plane: Plane) -> RunStarted:
    return RunStarted(at=plane.clock.now(), epoch=1)


def test_compressed_batches(plane: Plane, run: Run, caller: Caller) -> None:
    token = plane.tokens.mint(run.run_id, 1)
    path = f"/runs/{run.run_id}/events"
    body = gzip.compress(encode_events(place(run.run_id, started(plane))))
    status, data = caller.post(path, body, token, Content_Encoding="gzip")
    assert (status, msgspec.msgpack.decode(data, type=AppendReply).stored) == (200, 1)
    assert plane.run(run.run_id).status is RunStatus.RUNNING
    assert caller.post(path, b"not gzip", token, Content_Encoding="gzip")[0] == 400
    assert caller.post(path, body[:-4], token, Content_Encoding="gzip")[0] == 400
    assert caller.post(path, body, token, Content_Encoding="br")[0] == 400
    bomb = gzip.compress(bytes(MAX_BODY * 4), compresslevel=9)
    assert len(bomb) < 200_000
    assert caller.post(path, bomb, token, Content_Encoding="gzip")[0] == 413


def test_too_large_bodies_are_refused(plane: Plane, run: Run, caller: Caller) -> None:
    token = plane.tokens.mint(run.run_id, 1)
    status, body = caller.post(f"/runs/{run.run_id}/logs", bytes(MAX_BODY + 1), token)
    assert status == 413
    assert b"too_large" in body


def test_events_of_another_run_or_stream_refuse_the_batch(plane: Plane, run: Run, caller: Caller) -> None:
    token = plane.tokens.mint(run.run_id, 1)
    path = f"/runs/{run.run_id}/events"
    other = plane.starting_run()
    for batch in (
        place(other.run_id, started(plane)),
        [*place(run.run_id, started(plane)), *place(other.run_id, started(plane), first=2)],
        place(run.run_id, started(plane), stream="control"),
        place(run.run_id, started(plane), stream="worker/2"),
    ):
        assert caller.post(path, encode_events(batch), token)[0] == 400
    assert plane.stored(run.run_id) == []
    for garbage in (b"\xc1", b"", b"\x91\x01", msgspec.msgpack.encode({"a": 1}), msgspec.msgpack.encode([{"kind": 3}])):
        assert caller.post(path, garbage, token)[0] == 400


def test_times_without_a_zone_are_refused(plane: Plane, run: Run, caller: Caller) -> None:
    event = {"kind": "run_started", "run_id": run.run_id, "stream": "worker/1", "sequence": 1, "epoch": 1}
    body = msgspec.msgpack.encode([{**event, "at": "2026-01-01T00:00:00"}])
    status, answer = caller.post(f"/runs/{run.run_id}/events", body, plane.tokens.mint(run.run_id, 1))
    assert (status, b"without a time zone" in answer) == (400, True)


def test_a_fenced_worker_changes_no_partitions(plane: Plane, run: Run, caller: Caller) -> None:
    path, body = f"/runs/{run.run_id}/partitions", msgspec.msgpack.encode(PartitionsRequest("fenced", add=("x",)))
    token = plane.tokens.mint(run.run_id, 1)
    plane.control(run.run_id, RunStarting(at=plane.clock.now(), epoch=2))
    status, answer = caller.post(path, body, token)
    assert (status, b"is over" in answer) == (409, True)
    assert caller.post(path, body, plane.tokens.mint(run.run_id, 2))[0] == 200


def test_a_fenced_worker_is_told_nothing(plane: Plane, run: Run, caller: Caller) -> None:
    path, body = f"/runs/{run.run_id}/read", msgspec.msgpack.encode(ReadRuns())
    status, _ = caller.post(path, body, plane.tokens.mint(run.run_id, run.epoch))
    assert status == 200
    status, _ = caller.post(path, body, plane.tokens.mint(run.run_id, run.epoch + 1))
    assert status == 409
    plane.control(run.run_id, RunFailed(at=plane.clock.now(), reason="worker_died"))
    status, answer = caller.post(path, body, plane.tokens.mint(run.run_id, run.epoch))
    assert (status, b"is over" in answer) == (409, True)


def test_an_unknown_kind_is_kept_and_its_batch_with_it(plane: Plane, run: Run, caller: Caller) -> None:
    token = plane.tokens.mint(run.run_id, 1)
    stranger = {"kind": "step_teleported", "run_id": run.run_id, "stream": "worker/1", "sequence": 2, "to": "mars"}
    stranger["at"] = plane.clock.now()
    first, third = place(run.run_id, started(plane), StepStarted(at=plane.clock.now(), step_key="a"))
    third = msgspec.structs.replace(third, sequence=3)
    body = msgspec.msgpack.encode([first, stranger, third])
    assert caller.post(f"/runs/{run.run_id}/events", body, token)[0] == 200
    assert [event.kind for event in plane.stored(run.run_id)] == ["run_started", "step_teleported", "step_started"]


def test_log_keys_from_outside_are_no_paths(plane: Plane, run: Run, caller: Caller) -> None:
    token = plane.tokens.mint(run.run_id, 1)
    path, encode = f"/runs/{run.run_id}/logs", msgspec.msgpack.encode
    for key in ("../../etc/x", "..", "", "a/b", "a\0", "x" * 300):
        for batch in (LogBatch((LogPart(key, "out", 0, b"x"),)), LogBatch(complete=(key,))):
            assert caller.post(path, encode(batch), token)[0] == 400, key
    assert caller.post(path, encode(LogBatch((LogPart("a", "trace", 0, b"x"),))), token)[0] == 400
    assert caller.post(path, b"x", token)[0] == 400
    status, data = caller.post(path, encode(LogBatch((LogPart("a", "out", 5, b"x"),))), token)
    assert (status, msgspec.msgpack.decode(data, type=LogReply).sizes) == (200, (0,)), "a gap: go on where it begins"
    assert plane.logs.files(run.run_id) in ([], ["a"])


def test_bodies_that_make_no_sense_are_refused(plane: Plane, run: Run, caller: Caller) -> None:
    """Never an error of the server: a worker would repeat that."""
    token, encode = plane.tokens.mint(run.run_id, 1), msgspec.msgpack.encode
    wish = {"pool": "two", "step_key": "a", "waited_seconds": 1e300}
    assert caller.post(f"/runs/{run.run_id}/slots/claim", encode({"wish": wish}), token)[0] == 200
    refused: list[tuple[str, bytes]] = [
        ("events", b"\x91" * 500_000),
        ("read", b"\x81\xa1a" * 300_000),
        ("logs", encode(LogBatch((LogPart("a", "out", 2**62, b"x", left_out=True),)))),
        ("logs", encode(LogBatch((LogPart("a", "out", -1, b"x"),)))),
        ("follow", encode({"after": 2**63, "seconds": 0.0})),
        ("slots/claim", encode({"wish": wish, "after": 2**63})),
        ("partitions", encode(PartitionsRequest("", add=("x",)))),
        ("partitions", encode(PartitionsRequest("names", add=("x", "")))),
    ]
    for what, body in refused:
        assert caller.post(f"/runs/{run.run_id}/{what}", body, token)[0] == 400, what


def test_one_claim_puts_few_steps_in_line(plane: Plane, run: Run, caller: Caller) -> None:
    token, encode = plane.tokens.mint(run.run_id, 1), msgspec.msgpack.encode
    others = [{"pool": "narrow", "step_key": f"s{number}"} for number in range(3000)]
    for first in ("a", "b"):
        body = encode({"wish": {"pool": "narrow", "step_key": first}, "others": others})
        assert caller.post(f"/runs/{run.run_id}/slots/claim", body, token)[0] == 200
    with plane.storage.begin() as session:
        assert len(session.pools.waiters("narrow", run.run_id)) == MOST_OTHERS + 1
    plane.control(run.run_id, RunFailed(at=plane.clock.now(), reason="worker_died"))  # its slot is for others


def test_a_number_that_no_column_holds_is_a_mistake_of_the_caller(tmp_path: Path) -> None:
    clock = FakeClock()
    storage = SqlStorage(f"sqlite:///{tmp_path / 'x.db'}", clock=clock)
    storage.migrate()
    plane = Plane(tmp_path, storage, clock)
    gateway = Gateway(plane).start()
    caller = Caller(gateway)
    try:
        run = plane.starting_run()
        token = plane.tokens.mint(run.run_id, 1)
        body = msgspec.msgpack.encode({"read": "steps", "after": 2**63})
        status, answer = caller.post(f"/runs/{run.run_id}/read", body, token)
        assert (status, b"too large" in answer) == (400, True)
    finally:
        caller._connection.close()
        gateway.stop(hard=True)
        plane.close()


def test_a_worker_of_the_version_before_goes_on(plane: Plane, run: Run, caller: Caller) -> None:
    """As it asks for slots and sends its output: it was started before an upgrade."""
    token, base = plane.tokens.mint(run.run_id, 1), f"/runs/{run.run_id}"
    answered: list[bool] = []
    for key in ("a", "b"):
        body = msgspec.msgpack.encode({"step_key": key, "pool": "narrow"})
        status, data = caller.post(f"{base}/slots/claim", body, token)
        assert status == 200
        answered.append(msgspec.msgpack.decode(data)["granted"])
    assert answered == [True, False]
    assert caller.post(f"{base}/slots/release", body, token)[0] == 200

    def sent(offset: object, data: bytes, stream: str = "out") -> tuple[int, Any]:
        status, reply = caller.post(f"{base}/logs/a/{stream}?offset={offset}", data, token)
        return status, msgspec.msgpack.decode(reply).get("size")

    assert sent(0, b"one\n") == (200, 4)
    assert sent(8, b"three\n") == (409, 4), "a gap: go on there"
    assert sent(4, b"two\n") == (200, 8)
    assert [sent(offset, b"x")[0] for offset in ("", "many", -1, 2**62)] == [400] * 4
    assert sent(0, b"x", "trace")[0] == 400
    assert caller.post(f"{base}/logs/a/complete", b"", token)[0] == 200
    stored = plane.logs.read(run.run_id, "a", "out")
    assert (stored.data, stored.complete) == (b"one\ntwo\n", True)
    plane.control(run.run_id, RunStarting(at=plane.clock.now(), epoch=2))
    assert sent(8, b"late\n")[0] == 410


def test_an_unknown_run_is_not_found(plane: Plane, caller: Caller) -> None:
    run_id = plane.clock.new_id()
    token = plane.tokens.mint(run_id, 1)
    assert caller.post(f"/runs/{run_id}/heartbeat", msgspec.msgpack.encode({}), token)[0] == 404
    batch = encode_events(place(run_id, started(plane)))
    assert caller.post(f"/runs/{run_id}/events", batch, token)[0] == 404


def test_a_token_past_half_its_life_is_replaced(plane: Plane, run: Run, caller: Caller) -> None:
    token = plane.tokens.mint(run.run_id, 1)
    plane.clock.advance(7 * 3600)  # type: ignore[attr-defined]
    status, data = caller.post(f"/runs/{run.run_id}/heartbeat", msgspec.msgpack.encode({}), token)
    orders = msgspec.msgpack.decode(data, type=Orders)
    assert status == 200
    assert orders.token is not None
    plane.clock.advance(6 * 3600)  # type: ignore[attr-defined]
    assert caller.post(f"/runs/{run.run_id}/heartbeat", b"\x80", token)[0] == 401
    assert caller.post(f"/runs/{run.run_id}/heartbeat", b"\x80", orders.token)[0] == 200
