"""What metadata say of tables: columns, constraints, rows, and which columns a column was made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import msgspec

from rostrum.model.errors import ArgumentError, kind_of, one_of
from rostrum.model.keys import AssetKey

Cell = str | int | float | bool | None


class TableColumnConstraints(msgspec.Struct, frozen=True, omit_defaults=True):
    """What holds for the values of one column. `other` are constraints in words."""

    nullable: bool = True
    unique: bool = False
    other: list[str] | None = None

    def __post_init__(self) -> None:
        if self.other is None:
            msgspec.structs.force_setattr(self, "other", list[str]())


class TableConstraints(msgspec.Struct, frozen=True):
    """What holds for a table as a whole, in words."""

    other: list[str]


class TableColumn(msgspec.Struct, frozen=True, omit_defaults=True):
    """One column of a table schema."""

    name: str
    type: str = "string"
    description: str | None = None
    if TYPE_CHECKING:
        constraints: TableColumnConstraints = TableColumnConstraints()
    else:
        constraints: TableColumnConstraints | list[str] = TableColumnConstraints()  # once it was a list of words
    tags: dict[str, str] = {}

    if TYPE_CHECKING:

        def __init__(
            self,
            name: str,
            type: str = "string",
            description: str | None = None,
            constraints: TableColumnConstraints | None = None,
            tags: Mapping[str, str] | None = None,
        ) -> None: ...

    def __post_init__(self) -> None:
        _check("TableColumn", "name", self.name, str)
        _check("TableColumn", "type", self.type, str)
        if cast("Any", self.constraints) is None:
            msgspec.structs.force_setattr(self, "constraints", TableColumnConstraints())
        if type(cast("Any", self.constraints)) is list:
            words = cast("list[str]", self.constraints)
            msgspec.structs.force_setattr(self, "constraints", TableColumnConstraints(other=words))
        _check("TableColumn", "constraints", self.constraints, TableColumnConstraints)
        if cast("Any", self.tags) is None:
            msgspec.structs.force_setattr(self, "tags", dict[str, str]())


class TableSchema(msgspec.Struct, frozen=True, omit_defaults=True):
    """Columns of a table."""

    columns: list[TableColumn]
    if TYPE_CHECKING:
        constraints: TableConstraints | None = None
    else:
        constraints: TableConstraints | list[str] | None = None  # once it was a list of words

    if TYPE_CHECKING:

        def __init__(self, columns: Sequence[TableColumn], constraints: TableConstraints | None = None) -> None: ...

    def __post_init__(self) -> None:
        columns: Any = self.columns
        if type(columns) is not list:
            if isinstance(columns, (str, bytes)) or not isinstance(columns, Sequence):
                raise ArgumentError(f"TableSchema: columns is {kind_of(columns)}; it is a list of TableColumn.")
            columns = list(cast("Sequence[Any]", columns))
            msgspec.structs.force_setattr(self, "columns", columns)
        for column in cast("list[Any]", columns):
            _check("TableSchema", "a column", column, TableColumn)
        if self.constraints is None:
            msgspec.structs.force_setattr(self, "constraints", TableConstraints([]))
        elif type(cast("Any", self.constraints)) is list:
            msgspec.structs.force_setattr(self, "constraints", TableConstraints(cast("list[str]", self.constraints)))

    @staticmethod
    def from_name_type_dict(name_type_dict: Mapping[str, str]) -> TableSchema:
        """A schema of columns that have only a name and a type."""
        return TableSchema([TableColumn(name, kind) for name, kind in name_type_dict.items()])


class TableRecord(msgspec.Struct, frozen=True):
    """One row of a small table: column -> str, int, float, bool or None. Raises ArgumentError for other values."""

    data: dict[str, Cell]

    def __post_init__(self) -> None:
        data: Any = self.data
        if not isinstance(data, Mapping):
            raise ArgumentError(f"TableRecord: a record is a dict of cells by column, and this is {kind_of(data)}.")
        for name, cell in cast("Mapping[Any, Any]", data).items():
            _check("TableRecord", "a column's name", name, str)
            if cell is not None and not isinstance(cell, (str, int, float)):
                raise ArgumentError(
                    f"TableRecord: column {name!r} has {kind_of(cell)}; cells are str, int, float, bool or None."
                )


class TableColumnDep(msgspec.Struct, frozen=True):
    """A column of an asset upstream. A key given as text is one segment."""

    asset_key: AssetKey
    column_name: str

    if TYPE_CHECKING:

        def __init__(self, asset_key: AssetKey | str | Sequence[str], column_name: str) -> None: ...

    def __post_init__(self) -> None:
        key: Any = self.asset_key
        if not isinstance(key, AssetKey):
            msgspec.structs.force_setattr(self, "asset_key", AssetKey(key))
        _check("TableColumnDep", "column_name", self.column_name, str)


class TableColumnLineage(msgspec.Struct, frozen=True):
    """Column -> the columns upstream that it was made of."""

    deps_by_column: dict[str, list[TableColumnDep]]

    if TYPE_CHECKING:

        def __init__(self, deps_by_column: Mapping[str, Sequence[TableColumnDep]]) -> None: ...

    def __post_init__(self) -> None:
        given: Any = self.deps_by_column
        if not isinstance(given, Mapping):
            raise ArgumentError(f"TableColumnLineage: deps_by_column is {kind_of(given)}; it is a dict of lists.")
        deps = {name: list(each) for name, each in cast("Mapping[Any, Any]", given).items()}
        for name, each in deps.items():
            _check("TableColumnLineage", "a column's name", name, str)
            for dep in each:
                _check("TableColumnLineage", f"a dependency of column {name!r}", dep, TableColumnDep)
        msgspec.structs.force_setattr(self, "deps_by_column", deps)


def _check(what: str, part: str, value: Any, kind: type) -> None:
    if not isinstance(value, kind):
        raise ArgumentError(f"{what}: {part} is {kind_of(value)}; it is {one_of(kind)}.")
