"""Section 20: executors and their config."""

from __future__ import annotations

import os
import time
from pathlib import Path

import dagster as dg
import pytest

from rostrum import Instance
from rostrum.definitions.ops.executors import executor_options


@dg.op
def pid():
    return os.getpid()


@dg.op
def other_pid():
    return os.getpid()


@dg.job
def two():
    pid()
    other_pid()


@dg.job(executor_def=dg.in_process_executor)
def in_one():
    pid()


@dg.job(executor_def=dg.multiprocess_executor.configured({"max_concurrent": 1}))
def in_several():
    pid()


@dg.op(tags={"db": "a"})
def uses_db():
    _peak()


@dg.op(tags={"db": "b"})
def uses_other():
    _peak()


def _peak():
    """Note how many steps run at once."""
    mark = Path("running") / str(os.getpid())
    mark.touch()
    Path("peaks", f"{os.getpid()}-{len(list(Path('running').iterdir()))}").touch()
    time.sleep(0.05)
    mark.unlink()


LIMITED = {"tag_concurrency_limits": [{"key": "db", "limit": 1}], "max_concurrent": 4}


@dg.job(executor_def=dg.multiprocess_executor.configured(LIMITED))
def limited():
    for _ in range(3):
        uses_db()
    uses_other()


@dg.op(retry_policy=dg.RetryPolicy(max_retries=2))
def always_fails():
    raise ValueError("x")


@dg.job
def failing():
    always_fails()


def make_dynamic():
    @dg.op(out=dg.DynamicOut())
    def items():
        for n in range(3):
            yield dg.DynamicOutput(n, mapping_key=f"k{n}")

    @dg.op
    def square(n):
        return n * n

    @dg.op
    def total(ns):
        return sum(ns)

    @dg.job
    def dynamic():
        total(items().map(square).collect())

    return dynamic


@pytest.fixture
def instance(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Instance.open(tmp_path / "home") as made:
        yield made


def kinds(result):
    return [event.event_type_value for event in result.all_events]


def test_the_default_is_processes_under_execute_job(instance):
    with dg.execute_job(dg.reconstructable(two), instance) as result:
        pids = {result.output_for_node("pid"), result.output_for_node("other_pid")}
    assert len(pids) == 2
    assert os.getpid() not in pids


def test_execute_in_process_is_always_in_process():
    assert in_several.execute_in_process().output_for_node("pid") == os.getpid()
    assert two.execute_in_process().output_for_node("pid") == os.getpid()


@pytest.mark.parametrize("config", [{"in_process": {}}, {"in_process": {"retries": {"enabled": {}}}}])
def test_the_default_takes_in_process(instance, config):
    with dg.execute_job(dg.reconstructable(two), instance, run_config={"execution": {"config": config}}) as result:
        assert result.output_for_node("pid") == os.getpid()


def test_executor_of_the_job(instance):
    with dg.execute_job(dg.reconstructable(in_one), instance) as result:
        assert result.output_for_node("pid") == os.getpid()
    with dg.execute_job(dg.reconstructable(in_several), instance) as result:
        assert result.output_for_node("pid") != os.getpid()


def test_config_of_an_executor_def_is_directly_under_config(instance):
    config = {"execution": {"config": {"max_concurrent": 2, "retries": {"enabled": {}}}}}
    with dg.execute_job(dg.reconstructable(in_several), instance, run_config=config) as result:
        assert result.success


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"nope": 1}, "nope"),
        ({"retries": {"enabled": {}, "disabled": {}}}, "single field"),
        ({"start_method": {"telepathy": {}}}, "telepathy"),
    ],
)
def test_config_is_judged(config, told):
    with pytest.raises(dg.DagsterInvalidConfigError, match=told):
        executor_options("multiprocess", config)


def test_two_choices_of_the_default_executor():
    with pytest.raises(dg.DagsterInvalidConfigError):
        executor_options("multi_or_in_process", {"in_process": {}, "multiprocess": {}})
    assert executor_options("multi_or_in_process", {}) == ("multiprocess", {})
    assert executor_options("multi_or_in_process", {"in_process": {}}) == ("in_process", {})
    chosen = executor_options("multi_or_in_process", {"multiprocess": {"max_concurrent": 3}})
    assert chosen == ("multiprocess", {"max_concurrent": 3})


def test_all_options_are_taken():
    config = {
        "max_concurrent": 2,
        "tag_concurrency_limits": [{"key": "k", "limit": 1, "value": {"applyLimitPerUniqueValue": True}}],
        "start_method": {"forkserver": {"preload_modules": ["x"]}},
        "retries": {"disabled": {}},
        "step_dependency_config": {"require_upstream_step_success": True},
    }
    name, options = executor_options("multiprocess", config)
    assert name == "multiprocess"
    assert options["retries"] is False
    assert options["start_method"] == "spawn"
    assert executor_options("in_process", {"marker_to_close": "x", "retries": {"enabled": {}}}) == (
        "in_process", {"retries": True},
    )  # fmt: skip


def test_tag_concurrency_limits_hold(instance):
    Path("running").mkdir()
    Path("peaks").mkdir()
    with dg.execute_job(dg.reconstructable(limited), instance) as result:
        assert result.success
    assert {name.name.split("-")[1] for name in Path("peaks").iterdir()} == {"1"}


def test_retries_can_be_disabled(instance):
    config = {"execution": {"config": {"multiprocess": {"retries": {"disabled": {}}}}}}
    with dg.execute_job(dg.reconstructable(failing), instance, run_config=config) as result:
        assert result.retry_attempts_for_node("always_fails") == 0
    config = {"execution": {"config": {"in_process": {"retries": {"disabled": {}}}}}}
    with dg.execute_job(dg.reconstructable(failing), instance, run_config=config) as result:
        assert result.retry_attempts_for_node("always_fails") == 0
    with dg.execute_job(dg.reconstructable(failing), instance) as result:
        assert result.retry_attempts_for_node("always_fails") == 2


def test_extra_events_of_processes(instance):
    with dg.execute_job(dg.reconstructable(two), instance) as result:
        seen = kinds(result)
    assert seen.count("STEP_WORKER_STARTING") == 2
    assert seen.count("STEP_WORKER_STARTED") == 2


def test_dynamic_outputs_in_processes(instance):
    with dg.execute_job(dg.reconstructable(make_dynamic), instance) as result:
        assert result.success
        assert result.output_for_node("square") == {"k0": 0, "k1": 1, "k2": 4}
        assert result.output_for_node("total") == 5


@dg.executor(name="mine", config_schema={"word": str})
def mine(init_context):
    """An executor of one's own: this one runs all steps here."""
    assert isinstance(init_context.executor_config["word"], str)
    assert init_context.job.name == "by_mine"
    from rostrum.executors.in_process import InProcessExecutor

    return InProcessExecutor()


@dg.job(executor_def=mine)
def by_mine():
    pid()


def test_executors_of_ones_own(instance):
    assert isinstance(mine, dg.ExecutorDefinition)
    assert mine.name == "mine"
    config = {"execution": {"config": {"word": "x"}}}
    with dg.execute_job(dg.reconstructable(by_mine), instance, run_config=config) as result:
        assert result.output_for_node("pid") == os.getpid()


def test_requirements():
    assert set(dg.multiple_process_executor_requirements()) == set(dg.ExecutorRequirement)
    executors = (dg.in_process_executor, dg.multiprocess_executor, dg.multi_or_in_process_executor)
    assert [each.name for each in executors] == ["in_process", "multiprocess", "multi_or_in_process"]


def test_executor_of_definitions():
    defs = dg.Definitions(jobs=[two], executor=dg.in_process_executor)
    assert defs.executor is dg.in_process_executor


def test_order_of_the_events_of_processes(instance):
    with dg.execute_job(dg.reconstructable(two), instance) as result:
        told = [event.event_type.name for event in result.all_events]
        of_step = [event.event_type.name for event in result.all_events if event.step_key == "pid"]
    assert told[:2] == ["RUN_START", "ENGINE_EVENT"]
    assert told[-2:] == ["ENGINE_EVENT", "RUN_SUCCESS"]
    assert "RESOURCE_INIT_STARTED" not in told[: told.index("STEP_WORKER_STARTING")]
    wanted = [
        "STEP_WORKER_STARTING", "STEP_WORKER_STARTED", "RESOURCE_INIT_STARTED", "RESOURCE_INIT_SUCCESS",
        "STEP_START", "STEP_OUTPUT", "HANDLED_OUTPUT", "STEP_SUCCESS",
    ]  # fmt: skip
    assert [name for name in of_step if name in wanted] == wanted
    assert told.count("LOGS_CAPTURED") == 2


@dg.op(out={"first": dg.Out(), "second": dg.Out()})
def half():
    yield dg.Output(1, "first")
    raise ValueError("after the first")


@dg.op
def takes(x):
    return x


@dg.job
def eager_job():
    first, _ = half()
    takes(first)


@pytest.mark.parametrize("executor", ["in_process", "multiprocess"])
@pytest.mark.parametrize(("wanted", "ran"), [(True, False), (False, True)])
def test_steps_may_start_when_their_inputs_are_there(instance, executor, wanted, ran):
    options = {executor: {"step_dependency_config": {"require_upstream_step_success": wanted}}}
    config = {"execution": {"config": options}}
    with dg.execute_job(dg.reconstructable(eager_job), instance, run_config=config) as result:
        assert not result.success
        assert result.is_node_success("takes") is ran
