"""Pipes with the published `dagster-pipes` package on the other side, in an environment of its own."""

from __future__ import annotations

import json
import textwrap
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import rostrum as ro
from rostrum.executors.in_process import InProcessExecutor
from rostrum.executors.multiprocess import MultiprocessExecutor
from rostrum.executors.threaded import ThreadedExecutor
from rostrum.integrations.s3_pipes import PipesS3ContextInjector, PipesS3MessageReader
from rostrum.model.errors import ArgumentError, PipesExecutionError
from rostrum.model.runs import RunStatus
from rostrum.pipes.objects import PipesObjectStoreContextInjector, PipesObjectStoreMessageReader
from rostrum.testing.conformance.executors.bench import Bench, kinds, only
from rostrum.testing.conformance.executors.suite import is_gone
from tests.integration.pipes import code
from tests.pipes_client import client_python
from tests.s3_server import S3Server, s3_server

pytestmark = [pytest.mark.timeout(660), pytest.mark.processes]  # at first the client's environment is made

HEAD = "import json, os, sys\nfrom dagster_pipes import *\nimport dagster_pipes\n"
Script = Callable[[str], list[str]]


@pytest.fixture(scope="session")
def python() -> str:
    return str(client_python())


@pytest.fixture
def script(tmp_path: Path, python: str) -> Script:
    def write(body: str) -> list[str]:
        path = tmp_path / "client.py"
        path.write_text(HEAD + textwrap.dedent(body))
        return [python, str(path)]

    return write


class Outcome:
    """What came of an asset that is made by an external process."""

    def __init__(self, result: Any, done: Any, lines: list[str]) -> None:
        self.result, self.messages, self.lines = result, done.get_custom_messages(), lines

    @property
    def metadata(self) -> dict[str, Any]:
        (made,) = self.result.asset_materializations_for_node("made")
        return dict(made.metadata)


def make(command: list[str], client: Any = None, extras: Any = None, run: Any = None, **options: Any) -> Outcome:
    """Make an asset by a command; `run`: options of the run."""
    done: list[Any] = []

    @ro.asset(name="made", **options)
    def made(context: ro.AssetExecutionContext) -> Any:
        done.append((client or ro.PipesSubprocessClient()).run(context=context, command=command, extras=extras))
        return done[0].get_materialize_result()

    with ro.Instance.ephemeral() as instance:
        result = ro.materialize([made], instance=instance, **(run or {}))
        lines = [event.message for event in instance.all_logs(result.run_id)]
    return Outcome(result, done[0], lines)


def test_it_is_the_published_package(script: Script) -> None:
    body = "with open_dagster_pipes() as p: p.report_custom_message([dagster_pipes.__file__, 'rostrum' in sys.modules])"
    ((path, has_rostrum),) = make(script(body)).messages
    assert "/.pipes-client/" in path
    assert not has_rostrum


METADATA = {
    "text": ("text", "words"),
    "url": ("url", "http://example.com"),
    "path": ("path", "/a/b"),
    "notebook": ("notebook", "/a.ipynb"),
    "json": ("json", {"a": [1, None]}),
    "md": ("md", "# title"),
    "float": ("float", 1.5),
    "int": ("int", 3),
    "bool": ("bool", True),
    "dagster_run": ("dagster_run", "0198f7aa-0000-7000-8000-000000000000"),
    "asset": ("asset", "a/b"),
    "null": ("null", None),
    "table": ("table", [{"n": 1, "s": "x"}]),
    "table_schema": ("table_schema", {"columns": [{"name": "n", "type": "int"}]}),
    "table_column_lineage": (
        "table_column_lineage",
        {"deps_by_column": {"n": [{"asset_key": "up/stream", "column_name": "m"}]}},
    ),
    "timestamp": ("timestamp", 1_700_000_000.0),
    "inferred": ("__infer__", 7),
}


def test_metadata_of_every_type(script: Script) -> None:
    given = {key: {"raw_value": raw, "type": kind} for key, (kind, raw) in METADATA.items() if key != "inferred"}
    outcome = make(
        script(f"""
        with open_dagster_pipes() as pipes:
            pipes.report_asset_materialization(metadata={{**{given!r}, "inferred": 7}}, data_version="v1")
        """)
    )
    told = {key: type(value).__name__ for key, value in outcome.metadata.items() if key in METADATA}
    assert set(told) == set(METADATA), told
    plain = {key: outcome.metadata[key].value for key in ("text", "url", "path", "json", "md", "float", "int", "bool")}
    assert plain == {key: METADATA[key][1] for key in plain}
    assert outcome.metadata["inferred"].value == 7
    assert str(outcome.metadata["asset"].value) == "a/b"
    assert outcome.metadata["table_schema"].value.columns[0].name == "n"
    assert dict(outcome.metadata["table"].value.records[0].data) == {"n": 1, "s": "x"}
    assert str(outcome.metadata["table_column_lineage"].value.deps_by_column["n"][0].asset_key) == "up/stream"


def test_all_that_can_be_reported(script: Script) -> None:
    outcome = make(
        script("""
        with open_dagster_pipes() as pipes:
            pipes.log.debug("a debug line")
            pipes.log.critical("a critical line")
            pipes.report_asset_check("fine", passed=True, metadata={"n": 1})
            pipes.report_asset_check("poor", passed=False, severity="WARN")
            pipes.report_asset_materialization(metadata={"rows": 3}, data_version="v7")
            pipes.report_custom_message({"any": ["thing", None, 1.5]})
            pipes.report_custom_message("x" * 300_000)
        """),
        check_specs=[ro.AssetCheckSpec("fine", asset="made"), ro.AssetCheckSpec("poor", asset="made")],
    )
    assert outcome.metadata["rows"].value == 3
    assert (
        outcome.metadata["dagster/data_version"].value == "v7" if "dagster/data_version" in outcome.metadata else True
    )
    verdicts = {
        each.check_name: (each.passed, each.severity.value) for each in outcome.result.get_asset_check_evaluations()
    }
    assert verdicts == {"fine": (True, "ERROR"), "poor": (False, "WARN")}
    assert outcome.messages == [{"any": ["thing", None, 1.5]}, "x" * 300_000]
    assert {"a debug line", "a critical line"} <= set(outcome.lines)
    assert "[pipes] external process closed." in outcome.lines


def test_the_context_as_the_client_sees_it(script: Script) -> None:
    outcome = make(
        script("""
        with open_dagster_pipes() as pipes:
            pipes.report_custom_message([
                pipes.asset_key, pipes.asset_keys, pipes.is_asset_step, pipes.is_partition_step, pipes.partition_key,
                pipes.partition_key_range["start"], *pipes.partition_time_window.values(),
                pipes.run_id, pipes.retry_number, pipes.code_version, pipes.extras, pipes.get_extra("n"),
            ])
        """),
        extras={"n": 1, "deep": {"list": [1, 2], "text": "é"}},
        run={"partition_key": "2024-02-01"},
        partitions_def=ro.MonthlyPartitionsDefinition("2024-01-01"),
        code_version="c1",
    )
    (told,) = outcome.messages
    assert told == [
        "made", ["made"], True, True, "2024-02-01",
        "2024-02-01", "2024-02-01T00:00:00+00:00", "2024-03-01T00:00:00+00:00",
        outcome.result.run_id, 0, "c1", {"n": 1, "deep": {"list": [1, 2], "text": "é"}}, 1,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("injector", "include_stdio"), [("env", False), ("temporary file", False), ("file", True)], ids=repr
)
def test_every_way_in_and_out(script: Script, tmp_path: Path, injector: str, include_stdio: bool, capfd: Any) -> None:
    made = {
        "env": ro.PipesEnvContextInjector,
        "temporary file": ro.PipesTempFileContextInjector,
        "file": lambda: ro.PipesFileContextInjector(str(tmp_path / "context")),
    }[injector]()
    reader = ro.PipesTempFileMessageReader(include_stdio_in_messages=include_stdio)
    client = ro.PipesSubprocessClient(context_injector=made, message_reader=reader, forward_stdio=not include_stdio)
    body = """
    with open_dagster_pipes() as pipes:
        print("printed far away", flush=True)
        pipes.report_custom_message(pipes.get_extra("x"))
    """
    assert make(script(body), client, extras={"x": "é"}).messages == ["é"]
    told = capfd.readouterr()
    assert (told.out + told.err).count("printed far away") == 1


def test_the_two_values_as_arguments(script: Script) -> None:
    """As clients of other systems give them."""
    import subprocess

    command = script("""
        with open_dagster_pipes(params_loader=PipesCliArgsParamsLoader()) as pipes:
            pipes.report_asset_materialization(metadata={"n": pipes.get_extra("n")})
    """)

    @ro.asset
    def made(context: ro.AssetExecutionContext) -> Any:
        with ro.open_pipes_session(
            context, ro.PipesEnvContextInjector(), ro.PipesTempFileMessageReader(), {"n": 5}
        ) as session:
            arguments = [part for pair in session.get_bootstrap_cli_arguments().items() for part in pair]
            subprocess.run([*command, *arguments], check=True)
        yield from session.get_results()

    (event,) = ro.materialize([made]).asset_materializations_for_node("made")
    assert event.metadata["n"].value == 5


def test_a_client_that_fails(script: Script) -> None:
    with pytest.raises(PipesExecutionError, match="failed with code 7: what it wrote"):
        make(script("raise SystemExit(7)"))
    with pytest.raises(PipesExecutionError, match="code 1"):
        make(script("with open_dagster_pipes() as pipes: pass\nraise SystemExit(1)"))
    with pytest.raises(PipesExecutionError, match=r"code 1 \(ValueError: far away\): what it wrote"):
        make(script("with open_dagster_pipes() as pipes: raise ValueError('far away')"))
    with pytest.raises(PipesExecutionError, match=r"code 1 \(.*already been materialized"):
        make(
            script("""
            with open_dagster_pipes() as pipes:
                pipes.report_asset_materialization()
                pipes.report_asset_materialization()
            """)
        )


# --- in runs with captured output


@pytest.fixture
def folder(tmp_path: Path, python: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ROSTRUM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PIPES_CLIENT_PYTHON", python)
    return tmp_path


EXECUTORS: dict[str, Callable[[], Any]] = {
    "in_process": InProcessExecutor,
    "multiprocess": lambda: MultiprocessExecutor(2, start_method="fork", grace_seconds=5),
    "threaded": lambda: ThreadedExecutor(2, grace_seconds=5),
}


@pytest.fixture(params=EXECUTORS)
def bench(request: pytest.FixtureRequest, folder: Path) -> Bench:
    return Bench(EXECUTORS[request.param], code.defs, folder)


def test_output_of_the_client_is_in_the_log_of_the_step(bench: Bench) -> None:
    session = bench.run("talking")
    assert session.run.status is RunStatus.SUCCESS
    captured = {
        stream: b"".join(bytes(data) for (_, of), data in session.logs.items() if of == stream)
        for stream in ("out", "err")
    }
    assert b"printed by the client\n" in captured["out"]
    assert b"by its child" in captured["out"]
    assert b"by its descriptor" in captured["err"]
    lines = [(event.level, event.message, event.step_key) for event in session.events if event.kind == "log_message"]
    assert ("warning", "a line of the client", "talks") in lines


def test_a_client_that_is_killed(bench: Bench) -> None:
    session = bench.run("killed")
    failed = only(session, "step_failed")
    assert "failed with code -9 (ended by SIGKILL; it may have needed more memory" in failed.error.message
    lines = [event.message for event in session.events if event.kind == "log_message"]
    assert "last words" in lines
    assert any("did not receive closed message" in line for line in lines)


def test_a_cancel_reaches_the_client(bench: Bench) -> None:
    session = bench.run("waiting", cancel_after=("log_message", "waits"))
    assert session.run.status is RunStatus.CANCELED
    assert kinds(session, "waits")[-1] == "step_canceled"
    assert is_gone(pid_of_client(session))


def test_a_client_that_ignores_it_is_killed(folder: Path) -> None:
    session = Bench(EXECUTORS["multiprocess"], code.defs, folder).run(
        "ignoring", cancel_after=("log_message", "ignores")
    )
    assert session.run.status is RunStatus.CANCELED
    assert is_gone(pid_of_client(session))


def test_a_client_dies_with_the_process_of_its_step(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIPES_CLIENT_PID", str(folder / "pid"))
    session = Bench(EXECUTORS["multiprocess"], code.defs, folder).run("orphaned")
    assert session.run.status is RunStatus.FAILURE
    assert only(session, "step_failed").cause == "crash"
    assert is_gone(int((folder / "pid").read_text()))


def pid_of_client(session: Any) -> int:
    lines = [event.message for event in session.events if event.kind == "log_message"]
    (pid,) = [int(line.split()[1]) for line in lines if line.startswith("pid ")]
    return pid


# --- over an object store


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with s3_server("pipes") as running:
        yield running


CLIENT = '''
import io, urllib.request
class Client:
    """What the package asks of a client of S3, without one."""
    def _ask(self, method, Bucket, Key, Body=None):
        data = Body.encode() if isinstance(Body, str) else Body
        url = os.environ["THE_URL"] + "/" + Bucket + "/" + Key
        signed = {"Authorization": "AWS4-HMAC-SHA256 Credential=me/20240101/us-east-1/s3/aws4_request"}
        signed["Content-Type"] = "application/octet-stream"
        return urllib.request.urlopen(urllib.request.Request(url, data, signed, method=method)).read()
    def put_object(self, Body, Bucket, Key):
        self._ask("PUT", Bucket, Key, Body)
    def get_object(self, Bucket, Key):
        return {"Body": io.BytesIO(self._ask("GET", Bucket, Key))}
'''


@pytest.mark.parametrize("names", ["object store", "S3"])
def test_over_an_object_store(script: Script, server: S3Server, names: str, capfd: Any) -> None:
    """No disk is shared: context and messages are objects."""
    url = f"s3://pipes/{uuid.uuid4()}"
    injector: Any
    reader: Any
    if names == "S3":
        injector = PipesS3ContextInjector(bucket="pipes", client=server.client())
        reader = PipesS3MessageReader(bucket="pipes", client=server.client(), interval=0.1)
    else:
        injector = PipesObjectStoreContextInjector(url, server.options)
        reader = PipesObjectStoreMessageReader(url, server.options, interval=0.1)
    command = script(
        textwrap.dedent(CLIENT)
        + textwrap.dedent("""
        import time
        with open_dagster_pipes(
            context_loader=PipesS3ContextLoader(Client()), message_writer=PipesS3MessageWriter(Client(), interval=0.05)
        ) as pipes:
            print("printed far away", flush=True)
            for number in range(3):
                pipes.log.info(f"line {number}")
                time.sleep(0.1)
            pipes.report_asset_materialization(metadata={"n": pipes.get_extra("n")})
        """)
    )
    client = ro.PipesSubprocessClient(
        {"THE_URL": server.url}, context_injector=injector, message_reader=reader, forward_stdio=False
    )
    outcome = make(command, client, extras={"n": 5})
    assert outcome.metadata["n"].value == 5
    assert [line for line in outcome.lines if line.startswith("line ")] == ["line 0", "line 1", "line 2"]
    if names == "object store":
        assert not server.client().list_objects_v2(Bucket="pipes", Prefix=url.rpartition("/")[2]).get("Contents")


def test_what_other_stores_are_told() -> None:
    """The values that the package's loaders and writers of GCS and Azure ask for."""
    options = {"azure_storage_account_name": "x", "azure_storage_account_key": "a2V5"}
    for url, given in (("gs://bucket/a/b", None), ("az://bucket/a/b", options)):
        reader = PipesObjectStoreMessageReader(url, given)
        with reader.get_params() as params:
            assert params["bucket"] == "bucket"
            assert params["key_prefix"].startswith("a/b/rostrum-pipes/")
            assert json.dumps(params)
    with pytest.raises(ArgumentError, match="'/tmp/x': Pipes need an object store here, such as s3://bucket/prefix"):
        PipesObjectStoreContextInjector("/tmp/x")
