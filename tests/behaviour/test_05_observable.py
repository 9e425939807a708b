"""Section 5: observable and external assets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest


@dg.observable_source_asset
def src() -> dg.DataVersion:
    """Made elsewhere."""
    return dg.DataVersion("v1")


@dg.asset(deps=[src])
def made() -> None: ...


def observed(result: Any) -> list[Any]:
    """Observations of a run."""
    return [event for event in result.events if event.kind == "asset_observed"]


def observe(definition: Any, **options: Any) -> Any:
    """Run a job that selects only this."""
    job = dg.define_asset_job("look", selection=dg.AssetSelection.assets(definition))
    return dg.Definitions(assets=[definition], jobs=[job]).resolve_job_def("look").execute_in_process(**options)


def test_its_type_and_what_it_can() -> None:
    assert isinstance(src, dg.SourceAsset)
    assert src.key == dg.AssetKey("src")
    assert (src.is_observable, src.is_executable) == (True, True)


def test_materialize_does_nothing_with_it() -> None:
    result = dg.materialize([src])
    assert result.success
    assert [event.kind for event in result.events if event.step_key] == []


def test_a_job_of_it_alone_observes() -> None:
    result = observe(src)
    assert [event.kind for event in result.events if event.step_key] == [
        "step_started",
        "output_stored",
        "asset_observed",
        "step_succeeded",
    ]
    (event,) = observed(result)
    assert (event.asset_key, event.data_version) == (src.key, "v1")


def test_data_versions_by_partition() -> None:
    @dg.observable_source_asset(partitions_def=dg.StaticPartitionsDefinition(["x", "y"]))
    def parts() -> dg.DataVersionsByPartition:
        return dg.DataVersionsByPartition({"x": "1", "y": dg.DataVersion("2")})

    assert [(event.partition_key, event.data_version) for event in observed(observe(parts))] == [("x", "1"), ("y", "2")]


def test_observe_results() -> None:
    @dg.observable_source_asset
    def told() -> dg.ObserveResult:
        return dg.ObserveResult(data_version=dg.DataVersion("3"), metadata={"n": 1}, tags={"a": "b"})

    (event,) = observed(observe(told))
    assert (event.data_version, event.metadata["n"].value, event.tags) == ("3", 1, {"a": "b"})


def test_context_config_and_resources() -> None:
    class Settings(dg.Config):
        v: str = "c"

    @dg.observable_source_asset
    def told(context: dg.OpExecutionContext, config: Settings, r: dg.ResourceParam[str]) -> dg.DataVersion:
        return dg.DataVersion(config.v + r)

    job = dg.define_asset_job("look", selection="told")
    defs = dg.Definitions(assets=[told], jobs=[job], resources={"r": "x"})
    assert observed(defs.resolve_job_def("look").execute_in_process())[0].data_version == "cx"


def test_a_job_of_everything_only_materializes() -> None:
    defs = dg.Definitions(assets=[src, made], jobs=[dg.define_asset_job("all_of", selection="*")])
    result = defs.resolve_job_def("all_of").execute_in_process()
    assert {event.step_key for event in result.events if event.step_key} == {"made"}
    assert observed(result) == []


def test_several_observed_by_one_function() -> None:
    @dg.multi_observable_source_asset(specs=[dg.AssetSpec("a"), dg.AssetSpec("b")], can_subset=True)
    def pair(context: dg.AssetExecutionContext) -> Iterator[dg.ObserveResult]:
        for key in sorted(context.selected_asset_keys):
            yield dg.ObserveResult(asset_key=key, data_version=dg.DataVersion("1"), metadata={"n": 1}, tags={"t": "u"})

    assert (pair.is_observable, pair.is_executable, pair.is_external) == (True, True, True)
    events = observed(observe(pair))
    assert [str(event.asset_key) for event in events] == ["a", "b"]
    assert [(event.data_version, event.tags) for event in events] == [("1", {"t": "u"})] * 2


def test_its_value_is_loaded_by_its_io_manager() -> None:
    class Fixed(dg.IOManager):
        def handle_output(self, context: Any, obj: Any) -> None: ...

        def load_input(self, context: Any) -> Any:
            return "loaded"

    @dg.observable_source_asset(io_manager_key="lake")
    def table() -> dg.DataVersion:
        return dg.DataVersion("1")

    @dg.asset
    def below(table: str) -> str:
        return table

    assert dg.materialize([table, below], resources={"lake": Fixed()}).output_for_node("below") == "loaded"


def test_source_assets() -> None:
    class Fixed(dg.IOManager):
        def handle_output(self, context: Any, obj: Any) -> None: ...

        def load_input(self, context: Any) -> Any:
            return "loaded"

    source = dg.SourceAsset("table", io_manager_def=Fixed(), group_name="g", description="d")

    @dg.asset
    def below(table: str) -> str:
        return table

    assert isinstance(source, dg.SourceAsset)
    assert not isinstance(below, dg.SourceAsset)
    assert (source.key, source.group_name, source.is_observable) == (dg.AssetKey("table"), "g", False)
    assert dg.materialize([source, below]).output_for_node("below") == "loaded"
    assert source.with_attributes(group_name="h").group_name == "h"


def test_source_assets_that_observe() -> None:
    def look(context: Any) -> dg.DataVersion:
        return dg.DataVersion("9")

    source = dg.SourceAsset("table", observe_fn=look)
    assert isinstance(source, dg.SourceAsset)
    assert source.is_observable
    assert observed(observe(source))[0].data_version == "9"


def test_there_is_no_observe_function() -> None:
    with pytest.raises(AttributeError):
        _ = dg.observe


def test_the_data_version_is_a_tag_of_the_observation() -> None:
    (seen,) = observe(src).asset_observations_for_node("src")
    assert seen.tags["dagster/data_version"] == "v1"
