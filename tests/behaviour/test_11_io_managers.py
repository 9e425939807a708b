"""Section 11: IO managers."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._check import CheckError

LETTERS = dg.StaticPartitionsDefinition(["a", "b"])


class Recording(dg.IOManager):
    """Keeps values by identifier, and contexts."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, ...], Any] = {}
        self.stored: list[Any] = []
        self.loaded: list[Any] = []

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        self.stored.append(context)
        place = context.get_asset_identifier() if context.has_asset_key else context.get_identifier()
        self.values[tuple(place)] = obj

    def load_input(self, context: dg.InputContext) -> Any:
        self.loaded.append(context)
        assert context.upstream_output is not None
        if context.has_asset_key:
            return self.values[tuple(context.get_asset_identifier())]
        return self.values[tuple(context.get_identifier())]


@dg.asset(metadata={"static": 1}, code_version="v")
def one() -> int:
    return 1


@dg.asset(ins={"one": dg.AssetIn(metadata={"of": "input"})})
def two(one: int) -> int:
    return one + 1


def test_without_one_materialize_pickles_files_and_jobs_keep_memory() -> None:
    unpicklable = lambda: None  # noqa: E731

    @dg.asset
    def hard() -> Any:
        return unpicklable

    with pytest.raises((pickle.PicklingError, AttributeError)):
        dg.materialize([hard])
    assert dg.materialize_to_memory([hard]).success

    @dg.op
    def make() -> Any:
        return unpicklable

    @dg.job
    def making() -> None:
        make()

    assert making.execute_in_process().success


def test_row_54_materialize_to_memory_refuses_io_managers() -> None:
    with pytest.raises(dg.DagsterInvariantViolationError):
        dg.materialize_to_memory([one], resources={"io_manager": Recording()})


def test_order_of_a_write_and_of_a_read() -> None:
    told: list[str] = []

    class Telling(Recording):
        def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
            told.append(f"store {context.step_key}")
            super().handle_output(context, obj)

        def load_input(self, context: dg.InputContext) -> Any:
            told.append(f"load {context.name}")
            return super().load_input(context)

    result = dg.materialize([one, two], resources={"io_manager": Telling()})
    assert told == ["store one", "load one", "store two"]
    names = [event.event_type.name for event in result.events_for_node("two")]
    read, write = ["LOADED_INPUT", "STEP_INPUT"], ["STEP_OUTPUT", "ASSET_MATERIALIZATION", "HANDLED_OUTPUT"]
    assert names == ["STEP_START", *read, *write, "STEP_SUCCESS"]


def test_handle_output_may_yield_events_and_metadata() -> None:
    class Yielding(dg.IOManager):
        def handle_output(self, context: dg.OutputContext, obj: Any) -> Any:
            yield dg.AssetMaterialization("extra")
            yield {"rows": 3}
            context.add_output_metadata({"more": "x"})

        def load_input(self, context: dg.InputContext) -> Any: ...

    result = dg.materialize([one], resources={"io_manager": Yielding()})
    made = {each.asset_key.to_user_string(): each for each in result.asset_materializations_for_node("one")}
    assert set(made) == {"extra", "one"}
    assert made["one"].metadata["rows"].value == 3
    assert made["one"].metadata["more"].value == "x"


def test_what_an_output_context_says_of_an_asset() -> None:
    @dg.asset(metadata={"static": 1}, code_version="v")
    def made() -> Any:
        return dg.Output(1, metadata={"run": 2})

    manager = Recording()
    result = dg.materialize([made], resources={"io_manager": manager})
    (context,) = manager.stored
    assert (context.name, context.step_key, context.run_id) == ("result", "made", result.run_id)
    assert context.asset_key == dg.AssetKey("made")
    assert context.has_asset_key
    assert context.definition_metadata["static"] == context.metadata["static"] == 1
    assert context.output_metadata["run"].value == 2
    assert (context.mapping_key, context.version) == (None, "v")
    assert context.job_name == result.dagster_run.job_name
    assert not context.has_partition_key
    assert not context.has_asset_partitions
    assert context.get_asset_identifier() == ["made"]
    assert context.op_def.name == "made"


def test_what_an_output_context_says_of_an_op() -> None:
    manager = Recording()

    @dg.op
    def make() -> int:
        return 1

    @dg.job(resource_defs={"io_manager": dg.IOManagerDefinition.hardcoded_io_manager(manager)})
    def making() -> None:
        make()

    result = making.execute_in_process()
    (context,) = manager.stored
    assert context.get_identifier() == [result.run_id, "make", "result"]
    assert context.dagster_type.typing_type is int
    assert not context.has_asset_key


@pytest.mark.parametrize("name", ["asset_key", "partition_key", "asset_partition_keys", "asset_partitions_def"])
def test_row_69_an_absent_field_of_an_output_context(name: str) -> None:
    with pytest.raises(dg.DagsterInvariantViolationError, match=f"Attempting to access {name}"):
        getattr(dg.build_output_context(name="x", step_key="s"), name)


@pytest.mark.parametrize("name", ["step_key", "dagster_type", "op_def", "resources", "asset_spec"])
def test_row_69_an_absent_field_of_a_built_context(name: str) -> None:
    with pytest.raises(dg.DagsterInvariantViolationError, match="but it was not provided"):
        getattr(dg.build_output_context(), name)


@pytest.mark.parametrize("name", ["asset_key", "partition_key", "dagster_type", "op_def"])
def test_row_69_an_absent_field_of_an_input_context(name: str) -> None:
    with pytest.raises(dg.DagsterInvariantViolationError, match="but it was not provided"):
        getattr(dg.build_input_context(), name)


def test_what_an_input_context_says() -> None:
    manager = Recording()
    dg.materialize([one, two], resources={"io_manager": manager})
    (context,) = manager.loaded
    assert context.name == "one"
    assert context.asset_key == dg.AssetKey("one")
    assert context.metadata["of"] == context.definition_metadata["of"] == "input"
    assert context.upstream_output.metadata["static"] == 1
    assert context.dagster_type.typing_type is int
    assert context.upstream_output.step_key == "one"


def test_partitions_of_contexts() -> None:
    @dg.asset(partitions_def=LETTERS)
    def up() -> int:
        return 1

    @dg.asset(partitions_def=LETTERS)
    def down(up: int) -> int:
        return up

    manager = Recording()
    dg.materialize([up, down], partition_key="b", resources={"io_manager": manager})
    stored, loaded = manager.stored[0], manager.loaded[0]
    assert stored.has_partition_key
    assert stored.partition_key == stored.asset_partition_key == "b"
    assert list(stored.asset_partition_keys) == ["b"]
    assert stored.asset_partitions_def == LETTERS
    assert stored.get_asset_identifier() == ["up", "b"]
    assert (loaded.partition_key, loaded.asset_partition_key) == ("b", "b")


def test_several_upstream_partitions() -> None:
    @dg.asset(partitions_def=LETTERS)
    def up(context: dg.AssetExecutionContext) -> str:
        return context.partition_key.upper()

    @dg.asset
    def whole(up: dict[str, str]) -> dict[str, str]:
        return up

    with dg.instance_for_test() as instance:
        for key in "ab":
            dg.materialize([up], partition_key=key, instance=instance)
        result = dg.materialize([up, whole], selection=[whole], instance=instance)
    assert result.asset_value("whole") == {"a": "A", "b": "B"}
    context = dg.build_input_context(asset_key="up", asset_partition_keys=["a", "b"], asset_partitions_def=LETTERS)
    with pytest.raises(dg.DagsterInvariantViolationError):
        _ = context.asset_partition_key


def test_one_upstream_partition_of_several_cannot_be_asked_for() -> None:
    told: list[Any] = []

    class Asking(Recording):
        def load_input(self, context: dg.InputContext) -> Any:
            with pytest.raises(dg.DagsterInvariantViolationError, match="asset_partition_key"):
                _ = context.asset_partition_key
            told.append(list(context.asset_partition_keys))

    @dg.asset(partitions_def=LETTERS)
    def up() -> int:
        return 1

    @dg.asset
    def whole(up: Any) -> None: ...

    dg.materialize([up, whole], selection=[whole], resources={"io_manager": Asking()})
    assert told == [["a", "b"]]


def test_the_partition_of_the_run_and_that_which_is_loaded() -> None:
    days = dg.DailyPartitionsDefinition("2024-01-01", end_date="2024-02-01")
    before = dg.TimeWindowPartitionMapping(start_offset=-1, end_offset=-1)
    told: list[Any] = []

    class Asking(Recording):
        def load_input(self, context: dg.InputContext) -> Any:
            told.append((context.partition_key, context.asset_partition_key, list(context.asset_partition_keys)))

    @dg.asset(partitions_def=days)
    def up() -> int:
        return 1

    @dg.asset(partitions_def=days, ins={"up": dg.AssetIn(partition_mapping=before)})
    def down(up: Any) -> None: ...

    dg.materialize([up, down], selection=[down], partition_key="2024-01-05", resources={"io_manager": Asking()})
    assert told == [("2024-01-05", "2024-01-04", ["2024-01-04"])]


def test_the_identifier_of_a_dynamic_item_ends_with_its_key() -> None:
    manager = Recording()

    @dg.op(out=dg.DynamicOut())
    def items() -> Any:
        yield dg.DynamicOutput(1, mapping_key="k")

    @dg.op
    def use(x: int) -> int:
        return x

    @dg.job(resource_defs={"io_manager": manager})
    def j() -> None:
        items().map(use)

    result = j.execute_in_process()
    assert manager.stored[0].get_identifier() == [result.run_id, "items", "result", "k"]
    assert manager.stored[0].mapping_key == "k"


@pytest.mark.parametrize("needs", [set(), {"tool"}])
def test_contexts_have_the_resources_that_the_manager_needs(needs: set[str]) -> None:
    told: list[Any] = []

    class Asking(Recording):
        def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
            told.append(getattr(context.resources, "tool", None))
            super().handle_output(context, obj)

        def load_input(self, context: dg.InputContext) -> Any:
            told.append(getattr(context.resources, "tool", None))
            return super().load_input(context)

    @dg.io_manager(required_resource_keys=needs)
    def made(context: dg.InitResourceContext) -> Asking:
        return Asking()

    assert dg.materialize([one, two], resources={"io_manager": made, "tool": 7}).success
    assert told == [7 if needs else None] * 3


def test_an_input_manager_has_the_resources_that_it_needs() -> None:
    @dg.input_manager(required_resource_keys={"tool"})
    def given(context: dg.InputContext) -> int:
        return context.resources.tool

    @dg.op(ins={"x": dg.In(input_manager_key="given")})
    def use(x: int) -> int:
        return x

    @dg.job(resource_defs={"given": given, "tool": 7})
    def j() -> None:
        use()

    assert j.execute_in_process().output_for_node("use") == 7


def test_the_first_partition_of_an_offset_has_none_upstream(tmp_path: Path) -> None:
    days = dg.DailyPartitionsDefinition(start_date="2024-01-01")
    seen: list[Any] = []

    @dg.asset(
        partitions_def=days,
        ins={
            "rolling": dg.AssetIn(
                partition_mapping=dg.TimeWindowPartitionMapping(
                    start_offset=-1, end_offset=-1, allow_nonexistent_upstream_partitions=False
                )
            )
        },
    )
    def rolling(rolling: Any) -> int:
        seen.append(rolling)
        return 1

    manager = dg.FilesystemIOManager(base_dir=str(tmp_path))
    dg.materialize([rolling], partition_key="2024-01-01", resources={"io_manager": manager})
    assert seen == [{}]


def test_configurable_io_managers(tmp_path: Path) -> None:
    class Texts(dg.ConfigurableIOManager):
        folder: str

        def handle_output(self, context: dg.OutputContext, obj: str) -> None:
            Path(self.folder, context.asset_key.path[-1]).write_text(obj)

        def load_input(self, context: dg.InputContext) -> str:
            return Path(self.folder, context.asset_key.path[-1]).read_text()

    @dg.asset
    def text() -> str:
        return "x"

    @dg.asset
    def twice(text: str) -> str:
        return text * 2

    assert dg.materialize([text, twice], resources={"io_manager": Texts(folder=str(tmp_path))}).success
    assert (tmp_path / "twice").read_text() == "xx"


def test_a_factory_and_a_function(tmp_path: Path) -> None:
    manager = Recording()

    class Factory(dg.ConfigurableIOManagerFactory):
        name: str = "x"

        def create_io_manager(self, context: dg.InitResourceContext) -> Recording:
            return manager

    @dg.io_manager(config_schema={"base": str})
    def by_function(context: dg.InitResourceContext) -> Recording:
        manager.values[("base",)] = context.resource_config["base"]
        return manager

    dg.materialize([one], resources={"io_manager": Factory()})
    assert len(manager.stored) == 1
    dg.materialize([one], resources={"io_manager": by_function.configured({"base": str(tmp_path)})})
    assert manager.values[("base",)] == str(tmp_path)


def test_another_object_under_the_key_is_refused() -> None:
    with pytest.raises(dg.DagsterInvalidDefinitionError, match="no handle_output"):
        dg.materialize([one], resources={"io_manager": object()})


def test_input_managers() -> None:
    @dg.input_manager
    def doubled(context: dg.InputContext) -> int:
        assert context.upstream_output is not None
        return 20

    @dg.asset(ins={"one": dg.AssetIn(input_manager_key="doubled")})
    def through(one: int) -> int:
        return one

    result = dg.materialize([one, through], resources={"doubled": doubled})
    assert result.asset_value("through") == 20


def test_an_input_manager_of_an_input_without_upstream() -> None:
    @dg.input_manager(config_schema={"n": int})
    def constant(context: dg.InputContext) -> int:
        assert context.upstream_output is None
        return context.resource_config["n"]

    @dg.op(ins={"number": dg.In(input_manager_key="constant")})
    def show(number: int) -> int:
        return number

    @dg.job(resource_defs={"constant": constant.configured({"n": 7})})
    def showing() -> None:
        show()

    assert showing.execute_in_process().output_for_node("show") == 7


@pytest.mark.parametrize("which", ["load", "store"])
def test_the_user_s_exception_is_raised_and_the_event_tells_where(which: str) -> None:
    class Failing(Recording):
        def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
            if which == "store":
                raise ValueError("no store")
            super().handle_output(context, obj)

        def load_input(self, context: dg.InputContext) -> Any:
            raise ValueError("no load")

    with pytest.raises(ValueError, match=f"no {which}"):
        dg.materialize([one, two], resources={"io_manager": Failing()})
    result = dg.materialize([one, two], resources={"io_manager": Failing()}, raise_on_error=False)
    (failed,) = result.get_step_failure_events()
    error = failed.step_failure_data.error
    assert error.cls_name == ("LoadInputError" if which == "load" else "HandleOutputError")
    assert (error.cause.cls_name, error.cause.message) == ("ValueError", f"no {which}")


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_layout_of_assets(tmp_path: Path) -> None:
    @dg.asset(key_prefix=["db", "main"])
    def table() -> int:
        return 1

    dg.materialize([one, table], resources={"io_manager": dg.FilesystemIOManager(base_dir=str(tmp_path))})
    assert files(tmp_path) == {"one", "db/main/table"}
    assert pickle.loads((tmp_path / "one").read_bytes()) == 1


def test_layout_of_partitions(tmp_path: Path) -> None:
    several = dg.MultiPartitionsDefinition({"z": LETTERS, "c": dg.StaticPartitionsDefinition(["us"])})

    @dg.asset(partitions_def=LETTERS)
    def parted() -> int:
        return 1

    @dg.asset(partitions_def=several)
    def crossed() -> int:
        return 1

    manager = {"io_manager": dg.FilesystemIOManager(base_dir=str(tmp_path))}
    dg.materialize([parted], partition_key="b", resources=manager)
    key = dg.MultiPartitionKey({"z": "a", "c": "us"})
    dg.materialize([crossed], partition_key=key, resources=manager)
    assert files(tmp_path) == {"parted/b", "crossed/us/a"}


def test_layout_of_ops(tmp_path: Path) -> None:
    @dg.op(out=dg.DynamicOut(int))
    def items() -> Any:
        yield dg.DynamicOutput(1, mapping_key="k")

    @dg.op
    def o2(n: int) -> int:
        return n

    manager = dg.FilesystemIOManager(base_dir=str(tmp_path))

    @dg.job(resource_defs={"io_manager": manager})
    def mapped() -> None:
        items().map(o2)

    run = mapped.execute_in_process().run_id
    assert files(tmp_path) == {f"{run}/items/result/k", f"{run}/o2[k]/result"}


def test_row_51_one_value_for_several_partitions_is_refused(tmp_path: Path) -> None:
    context = dg.build_output_context(
        asset_key="parted",
        asset_partitions_def=LETTERS,
        asset_partition_key_range=dg.PartitionKeyRange("a", "b"),
    )
    with dg.build_resources({"io": dg.FilesystemIOManager(base_dir=str(tmp_path))}) as resources:  # noqa: SIM117
        with pytest.raises(CheckError, match="None"):
            resources.io.handle_output(context, 1)


def test_row_30_an_upstream_that_is_not_stored(tmp_path: Path) -> None:
    manager = dg.FilesystemIOManager(base_dir=str(tmp_path))
    with pytest.raises(FileNotFoundError):
        dg.materialize([one, two], selection=[two], resources={"io_manager": manager})
    failed = dg.materialize(
        [one, two], selection=[two], resources={"io_manager": manager}, raise_on_error=False
    ).failure_data_for_node("two")
    assert failed.error.cls_name == "LoadInputError"


class JsonFiles(dg.UPathIOManager):
    extension = ".json"

    def dump_to_path(self, context: dg.OutputContext, obj: Any, path: Any) -> None:
        path.write_text(str(obj))

    def load_from_path(self, context: dg.InputContext, path: Any) -> int:
        return int(path.read_text())

    def get_metadata(self, context: dg.OutputContext, obj: Any) -> dict[str, Any]:
        return {"size": dg.MetadataValue.int(len(str(obj)))}


def test_a_upath_manager(tmp_path: Path) -> None:
    result = dg.materialize([one, two], resources={"io_manager": JsonFiles(tmp_path)})
    assert files(tmp_path) == {"one.json", "two.json"}
    assert (tmp_path / "two.json").read_text() == "2"
    (made,) = result.asset_materializations_for_node("one")
    assert made.metadata["path"].value == str(tmp_path / "one.json")
    assert made.metadata["size"].value == 1


def test_a_upath_manager_and_partitions(tmp_path: Path) -> None:
    @dg.asset(partitions_def=LETTERS)
    def up() -> int:
        return 1

    @dg.asset(ins={"up": dg.AssetIn(metadata={"allow_missing_partitions": True})})
    def whole(up: dict[str, int]) -> int:
        return sum(up.values()) + 10 * len(up)

    manager = {"io_manager": JsonFiles(tmp_path)}
    dg.materialize([up], partition_key="a", resources=manager)
    assert dg.materialize([up, whole], selection=[whole], resources=manager).asset_value("whole") == 11
    dg.materialize([up], partition_key="b", resources=manager)
    assert dg.materialize([up, whole], selection=[whole], resources=manager).asset_value("whole") == 22
    assert files(tmp_path) == {"up/a.json", "up/b.json", "whole.json"}


def test_a_upath_manager_may_load_at_once(tmp_path: Path) -> None:
    class Later(JsonFiles):
        async def load_from_path(self, context: dg.InputContext, path: Any) -> int:  # type: ignore[override]
            return int(path.read_text())

    @dg.asset(partitions_def=LETTERS)
    def up() -> int:
        return 1

    @dg.asset
    def whole(up: dict[str, int]) -> list[str]:
        return sorted(up)

    manager = {"io_manager": Later(tmp_path)}
    for key in "ab":
        dg.materialize([up], partition_key=key, resources=manager)
    result = dg.materialize([up, whole], selection=[whole], resources=manager)
    assert result.asset_value("whole") == ["a", "b"]


def test_metadata_of_an_input_is_an_observation() -> None:
    class Noting(Recording):
        def load_input(self, context: dg.InputContext) -> Any:
            context.add_input_metadata({"rows": 3})
            assert len(context.get_observations()) == 1
            return super().load_input(context)

    result = dg.materialize([one, two], resources={"io_manager": Noting()})
    (seen,) = result.asset_observations_for_node("two")
    assert (seen.asset_key, seen.metadata["rows"].value) == (dg.AssetKey("one"), 3)


@pytest.mark.parametrize("name", ["mem_io_manager", "fs_io_manager"])
def test_managers_of_functions(name: str, tmp_path: Path) -> None:
    manager = getattr(dg, name)
    if name == "fs_io_manager":
        manager = manager.configured({"base_dir": str(tmp_path)})
    assert dg.materialize([one, two], resources={"io_manager": manager}).asset_value("two") == 2
    assert files(tmp_path) == ({"one", "two"} if name == "fs_io_manager" else set())


def test_a_path_from_metadata(tmp_path: Path) -> None:
    @dg.asset(metadata={"path": "here.pkl"})
    def named() -> int:
        return 1

    manager = dg.custom_path_fs_io_manager.configured({"base_dir": str(tmp_path)})
    dg.materialize([named], resources={"io_manager": manager})
    assert files(tmp_path) == {"here.pkl"}


def test_memory_keeps_the_object() -> None:
    thing = object()

    @dg.asset
    def given() -> Any:
        return thing

    @dg.asset
    def same(given: Any) -> bool:
        return given is thing

    assert dg.materialize([given, same], resources={"io_manager": dg.InMemoryIOManager()}).asset_value("same")


def test_more_of_an_output_context(tmp_path: Path) -> None:
    days = dg.DailyPartitionsDefinition("2024-01-01", end_date="2024-02-01")

    @dg.asset(partitions_def=days, group_name="g")
    def parted() -> int:
        return 1

    kept: list[Any] = []

    class Looking(Recording):
        def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
            kept.append(context.resource_config)
            context.log.info("storing")
            context.log_event(dg.AssetObservation("aside"))
            super().handle_output(context, obj)

    manager = Looking()

    @dg.io_manager(config_schema={"place": str})
    def made(context: dg.InitResourceContext) -> Looking:
        return manager

    resources = {"io_manager": made.configured({"place": "here"})}
    result = dg.materialize([parted], partition_key="2024-01-02", resources=resources)
    (context,) = manager.stored
    assert kept == [{"place": "here"}]
    assert context.asset_partition_key_range == dg.PartitionKeyRange("2024-01-02", "2024-01-02")
    assert context.asset_partitions_time_window.start.day == 2
    assert context.asset_spec.group_name == "g"
    assert context.has_asset_partitions
    assert [each.asset_key.path for each in result.asset_observations_for_node("parted")] == [["aside"]]


def test_config_of_outputs_and_inputs() -> None:
    seen: list[Any] = []

    class Configured(Recording):
        def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
            seen.append(context.config)
            super().handle_output(context, obj)

        def load_input(self, context: dg.InputContext) -> Any:
            seen.append(context.config)
            return super().load_input(context)

    @dg.io_manager(
        output_config_schema={"name": str, "mode": dg.Field(str, default_value="w")},
        input_config_schema={"rows": dg.Field(int, is_required=False)},
    )
    def by_config(context: dg.InitResourceContext) -> Configured:
        return Configured()

    @dg.op
    def make() -> int:
        return 1

    @dg.op
    def use(n: int) -> int:
        return n

    @dg.job(resource_defs={"io_manager": by_config})
    def j() -> None:
        use(make())

    config = {
        "ops": {
            "make": {"outputs": {"result": {"name": "first"}}},
            "use": {"inputs": {"n": {"rows": 3}}, "outputs": {"result": {"name": "second"}}},
        }
    }
    assert j.execute_in_process(run_config=config).output_for_node("use") == 1
    assert seen == [{"name": "first", "mode": "w"}, {"rows": 3}, {"name": "second", "mode": "w"}]
    with pytest.raises(dg.DagsterInvalidConfigError, match="outputs"):
        j.execute_in_process(run_config={"ops": {"make": {"outputs": {"result": {"name": 3}}}}})
    with pytest.raises(dg.DagsterInvalidConfigError, match='"ops"'):
        j.execute_in_process()


def test_parts_of_a_upath_manager_can_be_replaced(tmp_path: Path) -> None:
    class Elsewhere(JsonFiles):
        def get_path_for_partition(self, context: Any, path: Any, partition: str) -> Any:
            return path / f"letter={partition}"

    @dg.asset(partitions_def=LETTERS)
    def up() -> int:
        return 1

    dg.materialize([up], partition_key="a", resources={"io_manager": Elsewhere(tmp_path)})
    assert files(tmp_path) == {"up/letter=a.json"}
    manager = JsonFiles(tmp_path)
    folder = tmp_path / "made" / "here"
    manager.make_directory(folder)
    assert manager.path_exists(folder)
    (folder / "x").touch()
    manager.unlink(folder / "x")
    assert not manager.path_exists(folder / "x")
    assert callable(manager.load_partitions)
