"""Section 19: op selection and executing again."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest
from dagster._check import CheckError

from rostrum import Instance


@dg.op
def one():
    return 1


@dg.op
def plus(x: int):
    return x + 1


@dg.op
def times(x: int):
    return x * 10


@dg.job
def chain():
    times(plus(one()))


@pytest.mark.parametrize(
    ("clauses", "steps"),
    [
        (["plus"], {"plus"}),
        (["*plus"], {"one", "plus"}),
        (["plus*"], {"plus", "times"}),
        (["+times"], {"plus", "times"}),
        (["++times"], {"one", "plus", "times"}),
        (["one+"], {"one", "plus"}),
        (["one", "times"], {"one", "times"}),
    ],
)
def test_clauses(clauses, steps):
    config = {"ops": {name: {"inputs": {"x": 5}} for name, needs in (("plus", "one"), ("times", "plus"))
                      if name in steps and needs not in steps}}  # fmt: skip
    result = chain.execute_in_process(op_selection=clauses, run_config=config)
    assert {event.step_key for event in result.get_step_success_events()} == steps


def test_unselected_upstream_inputs_become_required_config():
    with pytest.raises(dg.DagsterInvalidConfigError, match="x"):
        chain.execute_in_process(op_selection=["times"])
    config = {"ops": {"times": {"inputs": {"x": 4}}}}
    assert chain.execute_in_process(op_selection=["times"], run_config=config).output_for_node("times") == 40


def test_a_bare_text_is_refused():
    with pytest.raises(CheckError, match="op_selection"):
        chain.execute_in_process(op_selection="plus")


def test_row_43_unknown_op():
    with pytest.raises(dg.DagsterInvalidSubsetError, match="nope"):
        chain.execute_in_process(op_selection=["nope"])


def test_graphs_and_ops_in_graphs_can_be_selected():
    @dg.graph
    def inner(x):
        return plus(x)

    @dg.job
    def j():
        times(inner(one()))

    result = j.execute_in_process(op_selection=["*inner.plus"])
    assert {event.step_key for event in result.get_step_success_events()} == {"one", "inner.plus"}
    result = j.execute_in_process(op_selection=["*inner"])
    assert {event.step_key for event in result.get_step_success_events()} == {"one", "inner.plus"}


def test_subset_of_a_job():
    assert chain.get_subset(op_selection=["*plus"]).execute_in_process().output_for_node("plus") == 2


# --- executing again

_broken = Path("broken")


@dg.op(out=dg.DynamicOut(int))
def items():
    for n in range(3):
        yield dg.DynamicOutput(n, mapping_key=f"k{n}")


@dg.op
def maybe(n: int):
    if n == 1 and _broken.exists():
        raise ValueError("broken")
    return n


@dg.op
def total(ns):
    return sum(ns)


@dg.job(executor_def=dg.in_process_executor)
def mapped():
    total(items().map(maybe).collect())


@dg.op
def flaky(x: int):
    if _broken.exists():
        raise ValueError("broken")
    return x + 1


@dg.job(executor_def=dg.in_process_executor)
def straight():
    times(flaky(one()))


@pytest.fixture
def instance(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Instance.open(tmp_path / "home") as made:
        yield made


def ran(result):
    return {event.step_key for event in result.get_step_success_events()}


def test_execute_job_does_not_raise_by_default_and_is_a_context_manager(instance):
    _broken.touch()
    with dg.execute_job(dg.reconstructable(straight), instance) as result:
        assert isinstance(result, dg.JobExecutionResult)
        assert not result.success
    with pytest.raises(ValueError, match="broken"):
        dg.execute_job(dg.reconstructable(straight), instance, raise_on_error=True)


def test_values_are_loaded_from_storage(instance):
    with dg.execute_job(dg.reconstructable(straight), instance) as result:
        assert result.success
        assert result.output_for_node("times") == 20


def test_from_failure(instance):
    _broken.touch()
    first = dg.execute_job(dg.reconstructable(straight), instance)
    _broken.unlink()
    options = dg.ReexecutionOptions.from_failure(first.run_id, instance)
    assert list(options.step_selection) == ["flaky", "times"]
    second = dg.execute_job(dg.reconstructable(straight), instance, reexecution_options=options)
    assert second.success
    assert ran(second) == {"flaky", "times"}
    assert second.output_for_node("times") == 20
    run = instance.get_run_by_id(second.run_id)
    assert (run.parent_run_id, run.root_run_id) == (first.run_id, first.run_id)


def test_step_selection(instance):
    first = dg.execute_job(dg.reconstructable(straight), instance)
    options = dg.ReexecutionOptions(parent_run_id=first.run_id, step_selection=["times"])
    again = dg.execute_job(dg.reconstructable(straight), instance, reexecution_options=options)
    assert ran(again) == {"times"}
    assert again.output_for_node("times") == 20
    options = dg.ReexecutionOptions(parent_run_id=first.run_id, step_selection=["flaky*"])
    assert ran(dg.execute_job(dg.reconstructable(straight), instance, reexecution_options=options)) == {
        "flaky",
        "times",
    }


def test_from_failure_of_a_successful_run_is_an_empty_list(instance):
    first = dg.execute_job(dg.reconstructable(straight), instance)
    assert list(dg.ReexecutionOptions.from_failure(first.run_id, instance).step_selection) == []


def test_only_the_item_that_failed_is_executed_again(instance):
    _broken.touch()
    first = dg.execute_job(dg.reconstructable(mapped), instance)
    assert not first.success
    _broken.unlink()
    options = dg.ReexecutionOptions.from_failure(first.run_id, instance)
    assert set(options.step_selection) == {"maybe[k1]", "total"}
    second = dg.execute_job(dg.reconstructable(mapped), instance, reexecution_options=options)
    assert ran(second) == {"maybe[k1]", "total"}
    assert second.output_for_node("total") == 3


def test_one_item_can_be_selected(instance):
    first = dg.execute_job(dg.reconstructable(mapped), instance)
    options = dg.ReexecutionOptions(first.run_id, ["maybe[k2]"])
    again = dg.execute_job(dg.reconstructable(mapped), instance, reexecution_options=options)
    assert ran(again) == {"maybe[k2]"}
    third = dg.execute_job(
        dg.reconstructable(mapped), instance, reexecution_options=dg.ReexecutionOptions(again.run_id, ["total"])
    )
    assert third.output_for_node("total") == 3


def test_an_unknown_step_is_told(instance):
    first = dg.execute_job(dg.reconstructable(straight), instance)
    with pytest.raises(dg.DagsterExecutionStepNotFoundError, match="nope"):
        dg.execute_job(
            dg.reconstructable(straight), instance, reexecution_options=dg.ReexecutionOptions(first.run_id, ["nope"])
        )


def test_row_58_what_cannot_be_reconstructed():
    with pytest.raises(dg.DagsterInvariantViolationError, match="lambda"):
        dg.reconstructable(lambda: chain)

    @dg.job
    def local():
        one()

    with pytest.raises(dg.DagsterInvariantViolationError, match="top level"):
        dg.reconstructable(local)


def make(name="made"):
    return chain.graph.to_job(name=name, executor_def=dg.in_process_executor)


def test_functions_that_make_jobs(instance):
    with dg.execute_job(dg.reconstructable(make), instance) as result:
        assert result.output_for_node("times") == 20
    job = dg.build_reconstructable_job(__name__, "make", reconstructable_args=("other",))
    assert dg.execute_job(job, instance).success
    assert job.get_definition().name == "other"


def test_op_selection_of_execute_job(instance):
    with dg.execute_job(dg.reconstructable(straight), instance, op_selection=["*flaky"]) as result:
        assert ran(result) == {"one", "flaky"}


def test_the_default_executor_uses_processes(instance):
    with dg.execute_job(dg.reconstructable(chain), instance) as result:
        assert result.success, result.run.error
        assert result.output_for_node("times") == 20
        kinds = {event.event_type_value for event in result.all_events}
        assert {"STEP_WORKER_STARTING", "STEP_WORKER_STARTED"} <= kinds


def test_in_process_by_config(instance):
    config = {"execution": {"config": {"in_process": {}}}}
    with dg.execute_job(dg.reconstructable(chain), instance, run_config=config) as result:
        assert result.success
        assert "STEP_WORKER_STARTING" not in {event.event_type_value for event in result.all_events}


def test_differs_ephemeral_instances_and_processes():
    """The peer gives a failed result: its ephemeral instance lives in one process. Ours is asked over a line."""
    with dg.execute_job(dg.reconstructable(chain), Instance.ephemeral()) as result:
        assert result.success


def test_a_run_again_adds_no_tags_and_names_its_steps(instance):
    first = dg.execute_job(dg.reconstructable(straight), instance, tags={"a": "b"})
    options = dg.ReexecutionOptions(parent_run_id=first.run_id, step_selection=["times"])
    again = instance.get_run_by_id(
        dg.execute_job(dg.reconstructable(straight), instance, reexecution_options=options).run_id
    )
    assert list(again.step_keys_to_execute) == ["times"]
    assert set(again.tags) <= {"a"}
