"""Runs in this process: order, config, resources, partitions, retries, results."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from rostrum import (
    AllPartitionMapping,
    AssetIn,
    AssetKey,
    Config,
    ConfigError,
    ConfigurableIOManager,
    ConfigurableResource,
    DailyPartitionsDefinition,
    Definitions,
    FilesystemIOManager,
    In,
    InMemoryIOManager,
    InvocationError,
    Nothing,
    Out,
    Output,
    RetryPolicy,
    RetryRequested,
    RunConfig,
    StaticPartitionsDefinition,
    asset,
    get_logger,
    graph,
    job,
    materialize,
    materialize_to_memory,
    op,
    resource,
)
from rostrum.model import manifest
from rostrum.model.errors import MaxRetriesExceeded, ResourceError
from rostrum.model.runs import RunStatus
from rostrum.planning.retries import retry_delay


def test_steps_run_first_ready_first() -> None:
    order: list[str] = []

    def make(name: str, *deps: str) -> Any:
        @asset(name=name, deps=list(deps))
        def fn(context) -> None:
            order.append(context.asset_key.name)

        return fn

    materialize([make("z"), make("b"), make("a", "z"), make("c", "b")])
    assert order == ["b", "z", "c", "a"]


@pytest.mark.parametrize("wrong", [{"max_retries": None}, {"max_retries": "2"}, {"seconds_to_wait": "5"}], ids=str)
def test_a_request_to_retry_that_cannot_be_meant_fails_its_step_alone(wrong: dict[str, Any]) -> None:
    done: list[str] = []

    @op
    def asks() -> None:
        raise RetryRequested(**wrong)

    @op
    def beside() -> None:
        done.append("beside")

    @job
    def both() -> None:
        asks()
        beside()

    result = both.execute_in_process(raise_on_error=False)
    [failed] = [event for event in result.all_events if event.event_type_value == "STEP_FAILURE"]
    assert failed.step_key == "asks"
    assert f"{next(iter(wrong))} takes a " in str(failed.event_specific_data)
    assert done == ["beside"]


def test_the_run_tells_its_story() -> None:
    @asset
    def a():
        return 1

    result = materialize_to_memory([a], tags={"team": "x"})
    run = result.run
    assert run.status is RunStatus.SUCCESS
    assert (run.steps_total, run.steps_done, run.tags) == (1, 1, {"team": "x"})
    assert run.started_at is not None
    assert run.ended_at is not None
    assert [e.sequence for e in result.events] == list(range(1, len(result.events) + 1))
    assert (result.events[0].kind, result.events[-1].kind) == ("run_started", "run_succeeded")


def test_graphs_nest_and_have_outputs() -> None:
    @op
    def one():
        return 1

    @op
    def plus(x, y=10):
        return x + y

    @graph
    def inner(x):
        return plus(plus(x))

    @job
    def outer():
        return inner(one())

    result = outer.execute_in_process()
    assert result.output_for_node("inner.plus_2") == 21
    assert result.output_value() == 21


def test_ordering_without_values() -> None:
    order: list[str] = []

    @op
    def first() -> None:
        order.append("first")

    @op(ins={"start": In(Nothing)})
    def second():
        order.append("second")

    @job
    def ordered():
        second(start=first())

    assert ordered.execute_in_process().success
    assert order == ["first", "second"]


def test_several_outputs() -> None:
    @op(out={"x": Out(int), "y": Out(int, is_required=False)})
    def split():
        yield Output(1, "x")

    @op
    def use(v):
        return v

    @job
    def j():
        x, y = split()
        use(x)
        use.alias("use_y")(y)

    result = j.execute_in_process()
    assert result.is_node_success("use")
    assert result.is_node_skipped("use_y")

    @op(out={"x": Out(), "y": Out()})
    def pair():
        return 1, 2

    @job
    def k():
        pair()

    done = k.execute_in_process()
    assert (done.output_for_node("pair", "x"), done.output_for_node("pair", "y")) == (1, 2)


class Settings(Config):
    size: int
    name: str = "n"


class TestConfig:
    def test_ops_and_assets_get_theirs(self) -> None:
        @asset
        def a(config: Settings):
            return (config.size, config.name)

        @op
        def plain(config: int):
            return config

        @job
        def j():
            plain()

        config = RunConfig(ops={"a": Settings(size=3)})
        assert materialize_to_memory([a], run_config=config).asset_value("a") == (3, "n")
        given = {"ops": {"plain": {"config": 5}}}
        assert j.execute_in_process(run_config=given).output_for_node("plain") == 5

    def test_mistakes_fail_the_step_with_their_path(self) -> None:
        @asset
        def a(config: Settings):
            return 1

        with pytest.raises(ConfigError, match="root:ops:a:config"):
            materialize_to_memory([a], run_config={"ops": {"a": {"config": {"size": 1, "nam": "x"}}}})
        with pytest.raises(ConfigError, match="size"):
            materialize_to_memory([a])

    def test_a_jobs_defaults_lie_under_the_runs_config(self) -> None:
        @op
        def a(config: Settings):
            return (config.size, config.name)

        @job(config={"ops": {"a": {"config": {"size": 1, "name": "default"}}}})
        def j():
            a()

        result = j.execute_in_process(run_config={"ops": {"a": {"config": {"size": 2}}}})
        assert result.output_for_node("a") == (2, "default")

    def test_unconnected_inputs_come_from_config_or_default(self) -> None:
        @op
        def add(x: int, y: int = 10):
            return x + y

        @job
        def j():
            add()

        assert j.execute_in_process(run_config={"ops": {"add": {"inputs": {"x": 1}}}}).output_for_node("add") == 11
        assert j.execute_in_process(run_config={"ops": {"add": {"inputs": {"x": {"value": 2}}}}}).success
        with pytest.raises(ConfigError, match="ops"):
            j.execute_in_process()


class TestResources:
    def test_life_cycle(self) -> None:
        log: list[str] = []

        class Inner(ConfigurableResource):
            def setup_for_execution(self, context: Any) -> None:
                log.append("inner up")

            def teardown_after_execution(self, context: Any) -> None:
                log.append("inner down")

        class Db(ConfigurableResource):
            url: str
            inner: Inner

            def setup_for_execution(self, context: Any) -> None:
                log.append(f"up {self.url}")

            def teardown_after_execution(self, context: Any) -> None:
                log.append("down")

        @asset
        def a(db: Db):
            log.append("a")

        @asset(deps=[a])
        def b(db: Db):
            log.append("b")
            raise ValueError("b")

        result = materialize([a, b], resources={"db": Db(url="u", inner=Inner())}, raise_on_error=False)
        assert not result.success
        assert log == ["inner up", "up u", "a", "b", "down", "inner down"]

    def test_generators_and_launch_config(self) -> None:
        log: list[str] = []

        @resource
        def connection():
            log.append("open")
            yield "value"
            log.append("closed")

        @op(required_resource_keys={"connection"})
        def use(context):
            return context.resources.connection

        @job(resource_defs={"connection": connection})
        def j():
            use()

        assert j.execute_in_process().output_for_node("use") == "value"
        assert log == ["open", "closed"]

        class Named(ConfigurableResource):
            name: str

        @asset
        def a(named: Named):
            return named.name

        config = {"resources": {"named": {"config": {"name": "launch"}}}}
        assert materialize_to_memory([a], config, resources={"named": Named(name="code")}).asset_value("a") == "launch"

    def test_what_cannot_be_set_up_fails_the_run(self) -> None:
        log: list[str] = []

        class Good(ConfigurableResource):
            def teardown_after_execution(self, context: Any) -> None:
                log.append("good down")

        class Worse(ConfigurableResource):
            def setup_for_execution(self, context: Any) -> None:
                raise ConnectionError("no host")

        @asset
        def a(a_good: Good, worse: Worse):
            return 1

        bound = {"a_good": Good(), "worse": Worse()}
        with pytest.raises(ResourceError, match="no host") as caught:
            materialize([a], resources=bound)
        assert isinstance(caught.value.__cause__, ConnectionError)
        result = materialize([a], resources=bound, raise_on_error=False)
        assert result.run.failure_reason == "resource_failure"
        assert [e.kind for e in result.events] == ["run_started", "resource_failed", "step_not_run", "run_failed"]
        assert log == ["good down", "good down"]


class TestIO:
    def test_an_own_io_manager(self) -> None:
        stored: dict[str, Any] = {}

        class Own(ConfigurableIOManager):
            prefix: str = "p"

            def handle_output(self, context: Any, obj: Any) -> None:
                stored[self.prefix + context.asset_key.name] = obj
                context.add_output_metadata({"bytes": 3})

            def load_input(self, context: Any) -> Any:
                assert context.upstream_output.name == "result"
                assert context.annotation is int
                return stored[self.prefix + context.asset_key.name]

        @asset
        def a():
            return 1

        @asset
        def b(a: int):
            return a + 1

        result = materialize([a, b], resources={"io_manager": Own()})
        assert stored == {"pa": 1, "pb": 2}
        assert next(e.record for e in result.get_asset_materialization_events()).metadata["bytes"].value == 3

    def test_failures_say_what_was_moved(self) -> None:
        class Bad:
            def handle_output(self, context: Any, obj: Any) -> None:
                raise OSError("disk full")

            def load_input(self, context: Any) -> Any:
                raise AssertionError

        @asset
        def a():
            return 1

        with pytest.raises(OSError, match="disk full"):
            materialize([a], resources={"io_manager": Bad()})
        failed = materialize([a], resources={"io_manager": Bad()}, raise_on_error=False)
        error = failed.get_step_failure_events()[0].record.error
        assert error.class_name == "HandleOutputError"
        assert error.cause is not None
        assert error.cause.class_name == "OSError"

    def test_only_downstream(self, tmp_path: Path) -> None:
        @asset
        def a():
            return 1

        @asset
        def b(a):
            return a + 1

        files = {"io_manager": FilesystemIOManager(tmp_path)}
        materialize([a], resources=files)
        result = materialize([a, b], resources=files, selection=["b"])
        assert result.asset_value("b") == 2
        assert not result.get_asset_materialization_events()[1:]


class TestPartitions:
    daily = DailyPartitionsDefinition(start_date="2024-01-01")

    def test_one_partition(self, tmp_path: Path) -> None:
        @asset(partitions_def=self.daily)
        def a(context):
            assert context.partition_time_window.start.day == 2
            return context.partition_key

        @asset(partitions_def=self.daily)
        def b(a):
            return a

        files = {"io_manager": FilesystemIOManager(tmp_path)}
        result = materialize([a, b], partition_key="2024-01-02", resources=files)
        assert result.asset_value("b") == "2024-01-02"
        assert {e.partition_key for e in [e.record for e in result.get_asset_materialization_events()]} == {
            "2024-01-02"
        }
        assert (tmp_path / "b" / "2024-01-02").is_file()

    def test_all_of_them(self) -> None:
        letters = StaticPartitionsDefinition(["a", "b"])

        @asset(partitions_def=letters)
        def up(context):
            return context.partition_key

        @asset
        def down(up):
            return up

        @asset(ins={"up": AssetIn(partition_mapping=AllPartitionMapping())}, partitions_def=letters)
        def both(up):
            return sorted(up)

        memory = {"io_manager": InMemoryIOManager()}
        for key in ("a", "b"):
            materialize([up], partition_key=key, resources=memory)
        assert materialize([up, down], selection=["down"], resources=memory).asset_value("down") == {"a": "a", "b": "b"}
        result = materialize([up, both], selection=["both"], partition_key="a", resources=memory)
        assert result.asset_value("both") == ["a", "b"]

    def test_keys_are_checked(self) -> None:
        @asset(partitions_def=self.daily)
        def a():
            return 1

        @asset
        def plain():
            return 1

        with pytest.raises(Exception, match="partition with key '2023-01-01'"):
            materialize([a], partition_key="2023-01-01")
        with pytest.raises(Exception, match="nothing in it is partitioned"):
            materialize([plain], partition_key="x")

    def test_without_a_key_only_its_use_fails(self) -> None:
        @asset(partitions_def=self.daily)
        def a() -> None: ...

        @asset(partitions_def=self.daily)
        def b(context) -> None:
            context.partition_key  # noqa: B018

        assert materialize([a]).success
        with pytest.raises(InvocationError, match="non-partitioned run"):
            materialize([b])


class TestRetries:
    def test_exhausted(self) -> None:
        @asset(retry_policy=RetryPolicy(max_retries=2))
        def a():
            raise ValueError("again")

        with pytest.raises(MaxRetriesExceeded, match="failed 3 times") as raised:
            materialize([a])
        assert isinstance(raised.value.__cause__, ValueError)
        result = materialize([a], raise_on_error=False)
        assert result.retry_attempts_for_node("a") == 2

    @pytest.mark.parametrize(
        ("policy", "delays"),
        [
            (manifest.RetryPolicy(3, 2.0), [2, 2, 2]),
            (manifest.RetryPolicy(3, 2.0, "linear"), [2, 4, 6]),
            (manifest.RetryPolicy(3, 2.0, "exponential"), [2, 6, 14]),
            (manifest.RetryPolicy(3, 2.0, "constant", "full"), [1, 1, 1]),
            (manifest.RetryPolicy(3, 2.0, "linear", "plus_minus"), [2, 4, 6]),
        ],
    )
    def test_delays(self, policy: manifest.RetryPolicy, delays: list[float]) -> None:
        assert [retry_delay(policy, attempt, lambda: 0.5) for attempt in (1, 2, 3)] == delays


def test_log_lines_become_events(capfd: pytest.CaptureFixture[str]) -> None:
    @asset
    def a(context):
        context.log.info("hello %s", "you")
        get_logger("mine").error("other")
        try:
            raise ValueError("inner")
        except ValueError:
            context.log.exception("caught")
        return 1

    result = materialize_to_memory([a])
    lines = [e for e in result.events if e.kind == "log_message"]
    assert [(e.level, e.message) for e in lines] == [("info", "hello you"), ("error", "other"), ("error", "caught")]
    assert lines[2].error.class_name == "ValueError"
    assert "hello you" in capfd.readouterr().err
    assert not logging.getLogger("rostrum.user").handlers


def test_an_interrupt_cancels_and_is_raised_again() -> None:
    seen: list[Any] = []

    @asset
    def a():
        raise KeyboardInterrupt

    @asset
    def b(a):
        seen.append(1)

    with pytest.raises(KeyboardInterrupt):
        materialize([a, b])
    assert not seen


def test_sys_exit_in_user_code_is_a_failure() -> None:
    @asset
    def a():
        raise SystemExit(3)

    result = materialize([a], raise_on_error=False)
    assert next(e.record for e in result.get_step_failure_events()).error.class_name == "SystemExit"


def test_instance_in_memory() -> None:
    @asset
    def a():
        return 1

    @asset
    def b(context, a):
        context.instance.add_dynamic_partitions("d", ["x"])
        state = context.instance.get_asset_state(AssetKey(("a",)))
        return (state.last_materialized_run_id == context.run_id, list(context.instance.get_dynamic_partitions("d")))

    assert materialize_to_memory([a, b]).asset_value("b") == (True, ["x"])


def test_definitions_execute_a_job_of_theirs() -> None:
    @asset
    def a():
        return 1

    @op
    def o():
        return 2

    @job
    def j():
        o()

    defs = Definitions(assets=[a], jobs=[j])
    assert defs.resolved().ops
    assert j.execute_in_process().output_for_node("o") == 2
