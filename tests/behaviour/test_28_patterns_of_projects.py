"""Patterns of real projects that no single claim of the facts names: each was found in public code."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from upath import UPath


class JsonFiles(dg.ConfigurableIOManager, dg.UPathIOManager):
    """Typed fields first, paths second."""

    base_dir: str
    _base_path: Any = None

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        self._base_path = UPath(self.base_dir)

    def dump_to_path(self, context: dg.OutputContext, obj: Any, path: UPath) -> None:
        path.write_text(repr(obj))

    def load_from_path(self, context: dg.InputContext, path: UPath) -> Any:
        return int(path.read_text())


def test_typed_io_manager_takes_its_methods_from_the_second_base(tmp_path: Path) -> None:
    @dg.asset
    def up() -> int:
        return 3

    @dg.asset
    def down(up: int) -> int:
        return up + 1

    result = dg.materialize([up, down], resources={"io_manager": JsonFiles(base_dir=str(tmp_path))})
    assert result.output_for_node("down") == 4
    assert (tmp_path / "up").read_text() == "3"


def test_typed_io_manager_without_its_methods_cannot_be_made() -> None:
    class Half(dg.ConfigurableIOManager):
        pass

    with pytest.raises(TypeError, match="handle_output"):
        Half()  # type: ignore[abstract]


class Poller(dg.ConfigurableResource):
    """A default that its type does not allow: pydantic lets it pass."""

    token: str
    timeout: float = None  # type: ignore[assignment]


@pytest.mark.parametrize("token", ["t", dg.EnvVar("POLLER_TOKEN")])
def test_default_none_of_a_field_that_is_not_optional_is_kept(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLLER_TOKEN", "t")

    @dg.op
    def poll(poller: Poller) -> str:
        return f"{poller.token} {poller.timeout}"

    @dg.job(resource_defs={"poller": Poller(token=token)})
    def polling() -> None:
        poll()

    assert polling.execute_in_process().output_for_node("poll") == "t None"
    given = {"resources": {"poller": {"config": {"timeout": 1.5}}}}
    assert polling.execute_in_process(given).output_for_node("poll") == "t 1.5"


def test_default_none_of_a_config_field_that_is_not_optional_is_kept() -> None:
    class Limit(dg.Config):
        rows: int = None  # type: ignore[assignment]

    @dg.op
    def read(config: Limit) -> str:
        return str(config.rows)

    @dg.job
    def reading() -> None:
        read()

    assert reading.execute_in_process().output_for_node("read") == "None"
    with pytest.raises(dg.DagsterInvalidConfigError):
        reading.execute_in_process({"ops": {"read": {"config": {"rows": None}}}})


def test_several_results_read_like_a_named_tuple() -> None:
    @dg.op(out={"left": dg.Out(int), "right": dg.Out(int)})
    def split():
        return 1, 2

    @dg.op
    def keep(value: int) -> int:
        return value

    @dg.job
    def composed() -> None:
        results = split()
        assert results._fields == ("left", "right")
        assert len(results) == 2
        for name, value in results._asdict().items():
            keep.alias(f"keep_{name}")(value)

    assert composed.execute_in_process().output_for_node("keep_right") == 2


def test_jobs_are_found_beside_sensors_that_name_theirs() -> None:
    @dg.asset
    def one() -> int:
        return 1

    @dg.sensor(job_name="only")
    def watching() -> dg.SkipReason:
        return dg.SkipReason("nothing")

    @dg.sensor(target=[one])
    def making() -> dg.SkipReason:
        return dg.SkipReason("nothing")

    defs = dg.Definitions([one], jobs=[dg.define_asset_job("only", [one])], sensors=[watching, making])
    assert defs.resolve_job_def("only").execute_in_process().success


def test_a_schedule_taken_from_definitions_knows_the_partitions_of_its_job() -> None:
    @dg.asset(partitions_def=dg.DailyPartitionsDefinition("2026-01-01"))
    def daily() -> None: ...

    schedule = dg.build_schedule_from_partitioned_job(dg.define_asset_job("days", [daily]), hour_of_day=3)
    defs = dg.Definitions([daily], schedules=[schedule])
    at = datetime(2026, 1, 5, 3, tzinfo=UTC)
    tick = defs.resolve_schedule_def("days_schedule").evaluate_tick(
        dg.build_schedule_context(scheduled_execution_time=at)
    )
    assert [each.partition_key for each in tick.run_requests or ()] == ["2026-01-04"]


def test_a_check_reads_its_own_specs() -> None:
    @dg.asset
    def made() -> int:
        return 1

    @dg.asset_check(asset=made, name="own", description="told", metadata={"least": 1})
    def check(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        (spec,) = context.check_specs
        assert isinstance(spec, dg.AssetCheckSpec)
        assert (spec.asset_key, spec.name, spec.description) == (dg.AssetKey("made"), "own", "told")
        return dg.AssetCheckResult(passed=True)

    result = dg.Definitions([made], asset_checks=[check]).resolve_implicit_global_asset_job_def().execute_in_process()
    assert [each.passed for each in result.get_asset_check_evaluations()] == [True]


def test_results_are_made_anew_with_other_values() -> None:
    made = dg.MaterializeResult(asset_key="a", metadata={"rows": 1}, tags={"t": "1"}, value=3)
    other = made._replace(metadata={**made.metadata, "more": 2})
    assert other.metadata["more"] == 2
    assert (other.asset_key, other.tags, other.value) == (dg.AssetKey("a"), {"t": "1"}, 3)
    assert not dg.MaterializeResult()._replace(asset_key="b").has_value
    told = dg.AssetMaterialization("a", partition="p")._replace(description="told")
    assert (told.partition, told.description) == ("p", "told")
    with pytest.raises(AttributeError):
        told._replace(nothing=1)
    seen = dg.AssetObservation("a", data_version="3")._replace(partition="q")
    assert (seen.data_version, seen.partition) == ("3", "q")
    assert not dg.AssetCheckResult(passed=True, check_name="c")._replace(passed=False).passed

    @dg.asset
    def a() -> dg.MaterializeResult:
        return made._replace(metadata={"rows": 5}, value=4)

    result = dg.materialize([a])
    (event,) = result.asset_materializations_for_node("a")
    assert event.metadata["rows"] == dg.MetadataValue.int(5)


def test_results_of_a_type_are_in_unions() -> None:
    kinds = dg.AssetMaterialization | dg.MaterializeResult[None]
    assert kinds != dg.AssetMaterialization

    @dg.op
    def maybe() -> dg.Output[int] | None:
        return dg.Output(3)

    @dg.op(out=dg.DynamicOut())
    def items() -> list[dg.DynamicOutput[int]]:
        return [dg.DynamicOutput(1, "one")]

    @dg.op
    def add(one: int) -> int:
        return one + 1

    @dg.job
    def mixed() -> None:
        maybe()
        items().map(add)

    result = mixed.execute_in_process()
    assert result.output_for_node("maybe") == 3
    assert result.output_for_node("add") == {"one": 2}


def test_the_function_of_an_asset_is_reached_through_its_op() -> None:
    @dg.asset
    def doubled(number: int) -> int:
        return number * 2

    assert doubled.op.compute_fn.decorated_fn(number=2) == 4
    assert doubled.op.compute_fn(3) == 6


def test_components_name_ops_after_their_place() -> None:
    from dagster.components.scaffold.scaffold import scaffold_with
    from dagster.components.testing.utils import component_defs

    assert scaffold_with is not None

    class Named(dg.Component):
        def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
            key = context.component_path.get_relative_key(context.defs_module_path)

            @dg.asset(name=f"made_{len(key)}")
            def made() -> None: ...

            return dg.Definitions([made])

    (key,) = component_defs(component=Named()).resolve_all_asset_keys()
    assert key == dg.AssetKey("made_1")


def test_paths_of_an_io_manager_are_the_subclass_s_own(tmp_path: Path) -> None:
    class Texts(dg.UPathIOManager):
        extension = ".txt"

        def dump_to_path(self, context: dg.OutputContext, obj: Any, path: UPath) -> None:
            path.write_text(str(obj))

        def load_from_path(self, context: dg.InputContext, path: UPath) -> Any:
            return path.read_text()

        def get_metadata(self, context: dg.OutputContext, obj: Any) -> dict[str, dg.MetadataValue]:
            return {"uri": dg.MetadataValue.path(str(self._get_path(context)))}

    class Flat(Texts):
        def _get_path(self, context: dg.InputContext | dg.OutputContext) -> UPath:
            return self._base_path / f"flat_{context.asset_key.path[-1]}"

    @dg.asset(key_prefix="deep")
    def told() -> str:
        return "x"

    for manager, place in ((Texts, "deep/told.txt"), (Flat, "flat_told")):
        result = dg.materialize([told], resources={"io_manager": manager(UPath(tmp_path))})
        (event,) = result.asset_materializations_for_node("deep__told")
        assert event.metadata["uri"].value == str(tmp_path / place)
        assert (tmp_path / place).read_text() == "x"


def test_keys_are_asked_of_the_resolved_graph() -> None:
    @dg.asset(deps=["elsewhere"])
    def made() -> None: ...

    graph = dg.Definitions([made]).resolve_asset_graph()
    assert graph.get_all_asset_keys() == {dg.AssetKey("made"), dg.AssetKey("elsewhere")}
    assert graph.materializable_asset_keys == {dg.AssetKey("made")}


def test_a_run_request_is_made_anew_with_more_tags() -> None:
    asked = dg.RunRequest(run_key="k", tags={"a": "1"}, asset_selection=["x"])
    told = asked._replace(tags={**asked.tags, "n": 2})
    assert (told.run_key, told.tags) == ("k", {"a": "1", "n": "2"})
    assert told.asset_selection == [dg.AssetKey("x")]
    assert asked.tags == {"a": "1"}
    assert asked._replace() == asked


def test_private_names_that_are_only_compared_with_can_be_imported() -> None:
    from dagster._core.storage.runs.sql_run_storage import SqlRunStorage

    assert not isinstance(object(), SqlRunStorage)


def test_an_argument_means_the_asset_of_that_name_in_its_group(tmp_path: Path) -> None:
    days = dg.DailyPartitionsDefinition("2026-01-01")
    loaded: list[str] = []

    @dg.asset(key_prefix=["bronze", "shop"], group_name="shop", partitions_def=days)
    def orders(context: dg.AssetExecutionContext) -> str:
        return context.partition_key

    before = dg.AssetDep(orders, partition_mapping=dg.TimeWindowPartitionMapping(start_offset=-1, end_offset=-1))

    @dg.asset(key_prefix=["silver", "shop"], group_name="shop", partitions_def=days, deps=[before])
    def cleaned(orders: str) -> None:
        loaded.append(orders)

    @dg.asset(key_prefix="other", group_name="other")
    def unrelated(orders: str) -> None: ...

    files = dg.FilesystemIOManager(base_dir=str(tmp_path))
    defs = dg.Definitions([orders, cleaned], resources={"io_manager": files})
    assert defs.resolve_asset_graph().upstream[cleaned.key] == (orders.key,)
    job = defs.resolve_implicit_global_asset_job_def()
    with dg.instance_for_test() as instance:
        for day, made in (("2026-01-04", orders), ("2026-01-05", cleaned)):
            assert job.execute_in_process(partition_key=day, asset_selection=[made.key], instance=instance).success
    assert loaded == ["2026-01-04"]
    with pytest.raises(dg.DagsterInvalidDefinitionError, match="is not produced by any"):
        dg.Definitions.validate_loadable(dg.Definitions([orders, unrelated]))


def test_results_within_a_graph_tell_where_they_come_from() -> None:
    @dg.op
    def one() -> int:
        return 1

    @dg.op(out={"left": dg.Out(int), "right": dg.Out(int)})
    def split():
        return 1, 2

    seen: list[tuple[str, str]] = []

    @dg.job
    def composed() -> None:
        for result in (one(), *split()):
            seen.append((result.node_name, result.output_name))

    assert composed.name == "composed"
    assert seen == [("one", "result"), ("split", "left"), ("split", "right")]


def test_results_of_sensors_are_copied_with_other_values() -> None:
    """Libraries that wrap sensors add tags to what these ask for."""
    result = dg.SensorResult(run_requests=[dg.RunRequest("a")], cursor="1")
    changed = result._replace(run_requests=[dg.RunRequest("a", tags={"traced": "yes"})])
    assert (changed.cursor, changed.run_requests[0].tags) == ("1", {"traced": "yes"})
    assert dg.SensorResult(skip_reason="nothing").run_requests == []
