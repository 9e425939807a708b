"""`migrate_io_storage`: stored values are copied to another IO manager."""

from __future__ import annotations

from typing import Any

import dagster as dg
import pytest

LETTERS = dg.StaticPartitionsDefinition(["a", "b", "c"])


class Shelf(dg.IOManager):
    """Keeps values by asset and partition (of a range: by its first and last)."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, ...], Any] = {}
        self.metadata: dict[str, Any] = {}

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        name = context.asset_key.to_user_string()
        self.metadata[name] = context.definition_metadata
        keys = list(context.asset_partition_keys) if context.has_asset_partitions else []
        if isinstance(obj, dict) and len(keys) > 1:
            for key in keys:
                self.values[name, key] = obj[key]
        else:
            self.values[(name, *keys)] = obj

    def load_input(self, context: dg.InputContext) -> Any:
        name = context.asset_key.to_user_string()
        if not context.has_asset_partitions:
            return self.values[(name,)]
        found = {key: self.values[name, key] for key in context.asset_partition_keys}
        return found if len(found) > 1 else next(iter(found.values()))


@dg.asset(metadata={"table": "t"})
def plain() -> int:
    return 1


@dg.asset(partitions_def=LETTERS)
def parted(context: dg.AssetExecutionContext) -> str:
    return context.partition_key.upper()


@dg.asset
def never_made() -> int:
    return 0


@dg.asset
def no_value() -> None: ...


ASSETS = [plain, parted, never_made, no_value]


@pytest.fixture
def source() -> Shelf:
    return Shelf()


@pytest.fixture
def made(source: Shelf) -> Any:
    instance = dg.DagsterInstance.ephemeral()
    resources = {"io_manager": source}
    dg.materialize([plain, no_value], resources=resources, instance=instance)
    for key in ("a", "b"):
        dg.materialize([parted], resources=resources, instance=instance, partition_key=key)
    return instance


def defs(source: Shelf) -> dg.Definitions:
    return dg.Definitions(assets=ASSETS, resources={"io_manager": source})


def told(subsets: Any) -> dict[str, set[Any]]:
    return {each.key.to_user_string(): set(each.parts) for each in subsets}


@pytest.mark.parametrize("batch", [False, True])
def test_all_that_was_made_is_copied(made: Any, source: Shelf, batch: bool) -> None:
    target = Shelf()
    result = dg.migrate_io_storage(
        definitions=defs(source), destination_io_manager=target, instance=made, batch_partitions=batch
    )
    assert isinstance(result, dg.MigrateIOStorageResult)
    assert told(result.migrated) == {"plain": {None}, "parted": {"a", "b"}}
    assert (result.skipped, result.failed) == ((), ())
    assert target.values == {("plain",): 1, ("parted", "a"): "A", ("parted", "b"): "B"}
    assert target.metadata["plain"]["table"] == "t"


def test_of_a_selection_with_a_change(made: Any, source: Shelf) -> None:
    target = Shelf()
    dg.migrate_io_storage(
        definitions=defs(source),
        destination_io_manager=target,
        instance=made,
        selection=dg.AssetSelection.assets(plain),
        transform=lambda value: value + 100,
    )
    assert target.values == {("plain",): 101}


def test_some_are_skipped(made: Any, source: Shelf) -> None:
    target = Shelf()
    asked: list[Any] = []

    def should_skip(key: dg.AssetKey, partition: str | None) -> bool:
        asked.append((key.to_user_string(), partition))
        return partition != "b"

    result = dg.migrate_io_storage(
        definitions=defs(source), destination_io_manager=target, instance=made, should_skip=should_skip
    )
    assert sorted(asked, key=str) == [("parted", "a"), ("parted", "b"), ("plain", None)]
    assert told(result.skipped) == {"plain": {None}, "parted": {"a"}}
    assert told(result.migrated) == {"parted": {"b"}}


def test_what_fails_does_not_stop_the_others(made: Any, source: Shelf) -> None:
    del source.values["parted", "a"]

    class Full(Shelf):
        def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
            if obj == 1:
                raise OSError("full")
            super().handle_output(context, obj)

    target = Full()
    result = dg.migrate_io_storage(definitions=defs(source), destination_io_manager=target, instance=made)
    assert told(result.failed) == {"plain": {None}, "parted": {"a"}}
    assert told(result.migrated) == {"parted": {"b"}}
    assert target.values == {("parted", "b"): "B"}


def test_in_an_op(made: Any, source: Shelf) -> None:
    target = Shelf()

    @dg.op(out=dg.Out(dg.Nothing))
    def move(context: dg.OpExecutionContext) -> None:
        result = dg.migrate_io_storage(context=context, destination_io_manager=target)
        assert len(result.migrated) == 2

    @dg.job
    def moving() -> None:
        move()

    whole = dg.Definitions(assets=ASSETS, jobs=[moving], resources={"io_manager": source})
    assert whole.resolve_job_def("moving").execute_in_process(instance=made).success
    assert target.values["parted", "b"] == "B"


def test_without_anything_to_copy_from() -> None:
    with pytest.raises(dg.DagsterError, match="give definitions and an instance, or the context"):
        dg.migrate_io_storage(destination_io_manager=Shelf())
