"""What a tick tells people holds no secret; what it asks for is asked for as it is."""

from __future__ import annotations

import pytest

import rostrum as rs
from rostrum.codeserver.evaluation import evaluate_tick
from rostrum.model.secrets import MASK
from rostrum.model.ticks import TickRequest

SECRET = "canary-of-a-tick"


@rs.op
def one() -> int:
    return 1


@rs.job
def my_job() -> None:
    one()


@rs.sensor(job=my_job)
def tells(context: rs.SensorEvaluationContext) -> rs.RunRequest:
    context.log.info("asking with %s", SECRET)
    return rs.RunRequest(run_key=SECRET, tags={"by": SECRET})


@rs.sensor(job=my_job)
def skips(context: rs.SensorEvaluationContext) -> rs.SkipReason:
    return rs.SkipReason(f"refused: {SECRET}")


@rs.sensor(job=my_job)
def raises(context: rs.SensorEvaluationContext) -> None:
    raise ValueError(f"refused: {SECRET}")


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICK_TOKEN", SECRET)


def test_ticks() -> None:
    resolved = rs.Definitions(jobs=[my_job], sensors=[tells, skips, raises]).resolved()
    told, skipped, failed = (
        evaluate_tick(resolved, TickRequest(name=name, kind="sensor")) for name in ("tells", "skips", "raises")
    )
    assert MASK in told.logs[0]
    assert SECRET not in told.logs[0]
    assert (told.run_requests[0].run_key, told.run_requests[0].tags["by"]) == (SECRET, SECRET)
    assert skipped.skip_reason == f"refused: {MASK}"
    assert failed.error is not None
    assert failed.error.message == f"refused: {MASK}"
