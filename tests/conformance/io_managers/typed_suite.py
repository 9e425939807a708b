"""What the IO manager of typed formats promises beyond `IOManagerSuite`. Subclass `TypedSuite` and give it a `make`
fixture: a function that makes a manager over one place, with the options `format`, `versions` and `trusted`.
"""

from __future__ import annotations

import datetime as dt
import math
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pydantic import BaseModel

from rostrum.definitions.contexts.storage import InputContext, OutputContext
from rostrum.io_managers.filesystem import ValueNotStored
from rostrum.io_managers.formats.format import FormatError
from rostrum.io_managers.typed import TypedIOManager
from rostrum.model.errors import ArgumentError, InvariantError, InvocationError
from rostrum.testing.conformance.io_managers.suite import LETTERS, loading, output


@dataclass
class Point:
    """A value of a user's own class."""

    x: int
    at: dt.date


class Model(BaseModel):
    """A value of a user's own model."""

    name: str
    parts: dict[str, float]


class Bomb:
    """What must never be unpickled."""

    def __reduce__(self) -> Any:
        return (exec, ("raise SystemExit('unpickled')",))


COLUMNS = {"n": [1, 2, 3], "s": ["a", "b", None]}
PANDAS = pd.DataFrame({"n": [1, 2, 3], "s": ["a", "b", "c"]}, index=pd.Index([7, 8, 9], name="row"))
TABLES: dict[str, Any] = {"pandas": PANDAS, "polars": pl.DataFrame(COLUMNS), "arrow": pa.table(COLUMNS)}
TARGETS: dict[str, Any] = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "lazy": pl.LazyFrame, "arrow": pa.Table}
PLAIN: list[Any] = [
    None,
    True,
    1.0,
    -0.0,
    2**53,
    "",
    "a\r\nb\ud800",
    [],
    {"a": [1, {"b": None}], "": "é"},
    [math.inf, -math.inf, None, 1.5],
    b"\0\xff",
]
ARRAYS = [np.arange(6, dtype="int16").reshape(2, 3), np.asfortranarray(np.eye(3)), np.array([]), np.float64(1.5)]


def into(stored: OutputContext, annotation: Any = None, **metadata: Any) -> InputContext:
    """Context of loading what was stored as a type."""
    context = loading(stored)
    context.annotation, context.definition_metadata = annotation, metadata
    return context


def names(manager: TypedIOManager) -> list[str]:
    """Keys of all objects."""
    return list(manager.objects.keys())


class TypedSuite:
    """Formats by type and by name, records, columns, versions, pickles."""

    @pytest.mark.parametrize("value", PLAIN, ids=repr)
    def test_plain_values_come_back_exactly(self, make: Any, value: Any) -> None:
        manager, stored = make(), output()
        manager.handle_output(stored, value)
        loaded = manager.load_input(into(stored))
        assert (type(loaded), repr(loaded)) == (type(value), repr(value))

    @pytest.mark.parametrize("value", ARRAYS, ids=repr)
    def test_arrays_come_back_exactly(self, make: Any, value: Any) -> None:
        manager, stored = make(), output()
        manager.handle_output(stored, value)
        loaded = manager.load_input(into(stored, np.ndarray))
        assert (type(loaded), loaded.dtype) == (type(value), value.dtype)
        np.testing.assert_array_equal(loaded, value)
        assert names(manager) == ["asset.%meta", "asset.npy"]
        if value.ndim:
            loaded[...] = 0  # it is the loader's own

    @pytest.mark.parametrize("format", ["auto", "arrow"])
    @pytest.mark.parametrize("kind", TABLES)
    def test_tables_come_back_as_they_were(self, make: Any, kind: str, format: str) -> None:
        manager, stored = make(format=format), output()
        manager.handle_output(stored, TABLES[kind])
        loaded = manager.load_input(into(stored))
        assert type(loaded) is type(TABLES[kind])
        assert loaded.equals(TABLES[kind])
        assert stored.added_metadata["dagster/row_count"].value == 3
        assert names(manager) == ["asset.%meta", "asset.arrow" if format == "arrow" else "asset.parquet"]

    @pytest.mark.parametrize("format", ["parquet", "arrow"])
    @pytest.mark.parametrize("target", TARGETS)
    @pytest.mark.parametrize("kind", TABLES)
    def test_tables_are_loaded_as_they_are_declared(self, make: Any, kind: str, target: str, format: str) -> None:
        manager, stored = make(format=format), output()
        manager.handle_output(stored, TABLES[kind])
        loaded = manager.load_input(into(stored, TARGETS[target] | None, columns=["n"]))
        assert isinstance(loaded, TARGETS[target])
        whole = loaded.collect() if target == "lazy" else loaded
        assert list(whole["n"].to_pylist() if target == "arrow" else whole["n"]) == [1, 2, 3]
        assert "s" not in (whole.column_names if target == "arrow" else whole.columns)

    def test_a_lazy_frame_is_stored_and_stays_lazy(self, make: Any) -> None:
        manager, stored = make(), output()
        manager.handle_output(stored, pl.LazyFrame({"n": [1, 2]}).filter(pl.col("n") > 1))
        loaded = manager.load_input(into(stored))
        assert isinstance(loaded, pl.LazyFrame)
        assert loaded.collect().to_dicts() == [{"n": 2}]

    @pytest.mark.parametrize("value", [(1, 2), {1: "a"}, {"a": (1,)}, {1}, Point(1, dt.date(2024, 1, 2)), Bomb()])
    def test_a_value_that_would_come_back_changed_is_refused(self, make: Any, value: Any) -> None:
        manager = make()
        with pytest.raises(FormatError, match=r"asset group/a.*has no format of its own.*rostrum/format.*trusted=True"):
            manager.handle_output(output("group/a"), value)
        assert names(manager) == []

    @pytest.mark.parametrize(
        ("value", "annotation"),
        [
            ((1, 2), tuple[int, int]),
            ({1: "a"}, dict[int, str]),
            (Point(1, dt.date(2024, 1, 2)), Point),
            ([Model(name="a", parts={"x": 1.5})], list[Model]),
        ],
        ids=repr,
    )
    def test_json_by_name_is_loaded_as_declared(self, make: Any, value: Any, annotation: Any) -> None:
        manager, stored = make(), output(definition_metadata={"rostrum/format": "json"})
        manager.handle_output(stored, value)
        assert manager.load_input(into(stored, annotation)) == value
        with pytest.raises(
            FormatError, match=r"asset asset could not be loaded from .*asset\.json.*cannot be loaded as"
        ):
            manager.load_input(into(stored, bytearray))

    def test_a_plain_value_is_loaded_as_declared_where_that_fits(self, make: Any) -> None:
        manager, stored = make(), output()
        manager.handle_output(stored, {"x": 1, "at": "2024-01-02"})
        assert manager.load_input(into(stored, Point)) == Point(1, dt.date(2024, 1, 2))
        assert manager.load_input(into(stored, dict[str, Any])) == {"x": 1, "at": "2024-01-02"}
        assert manager.load_input(into(stored, int)) == {"x": 1, "at": "2024-01-02"}

    def test_a_table_is_no_number(self, make: Any) -> None:
        manager, stored = make(), output()
        manager.handle_output(stored, PANDAS)
        with pytest.raises(FormatError, match="a table was stored, and the input is declared as <class 'int'>"):
            manager.load_input(into(stored, int))

    def test_a_format_that_cannot_hold_it(self, make: Any) -> None:
        for name, value in (("parquet", [1]), ("text", 1), ("bytes", "a"), ("npy", np.array([object()]))):
            with pytest.raises(FormatError, match=r"asset asset: a .* could not be stored: it is"):
                make(format=name).handle_output(output(), value)
        with pytest.raises(ArgumentError, match="'csv' is no format: it is one of auto, arrow, bytes, json"):
            make(format="csv")

    # --- pickles

    def test_pickles_need_to_be_allowed(self, make: Any) -> None:
        with pytest.raises(FormatError, match="trusted=True"):
            make(format="pickle").handle_output(output(), 1)
        trusting, stored = make(trusted=True), output()
        trusting.handle_output(stored, (1, 2))
        assert trusting.load_input(into(stored)) == (1, 2)
        trusting.handle_output(stored, Bomb())
        with pytest.raises(FormatError, match=r"could not be loaded from .*asset\.pickle: it is a pickle"):
            make().load_input(into(stored))

    def test_a_record_from_elsewhere_opens_nothing(self, make: Any) -> None:
        manager, stored = make(), output()
        manager.objects.put("asset.pickle", b"\x80\x04.")
        for record in (b'{"format":"pickle"}', b'{"format":"../x"}', b'{"format":7}', b"\xff", b'{"format":"new"}'):
            manager.objects.put("asset.%meta", record)
            with pytest.raises(InvocationError, match=r"asset\.%meta|asset asset could not be loaded"):
                manager.load_input(into(stored))
            manager.handle_output(stored, 1)  # as the message says
            assert manager.load_input(into(stored)) == 1

    # --- what is beside a value

    def test_another_format_takes_the_place_of_the_one_before(self, make: Any) -> None:
        manager, stored = make(), output()
        for value in ([1], "text", PANDAS):
            manager.handle_output(stored, value)
        assert names(manager) == ["asset.%meta", "asset.parquet"]
        assert manager.load_input(into(stored)).equals(PANDAS)

    def test_between_two_writes_the_old_value_is_there(self, make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """A process that is killed at any point leaves one whole value."""
        manager, stored = make(), output()
        manager.handle_output(stored, "old")
        kind = make().objects.__class__
        put = kind.put

        def die_at_the_record(objects: Any, key: str, data: Any) -> None:
            if key.endswith("%meta"):
                raise KeyboardInterrupt
            put(objects, key, data)

        with monkeypatch.context() as patch:
            patch.setattr(kind, "put", die_at_the_record)
            with pytest.raises(KeyboardInterrupt):
                manager.handle_output(stored, [1])
        assert manager.load_input(into(stored)) == "old"
        manager.handle_output(stored, [1])
        assert manager.load_input(into(stored)) == [1]

    def test_a_file_that_somebody_else_put_there(self, make: Any, tmp_path: Path) -> None:
        pl.DataFrame(COLUMNS).write_parquet(tmp_path / "x.parquet")
        manager, stored = make(), output("given")
        manager.objects.put("given.parquet", (tmp_path / "x.parquet").read_bytes())
        assert manager.load_input(into(stored, pl.DataFrame)).equals(TABLES["polars"])
        manager.objects.put("given.json", b"[]")
        with pytest.raises(FormatError, match=r"no record of which of .*given\.parquet.*Keep one"):
            manager.load_input(into(stored))

    def test_pickles_of_the_manager_before_are_found(self, make: Any) -> None:
        make().objects.put("old", b"\x80\x05K\x07.")
        assert make(trusted=True).load_input(into(output("old"))) == 7
        with pytest.raises(ValueNotStored, match="Materialize it first"):
            make().load_input(into(output("old")))

    # --- partitions

    def test_several_partitions_at_once_are_a_dict(self, make: Any) -> None:
        manager = make()
        several = output(partitions=LETTERS, keys=["a", "b"])
        manager.handle_output(several, {"a": pl.DataFrame({"n": [1]}), "b": pl.DataFrame({"n": [2]})})
        assert "asset/b.parquet" in names(manager)
        assert several.added_metadata["path"].value == manager.objects.address("asset")
        loaded = manager.load_input(into(several, dict[str, pd.DataFrame]))
        assert {key: frame["n"].tolist() for key, frame in loaded.items()} == {"a": [1], "b": [2]}
        for value in (pl.DataFrame(), {"a": 1}, {"a": 1, "c": 2}):
            with pytest.raises(ArgumentError, match=r"2 partitions are made at once \(a to b\).*a dict with a value"):
                manager.handle_output(several, value)
        with pytest.raises(InvariantError, match="Launch it with a partition key"):
            manager.handle_output(output(partitions=LETTERS, keys=[]), 1)

    def test_partitions_that_are_not_there(self, make: Any) -> None:
        manager = make()
        manager.handle_output(output(partitions=LETTERS, keys=["a"]), "A")
        all_keys = output(partitions=LETTERS, keys=["a", "c"])
        with pytest.raises(ValueNotStored, match="asset asset, partition c has no stored value at"):
            manager.load_input(into(all_keys))
        assert manager.load_input(into(all_keys, allow_missing_partitions=True)) == {"a": "A"}

    # --- versions

    def test_versions_are_kept_by_run(self, make: Any) -> None:
        manager = make(versions=True)
        runs = sorted(str(uuid.uuid4()) for _ in range(3))
        for number, run_id in enumerate(runs):
            stored = output(run_id=run_id)
            stored.data_version = f"d{min(number, 1)}"
            manager.handle_output(stored, number)
            manager.handle_output(stored, number)  # the step was tried again
        stored = output()
        assert manager.load_input(into(stored)) == 2
        assert [manager.load_input(into(stored, version=run_id)) for run_id in runs] == [0, 1, 2]
        assert manager.load_input(into(stored, version="d0")) == 0
        assert manager.load_input(into(stored, version="d1")) == 2
        assert [each.version for each in manager.place(stored).versions()] == runs
        assert len(names(manager)) == 7
        with pytest.raises(ValueNotStored, match=f"no version 'x'.*kept are {runs[0]}, {runs[1]}, {runs[2]}"):
            manager.load_input(into(stored, version="x"))

    def test_versions_may_be_turned_on_and_off(self, make: Any) -> None:
        plain, versioned = make(), make(versions=True)
        plain.handle_output(output(run_id="1"), "first")
        versioned.handle_output(output(run_id="2"), [2])
        assert plain.load_input(into(output())) == [2]
        plain.handle_output(output(run_id="3"), "third")
        assert versioned.load_input(into(output())) == "third"
        assert versioned.load_input(into(output(), version="2")) == [2]
