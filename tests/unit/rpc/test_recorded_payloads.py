"""Requests as version 1 wrote them are understood for ever: recorded bytes, never regenerated.

When a body changes its meaning, add a recording of the new version; the old ones stay.
"""

from __future__ import annotations

from base64 import b64decode
from datetime import UTC, datetime

import msgspec

from rostrum.interfaces.launching import LaunchSpec, WorkerRef
from rostrum.model.runs import RunStatus
from rostrum.model.ticks import TickRequest
from rostrum.rpc.generated import code_location_pb2 as pb

LAUNCH_1 = (
    "CAESjQKGo3J1bt4AB6ZydW5faWTZJDAxODkwYTVkLWFjOTYtNzc0Yi1iY2NlLWIzMDIwOTlhODA1N6Z0YXJnZXSDqGxvY2F0aW9u"
    "pGhlcmWjam9ip25pZ2h0bHmtcGFydGl0aW9uX2tleaoyMDI2LTAzLTAypnN0YXR1c6hzdGFydGluZ6pjcmVhdGVkX2F01v9ppNMA"
    "pmNvbmZpZ4Gjb3BzgaFhgaZjb25maWeBoW4BpHRhZ3OBoWuhdqVlcG9jaAKlZXBvY2gCp2dhdGV3YXmBo3VybLF1bml4Oi9ydW4v"
    "Z2F0ZXdheaV0b2tlbqF0qXNwb29sX2RpcqYvc3Bvb2yrZW52aXJvbm1lbnSBoUGhYg=="
)
WORKER_1 = (
    "CAESigGIqGxhdW5jaGVyqnN1YnByb2Nlc3OmcnVuX2lk2SQwMTg5MGE1ZC1hYzk2LTc3NGItYmNjZS1iMzAyMDk5YTgwNTelZXBv"
    "Y2gCpGhvc3ShaKNwaWQHqnN0YXJ0X3RpbWXLQCkAAAAAAACnYm9vdF9pZKFip2RldGFpbHOBqGxvY2F0aW9upGhlcmU="
)
TICK_1 = "CAESIYKkbmFtZadjYXJlZnVsrHNjaGVkdWxlZF9hdNb/aaUZUBkAAAAAAABOQA=="
RUN_ID = "01890a5d-ac96-774b-bcce-b302099a8057"


def test_launch() -> None:
    request = pb.LaunchRequest.FromString(b64decode(LAUNCH_1))
    spec = msgspec.msgpack.decode(request.spec, type=LaunchSpec)
    assert (request.payload_version, spec.run.run_id, spec.epoch, spec.run.status) == (1, RUN_ID, 2, RunStatus.STARTING)
    assert spec.run.target.partition_key == "2026-03-02"
    assert spec.run.config == {"ops": {"a": {"config": {"n": 1}}}}
    assert (spec.gateway.url, spec.token, spec.spool_dir, spec.environment) == (
        "unix:/run/gateway",
        "t",
        "/spool",
        {"A": "b"},
    )


def test_worker() -> None:
    reply = pb.LaunchReply.FromString(b64decode(WORKER_1))
    ref = msgspec.msgpack.decode(reply.worker, type=WorkerRef)
    assert (ref.run_id, ref.epoch, ref.pid, ref.start_time) == (RUN_ID, 2, 7, 12.5)
    assert (ref.host, ref.boot_id, ref.details) == ("h", "b", {"location": "here"})


def test_tick() -> None:
    request = pb.EvaluateRequest.FromString(b64decode(TICK_1))
    tick = msgspec.msgpack.decode(request.tick, type=TickRequest)
    assert (tick.name, tick.kind, tick.scheduled_at) == ("careful", "schedule", datetime(2026, 3, 2, 5, tzinfo=UTC))
    assert request.deadline_seconds == 60
