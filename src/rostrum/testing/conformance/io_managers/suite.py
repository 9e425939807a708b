"""What an IO manager that keeps any value promises. Subclass `IOManagerSuite` in a test module and give it a `manager`
fixture.
"""

from __future__ import annotations

from typing import Any

import pytest

from rostrum.definitions.contexts.storage import InputContext, OutputContext
from rostrum.model.assets import AssetKey
from rostrum.model.errors import NotFound
from rostrum.model.partitions import MultiPartitions, PartitionsSpec, StaticPartitions

HOSTILE = [
    "..",
    ".",
    "../../etc/passwd",
    "/abs",
    "a/b",
    "a\\b",
    "nul\0byte",
    "",
    "%2F",
    "a%2Fb",
    " ",
    "é\n",
    "x" * 400,
    "y" * 399 + "z",
]
LETTERS = StaticPartitions(("a", "b", "c"))
TWO = MultiPartitions((("day", StaticPartitions(("1", "2"))), ("letter", LETTERS)))


def output(
    key: str | None = "asset", *, partitions: PartitionsSpec | None = None, keys: list[str] | None = None, **fields: Any
) -> OutputContext:
    """Context of storing an asset (or, with `key` None, a value between ops)."""
    asset_key = AssetKey.of(key) if key is not None else None
    named: dict[str, Any] = {"name": "result", "run_id": "run", "step_key": "step", **fields}
    return OutputContext(
        asset_key=asset_key,
        asset_partitions=partitions,
        asset_partition_keys=keys,
        partition_key=keys[0] if keys and len(keys) == 1 else None,
        **named,
    )


def loading(stored: OutputContext, keys: list[str] | None = None) -> InputContext:
    """Context of loading what was stored; `keys`: other partitions of it."""
    has_keys = stored.has_asset_partitions
    return InputContext(
        name="value",
        upstream_output=stored,
        asset_key=stored.asset_key if stored.has_asset_key else None,
        asset_partition_keys=keys if keys is not None else (list(stored.asset_partition_keys) if has_keys else None),
        asset_partitions=stored.asset_partitions_spec if has_keys else None,
    )


class IOManagerSuite:
    """Values of assets, of partitions, and between ops."""

    def test_what_was_stored_is_loaded(self, manager: Any) -> None:
        for number, value in enumerate([1, None, "text", {"a": [1.5, float("inf")]}, b"\0"]):
            stored = output(f"group/asset{number}")
            manager.handle_output(stored, value)
            assert manager.load_input(loading(stored)) == value

    def test_the_last_value_counts(self, manager: Any) -> None:
        stored = output()
        manager.handle_output(stored, 1)
        manager.handle_output(stored, 2)
        assert manager.load_input(loading(stored)) == 2

    def test_what_was_never_stored_is_told_by_name(self, manager: Any) -> None:
        with pytest.raises(NotFound, match="missing/one"):
            manager.load_input(loading(output("missing/one")))

    def test_a_partition_is_one_value(self, manager: Any) -> None:
        for key in LETTERS.keys:
            manager.handle_output(output(partitions=LETTERS, keys=[key]), key.upper())
        stored = output(partitions=LETTERS, keys=["b"])
        assert manager.load_input(loading(stored)) == "B"

    def test_several_partitions_are_a_dict(self, manager: Any) -> None:
        for key in LETTERS.keys:
            manager.handle_output(output(partitions=LETTERS, keys=[key]), key.upper())
        stored = output(partitions=LETTERS, keys=["a"])
        assert manager.load_input(loading(stored, ["a", "c"])) == {"a": "A", "c": "C"}
        assert manager.load_input(loading(stored, [])) == {}

    def test_dimensions(self, manager: Any) -> None:
        for key in ("1|a", "2|a"):
            manager.handle_output(output(partitions=TWO, keys=[key]), key)
        assert manager.load_input(loading(output(partitions=TWO, keys=["2|a"]))) == "2|a"

    def test_values_between_ops_belong_to_a_run_step_and_output(self, manager: Any) -> None:
        places: list[dict[str, Any]] = [
            {},
            {"run_id": "other"},
            {"step_key": "outer.inner"},
            {"name": "second"},
            {"mapping_key": "m"},
        ]
        for number, place in enumerate(places):
            if "mapping_key" in place:
                place["name"] = "dynamic"
            manager.handle_output(output(None, **place), number)
        for number, place in enumerate(places):
            assert manager.load_input(loading(output(None, **place))) == number

    def test_hostile_names_stay_apart(self, manager: Any) -> None:
        partitions = StaticPartitions(tuple(HOSTILE))
        for number, key in enumerate(HOSTILE):
            manager.handle_output(output(partitions=partitions, keys=[key]), number)
        for number, key in enumerate(HOSTILE):
            assert manager.load_input(loading(output(partitions=partitions, keys=[key]))) == number
