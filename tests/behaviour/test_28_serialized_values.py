"""Names beside the sections: values as text, repositories that are asked, names that annotations use."""

from __future__ import annotations

import dataclasses
import enum
import logging
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import dagster as dg
import pytest
from dagster._core.execution.retries import RetryMode, get_retries_config
from dagster._serdes import ConfigurableClass, whitelist_for_serdes


@whitelist_for_serdes
class Pair(NamedTuple):
    key: dg.AssetKey
    numbers: Sequence[int]


@whitelist_for_serdes
@dataclasses.dataclass(frozen=True)
class Outer:
    pair: Pair
    names: frozenset[str] = frozenset()


@whitelist_for_serdes(storage_name="OldColour")
class Colour(enum.Enum):
    RED = "r"


@pytest.mark.parametrize(
    "value",
    [
        None,
        3,
        "text",
        [1, {"a": [True, 1.5]}],
        dg.AssetKey(["a", "b"]),
        dg.AssetCheckKey(dg.AssetKey("a"), "c"),
        dg.PartitionKeyRange("a", "b"),
        dg.MetadataValue.url("https://x"),
        dg.TableSchema([dg.TableColumn("a")]),
        dg.DagsterEventType.STEP_START,
        Pair(dg.AssetKey("k"), [1, 2]),
        Outer(Pair(dg.AssetKey("k"), []), frozenset({"x"})),
        Colour.RED,
        {"nested": Colour.RED, "set": {1, 2}},
    ],
    ids=str,
)
def test_values_survive_as_text(value: Any) -> None:
    text = dg.serialize_value(value)
    assert dg.deserialize_value(text) == value
    assert dg.serialize_value(dg.deserialize_value(text)) == text


def test_runs_and_events_survive_as_text() -> None:
    @dg.asset
    def made() -> int:
        return 1

    run = dg.materialize([made]).dagster_run
    assert dg.deserialize_value(dg.serialize_value(run), dg.DagsterRun) == run
    event = dg.AssetMaterialization("a", metadata={"n": 1}, tags={"t": "v"})
    again = dg.deserialize_value(dg.serialize_value(event), dg.AssetMaterialization)
    assert (again.asset_key, dict(again.metadata), again.tags) == (event.asset_key, dict(event.metadata), event.tags)


class NotListed:
    pass


def test_only_listed_classes_are_written_and_made() -> None:
    with pytest.raises(dg.DagsterInvalidInvocationError, match="NotListed"):
        dg.serialize_value(NotListed())
    with pytest.raises(dg.DagsterInvalidInvocationError, match="Popen"):
        dg.deserialize_value('{"__class__": "Popen", "args": ["ls"]}')
    with pytest.raises(dg.DagsterInvalidInvocationError, match="int"):
        dg.deserialize_value("3", dg.AssetKey)


def test_repositories_that_are_asked() -> None:
    @dg.op
    def one() -> int:
        return 1

    @dg.job
    def counting() -> None:
        one()

    @dg.asset
    def made(r: dg.ResourceParam[int]) -> int:
        return r

    class Data(dg.RepositoryData):
        def get_all_jobs(self) -> Sequence[Any]:
            return [counting]

        def get_assets_defs_by_key(self) -> Mapping[Any, Any]:
            return {made.key: made}

        def get_top_level_resources(self) -> Mapping[str, Any]:
            return {"r": 3}

    @dg.repository
    def repo() -> Any:
        return Data()

    assert repo.has_job("counting")
    assert repo.get_implicit_global_asset_job_def().execute_in_process().output_for_node("made") == 3
    assert Data().get_job("counting") is counting
    with pytest.raises(dg.DagsterInvariantViolationError, match="counting"):
        Data().get_job("other")
    with pytest.raises(TypeError):
        dg.RepositoryData()  # type: ignore[abstract]


def test_definitions_in_a_repository_keep_their_resources() -> None:
    @dg.asset
    def made(r: dg.ResourceParam[int]) -> int:
        return r

    @dg.repository
    def repo() -> Any:
        return [dg.Definitions(assets=[made], resources={"r": 4})]

    assert repo.get_implicit_global_asset_job_def().execute_in_process().output_for_node("made") == 4


def test_log_of_contexts_is_a_log_manager() -> None:
    seen: list[bool] = []

    @dg.asset
    def made(context: dg.AssetExecutionContext) -> None:
        seen.append(isinstance(context.log, dg.DagsterLogManager))

    dg.materialize([made])
    assert seen == [True]
    assert issubclass(dg.DagsterLogManager, logging.Logger)


def test_small_names() -> None:
    assert dg.ComponentFormConfig(label="x").to_field_json_schema_extra() == {
        "x-form": {"label": "x", "editable": False}
    }
    assert dg.QueuedRunCoordinator(max_concurrent_runs=3).max_concurrent_runs == 3
    assert dg.SubmitRunContext("run", "workspace").workspace == "workspace"
    assert RetryMode.from_config({"disabled": {}}) is RetryMode.DISABLED
    assert not get_retries_config().is_required
    assert ConfigurableClass.config_type() == {}
    assert isinstance(dg.ConfigSchema, type)
