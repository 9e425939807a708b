"""Tables as Parquet and as Arrow files: data frames of pandas and polars, tables of pyarrow. A table is loaded as the
kind that is wanted, whatever kind it was.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, BinaryIO, ClassVar

from rostrum.io_managers.formats.format import Format, FormatError, Stored, Wanted, engine, library_class
from rostrum.model.reserved_names import ROW_COUNT_METADATA

PANDAS, POLARS, LAZY, ARROW = "pandas", "polars", "polars_lazy", "arrow"
COMPRESSION = "compression"
"""Static metadata of an output: how a table is compressed (`zstd`, `snappy`, `lz4`, ...)."""
_KINDS = {
    ("pandas", "DataFrame"): PANDAS,
    ("polars", "DataFrame"): POLARS,
    ("polars", "LazyFrame"): LAZY,
    ("pyarrow", "Table"): ARROW,
}
_BATCHES = (("pyarrow", "RecordBatch"), ("pyarrow", "RecordBatchReader"))


def table_kind(value: Any) -> str | None:
    """What kind of table a value is. Libraries that nobody has loaded are not loaded for it."""
    for (library, name), kind in _KINDS.items():
        module = sys.modules.get(library)
        if module is not None and isinstance(value, getattr(module, name)):
            return kind
    pyarrow = sys.modules.get("pyarrow")
    if pyarrow is not None and isinstance(value, (pyarrow.RecordBatch, pyarrow.RecordBatchReader)):
        return ARROW
    return None


def wanted_kind(wanted: Wanted, kind: str) -> str:
    """The kind to load: that of the annotation, else what it was. Raises FormatError for an annotation that is none."""
    if wanted.annotation is None:
        return kind if kind in _KINDS.values() else ARROW
    named = library_class(wanted.annotation)
    if named in _BATCHES:
        return ARROW
    if named not in _KINDS:
        raise FormatError(
            f"a table was stored, and the input is declared as {wanted.annotation!r}: declare it as a DataFrame of "
            "pandas or polars, a LazyFrame of polars, or a pyarrow.Table."
        )
    return _KINDS[named]


class _Tables(Format):
    """What both formats share: the conversions by pyarrow, and the ways of polars, which needs no pyarrow."""

    def kind_of(self, value: Any) -> str | None:
        """The kind of table."""
        return table_kind(value)

    def dump(self, value: Any, file: BinaryIO, options: Mapping[str, Any]) -> dict[str, Any]:
        """Write a table; tells its number of rows."""
        kind = table_kind(value)
        if kind is None:
            raise FormatError("it is no table (a DataFrame of pandas or polars, a LazyFrame, a pyarrow.Table).")
        compression = options.get(COMPRESSION)
        if kind == LAZY:
            value = value.collect()
        if kind in (POLARS, LAZY):
            self._write_polars(value, file, {} if compression is None else {COMPRESSION: compression})
            return {ROW_COUNT_METADATA: value.height}
        table = _arrow_of(value, kind)
        self._write_arrow(table, file, {} if compression is None else {COMPRESSION: compression})
        return {ROW_COUNT_METADATA: table.num_rows}

    def load(self, stored: Stored, kind: str, wanted: Wanted) -> Any:
        """Read a table, of it the columns that are wanted."""
        target = wanted_kind(wanted, kind)
        columns = list(wanted.columns) if wanted.columns is not None else None
        if target in (POLARS, LAZY):
            return self._read_polars(stored, columns, lazy=target == LAZY)
        table = self._read_arrow(stored, columns, for_pandas=target == PANDAS)
        return table.to_pandas() if target == PANDAS else table

    def _write_arrow(self, table: Any, file: BinaryIO, options: dict[str, Any]) -> None:
        raise NotImplementedError

    def _write_polars(self, frame: Any, file: BinaryIO, options: dict[str, Any]) -> None:
        raise NotImplementedError

    def _read_arrow(self, stored: Stored, columns: list[str] | None, *, for_pandas: bool) -> Any:
        raise NotImplementedError

    def _read_polars(self, stored: Stored, columns: list[str] | None, *, lazy: bool) -> Any:
        raise NotImplementedError


class Parquet(_Tables):
    """Parquet: compressed columns, of which single ones can be read."""

    name: ClassVar[str] = "parquet"
    suffix: ClassVar[str] = ".parquet"

    def _write_arrow(self, table: Any, file: BinaryIO, options: dict[str, Any]) -> None:
        engine("pyarrow.parquet", "formats").write_table(table, file, **options)

    def _write_polars(self, frame: Any, file: BinaryIO, options: dict[str, Any]) -> None:
        frame.write_parquet(file, **options)

    def _read_arrow(self, stored: Stored, columns: list[str] | None, *, for_pandas: bool) -> Any:
        source = _arrow_source(stored, columns)
        parquet = engine("pyarrow.parquet", "formats")
        return parquet.read_table(source, columns=columns, use_pandas_metadata=for_pandas)

    def _read_polars(self, stored: Stored, columns: list[str] | None, *, lazy: bool) -> Any:
        polars, source = engine("polars", "polars"), _polars_source(stored, columns)
        if not lazy:
            return polars.read_parquet(source, columns=columns)
        frame = polars.scan_parquet(source)
        return frame.select(columns) if columns is not None else frame


class ArrowFile(_Tables):
    """The file form of Arrow: uncompressed unless asked for; a local file is mapped, not read."""

    name: ClassVar[str] = "arrow"
    suffix: ClassVar[str] = ".arrow"

    def _write_arrow(self, table: Any, file: BinaryIO, options: dict[str, Any]) -> None:
        ipc = engine("pyarrow.ipc", "formats")
        settings = ipc.IpcWriteOptions(**options)
        with ipc.new_file(file, table.schema, options=settings) as writer:
            writer.write_table(table)

    def _write_polars(self, frame: Any, file: BinaryIO, options: dict[str, Any]) -> None:
        frame.write_ipc(file, **options)

    def _read_arrow(self, stored: Stored, columns: list[str] | None, *, for_pandas: bool) -> Any:
        del for_pandas
        pyarrow, ipc = engine("pyarrow", "formats"), engine("pyarrow.ipc", "formats")
        source = pyarrow.memory_map(stored.path) if stored.path is not None else _arrow_source(stored, None)
        table = ipc.open_file(source).read_all()
        return table.select(columns) if columns is not None else table

    def _read_polars(self, stored: Stored, columns: list[str] | None, *, lazy: bool) -> Any:
        polars, source = engine("polars", "polars"), _polars_source(stored, columns)
        if not lazy:
            return polars.read_ipc(source, columns=columns)
        frame = polars.scan_ipc(source)
        return frame.select(columns) if columns is not None else frame


def _arrow_of(value: Any, kind: str) -> Any:
    pyarrow = engine("pyarrow", "formats")
    if kind == PANDAS:
        return pyarrow.Table.from_pandas(value)
    if isinstance(value, pyarrow.Table):
        return value
    if isinstance(value, pyarrow.RecordBatchReader):
        return value.read_all()
    return pyarrow.Table.from_batches([value])


def _arrow_source(stored: Stored, columns: list[str] | None) -> Any:
    """A local path; the file where a part is enough; else all bytes, without a copy."""
    if stored.path is not None:
        return stored.path
    pyarrow = engine("pyarrow", "formats")
    if columns is not None:
        return pyarrow.PythonFile(stored.file(), mode="r")
    return pyarrow.BufferReader(pyarrow.py_buffer(stored.data()))


def _polars_source(stored: Stored, columns: list[str] | None) -> Any:
    del columns  # a file of Python is read as a whole by polars
    return stored.path if stored.path is not None else bytes(stored.data())
