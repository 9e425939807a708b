"""Which executor a launched run gets."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from rostrum.config.executors import default_executor
from rostrum.config.files import parse_struct
from rostrum.config.instance import InstanceSettings
from rostrum.definitions.location.definitions import Definitions
from rostrum.definitions.ops.executors import (
    executor_options,
    in_process_executor,
    multiprocess_executor,
    threaded_executor,
)
from rostrum.definitions.ops.jobs import job
from rostrum.definitions.ops.ops import op
from rostrum.execution.workers.executor_choice import choose_executor, fork_note
from rostrum.model.errors import ConfigError
from rostrum.model.runs import Run, RunTarget
from rostrum.planning.plan import build_plan

AT = datetime(2026, 1, 1, tzinfo=UTC)


@op
def plain() -> int:
    return 1


@op(isolation="process")
def apart() -> int:
    return 1


@op(isolation="async")
async def waits() -> int:
    return 1


@job
def small() -> None:
    plain()


@job(executor_def=multiprocess_executor.configured({"max_concurrent": 3}))
def own() -> None:
    plain()


@job(executor_def=in_process_executor.configured({"retries": {"disabled": {}}}))
def with_process() -> None:
    plain()
    apart()


@job(executor_def=threaded_executor.configured({"max_concurrent": 3}))
def with_tasks() -> None:
    waits()


@job(executor_def=threaded_executor.configured({"max_concurrent": 3}))
def with_both() -> None:
    waits()
    apart()


def chosen(name: str, config: Any = None, default: Any = None, executor: Any = None, *, may_fork: bool = True) -> Any:
    resolved = Definitions(jobs=[small, own, with_process, with_tasks, with_both], executor=executor).resolved()
    target = RunTarget("test", name)
    run = Run(run_id="r", target=target, created_at=AT, config={"execution": {"config": config}} if config else {})
    plan = build_plan(resolved.manifest, target, resolved.graph)
    return choose_executor(resolved, run, plan, may_fork=may_fork, default=default)


def test_the_job_comes_before_the_location_and_that_before_the_instance():
    default = {"name": "threaded", "config": {"max_concurrent": 7}}
    assert chosen("own", default=default, executor=in_process_executor).max_concurrent == 3
    assert chosen("small", default=default, executor=in_process_executor).name == "in_process"
    threaded = chosen("small", default=default)
    assert (threaded.name, threaded.max_concurrent) == ("threaded", 7)
    assert chosen("small").name == "multiprocess"


def test_the_config_of_the_run_is_over_the_instances():
    default = {"name": "multiprocess", "config": {"max_concurrent": 7, "fuse": True}}
    made = chosen("small", {"max_concurrent": 2}, default)
    assert (made.max_concurrent, made.fuse) == (2, True)


def test_a_job_in_one_process_gets_others_for_steps_that_ask_for_them():
    made = chosen("with_process")
    assert (made.name, made.default, made.retries, made.start_method) == ("multiprocess", "in_process", False, "fork")
    assert chosen("with_process", may_fork=False).start_method == "spawn"
    assert chosen("with_tasks").name == "threaded", "its process has all that is asked for"
    both = chosen("with_both")
    assert (both.name, both.default, both.max_threads) == ("multiprocess", "thread", 3)


def test_what_is_told_of_forks():
    forking = chosen("small")
    assert fork_note(forking, "", is_importable=True) is None
    assert fork_note(chosen("small", {"in_process": {}}), "polars was used", is_importable=True) is None
    assert _note(chosen("small", may_fork=False)).startswith("info: Steps get fresh interpreters")
    assert _note(forking).endswith(
        "polars was used. Leave start_method out of the executor's config, or make it `spawn`."
    )
    assert "give execute_job reconstructable(...) of it" in _note(forking, is_importable=False)


def _note(executor: Any, *, is_importable: bool = True) -> str:
    return ": ".join(fork_note(executor, "polars was used", is_importable=is_importable) or ())


def test_the_options_of_executors_that_start_containers_are_their_launchers():
    name, options = executor_options("docker", {"image": "a:1", "max_concurrent": 2, "retries": {"disabled": {}}})
    assert name == "docker"
    assert options == {"max_concurrent": 2, "retries": False, "launcher": {"image": "a:1"}}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("executor: {name: multiprocess, config: {max_concurent: 2}}", "unexpected config entry 'max_concurent'"),
        ("executor: {name: dusk}", "there is no 'dusk'; did you mean dask"),
    ],
)
def test_mistakes_in_the_instance_file_are_told_at_start(text: str, told: str):
    with pytest.raises(ConfigError, match=told):
        default_executor(parse_struct(text, InstanceSettings, "rostrum.yaml"))


def test_the_instance_file_names_one():
    settings = parse_struct("executor: {name: async, config: {max_tasks: 5}}", InstanceSettings, "rostrum.yaml")
    assert default_executor(settings) == {"name": "async", "config": {"max_tasks": 5}}
    assert default_executor(InstanceSettings()) is None
