"""What a project with many mistakes is told: all of them, once each, in order, with what was meant."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TypedDict

import dagster as dg
import pytest
from pydantic import Field, model_validator

from rostrum.definitions.error_info import error_info
from rostrum.definitions.location.loading import CodeTarget, load_definitions
from rostrum.model.errors import ArgumentError, SelectionError
from rostrum.model.manifest_parts import encode_manifest


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        file = getattr(sys.modules[name], "__file__", None)
        if file and file.startswith(str(tmp_path)):
            del sys.modules[name]


def told(project: Path, text: str, name: str = "shop_under_test.py", **others: str) -> list[str]:
    """The lines of the error that loading this file ends in."""
    for module, source in others.items():
        (project / f"{module}.py").write_text(source)
    (project / name).write_text("import dagster as dg\n" + text)
    with pytest.raises(dg.DagsterInvalidDefinitionError) as caught:
        load_definitions(CodeTarget(python_file=name)).manifest()
    return [line.strip().removeprefix(name + ":") for line in str(caught.value).splitlines()]


MANY = """
@dg.asset
def orders(): ...

@dg.asset(owners=["nobody"])
def report(order): ...

daily = dg.define_asset_job("daily", selection="reprot")

@dg.schedule("not a cron", job=daily)
def nightly(context): ...

@dg.sensor(job_name="dayly")
def listener(context): ...

@dg.asset_check(asset="orders", blocking="yes")
def verdict(): ...

@dg.asset(partitions_def=dg.DailyPartitionsDefinition("01.01.2024"))
def part(): ...

@dg.asset(group="x")
def below(part): ...

@dg.op(ins=[1])
def work(): ...

defs = dg.Definitions(
    assets=[orders, report, part, below], jobs=[daily], schedules=[nightly], sensors=[listener],
    asset_checks=[verdict],
)
"""


def test_mistakes_of_decorators_arguments_and_of_what_belongs_together_are_one_error(project: Path):
    head, *lines = told(project, MANY)
    assert head == "there are 9 mistakes in the definitions:"
    expected = [
        "6: asset report: 'nobody' is not a valid owner",
        "6: asset report: Input asset 'order' is not produced",
        "9: job daily: the assets 'reprot' were selected",
        "11: schedule nightly: 'not a cron' is not a cron expression",
        "14: sensor listener: there is no job 'dayly'. Did you mean 'daily'?",
        "17: asset_check: blocking is a str; give True or False.",
        "20: the partitions' start '01.01.2024' is no date of the format '%Y-%m-%d'",
        "23: asset() got an unexpected keyword argument 'group'. Did you mean 'group_name'?",
        "26: op: ins is a list; give a dict of In by name of the argument.",
    ]
    assert [line[: len(start)] for line, start in zip(lines, expected, strict=False)] == expected


def test_neither_a_selection_nor_an_argument_of_definitions_hides_other_mistakes(project: Path):
    head, *lines = told(
        project,
        "@dg.asset\ndef a(x): ...\n"
        "@dg.asset(owners=['bad'])\ndef c(): ...\n"
        "@dg.asset_check(asset='a', blocking='yes')\ndef ck(): ...\n"
        "s = dg.ScheduleDefinition(job_name='nojob', cron_schedule='0 99 * * *')\n"
        "@dg.sensor(job_name='nojob2')\ndef se(context): ...\n"
        "@dg.asset(io_manager_key='zz')\ndef d(): return 1\n"
        "@dg.asset(partitions_def=dg.StaticPartitionsDefinition(['a', 'a']))\ndef e(): ...\n"
        "q = dg.define_asset_job('q', 'grp:x')\n"
        "w = dg.define_asset_job('w', ['aa'])\n"
        "some = dg.AssetSelection.from_string('a or') | dg.AssetSelection.assets('c')\n"
        "weekly = dg.ScheduleDefinition(job=dg.define_asset_job('v', some), cron_schedule='@weekly')\n"
        "defs = dg.Definitions(\n"
        "    assets=[a, c, d, e], asset_checks=[ck], schedules=[s, weekly], sensors=[se], jobs=[q, w],\n"
        "    resources={'k': object()}, loggers={'l': 5, 'fine': dg.colored_console_logger}, executor=3,\n"
        ")\n",
    )
    assert head == "there are 13 mistakes in the definitions:"
    expected = [
        "2: asset a: Input asset 'x' is not produced",
        "4: asset c: 'bad' is not a valid owner",
        "6: asset_check: blocking is a str",
        "8: schedule nojob_schedule: '0 99 * * *' is not a cron expression",
        "8: schedule nojob_schedule: there is no job 'nojob'.",
        "9: sensor se: there is no job 'nojob2'.",
        "11: io manager with key 'zz' required by output 'result' of asset 'd'",
        "13: StaticPartitionsDefinition: the key 'a' is there twice.",
        "15: Invalid selection string 'grp:x', at character 1: ",
        "16: job w: the assets 'aa' were selected",
        "17: Invalid selection string 'a or', at character ",
        "19: executor is an int",
        "19: loggers['l'] is an int; give a logger made by @logger.",
    ]
    assert [line[: len(start)] for line, start in zip(lines, expected, strict=True)] == expected


def test_in_a_script_a_wrong_selection_is_told_where_it_is_given():
    with pytest.raises(SelectionError, match=r"test_30_review.py:\d+: Invalid selection string 'grp:x'.*'group'\?$"):
        dg.define_asset_job("q", "grp:x")


def test_what_is_missing_of_jobs_hides_nothing_of_assets(project: Path):
    lines = told(
        project,
        "@dg.asset\ndef a(x): ...\n"
        "@dg.asset(io_manager_key='zz')\ndef d(): return 1\n"
        "@dg.sensor(job_name='one_of_those')\ndef se(context): ...\n"
        "defs = dg.Definitions(assets=[a, d], jobs=7, sensors=[se])\n",
    )
    assert [line.partition(" ")[0] for line in lines[1:]] == ["2:", "4:", "8:"]


def test_a_wrong_resource_hides_no_resource_that_is_not_bound(project: Path):
    lines = told(
        project,
        "@dg.resource(required_resource_keys='x')\ndef r(): ...\n"
        "@dg.io_manager\nasync def m():\n    yield 1\n"
        "@dg.asset(required_resource_keys={'q', 'r'}, resource_defs={'r': r}, io_manager_key='m')\ndef a(): ...\n"
        "@dg.op(required_resource_keys={'r', 'w'})\ndef o(): ...\n"
        "@dg.job(resource_defs={'r': r})\ndef j(): o()\n"
        "defs = dg.Definitions(assets=[a], resources={'m': m}, jobs=[j])\n",
    )
    expected = [
        "2: resource: required_resource_keys is a str",
        "4: resource 'm': its function is an async generator",
        "7: resource with key 'q' required by asset 'a' was not provided.",
        "9: resource with key 'w' required by op 'o' was not provided.",
    ]
    assert [line[: len(start)] for line, start in zip(lines[1:], expected, strict=True)] == expected


def test_what_depends_on_something_broken_is_no_mistake_of_its_own(project: Path):
    lines = told(
        project,
        "@dg.asset(metadata=5)\ndef x(): ...\n"
        "@dg.multi_asset(specs=5)\ndef several(): ...\n"
        "@dg.asset\ndef unknown_then(one_of_several): ...\n"
        "weekly = dg.define_asset_job('weekly', selection='one_of_several')\n"
        "defs = dg.Definitions(assets=[x, several, unknown_then], jobs=[weekly])\n",
    )
    assert [line.partition(": ")[0] for line in lines[1:]] == ["2", "4"]


def test_a_key_that_a_broken_asset_would_have_had_is_known(project: Path):
    lines = told(
        project,
        "@dg.asset(name='first', partitions_def=3)\ndef f(): ...\n"
        "@dg.asset\ndef second(first, frist): ...\n"
        "job = dg.define_asset_job('job', selection='first')\n"
        "defs = dg.Definitions(assets=[f, second], jobs=[job])\n",
    )
    assert len(lines) == 3
    assert lines[1] == "2: asset: partitions_def is an int; give a PartitionsDefinition."
    assert lines[2].startswith("4: asset second: Input asset 'frist'")
    assert lines[2].endswith("Did you mean 'first'?")


def test_every_circle_is_told(project: Path):
    lines = told(
        project,
        "@dg.asset\ndef a(b): ...\n@dg.asset\ndef b(a): ...\n"
        "@dg.asset\ndef c(d): ...\n@dg.asset\ndef d(c, a): ...\n@dg.asset\ndef e(d): ...\n"
        "defs = dg.Definitions(assets=[a, b, c, d, e])\n",
    )
    assert lines[1:] == [
        "2: assets depend on each other in a circle: a -> b -> a.",
        "6: assets depend on each other in a circle: c -> d -> c.",
    ]


def test_a_wrong_list_is_told_item_by_item_once(project: Path):
    lines = told(
        project,
        "@dg.asset\ndef a(): ...\ndefs = dg.Definitions(asset=[a], jobs=[a, 'j'], resources=[1], executor=7)\n",
    )
    assert [line.removeprefix("4: ") for line in lines[1:]] == [
        "Definitions() got an unexpected keyword argument 'asset'. Did you mean 'assets'?",
        "jobs holds an AssetsDefinition, which is not a job.",
        "jobs holds a str, which is not a job.",
        "resources is a list; give a dict.",
        "executor is an int; use in_process_executor or multiprocess_executor.",
    ]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: dg.asset(group="x"), "Did you mean 'group_name'"),
        (lambda: dg.Definitions(asset=[]), "Did you mean 'assets'"),
        (lambda: dg.multi_asset(spec=[]), "Did you mean 'specs'"),
        (lambda: dg.define_asset_job("j", select="*"), "Did you mean 'selection'"),
        (lambda: dg.AssetSpec("a", owner=["x"]), "Did you mean 'owners'"),
        (lambda: dg.op(zzz=1), "It takes: compute_fn, name"),
    ],
)
def test_in_a_script_an_unknown_keyword_is_a_type_error(call: object, said: str):
    with pytest.raises(TypeError, match="got an unexpected keyword argument") as caught:
        call()  # type: ignore[operator]
    assert said in str(caught.value)
    assert "test_30_review.py:" in str(caught.value)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: dg.op(ins=[1]), "op: ins is a list"),
        (lambda: dg.asset(required_resource_keys="db"), "required_resource_keys is a str"),
        (lambda: dg.asset(deps=5), "deps is an int"),
        (lambda: dg.multi_asset(specs=["a", dg.AssetSpec("b"), 3]), r"specs\[0\] is a str, specs\[2\] is an int"),
        (lambda: dg.asset_check(asset="a", blocking="yes"), "blocking is a str"),
        (lambda: dg.AssetIn(metadata=4), "AssetIn: metadata is an int"),
    ],
)
def test_in_a_script_an_argument_of_a_wrong_kind_is_a_check_error(call: object, said: str):
    with pytest.raises(ArgumentError, match=said) as caught:
        call()  # type: ignore[operator]
    assert isinstance(caught.value, TypeError)


def test_a_broken_asset_of_a_module_that_is_collected(project: Path):
    lines = told(
        project,
        "import tables_under_test\n"
        "assets = dg.load_assets_from_modules([tables_under_test], key_prefix='shop', group_name='g')\n"
        "@dg.asset\ndef c(shop_b, nowhere): ...\n"
        "defs = dg.Definitions(assets=[*assets, c])\n",
        tables_under_test=(
            "import dagster as dg\n@dg.asset(key='x', name='b')\ndef b(): ...\n@dg.asset(owners=['o'])\ndef d(): ...\n"
        ),
    )
    assert [line.partition(" ")[0] for line in lines[1:]] == ["tables_under_test.py:2:", "tables_under_test.py:4:"]


# --- imports


def test_a_name_that_a_module_lacks(project: Path):
    (line,) = told(project, "from dagster import assset\n")
    assert line.startswith("2: ImportError: cannot import name 'assset' from 'dagster'")
    assert line.endswith("Did you mean 'asset'?")
    assert "(/" not in line


def test_a_module_that_is_not_installed(project: Path):
    (line,) = told(project, "import msgspce\n")
    assert line.endswith("No module named 'msgspce'. Did you mean 'msgspec'?")
    (line,) = told(project, "import zzz_nothing_like_it\n")
    assert line.endswith(f"It is not installed in the environment of {sys.executable}.")


def test_an_integration_that_rostrum_has_not(project: Path):
    (line,) = told(project, "from dagster_snowflake import SnowflakeResource\n")
    assert "No module named 'dagster_snowflake'. Rostrum has no such integration" in line
    assert "Did you mean" not in line
    (line,) = told(project, "import dagster.zzz\n")
    assert line.endswith("public names are in `dagster`)")


def test_a_circular_import_shows_who_imports_whom(project: Path):
    first, *chain = told(
        project, "from circ_under_test import b\n", circ_under_test="from shop_under_test import a\nb = 1\n"
    )
    assert "partially initialized module 'shop_under_test' (most likely due to a circular import)" in first
    assert chain == [
        "2, in <module>: from circ_under_test import b",
        "circ_under_test.py:1, in <module>: from shop_under_test import a",
    ]


def test_an_error_at_import_shows_all_lines_that_led_to_it(project: Path):
    lines = told(project, "def helper():\n    return {}['key']\n@dg.asset(metadata={'x': helper()})\ndef a(): ...\n")
    assert lines == [
        "3: KeyError: 'key'",
        "4, in <module>: @dg.asset(metadata={'x': helper()})",
        "3, in helper: return {}['key']",
    ]


def test_a_syntax_error_shows_the_line_and_where(project: Path):
    (project / "syntax_under_test.py").write_text("x = 1\n    \ndef x(:\n    pass\n")
    with pytest.raises(dg.DagsterInvalidDefinitionError) as caught:
        load_definitions(CodeTarget(python_file="syntax_under_test.py"))
    assert str(caught.value).splitlines() == [
        "syntax_under_test.py:3: SyntaxError: invalid syntax",
        "  def x(:",
        "        ^",
    ]


def test_mistakes_of_python_files_below_a_defs_folder_are_told_with_those_of_yaml(project: Path):
    files = {
        "pyproject.toml": '[tool.rostrum.project]\nroot_module = "store_under_test"\n',
        "store_under_test/__init__.py": "",
        "store_under_test/defs/a/defs.yaml": "type: store_under_test.Nothing\n",
        "store_under_test/defs/b/z.py": (
            "import dagster as dg\n@dg.asset(owners=['x'])\ndef z(): ...\n@dg.asset(group='g')\ndef y(): ...\n"
        ),
        "store_under_test/definitions.py": (
            "import dagster as dg\nfrom pathlib import Path\n"
            "defs = dg.load_from_defs_folder(path_within_project=Path(__file__))\n"
        ),
    }
    for name, text in files.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    with pytest.raises(dg.DagsterInvalidDefinitionError) as caught:
        load_definitions(CodeTarget(module_name="store_under_test.definitions")).manifest()
    head, *lines = str(caught.value).splitlines()
    assert head == "there are 3 mistakes in the definitions:"
    assert lines[0].strip().startswith("type at store_under_test/defs/a/defs.yaml:1: ")
    assert lines[1].strip().startswith("store_under_test/defs/b/z.py:2: asset z: 'x' is not a valid owner")
    assert lines[2].strip().startswith("store_under_test/defs/b/z.py:4: asset() got an unexpected keyword")
    assert "defs" in lines


# --- coroutines


def test_where_an_event_loop_runs_coroutines_run_in_a_thread_with_the_context_of_the_caller():
    seen: list[Any] = []
    caller: ContextVar[str] = ContextVar("caller")

    @dg.asset
    async def first(context: dg.AssetExecutionContext) -> int:
        await asyncio.sleep(0)
        seen.append((caller.get(), dg.AssetExecutionContext.get().run_id == context.run_id))
        return 1

    @dg.op(out={"a": dg.Out(), "b": dg.Out()})
    async def two():
        yield dg.Output(1, "a")
        await asyncio.sleep(0)
        yield dg.Output(2, "b")

    @dg.job
    def both():
        two()

    async def notebook():
        caller.set("cell")
        return dg.materialize([first]), both.execute_in_process()

    made, ran = asyncio.run(notebook())
    assert made.output_for_node("first") == 1
    assert ran.output_for_node("two", "b") == 2
    assert seen == [("cell", True)]


def test_a_run_within_a_coroutine_of_a_run():
    @dg.asset
    async def inner() -> int:
        return 1

    @dg.asset
    async def outer() -> int:
        return dg.materialize([inner]).output_for_node("inner") + 1

    assert dg.materialize([outer]).output_for_node("outer") == 2


def test_hooks_may_be_async():
    seen: list[str] = []

    @dg.success_hook
    async def tell(context: dg.HookContext):
        await asyncio.sleep(0)
        seen.append(context.op.name)

    @dg.failure_hook
    async def fails(context: dg.HookContext):
        raise ValueError("hook")

    @dg.op
    def work(): ...

    @dg.op
    def bad():
        raise RuntimeError

    @dg.job(hooks={tell, fails})
    def j():
        work()
        bad()

    result = j.execute_in_process(raise_on_error=False)
    assert seen == ["work"]
    kinds = [event.event_type_value for event in result.all_events]
    assert "HOOK_ERRORED" in kinds


def test_io_managers_may_be_async():
    stored: dict[str, Any] = {}

    class Async(dg.ConfigurableIOManager):
        async def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
            await asyncio.sleep(0)
            context.add_output_metadata({"size": 3})
            stored[context.asset_key.to_user_string()] = obj

        async def load_input(self, context: dg.InputContext) -> Any:
            return stored[context.asset_key.to_user_string()]

    @dg.asset
    def up():
        return 5

    @dg.asset
    def down(up: int):
        return up + 1

    result = dg.materialize([up, down], resources={"io_manager": Async()})
    assert stored == {"up": 5, "down": 6}
    assert result.asset_materializations_for_node("up")[0].metadata["size"].value == 3


def test_the_functions_of_schedules_and_sensors_may_be_async():
    @dg.job
    def nothing(): ...

    @dg.schedule("@daily", job=nothing)
    async def nightly(context: dg.ScheduleEvaluationContext):
        await asyncio.sleep(0)
        return dg.RunRequest(run_key="n")

    @dg.sensor(job=nothing)
    async def listener(context: dg.SensorEvaluationContext):
        yield dg.RunRequest(run_key="a")
        await asyncio.sleep(0)
        yield dg.RunRequest(run_key="b")

    with dg.build_schedule_context() as context:
        assert [each.run_key for each in nightly.evaluate_tick(context).run_requests] == ["n"]
    with dg.build_sensor_context() as context:
        assert [each.run_key for each in listener.evaluate_tick(context).run_requests] == ["a", "b"]


def test_the_exceptions_of_a_group_are_told_with_their_frames():
    async def boom(number: int):
        raise ValueError(f"the real cause {number}")

    @dg.asset
    async def grouped():
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(boom(1))
            tasks.create_task(boom(2))

    result = dg.materialize([grouped], raise_on_error=False)
    data = result.failure_data_for_node("grouped")
    text = str(data.error)
    assert "the real cause 1" in text
    assert text.count("in boom") == 2
    cause = data.error.cause or data.error
    assert "  - ValueError: the real cause 2" in cause.message


def test_the_line_that_lists_show_of_a_config_error_has_field_and_reason(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("NOT_SET_ANYWHERE", raising=False)

    class Settings(dg.Config):
        password: str = dg.EnvVar("NOT_SET_ANYWHERE")

    @dg.op
    def connect(config: Settings): ...

    @dg.job
    def nightly():
        connect()

    with pytest.raises(dg.DagsterInvalidConfigError) as caught:
        nightly.execute_in_process()
    line = error_info(caught.value).first_line
    assert line.startswith("ConfigError: Error in config for job 'nightly': ")
    assert "root:ops:connect:config:password" in line
    assert "NOT_SET_ANYWHERE" in line


class Limits(dg.Config):
    number: int = Field(default=1, alias="count")
    size: int = 2


class Database(dg.ConfigurableResource):
    url: str


def test_an_unknown_argument_of_a_config_object_is_ignored_with_a_warning():
    """A misspelt argument leaves the default in force, which nobody would notice."""
    with pytest.warns(UserWarning, match="Limits has no field 'sise', it is ignored. Did you mean 'size'") as caught:
        assert Limits(count=3, sise=5).size == 2
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match="Database has no field 'urll'"):
        Database(url="a", urll="b")


def test_fields_aliases_and_what_validators_read_are_known():
    class Old(dg.Config):
        size: int = 1

        @model_validator(mode="before")
        @classmethod
        def renamed(cls, values: dict[str, Any]) -> dict[str, Any]:
            return {"size": values.get("old_size", 1)}

    class Free(dg.PermissiveConfig): ...

    assert Limits(count=3, size=4).number == 3
    assert Old(old_size=7).size == 7
    assert Free(anything=1).anything == 1


def test_a_partition_is_one_of_each_definition_that_is_in_the_run():
    @dg.asset(partitions_def=dg.StaticPartitionsDefinition(["a"]))
    def p(): ...

    @dg.asset(partitions_def=dg.DailyPartitionsDefinition("2024-01-01"))
    def q(): ...

    with pytest.raises(dg.DagsterUnknownPartitionError):
        dg.materialize([p, q], partition_key="a")


# --- small things


class Row(TypedDict):
    name: str


@pytest.mark.parametrize(("value", "fits"), [({"name": "x"}, True), (5, False)])
def test_a_typed_dict_is_checked_as_a_dict(value: Any, fits: bool):
    @dg.asset
    def row() -> Row:
        return value

    @dg.asset
    def rows() -> list[Row]:
        return [value]

    assert dg.materialize([row], raise_on_error=False).success is fits
    assert dg.materialize([rows], raise_on_error=False).success is fits


def test_a_log_call_whose_arguments_do_not_fit_fails_nothing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(logging.getLogger(), "handlers", [])  # pytest's raise what they cannot format
    monkeypatch.setattr(logging, "raiseExceptions", False)

    @dg.asset
    def talks(context: dg.AssetExecutionContext):
        context.log.info("%s and %d", "x")  # noqa: PLE1206 - the mistake in question
        dg.get_dagster_logger().warning("%d", "x")

    assert dg.materialize([talks]).success


def test_texts_and_config_that_are_nested_too_deeply_are_mistakes_of_theirs():
    with pytest.raises(SelectionError, match="nested too deeply"):
        dg.AssetSelection.from_string("(" * 5000 + "a or b" + ")" * 5000)

    @dg.op(config_schema=dg.Permissive())
    def free(): ...

    @dg.job
    def j():
        free()

    deep: Any = {}
    for _ in range(3000):
        deep = {"a": deep}
    with pytest.raises(dg.DagsterInvalidConfigError):
        j.execute_in_process({"ops": {"free": {"config": deep}}})


def test_a_resource_that_yields_twice_is_told():
    @dg.resource
    def twice():
        yield 1
        yield 2

    @dg.asset(required_resource_keys={"r"})
    def a(): ...

    with pytest.warns(UserWarning, match="resource 'r': its generator yields a second time"):
        assert dg.materialize([a], resources={"r": twice}).success


def test_merging_tells_all_conflicts():
    first = dg.Definitions(resources={"a": 1, "b": 1, "c": 1}, executor=dg.in_process_executor)
    second = dg.Definitions(resources={"a": 2, "b": 2, "c": 1}, executor=dg.multiprocess_executor)
    with pytest.raises(dg.DagsterInvariantViolationError) as caught:
        dg.Definitions.merge(first, second)
    told = str(caught.value).splitlines()
    assert [("'a'" in line, "'b'" in line, "executor" in line) for line in told] == [
        (True, False, False),
        (False, True, False),
        (False, False, True),
    ]


def test_a_password_within_an_address_is_not_in_the_manifest():
    class Store(dg.ConfigurableResource):
        dsn: str

    defs = dg.Definitions(resources={"db": Store(dsn="postgres://shop:hunter2@host:5432/x")})
    encoded = encode_manifest(defs.manifest())
    assert b"hunter2" not in encoded
    assert b"postgres://shop:********@host:5432/x" in encoded


def test_the_context_of_a_step_is_still_its_own_after_a_run_within_it():
    seen: list[str] = []

    @dg.asset
    def inner(): ...

    @dg.asset
    def outer(context: dg.AssetExecutionContext):
        dg.materialize([inner])
        seen.append(dg.AssetExecutionContext.get().asset_key.to_user_string())

    assert dg.materialize([outer]).success
    assert seen == ["outer"]


def test_resources_may_be_set_up_and_torn_down_by_coroutines_in_the_loop_of_the_steps():
    seen: list[Any] = []

    class Connection(dg.ConfigurableResource[Any]):
        _loop: Any = None

        async def setup_for_execution(self, context: dg.InitResourceContext):
            await asyncio.sleep(0)
            self._loop = asyncio.get_running_loop()
            seen.append("set up")

        async def teardown_after_execution(self, context: dg.InitResourceContext):
            await asyncio.sleep(0)
            seen.append(("torn down", asyncio.get_running_loop() is self._loop))

    class Outer(dg.ConfigurableResource[Any]):
        inner: Connection

    @dg.resource
    async def client():
        await asyncio.sleep(0)
        return "client"

    @dg.asset
    async def a(outer: Outer, client: dg.ResourceParam[str]):
        seen.append((client, asyncio.get_running_loop() is outer.inner._loop))

    assert dg.materialize([a], resources={"outer": Outer(inner=Connection()), "client": client}).success
    assert seen == ["set up", ("client", True), ("torn down", True)]
    seen.clear()
    with Connection().process_config_and_initialize_cm() as connection:
        assert connection._loop is not None
        assert seen == ["set up"]
    with dg.build_resources({"c": Connection(), "d": client}) as built:
        assert built.d == "client"
    assert [each if isinstance(each, str) else each[0] for each in seen] == ["set up", "torn down"] * 2


def test_a_resource_whose_coroutine_fails_fails_the_run():
    class Connection(dg.ConfigurableResource[Any]):
        async def setup_for_execution(self, context: dg.InitResourceContext):
            raise ValueError("no route")

    @dg.asset
    def a(db: Connection): ...

    result = dg.materialize([a], resources={"db": Connection()}, raise_on_error=False)
    assert not result.success
    assert "no route" in str(result.run.error)


def test_a_resource_made_of_an_async_generator_is_refused():
    with pytest.raises(dg.DagsterInvalidDefinitionError, match=r"test_30_review.py:\d+: .*is an async generator"):

        @dg.resource
        async def connected():
            yield 1


# --- interrupts


@pytest.mark.parametrize("raise_on_error", [True, False])
@pytest.mark.parametrize("where", ["body", "coroutine", "io manager", "hook", "resource"])
def test_a_keyboard_interrupt_of_user_code_stops_the_run(where: str, raise_on_error: bool):
    seen: list[str] = []

    def stop(here: str) -> None:
        if where == here:
            raise KeyboardInterrupt

    class Manager(dg.IOManager):
        def handle_output(self, context: dg.OutputContext, obj: Any):
            stop("io manager")

        def load_input(self, context: dg.InputContext): ...

    @dg.resource
    def connected():
        stop("resource")
        return 1

    @dg.success_hook
    def told(context: dg.HookContext):
        stop("hook")

    @dg.asset(hooks={told}, retry_policy=dg.RetryPolicy(max_retries=3), required_resource_keys={"db"})
    def first():
        seen.append("first")
        stop("body")

    @dg.asset
    async def later():
        await asyncio.sleep(0)
        seen.append("later")
        stop("coroutine")

    @dg.asset
    def zz_last():
        seen.append("last")

    with dg.DagsterInstance.ephemeral() as instance:
        with pytest.raises(KeyboardInterrupt):
            dg.materialize(
                [first, later, zz_last],
                instance=instance,
                resources={"io_manager": Manager(), "db": connected},
                raise_on_error=raise_on_error,
            )
        (run,) = instance.get_runs()
        expected = {"resource": [], "coroutine": ["first", "later"]}
        assert seen == expected.get(where, ["first"])
        assert run.status.value.lower() == ("failure" if where == "resource" else "canceled")
