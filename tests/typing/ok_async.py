"""Async functions and generators, where they are allowed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, assert_type

import rostrum as ro


@ro.asset
async def plain() -> int:
    return 1


@ro.asset
async def with_result() -> ro.MaterializeResult[int]:
    return ro.MaterializeResult(value=1)


@ro.multi_asset(specs=[ro.AssetSpec("a"), ro.AssetSpec("b")])
async def several() -> AsyncIterator[ro.MaterializeResult]:
    yield ro.MaterializeResult(asset_key="a")
    yield ro.MaterializeResult(asset_key="b")


@ro.asset_check(asset=plain)
async def checked(plain: int) -> ro.AssetCheckResult:
    return ro.AssetCheckResult(passed=plain == 1)


@ro.op(out=ro.DynamicOut(int))
async def numbers() -> AsyncIterator[ro.DynamicOutput[int]]:
    yield ro.DynamicOutput(1, "a")


@ro.op
async def doubled(number: int) -> ro.Output[int]:
    return ro.Output(number * 2)


@ro.op
async def total(context: ro.OpExecutionContext, numbers: list[int]) -> int:
    return sum(numbers)


@ro.graph
def counting() -> Any:
    return total(numbers().map(doubled).collect())


@ro.observable_source_asset
async def outside() -> ro.DataVersion:
    return ro.DataVersion("1")


assert_type(plain, ro.AssetsDefinition)
assert_type(several, ro.AssetsDefinition)
assert_type(checked, ro.AssetChecksDefinition)
assert_type(doubled, ro.OpDefinition)
assert_type(counting, ro.GraphDefinition)
assert_type(outside, ro.AssetsDefinition)
