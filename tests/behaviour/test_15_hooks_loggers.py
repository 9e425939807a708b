"""Section 15: hooks and loggers."""

from __future__ import annotations

import json
import logging
import os
import re

import dagster as dg
import pytest


@dg.op
def good():
    return 1


@dg.op
def bad():
    raise ValueError("on purpose")


def hook_events(result, step_key):
    return [
        event.event_type_value
        for event in result.events_for_node(step_key)
        if event.event_type_value.startswith("HOOK")
    ]


def test_hooks_run_after_the_step_they_are_for():
    seen = []

    @dg.success_hook
    def on_success(context):
        seen.append(("success", context.step_key))

    @dg.failure_hook
    def on_failure(context):
        seen.append(("failure", context.step_key))

    @dg.job(hooks={on_success, on_failure})
    def j():
        good()
        bad()

    result = j.execute_in_process(raise_on_error=False)
    assert sorted(seen) == [("failure", "bad"), ("success", "good")]
    assert hook_events(result, "good") == ["HOOK_SKIPPED", "HOOK_COMPLETED"]
    assert hook_events(result, "bad") == ["HOOK_COMPLETED", "HOOK_SKIPPED"]


def test_hook_events_come_after_the_end_of_the_step():
    @dg.success_hook
    def note(context):
        pass

    @dg.job(hooks={note})
    def j():
        good()

    kinds = [event.event_type_value for event in j.execute_in_process().events_for_node("good")]
    assert kinds.index("HOOK_COMPLETED") > kinds.index("STEP_SUCCESS")


def test_a_hook_that_raises_does_not_change_the_outcome():
    @dg.success_hook
    def breaks(context):
        raise RuntimeError("hook")

    @dg.job(hooks={breaks})
    def j():
        good()

    result = j.execute_in_process()
    assert result.success
    assert hook_events(result, "good") == ["HOOK_ERRORED"]


def test_hooks_on_one_use_on_a_graph_and_on_a_job():
    seen = []

    @dg.success_hook
    def note(context):
        seen.append(context.step_key)

    @dg.graph
    def inner():
        good()

    @dg.job
    def j():
        good.with_hooks({note})()
        good.alias("other")()
        inner.with_hooks({note})()

    j.execute_in_process()
    assert sorted(seen) == ["good", "inner.good"]
    seen.clear()
    j.with_hooks({note}).execute_in_process()
    assert sorted(set(seen)) == ["good", "inner.good", "other"]


def test_hooks_of_assets():
    seen = []

    @dg.success_hook
    def note(context):
        seen.append(context.op.name)

    @dg.asset(hooks={note})
    def an_asset():
        return 1

    assert dg.materialize_to_memory([an_asset]).success
    assert seen == ["an_asset"]


def test_hooks_of_asset_jobs():
    seen = []

    @dg.success_hook
    def note(context):
        seen.append(context.step_key)

    @dg.asset
    def an_asset():
        return 1

    job = dg.define_asset_job("j", hooks={note})
    defs = dg.Definitions(assets=[an_asset], jobs=[job])
    assert defs.resolve_job_def("j").execute_in_process().success
    assert seen == ["an_asset"]


def test_what_the_context_has():
    seen = {}

    @dg.success_hook(required_resource_keys={"sink"})
    def note(context):
        seen.update(
            op=context.op.name,
            op_config=context.op_config,
            op_exception=context.op_exception,
            values=dict(context.op_output_values),
            metadata=dict(context.op_output_metadata),
            step_key=context.step_key,
            sink=context.resources.sink,
            keys=context.required_resource_keys,
            run_id=context.run_id,
            job_name=context.job_name,
        )
        assert context.instance is not None
        context.log.info("hooked")

    @dg.op(config_schema={"n": int})
    def told(context):
        context.add_output_metadata({"rows": 3})
        return context.op_config["n"]

    @dg.job(hooks={note}, resource_defs={"sink": dg.ResourceDefinition.hardcoded_resource("S")})
    def j():
        told()

    result = j.execute_in_process(run_config={"ops": {"told": {"config": {"n": 5}}}})
    assert seen["op"] == "told"
    assert seen["op_config"] == {"n": 5}
    assert seen["op_exception"] is None
    assert seen["values"] == {"result": 5}
    assert "rows" in seen["metadata"]["result"]
    assert seen["step_key"] == "told"
    assert seen["sink"] == "S"
    assert seen["keys"] == {"sink"}
    assert seen["run_id"] == result.run_id
    assert seen["job_name"] == "j"


def test_op_exception_is_what_the_user_raised():
    seen = []

    @dg.failure_hook(name="named")
    def note(context):
        seen.append(context.op_exception)

    @dg.job(hooks={note})
    def j():
        bad()

    j.execute_in_process(raise_on_error=False)
    assert isinstance(seen[0], ValueError)
    assert note.name == "named"


def test_hooks_can_be_called_in_tests():
    @dg.success_hook(required_resource_keys={"sink"})
    def note(context):
        context.resources.sink.append(context.op.name)

    sink = []
    note(dg.build_hook_context(resources={"sink": sink}, op=good))
    assert sink == ["good"]
    assert dg.build_hook_context(op_exception=ValueError("x")).op_exception.args == ("x",)


def test_an_absent_field_of_a_built_context_is_told():
    with pytest.raises(dg.DagsterInvariantViolationError):
        _ = dg.build_hook_context().op


def test_hook_definition():
    calls = []
    hook = dg.HookDefinition(
        name="raw",
        hook_fn=lambda context, events: (
            calls.append(context.step_key) or dg.HookExecutionResult("raw", is_skipped=True)
        ),
    )

    @dg.job(hooks={hook})
    def j():
        good()

    result = j.execute_in_process()
    assert calls == ["good"]
    assert hook_events(result, "good") == ["HOOK_SKIPPED"]


def test_hooks_do_not_run_before_a_retry():
    seen = []

    @dg.failure_hook
    def note(context):
        seen.append(context.step_key)

    @dg.op(retry_policy=dg.RetryPolicy(max_retries=2))
    def flaky():
        raise ValueError

    @dg.job(hooks={note})
    def j():
        flaky()

    j.execute_in_process(raise_on_error=False)
    assert seen == ["flaky"]


def test_hooks_see_items_of_dynamic_outputs():
    seen = {}

    @dg.success_hook
    def note(context):
        seen.update(context.op_output_values)

    @dg.op(out=dg.DynamicOut())
    def items():
        yield dg.DynamicOutput(1, mapping_key="a")
        yield dg.DynamicOutput(2, mapping_key="b")

    @dg.op
    def use(x):
        return x

    @dg.job
    def j():
        items.with_hooks({note})().map(use)

    j.execute_in_process()
    assert seen == {"result": {"a": 1, "b": 2}}


# --- loggers


class Kept(logging.Handler):
    def __init__(self):
        super().__init__()
        self.records = []

    def emit(self, record):
        self.records.append(record)


def keeping(built):
    @dg.logger({"level": dg.Field(str, default_value="DEBUG")})
    def kept(init_context):
        handler = Kept()
        made = logging.Logger("kept", init_context.logger_config["level"])  # noqa: LOG001 - as users write it
        made.addHandler(handler)
        built.append((init_context, handler))
        return made

    return kept


@dg.op
def talks(context):
    context.log.debug("quiet")
    context.log.warning("loud %s", "words")


def test_only_loggers_that_the_run_config_names_are_built():
    built = []

    @dg.job(logger_defs={"mine": keeping(built), "other": keeping(built)})
    def j():
        talks()

    j.execute_in_process()
    assert built == []
    result = j.execute_in_process(run_config={"loggers": {"mine": {"config": {"level": "INFO"}}}})
    ((context, handler),) = built
    (record,) = [each for each in handler.records if "loud" in each.getMessage()]
    assert record.getMessage() == "loud words"
    assert not any("quiet" in each.getMessage() for each in handler.records)
    assert record.dagster_meta["run_id"] == result.run_id
    assert record.dagster_meta["job_name"] == "j"
    assert context.run_id == result.run_id


def test_loggers_of_definitions():
    built = []

    @dg.job
    def j():
        talks()

    defs = dg.Definitions(jobs=[j], loggers={"mine": keeping(built)})
    defs.resolve_job_def("j").execute_in_process(run_config={"loggers": {"mine": {}}})
    assert len(built) == 1


def test_an_unknown_logger_is_told():
    @dg.job
    def j():
        talks()

    with pytest.raises(dg.DagsterInvalidConfigError, match="nope"):
        j.execute_in_process(run_config={"loggers": {"nope": {}}})


def test_console_is_built_in(capfd):
    @dg.job
    def j():
        talks()

    j.execute_in_process(run_config={"loggers": {"console": {"config": {"log_level": "WARNING", "name": "me"}}}})
    lines = [line for line in capfd.readouterr().err.splitlines() if "quiet" in line or "loud" in line]
    assert len(lines) == 1
    assert " - me - " in lines[0]
    assert " - j - " in lines[0]
    assert " - talks - loud words" in lines[0]


def test_a_line_of_the_console(capfd):
    @dg.job
    def j():
        talks()

    config = {"loggers": {"console": {"config": {"log_level": "DEBUG", "name": "dagster"}}}}
    run_id = j.execute_in_process(run_config=config).run_id
    (line,) = [line for line in capfd.readouterr().err.splitlines() if "loud" in line]
    parts = line.split(" - ")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}", parts[0])
    assert parts[1:] == ["dagster", "WARNING", "j", run_id, str(os.getpid()), "talks", "loud words"]


def test_differs_the_line_of_a_script_is_short(capfd):
    """Dagster's default logger writes the long form with job, run and process, and a line an event. A script that
    names no logger gets what user code said: time, level, step, message.
    """

    @dg.job
    def j():
        talks()

    j.execute_in_process()
    (line,) = [line for line in capfd.readouterr().err.splitlines() if "loud" in line]
    assert re.fullmatch(r"\S+ \S+ WARNING talks loud words", line)


@pytest.mark.parametrize(
    ("name", "level"), [("debug", 10), ("info", 20), ("warning", 30), ("error", 40), ("critical", 50)]
)
def test_levels(name, level):
    @dg.op
    def says():
        getattr(dg.OpExecutionContext.get().log, name)("said")

    @dg.job
    def j():
        says()

    with dg.DagsterInstance.ephemeral() as instance:
        result = j.execute_in_process(instance=instance)
        (entry,) = [each for each in instance.all_logs(result.run_id) if each.user_message == "said"]
    assert entry.level == level


def test_without_named_loggers_lines_go_to_the_console(capfd):
    @dg.job
    def j():
        talks()

    j.execute_in_process()
    assert "loud words" in capfd.readouterr().err


def test_json_console_logger(capfd):
    @dg.job(logger_defs={"json": dg.json_console_logger})
    def j():
        talks()

    j.execute_in_process(run_config={"loggers": {"json": {"config": {"log_level": "INFO"}}}})
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines() if line.startswith("{")]
    assert [line["message"] for line in lines if "loud" in line["message"]] == ["loud words"]


def test_lines_are_stored_without_an_event():
    @dg.op
    def logs():
        dg.get_dagster_logger().info("by the module")
        dg.get_dagster_logger("named").info("by name")

    @dg.job
    def j():
        logs()

    with dg.DagsterInstance.ephemeral() as instance:
        result = j.execute_in_process(instance=instance)
        entries = [each for each in instance.all_logs(result.run_id) if each.user_message.startswith("by ")]
    assert [each.user_message for each in entries] == ["by the module", "by name"]
    assert not any(each.is_dagster_event for each in entries)


def test_a_logger_can_be_called_in_tests():
    built = []
    kept = keeping(built)
    assert isinstance(kept(dg.build_init_logger_context(logger_config={"level": "INFO"})), logging.Logger)
    with pytest.raises(dg.DagsterInvalidConfigError):
        kept(dg.build_init_logger_context(logger_config={"level": 1}))


def test_configured_loggers():
    built = []
    fixed = keeping(built).configured({"level": "ERROR"})
    fixed(dg.build_init_logger_context())
    assert built[0][0].logger_config == {"level": "ERROR"}


def test_default_loggers():
    assert set(dg.default_loggers()) == {"console"}
    assert isinstance(dg.colored_console_logger, dg.LoggerDefinition)


def test_row_07_a_resource_that_a_hook_needs_is_not_there():
    @dg.success_hook(required_resource_keys={"sink"})
    def note(context):
        pass

    @dg.job(hooks={note})
    def j():
        good()

    with pytest.raises(dg.DagsterInvalidDefinitionError, match="resource with key 'sink' required by hook"):
        j.execute_in_process()
