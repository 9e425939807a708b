"""A sensor is evaluated in the code server as a schedule is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

import rostrum as rs
from rostrum.codeserver.evaluation import evaluate_tick
from rostrum.model.errors import NotFound
from rostrum.model.ticks import TickRequest


class Store(rs.ConfigurableResource):
    path: str


@rs.op
def one() -> int:
    return 1


@rs.job
def my_job() -> None:
    one()


@rs.sensor(job=my_job)
def looking(context: rs.SensorEvaluationContext, store: Store) -> rs.SensorResult:
    context.log.info("looking")
    return rs.SensorResult(
        run_requests=[rs.RunRequest(f"{store.path}/{context.cursor}")],
        cursor="2",
        dynamic_partitions_requests=[rs.AddDynamicPartitionsRequest("files", ["a"])],
    )


@rs.sensor(job=my_job)
def broken(context: rs.SensorEvaluationContext) -> None:
    raise ValueError("broken")


@rs.sensor(job=my_job)
def asking(context: rs.SensorEvaluationContext) -> None:
    context.instance.get_runs()


@rs.schedule(job=my_job, cron_schedule="@daily")
def daily(context: rs.ScheduleEvaluationContext) -> None:
    context.instance.get_runs()


DEFS = rs.Definitions(
    jobs=[my_job], schedules=[daily], sensors=[looking, broken, asking], resources={"store": Store(path="p")}
)


def test_a_sensor() -> None:
    request = TickRequest(name="looking", kind="sensor", cursor="1", last_completed_at=datetime(2024, 1, 1, tzinfo=UTC))
    result = evaluate_tick(DEFS.resolved(), request)
    (asked,) = result.run_requests
    assert (asked.run_key, asked.job, asked.tags) == ("p/1", "my_job", {"dagster/sensor_name": "looking"})
    assert (result.cursor, result.logs) == ("2", ("INFO looking",))
    assert [(each.name, each.keys, each.remove) for each in result.partitions] == [("files", ("a",), False)]


@pytest.mark.parametrize(("kind", "name"), [("sensor", "asking"), ("schedule", "daily")])
def test_the_instance_is_not_there_yet_and_that_is_said(kind: str, name: str) -> None:
    result = evaluate_tick(DEFS.resolved(), TickRequest(name=name, kind=kind))
    assert result.error is not None
    assert result.error.class_name == "InvariantError"
    assert "a later version of Rostrum brings it" in result.error.message


def test_what_it_raises_is_the_result() -> None:
    result = evaluate_tick(DEFS.resolved(), TickRequest(name="broken", kind="sensor"))
    assert result.error is not None
    assert result.error.first_line == "ValueError: broken"


def test_an_unknown_sensor() -> None:
    with pytest.raises(NotFound):
        evaluate_tick(DEFS.resolved(), TickRequest(name="looking", kind="schedule"))
