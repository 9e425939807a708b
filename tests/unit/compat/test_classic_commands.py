"""The classic commands: what is not there says what to use instead, and lists with commas select."""

from __future__ import annotations

import importlib.util
from types import ModuleType

import click
import pytest
from click.testing import CliRunner

import rostrum as ro
from rostrum.config.targets import select
from rostrum.model.errors import NotFound, SelectionError, SubsetError
from tests.structure.source import ROOT


@pytest.fixture(scope="module")
def commands() -> ModuleType:
    """The module of the distribution, which need not be installed."""
    place = ROOT / "packages/rostrum-dagster/src/rostrum_dagster/commands.py"
    spec = importlib.util.spec_from_file_location("classic_commands", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_command_that_is_not_there_is_in_the_docs(commands: ModuleType) -> None:
    page = (ROOT / "docs/cli.md").read_text(encoding="utf-8")
    for group, absent in commands.ABSENT.items():
        words = group if group.startswith("dagster") else f"dagster {group}"
        for name, instead in absent.items():
            assert f"| `{words} {name}` | {instead} |" in page


def test_what_is_not_there_says_so(commands: ModuleType) -> None:
    done = CliRunner().invoke(commands._dagster, ["job", "backfill", "--job", "x"])
    assert done.exit_code == 2
    assert "`dagster job backfill` is not part of Rostrum yet. Instead: `rostrum job launch JOB" in done.output


def test_help_tells_what_there_is_and_what_not(commands: ModuleType) -> None:
    told = CliRunner().invoke(commands._dagster, ["asset", "--help"]).output
    assert "Make assets in this process" in told
    assert "Not there; use instead" in told
    for group in commands._dagster.commands.values():
        assert isinstance(group, click.Command)
        assert group.get_short_help_str()


@pytest.mark.parametrize("text", ["", "2024-01-01", "...b", "a..."])
def test_a_range_needs_two_ends(commands: ModuleType, text: str) -> None:
    with pytest.raises(click.UsageError, match=r"FIRST\.\.\.LAST"):
        commands._range(text)


def test_a_range(commands: ModuleType) -> None:
    assert commands._range("a...b")[1::2] == [
        "dagster/asset_partition_range_start=a",
        "dagster/asset_partition_range_end=b",
    ]


@ro.asset
def a() -> int:
    return 1


@ro.asset
def b(a: int) -> int:
    return a


@ro.asset(kinds={"k,2"})
def c() -> int:
    return 1


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("a,c", "ac"),
        (" b , c ", "bc"),
        ("a+,c", "abc"),
        ("+key:b,c", "abc"),
        ('kind:"k,2"', "c"),
        ('kind:"k,2",a', "ac"),
    ],
)
def test_lists_with_commas(text: str, keys: str) -> None:
    manifest = ro.Definitions(assets=[a, b, c]).manifest()
    assert "".join(str(key) for key in select(manifest, text)) == keys


@pytest.mark.parametrize(
    ("text", "error"), [("a,", SelectionError), ("a,d", SubsetError), ("key:d", NotFound), ('tag:"x', SelectionError)]
)
def test_lists_with_a_mistake(text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        select(ro.Definitions(assets=[a, b, c]).manifest(), text)


def test_a_list_where_it_is_none_says_what_to_write() -> None:
    with pytest.raises(SelectionError, match="`key:a or key:c`"):
        ro.AssetSelection.from_string("a,c")


@pytest.mark.parametrize("name", ["execute_run", "execute_step"])
def test_workers_are_started_by_their_classic_names(
    commands: ModuleType, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("ROSTRUM_GATEWAY", "ROSTRUM_RUN_TOKEN", "ROSTRUM_RUN_ID"):
        monkeypatch.delenv(variable, raising=False)
    done = CliRunner().invoke(commands._dagster, ["api", name, "a-run", "-m", "shop"])
    assert done.exit_code == 2
    assert "ROSTRUM_GATEWAY and ROSTRUM_RUN_TOKEN must be in the environment" in done.output
