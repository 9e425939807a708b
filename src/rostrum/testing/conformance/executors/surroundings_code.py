"""Definitions that the suite of surroundings executes: resources that need others, hooks that use them, IO managers
with partitions. What happens is told in a file, a line each: the process, then the words.
"""

# ruff: noqa: D103 - user code in a test

from __future__ import annotations

import os
import signal
from pathlib import Path

from rostrum.definitions.assets.decorator import asset
from rostrum.definitions.contexts.step import AssetExecutionContext, OpExecutionContext
from rostrum.definitions.contexts.storage import InputContext, OutputContext
from rostrum.definitions.location.definitions import Definitions
from rostrum.definitions.ops.hooks import HookContext, failure_hook, success_hook
from rostrum.definitions.ops.jobs import define_asset_job, job
from rostrum.definitions.ops.ops import Out, op
from rostrum.definitions.ops.retries import RetryPolicy
from rostrum.definitions.partitions.definition import StaticPartitionsDefinition
from rostrum.definitions.partitions.time_windows import DailyPartitionsDefinition
from rostrum.definitions.resources.lifecycle import InitResourceContext
from rostrum.definitions.resources.resources import ConfigurableIOManager, ConfigurableResource
from rostrum.io_managers.configurable import FilesystemIOManager
from rostrum.model.errors import NotFound


def tell(words: str) -> None:
    """Add a line, in one write: processes do so at the same time."""
    path = Path(os.environ["ROSTRUM_TEST_FOLDER"], "told")
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(descriptor, f"{os.getpid()} {words}\n".encode())
    os.close(descriptor)


class Inner(ConfigurableResource):
    """Needed by another."""

    def setup_for_execution(self, context: InitResourceContext) -> None:
        tell("inner up")

    def teardown_after_execution(self, context: InitResourceContext) -> None:
        tell("inner down")


class Outer(ConfigurableResource):
    """Needs another."""

    inner: Inner

    def setup_for_execution(self, context: InitResourceContext) -> None:
        tell("outer up")

    def teardown_after_execution(self, context: InitResourceContext) -> None:
        tell("outer down")


@success_hook(required_resource_keys={"outer"})
def cheers(context: HookContext) -> None:
    assert isinstance(context.resources.outer, Outer)
    values = sorted(context.op_output_values.items())
    tell(f"cheers {context.step_key} {values} {context.op_exception}")


@failure_hook
def mourns(context: HookContext) -> None:
    tell(f"mourns {context.step_key} {context.op_exception!r}")


@failure_hook
def breaks(_context: HookContext) -> None:
    raise RuntimeError("the hook is broken")


@op(required_resource_keys={"outer"}, out={"low": Out(int), "high": Out(int)})
def two() -> tuple[int, int]:
    return 1, 2


@op(required_resource_keys={"outer"})
def below(value: int) -> int:
    return value + 1


@op
def fails(value: int) -> int:
    raise ValueError(f"not {value}")


@op(retry_policy=RetryPolicy(max_retries=2))
def fails_once(context: OpExecutionContext) -> int:
    if context.retry_number == 0:
        raise LookupError("at first")
    return 5


@op(required_resource_keys={"outer"})
def is_killed() -> int:
    tell("killed")
    os.kill(os.getpid(), signal.SIGKILL)
    return 1


@job(hooks={cheers, mourns, breaks})
def surrounded() -> None:
    low, high = two()
    below(low)
    fails(high)


@job(hooks={cheers, mourns})
def tried_again() -> None:
    fails_once()


@job(hooks={mourns})
def with_a_crash() -> None:
    low, _ = two()
    below(low)
    is_killed()


class Lines(ConfigurableIOManager):
    """Keeps texts in files, and tells of what."""

    folder: str

    def handle_output(self, context: OutputContext, obj: str) -> None:
        tell(f"stored {'/'.join(context.get_asset_identifier())}")
        path = Path(os.environ["ROSTRUM_TEST_FOLDER"], self.folder, *context.get_asset_identifier())
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(obj)
        context.add_output_metadata({"length": len(obj)})

    def load_input(self, context: InputContext) -> dict[str, str]:
        tell(f"loaded {context.asset_key} {','.join(context.asset_partition_keys)}")
        base = Path(os.environ["ROSTRUM_TEST_FOLDER"], self.folder, *context.asset_key.parts)
        found = {key: base / key for key in context.asset_partition_keys}
        if not all(path.exists() for path in found.values()):
            raise NotFound(f"{context.asset_key} is not there")
        return {key: path.read_text() for key, path in found.items()}


COUNTRIES = StaticPartitionsDefinition(["eu", "us"])
DAYS = DailyPartitionsDefinition("2024-01-01", end_date="2024-01-04")


@asset(partitions_def=COUNTRIES, io_manager_key="lines")
def country(context: AssetExecutionContext) -> str:
    return context.partition_key.upper()


@asset
def world(country: dict[str, str]) -> str:
    return " ".join(sorted(country.values()))


@asset(partitions_def=DAYS, io_manager_key="typed")
def day(context: AssetExecutionContext) -> list[str]:
    return [context.partition_key]


@asset(partitions_def=DAYS, io_manager_key="typed")
def next_step(day: list[str]) -> list[str]:
    return [*day, "next"]


def definitions() -> Definitions:
    """As they are in a process whose folder is in the environment."""
    folder = os.environ.get("ROSTRUM_TEST_FOLDER", "")
    inner = Inner()
    return Definitions(
        assets=[country, world, day, next_step],
        jobs=[
            surrounded,
            tried_again,
            with_a_crash,
            define_asset_job("countries", [country]),
            define_asset_job("worlds", [world]),
            define_asset_job("days", [day, next_step]),
        ],
        resources={
            "inner": inner,
            "outer": Outer(inner=inner),
            "lines": Lines(folder="lines"),
            "typed": FilesystemIOManager(base_dir=f"{folder}/typed", format="auto"),
        },
    )


defs = definitions()
