"""Section 8: ops in graphs and jobs: names, handles, fan-in, nesting, outputs of graphs."""

from __future__ import annotations

import dagster as dg
import pytest


@dg.op
def one():
    return 1


@dg.op
def add(x, y):
    return x + y


@dg.op
def double(x):
    return x * 2


@dg.op
def total(xs):
    return sum(xs)


def test_inputs_come_from_parameters_context_first_and_config_apart():
    class Settings(dg.Config):
        n: int = 3

    @dg.op
    def uses(context, config: Settings, x):
        return (context.op_config, config.n + x)

    @dg.job
    def j():
        uses(one())

    result = j.execute_in_process(run_config={"ops": {"uses": {"config": {"n": 5}}}})
    assert result.output_for_node("uses")[1] == 6
    assert list(uses.ins) == ["x"]


def test_row_25_in_for_a_name_that_is_no_parameter():
    with pytest.raises(dg.DagsterInvalidDefinitionError, match="nope"):

        @dg.op(ins={"nope": dg.In(int)})
        def bad(x):
            return x

    @dg.op(ins={"more": dg.In(int)})
    def taken(x, **kwargs):
        return (x, kwargs)

    @dg.op(ins={"start": dg.In(dg.Nothing)})
    def ordered(x):
        return x

    assert list(taken.ins) == ["x", "more"]
    assert list(ordered.ins) == ["x", "start"]


def test_named_in_of_kwargs_is_given():
    @dg.op(ins={"more": dg.In(int)})
    def taken(**kwargs):
        return kwargs

    @dg.job
    def j():
        taken(more=one())

    assert j.execute_in_process().output_for_node("taken") == {"more": 1}


def test_parameter_defaults_become_input_defaults():
    @dg.op
    def plus(x, y=10):
        return x + y

    @dg.job
    def j():
        plus(one())

    assert j.execute_in_process().output_for_node("plus") == 11


def test_in_default_value():
    @dg.op(ins={"y": dg.In(int, default_value=5)})
    def plus(y):
        return y

    @dg.job
    def j():
        plus()

    assert j.execute_in_process().output_for_node("plus") == 5


def test_default_output_name_is_result():
    assert list(one.outs) == ["result"]


def test_several_outs_by_tuple_and_by_yield():
    @dg.op(out={"a": dg.Out(int), "b": dg.Out(str)})
    def pair():
        return 1, "x"

    @dg.op(out={"a": dg.Out(int), "b": dg.Out(str)})
    def yielded():
        yield dg.Output("x", "b")
        yield dg.Output(1, "a")

    @dg.job
    def j():
        a, _ = pair()
        double(a)
        double(yielded().a)

    result = j.execute_in_process()
    assert result.output_for_node("pair", "b") == "x"
    assert result.output_for_node("double") == 2
    assert result.output_for_node("double_2") == 2


@pytest.mark.parametrize("made", [(1, 2, 3), (1,), 1, None, dg.AssetMaterialization("x")])
def test_row_35_wrong_returns_of_several_outs(made):
    @dg.op(out={"a": dg.Out(), "b": dg.Out()})
    def pair():
        return made

    @dg.job
    def j():
        pair()

    with pytest.raises(dg.DagsterInvariantViolationError):
        j.execute_in_process()


def test_row_35_unknown_doubled_and_raw_yields():
    @dg.op(out={"a": dg.Out(), "b": dg.Out(is_required=False)})
    def unknown():
        yield dg.Output(1, "zzz")

    @dg.op(out={"a": dg.Out(), "b": dg.Out(is_required=False)})
    def doubled():
        yield dg.Output(1, "a")
        yield dg.Output(2, "a")

    @dg.op
    def raw():
        yield 1

    for each in (unknown, doubled, raw):

        @dg.job
        def j():
            each()  # noqa: B023

        with pytest.raises(dg.DagsterInvariantViolationError):
            j.execute_in_process()


def test_row_34_missing_required_output():
    @dg.op(out={"a": dg.Out(), "b": dg.Out()})
    def half():
        yield dg.Output(1, "a")

    @dg.job
    def j():
        half()

    with pytest.raises(dg.DagsterStepOutputNotFoundError, match="did not return an output for non-optional output"):
        j.execute_in_process()


def test_tuple_annotation_gives_each_out_its_type():
    @dg.op(out={"a": dg.Out(), "b": dg.Out()})
    def pair() -> tuple[int, str]:
        return (1, 2)  # type: ignore[return-value]

    @dg.job
    def j():
        pair()

    with pytest.raises(dg.DagsterTypeCheckDidNotPass):
        j.execute_in_process()


def test_single_out_annotated_as_a_tuple_is_one_output():
    @dg.op
    def pair() -> tuple[int, str]:
        return (1, "x")

    @dg.job
    def j():
        pair()

    assert j.execute_in_process().output_for_node("pair") == (1, "x")


def test_an_optional_output_that_is_not_yielded_skips_what_is_downstream():
    @dg.op(out=dg.Out(is_required=False))
    def maybe():
        if False:
            yield dg.Output(1)

    @dg.job
    def j():
        double(double(maybe()))

    result = j.execute_in_process()
    assert result.success
    assert result.is_node_skipped("double")
    assert result.is_node_skipped("double_2")


def test_handles_are_no_values():
    with pytest.raises(TypeError):

        @dg.job
        def arithmetic():
            one() + 1


@pytest.mark.parametrize("value", [1, "text", None, {"a": 1}])
def test_row_32_constants_are_rejected(value):
    with pytest.raises(dg.DagsterInvalidDefinitionError, match="received invalid type"):

        @dg.job
        def j():
            double(value)


@pytest.mark.parametrize("value", [1, "text", object()])
def test_row_32_constant_returned(value):
    with pytest.raises(dg.DagsterInvalidDefinitionError, match="returned problematic value"):

        @dg.graph
        def g():
            one()
            return value


def test_a_list_of_handles_is_fan_in():
    @dg.job
    def j():
        total([one(), one(), double(one())])

    assert j.execute_in_process().output_for_node("total") == 4


def test_handles_of_several_outs_have_names_and_places():
    seen = []

    @dg.op(out={"a": dg.Out(), "b": dg.Out()})
    def pair():
        return 1, 2

    @dg.job
    def j():
        made = pair()
        seen.append((made.a is made[0], made.b is made[1], len(made)))
        double(made.b)

    assert seen == [(True, True, 2)]
    assert j.execute_in_process().output_for_node("double") == 4


def test_one_alias_twice_is_an_error():
    with pytest.raises(dg.DagsterInvalidDefinitionError, match="uno"):

        @dg.job
        def j():
            one.alias("uno")()
            one.alias("uno")()


def test_a_list_of_one_is_a_list():
    @dg.job
    def j():
        total([one()])

    assert j.execute_in_process().output_for_node("total") == 1


def test_repeated_uses_are_numbered():
    @dg.job
    def j():
        one()
        one()
        one()

    result = j.execute_in_process()
    assert [result.output_for_node(name) for name in ("one", "one_2", "one_3")] == [1, 1, 1]


def test_alias_tag_hooks_and_retry_policy_of_a_use():
    seen = []

    @dg.success_hook
    def note(context):
        seen.append(context.step_key)

    tries = []

    @dg.op
    def flaky():
        tries.append(1)
        if len(tries) < 3:
            raise ValueError("again")
        return len(tries)

    @dg.job
    def j():
        one.alias("uno").tag({"k": {"x": 1}, "plain": "y"}).with_hooks({note})()
        flaky.with_retry_policy(dg.RetryPolicy(max_retries=2))()

    assert j.graph.node_dict["uno"].tags == {"k": '{"x": 1}', "plain": "y"}
    result = j.execute_in_process()
    assert result.output_for_node("uno") == 1
    assert result.output_for_node("flaky") == 3
    assert seen == ["uno"]
    assert result.retry_attempts_for_node("flaky") == 2


def test_auto_name_that_is_an_alias():
    with pytest.raises(dg.DagsterInvalidDefinitionError, match="one_2"):

        @dg.job
        def j():
            one.alias("one_2")()
            one()
            one()


def test_row_05_two_ops_of_one_name_in_a_job():
    @dg.op(name="one")
    def other():
        return 2

    with pytest.raises(dg.DagsterInvalidDefinitionError, match="conflicting node definitions with the same name"):

        @dg.job
        def j():
            one()
            other()


def test_row_05_also_in_a_nested_graph():
    @dg.op(name="one")
    def other():
        return 2

    @dg.graph
    def inner():
        return other()

    with pytest.raises(dg.DagsterInvalidDefinitionError, match="conflicting node definitions"):

        @dg.job
        def j():
            one()
            inner()


def test_row_04_two_ops_of_one_name_across_jobs_and_an_op_named_as_an_asset():
    @dg.op(name="one")
    def other():
        return 2

    @dg.job
    def first():
        one()

    @dg.job
    def second():
        other()

    with pytest.raises(dg.DagsterInvalidDefinitionError, match=r"[Cc]onflicting definitions"):
        dg.Definitions.validate_loadable(dg.Definitions(jobs=[first, second]))

    @dg.asset(name="one")
    def an_asset():
        return 1

    with pytest.raises(dg.DagsterInvalidDefinitionError):
        dg.Definitions.validate_loadable(dg.Definitions(jobs=[first], assets=[an_asset]))


def test_row_03_two_jobs_of_one_name():
    @dg.job(name="same")
    def first():
        one()

    @dg.job(name="same")
    def second():
        double(one())

    with pytest.raises(dg.DagsterInvalidDefinitionError, match="Duplicate job definition found"):
        dg.Definitions.validate_loadable(dg.Definitions(jobs=[first, second]))


@dg.graph
def inner():
    return double(one())


def test_nested_graphs_have_dotted_step_keys():
    @dg.job
    def j():
        double.alias("outside")(inner())

    result = j.execute_in_process()
    assert result.output_for_node("inner.double") == 2
    assert result.output_for_node("outside") == 4
    assert {event.step_key for event in result.get_step_success_events()} == {"inner.one", "inner.double", "outside"}


@pytest.mark.parametrize("form", ["dict", "tuple"])
def test_graph_with_declared_outs(form):
    @dg.graph(out={"p": dg.GraphOut(), "q": dg.GraphOut()})
    def g():
        a, b = one(), double(one())
        return {"p": a, "q": b} if form == "dict" else (a, b)

    result = g.execute_in_process()
    assert result.output_value("p") == 1
    assert result.output_value("q") == 2

    @dg.job
    def j():
        outs = g()
        add(outs.p, outs.q)

    assert j.execute_in_process().output_for_node("add") == 3


def test_a_dict_without_declared_outs_is_an_error():
    with pytest.raises(dg.DagsterInvalidDefinitionError):

        @dg.graph
        def g():
            return {"p": one()}


def test_to_job_and_execute_in_process_with_input_values():
    @dg.graph
    def g(x):
        return double(x)

    assert g.execute_in_process(input_values={"x": 4}).output_value() == 8
    assert g.to_job(name="named").name == "named"
    assert g.to_job(input_values={"x": 3}).execute_in_process().output_value() == 6


def test_graph_output_value_by_name():
    @dg.graph
    def g():
        return one()

    assert g.execute_in_process().output_value(output_name="result") == 1


def test_job_inputs_by_input_values_and_by_run_config():
    @dg.op
    def typed(x: int) -> int:
        return x

    @dg.job
    def j(x):
        typed(x)

    assert j.execute_in_process(input_values={"x": 4}).output_for_node("typed") == 4
    assert j.execute_in_process(run_config={"inputs": {"x": {"value": 5}}}).output_for_node("typed") == 5

    @dg.job(input_values={"x": 7})
    def filled(x):
        typed(x)

    assert filled.execute_in_process().output_for_node("typed") == 7
    assert filled.execute_in_process(input_values={"x": 8}).output_for_node("typed") == 8


@dg.op(ins={"start": dg.In(dg.Nothing)})
def after():
    return "after"


def test_nothing_by_name_by_position_and_as_a_list():
    @dg.job
    def j():
        after(start=one())
        after(one())
        after(start=[one(), one()])

    result = j.execute_in_process()
    for key in ("after", "after_2", "after_3"):
        assert result.output_for_node(key) == "after"
        kinds = {event.event_type_value for event in result.events_for_node(key)}
        assert not kinds & {"LOADED_INPUT", "STEP_INPUT"}


def test_a_value_for_a_nothing_output_fails_the_type_check():
    @dg.op(out=dg.Out(dg.Nothing))
    def silent():
        return 1

    @dg.job
    def j():
        silent()

    with pytest.raises(dg.DagsterTypeCheckDidNotPass, match="Type check failed for step output 'result'"):
        j.execute_in_process()


def test_async_ops_and_async_generators():
    @dg.op
    async def later(x):
        return x + 1

    @dg.op(out={"a": dg.Out(), "b": dg.Out()})
    async def several():
        yield dg.Output(1, "a")
        yield dg.Output(2, "b")

    @dg.job
    def j():
        later(several().b)

    assert j.execute_in_process().output_for_node("later") == 3


def test_calling_an_op_outside_of_a_graph_runs_it():
    assert add(1, 2) == 3
    assert add(1, y=2) == 3


def test_row_52_direct_calls():
    @dg.op
    def with_context(context):
        return context.run_id

    with pytest.raises(dg.DagsterInvalidInvocationError, match="has context argument, but no context was provided"):
        with_context()
    with pytest.raises(dg.DagsterInvalidInvocationError, match="No value provided for required input"):
        add(1)
    assert with_context(dg.build_op_context()) == "EPHEMERAL"


def test_row_31_unsatisfied_inputs_need_config():
    @dg.job
    def j():
        double()

    with pytest.raises(dg.DagsterInvalidConfigError, match="ops"):
        j.execute_in_process()


def test_scalar_inputs_take_raw_values_and_any_takes_the_selector():
    @dg.op
    def typed(x: int):
        return x

    @dg.job
    def j():
        typed()

    @dg.job
    def untyped():
        double()

    for config in ({"x": 3}, {"x": {"value": 3}}):
        assert j.execute_in_process(run_config={"ops": {"typed": {"inputs": config}}}).output_for_node("typed") == 3
    config = {"ops": {"double": {"inputs": {"x": {"value": 4}}}}}
    assert untyped.execute_in_process(run_config=config).output_for_node("double") == 8


def test_types_of_connected_ops_are_checked_when_the_input_is_given():
    @dg.op
    def text(x: str):
        return x

    @dg.job
    def j():
        text(one())

    with pytest.raises(dg.DagsterTypeCheckDidNotPass, match="Type check failed for step input"):
        j.execute_in_process()


def test_job_config_is_merged_deeply():
    @dg.op(config_schema={"n": int})
    def a(context):
        return context.op_config["n"]

    @dg.op(config_schema={"n": int})
    def b(context):
        return context.op_config["n"]

    @dg.job(config={"ops": {"a": {"config": {"n": 1}}, "b": {"config": {"n": 2}}}})
    def j():
        a()
        b()

    result = j.execute_in_process(run_config={"ops": {"b": {"config": {"n": 9}}}})
    assert (result.output_for_node("a"), result.output_for_node("b")) == (1, 9)


def test_job_config_as_run_config_object():
    class Settings(dg.Config):
        n: int

    @dg.op
    def a(config: Settings):
        return config.n

    @dg.job(config=dg.RunConfig(ops={"a": Settings(n=4)}))
    def j():
        a()

    assert j.execute_in_process().output_for_node("a") == 4


def test_nested_graph_config_shape():
    class Settings(dg.Config):
        n: int

    @dg.op
    def a(config: Settings):
        return config.n

    @dg.graph
    def g():
        return a()

    @dg.job
    def j():
        g()

    config = {"ops": {"g": {"ops": {"a": {"config": {"n": 6}}}}}}
    assert j.execute_in_process(run_config=config).output_for_node("g.a") == 6


def test_config_mapping_on_a_job_is_the_root():
    @dg.op(config_schema={"n": int})
    def a(context):
        return context.op_config["n"]

    @dg.config_mapping(config_schema={"simple": int})
    def mapping(config):
        return {"ops": {"a": {"config": {"n": config["simple"]}}}}

    @dg.job(config=mapping)
    def j():
        a()

    assert j.execute_in_process(run_config={"simple": 4}).output_for_node("a") == 4
    with pytest.raises(dg.DagsterInvalidConfigError):
        j.execute_in_process(run_config={"simple": "text"})


def test_config_mapping_with_an_annotated_parameter():
    class Simple(dg.Config):
        simple: int

    @dg.op(config_schema={"n": int})
    def a(context):
        return context.op_config["n"]

    @dg.config_mapping
    def mapping(config: Simple):
        return {"ops": {"a": {"config": {"n": config.simple}}}}

    @dg.job(config=mapping)
    def j():
        a()

    assert j.execute_in_process(run_config={"simple": 4}).output_for_node("a") == 4


def test_config_mapping_on_a_graph_is_under_its_config():
    @dg.op(config_schema={"n": int})
    def a(context):
        return context.op_config["n"]

    @dg.config_mapping(config_schema={"simple": int})
    def mapping(config):
        return {"a": {"config": {"n": config["simple"]}}}

    @dg.graph(config=mapping)
    def g():
        return a()

    @dg.job
    def j():
        g()

    assert j.execute_in_process(run_config={"ops": {"g": {"config": {"simple": 5}}}}).output_for_node("g.a") == 5


def test_partitioned_config_of_a_job():
    @dg.op(config_schema={"day": str})
    def a(context):
        return context.op_config["day"]

    @dg.static_partitioned_config(partition_keys=["x", "y"])
    def by_key(key):
        return {"ops": {"a": {"config": {"day": key}}}}

    @dg.job(config=by_key)
    def j():
        a()

    assert j.execute_in_process(partition_key="y").output_for_node("a") == "y"


def test_configured_fixes_config_and_takes_the_functions_name():
    @dg.op(config_schema={"n": int})
    def a(context):
        return context.op_config["n"]

    fixed = dg.configured(a, name="fixed")({"n": 3})

    @dg.configured(a, config_schema={"half": int})
    def doubled(config):
        return {"n": config["half"] * 2}

    @dg.job
    def j():
        fixed()
        doubled()
        a.configured({"n": 7}, name="seven")()

    result = j.execute_in_process(run_config={"ops": {"doubled": {"config": {"half": 4}}}})
    assert [result.output_for_node(name) for name in ("fixed", "doubled", "seven")] == [3, 8, 7]


def test_graphs_written_out():
    graph = dg.GraphDefinition(
        "written",
        node_defs=[one, add, double],
        dependencies={
            dg.NodeInvocation("one", alias="first"): {},
            dg.NodeInvocation("one", alias="second"): {},
            "add": {"x": dg.DependencyDefinition("first"), "y": dg.DependencyDefinition("second")},
        },
        input_mappings=[dg.InputMapping("start", "double", "x")],
        output_mappings=[dg.OutputMapping("sum", "add", "result"), dg.OutputMapping("twice", "double", "result")],
    )
    result = graph.execute_in_process(input_values={"start": 5})
    assert result.output_value("sum") == 2
    assert result.output_value("twice") == 10


def test_fan_in_written_out():
    graph = dg.GraphDefinition(
        "fanned",
        node_defs=[one, total],
        dependencies={
            dg.NodeInvocation("one", alias="a"): {},
            dg.NodeInvocation("one", alias="b"): {},
            "total": {"xs": dg.MultiDependencyDefinition([dg.DependencyDefinition("a"), dg.DependencyDefinition("b")])},
        },
    )
    assert graph.execute_in_process().output_for_node("total") == 2


def test_a_graph_that_is_called_alone_says_what_to_do():
    with pytest.raises(dg.DagsterInvariantViolationError, match="to_job"):
        inner()


@pytest.mark.parametrize("annotation", [dg.AssetExecutionContext, int])
def test_row_27_context_of_an_op(annotation):
    def wrong(context):
        return context

    wrong.__annotations__["context"] = annotation
    with pytest.raises(dg.DagsterInvalidDefinitionError, match="Cannot annotate"):
        dg.op(wrong)

    @dg.op
    def right(context: dg.OpExecutionContext):
        return context.op_def.name

    @dg.job
    def j():
        right()

    assert j.execute_in_process().output_for_node("right") == "right"


def test_row_28_annotations_that_cannot_be_checked():
    import typing

    with pytest.raises(dg.DagsterInvalidDefinitionError, match="Problem using type"):

        @dg.op
        def union() -> typing.Union[int, str]:  # noqa: UP007 - as users write it
            return 1


def test_row_55_lookups_in_results():
    @dg.job
    def j():
        one()

    result = j.execute_in_process()
    with pytest.raises(dg.DagsterInvariantViolationError):
        result.output_for_node("nope")
    with pytest.raises(dg.DagsterInvariantViolationError, match="No outputs found"):
        result.output_for_node("one", "nope")


def test_row_36_output_type():
    @dg.op(out=dg.Out(str))
    def wrong():
        return 1

    @dg.job
    def j():
        wrong()

    with pytest.raises(dg.DagsterTypeCheckDidNotPass, match="Type check failed for step output"):
        j.execute_in_process()


def test_row_23_reserved_names():
    for name in ("conf", "input", "a-b", "None"):
        with pytest.raises(dg.DagsterInvalidDefinitionError):
            dg.op(name=name)(lambda: None)
        with pytest.raises(dg.DagsterInvalidDefinitionError):
            one.alias(name)


def test_properties_of_ops_graphs_and_jobs():
    assert one.compute_fn() == 1
    assert add.positional_inputs == ["x", "y"]
    assert isinstance(one, dg.OpDefinition)
    assert isinstance(inner, dg.GraphDefinition)
    job = inner.to_job(
        name="told", description="d", tags={"a": "b"}, metadata={"m": 1}, owners=["team:x"], run_tags={"r": "s"}
    )
    assert isinstance(job, dg.JobDefinition)
    assert (job.name, job.description, job.tags, job.run_tags) == ("told", "d", {"a": "b"}, {"r": "s"})
    assert job.metadata["m"] is not None
    assert list(job.owners) == ["team:x"]
    assert isinstance(one.alias("x"), dg.PendingNodeInvocation)
    assert job.graph is inner
    assert {each.name for each in job.all_node_defs} == {"one", "double"}


def test_tags_of_jobs_reach_their_runs():
    @dg.job(tags={"a": "b"}, run_tags={"r": "s"})
    def j():
        one()

    run = j.execute_in_process(tags={"t": {"x": 1}}).dagster_run
    assert run.tags["r"] == "s"
    assert "a" not in run.tags
    assert run.tags["t"] == '{"x": 1}'


def test_jobs_with_other_parts():
    seen = []

    @dg.success_hook
    def note(context):
        seen.append(context.step_key)

    @dg.op(required_resource_keys={"r"})
    def uses(context):
        return context.resources.r

    @dg.job(resource_defs={"r": dg.ResourceDefinition.hardcoded_resource(1)})
    def j():
        uses()

    assert j.execute_in_process().output_for_node("uses") == 1
    assert j.execute_in_process(resources={"r": 2}).output_for_node("uses") == 2
    changed = j.with_hooks({note}).with_top_level_resources({"r": 3, "other": 4}).with_metadata({"x": 1})
    assert changed.execute_in_process().output_for_node("uses") == 1
    assert seen == ["uses"]
    assert j.hook_defs == frozenset()


def test_an_op_written_out():
    def compute(context, x):
        return context.op_config["n"] + x

    written = dg.OpDefinition(
        compute, "written", ins={"x": dg.In(int)}, outs={"result": dg.Out(int)}, config_schema={"n": int}
    )

    @dg.job
    def j():
        written(one())

    assert j.execute_in_process(run_config={"ops": {"written": {"config": {"n": 2}}}}).output_for_node("written") == 3


def test_validate_run_config_resolves_mappings():
    @dg.op(config_schema={"n": int})
    def a(context):
        return context.op_config["n"]

    @dg.config_mapping(config_schema={"simple": int})
    def mapping(config):
        return {"a": {"config": {"n": config["simple"]}}}

    @dg.graph(config=mapping)
    def g():
        return a()

    @dg.job
    def j():
        g()

    full = dg.validate_run_config(j, {"ops": {"g": {"config": {"simple": 5}}}})
    assert full["ops"]["g"]["ops"]["a"]["config"] == {"n": 5}
    assert {"execution", "loggers", "resources"} <= set(full)


def test_a_config_mapping_that_raises_is_told():
    @dg.op(config_schema={"n": int})
    def a(context):
        return context.op_config["n"]

    @dg.config_mapping(config_schema={"simple": int})
    def mapping(config):
        raise ValueError("in the mapping")

    @dg.job(config=mapping)
    def j():
        a()

    with pytest.raises(dg.DagsterConfigMappingFunctionError, match="in the mapping") as told:
        j.execute_in_process(run_config={"simple": 1})
    assert isinstance(told.value.user_exception, ValueError)


def test_nested_graphs_with_aliases_and_config():
    @dg.op(config_schema={"n": int})
    def a(context):
        return context.op_config["n"]

    @dg.graph
    def low():
        return a()

    @dg.graph
    def high():
        return low.alias("renamed")()

    @dg.job
    def j():
        high()

    config = {"ops": {"high": {"ops": {"renamed": {"ops": {"a": {"config": {"n": 3}}}}}}}}
    assert j.execute_in_process(run_config=config).output_for_node("high.renamed.a") == 3
