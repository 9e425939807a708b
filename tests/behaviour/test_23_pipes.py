"""Section 23: Pipes, with real child processes."""

from __future__ import annotations

import base64
import json
import os
import re
import sys
import textwrap
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import dagster_pipes
import pytest

Run = Callable[..., Any]
HEAD = "from rostrum.pipes.external import open_pipes as open_dagster_pipes, PipesContext\n"


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str], list[str]]:
    def write(body: str) -> list[str]:
        path = tmp_path / "child.py"
        path.write_text(HEAD + textwrap.dedent(body))
        return [sys.executable, str(path)]

    return write


def run_asset(command: Any, client: Any = None, *, partition_key: str | None = None, **options: Any) -> Any:
    """Materialise an asset that is made by the command."""
    invocations: list[Any] = []
    extras = options.pop("extras", None)
    raise_on_error = options.pop("raise_on_error", True)
    returned = options.pop("returned", lambda invocation: invocation.get_materialize_result())

    @dg.asset(name="made", **options)
    def made(context: dg.AssetExecutionContext, pipes: dg.PipesSubprocessClient) -> Any:
        invocation = pipes.run(context=context, command=command, extras=extras)
        invocations.append(invocation)
        return returned(invocation)

    resources = {"pipes": client or dg.PipesSubprocessClient()}
    result = dg.materialize([made], resources=resources, partition_key=partition_key, raise_on_error=raise_on_error)
    return result, invocations[0] if invocations else None


def metadata_of(result: Any) -> Any:
    (event,) = result.asset_materializations_for_node("made")
    return {key: value.value for key, value in event.metadata.items()}


def test_a_materialization_is_reported(script: Any) -> None:
    command = script("""
        with open_dagster_pipes() as pipes:
            pipes.report_asset_materialization(
                metadata={"rows": 3, "page": {"raw_value": "http://x.com", "type": "url"}}, data_version="v1"
            )
    """)
    result, invocation = run_asset(command)
    assert result.success
    metadata = metadata_of(result)
    assert (metadata["rows"], metadata["page"]) == (3, "http://x.com")
    assert invocation.get_custom_messages() == []


def test_no_report_is_an_implicit_materialization(script: Any) -> None:
    result, _ = run_asset(script("with open_dagster_pipes() as pipes: pass"))
    assert len(result.asset_materializations_for_node("made")) == 1


def test_a_process_that_never_opens_is_only_warned_of(tmp_path: Path, capfd: Any) -> None:
    result, _ = run_asset([sys.executable, "-c", "print('hello')"])
    assert result.success
    told = capfd.readouterr()
    assert "did not receive any messages" in told.err + told.out
    assert "hello" in told.out


def test_row_63_failing_child(script: Any) -> None:
    with pytest.raises(dg.DagsterPipesExecutionError, match="code 3"):
        run_asset(script("raise SystemExit(3)"))


def test_row_63_second_report_in_the_child(script: Any) -> None:
    command = script("""
        with open_dagster_pipes() as pipes:
            pipes.report_asset_materialization()
            try:
                pipes.report_asset_materialization()
            except Exception as error:
                pipes.report_custom_message([type(error).__name__, str(error)])
    """)
    _, invocation = run_asset(command)
    ((name, told),) = invocation.get_custom_messages()
    assert name == dagster_pipes.DagsterPipesError.__name__
    assert "already been materialized" in told


def test_checks(script: Any) -> None:
    command = script("""
        with open_dagster_pipes() as pipes:
            pipes.report_asset_check("c", passed=False, severity="WARN", metadata={"n": 1})
            pipes.report_asset_materialization()
    """)
    spec = dg.AssetCheckSpec("c", asset="made")
    result, _ = run_asset(command, check_specs=[spec])
    (evaluation,) = result.get_asset_check_evaluations()
    assert (evaluation.passed, evaluation.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert evaluation.metadata["n"].value == 1


def test_a_check_alone(script: Any) -> None:
    command = script("""
        with open_dagster_pipes() as pipes:
            pipes.report_asset_check("c", passed=True, asset_key="made")
    """)

    @dg.asset
    def made() -> None: ...

    @dg.asset_check(asset=made, name="c")
    def check(context: dg.AssetCheckExecutionContext, pipes: dg.PipesSubprocessClient) -> dg.AssetCheckResult:
        return pipes.run(context=context, command=command).get_asset_check_result()

    defs = dg.Definitions(assets=[made], asset_checks=[check], resources={"pipes": dg.PipesSubprocessClient()})
    result = dg.materialize([made, check], resources=dict(defs.resources))
    assert [each.passed for each in result.get_asset_check_evaluations()] == [True]


def test_the_context_in_the_child(script: Any) -> None:
    command = script("""
        with open_dagster_pipes() as pipes:
            assert PipesContext.get() is pipes
            pipes.report_custom_message({
                "asset_key": pipes.asset_key, "asset_keys": pipes.asset_keys, "is_asset": pipes.is_asset_step,
                "is_partition": pipes.is_partition_step, "key": pipes.partition_key,
                "range": pipes.partition_key_range, "window": pipes.partition_time_window,
                "extras": pipes.extras, "extra": pipes.get_extra("n"), "retry": pipes.retry_number,
                "run_id": pipes.run_id, "code_version": pipes.code_version, "provenance": pipes.provenance,
            })
    """)
    partitions = dg.DailyPartitionsDefinition("2024-01-01")
    result, invocation = run_asset(
        command, partition_key="2024-01-02", partitions_def=partitions, extras={"n": 5}, code_version="v7"
    )
    (told,) = invocation.get_custom_messages()
    assert told == {
        "asset_key": "made",
        "asset_keys": ["made"],
        "is_asset": True,
        "is_partition": True,
        "key": "2024-01-02",
        "range": {"start": "2024-01-02", "end": "2024-01-02"},
        "window": {"start": "2024-01-02T00:00:00+00:00", "end": "2024-01-03T00:00:00+00:00"},
        "extras": {"n": 5},
        "extra": 5,
        "retry": 0,
        "run_id": result.run_id,
        "code_version": "v7",
        "provenance": None,
    }


def test_log_lines_become_lines_of_the_run(script: Any, capfd: Any) -> None:
    command = script("""
        with open_dagster_pipes() as pipes:
            pipes.log.info("from %s", "afar")
    """)
    run_asset(command)
    told = capfd.readouterr()
    assert "from afar" in told.err + told.out


def test_output_in_messages(script: Any, capfd: Any) -> None:
    command = script("""
        import os, sys
        with open_dagster_pipes() as pipes:
            print("a printed line")
            print("an error line", file=sys.stderr)
            os.system("echo from a grandchild")
    """)
    client = dg.PipesSubprocessClient(
        message_reader=dg.PipesTempFileMessageReader(include_stdio_in_messages=True), forward_stdio=False
    )
    result, _ = run_asset(command, client)
    assert result.success
    told = capfd.readouterr()
    for line in ("a printed line", "an error line", "from a grandchild"):
        assert line in told.out + told.err


def test_output_is_not_forwarded_when_told_so(capfd: Any) -> None:
    run_asset([sys.executable, "-c", "print('loud')"], dg.PipesSubprocessClient(forward_stdio=False))
    assert "loud" not in capfd.readouterr().out


def test_an_exception_in_the_child_is_told(script: Any, capfd: Any) -> None:
    with pytest.raises(dg.DagsterPipesExecutionError):
        run_asset(script("with open_dagster_pipes() as pipes: raise ValueError('broken far away')"))
    told = capfd.readouterr()
    assert "closed with error" in told.err + told.out


def test_environment_and_folder(tmp_path: Path) -> None:
    body = "import os, pathlib; pathlib.Path('seen').write_text(os.environ['A'] + os.environ['B'])"
    client = dg.PipesSubprocessClient(env={"A": "1", "B": "0"}, cwd=str(tmp_path))

    @dg.asset
    def made(context: dg.AssetExecutionContext) -> Any:
        return client.run(
            context=context, command=[sys.executable, "-c", body], env={"B": "2"}
        ).get_materialize_result()

    assert dg.materialize([made]).success
    assert (tmp_path / "seen").read_text() == "12"


@pytest.mark.parametrize("injector", ["PipesEnvContextInjector", "PipesTempFileContextInjector"])
def test_injectors(script: Any, injector: str) -> None:
    command = script("with open_dagster_pipes() as pipes: pipes.report_custom_message(pipes.get_extra('x'))")
    _, invocation = run_asset(
        command, dg.PipesSubprocessClient(context_injector=getattr(dg, injector)()), extras={"x": 1}
    )
    assert invocation.get_custom_messages() == [1]


def test_the_default_context_is_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}

    @dg.asset
    def made(context: dg.AssetExecutionContext) -> None:
        with dg.open_pipes_session(
            context, dg.PipesTempFileContextInjector(), dg.PipesTempFileMessageReader(include_stdio_in_messages=True)
        ) as session:
            seen.update(session.get_bootstrap_params())
            seen["data"] = json.loads(Path(seen["DAGSTER_PIPES_CONTEXT"]["path"]).read_text())

    assert dg.materialize([made]).success
    assert set(seen["DAGSTER_PIPES_CONTEXT"]) == {"path"}
    assert seen["data"]["asset_keys"] == ["made"]
    assert seen["DAGSTER_PIPES_MESSAGES"]["include_stdio_in_messages"] is True


def test_files_given_by_the_user(script: Any, tmp_path: Path) -> None:
    command = script("with open_dagster_pipes() as pipes: pipes.report_custom_message(1)")
    client = dg.PipesSubprocessClient(
        context_injector=dg.PipesFileContextInjector(str(tmp_path / "context")),
        message_reader=dg.PipesFileMessageReader(str(tmp_path / "messages"), cleanup_file=False),
    )
    _, invocation = run_asset(command, client)
    assert invocation.get_custom_messages() == [1]
    assert not (tmp_path / "context").exists()
    lines = [json.loads(line) for line in (tmp_path / "messages").read_text().splitlines()]
    assert [line["method"] for line in lines] == ["opened", "report_custom_message", "closed"]
    assert {line["__dagster_pipes_version"] for line in lines} == {"0.1"}


def test_results_of_several_assets(script: Any) -> None:
    command = script("""
        with open_dagster_pipes() as pipes:
            for key in pipes.asset_keys:
                pipes.report_asset_materialization(asset_key=key, metadata={"of": key})
    """)

    @dg.multi_asset(specs=[dg.AssetSpec("a"), dg.AssetSpec(["b", "c"])])
    def several(context: dg.AssetExecutionContext, pipes: dg.PipesSubprocessClient) -> Any:
        yield from pipes.run(context=context, command=command).get_results()

    result = dg.materialize([several], resources={"pipes": dg.PipesSubprocessClient()})
    found = {event.asset_key.to_user_string(): event.metadata["of"].value for event in _materializations(result)}
    assert found == {"a": "a", "b/c": "b/c"}


def _materializations(result: Any) -> list[Any]:
    return list(result.asset_materializations_for_node("several"))


def test_an_op(script: Any) -> None:
    command = script("""
        with open_dagster_pipes() as pipes:
            pipes.report_custom_message([pipes.is_asset_step, pipes.is_partition_step, pipes.job_name])
    """)
    seen: list[Any] = []

    @dg.op
    def step(context: dg.OpExecutionContext, pipes: dg.PipesSubprocessClient) -> None:
        seen.extend(pipes.run(context=context, command=command).get_custom_messages())

    @dg.job(resource_defs={"pipes": dg.ResourceDefinition.hardcoded_resource(dg.PipesSubprocessClient())})
    def stepping() -> None:
        step()

    assert stepping.execute_in_process().success
    assert seen == [[False, False, "stepping"]]


def test_a_session_of_ones_own(script: Any) -> None:
    import subprocess

    command = script("with open_dagster_pipes() as pipes: pipes.report_asset_materialization(metadata={'n': 1})")
    seen: dict[str, Any] = {}

    @dg.asset
    def made(context: dg.AssetExecutionContext) -> Any:
        with dg.open_pipes_session(
            context=context,
            context_injector=dg.PipesEnvContextInjector(),
            message_reader=dg.PipesTempFileMessageReader(),
            extras={"e": 1},
        ) as session:
            seen["env"] = session.get_bootstrap_env_vars()
            seen["cli"] = session.get_bootstrap_cli_arguments()
            seen["params"] = session.get_bootstrap_params()
            subprocess.run(command, env={**os.environ, **session.get_bootstrap_env_vars()}, check=True)
        yield from session.get_results()

    result = dg.materialize([made])
    assert metadata_of(result)["n"] == 1
    assert set(seen["env"]) == {"DAGSTER_PIPES_CONTEXT", "DAGSTER_PIPES_MESSAGES"}
    assert set(seen["cli"]) == {"--dagster-pipes-context", "--dagster-pipes-messages"}
    plain = json.loads(zlib.decompress(base64.b64decode(seen["env"]["DAGSTER_PIPES_CONTEXT"])))
    assert set(plain["data"]) == {
        "asset_keys",
        "code_version_by_asset_key",
        "provenance_by_asset_key",
        "partition_key",
        "partition_key_range",
        "partition_time_window",
        "run_id",
        "job_name",
        "retry_number",
        "extras",
    }
    assert plain == seen["params"]["DAGSTER_PIPES_CONTEXT"]
    messages = seen["params"]["DAGSTER_PIPES_MESSAGES"]
    assert set(messages) == {"path", "include_stdio_in_messages"}
    assert messages["include_stdio_in_messages"] is False


# --- the external side in this process


class Captured(dagster_pipes.PipesMessageWriterChannel):
    def __init__(self) -> None:
        self.messages: list[Any] = []

    def write_message(self, message: Any) -> None:
        self.messages.append(message)


class Writer(dagster_pipes.PipesMessageWriter):  # type: ignore[type-arg]
    def __init__(self, channel: Captured) -> None:
        self.channel = channel

    def open(self, params: Any) -> Any:
        from contextlib import nullcontext

        return nullcontext(self.channel)


def opened(**data: Any) -> tuple[Any, Captured]:
    full = {
        "asset_keys": ["a"],
        "code_version_by_asset_key": {"a": None},
        "provenance_by_asset_key": {"a": None},
        "partition_key": None,
        "partition_key_range": None,
        "partition_time_window": None,
        "run_id": "r",
        "job_name": "j",
        "retry_number": 0,
        "extras": {},
        **data,
    }
    params = dagster_pipes.PipesMappingParamsLoader(
        {
            "DAGSTER_PIPES_CONTEXT": dagster_pipes.encode_param({"data": full}),
            "DAGSTER_PIPES_MESSAGES": dagster_pipes.encode_param({}),
        }
    )
    channel = Captured()
    return dagster_pipes.PipesContext(params, dagster_pipes.PipesDefaultContextLoader(), Writer(channel)), channel


def test_messages_of_each_kind() -> None:
    context, channel = opened()
    context.log.warning("careful")
    context.report_asset_materialization({"n": 1}, "v")
    context.report_asset_check("c", True)
    context.report_custom_message({"x": 1})
    context.log_external_stream("stdout", "t")
    context.close()
    assert [(each["method"], each["params"]) for each in channel.messages] == [
        ("opened", {"extras": {}}),
        ("log", {"message": "careful", "level": "WARNING"}),
        (
            "report_asset_materialization",
            {"asset_key": "a", "data_version": "v", "metadata": {"n": {"raw_value": 1, "type": "__infer__"}}},
        ),
        (
            "report_asset_check",
            {"asset_key": "a", "check_name": "c", "passed": True, "metadata": None, "severity": "ERROR"},
        ),
        ("report_custom_message", {"payload": {"x": 1}}),
        ("log_external_stream", {"stream": "stdout", "text": "t", "extras": {}}),
        ("closed", {}),
    ]
    assert context.is_closed


def test_the_exception_that_was_the_end() -> None:
    context, channel = opened()
    with pytest.raises(ValueError, match="broken"), context:
        raise ValueError("broken")
    told = channel.messages[-1]["params"]["exception"]
    assert told["name"] == "ValueError"
    assert "broken" in told["message"]
    assert set(told) == {"message", "stack", "name", "cause", "context"}


@pytest.mark.parametrize(
    "wrong",
    [
        lambda context: context.report_asset_materialization(asset_key="b"),
        lambda context: context.report_asset_check("c", "yes"),
        lambda context: context.report_asset_check("c", True, severity="BAD"),
        lambda context: context.report_asset_materialization({"n": {"raw_value": 1, "type": "nonsense"}}),
        lambda context: context.get_extra("x"),
        lambda context: context.partition_key,
        lambda context: context.partition_key_range,
    ],
)
def test_what_does_not_apply(wrong: Any) -> None:
    context, _ = opened()
    with pytest.raises(dagster_pipes.DagsterPipesError):
        wrong(context)


def test_without_asset() -> None:
    context, _ = opened(asset_keys=None)
    assert not context.is_asset_step
    with pytest.raises(dagster_pipes.DagsterPipesError):
        _ = context.asset_key


def test_there_is_no_context_before_it_is_opened() -> None:
    assert not dagster_pipes.PipesContext.is_initialized()
    with pytest.raises(dagster_pipes.DagsterPipesError):
        dagster_pipes.PipesContext.get()


def test_outside_of_an_orchestrated_process(monkeypatch: pytest.MonkeyPatch) -> None:
    from unittest.mock import MagicMock

    monkeypatch.delenv("DAGSTER_PIPES_CONTEXT", raising=False)
    monkeypatch.setattr(dagster_pipes.PipesContext, "_instance", None)
    with pytest.warns(dagster_pipes.DagsterPipesWarning):
        context = dagster_pipes.open_dagster_pipes()
    assert isinstance(context, MagicMock)
    context.report_asset_materialization(metadata={"n": 1})


def test_arguments_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        sys,
        "argv",
        ["x", "--dagster-pipes-context", dagster_pipes.encode_param({"a": 1}), "--dagster-pipes-messages", "e"],
    )
    loader = dagster_pipes.PipesCliArgsParamsLoader()
    assert loader.is_dagster_pipes_process()
    assert loader.load_context_params() == {"a": 1}


def test_params_are_compressed_json() -> None:
    text = dagster_pipes.encode_param({"path": "x"})
    assert json.loads(zlib.decompress(base64.b64decode(text))) == {"path": "x"}
    assert dagster_pipes.decode_param(text) == {"path": "x"}


def test_chunks_of_a_store() -> None:
    class Client:
        def __init__(self) -> None:
            self.objects: dict[str, str] = {}

        def put_object(self, **given: str) -> None:
            self.objects[f"{given['Bucket']}/{given['Key']}"] = given["Body"]

    client = Client()
    writer = dagster_pipes.PipesS3MessageWriter(client, interval=100)
    with writer.open({"bucket": "b", "key_prefix": "p"}) as channel:
        channel.write_message({"method": "opened"})
    assert {key: json.loads(value) for key, value in client.objects.items()} == {"b/p/1.json": {"method": "opened"}}


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        ("text", "t", "t"),
        ("url", "http://x", "http://x"),
        ("path", "/p", "/p"),
        ("notebook", "/n", "/n"),
        ("json", {"a": [1]}, {"a": [1]}),
        ("md", "# x", "# x"),
        ("float", 0.5, 0.5),
        ("int", 5, 5),
        ("bool", True, True),
        ("dagster_run", "run", "run"),
        ("asset", "a/b", dg.AssetKey(["a", "b"])),
        ("null", None, None),
        ("timestamp", 3.0, 3.0),
        ("__infer__", "t", "t"),
    ],
)
def test_types_of_metadata(kind: str, raw: Any, value: Any) -> None:
    from rostrum.pipes.messages import resolved_metadata

    assert resolved_metadata("k", raw, kind).value == value


def test_types_of_metadata_of_tables() -> None:
    from rostrum.pipes.messages import resolved_metadata

    columns = [{"name": "a", "type": "int"}]
    schema = dg.TableSchema([dg.TableColumn("a", "int")])
    assert resolved_metadata("k", {"columns": columns}, "table_schema").value == schema
    table = resolved_metadata("k", {"records": [{"a": 1}], "schema": columns}, "table")
    assert (table.schema, table.records) == (schema, [dg.TableRecord({"a": 1})])
    lineage = {"deps_by_column": {"a": [{"asset_key": "up", "column_name": "b"}]}}
    deps = resolved_metadata("k", lineage, "table_column_lineage").value.deps_by_column
    assert deps == {"a": [dg.TableColumnDep("up", "b")]}


@pytest.mark.parametrize("forward", [True, False])
def test_an_interrupt_of_the_step_ends_the_child(monkeypatch: pytest.MonkeyPatch, forward: bool) -> None:
    import subprocess

    children: list[Any] = []
    real = subprocess.Popen

    class Interrupted(real):  # type: ignore[misc,valid-type]
        def wait(self, timeout: float | None = None) -> int:
            if self not in children:
                children.append(self)
                raise KeyboardInterrupt
            return super().wait(timeout)

    monkeypatch.setattr(subprocess, "Popen", Interrupted)
    client = dg.PipesSubprocessClient(forward_termination=forward, forward_stdio=False)
    with pytest.raises(KeyboardInterrupt):
        client.run(context=dg.build_asset_context(), command=[sys.executable, "-c", "import time; time.sleep(60)"])
    (child,) = children
    assert (child.poll() is not None) is forward
    if not forward:
        child.kill()
        child.wait()


def said(line: str, values: str = "{}") -> str:
    """Shell that sends a message."""
    message = '{"__dagster_pipes_version":"0.1","method":"' + line + '","params":' + values + "}"
    return f"echo '{message}' >>\"$ROSTRUM_PIPES_MESSAGES_PATH\"\n"


def test_metadata_that_cannot_be_read_does_not_lose_the_report(capfd: Any) -> None:
    report = (
        '{"asset_key":"made","data_version":"v9","metadata":{"plain":3,"text":"x","list":[1],"odd":{"a":1},'
        '"untyped":{"raw_value":4},"wrong":{"raw_value":"abc","type":"int"},"none":{"raw_value":1,"type":"zork"}}}'
    )
    result, _ = run_asset(["sh", "-c", said("opened") + said("report_asset_materialization", report) + said("closed")])
    (event,) = result.asset_materializations_for_node("made")
    assert event.tags["dagster/data_version"] == "v9"
    found = metadata_of(result)
    assert (found["plain"], found["text"], found["list"], found["odd"]) == (3, "x", [1], {"a": 1})
    assert found["untyped"] == 4
    assert "abc" in found["wrong"]
    assert "zork" in found["none"]
    told = capfd.readouterr().err
    assert "metadata 'wrong' is kept as text" in told
    assert "metadata 'none' is kept as text" in told


def test_messages_that_say_nothing_are_told_and_left_out(capfd: Any) -> None:
    nonsense = said("report_asset_materialization") + said("nomethod") + said("log", "null") + said("", "[]")
    last = said("log", '{"message": 5, "level": "warning"}')
    result, _ = run_asset(["sh", "-c", nonsense + last])
    assert metadata_of(result) == {}
    told = capfd.readouterr().err
    assert "the message report_asset_materialization has no asset_key" in told
    assert "Unknown message method: nomethod" in told
    assert "the message log has no message" in told
    assert re.search("WARNING .*5", told)
    assert "has sent messages, and none that it had opened" in told


def test_the_process_knows_what_its_asset_was_made_of(script: Any) -> None:
    command = script("""
        with open_dagster_pipes() as pipes:
            pipes.report_custom_message(pipes.provenance)
    """)
    seen: list[Any] = []

    @dg.asset(code_version="u1")
    def up() -> int:
        return 1

    @dg.asset(deps=[up], code_version="m1")
    def made(context: dg.AssetExecutionContext, pipes: dg.PipesSubprocessClient) -> Any:
        invocation = pipes.run(context=context, command=command)
        seen.extend(invocation.get_custom_messages())
        return invocation.get_materialize_result()

    with dg.DagsterInstance.ephemeral() as instance:
        for _ in range(2):
            dg.materialize([up, made], resources={"pipes": dg.PipesSubprocessClient()}, instance=instance)
    first, second = seen
    assert first is None
    assert second["code_version"] == "m1"
    assert second["is_user_provided"] is False
    assert list(second["input_data_versions"]) == ["up"]
