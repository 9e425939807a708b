"""Section 24: DagsterInstance."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest


@dg.asset(code_version="v1")
def counted() -> dg.MaterializeResult:
    return dg.MaterializeResult(metadata={"rows": 3})


@dg.asset
def plain() -> int:
    return 1


@dg.asset(partitions_def=dg.StaticPartitionsDefinition(["a", "b", "c"]))
def parted(context: dg.AssetExecutionContext) -> None:
    if context.partition_key == "b":
        raise ValueError("no b")


@pytest.fixture
def instance() -> Iterator[Any]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def test_dynamic_partitions(instance: Any) -> None:
    instance.add_dynamic_partitions("names", ["x", "y"])
    instance.add_dynamic_partitions("names", ["y", "z"])
    assert list(instance.get_dynamic_partitions("names")) == ["x", "y", "z"]
    assert instance.has_dynamic_partition("names", "x")
    instance.delete_dynamic_partition("names", "x")
    assert not instance.has_dynamic_partition("names", "x")


def test_the_latest_materialization_is_an_entry_of_the_log(instance: Any) -> None:
    assert instance.get_latest_materialization_event(dg.AssetKey("counted")) is None
    result = dg.materialize([counted], instance=instance)
    entry = instance.get_latest_materialization_event(dg.AssetKey("counted"))
    assert isinstance(entry, dg.EventLogEntry)
    assert entry.run_id == result.run_id
    assert entry.asset_materialization.metadata["rows"].value == 3
    assert entry.dagster_event.event_type == dg.DagsterEventType.ASSET_MATERIALIZATION
    assert entry.timestamp > 1_600_000_000


def test_materializations_are_fetched_in_pages(instance: Any) -> None:
    for _ in range(3):
        dg.materialize([counted], instance=instance)
    first = instance.fetch_materializations(dg.AssetKey("counted"), limit=2)
    assert isinstance(first, dg.EventRecordsResult)
    assert (len(first.records), first.has_more) == (2, True)
    assert first.records[0].storage_id > first.records[1].storage_id
    rest = instance.fetch_materializations(dg.AssetKey("counted"), limit=2, cursor=first.cursor)
    assert (len(rest.records), rest.has_more) == (1, False)
    up = instance.fetch_materializations(dg.AssetKey("counted"), limit=5, ascending=True).records
    assert [record.storage_id for record in up] == sorted(record.storage_id for record in up)


def test_materializations_of_some_partitions(instance: Any) -> None:
    for key in "ac":
        dg.materialize([parted], partition_key=key, instance=instance)
    wanted = dg.AssetRecordsFilter(asset_key=dg.AssetKey("parted"), asset_partitions=["c"])
    (record,) = instance.fetch_materializations(wanted, limit=10).records
    assert record.partition_key == "c"
    assert record.asset_materialization.partition == "c"


def test_observations_are_fetched(instance: Any) -> None:
    instance.report_runless_asset_event(dg.AssetObservation("seen", metadata={"n": 1}))
    (record,) = instance.fetch_observations(dg.AssetKey("seen"), limit=1).records
    assert record.asset_observation.metadata["n"].value == 1


def test_changes_of_runs_are_fetched(instance: Any) -> None:
    good = dg.materialize([plain], instance=instance)
    dg.materialize([parted], partition_key="b", instance=instance, raise_on_error=False)
    (record,) = instance.fetch_run_status_changes(dg.DagsterEventType.RUN_SUCCESS, limit=10).records
    assert record.run_id == good.run_id
    wanted = dg.RunStatusChangeRecordsFilter(dg.DagsterEventType.RUN_FAILURE, job_names=["other"])
    assert not instance.fetch_run_status_changes(wanted, limit=10).records


def test_event_records(instance: Any) -> None:
    result = dg.materialize([counted, plain], instance=instance)
    made = instance.get_event_records(
        dg.EventRecordsFilter(dg.DagsterEventType.ASSET_MATERIALIZATION, asset_key=dg.AssetKey("counted"))
    )
    assert [(record.asset_key, record.run_id) for record in made] == [(dg.AssetKey("counted"), result.run_id)]
    started = instance.get_event_records(dg.EventRecordsFilter(dg.DagsterEventType.STEP_START), limit=1)
    assert [record.event_log_entry.step_key for record in started] == ["plain"]


def test_runless_events_have_no_run(instance: Any) -> None:
    instance.report_runless_asset_event(dg.AssetMaterialization("outside", metadata={"rows": 1}, partition="p"))
    entry = instance.get_latest_materialization_event(dg.AssetKey("outside"))
    assert entry.run_id == ""
    assert entry.asset_materialization.metadata["rows"].value == 1
    assert instance.get_materialized_partitions(dg.AssetKey("outside")) == {"p"}


def test_asset_keys(instance: Any) -> None:
    for key in ("b", ["a", "x"], ["a", "y"]):
        instance.report_runless_asset_event(dg.AssetMaterialization(key))
    assert [key.to_user_string() for key in instance.get_asset_keys()] == ["a/x", "a/y", "b"]
    assert [key.to_user_string() for key in instance.get_asset_keys(prefix=["a"], limit=1)] == ["a/x"]
    assert instance.has_asset_key(dg.AssetKey("b"))
    assert not instance.has_asset_key(dg.AssetKey("c"))


def test_asset_records(instance: Any) -> None:
    result = dg.materialize([counted], instance=instance)
    (record,) = instance.get_asset_records([dg.AssetKey("counted")])
    assert record.asset_entry.asset_key == dg.AssetKey("counted")
    assert record.asset_entry.last_run_id == result.run_id
    assert record.asset_entry.last_materialization.asset_materialization.metadata["rows"].value == 3
    assert instance.get_asset_records([dg.AssetKey("unknown")]) == []


def test_code_versions(instance: Any) -> None:
    dg.materialize([counted], instance=instance)
    keys = [dg.AssetKey("counted"), dg.AssetKey("unknown")]
    assert instance.get_latest_materialization_code_versions(keys) == {keys[0]: "v1", keys[1]: None}


def test_without_a_code_version_it_is_the_run_s_id(instance: Any) -> None:
    result = dg.materialize([plain], instance=instance)
    tags = instance.get_latest_materialization_event(dg.AssetKey("plain")).asset_materialization.tags
    assert tags["dagster/code_version"] == result.run_id


def test_runs(instance: Any) -> None:
    result = dg.materialize([plain], instance=instance, tags={"team": "x"})
    run = instance.get_run_by_id(result.run_id)
    assert isinstance(run, dg.DagsterRun)
    assert run.status == dg.DagsterRunStatus.SUCCESS
    assert dg.DagsterRunStatus.SUCCESS == run.status  # noqa: SIM300 - equal from both sides
    assert isinstance(run.status, dg.DagsterRunStatus)
    assert run.is_finished
    assert run.tags["team"] == "x"
    assert instance.get_run_by_id("nope") is None


def test_runs_are_found_by_a_filter(instance: Any) -> None:
    good = dg.materialize([plain], instance=instance, tags={"team": "x"})
    bad = dg.materialize([parted], partition_key="b", instance=instance, raise_on_error=False)

    def found(**wanted: Any) -> list[str]:
        return [run.run_id for run in instance.get_runs(filters=dg.RunsFilter(**wanted))]

    assert found() == [bad.run_id, good.run_id]
    assert found(statuses=[dg.DagsterRunStatus.FAILURE]) == [bad.run_id]
    assert found(tags={"team": "x"}) == [good.run_id]
    assert found(tags={"team": ["y", "x"]}) == [good.run_id]
    assert found(tags={"dagster/partition": "b"}) == [bad.run_id]
    assert found(run_ids=[good.run_id]) == [good.run_id]
    assert found(job_name="other") == []
    assert len(instance.get_runs(limit=1)) == 1


def test_records_of_runs_have_times(instance: Any) -> None:
    result = dg.materialize([plain], instance=instance)
    (record,) = instance.get_run_records(limit=5)
    assert isinstance(record, dg.RunRecord)
    assert record.dagster_run.run_id == result.run_id
    assert record.start_time is not None
    assert record.end_time is not None
    assert record.end_time >= record.start_time
    assert instance.get_run_record_by_id(result.run_id) == record


def test_a_run_is_deleted(instance: Any) -> None:
    result = dg.materialize([plain], instance=instance)
    instance.delete_run(result.run_id)
    assert instance.get_run_by_id(result.run_id) is None
    with pytest.raises(dg.DagsterRunNotFoundError):
        instance.delete_run(result.run_id)


def test_status_by_partition(instance: Any) -> None:
    for key in "ab":
        dg.materialize([parted], partition_key=key, instance=instance, raise_on_error=False)
    status = instance.get_status_by_partition(dg.AssetKey("parted"), ["a", "b", "c"], parted.partitions_def)
    kinds = dg.AssetPartitionStatus
    assert status == {"a": kinds.MATERIALIZED, "b": kinds.FAILED, "c": None}
    assert instance.get_materialized_partitions(dg.AssetKey("parted")) == {"a"}


def test_assets_are_wiped(instance: Any) -> None:
    dg.materialize([plain], instance=instance)
    dg.materialize([parted], partition_key="a", instance=instance)
    instance.wipe_assets([dg.AssetKey("plain"), dg.AssetKey("parted")])
    assert instance.get_asset_keys() == []
    assert instance.get_latest_materialization_event(dg.AssetKey("plain")) is None
    assert instance.get_materialized_partitions(dg.AssetKey("parted")) == set()
    dg.materialize([plain], instance=instance)
    assert instance.has_asset_key(dg.AssetKey("plain"))
    assert len(instance.fetch_materializations(dg.AssetKey("plain"), limit=9).records) == 1


def test_all_logs_hold_what_user_code_logged(instance: Any) -> None:
    @dg.asset
    def talking(context: dg.AssetExecutionContext) -> None:
        context.log.info("hello there")

    result = dg.materialize([talking], instance=instance)
    logs = instance.all_logs(result.run_id)
    (said,) = [entry for entry in logs if entry.user_message == "hello there"]
    assert not said.is_dagster_event
    assert said.step_key == "talking"
    ends = instance.all_logs(result.run_id, of_type=dg.DagsterEventType.STEP_SUCCESS)
    assert [entry.step_key for entry in ends] == ["talking"]


def test_a_run_made_by_hand() -> None:
    run = dg.DagsterRun(job_name="daily", run_id="x", tags={"a": "b"}, status=dg.DagsterRunStatus.STARTED)
    assert isinstance(run, dg.DagsterRun)
    assert (run.job_name, run.run_id, run.tags, run.run_config) == ("daily", "x", {"a": "b"}, {})
    assert run.status == dg.DagsterRunStatus.STARTED
    assert (run.asset_selection, run.op_selection, run.step_keys_to_execute) == (None, None, None)
    assert (run.root_run_id, run.parent_run_id, run.job_snapshot_id) == (None, None, None)
    assert not run.is_finished


@pytest.mark.parametrize("status", list(dg.DagsterRunStatus))
def test_statuses_can_be_keys(status: Any) -> None:
    assert {status: 1}[status] == 1
    assert dg.DagsterRunStatus(status.value) is status


def test_an_instance_for_tests_is_found_by_get(tmp_path: Path) -> None:
    before = os.environ.get("ROSTRUM_HOME")
    with dg.instance_for_test(temp_dir=str(tmp_path)) as instance:
        result = dg.materialize([plain], instance=instance)
        with dg.DagsterInstance.get() as same:
            assert same.get_run_by_id(result.run_id) is not None
        assert instance.root_directory == str(tmp_path)
        assert instance.is_persistent
    assert os.environ.get("ROSTRUM_HOME") == before


def test_a_temporary_instance(tmp_path: Path) -> None:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        result = dg.materialize([plain], instance=instance)
        assert instance.get_run_by_id(result.run_id).is_success
    assert (tmp_path / "storage" / "plain").exists()


def test_a_step_asks_the_instance() -> None:
    seen: dict[str, Any] = {}

    @dg.asset(deps=[counted])
    def asking(context: dg.AssetExecutionContext) -> None:
        entry = context.instance.get_latest_materialization_event(dg.AssetKey("counted"))
        seen["rows"] = entry.asset_materialization.metadata["rows"].value
        context.instance.add_dynamic_partitions("names", ["x"])
        seen["names"] = list(context.instance.get_dynamic_partitions("names"))
        seen["version"] = context.get_asset_provenance(dg.AssetKey("counted")).code_version

    dg.materialize([counted, asking])
    assert seen == {"rows": 3, "names": ["x"], "version": "v1"}


def test_differs_the_layout_of_the_folder(tmp_path: Path) -> None:
    """Dagster has `history/` with a database a run, and `schedules/`; here one database holds all, and values are in
    `storage/` by asset as there.
    """
    with dg.instance_for_test(temp_dir=str(tmp_path)) as instance:
        dg.materialize([plain], instance=instance)
    assert not (tmp_path / "history").exists()
    assert (tmp_path / "storage" / "plain").is_file()


def test_what_runs_were_to_make() -> None:
    with dg.instance_for_test() as instance:
        dg.materialize([parted], partition_key="b", instance=instance, raise_on_error=False)
        (record,) = instance.fetch_planned_materializations(parted.key, limit=10).records
        assert record.event_type is dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED
        assert instance.fetch_materializations(parted.key, limit=10).records == []


def test_names_of_a_run(instance: Any) -> None:
    run = instance.get_run_by_id(dg.materialize([plain], instance=instance, run_config={}).run_id)
    for name in (
        "job_name", "run_id", "run_config", "asset_selection", "asset_check_selection", "op_selection",
        "resolved_op_selection", "step_keys_to_execute", "status", "tags", "root_run_id", "parent_run_id",
        "job_snapshot_id", "execution_plan_snapshot_id", "remote_job_origin", "job_code_origin",
        "has_repository_load_data", "run_op_concurrency", "partitions_subset",
    ):  # fmt: skip
        getattr(run, name)
    assert run.root_run_id is None
    assert not run.has_repository_load_data


def test_storages_of_an_instance(instance: Any) -> None:
    result = dg.materialize([plain], instance=instance)
    assert instance.run_storage.get_run_by_id(result.run_id).run_id == result.run_id
    assert [run.run_id for run in instance.run_storage.get_runs()] == [result.run_id]
    assert instance.event_log_storage.has_asset_key(plain.key)


def test_statuses_have_the_values_that_users_compare(instance: Any) -> None:
    run = instance.get_run_by_id(dg.materialize([plain], instance=instance).run_id)
    assert dg.DagsterRunStatus.SUCCESS.value == "SUCCESS"
    assert dg.DagsterRunStatus(run.status).value == "SUCCESS"
    assert run.status in (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE)
    assert run.status in {dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE}
    assert {run.status: 1}[dg.DagsterRunStatus.SUCCESS] == 1


def test_a_run_that_runs_is_started() -> None:
    seen: list[Any] = []

    @dg.asset
    def asks(context: dg.AssetExecutionContext) -> None:
        seen.append(context.run.status == dg.DagsterRunStatus.STARTED)
        seen.append(dg.DagsterRunStatus(context.run.status).value)

    dg.materialize([asks])
    assert seen == [True, "STARTED"]


def test_differs_a_status_has_our_word_as_value(instance: Any) -> None:
    """Dagster's runs have statuses whose value is in capitals. A run here has Rostrum's status: it is equal to
    Dagster's member, which has the value in capitals.
    """
    run = instance.get_run_by_id(dg.materialize([plain], instance=instance).run_id)
    assert run.status == dg.DagsterRunStatus.SUCCESS
    assert run.status.value == "success"


def test_differs_a_running_step_asks_over_a_line() -> None:
    """Dagster hands a step the whole instance, with its database. A step here asks over a line; what is not there
    says so, and what can be asked.
    """

    @dg.asset
    def asks(context: dg.AssetExecutionContext) -> None:
        assert not hasattr(context.instance, "wipe_assets")
        context.instance.all_logs(context.run_id)

    with pytest.raises(AttributeError, match=r"context\.instance has no 'all_logs'.*get_latest_materialization_event"):
        dg.materialize([asks])
