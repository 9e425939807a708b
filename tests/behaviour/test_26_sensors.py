"""Section 26: sensors."""

from __future__ import annotations

from typing import Any

import dagster as dg
import pytest
from dagster._check import CheckError


@dg.op
def one() -> int:
    return 1


@dg.job
def my_job() -> None:
    one()


@dg.job
def other_job() -> None:
    one()


def evaluate(returned: Any, **options: Any) -> Any:
    @dg.sensor(**(options or {"job": my_job}))
    def looking(context: Any) -> Any:
        return returned

    return looking.evaluate_tick(dg.build_sensor_context())


def test_calling_runs_the_function() -> None:
    @dg.sensor(job=my_job)
    def looking(context: dg.SensorEvaluationContext) -> dg.RunRequest:
        return dg.RunRequest(run_key=context.cursor)

    built = dg.build_sensor_context(cursor="c")
    assert looking(built) == dg.RunRequest(run_key="c")
    assert looking(context=built).run_key == "c"


def test_a_generator_is_returned_as_it_is() -> None:
    @dg.sensor(job=my_job)
    def looking(context: Any) -> Any:
        yield dg.RunRequest("a")
        yield dg.RunRequest("b")

    assert [each.run_key for each in looking(dg.build_sensor_context())] == ["a", "b"]


def test_a_function_without_context() -> None:
    @dg.sensor(job=my_job)
    def looking() -> dg.SkipReason:
        return dg.SkipReason("nothing")

    assert looking().skip_message == "nothing"
    assert looking.evaluate_tick(dg.build_sensor_context()).skip_message == "nothing"


def test_calling_without_the_context_that_is_wanted() -> None:
    @dg.sensor(job=my_job)
    def looking(context: Any) -> None: ...

    with pytest.raises(dg.DagsterInvalidInvocationError, match="no context argument was provided"):
        looking()
    with pytest.raises(dg.DagsterInvalidInvocationError, match="SensorEvaluationContext"):
        looking(dg.build_schedule_context())


def test_none_is_an_empty_result() -> None:
    outcome = evaluate(None)
    assert (outcome.run_requests, outcome.skip_message) == ([], "Sensor function returned an empty result")


@pytest.mark.parametrize("returned", [[], dg.SensorResult(skip_reason="x"), dg.SkipReason("x")])
def test_nothing_to_run(returned: Any) -> None:
    outcome = evaluate(returned)
    assert outcome.run_requests == []
    assert outcome.skip_message


@pytest.mark.parametrize(
    "returned",
    [
        dg.RunRequest("a"),
        [dg.RunRequest("a")],
        dg.SensorResult(run_requests=[dg.RunRequest("a")]),
        dg.SensorResult([dg.RunRequest("a")], cursor="7"),
    ],
)
def test_run_requests(returned: Any) -> None:
    (request,) = evaluate(returned).run_requests
    assert (request.run_key, request.job_name) == ("a", "my_job")


def test_evaluation_adds_the_sensors_name_as_tag() -> None:
    (request,) = evaluate(dg.RunRequest(tags={"a": "1"})).run_requests
    assert request.tags == {"a": "1", "dagster/sensor_name": "looking"}


def test_default_status_and_interval() -> None:
    @dg.sensor(job=my_job)
    def looking(context: Any) -> None: ...

    assert looking.default_status == dg.DefaultSensorStatus.STOPPED
    assert looking.minimum_interval_seconds is None
    assert dg.Definitions(jobs=[my_job], sensors=[looking]).manifest().sensors[0].interval_seconds == 30


# --- row 62


@pytest.mark.parametrize("returned", [3, "text", [dg.RunRequest(), 4], {"ops": {}}])
def test_row_62_wrong_type(returned: Any) -> None:
    with pytest.raises(Exception, match="returned"):
        evaluate(returned)


def test_row_62_run_requests_and_skip_reason() -> None:
    with pytest.raises(CheckError, match="not both"):
        dg.SensorResult(run_requests=[dg.RunRequest()], skip_reason="no")


def test_row_62_is_a_check_error() -> None:
    with pytest.raises(CheckError):
        dg.SensorResult(run_requests=[dg.RunRequest()], skip_reason=dg.SkipReason("no"))


def test_row_62_skip_reason_among_run_requests() -> None:
    with pytest.raises(Exception, match="says why not"):
        evaluate([dg.RunRequest(), dg.SkipReason("no")])


# --- the cursor


def test_update_cursor() -> None:
    @dg.sensor(job=my_job)
    def looking(context: dg.SensorEvaluationContext) -> Any:
        seen = int(context.cursor) if context.cursor else 0
        context.update_cursor(str(seen + 1))
        return dg.RunRequest(run_key=str(seen))

    built = dg.build_sensor_context(cursor="4")
    assert looking.evaluate_tick(built).cursor == "5"
    assert built.cursor == "5"
    assert looking(built).run_key == "5"


def test_cursor_of_a_result() -> None:
    assert evaluate(dg.SensorResult(cursor="7")).cursor == "7"


def test_the_cursor_is_set_once() -> None:
    @dg.sensor(job=my_job)
    def looking(context: Any) -> Any:
        context.update_cursor("1")
        return dg.SensorResult(cursor="2")

    with pytest.raises(dg.DagsterInvariantViolationError, match="twice"):
        looking.evaluate_tick(dg.build_sensor_context())


# --- targets


def test_several_jobs() -> None:
    (request,) = evaluate(dg.RunRequest(job_name="other_job"), jobs=[my_job, other_job]).run_requests
    assert request.job_name == "other_job"
    with pytest.raises(dg.DagsterInvariantViolationError, match="job_name"):
        evaluate(dg.RunRequest(), jobs=[my_job, other_job])
    with pytest.raises(dg.DagsterInvariantViolationError, match="Did you mean 'other_job'"):
        evaluate(dg.RunRequest(job_name="other_jab"), jobs=[my_job, other_job])


def test_a_request_without_target() -> None:
    @dg.sensor()
    def looking(context: Any) -> Any:
        return dg.RunRequest()

    with pytest.raises(dg.DagsterInvariantViolationError, match="no target"):
        looking.evaluate_tick(dg.build_sensor_context())


@pytest.mark.parametrize(
    "options", [{"job": my_job, "jobs": [my_job]}, {"job": my_job, "target": "*"}, {"job_name": "a", "job": my_job}]
)
def test_one_kind_of_target(options: Any) -> None:
    with pytest.raises(dg.DagsterInvalidDefinitionError, match="not several"):

        @dg.sensor(**options)
        def looking(context: Any) -> None: ...


@pytest.mark.parametrize("option", ["asset_selection", "target"])
def test_a_selection_of_assets(option: str) -> None:
    @dg.asset
    def a() -> None: ...

    @dg.asset
    def b() -> None: ...

    @dg.sensor(**{option: dg.AssetSelection.assets(a)})
    def looking(context: Any) -> Any:
        return dg.RunRequest()

    manifest = dg.Definitions(assets=[a, b], sensors=[looking]).manifest()
    (request,) = looking.evaluate_tick(dg.build_sensor_context()).run_requests
    (job,) = [each for each in manifest.jobs if each.name == request.job_name]
    assert job.asset_selection == (dg.AssetKey("a"),)


def test_requests_carry_everything() -> None:
    key = dg.AssetCheckKey(dg.AssetKey("a"), "c")
    request = dg.RunRequest(
        run_key="k",
        run_config=dg.RunConfig(ops={"x": {"config": {"n": 1}}}),
        tags={"t": "1"},
        job_name="my_job",
        asset_selection=[dg.AssetKey("a")],
        stale_assets_only=True,
        partition_key="p",
        asset_check_keys=[key],
    )
    assert request.run_config == {"ops": {"x": {"config": {"n": 1}}}}
    assert request.asset_selection == [dg.AssetKey("a")]
    assert request.asset_check_keys == [key]
    assert request.has_resolved_partition()
    assert (request.partition_key, request.stale_assets_only) == ("p", True)
    assert request.with_replaced_attrs(partition_key="q").partition_key == "q"
    assert dg.RunRequest().asset_selection is None


def test_unknown_arguments_of_a_request() -> None:
    with pytest.raises(Exception, match="run_key"):
        dg.RunRequest(run_key=5)  # type: ignore[arg-type]


# --- resources


class Store(dg.ConfigurableResource):
    path: str

    def listed(self) -> list[str]:
        return [self.path]


def test_resources() -> None:
    @dg.sensor(job=my_job)
    def by_parameter(context: dg.SensorEvaluationContext, store: Store) -> Any:
        return [dg.RunRequest(path) for path in store.listed()]

    @dg.sensor(job=my_job, required_resource_keys={"store"})
    def by_key(context: Any) -> Any:
        return [dg.RunRequest(path) for path in context.resources.store.listed()]

    @dg.sensor(job=my_job)
    def alone(store: Store) -> Any:
        return [dg.RunRequest(path) for path in store.listed()]

    built = dg.build_sensor_context(resources={"store": Store(path="x")})
    assert by_parameter(built)[0].run_key == "x"
    assert by_parameter(dg.build_sensor_context(), store=Store(path="y"))[0].run_key == "y"
    assert by_key(built)[0].run_key == "x"
    assert alone(built)[0].run_key == "x"
    assert alone(store=Store(path="z"))[0].run_key == "z"
    assert by_parameter.evaluate_tick(built).run_requests[0].run_key == "x"


def test_a_resource_that_is_not_bound() -> None:
    @dg.sensor(job=my_job)
    def looking(context: Any, store: Store) -> None: ...

    with pytest.raises(dg.DagsterInvalidDefinitionError, match="'store'"):
        dg.Definitions(jobs=[my_job], sensors=[looking], resources={"stor": Store(path="x")}).manifest()
    with pytest.raises(dg.DagsterUnknownResourceError):
        looking(dg.build_sensor_context())


def test_resources_are_torn_down_with_the_context() -> None:
    seen: list[str] = []

    @dg.resource
    def opened(_: Any) -> Any:
        seen.append("up")
        yield "value"
        seen.append("down")

    @dg.sensor(job=my_job, required_resource_keys={"opened"})
    def looking(context: Any) -> Any:
        return dg.SkipReason(context.resources.opened)

    with dg.build_sensor_context(resources={"opened": opened}) as built:
        assert looking(built).skip_message == "value"
        assert seen == ["up"]
    assert seen == ["up", "down"]


def test_the_context() -> None:
    built = dg.build_sensor_context(sensor_name="s", repository_name="r", last_sensor_start_time=3.0)
    assert (built.sensor_name, built.repository_name, built.last_sensor_start_time) == ("s", "r", 3.0)
    assert built.is_first_tick_since_sensor_start
    assert built.last_run_key is None
    assert built.last_tick_completion_time is None
    built.log.info("nothing fails")
    with pytest.raises(dg.DagsterInvariantViolationError):
        _ = built.instance


# --- dynamic partitions


def test_dynamic_partitions_requests() -> None:
    files = dg.DynamicPartitionsDefinition(name="files")
    outcome = evaluate(
        dg.SensorResult(
            run_requests=[dg.RunRequest(partition_key="a")],
            dynamic_partitions_requests=[files.build_add_request(["a"]), files.build_delete_request(["b"])],
        )
    )
    added, removed = outcome.dynamic_partitions_requests
    assert isinstance(added, dg.AddDynamicPartitionsRequest)
    assert isinstance(removed, dg.DeleteDynamicPartitionsRequest)
    assert (added.partitions_def_name, list(added.partition_keys)) == ("files", ["a"])
    assert [each.remove for each in outcome.result().partitions] == [False, True]


# --- run status and failure sensors


@dg.op
def fails() -> None:
    raise ValueError("broken")


@dg.job
def failing() -> None:
    fails()


def test_run_status_sensor() -> None:
    @dg.run_status_sensor(run_status=dg.DagsterRunStatus.SUCCESS, monitored_jobs=[my_job], request_job=other_job)
    def after(context: dg.RunStatusSensorContext) -> Any:
        return dg.RunRequest(run_key=context.dagster_run.run_id, tags={"of": context.dagster_run.job_name})

    instance = dg.DagsterInstance.ephemeral()
    result = my_job.execute_in_process(instance=instance)
    built = dg.build_run_status_sensor_context(
        sensor_name="after",
        dagster_instance=instance,
        dagster_run=result.dagster_run,
        dagster_event=result.get_run_success_event(),
    )
    request = after(built)
    assert (request.run_key, request.tags) == (result.run_id, {"of": "my_job"})
    (targeted,) = after.evaluate_run(built).run_requests
    assert targeted.job_name == "other_job"


@pytest.mark.parametrize("called", [True, False])
def test_run_failure_sensor(called: bool) -> None:
    told: list[Any] = []

    def look(context: dg.RunFailureSensorContext) -> None:
        told.append(context.failure_event.message)
        told.append([each.step_key for each in context.get_step_failure_events()])

    made = dg.run_failure_sensor(name="on_failure")(look) if called else dg.run_failure_sensor(look)
    assert made.name == ("on_failure" if called else "look")
    instance = dg.DagsterInstance.ephemeral()
    result = failing.execute_in_process(instance=instance, raise_on_error=False)
    built = dg.build_run_status_sensor_context(
        sensor_name="s",
        dagster_instance=instance,
        dagster_run=result.dagster_run,
        dagster_event=result.get_run_failure_event(),
    ).for_run_failure()
    made(built)
    assert told[1] == ["fails"]
    assert told[0]


def test_run_status_sensor_resources() -> None:
    @dg.run_failure_sensor
    def on_failure(context: dg.RunFailureSensorContext, store: Store) -> Any:
        return dg.SkipReason(store.path)

    built = dg.build_run_status_sensor_context("s", None, None, None, resources={"store": Store(path="p")})
    assert on_failure(built).skip_message == "p"


def test_mail_on_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    import smtplib

    sent: list[Any] = []

    class Server:
        def __init__(self, host: str, port: int, **_: Any) -> None:
            sent.append((host, port))

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *_: object) -> None: ...

        def login(self, user: str, password: str) -> None:
            sent.append((user, password))

        def send_message(self, message: Any) -> None:
            sent.append(message)

    monkeypatch.setattr(smtplib, "SMTP_SSL", Server)
    made = dg.make_email_on_run_failure_sensor(
        "me@x.com", "secret", ["you@x.com"], webserver_base_url="http://host/", email_subject_fn=lambda _: "broken"
    )
    assert made.name == "email_on_run_failure"
    instance = dg.DagsterInstance.ephemeral()
    result = failing.execute_in_process(instance=instance, raise_on_error=False)
    made(
        dg.build_run_status_sensor_context(
            "s", result.get_run_failure_event(), instance, result.dagster_run
        ).for_run_failure()
    )
    assert sent[:2] == [("smtp.gmail.com", 465), ("me@x.com", "secret")]
    assert (sent[2]["To"], sent[2]["Subject"]) == ("you@x.com", "broken")
    assert f"http://host/runs/{result.run_id}" in sent[2].get_content()


# --- asset sensors


@dg.asset
def upstream() -> int:
    return 1


def test_asset_sensor() -> None:
    @dg.asset_sensor(asset_key=dg.AssetKey("upstream"), job=my_job)
    def after(context: dg.SensorEvaluationContext, asset_event: dg.EventLogEntry) -> Any:
        return dg.RunRequest(run_key=asset_event.run_id)

    instance = dg.DagsterInstance.ephemeral()
    built = dg.build_sensor_context(instance=instance)
    nothing = after.evaluate_tick(built)
    assert nothing.run_requests == []
    assert nothing.skip_message
    result = dg.materialize([upstream], instance=instance)
    first = after.evaluate_tick(dg.build_sensor_context(instance=instance))
    assert [each.run_key for each in first.run_requests] == [result.run_id]
    again = after.evaluate_tick(dg.build_sensor_context(instance=instance, cursor=first.cursor))
    assert again.run_requests == []


def test_multi_asset_sensor() -> None:
    @dg.asset
    def second() -> int:
        return 2

    keys = [dg.AssetKey("upstream"), dg.AssetKey("second")]

    @dg.multi_asset_sensor(monitored_assets=keys, job=my_job)
    def both(context: dg.MultiAssetSensorEvaluationContext) -> Any:
        records = context.latest_materialization_records_by_key()
        if all(records.values()):
            context.advance_cursor(records)
            return dg.RunRequest()
        return dg.SkipReason("waiting")

    instance = dg.DagsterInstance.ephemeral()

    def tick(cursor: str | None = None) -> Any:
        context = dg.build_multi_asset_sensor_context(monitored_assets=keys, instance=instance, cursor=cursor)
        return both.evaluate_tick(context)

    dg.materialize([upstream], instance=instance)
    assert tick().skip_message == "waiting"
    dg.materialize([second], instance=instance)
    fired = tick()
    assert len(fired.run_requests) == 1
    assert tick(fired.cursor).skip_message == "waiting"
    dg.materialize([second, upstream], instance=instance)
    assert len(tick(fired.cursor).run_requests) == 1


def test_a_multi_asset_sensor_must_move_its_cursor() -> None:
    @dg.multi_asset_sensor(monitored_assets=[dg.AssetKey("upstream")], job=my_job)
    def forgets(context: Any) -> Any:
        return dg.RunRequest()

    instance = dg.DagsterInstance.ephemeral()
    context = dg.build_multi_asset_sensor_context(monitored_assets=[dg.AssetKey("upstream")], instance=instance)
    with pytest.raises(dg.DagsterInvalidDefinitionError, match="cursor"):
        forgets.evaluate_tick(context)


# --- in the manifest


def test_nodes() -> None:
    @dg.asset_sensor("upstream", job=my_job)
    def of_asset(context: Any, event: Any) -> None: ...

    @dg.multi_asset_sensor(dg.AssetSelection.all(), job=my_job)
    def of_assets(context: Any) -> None: ...

    @dg.run_failure_sensor(monitored_jobs=[my_job])
    def of_failures(context: Any) -> None: ...

    @dg.run_status_sensor(run_status=dg.DagsterRunStatus.STARTED, monitor_all_code_locations=True)
    def of_starts(context: Any) -> None: ...

    sensors = [of_asset, of_assets, of_failures, of_starts]
    defs = dg.Definitions(assets=[upstream], jobs=[my_job], sensors=sensors)
    nodes = {node.name: node for node in defs.manifest().sensors}
    assert {name: node.kind for name, node in nodes.items()} == {
        "of_asset": "asset",
        "of_assets": "multi_asset",
        "of_failures": "run_failure",
        "of_starts": "run_status",
    }
    assert nodes["of_asset"].monitored_assets == nodes["of_assets"].monitored_assets == (dg.AssetKey("upstream"),)
    assert [each.job for each in nodes["of_failures"].monitored_jobs] == ["my_job"]
    assert (nodes["of_failures"].run_status, nodes["of_starts"].run_status) == ("failure", "running")
    assert nodes["of_starts"].monitors_all_locations


def test_jobs_of_other_locations() -> None:
    monitored = [dg.JobSelector("elsewhere", job_name="j"), dg.CodeLocationSelector("everything")]

    @dg.run_failure_sensor(monitored_jobs=monitored)
    def far(context: Any) -> None: ...

    (node,) = dg.Definitions(sensors=[far]).manifest().sensors
    assert [(each.job, each.location) for each in node.monitored_jobs] == [("j", "elsewhere"), (None, "everything")]


def test_names_are_unique() -> None:
    def made() -> Any:
        @dg.sensor(name="same", job=my_job)
        def looking(context: Any) -> None: ...

        return looking

    with pytest.raises(dg.DagsterInvalidDefinitionError, match="defined twice"):
        dg.Definitions(jobs=[my_job], sensors=[made(), made()]).manifest()
