"""Definitions that the suite of features executes: what users write beside plain functions, and most of it async."""

# ruff: noqa: D103, T201 - user code in a test

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from rostrum.definitions.assets.decorator import asset
from rostrum.definitions.checks.specs import AssetCheckSpec
from rostrum.definitions.config.config import Config
from rostrum.definitions.contexts.step import AssetExecutionContext, OpExecutionContext
from rostrum.definitions.events.outputs import AssetCheckResult, DynamicOutput, MaterializeResult
from rostrum.definitions.location.definitions import Definitions
from rostrum.definitions.ops.hooks import HookContext, failure_hook, success_hook
from rostrum.definitions.ops.jobs import define_asset_job, job
from rostrum.definitions.ops.logs import get_logger
from rostrum.definitions.ops.ops import DynamicOut, Out, op
from rostrum.definitions.ops.retries import RetryPolicy
from rostrum.definitions.resources.io import IOManager
from rostrum.definitions.resources.lifecycle import io_manager, resource

LOGGER = logging.getLogger("rostrum.testing.features")
LOGGER.addHandler(logging.StreamHandler(sys.__stderr__))  # as a handler has it that was made when a program began
LOGGER.propagate = False


async def turn() -> None:
    """Let others have the event loop."""
    loop = asyncio.get_running_loop()
    turned = loop.create_future()
    loop.call_soon(turned.set_result, None)
    await turned


class Client:
    """Something that may be used in the event loop only that it was made in."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()

    async def get(self, value: int) -> int:
        if asyncio.get_running_loop() is not self._loop:
            raise RuntimeError("the client belongs to another event loop")
        await turn()
        return value + 1


@resource
async def client() -> Client:
    return Client()


class AsyncFiles(IOManager):
    """Stores text files, as if that had to be waited for."""

    def __init__(self) -> None:
        self._folder = Path(os.environ["ROSTRUM_TEST_FOLDER"], "values")
        self._folder.mkdir(exist_ok=True)

    async def handle_output(  # pyright: ignore[reportIncompatibleMethodOverride] - a coroutine is awaited
        self, context: Any, obj: Any
    ) -> None:
        await turn()
        context.add_output_metadata({"length": len(str(obj))})
        self._path(context).write_text(str(obj))

    async def load_input(self, context: Any) -> Any:
        await turn()
        return int(self._path(context.upstream_output).read_text())

    def _path(self, context: Any) -> Path:
        return self._folder / "-".join(str(part) for part in context.get_identifier()[1:]).replace("[", "_")


@io_manager
def async_files() -> AsyncFiles:
    return AsyncFiles()


class Settings(Config):
    factor: int


@op(out=Out(int, io_manager_key="async_files"), required_resource_keys={"client"})
async def fetch(context: OpExecutionContext, config: Settings) -> int:
    value = await context.resources.client.get(1)
    context.log.info("fetched %d", value)
    return value * config.factor


@op
async def plus_one(value: int) -> int:
    get_logger().warning("adding")
    await turn()
    return value + 1


@job(config={"ops": {"fetch": {"config": {"factor": 10}}}})
def client_job() -> None:
    plus_one(fetch())


@op(out=DynamicOut(int))
async def numbers() -> AsyncIterator[DynamicOutput]:
    for number in range(4):
        await turn()
        yield DynamicOutput(number, mapping_key=f"n{number}")


async def who() -> str:
    await turn()
    return str(OpExecutionContext.get().get_mapping_key())


@op
async def asks_who(context: OpExecutionContext, number: int) -> str:
    LOGGER.warning("logged by %s", context.get_mapping_key())
    print("printed by", end=" ")
    found = await who()
    print(found)
    return f"{number}:{found}"


@op
def plain_who(context: OpExecutionContext, number: int) -> str:
    print("printed by", end=" ")
    print(context.get_mapping_key())
    LOGGER.warning("logged by %s", context.get_mapping_key())
    return f"{number}:{OpExecutionContext.get().get_mapping_key()}"


@op
def listed(values: list[str]) -> list[str]:
    return values


@job
def async_mapped() -> None:
    listed(numbers().map(asks_who).collect())


@job
def plain_mapped() -> None:
    listed(numbers().map(plain_who).collect())


@success_hook
async def cheers(context: HookContext) -> None:
    await turn()
    context.log.info("hooked by %s", context.step_key)


@failure_hook
def mourns(context: HookContext) -> None:
    context.log.error("lost %s to %r", context.step_key, context.op_exception)


@op
async def goes_well() -> int:
    return 1


@op
async def goes_wrong() -> int:
    await turn()
    raise LookupError("nothing there")


@job(hooks={cheers, mourns})
def hooked() -> None:
    goes_well()
    goes_wrong()


@op(retry_policy=RetryPolicy(max_retries=1))
async def tries_twice(context: OpExecutionContext) -> int:
    print("attempt", context.retry_number + 1)
    if context.retry_number == 0:
        raise OSError("not yet")
    return 1


@job
def tried() -> None:
    tries_twice()


@op
def starts_a_thread(context: OpExecutionContext) -> int:
    def work() -> None:
        context.log.info("from a thread")
        print("printed in a thread")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return 1


@job
def threads() -> None:
    starts_a_thread()


@op
async def sleeps() -> int:
    try:
        await asyncio.wait_for(asyncio.Event().wait(), 60)
    finally:
        Path(os.environ["ROSTRUM_TEST_FOLDER"], "cleaned").touch()  # noqa: ASYNC240
    return 1


@job
def sleeping() -> None:
    plus_one(sleeps())


@asset(check_specs=[AssetCheckSpec("positive", asset="checked", blocking=True)])
async def checked(context: AssetExecutionContext) -> AsyncIterator[Any]:
    await turn()
    context.add_output_metadata({"rows": 3})
    yield MaterializeResult(metadata={"by": "async"}, check_results=[AssetCheckResult(passed=False)])


@asset(deps=[checked])
def below() -> None: ...


checked_job = define_asset_job("checked_job", [checked, below])

defs = Definitions(
    assets=[checked, below],
    jobs=[client_job, async_mapped, plain_mapped, hooked, tried, threads, sleeping, checked_job],
    resources={"client": client, "async_files": async_files},
)
