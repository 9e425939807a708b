"""Asset checks."""

from __future__ import annotations

import pytest

from rostrum.definitions.assets.decorator import asset
from rostrum.definitions.assets.ports import AssetIn
from rostrum.definitions.checks.definition import asset_check, multi_asset_check
from rostrum.definitions.checks.specs import AssetCheckSpec
from rostrum.definitions.events.outputs import AssetCheckResult
from rostrum.definitions.location.definitions import Definitions
from rostrum.model.errors import DefinitionError


@asset(key=["shop", "orders"])
def orders() -> list[int]:
    return [1]


@asset
def limits(): ...


def test_a_check_loads_its_asset_only_where_it_names_it():
    @asset_check(asset=orders, blocking=True, additional_deps=[limits])
    def fresh():
        """Are they new?"""
        return AssetCheckResult(passed=True)

    @asset_check(asset=["shop", "orders"], additional_ins={"limits": AssetIn()})
    def below(orders, limits): ...

    manifest = Definitions(assets=[orders, limits], asset_checks=[fresh, below]).manifest()
    ops = {op.name: op for op in manifest.ops}
    assert [(str(item.asset_key), item.nothing) for item in ops["shop__orders_fresh"].inputs] == [
        ("shop/orders", True),
        ("limits", True),
    ]
    assert [(item.name, item.nothing) for item in ops["shop__orders_below"].inputs] == [
        ("orders", False),
        ("limits", False),
    ]
    node = manifest.checks[0]
    assert (str(node.key), node.blocking, node.description) == ("shop/orders:fresh", True, "Are they new?")


def test_an_argument_that_is_not_the_asset_is_a_mistake():
    with pytest.raises(DefinitionError, match=r"test_checks\.py:\d+.*'other'"):

        @asset_check(asset=orders)
        def wrong(other): ...


def test_a_name_that_is_not_allowed_is_told_with_its_place():
    with pytest.raises(DefinitionError, match=r"test_checks\.py:\d+"):

        @asset_check(asset=orders, name="a b")
        def wrong(): ...


def test_several_checks_of_one_function():
    @multi_asset_check(specs=[AssetCheckSpec("a", asset=orders), AssetCheckSpec("b", asset=limits)], can_subset=True)
    def both(): ...

    manifest = Definitions(assets=[orders, limits, both]).manifest()
    assert [str(check.key) for check in manifest.checks] == ["shop/orders:a", "limits:b"]
    assert {check.op for check in manifest.checks} == {"both"}


def test_one_key_from_two_functions_is_a_mistake_but_one_function_twice_is_not():
    def make():
        @asset_check(asset=limits, name="same")
        def made(): ...

        return made

    one = make()
    assert len(Definitions(assets=[limits], asset_checks=[one, one]).manifest().checks) == 1
    with pytest.raises(DefinitionError):
        Definitions(assets=[limits], asset_checks=[one, make()]).manifest()


def test_a_check_of_an_asset_that_nobody_defines_loads():
    @asset_check(asset="elsewhere")
    def there(): ...

    assert [str(node.key) for node in Definitions(asset_checks=[there]).manifest().assets] == ["elsewhere"]
