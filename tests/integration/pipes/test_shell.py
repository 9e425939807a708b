"""Pipes from a shell script: with the plain paths, and with nothing but what the protocol gives."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest

import rostrum as ro
from rostrum.model.errors import PipesExecutionError

pytestmark = pytest.mark.processes

PLAIN = """
set -eu
say() {
  printf '{"__dagster_pipes_version":"0.1","method":"%s","params":%s}\\n' "$1" "$2" >>"$ROSTRUM_PIPES_MESSAGES_PATH"
}

say opened '{"extras":{}}'
say log '{"level":"INFO","message":"counting"}'
rows=$(printf 'a\\nb\\nc\\n' | grep -c .)
partition=$(sed 's/.*"partition_key": *"\\([^"]*\\)".*/\\1/' "$ROSTRUM_PIPES_CONTEXT_PATH")
say report_asset_materialization '{"asset_key":"made","data_version":"v1","metadata":{
  "rows":{"raw_value":'"$rows"',"type":"int"},"partition":{"raw_value":"'"$partition"'","type":"text"}}}'
say report_asset_check '{"asset_key":"made","check_name":"some","passed":true,"severity":"ERROR","metadata":{}}'
say report_custom_message '{"payload":["from","a shell"]}'
echo "printed by a shell"
say closed '{}'
"""
DECODING = """
set -eu
# zlib is gzip with another header: 2 bytes instead of 10. (The ends differ, too, of which gzip complains.)
decoded() {
  { printf '\\037\\213\\010\\0\\0\\0\\0\\0\\0\\0'; printf %s "$1" | base64 -d | tail -c +3; } | gzip -dc 2>/dev/null ||
    true
}
field() { sed 's/.*"'"$1"'": *"\\([^"]*\\)".*/\\1/'; }

messages=$(decoded "$DAGSTER_PIPES_MESSAGES" | field path)
context=$(decoded "$DAGSTER_PIPES_CONTEXT" | field path)
say() { printf '{"__dagster_pipes_version":"0.1","method":"%s","params":%s}\\n' "$1" "$2" >>"$messages"; }

say opened '{"extras":{}}'
say report_custom_message '{"payload":"'"$(field run_id <"$context")"'"}'
say closed '{}'
"""


def make(script: str, tmp_path: Path, client: Any = None, **run: Any) -> Any:
    path = tmp_path / "script.sh"
    path.write_text(textwrap.dedent(script).replace(',"metadata":{\n  ', ',"metadata":{'))
    done: list[Any] = []

    @ro.asset(
        name="made",
        check_specs=[ro.AssetCheckSpec("some", asset="made")],
        partitions_def=ro.StaticPartitionsDefinition(["eu", "us"]),
    )
    def made(context: ro.AssetExecutionContext) -> Any:
        done.append((client or ro.PipesSubprocessClient()).run(context=context, command=["sh", str(path)]))
        yield from done[0].get_results()

    return ro.materialize([made], partition_key="us", **run), done


def test_a_script_reports_with_printf(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    result, (done,) = make(PLAIN, tmp_path)
    (made,) = result.asset_materializations_for_node("made")
    assert {key: made.metadata[key].value for key in ("rows", "partition")} == {"rows": 3, "partition": "us"}
    assert result.get_asset_check_evaluations()[0].passed
    assert done.get_custom_messages() == [["from", "a shell"]]
    told = capfd.readouterr()
    assert "printed by a shell" in told.out
    assert "counting" in told.out + told.err


def test_a_script_decodes_the_two_values(tmp_path: Path) -> None:
    path = tmp_path / "script.sh"
    path.write_text(DECODING)

    @ro.op
    def step(context: ro.OpExecutionContext) -> list[Any]:
        return list(ro.PipesSubprocessClient().run(context=context, command=["sh", str(path)]).get_custom_messages())

    @ro.job
    def stepping() -> None:
        step()

    result = stepping.execute_in_process()
    assert result.output_for_node("step") == [result.run_id]


def test_a_script_that_fails(tmp_path: Path) -> None:
    with pytest.raises(PipesExecutionError, match="code 3"):
        make("exit 3", tmp_path)


def test_a_line_that_is_no_message_is_shown(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    make(PLAIN.replace("say closed", 'echo "not JSON" >>"$ROSTRUM_PIPES_MESSAGES_PATH"; say closed'), tmp_path)
    assert "not JSON" in capfd.readouterr().out


def test_paths_are_told_only_where_there_are_files(tmp_path: Path) -> None:
    client = ro.PipesSubprocessClient(context_injector=ro.PipesEnvContextInjector())
    script = 'test -z "${ROSTRUM_PIPES_CONTEXT_PATH-}" && test -n "$ROSTRUM_PIPES_MESSAGES_PATH"\n'
    make(script + PLAIN.replace('"$ROSTRUM_PIPES_CONTEXT_PATH"', "/dev/null"), tmp_path, client)
