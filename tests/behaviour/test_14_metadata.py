"""Section 14: events and metadata."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._check import CheckError
from dagster._core.definitions.metadata import TableMetadataSet, normalize_metadata
from dagster._core.errors import DagsterInvalidMetadata


def value_of(raw: Any) -> Any:
    return dg.Output(None, metadata={"key": raw}).metadata["key"]


@pytest.mark.parametrize(
    ("raw", "kind", "value"),
    [
        ("a", dg.TextMetadataValue, "a"),
        (3, dg.IntMetadataValue, 3),
        (1.5, dg.FloatMetadataValue, 1.5),
        (True, dg.BoolMetadataValue, True),
        (None, dg.NullMetadataValue, None),
        ({"a": [1]}, dg.JsonMetadataValue, {"a": [1]}),
        ([1, 2], dg.JsonMetadataValue, [1, 2]),
        (Path("/tmp/x"), dg.PathMetadataValue, "/tmp/x"),
        (dg.AssetKey(["a", "b"]), dg.DagsterAssetMetadataValue, dg.AssetKey(["a", "b"])),
    ],
)
def test_raw_values_become_metadata_values(raw: Any, kind: type, value: Any) -> None:
    made = value_of(raw)
    assert isinstance(made, kind)
    assert isinstance(made, dg.MetadataValue)
    assert made.value == value


def test_nan_is_a_float() -> None:
    assert math.isnan(value_of(float("nan")).value)


def test_schema_and_lineage_are_recognised() -> None:
    schema = dg.TableSchema(columns=[dg.TableColumn("a")])
    assert value_of(schema).schema == schema
    lineage = dg.TableColumnLineage({"a": [dg.TableColumnDep("up", "b")]})
    assert value_of(lineage).column_lineage == lineage


def test_keys_of_json_become_text() -> None:
    assert value_of({1: "a"}).value == {"1": "a"}


def test_json_must_be_serialisable() -> None:
    with pytest.raises(DagsterInvalidMetadata):
        value_of({"a": object()})


@pytest.mark.parametrize("raw", [(1, 2), {1}, b"x", datetime(2024, 1, 1), int, object()], ids=repr)
def test_row_41_other_values_are_refused_when_the_event_is_made(raw: Any) -> None:
    with pytest.raises(DagsterInvalidMetadata, match="Could not resolve the metadata value for 'key'"):
        dg.AssetMaterialization("a", metadata={"key": raw})


def test_differs_an_aware_datetime_is_a_timestamp() -> None:
    """Dagster refuses every datetime; one with a time zone says what moment it means, so it is a timestamp here."""
    assert value_of(datetime(1970, 1, 2, tzinfo=UTC)) == dg.MetadataValue.timestamp(86400.0)


def test_metadata_of_definitions_take_any_object() -> None:
    thing = object()

    @dg.asset(metadata={"thing": thing, "pair": (1, 2)})
    def made() -> None: ...

    assert made.metadata_by_key[made.key]["thing"] is thing
    assert dg.Definitions(assets=[made]).resolve_asset_graph() is not None


def test_keys_are_text() -> None:
    with pytest.raises(CheckError):
        dg.Output(None, metadata={1: "a"})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("made", "kind", "value"),
    [
        (lambda: dg.MetadataValue.asset(dg.AssetKey("a")), dg.DagsterAssetMetadataValue, dg.AssetKey("a")),
        (lambda: dg.MetadataValue.bool(False), dg.BoolMetadataValue, False),
        (lambda: dg.MetadataValue.dagster_run("r"), dg.DagsterRunMetadataValue, "r"),
        (lambda: dg.MetadataValue.float(1.0), dg.FloatMetadataValue, 1.0),
        (lambda: dg.MetadataValue.int(1), dg.IntMetadataValue, 1),
        (lambda: dg.MetadataValue.json({"a": 1}), dg.JsonMetadataValue, {"a": 1}),
        (lambda: dg.MetadataValue.md("# a"), dg.MarkdownMetadataValue, "# a"),
        (lambda: dg.MetadataValue.notebook("n.ipynb"), dg.NotebookMetadataValue, "n.ipynb"),
        (lambda: dg.MetadataValue.null(), dg.NullMetadataValue, None),
        (lambda: dg.MetadataValue.path(Path("/a")), dg.PathMetadataValue, "/a"),
        (lambda: dg.MetadataValue.pool("p"), dg.PoolMetadataValue, "p"),
        (lambda: dg.MetadataValue.text("t"), dg.TextMetadataValue, "t"),
        (lambda: dg.MetadataValue.timestamp(5.0), dg.TimestampMetadataValue, 5.0),
        (lambda: dg.MetadataValue.url("https://x"), dg.UrlMetadataValue, "https://x"),
    ],
)
def test_factories_and_their_values(made: Any, kind: type, value: Any) -> None:
    assert isinstance(made(), kind)
    assert made().value == value


def test_more_factories() -> None:
    schema = dg.TableSchema([dg.TableColumn("a")])
    value = dg.MetadataValue.table_schema(schema)
    assert isinstance(value, dg.TableSchemaMetadataValue)
    assert (value.value, value.schema) == (schema, schema)
    assert dg.MetadataValue.code_location_reconstruction("data").value == "data"


def test_values_have_the_names_of_their_kinds() -> None:
    value = dg.MetadataValue
    assert value.text("a").text == "a"
    assert value.url("a").url == "a"
    assert value.md("a").md_str == "a"
    assert value.json([1]).data == [1]
    assert value.path("a").path == "a"
    assert value.asset(dg.AssetKey("a")).asset_key == dg.AssetKey("a")
    assert value.dagster_run("r").run_id == "r"
    assert value.pool("p").pool == "p"


def test_classes_of_values_make_them() -> None:
    assert dg.TextMetadataValue(text="a") == dg.MetadataValue.text("a")
    assert dg.IntMetadataValue(3) == dg.MetadataValue.int(3)
    assert dg.UrlMetadataValue("u") == dg.MetadataValue.url("u")
    assert dg.JsonMetadataValue({"a": 1}) == dg.MetadataValue.json({"a": 1})
    assert issubclass(dg.TextMetadataValue, dg.MetadataValue)


def test_an_asset_reference_takes_a_key_only() -> None:
    with pytest.raises(CheckError):
        dg.MetadataValue.asset("a")  # type: ignore[arg-type]


def test_a_float_takes_no_int() -> None:
    with pytest.raises(CheckError):
        dg.MetadataValue.float(1)


def test_a_job_reference_has_three_names() -> None:
    job = dg.MetadataValue.job("daily", "here")
    assert isinstance(job, dg.DagsterJobMetadataValue)
    assert (job.job_name, job.location_name, job.repository_name) == ("daily", "here", None)
    assert job.value == job


def test_a_python_artifact_is_module_and_name() -> None:
    value = dg.MetadataValue.python_artifact(Path)
    assert isinstance(value, dg.PythonArtifactMetadataValue)
    assert (value.module, value.name) == ("pathlib", "Path")
    assert dg.MetadataValue.python_artifact(value_of).name == "value_of"


def test_a_timestamp_takes_an_aware_datetime() -> None:
    assert dg.MetadataValue.timestamp(datetime(1970, 1, 2, tzinfo=UTC)).value == 86400.0
    with pytest.raises(CheckError):
        dg.MetadataValue.timestamp(datetime(1970, 1, 2))


def test_a_table_infers_its_schema_from_the_records() -> None:
    table = dg.MetadataValue.table([dg.TableRecord({"a": 1, "b": "x"}), dg.TableRecord({"a": 2, "b": None})])
    assert isinstance(table, dg.TableMetadataValue)
    assert [(column.name, column.type) for column in table.schema.columns] == [("a", "int"), ("b", "string")]
    assert table.records[1] == dg.TableRecord({"a": 2, "b": None})
    assert table.value == table


def test_a_table_keeps_a_given_schema() -> None:
    schema = dg.TableSchema([dg.TableColumn("a", "integer")])
    assert dg.MetadataValue.table([dg.TableRecord({"a": 1})], schema).schema == schema


def test_a_record_has_plain_cells() -> None:
    assert dg.TableRecord(data={"a": None}).data == {"a": None}
    with pytest.raises(CheckError):
        dg.TableRecord({"a": [1]})  # type: ignore[dict-item]


def test_columns_and_their_constraints() -> None:
    column = dg.TableColumn("a")
    assert (column.type, column.description, column.tags) == ("string", None, {})
    assert column.constraints == dg.TableColumnConstraints(nullable=True, unique=False, other=[])
    strict = dg.TableColumn("b", "int", "number", dg.TableColumnConstraints(nullable=False, other=["> 0"]), {"t": ""})
    assert (strict.constraints.nullable, strict.constraints.other, strict.tags) == (False, ["> 0"], {"t": ""})
    schema = dg.TableSchema([column, strict], dg.TableConstraints(["sorted"]))
    assert schema.constraints is not None
    assert schema.constraints.other == ["sorted"]


def test_a_schema_of_names_and_types() -> None:
    schema = dg.TableSchema.from_name_type_dict({"a": "int", "b": "string"})
    assert [(column.name, column.type) for column in schema.columns] == [("a", "int"), ("b", "string")]


def test_lineage_takes_the_key_as_text() -> None:
    dep = dg.TableColumnDep("a/b", "c")
    assert dep.asset_key == dg.AssetKey(["a/b"])
    assert dg.MetadataValue.column_lineage(dg.TableColumnLineage({"x": [dep]})).value.deps_by_column == {"x": [dep]}


def test_a_metadata_set_gives_the_reserved_keys() -> None:
    schema = dg.TableSchema([dg.TableColumn("a")])
    metadata = dict(TableMetadataSet(row_count=3, column_schema=schema, table_name="db.t"))
    assert metadata == {"dagster/row_count": 3, "dagster/column_schema": schema, "dagster/table_name": "db.t"}
    assert TableMetadataSet.extract(normalize_metadata(metadata)).row_count == 3
    assert not hasattr(dg, "TableMetadataSet")


def test_a_materialization() -> None:
    made = dg.AssetMaterialization("a", description="d", metadata={"n": 1}, partition="p", tags={"t": "v"})
    assert made.asset_key == dg.AssetKey("a")
    assert (made.description, made.partition, made.tags) == ("d", "p", {"t": "v"})
    assert made.metadata == {"n": dg.MetadataValue.int(1)}
    assert dg.AssetMaterialization("a").tags is None


def test_a_materialization_of_a_file() -> None:
    made = dg.AssetMaterialization.file("/data/x.csv", description="d")
    assert made.metadata["path"] == dg.MetadataValue.path("/data/x.csv")
    assert made.asset_key == dg.AssetKey("/data/x.csv")
    assert dg.AssetMaterialization.file("/x", asset_key="other").asset_key == dg.AssetKey("other")


def test_an_observation_has_empty_tags() -> None:
    seen = dg.AssetObservation("a", metadata={"n": 1})
    assert seen.tags == {}
    assert seen.metadata["n"].value == 1


def test_an_expectation_result() -> None:
    result = dg.ExpectationResult(success=True, label="rows", metadata={"n": 1})
    assert (result.success, result.label, result.metadata["n"].value) == (True, "rows", 1)


def test_events_are_logged_or_yielded_anywhere() -> None:
    @dg.op
    def telling(context: dg.OpExecutionContext) -> Any:
        context.log_event(dg.AssetMaterialization("logged"))
        context.log_event(dg.AssetObservation("seen"))
        yield dg.AssetMaterialization("yielded", metadata={"n": 2})
        yield dg.Output(1)

    @dg.job
    def tell() -> None:
        telling()

    result = tell.execute_in_process()
    made = result.asset_materializations_for_node("telling")
    assert [each.asset_key for each in made] == [dg.AssetKey("logged"), dg.AssetKey("yielded")]
    assert made[1].metadata["n"].value == 2
    assert [each.asset_key for each in result.asset_observations_for_node("telling")] == [dg.AssetKey("seen")]


def test_expectations_are_told() -> None:
    @dg.op
    def expecting(context: dg.OpExecutionContext) -> Any:
        yield dg.ExpectationResult(success=False, label="rows", metadata={"n": 1})
        context.log_event(dg.ExpectationResult(success=True))
        yield dg.Output(1)

    @dg.job
    def expect() -> None:
        expecting()

    result = expect.execute_in_process()
    first, second = result.expectation_results_for_node("expecting")
    assert (first.success, first.label, first.metadata["n"].value, second.success) == (False, "rows", 1, True)
    assert sum(event.is_expectation_result for event in result.all_events) == 2


def test_files_are_managed(tmp_path: Path) -> None:
    manager = dg.local_file_manager.configured({"base_dir": str(tmp_path)})
    with dg.build_resources({"files": manager}) as resources:
        handle = resources.files.write_data(b"abc", ext="txt")
        assert isinstance(handle, dg.LocalFileHandle)
        assert isinstance(handle, dg.FileHandle)
        assert resources.files.read_data(handle) == b"abc"
        assert Path(handle.path).suffix == ".txt"
    assert dg.LocalFileHandle("/a").path_desc == "/a"


def test_labelled_entries() -> None:
    entry = dg.MetadataEntry("rows", value=dg.MetadataValue.int(3))
    assert entry == dg.MetadataEntry("rows", None, dg.MetadataValue.int(3))
    assert (entry.label, entry.value.value) == ("rows", 3)
    with pytest.raises(CheckError):
        dg.MetadataEntry("rows")


def test_all_reserved_keys_of_tables() -> None:
    lineage = dg.TableColumnLineage({"a": [dg.TableColumnDep("up", "b")]})
    metadata = dict(
        TableMetadataSet(
            row_count=3, partition_row_count=1, column_schema=dg.TableSchema([]), column_lineage=lineage,
            table_name="db.t", storage_kind="duckdb",
        )
    )  # fmt: skip
    names = ("row_count", "partition_row_count", "column_schema", "column_lineage", "table_name", "storage_kind")
    assert set(metadata) == {f"dagster/{name}" for name in names}

    @dg.asset
    def a() -> dg.MaterializeResult:
        return dg.MaterializeResult(metadata=metadata)

    (made,) = dg.materialize([a]).asset_materializations_for_node("a")
    assert made.metadata["dagster/row_count"].value == 3
    assert isinstance(made.metadata["dagster/column_schema"], dg.TableSchemaMetadataValue)


@pytest.mark.parametrize(
    "make",
    [
        lambda value: dg.MaterializeResult(asset_key="a", metadata={"n": value}),
        lambda value: dg.MaterializeResult(value=value),
        lambda value: dg.Output(value, metadata={"n": 1}),
        lambda value: dg.ObserveResult(asset_key="a", metadata={"n": value}),
        lambda value: dg.ExpectationResult(success=True, metadata={"n": value}),
        lambda value: dg.TypeCheck(success=True, metadata={"n": value}),
        lambda value: dg.SensorResult(cursor=str(value)),
        lambda value: dg.In(int, default_value=value),
        lambda value: dg.Out(int, description=str(value)),
        lambda value: dg.AssetIn(key=str(value)),
        lambda value: dg.AssetOut(key=str(value)),
        lambda value: dg.RunsFilter(job_name=str(value)),
        lambda value: dg.EventRecordsFilter(
            dg.DagsterEventType.ASSET_MATERIALIZATION, asset_key=dg.AssetKey(str(value))
        ),
        lambda value: dg.AssetRecordsFilter(asset_key=dg.AssetKey(str(value))),
    ],
)
def test_records_are_equal_by_their_values(make: Any) -> None:
    assert make(1) == make(1)
    assert hash(make(1)) == hash(make(1))
    assert make(1) != make(2)
    assert "object at 0x" not in repr(make(1))
