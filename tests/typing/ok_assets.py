"""Assets: every decorator, what it returns, and what results carry."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any, assert_type

import rostrum as ro


@ro.asset
def orders() -> list[int]:
    return [1, 2, 3]


@ro.asset(
    key_prefix="shop",
    deps=[orders, "raw", ["shop", "more"], ro.AssetKey("key"), ro.AssetSpec("external"), ro.AssetDep("other")],
    group_name="shop",
    kinds={"python"},
    owners=["team:data", "ann@example.com"],
    tags={"tier": "gold"},
    metadata={"rows": 3, "url": ro.MetadataValue.url("https://example.com")},
    retry_policy=ro.RetryPolicy(max_retries=2, delay=1.5, backoff=ro.Backoff.EXPONENTIAL),
    automation_condition=ro.AutomationCondition.eager(),
    backfill_policy=ro.BackfillPolicy.single_run(),
    code_version="1",
    check_specs=[ro.AssetCheckSpec("fresh", asset="totals")],
    ins={"orders": ro.AssetIn(key="orders")},
)
def totals(context: ro.AssetExecutionContext, orders: list[int]) -> ro.MaterializeResult[int]:
    context.log.info("rows: %s", len(orders))
    context.add_output_metadata({"rows": len(orders)})
    assert_type(context.asset_key, ro.AssetKey)
    assert_type(context.partition_key, str)
    assert_type(context.run_id, str)
    assert_type(context.retry_number, int)
    assert_type(context.selected_asset_keys, frozenset[ro.AssetKey])
    anything: Any = context.resources.warehouse
    anything.connect()
    return ro.MaterializeResult(
        value=sum(orders),
        metadata={"sum": sum(orders)},
        check_results=[ro.AssetCheckResult(passed=True, check_name="fresh")],
    )


assert_type(orders, ro.AssetsDefinition)
assert_type(totals, ro.AssetsDefinition)
assert_type(orders.key, ro.AssetKey)
assert_type(orders.key.path, list[str])


@ro.asset
def plain_result() -> ro.MaterializeResult:
    return ro.MaterializeResult(metadata={"rows": 1})


@ro.asset
def with_output() -> ro.Output[dict[str, int]]:
    return ro.Output({"a": 1}, metadata={"rows": 1}, data_version=ro.DataVersion("2"))


@ro.asset
async def slow(orders: list[int]) -> int:
    return len(orders)


@ro.asset
async def streamed() -> AsyncIterator[ro.Output[int]]:
    yield ro.Output(1)


@ro.multi_asset(specs=[ro.AssetSpec("one", deps=["orders"]), ro.AssetSpec("two", skippable=True)], can_subset=True)
def several(context: ro.AssetExecutionContext) -> Iterator[ro.MaterializeResult]:
    for key in context.selected_asset_keys:
        yield ro.MaterializeResult(asset_key=key)


@ro.multi_asset(outs={"left": ro.AssetOut(), "right": ro.AssetOut(is_required=False)})
def halves() -> tuple[int, str]:
    return 1, "b"


@ro.multi_asset(outs={"up": ro.AssetOut(), "down": ro.AssetOut()})
def yielded() -> Iterator[ro.Output[int]]:
    yield ro.Output(1, output_name="up")
    yield ro.Output(2, output_name="down")


assert_type(several, ro.AssetsDefinition)


@ro.observable_source_asset
def feed() -> ro.DataVersion:
    return ro.DataVersion("7")


@ro.observable_source_asset(group_name="outside")
def other_feed() -> ro.ObserveResult:
    return ro.ObserveResult(data_version=ro.DataVersion("7"), metadata={"rows": 1})


assert_type(feed, ro.AssetsDefinition)


@ro.op
def add_one(value: int) -> int:
    return value + 1


@ro.graph_asset
def grown(orders: int) -> Any:
    return add_one(orders)


@ro.graph_asset(group_name="grown", key_prefix=["a", "b"])
def grown_again(orders: int) -> Any:
    return add_one(orders)


@ro.graph_multi_asset(outs={"x": ro.AssetOut(), "y": ro.AssetOut()})
def both(orders: int) -> Any:
    return {"x": add_one(orders), "y": add_one(orders)}


assert_type(grown, ro.AssetsDefinition)
assert_type(grown_again, ro.AssetsDefinition)
assert_type(both, ro.AssetsDefinition)


@ro.asset_check(asset=orders)
def has_orders(orders: list[int]) -> ro.AssetCheckResult:
    return ro.AssetCheckResult(
        passed=bool(orders), severity=ro.AssetCheckSeverity.WARN, metadata={"rows": len(orders)}, description="rows"
    )


@ro.asset_check(asset="orders", blocking=True, additional_deps=[totals])
async def has_more(context: ro.AssetCheckExecutionContext) -> ro.AssetCheckResult:
    context.log.info("looking")
    return ro.AssetCheckResult(passed=True)


@ro.multi_asset_check(specs=[ro.AssetCheckSpec("a", asset="orders"), ro.AssetCheckSpec("b", asset=orders)])
def many_checks() -> Iterator[ro.AssetCheckResult]:
    yield ro.AssetCheckResult(passed=True, check_name="a", asset_key="orders")
    yield ro.AssetCheckResult(passed=False, check_name="b", asset_key=ro.AssetKey("orders"))


assert_type(has_orders, ro.AssetChecksDefinition)
assert_type(many_checks, ro.AssetChecksDefinition)
assert_type(has_orders.check_key, ro.CheckKey)

# --- results

assert_type(ro.Output(1), ro.Output[int])
assert_type(ro.Output(1).value, int)
assert_type(ro.Output([""]).value, list[str])
assert_type(ro.DynamicOutput(1, mapping_key="a"), ro.DynamicOutput[int])
assert_type(ro.DynamicOutput(1, mapping_key="a").mapping_key, str)
assert_type(ro.MaterializeResult(value="a"), ro.MaterializeResult[str])
assert_type(ro.MaterializeResult(value="a").value, str)
assert_type(ro.MaterializeResult().asset_key, ro.AssetKey | None)
assert_type(ro.AssetCheckResult(passed=True).passed, bool)


def wider(result: ro.Output[bool]) -> ro.Output[int]:
    """What an output carries may be a subclass of what is asked for."""
    return result


# --- specs

spec = ro.AssetSpec("raw", deps=["a", orders], metadata={"x": 1}, kinds={"csv"}, owners=["team:a"])
assert_type(spec, ro.AssetSpec)
assert_type(spec.key, ro.AssetKey)
assert_type(spec.replace_attributes(group_name="g"), ro.AssetSpec)
assert_type(orders.map_asset_specs(lambda each: each.merge_attributes(tags={"a": "b"})), ro.AssetsDefinition)
selection = ro.AssetSelection.groups("shop") | ro.AssetSelection.assets(orders, "raw").upstream()
assert_type(selection, ro.AssetSelection)
assert_type(ro.AssetSelection.all() - ro.AssetSelection.keys("a"), ro.AssetSelection)
assert_type(ro.AutomationCondition.eager() & ~ro.AutomationCondition.in_progress(), ro.AutomationCondition)
