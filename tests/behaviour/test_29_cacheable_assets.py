"""`CacheableAssetsDefinition`: assets that are fetched when the code is loaded."""

from __future__ import annotations

import sys
import types
from collections.abc import Sequence
from typing import Any

import dagster as dg
import pytest
from dagster._core.definitions.cacheable_assets import AssetsDefinitionCacheableData, CacheableAssetsDefinition


class Tables(CacheableAssetsDefinition):
    """An asset a table."""

    def __init__(self, *names: str) -> None:
        super().__init__("tables")
        self.names, self.fetched = names, 0

    def compute_cacheable_data(self) -> Sequence[AssetsDefinitionCacheableData]:
        self.fetched += 1
        return [
            AssetsDefinitionCacheableData(group_name="tables", extra_metadata={"name": each}) for each in self.names
        ]

    def build_definitions(self, data: Sequence[AssetsDefinitionCacheableData]) -> Sequence[dg.AssetsDefinition]:
        return [self.table(each) for each in data]

    def table(self, data: AssetsDefinitionCacheableData) -> dg.AssetsDefinition:
        assert data.key_prefix is None

        @dg.asset(name=data.extra_metadata["name"], group_name=data.group_name)
        def made() -> str:
            return data.extra_metadata["name"]

        return made


def keys(defs: dg.Definitions) -> set[str]:
    return {key.to_user_string() for key in defs.resolve_asset_graph().get_all_asset_keys()}


def test_in_definitions() -> None:
    tables = Tables("users", "orders")

    @dg.asset(deps=["users"])
    def report() -> None: ...

    defs = dg.Definitions(assets=[tables, report])
    assert keys(defs) == {"users", "orders", "report"}
    assert defs.resolve_implicit_global_asset_job_def().execute_in_process().success
    assert tables.fetched == 1


def test_in_a_repository() -> None:
    @dg.repository
    def mine() -> list[Any]:
        return [Tables("users")]

    assert set(mine.asset_graph.get_all_asset_keys()) == {dg.AssetKey("users")}


def test_at_the_top_of_a_module(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("tables_of_test")
    module.tables = Tables("users", "orders")  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    assert keys(dg.Definitions(assets=dg.load_assets_from_modules([module]))) == {"users", "orders"}


def test_what_it_is() -> None:
    tables = Tables("users")
    assert tables.unique_id == "tables"
    assert tables != Tables("users")
    assert len({tables, tables}) == 1
    assert [each.key for each in tables.build_definitions(tables.compute_cacheable_data())] == [dg.AssetKey("users")]
