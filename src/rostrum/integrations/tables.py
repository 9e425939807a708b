"""Where in a database an asset's value lies: schema, table, and the rows of its partitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast

from rostrum.definitions.contexts.storage import InputContext, OutputContext
from rostrum.model.errors import InvariantError
from rostrum.model.partitions import MultiPartitions, PartitionsSpec, TimePartitions
from rostrum.planning.partitions import partitions_of, split_key
from rostrum.planning.time_windows import TimeWindow

DEFAULT_SCHEMA = "public"


@dataclass(frozen=True)
class TablePartitionDimension:
    """One dimension of the rows: an expression of SQL, and the keys, or the windows of time, that it must lie in."""

    partition_expr: str
    partitions: Sequence[str] | Sequence[TimeWindow]


@dataclass(frozen=True)
class TableSlice:
    """Rows of a table, all of them where there are no dimensions; `columns`: those that are wanted."""

    table: str
    schema: str
    database: str | None = None
    columns: Sequence[str] | None = None
    partition_dimensions: Sequence[TablePartitionDimension] = ()

    def with_schema(self, schema: str) -> TableSlice:
        """The same rows, in another schema."""
        return replace(self, schema=schema)

    @property
    def name(self) -> str:
        """Quoted name of the table."""
        return f"{quoted(self.schema)}.{quoted(self.table)}"

    @property
    def where(self) -> str:
        """` WHERE ...`, empty where all rows are meant."""
        conditions = [_condition(each) for each in self.partition_dimensions]
        return f" WHERE {' AND '.join(conditions)}" if conditions else ""

    @property
    def select(self) -> str:
        """The statement that reads the rows."""
        columns = ", ".join(quoted(each) for each in self.columns) if self.columns else "*"
        return f"SELECT {columns} FROM {self.name}{self.where}"  # noqa: S608 - names are quoted, values too

    @property
    def delete(self) -> str:
        """The statement that deletes the rows."""
        return f"DELETE FROM {self.name}{self.where}"  # noqa: S608 - as above


def quoted(name: str) -> str:
    """A name as SQL writes it."""
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def literal(text: str) -> str:
    """A text as SQL writes it."""
    doubled = text.replace("'", "''")
    return f"'{doubled}'"


def table_slice(
    context: OutputContext | InputContext, database: str | None = None, schema: str | None = None
) -> TableSlice:
    """The rows of an output, or of an input's upstream output.

    Of an asset the table is the last segment of its key; the schema is `schema` of its metadata, that of the IO manager
    (`schema`), the segment before the last, or `public`. Values between ops lie in a table of the output's name.
    """
    upstream = context.upstream_output if isinstance(context, InputContext) else context
    metadata: Mapping[str, Any] = upstream.definition_metadata if upstream is not None else {}
    columns = context.definition_metadata.get("columns") if isinstance(context, InputContext) else None
    if context.has_asset_key:
        parts = list(context.asset_key.parts)
        own = metadata.get("schema") or schema or (parts[-2] if len(parts) > 1 else DEFAULT_SCHEMA)
        dimensions = _dimensions(context, metadata) if context.has_asset_partitions else ()
        return TableSlice(str(parts[-1]), str(own), database, columns, dimensions)
    name = upstream.name if upstream is not None else context.name
    return TableSlice(name, str(metadata.get("schema") or schema or DEFAULT_SCHEMA), database, columns)


def _dimensions(
    context: OutputContext | InputContext, metadata: Mapping[str, Any]
) -> Sequence[TablePartitionDimension]:
    expression = metadata.get("partition_expr")
    if expression is None:
        raise InvariantError(
            f"Asset {context.asset_key} has partitions, but no metadata 'partition_expr': say with it which column "
            'tells the partition, such as metadata={"partition_expr": "day"}.'
        )
    spec, keys = context.asset_partitions_spec, list(context.asset_partition_keys)
    if not isinstance(spec, MultiPartitions):
        return [_dimension(str(expression), spec, keys)]
    if not isinstance(expression, Mapping):
        names = ", ".join(name for name, _ in spec.dimensions)
        raise InvariantError(
            f"Asset {context.asset_key} has several dimensions ({names}): its metadata 'partition_expr' must be a dict "
            "with an expression for each."
        )
    split = [split_key(spec, key) for key in keys]
    found: list[TablePartitionDimension] = []
    for name, dimension in spec.dimensions:
        own = cast("Mapping[str, Any]", expression).get(name)
        if own is None:
            raise InvariantError(f"Asset {context.asset_key}: 'partition_expr' has no expression for {name!r}.")
        found.append(_dimension(str(own), dimension, list(dict.fromkeys(each[name] for each in split))))
    return found


def _dimension(expression: str, spec: PartitionsSpec, keys: Sequence[str]) -> TablePartitionDimension:
    if not isinstance(spec, TimePartitions):
        return TablePartitionDimension(expression, list(keys))
    partitions, windows = partitions_of(spec), list[TimeWindow]()
    for window in sorted(partitions.window(key) for key in keys):
        if windows and windows[-1].end == window.start:
            windows[-1] = TimeWindow(windows[-1].start, window.end)
        else:
            windows.append(window)
    return TablePartitionDimension(expression, windows)


def _condition(each: TablePartitionDimension) -> str:
    windows = [one for one in each.partitions if isinstance(one, TimeWindow)]
    if windows:
        told = [
            f"{each.partition_expr} >= {_moment(one.start)} AND {each.partition_expr} < {_moment(one.end)}"
            for one in windows
        ]
        return told[0] if len(told) == 1 else "(" + " OR ".join(f"({one})" for one in told) + ")"
    keys = [literal(one) for one in each.partitions if isinstance(one, str)]
    return f"{each.partition_expr} in ({', '.join(keys)})" if keys else "FALSE"


def _moment(moment: datetime) -> str:
    return literal(moment.strftime("%Y-%m-%d %H:%M:%S"))
