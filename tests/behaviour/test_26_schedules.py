"""Section 26: schedules."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import dagster as dg
import pytest

AT = datetime(2024, 1, 2, tzinfo=UTC)


@dg.op
def one() -> int:
    return 1


@dg.job
def my_job() -> None:
    one()


def context() -> Any:
    return dg.build_schedule_context(scheduled_execution_time=AT)


def test_default_name() -> None:
    assert dg.ScheduleDefinition(job=my_job, cron_schedule="0 0 * * *").name == "my_job_schedule"


@pytest.mark.parametrize("cron", ["0 6 * * *", "@daily", "@hourly", "@weekly", "@monthly", ["0 6 * * *", "30 7 * * 1"]])
def test_cron_forms(cron: Any) -> None:
    made = dg.ScheduleDefinition(job=my_job, cron_schedule=cron)
    assert made.cron_schedule == cron
    defs = dg.Definitions(jobs=[my_job], schedules=[made])
    assert list(defs.manifest().schedules[0].cron) == ([cron] if isinstance(cron, str) else cron)


def test_default_status() -> None:
    assert dg.ScheduleDefinition(job=my_job, cron_schedule="@daily").default_status == dg.DefaultScheduleStatus.STOPPED
    assert dg.DefaultScheduleStatus.RUNNING.value == "RUNNING"


@pytest.mark.parametrize("cron", ["* * *", "61 * * * *", "nonsense", "* * * * * * *", []])
def test_row_61_bad_cron(cron: Any) -> None:
    with pytest.raises(dg.DagsterInvalidDefinitionError):
        dg.ScheduleDefinition(job=my_job, cron_schedule=cron)


def test_row_61_bad_timezone() -> None:
    with pytest.raises(dg.DagsterInvalidDefinitionError, match="Mars/Base"):
        dg.ScheduleDefinition(job=my_job, cron_schedule="@daily", execution_timezone="Mars/Base")


def test_row_61_of_the_decorator() -> None:
    with pytest.raises(dg.DagsterInvalidDefinitionError, match=r"test_26_schedules\.py:\d+"):

        @dg.schedule("99 * * * *", job=my_job)
        def bad(context: Any) -> None: ...


def test_evaluation_adds_the_schedules_name_as_tag() -> None:
    made = dg.ScheduleDefinition(job=my_job, cron_schedule="@daily", tags={"a": "1"})
    (request,) = made.evaluate_tick(context()).run_requests
    assert request.tags == {"a": "1", "dagster/schedule_name": "my_job_schedule"}


def test_calling_runs_the_function() -> None:
    @dg.schedule("@daily", job=my_job)
    def decide(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        return dg.RunRequest(run_key=context.scheduled_execution_time.strftime("%Y-%m-%d"))

    assert decide(context()) == dg.RunRequest(run_key="2024-01-02")
    assert decide(context=context()).run_key == "2024-01-02"


def test_calling_without_a_context_parameter() -> None:
    @dg.schedule("@daily", job=my_job)
    def decide() -> dict[str, Any]:
        return {"ops": {}}

    assert decide() == {"ops": {}}


def test_calling_without_the_context_that_is_wanted() -> None:
    @dg.schedule("@daily", job=my_job)
    def decide(context: Any) -> None: ...

    with pytest.raises(dg.DagsterInvalidInvocationError, match="no context argument was provided"):
        decide()


def test_a_schedule_without_function_cannot_be_called() -> None:
    with pytest.raises(dg.DagsterInvalidInvocationError):
        dg.ScheduleDefinition(job=my_job, cron_schedule="@daily")(context())


class Greeter(dg.ConfigurableResource):
    word: str

    def greet(self) -> str:
        return self.word


def test_resources_by_parameter_and_by_required_keys() -> None:
    @dg.schedule("@daily", job=my_job)
    def by_parameter(context: Any, greeter: Greeter) -> dg.SkipReason:
        return dg.SkipReason(greeter.greet())

    @dg.schedule("@daily", job=my_job, required_resource_keys={"greeter"})
    def by_key(context: Any) -> dg.SkipReason:
        return dg.SkipReason(context.resources.greeter.greet())

    resources = {"greeter": Greeter(word="hi")}
    built = dg.build_schedule_context(resources=resources)
    assert by_parameter(built).skip_message == "hi"
    assert by_parameter(dg.build_schedule_context(), greeter=Greeter(word="ho")).skip_message == "ho"
    assert by_key(built).skip_message == "hi"
    with pytest.raises(dg.DagsterInvalidDefinitionError, match="'greeter'"):
        dg.Definitions(jobs=[my_job], schedules=[by_key]).manifest()
    assert dg.Definitions(jobs=[my_job], schedules=[by_key], resources=resources).manifest()


@pytest.mark.parametrize(
    ("returned", "requests", "skipped"),
    [
        (dg.RunRequest(), 1, False),
        ([dg.RunRequest("a"), dg.RunRequest("b")], 2, False),
        ({"ops": {"x": {"config": 1}}}, 1, False),
        (dg.RunConfig(ops={"x": {"config": 1}}), 1, False),
        (None, 0, True),
        ([], 0, True),
        (dg.SkipReason("not today"), 0, True),
    ],
)
def test_what_a_function_may_return(returned: Any, requests: int, skipped: bool) -> None:
    @dg.schedule("@daily", job=my_job)
    def decide(context: Any) -> Any:
        return returned

    outcome = decide.evaluate_tick(context())
    assert (len(outcome.run_requests), bool(outcome.skip_message)) == (requests, skipped)


def test_a_generator_of_requests() -> None:
    @dg.schedule("@daily", job=my_job)
    def decide(context: Any) -> Any:
        yield dg.RunRequest("a")
        yield dg.RunRequest("b")

    assert [each.run_key for each in decide.evaluate_tick(context()).run_requests] == ["a", "b"]


def test_other_results_are_errors() -> None:
    @dg.schedule("@daily", job=my_job)
    def decide(context: Any) -> Any:
        return 3

    with pytest.raises(Exception, match="returned 3"):
        decide.evaluate_tick(context())


def test_functions_beside() -> None:
    made = dg.ScheduleDefinition(
        job=my_job,
        cron_schedule="@daily",
        run_config_fn=lambda context: {"ops": {"day": {"config": context.scheduled_execution_time.day}}},
        tags_fn=lambda context: {"day": str(context.scheduled_execution_time.day)},
        should_execute=lambda context: context.scheduled_execution_time.day == 2,
    )
    (request,) = made.evaluate_tick(context()).run_requests
    assert request.run_config == {"ops": {"day": {"config": 2}}}
    assert request.tags["day"] == "2"
    later = dg.build_schedule_context(scheduled_execution_time=datetime(2024, 1, 3, tzinfo=UTC))
    outcome = made.evaluate_tick(later)
    assert not outcome.run_requests
    assert "should_execute" in (outcome.skip_message or "")


def test_functions_beside_the_decorated_one() -> None:
    @dg.schedule("@daily", job=my_job, tags_fn=lambda _: {"a": "b"}, should_execute=lambda _: True)
    def decide(context: Any) -> Any:
        return {"ops": {}, "resources": {"r": {}}}

    assert decide.evaluate_tick(context()).run_requests[0].tags["a"] == "b"


@pytest.mark.parametrize("both", [{"run_config": {}, "run_config_fn": dict}, {"tags": {}, "tags_fn": dict}])
def test_a_value_and_its_function_are_an_error(both: Any) -> None:
    with pytest.raises(dg.DagsterInvalidDefinitionError, match="not both"):
        dg.ScheduleDefinition(job=my_job, cron_schedule="@daily", **both)


def test_target_may_be_a_job_or_a_selection() -> None:
    @dg.asset
    def sales() -> None: ...

    assert dg.ScheduleDefinition("s", target=my_job, cron_schedule="@daily").job_name == "my_job"
    for target in ("sales", [sales], dg.AssetSelection.assets(sales)):
        made = dg.ScheduleDefinition("s", target=target, cron_schedule="@daily")
        manifest = dg.Definitions(assets=[sales], schedules=[made]).manifest()
        (job,) = [each for each in manifest.jobs if each.name == manifest.schedules[0].job]
        assert job.asset_selection == (dg.AssetKey("sales"),)


def test_job_name_of_an_unknown_job() -> None:
    made = dg.ScheduleDefinition(job_name="my_jib", cron_schedule="@daily")
    with pytest.raises(dg.DagsterInvalidDefinitionError, match="Did you mean 'my_job'"):
        dg.Definitions(jobs=[my_job], schedules=[made]).manifest()


def test_a_schedule_needs_a_job() -> None:
    with pytest.raises(dg.DagsterInvalidDefinitionError, match="needs a job"):
        dg.ScheduleDefinition("s", cron_schedule="@daily")


def test_the_context_outside_of_a_tick() -> None:
    built = dg.build_schedule_context()
    with pytest.raises(dg.DagsterInvariantViolationError):
        _ = built.scheduled_execution_time
    with pytest.raises(dg.DagsterInvariantViolationError):
        _ = built.instance


def test_with_another_job() -> None:
    @dg.job
    def other() -> None:
        one()

    made = dg.ScheduleDefinition("s", job=my_job, cron_schedule="@daily", tags={"a": "1"}).with_updated_job(other)
    assert (made.name, made.job.name, made.tags) == ("s", "other", {"a": "1"})


# --- the schedule of a partitioned job

DAILY = dg.DailyPartitionsDefinition("2024-01-01")


def test_partitioned_job() -> None:
    @dg.job(partitions_def=DAILY)
    def daily_job() -> None:
        one()

    made = dg.build_schedule_from_partitioned_job(daily_job)
    assert (made.name, made.cron_schedule) == ("daily_job_schedule", "0 0 * * *")
    (request,) = made.evaluate_tick(context()).run_requests
    assert (request.partition_key, request.run_key) == ("2024-01-01", "2024-01-01")
    assert request.tags["dagster/partition"] == "2024-01-01"


def test_partitioned_job_with_offsets() -> None:
    job = dg.define_asset_job("d", partitions_def=dg.DailyPartitionsDefinition("2024-01-01", timezone="Europe/Berlin"))
    made = dg.build_schedule_from_partitioned_job(job, hour_of_day=6, minute_of_hour=15)
    assert (made.cron_schedule, made.execution_timezone) == ("15 6 * * *", "Europe/Berlin")


def test_partitions_of_an_asset_job_are_found_later() -> None:
    @dg.asset(partitions_def=DAILY)
    def events() -> None: ...

    job = dg.define_asset_job("events_job", [events])
    made = dg.build_schedule_from_partitioned_job(job, hour_of_day=3)
    assert made.name == "events_job_schedule"
    resolved = dg.Definitions(assets=[events], jobs=[job], schedules=[made]).resolved()
    assert resolved.manifest.schedules[0].cron == ("0 3 * * *",)
    (request,) = resolved.schedules["events_job_schedule"].evaluate_tick(context()).run_requests
    assert request.partition_key == "2024-01-01"


def test_an_asset_job_without_partitions() -> None:
    @dg.asset
    def plain() -> None: ...

    job = dg.define_asset_job("plain_job", [plain])
    defs = dg.Definitions(assets=[plain], jobs=[job], schedules=[dg.build_schedule_from_partitioned_job(job)])
    with pytest.raises(dg.DagsterInvalidDefinitionError, match="no partitions"):
        defs.manifest()


def test_a_job_without_partitions() -> None:
    with pytest.raises(dg.DagsterInvalidDefinitionError, match="no partitions"):
        dg.build_schedule_from_partitioned_job(my_job)


def test_static_partitions_need_a_cron_and_fan_out() -> None:
    job = dg.define_asset_job("s", partitions_def=dg.StaticPartitionsDefinition(["a", "b"]))
    with pytest.raises(dg.DagsterInvalidDefinitionError, match="cron_schedule"):
        dg.build_schedule_from_partitioned_job(job)
    made = dg.build_schedule_from_partitioned_job(job, cron_schedule="@daily")
    assert [each.partition_key for each in made.evaluate_tick(context()).run_requests] == ["a", "b"]


def test_dimensions_fan_out_over_the_last_window() -> None:
    definition = dg.MultiPartitionsDefinition({"day": DAILY, "color": dg.StaticPartitionsDefinition(["r", "g"])})
    job = dg.define_asset_job("m", partitions_def=definition)
    made = dg.build_schedule_from_partitioned_job(job)
    late = dg.build_schedule_context(scheduled_execution_time=datetime(2024, 1, 5, tzinfo=UTC))
    keys = [str(each.partition_key) for each in made.evaluate_tick(late).run_requests]
    assert keys == ["r|2024-01-04", "g|2024-01-04"]
