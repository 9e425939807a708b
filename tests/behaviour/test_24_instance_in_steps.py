"""What a running step may ask of runs, through `context.instance`."""

from __future__ import annotations

import dagster as dg
import pytest


def test_a_step_asks_for_its_own_run_and_for_others() -> None:
    told: dict[str, object] = {}

    @dg.op(config_schema={"token": str})
    def ask(context: dg.OpExecutionContext) -> None:
        instance = context.instance
        own = instance.get_run_by_id(context.run_id)
        assert own is not None
        told["own"] = (own.run_id, own.job_name, own.tags["team"])
        told["config"] = own.run_config
        told["missing"] = instance.get_run_by_id("nothing")
        told["of_job"] = [run.run_id for run in instance.get_runs(dg.RunsFilter(job_name="first"))]
        told["by_tag"] = len(instance.get_runs(dg.RunsFilter(tags={"team": "data"}), limit=1))
        told["records"] = len(instance.get_run_records())
        told["has"] = instance.has_run(context.run_id)

    @dg.op
    def nothing() -> None: ...

    @dg.job
    def first() -> None:
        nothing()

    @dg.job(tags={"team": "data"})
    def second() -> None:
        ask()

    with dg.DagsterInstance.ephemeral() as instance:
        before = first.execute_in_process(instance=instance)
        config = {"ops": {"ask": {"config": {"token": "of this run"}}}}
        run = second.execute_in_process(instance=instance, run_config=config)
        assert run.success
        assert told == {
            "own": (run.run_id, "second", "data"),
            "config": {},  # what a run was given is not told to others
            "missing": None,
            "of_job": [before.run_id],
            "by_tag": 1,
            "records": 2,
            "has": True,
        }


def test_without_an_instance_a_step_knows_its_own_run_only() -> None:
    @dg.asset
    def ask(context: dg.AssetExecutionContext) -> None:
        (run,) = context.instance.get_runs()
        assert run.run_id == context.run_id
        assert context.instance.get_run_record_by_id(run.run_id).dagster_run == run
        with pytest.raises(AttributeError, match="no 'wipe'"):
            context.instance.wipe()

    assert dg.materialize([ask]).success
