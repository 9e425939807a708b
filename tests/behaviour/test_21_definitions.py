"""Section 21: `Definitions`, lookups, merging, loaders, repositories; and mistakes that only resolution finds."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import dagster as dg
import pytest
from dagster._check import CheckError


@dg.asset
def up() -> int:
    return 1


@dg.asset
def down(up: int) -> int:
    return up + 1


@dg.asset_check(asset=up)
def good() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


@dg.op
def one() -> int:
    return 1


@dg.job
def ops_job() -> None:
    one()


some_job = dg.define_asset_job("some_job", selection=["up"])
nightly = dg.ScheduleDefinition(name="nightly", job=ops_job, cron_schedule="0 1 * * *")


@dg.sensor(job=ops_job)
def watcher(context: Any) -> Any:
    return dg.SkipReason("no")


def everything() -> dg.Definitions:
    """One of each."""
    return dg.Definitions(
        assets=[up, down, dg.AssetSpec("src")],
        asset_checks=[good],
        jobs=[ops_job, some_job],
        schedules=[nightly],
        sensors=[watcher],
        metadata={"m": 1},
    )


class TestConstruction:
    @pytest.mark.parametrize(
        "options",
        [{"assets": [3]}, {"jobs": [up]}, {"schedules": [ops_job]}, {"sensors": [nightly]}, {"asset_checks": [4]}],
        ids=str,
    )
    def test_row_57_elements_of_a_wrong_type(self, options: dict[str, Any]) -> None:
        with pytest.raises(CheckError, match=next(iter(options))):
            dg.Definitions(**options)

    def test_the_rest_is_checked_later(self) -> None:
        @dg.asset(name="up", required_resource_keys={"nobody"})
        def _twin() -> None: ...

        defs = dg.Definitions(assets=[up, _twin])
        with pytest.raises(dg.DagsterInvalidDefinitionError):
            dg.Definitions.validate_loadable(defs)

    def test_one_object_twice_is_one(self) -> None:
        defs = dg.Definitions(
            assets=[up, up], jobs=[ops_job, ops_job], asset_checks=[good, good], schedules=[nightly, nightly]
        )
        assert defs.resolve_all_asset_keys() == [up.key]


class TestResolution:
    def test_row_01_two_assets_of_one_key(self) -> None:
        @dg.asset(name="up")
        def twin() -> None: ...

        for other in (twin, dg.AssetSpec("up")):
            with pytest.raises(dg.DagsterInvalidDefinitionError, match=r"Duplicate asset key: AssetKey\(\['up'\]\)"):
                dg.Definitions.validate_loadable(dg.Definitions(assets=[up, other]))

    def test_row_02_two_checks_of_one_name(self) -> None:
        @dg.asset_check(asset=up, name="good")
        def _other() -> dg.AssetCheckResult:
            return dg.AssetCheckResult(passed=True)

        with pytest.raises(dg.DagsterInvalidDefinitionError, match=r"Duplicate asset check key|conflicting"):
            dg.Definitions.validate_loadable(dg.Definitions(assets=[up], asset_checks=[good, _other]))

    def test_row_03_two_jobs_of_one_name(self) -> None:
        other = dg.define_asset_job("ops_job")
        with pytest.raises(dg.DagsterInvalidDefinitionError, match="Duplicate job definition found"):
            dg.Definitions.validate_loadable(dg.Definitions(assets=[up], jobs=[ops_job, other]))

    def test_row_04_an_op_named_as_an_asset(self) -> None:
        @dg.op(name="up")
        def _op() -> None: ...

        @dg.job
        def _job() -> None:
            _op()

        with pytest.raises(dg.DagsterInvalidDefinitionError, match="rename one"):
            dg.Definitions.validate_loadable(dg.Definitions(assets=[up], jobs=[_job]))

    def test_differs_row_06_circles_are_definition_errors(self) -> None:
        """Dagster raises an error of another library. Ours is a definition error like all others, with the circle."""

        @dg.asset(deps=["b"])
        def a() -> None: ...

        @dg.asset(deps=["a"])
        def b() -> None: ...

        with pytest.raises(dg.DagsterInvalidDefinitionError, match="circle: a -> b -> a"):
            dg.Definitions.validate_loadable(dg.Definitions(assets=[a, b]))

    def test_row_07_a_resource_is_absent(self) -> None:
        @dg.asset(required_resource_keys={"r"})
        def made() -> None: ...

        with pytest.raises(dg.DagsterInvalidDefinitionError, match=r"'r'.*other"):
            dg.Definitions.validate_loadable(dg.Definitions(assets=[made], resources={"other": 1}))
        with pytest.raises(dg.DagsterInvalidDefinitionError, match="'r'"):
            dg.materialize([made])

    @pytest.mark.parametrize("resources", [{}, {"m": 3}])
    def test_row_08_an_io_manager_is_absent_or_none(self, resources: dict[str, Any]) -> None:
        @dg.asset(io_manager_key="m")
        def made() -> int:
            return 1

        with pytest.raises(dg.DagsterInvalidDefinitionError, match="'m'"):
            dg.Definitions.validate_loadable(dg.Definitions(assets=[made], resources=resources))

    def test_row_09_a_resource_of_a_resource_is_absent(self) -> None:
        @dg.resource(required_resource_keys={"inner"})
        def outer(context: Any) -> int:
            return 1

        @dg.asset(required_resource_keys={"outer"})
        def made() -> None: ...

        with pytest.raises(dg.DagsterInvalidDefinitionError, match="inner"):
            dg.Definitions.validate_loadable(dg.Definitions(assets=[made], resources={"outer": outer}))


class TestLookups:
    def test_jobs(self) -> None:
        defs = everything()
        assert defs.resolve_job_def("ops_job").execute_in_process().success
        assert defs.get_job_def("some_job").execute_in_process().success
        assert {"ops_job", "some_job"} < {job.name for job in defs.resolve_all_job_defs()}

    def test_the_implicit_job(self) -> None:
        defs = everything()
        result = defs.resolve_implicit_global_asset_job_def().execute_in_process()
        assert result.output_for_node("down") == 2
        assert defs.resolve_job_def("__ASSET_JOB").execute_in_process().success

    def test_differs_the_implicit_job_has_our_name(self) -> None:
        """Dagster's is called `__ASSET_JOB`. Ours has the name that every run of plain assets shows, and is found by
        Dagster's too.
        """
        defs = everything()
        assert defs.resolve_implicit_global_asset_job_def().name == "__asset_job__"
        assert defs.resolve_job_def("__ASSET_JOB").name == "__asset_job__"

    def test_row_68_unknown_names(self) -> None:
        defs = everything()
        with pytest.raises(dg.DagsterInvariantViolationError, match=r"Could not find job 'nope'.*ops_job"):
            defs.resolve_job_def("nope")
        with pytest.raises(dg.DagsterInvariantViolationError, match=r"Could not find schedule 'nope'.*nightly"):
            defs.resolve_schedule_def("nope")
        with pytest.raises(dg.DagsterInvariantViolationError, match=r"Could not find sensor 'nope'.*watcher"):
            defs.resolve_sensor_def("nope")

    def test_schedules_and_sensors(self) -> None:
        defs = everything()
        assert defs.resolve_schedule_def("nightly") is defs.get_schedule_def("nightly") is nightly
        assert defs.resolve_sensor_def("watcher") is defs.get_sensor_def("watcher") is watcher

    def test_assets(self) -> None:
        defs = everything()
        keys = {up.key, down.key, dg.AssetKey("src")}
        assert set(defs.resolve_all_asset_keys()) == keys
        assert {spec.key for spec in defs.resolve_all_asset_specs()} == keys
        assert defs.resolve_assets_def("up") is up
        assert defs.resolve_asset_graph().upstream[down.key] == (up.key,)
        with pytest.raises(dg.DagsterInvariantViolationError, match="nope"):
            defs.resolve_assets_def("nope")
        assert defs.get_asset_checks_def(dg.AssetCheckKey(up.key, "good")) is good

    def test_map_asset_specs(self) -> None:
        mapped = everything().map_asset_specs(func=lambda spec: spec.replace_attributes(group_name="g"))
        assert {spec.group_name for spec in mapped.resolve_all_asset_specs()} == {"g"}
        some = everything().map_resolved_asset_specs(
            func=lambda spec: spec.replace_attributes(group_name="g"), selection="key:up"
        )
        assert {spec.key.path[0]: spec.group_name for spec in some.resolve_all_asset_specs()} == {
            "up": "g",
            "down": None,
            "src": None,
        }
        assert some.metadata == {"m": 1}

    def test_values_are_loaded(self, tmp_path: Any) -> None:
        manager = dg.FilesystemIOManager(base_dir=str(tmp_path))
        defs = dg.Definitions(assets=[up, down], resources={"io_manager": manager})
        dg.materialize([up, down], resources={"io_manager": manager})
        assert defs.load_asset_value("down") == 2
        with defs.get_asset_value_loader() as loader:
            assert loader.load_asset_value(dg.AssetKey("up"), python_type=int) == 1

    def test_values_of_a_partition_are_loaded(self, tmp_path: Any) -> None:
        @dg.asset(partitions_def=dg.StaticPartitionsDefinition(["x", "y"]))
        def parts(context: dg.AssetExecutionContext) -> str:
            return context.partition_key * 2

        manager = dg.FilesystemIOManager(base_dir=str(tmp_path))
        dg.materialize([parts], resources={"io_manager": manager}, partition_key="y")
        defs = dg.Definitions(assets=[parts], resources={"io_manager": manager})
        assert defs.load_asset_value("parts", partition_key="y") == "yy"

    def test_values_of_a_range_of_partitions_are_loaded(self, tmp_path: Any) -> None:
        @dg.asset(partitions_def=dg.StaticPartitionsDefinition(["x", "y", "z"]))
        def parts(context: dg.AssetExecutionContext) -> str:
            return context.partition_key * 2

        manager = dg.FilesystemIOManager(base_dir=str(tmp_path))
        for key in ("x", "y", "z"):
            dg.materialize([parts], resources={"io_manager": manager}, partition_key=key)
        defs = dg.Definitions(assets=[parts], resources={"io_manager": manager})
        with defs.get_asset_value_loader() as loader:
            keys = dg.PartitionKeyRange("x", "y")
            assert loader.load_asset_value("parts", partition_key_range=keys) == {"x": "xx", "y": "yy"}
            with pytest.raises(CheckError, match="not both"):
                loader.load_asset_value("parts", partition_key="x", partition_key_range=keys)


class TestMerge:
    def test_the_union(self) -> None:
        merged = dg.Definitions.merge(
            dg.Definitions(assets=[up], resources={"a": 1}, metadata={"m": 1, "n": 1}),
            dg.Definitions(assets=[down], jobs=[ops_job], resources={"a": 1, "b": 2}, metadata={"m": 2}),
        )
        assert set(merged.resolve_all_asset_keys()) == {up.key, down.key}
        assert merged.resources == {"a": 1, "b": 2}
        assert merged.metadata == {"m": 2, "n": 1}

    def test_row_56_conflicts(self) -> None:
        for one_side, other in (
            (dg.Definitions(resources={"a": 1}), dg.Definitions(resources={"a": 2})),
            (
                dg.Definitions(loggers={"a": dg.colored_console_logger}),
                dg.Definitions(loggers={"a": dg.json_console_logger}),
            ),
            (
                dg.Definitions(executor=dg.in_process_executor),
                dg.Definitions(executor=dg.in_process_executor),
            ),
        ):
            with pytest.raises(dg.DagsterInvariantViolationError):
                dg.Definitions.merge(one_side, other)


class TestLazy:
    def test_a_function_of_definitions_runs_at_each_call(self) -> None:
        calls: list[int] = []

        @dg.definitions
        def defs() -> dg.Definitions:
            calls.append(1)
            return dg.Definitions(assets=[up])

        assert isinstance(defs(), dg.Definitions)
        assert isinstance(defs(), dg.Definitions)
        assert len(calls) == 2

    def test_a_function_of_definitions_may_return_a_repository(self) -> None:
        @dg.definitions
        def defs() -> Any:
            @dg.repository
            def repo() -> Any:
                return [up, ops_job]

            return repo

        assert defs().resolve_job_def("ops_job").execute_in_process().success
        assert defs().resolve_all_asset_keys() == [up.key]

    def test_a_function_of_definitions_takes_one_argument_at_most(self) -> None:
        with pytest.raises(dg.DagsterInvalidDefinitionError, match="takes 2 arguments"):

            @dg.definitions
            def defs(context: Any, more: Any) -> Any: ...

    def test_repositories(self) -> None:
        @dg.repository
        def repo() -> Any:
            return [up, down, good, some_job, ops_job, nightly, watcher]

        assert isinstance(repo, dg.RepositoryDefinition)
        assert repo.name == "repo"
        assert repo.has_job("some_job")
        assert repo.get_job("some_job").execute_in_process().success
        assert {each.name for each in repo.get_all_jobs()} >= {"some_job", "ops_job"}
        assert repo.get_schedule_def("nightly") is nightly
        assert repo.has_sensor_def("watcher")
        assert set(repo.assets_defs_by_key) == {up.key, down.key}

    def test_repositories_of_a_dict(self) -> None:
        @dg.repository(name="named")
        def repo() -> Any:
            return {"jobs": {"ops_job": ops_job}, "schedules": {"nightly": nightly}}

        assert (repo.name, repo.has_job("ops_job"), repo.has_schedule_def("nightly")) == ("named", True, True)

    def test_repositories_of_arguments(self) -> None:
        repo = dg.create_repository_using_definitions_args("r", assets=[up], jobs=[ops_job])
        assert isinstance(repo, dg.RepositoryDefinition)
        assert repo.has_job("ops_job")


@pytest.fixture
def module() -> Iterator[ModuleType]:
    """A module with one of each."""
    made = ModuleType("loaded_under_test")

    @dg.asset(group_name="own")
    def other(up: int) -> None: ...

    held: dict[str, Any] = {"up": up, "listed": [down, up], "other": other, "spec": dg.AssetSpec("src", deps=["up"])}
    vars(made).update(held, good=good, some_job=some_job, nightly=nightly, watcher=watcher)
    sys.modules[made.__name__] = made
    yield made
    del sys.modules[made.__name__]


class TestLoaders:
    def test_assets_also_in_lists_each_once(self, module: ModuleType) -> None:
        loaded = dg.load_assets_from_modules([module])
        assert [str(each.key) for each in loaded] == ["up", "down", "other"]

    def test_specs_only_where_asked_for(self, module: ModuleType) -> None:
        loaded = dg.load_assets_from_modules([module], include_specs=True)
        assert dg.AssetKey("src") in {each.key for each in loaded}

    def test_groups_for_those_without(self, module: ModuleType) -> None:
        loaded = dg.load_assets_from_modules([module], group_name="g")
        assert {str(each.key): each.group_names_by_key[each.key] for each in loaded} == {
            "up": "g",
            "down": "g",
            "other": "own",
        }

    def test_prefixes_go_to_dependencies_between_loaded_ones(self, module: ModuleType) -> None:
        loaded = dg.load_assets_from_modules([module], key_prefix="p", include_specs=True)
        by_name = {each.key.path[-1]: each for each in loaded}
        assert all(each.key.path[0] == "p" for each in loaded)
        assert by_name["down"].dependency_keys == {dg.AssetKey(["p", "up"])}
        assert [dep.asset_key for dep in by_name["src"].deps] == [dg.AssetKey(["p", "up"])]
        assert dg.materialize([by_name["up"], by_name["down"]]).success

    def test_prefixes_leave_other_dependencies(self) -> None:
        made = ModuleType("alone_under_test")
        vars(made)["down"] = down
        (loaded,) = dg.load_assets_from_modules([made], key_prefix=["p", "q"])
        assert loaded.key == dg.AssetKey(["p", "q", "down"])
        assert loaded.dependency_keys == {dg.AssetKey("up")}

    def test_current_module_and_packages(self, module: ModuleType) -> None:
        assert {each.key for each in dg.load_assets_from_current_module()} >= {up.key, down.key}
        assert dg.load_asset_checks_from_current_module() == [good]
        assert len(dg.load_assets_from_package_name(module.__name__)) == 3
        assert len(dg.load_assets_from_package_module(module)) == 3

    def test_packages_within_packages(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        inner = tmp_path / "package_of_assets" / "inner"
        inner.mkdir(parents=True)
        (inner.parent / "__init__.py").touch()
        (inner / "__init__.py").touch()
        (inner / "deep.py").write_text("import dagster as dg\n\n\n@dg.asset\ndef deep(): ...\n")
        monkeypatch.syspath_prepend(str(tmp_path))
        package = importlib.import_module("package_of_assets")
        for loaded in (
            dg.load_assets_from_package_module(package), dg.load_assets_from_package_name("package_of_assets")
        ):  # fmt: skip
            assert [str(each.key) for each in loaded] == ["deep"]

    def test_checks_and_their_prefix(self, module: ModuleType) -> None:
        assert dg.load_asset_checks_from_modules([module]) == [good]
        (moved,) = dg.load_asset_checks_from_modules([module], asset_key_prefix="p")
        assert [spec.key for spec in moved.check_specs] == [dg.AssetCheckKey(dg.AssetKey(["p", "up"]), "good")]

    def test_whole_definitions(self, module: ModuleType) -> None:
        defs = dg.load_definitions_from_module(module, resources={"r": 1})
        assert {str(key) for key in defs.resolve_all_asset_keys()} == {"up", "down", "other", "src"}
        assert [job.name for job in defs.jobs] == ["some_job"]
        assert defs.resources == {"r": 1}
        assert defs.get_schedule_def("nightly") is nightly
        assert len(dg.load_definitions_from_package_name(module.__name__).asset_checks) == 1


def test_a_repository_of_definitions() -> None:
    repo = everything().get_repository_def()
    assert repo.has_job("ops_job")
    assert {"ops_job", "some_job"} <= set(repo.job_names)
    assert {job.name for job in repo.get_all_jobs()} >= {"ops_job", "some_job"}
    assert repo.get_job("ops_job").execute_in_process().success
    assert set(repo.assets_defs_by_key) >= {up.key, down.key}
    assert repo.has_schedule_def("nightly")
    assert repo.get_sensor_def("watcher") is watcher
    assert repo.get_implicit_global_asset_job_def().execute_in_process().success


def test_all_parts_are_accepted() -> None:
    defs = dg.Definitions(
        assets=[up],
        schedules=[nightly],
        sensors=[watcher],
        jobs=[ops_job],
        resources={"r": 1},
        executor=dg.in_process_executor,
        loggers={"console": dg.colored_console_logger},
        asset_checks=[good],
        metadata={"m": 1},
        component_tree=None,
    )
    dg.Definitions.validate_loadable(defs)
    assert (defs.metadata["m"], set(defs.loggers), defs.executor) == (1, {"console"}, dg.in_process_executor)


def test_definitions_that_others_complete_can_be_looked_at() -> None:
    """Their resources, and assets that arguments name, may be in other definitions."""

    @dg.asset(required_resource_keys={"api"})
    def first(context: dg.AssetExecutionContext) -> None: ...

    @dg.asset
    def second(first: None, elsewhere: None) -> None: ...

    part = dg.Definitions(assets=[first, second])
    assert {key.to_user_string() for key in part.resolve_all_asset_keys()} == {"first", "second", "elsewhere"}
    assert [spec.key for spec in part.resolve_all_asset_specs() if spec.key != dg.AssetKey("elsewhere")] == [
        first.key,
        second.key,
    ]
    assert part.resolve_assets_def("first") is first
    changed = part.map_resolved_asset_specs(
        func=lambda spec: spec.replace_attributes(group_name="reports"), selection="key:first+"
    )
    rest = dg.Definitions(assets=[dg.AssetSpec("elsewhere")], resources={"api": 1})
    whole = dg.Definitions.merge(changed, rest)
    dg.Definitions.validate_loadable(whole)
    assert whole.resolve_assets_def("second").specs_by_key[dg.AssetKey("second")].group_name == "reports"
    with pytest.raises(dg.DagsterInvalidDefinitionError, match="resource with key 'api'"):
        dg.Definitions.validate_loadable(part)
