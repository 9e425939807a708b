"""Ops, graphs, jobs, dynamic outputs, hooks, loggers, executors, results of runs."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, assert_type

import rostrum as ro


class Limits(ro.Config):
    limit: int = 10


@ro.op
def one() -> int:
    return 1


@ro.op(ins={"value": ro.In(int)}, out=ro.Out(int, io_manager_key="io"), tags={"kind": "math"}, pool="few")
def add(context: ro.OpExecutionContext, value: int, config: Limits) -> int:
    context.log.info("adding to %s", value)
    assert_type(context.op_config, Any)
    assert_type(context.run_config, dict[str, Any])
    return value + config.limit


@ro.op(out={"small": ro.Out(), "large": ro.Out(is_required=False)})
def split(value: int) -> Iterator[ro.Output[int]]:
    yield ro.Output(value, "small")


@ro.op(out=ro.DynamicOut(int))
def pieces() -> Iterator[ro.DynamicOutput[int]]:
    for number in range(3):
        yield ro.DynamicOutput(number, mapping_key=f"n{number}")


@ro.op(out=ro.DynamicOut())
def listed() -> list[ro.DynamicOutput[str]]:
    return [ro.DynamicOutput("a", "a")]


@ro.op
def total(values: list[int]) -> int:
    return sum(values)


@ro.op(ins={"after": ro.In(ro.Nothing)})
def last() -> None:
    raise ro.Failure("no", metadata={"why": "not"}, allow_retries=False)


assert_type(one, ro.OpDefinition)
assert_type(add, ro.OpDefinition)
assert_type(one.alias("uno"), ro.PendingNodeInvocation)


@ro.graph
def inner(value: int) -> Any:
    return add(value)


@ro.graph(out={"a": ro.GraphOut(), "b": ro.GraphOut()}, ins={"value": ro.GraphIn()})
def outer(value: int) -> Any:
    small, large = split(inner(value))
    return {"a": small, "b": large}


@ro.success_hook
def tell(context: ro.HookContext) -> None:
    context.log.info(context.run_id)


@ro.success_hook(required_resource_keys={"slack"})
def tell_all(context: ro.HookContext) -> None:
    context.resources.slack.send("done")


@ro.failure_hook(name="alarm", required_resource_keys={"slack"})
def warn(context: ro.HookContext) -> None:
    assert_type(context.op_exception, BaseException | None)


@ro.logger(config_schema={"level": str})
def console(context: ro.InitLoggerContext) -> logging.Logger:
    return logging.getLogger("mine")


@ro.job
def bare_job() -> None:
    total(pieces().map(add).collect())


@ro.job(
    name="called",
    description="All of it",
    tags={"a": "b"},
    hooks={tell, tell_all, warn},
    executor_def=ro.in_process_executor,
    logger_defs={"console": console},
    resource_defs={"io": ro.mem_io_manager},
    config=ro.RunConfig(ops={"add": Limits(limit=3)}),
    op_retry_policy=ro.RetryPolicy(max_retries=1),
)
def called_job() -> None:
    last(after=[inner(one()), add.alias("again")(one())])


assert_type(inner, ro.GraphDefinition)
assert_type(outer, ro.GraphDefinition)
assert_type(bare_job, ro.JobDefinition)
assert_type(called_job, ro.JobDefinition)
assert_type(inner.to_job(name="x", config={"ops": {}}), ro.JobDefinition)
assert_type(tell, ro.HookDefinition)
assert_type(warn, ro.HookDefinition)
assert_type(console, ro.LoggerDefinition)
assert_type(ro.multiprocess_executor.configured({"max_concurrent": 2}), ro.ExecutorDefinition)

result = called_job.execute_in_process(
    run_config=ro.RunConfig(ops={"add": Limits()}), resources={"slack": object()}, tags={"x": "y"}, raise_on_error=False
)
assert_type(result, ro.ExecutionResult)
assert_type(result.success, bool)
assert_type(result.output_for_node("add"), Any)
assert_type(result.output_value("result"), Any)
assert_type(result.run_id, str)
assert_type(result.all_events, Sequence[ro.RunEvent])
assert_type(result.asset_materializations_for_node("a"), Sequence[ro.AssetMaterialization])
assert_type(result.get_asset_check_evaluations(), Sequence[ro.AssetCheckEvaluation])


@ro.executor
def my_executor(context: ro.InitExecutorContext) -> ro.Executor:
    raise NotImplementedError


@ro.config_mapping
def simplified(config: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"ops": {"add": {"config": {"limit": config["limit"]}}}}


assert_type(my_executor, ro.ExecutorDefinition)
assert_type(simplified, ro.ConfigMapping)
