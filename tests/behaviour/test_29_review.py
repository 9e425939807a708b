"""What a review of the library as users of `dagster` know it has found: one test a finding."""

from __future__ import annotations

import dagster as dg
import pytest
from dagster import _check as check
from dagster._core.errors import DagsterInvalidMetadata

FIVE = dg.ResourceDefinition.hardcoded_resource(5)


class TestResources:
    def test_values_resource_is_the_dict_of_its_config(self) -> None:
        @dg.op(required_resource_keys={"globals"})
        def read(context) -> str:
            return context.resources.globals["name"]

        @dg.job(resource_defs={"globals": dg.make_values_resource(name=str, n=dg.Field(int, default_value=1))})
        def job():
            read()

        config = {"resources": {"globals": {"config": {"name": "x"}}}}
        assert job.execute_in_process(run_config=config).output_for_node("read") == "x"

    def test_values_resource_without_schema_takes_any_config(self) -> None:
        with dg.build_resources({"all": dg.make_values_resource()}, resource_config={"all": {"config": {"a": 1}}}) as r:
            assert r.all == {"a": 1}

    def test_resource_defs_of_an_asset_are_in_its_context(self) -> None:
        @dg.asset(resource_defs={"x": FIVE})
        def made(context) -> int:
            return context.resources.x

        assert dg.materialize([made]).output_for_node("made") == 5
        assert "x" in made.required_resource_keys

    def test_resource_defs_of_a_multi_asset_are_in_its_context(self) -> None:
        @dg.multi_asset(outs={"a": dg.AssetOut()}, resource_defs={"x": FIVE})
        def made(context) -> int:
            return context.resources.x

        assert dg.materialize([made]).asset_value("a") == 5

    def test_resource_defs_of_an_observable_asset_are_in_its_context(self) -> None:
        @dg.observable_source_asset(resource_defs={"x": FIVE})
        def seen(context) -> dg.DataVersion:
            return dg.DataVersion(str(context.resources.x))

        job = dg.define_asset_job("look", [seen])
        result = dg.Definitions(assets=[seen], jobs=[job]).resolve_job_def("look").execute_in_process()
        [observation] = result.get_asset_observation_events()
        assert observation.asset_observation_data.asset_observation.tags["dagster/data_version"] == "5"

    def test_resource_defs_of_a_check_are_in_its_context(self) -> None:
        @dg.asset
        def made() -> None: ...

        @dg.asset_check(asset=made, resource_defs={"x": FIVE})
        def is_five(context) -> dg.AssetCheckResult:
            return dg.AssetCheckResult(passed=context.resources.x == 5)

        defs = dg.Definitions(assets=[made], asset_checks=[is_five])
        result = defs.resolve_implicit_global_asset_job_def().execute_in_process()
        [verdict] = result.get_asset_check_evaluations()
        assert verdict.passed


class TestInputManagers:
    """Of an input that nothing upstream makes."""

    def job(self) -> dg.JobDefinition:
        @dg.input_manager(input_config_schema={"p": dg.Field(str, default_value="P")})
        def told(context):
            assert context.upstream_output is None
            return context.config["p"]

        @dg.op(ins={"v": dg.In(input_manager_key="told")})
        def use(v):
            return v

        @dg.job(resource_defs={"told": told})
        def job():
            use()

        return job

    def test_config_of_the_input_is_for_its_manager(self) -> None:
        config = {"ops": {"use": {"inputs": {"v": {"p": "N"}}}}}
        assert self.job().execute_in_process(run_config=config).output_for_node("use") == "N"

    def test_defaults_of_its_config_need_no_config(self) -> None:
        assert self.job().execute_in_process().output_for_node("use") == "P"

    def test_wrong_config_of_the_input_is_refused(self) -> None:
        with pytest.raises(dg.DagsterInvalidConfigError):
            self.job().execute_in_process(run_config={"ops": {"use": {"inputs": {"v": {"q": "N"}}}}})


class TestPartitionTags:
    DAYS = dg.DailyPartitionsDefinition("2024-01-01")
    BOTH = dg.MultiPartitionsDefinition({"date": DAYS, "color": dg.StaticPartitionsDefinition(["r", "g"])})

    @pytest.mark.parametrize("kept", [True, False])
    def test_a_run_has_the_same_tags_wherever_it_is_seen(self, kept: bool) -> None:
        @dg.asset(partitions_def=self.BOTH)
        def made(context) -> None:
            assert context.run.tags == expected

        expected = {
            "dagster/partition": "r|2024-01-02",
            "dagster/partition/date": "2024-01-02",
            "dagster/partition/color": "r",
            "dagster/partition_set": f"{dg.materialize([no_op]).dagster_run.job_name}_partition_set",
            "own": "1",
        }
        key = dg.MultiPartitionKey({"date": "2024-01-02", "color": "r"})
        with dg.DagsterInstance.ephemeral() as instance:
            options = {"instance": instance} if kept else {}
            run = dg.materialize([made], partition_key=key, tags={"own": "1"}, **options).dagster_run
            assert run.tags == expected
            if kept:
                assert instance.get_runs()[0].tags == expected
                assert instance.get_run_by_id(run.run_id).tags == expected
                assert instance.get_run_records()[0].dagster_run.tags == expected
                wanted = dg.RunsFilter(tags={"dagster/partition/color": "r"})
                assert [each.run_id for each in instance.get_runs(wanted)] == [run.run_id]

    def test_a_run_of_no_partition_has_none(self) -> None:
        assert dg.materialize([no_op]).dagster_run.tags == {}

    def test_sensors_of_statuses_see_them(self) -> None:
        @dg.asset(partitions_def=self.DAYS)
        def made() -> None: ...

        @dg.run_status_sensor(run_status=dg.DagsterRunStatus.SUCCESS)
        def after(context):
            assert context.dagster_run.tags["dagster/partition"] == "2024-01-02"
            return dg.SkipReason("seen")

        with dg.DagsterInstance.ephemeral() as instance:
            result = dg.materialize([made], partition_key="2024-01-02", instance=instance)
            context = dg.build_run_status_sensor_context(
                "after", result.all_events[-1], instance, instance.get_run_by_id(result.run_id)
            )
            assert after(context).skip_message == "seen"

    def test_keys_of_dynamic_partitions_are_a_list(self) -> None:
        with dg.DagsterInstance.ephemeral() as instance:
            instance.add_dynamic_partitions("files", ["a", "b"])
            assert instance.get_dynamic_partitions("files") == ["a", "b"]


class TestPartitionsOfDeps:
    """What a function asks of its upstream partitions holds for assets that it names in `deps`, too."""

    DAYS, WEEKS = dg.DailyPartitionsDefinition("2024-01-01"), dg.WeeklyPartitionsDefinition("2024-01-01")

    def asked(self, question, deps=None):  # type: ignore[no-untyped-def]
        @dg.asset(partitions_def=self.DAYS, key=["raw", "days"])
        def days() -> None: ...

        @dg.asset(partitions_def=self.WEEKS, deps=deps or [days])
        def weeks(context) -> None:
            seen.append(question(context))

        seen = []
        dg.materialize([days, weeks], selection=[weeks], partition_key="2024-01-07")
        return seen[0]

    def test_keys(self) -> None:
        keys = self.asked(lambda context: context.asset_partition_keys_for_input("raw__days"))
        assert keys == [f"2024-01-{day:02}" for day in range(7, 14)]

    def test_range(self) -> None:
        found = self.asked(lambda context: context.asset_partition_key_range_for_input("raw__days"))
        assert found == dg.PartitionKeyRange("2024-01-07", "2024-01-13")

    def test_time_window(self) -> None:
        found = self.asked(lambda context: context.asset_partitions_time_window_for_input("raw__days"))
        assert (found.start.day, found.end.day) == (7, 14)

    def test_definition_and_key(self) -> None:
        assert self.asked(lambda context: context.asset_partitions_def_for_input("raw__days")) == self.DAYS
        assert self.asked(lambda context: context.asset_key_for_input("raw__days")) == dg.AssetKey(["raw", "days"])

    def test_a_mapping_of_the_dep_counts(self) -> None:
        dep = dg.AssetDep(dg.AssetKey(["raw", "days"]), partition_mapping=dg.LastPartitionMapping())
        assert len(self.asked(lambda context: context.asset_partition_keys_for_input("raw__days"), [dep])) == 1

    def test_the_message_for_another_name_lists_them(self) -> None:
        with pytest.raises(dg.DagsterInvariantViolationError, match=r"inputs: raw__days.*Did you mean 'raw__days'"):
            self.asked(lambda context: context.asset_partition_keys_for_input("raw__day"))


@dg.op
def one() -> int:
    return 1


@dg.op
def inc(n: int) -> int:
    return n + 1


@dg.graph
def two() -> int:
    return inc(one())


@dg.graph(out={"low": dg.GraphOut(), "high": dg.GraphOut()})
def both():
    return {"low": one(), "high": two()}


class TestOutputsOfGraphs:
    """`output_for_node` takes names of graphs, too."""

    def test_of_a_nested_graph(self) -> None:
        @dg.job
        def job():
            two()

        result = job.execute_in_process()
        assert (result.output_for_node("two"), result.output_for_node("two.one")) == (2, 1)

    def test_of_a_graph_in_a_graph_by_output(self) -> None:
        @dg.job
        def job():
            both.alias("pair")()

        result = job.execute_in_process()
        assert [result.output_for_node("pair", name) for name in ("low", "high")] == [1, 2]
        assert result.output_for_node("pair.two") == 2

    def test_of_a_graph_asset(self) -> None:
        @dg.graph_asset
        def made():
            return two()

        result = dg.materialize([made])
        assert result.output_for_node("made") == result.output_for_node("made.two") == 2

    def test_an_unknown_output_or_node_is_told(self) -> None:
        @dg.job
        def job():
            two()

        result = job.execute_in_process()
        with pytest.raises(dg.DagsterInvariantViolationError, match="No outputs found for output 'x' of node 'two'"):
            result.output_for_node("two", "x")
        with pytest.raises(dg.DagsterInvariantViolationError, match="no op named 'three'"):
            result.output_for_node("three")


class TestContextByAnotherName:
    """The advice is to rename the parameter: it would be taken for an upstream asset, or an input."""

    def test_of_an_asset(self) -> None:
        with pytest.raises(dg.DagsterInvalidDefinitionError, match=r"review.py:\d+.* rename 'ctx' to `context`"):

            @dg.asset
            def made(ctx: dg.AssetExecutionContext) -> None: ...

    def test_of_an_op(self) -> None:
        with pytest.raises(dg.DagsterInvalidDefinitionError, match="'_ctx' is annotated with OpExecutionContext"):

            @dg.op
            def made(_ctx: dg.OpExecutionContext) -> None: ...

    def test_of_a_check(self) -> None:
        with pytest.raises(dg.DagsterInvalidDefinitionError, match="rename 'c' to `context` and put it first"):

            @dg.asset_check(asset="a")
            def made(a: int, c: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult: ...


class TestWrittenOut:
    """`OpDefinition` of a function of the context and a dict of all inputs."""

    def test_inputs_are_one_dict(self) -> None:
        def compute(_context, inputs):
            yield dg.Output(inputs["a"] + inputs["b"])

        ins = {"a": dg.In(int), "b": dg.In(int, default_value=5)}
        add = dg.OpDefinition(compute, "add", ins=ins, outs={"result": dg.Out(int)})

        @dg.job
        def job():
            add(one())

        assert job.execute_in_process().output_for_node("add") == 6

    def test_any_iterator_is_of_results(self) -> None:
        made = dg.OpDefinition(lambda _, inputs: iter([dg.Output(inputs["n"] + 4)]), "made", ins={"n": dg.In()})

        @dg.job
        def job():
            made(one())

        assert job.execute_in_process().output_for_node("made") == 5

    def test_without_inputs_it_is_empty(self) -> None:
        made = dg.OpDefinition(compute_fn=lambda ctx, ins: (ctx.op_def.name, ins), name="made")

        @dg.job
        def job():
            made()

        assert job.execute_in_process().output_for_node("made") == ("made", {})


class Letter(dg.Config):
    a: str


class TestConfigured:
    @staticmethod
    def ran(made, config=None):  # type: ignore[no-untyped-def]
        @dg.job
        def job():
            made.alias("made")()

        run_config = {"ops": {"made": {"config": config}}} if config is not None else {}
        return job.execute_in_process(run_config=run_config).output_for_node("made")

    @staticmethod
    @dg.op(config_schema={"a": str})
    def by_schema(context):
        return context.op_config["a"]

    @staticmethod
    @dg.op
    def by_class(config: Letter) -> str:
        return config.a

    @pytest.mark.parametrize("kind", ["by_schema", "by_class"])
    def test_a_function_without_schema_needs_no_config(self, kind: str) -> None:
        made = dg.configured(getattr(self, kind), name="made")(lambda config: {"a": config.get("b", "own")})
        assert self.ran(made) == "own"
        assert self.ran(made, {"b": "given"}) == "given"

    @pytest.mark.parametrize("kind", ["by_schema", "by_class"])
    def test_a_function_with_schema_is_given_that(self, kind: str) -> None:
        @dg.configured(getattr(self, kind), config_schema={"n": int})
        def made(config):
            return {"a": str(config["n"])}

        assert self.ran(made, {"n": 3}) == "3"
        with pytest.raises(dg.DagsterInvalidConfigError):
            self.ran(made, {"a": "x"})

    @pytest.mark.parametrize("kind", ["by_schema", "by_class"])
    def test_fixed_config_needs_none(self, kind: str) -> None:
        assert self.ran(dg.configured(getattr(self, kind), name="made")({"a": "fixed"})) == "fixed"


class TestNamesOfTheImplicitJob:
    """It is stored under one name of ours, and found by the others: see `differs` in sections 21 and 25."""

    NAMES = ("__asset_job__", "__ASSET_JOB", "__ephemeral_asset_job__")

    @pytest.mark.parametrize("name", NAMES)
    def test_of_definitions(self, name: str) -> None:
        assert dg.Definitions(assets=[no_op]).resolve_job_def(name).execute_in_process().success

    @pytest.mark.parametrize("name", NAMES)
    def test_of_filters_of_runs(self, name: str) -> None:
        with dg.DagsterInstance.ephemeral() as instance:
            run_id = dg.materialize([no_op], instance=instance).run_id
            for found in (instance.get_runs(dg.RunsFilter(job_name=name)), instance.get_runs(job=name)):
                assert [run.run_id for run in found] == [run_id]

    @pytest.mark.parametrize("name", NAMES)
    def test_of_requests_of_sensors(self, name: str) -> None:
        @dg.sensor()
        def look():
            return dg.RunRequest(job_name=name, asset_selection=[no_op.key])

        [request] = look.evaluate_tick(dg.build_sensor_context()).run_requests
        assert request.job_name == "__asset_job__"


class TestRunsOfNothing:
    """A job may have no steps; a selection that selects nothing makes nothing."""

    @pytest.fixture(params=["alone", "kept"])
    def options(self, request):  # type: ignore[no-untyped-def]
        if request.param == "alone":
            yield {}
            return
        with dg.DagsterInstance.ephemeral() as instance:
            yield {"instance": instance}

    def test_a_job_without_ops(self, options) -> None:
        @dg.job
        def empty(): ...

        result = empty.execute_in_process(**options)
        assert result.success
        assert result.all_node_events == []

    def test_a_job_of_no_assets(self, options) -> None:
        job = dg.define_asset_job("empty", dg.AssetSelection.groups("nowhere"))
        defs = dg.Definitions(assets=[no_op], jobs=[job])
        assert defs.resolve_job_def("empty").execute_in_process(**options).all_node_events == []

    @pytest.mark.parametrize("assets", [[], [dg.AssetSpec("outside")]])
    def test_no_assets_that_can_be_made(self, assets, options) -> None:
        assert dg.materialize(assets, **options).all_node_events == []

    def test_a_selection_of_nothing_does_not_make_all(self, options) -> None:
        result = dg.materialize([no_op], selection=dg.AssetSelection.groups("nowhere"), **options)
        assert result.success
        assert result.all_node_events == []


class TestSmallThings:
    def test_job_events_by_their_names(self) -> None:
        @dg.job
        def job():
            one()

        result = job.execute_in_process()
        assert result.get_job_success_event() is result.get_run_success_event()
        with pytest.raises(dg.DagsterInvariantViolationError, match="did not fail"):
            result.get_job_failure_event()

    @pytest.mark.parametrize("passed", ["yes", None, 1])
    def test_a_verdict_is_true_or_false(self, passed) -> None:
        with pytest.raises(check.CheckError, match="takes True or False"):
            dg.AssetCheckResult(passed=passed)

    def test_a_verdict_may_be_of_a_library_of_arrays(self) -> None:
        numpy = pytest.importorskip("numpy")
        assert dg.AssetCheckResult(passed=numpy.bool_(1)).passed is True

    def test_metadata_of_another_kind_is_named(self) -> None:
        with pytest.raises(DagsterInvalidMetadata, match="'x': an object is not a metadata value"):
            dg.AssetMaterialization("a", metadata={"x": object()})

    def test_articles_in_messages(self) -> None:
        @dg.multi_asset(outs={"a": dg.AssetOut(), "b": dg.AssetOut()})
        def made():
            return 1

        with pytest.raises(dg.DagsterInvariantViolationError, match=r"\(a, b\) and returned an int:"):
            dg.materialize([made])
        with pytest.raises(dg.DagsterInvalidDefinitionError, match="valid name of an op"):
            dg.op(name="a b")(lambda: None)


class TestRepositories:
    def test_a_dict_may_hold_functions_that_make_what_it_names(self) -> None:
        @dg.job
        def job():
            one()

        def made():
            return dg.ScheduleDefinition(name="nightly", job=job, cron_schedule="0 0 * * *")

        @dg.repository
        def repo():
            return {"jobs": {"job": lambda: job}, "schedules": {"nightly": made}}

        assert repo.get_job("job").execute_in_process().success
        assert repo.has_schedule_def("nightly")

    def test_what_is_no_definition_is_told_with_the_place(self) -> None:
        def forgotten(): ...

        with pytest.raises(dg.DagsterInvalidDefinitionError, match=r"review.py:\d+: .*forgotten is no asset"):

            @dg.repository
            def repo():
                return [forgotten]


class TestPlacesOfMistakes:
    """What the engine finds wrong about a function while it runs names the function's file and line."""

    @pytest.mark.parametrize(
        ("value", "message"),
        [
            (lambda: 1, "Type check failed for step output"),
            (lambda: dg.AssetMaterialization("made"), "returned an AssetMaterialization"),
        ],
    )
    def test_of_what_is_returned(self, value, message: str) -> None:
        @dg.asset
        def made() -> str:
            return value()

        place = rf"See asset made at \S*test_29_review.py:{made.op.source.line}\."
        with pytest.raises(dg.DagsterError, match=f"{message}.*{place}"):
            dg.materialize([made])
        [failure] = dg.materialize([made], raise_on_error=False).get_step_failure_events()
        assert "See asset made at" in failure.step_failure_data.error.cause.message

    def test_of_what_is_yielded(self) -> None:
        @dg.op
        def made():
            yield 1

        @dg.job
        def job():
            made()

        with pytest.raises(dg.DagsterInvariantViolationError, match=r"made yielded an int.*See op made at \S+:\d+"):
            job.execute_in_process()

    def test_what_user_code_raises_stays_as_it_is(self) -> None:
        @dg.asset
        def made():
            raise dg.DagsterInvariantViolationError("own")

        with pytest.raises(dg.DagsterInvariantViolationError, match=r"^own$"):
            dg.materialize([made])

    @pytest.mark.parametrize("partitions", [None, dg.StaticPartitionsDefinition(["p"])])
    def test_of_partitions(self, partitions) -> None:
        @dg.asset(partitions_def=partitions)
        def made(): ...

        with pytest.raises(dg.DagsterError, match=r"The run is of asset made \(\S*test_29_review.py:\d+\)"):
            dg.materialize([made], partition_key="q")


class TestAssetGraph:
    def test_an_asset_and_what_is_around_it(self) -> None:
        @dg.asset(group_name="g", deps=[no_op])
        def down(): ...

        @dg.asset_check(asset=down)
        def check_it(): ...

        graph = dg.Definitions(assets=[no_op, down], asset_checks=[check_it]).resolve_asset_graph()
        assert graph.get_all_asset_keys() == {no_op.key, down.key}
        found = graph.get(down.key)
        assert (found.key, found.parent_keys, found.child_keys) == (down.key, {no_op.key}, set())
        assert (found.group_name, found.is_materializable, found.is_observable) == ("g", True, False)
        assert {key.name for key in found.check_keys} == {"check_it"}
        assert graph.get(no_op.key).child_keys == {down.key}
        with pytest.raises(dg.DagsterError, match="there is no asset nowhere"):
            graph.get(dg.AssetKey("nowhere"))


@dg.asset
def no_op() -> None: ...
