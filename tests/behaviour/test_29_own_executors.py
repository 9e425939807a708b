"""Executors that users' functions make of those that are built in, and loggers of their own."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest


@dg.op
def pid() -> int:
    return os.getpid()


@dg.executor(name="mine", config_schema={"max_concurrent": dg.Field(int, default_value=1)})
def by_class(init_context: dg.InitExecutorContext) -> Any:
    from dagster._core.execution.retries import RetryMode
    from dagster._core.executor.multiprocess import MultiprocessExecutor

    return MultiprocessExecutor(
        max_concurrent=init_context.executor_config["max_concurrent"], retries=RetryMode.DISABLED
    )


@dg.executor
def by_definition(_init_context: dg.InitExecutorContext) -> Any:
    return dg.in_process_executor.configured({"retries": {"disabled": {}}})


@dg.executor(config_schema=dg.multiprocess_executor.config_schema)
def by_function(init_context: dg.InitExecutorContext) -> Any:
    return dg.multiprocess_executor.executor_creation_fn(init_context)


@dg.executor
def of_another(_init_context: dg.InitExecutorContext) -> Any:
    return by_definition


class Own(dg.Executor):  # type: ignore[misc]
    """An executor that plans by itself."""

    @property
    def retries(self) -> Any:
        return None

    def execute(self, plan_context: Any, execution_plan: Any) -> Iterator[Any]:
        yield from ()


@dg.executor
def by_own_class(_init_context: dg.InitExecutorContext) -> Any:
    return Own()


@dg.job(executor_def=by_class)
def by_class_job() -> None:
    pid()


@dg.job(executor_def=by_definition)
def by_definition_job() -> None:
    pid()


@dg.job(executor_def=by_function.configured({"max_concurrent": 2}))
def by_function_job() -> None:
    pid()


@dg.job(executor_def=of_another)
def of_another_job() -> None:
    pid()


@dg.job(executor_def=by_own_class)
def by_own_class_job() -> None:
    pid()


@dg.job(executor_def=dg.multiprocess_executor.configured({"max_concurrent": 1}, name="one_by_one"))
def renamed_job() -> None:
    pid()


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder: Path = tmp_path_factory.mktemp("instance")
    with dg.instance_for_test(temp_dir=str(folder)) as made:
        yield made


@pytest.mark.parametrize(
    ("job", "in_process"),
    [(by_class_job, False), (by_definition_job, True), (by_function_job, False), (of_another_job, True)],
    ids=lambda value: getattr(value, "name", ""),
)
def test_what_the_function_returns_runs_the_steps(instance: Any, job: Any, in_process: bool) -> None:
    config = {"execution": {"config": {"max_concurrent": 1}}} if job is by_class_job else {}
    with dg.execute_job(dg.reconstructable(job), instance, run_config=config) as result:
        assert result.success
        assert (result.output_for_node("pid") == os.getpid()) is in_process


def test_a_configured_executor_may_have_another_name(instance: Any) -> None:
    assert renamed_job.executor_def.name == "one_by_one"
    assert dg.in_process_executor.configured({}).name == "in_process"
    with dg.execute_job(dg.reconstructable(renamed_job), instance) as result:
        assert result.output_for_node("pid") != os.getpid()


def test_differs_an_executor_that_plans_by_itself_is_refused(instance: Any) -> None:
    """Dagster gives `execute` its plan of steps; Rostrum's executors have another seam, which keeps runs that stop
    half-way and are taken over. The run fails with what to return instead.
    """
    with pytest.raises(dg.DagsterError, match=r"'by_own_class' made an Own, which cannot run .*MultiprocessExecutor"):
        dg.execute_job(dg.reconstructable(by_own_class_job), instance, raise_on_error=True)


def test_loggers_of_ones_own() -> None:
    lines: list[str] = []

    class Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    @dg.logger(config_schema={"level": dg.Field(str, default_value="INFO")})
    def keeping(init_context: dg.InitLoggerContext) -> logging.Logger:
        made = logging.Logger("keeping", init_context.logger_config["level"])  # noqa: LOG001 - of this test alone
        made.addHandler(Keeping())
        return made

    @dg.op
    def says(context: dg.OpExecutionContext) -> None:
        context.log.info("hello")
        context.log.debug("unheard")

    @dg.job(logger_defs={"keeping": keeping})
    def job() -> None:
        says()

    assert job.execute_in_process(run_config={"loggers": {"keeping": {}}}).success
    assert any("hello" in line for line in lines)
    assert not any("unheard" in line for line in lines)
