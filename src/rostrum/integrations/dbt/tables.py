"""Facts of tables that dbt has made: rows and columns, read by one query after the command.

The query goes through `dbt show`, so that it works with every adapter and needs no connection of Rostrum's own; after
the command, since some databases (DuckDB) let only one process in.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any, Protocol

from rostrum.definitions.events.outputs import AssetCheckResult, AssetMaterialization, AssetObservation, Output
from rostrum.integrations.dbt.errors import DbtCliRuntimeError
from rostrum.integrations.dbt.manifest import Manifest
from rostrum.model.tables import TableColumn, TableSchema

Event = Output[Any] | AssetMaterialization | AssetObservation | AssetCheckResult
_TEMPLATE = """
{%- for uid, database, schema, name, counted in RELATIONS -%}
{%- set relation = api.Relation.create(database=database, schema=schema, identifier=name) -%}
select '{{ uid }}' as unique_id, '' as column_name, '' as column_type,
  {% if counted %}(select count(*) from {{ relation }}){% else %}-1{% endif %} as number
COLUMNS
{%- if not loop.last %} union all {% endif -%}
{%- endfor -%}
"""
_COLUMNS = """
{%- for column in adapter.get_columns_in_relation(relation) %}
union all select '{{ uid }}', '{{ column.name | replace("'", "''") }}', '{{ column.data_type }}', {{ loop.index }}
{%- endfor %}
"""


class Invocation(Protocol):
    """A command as it is needed here."""

    @property
    def manifest(self) -> Manifest:
        """Its manifest."""
        ...

    @property
    def relations(self) -> Mapping[str, Mapping[str, Any]]:
        """What its results were of, by unique id."""
        ...

    @property
    def context(self) -> Any:
        """Of the step; None elsewhere."""
        ...

    def query(self, sql: str) -> list[dict[str, Any]]:
        """Rows of a query."""
        ...


def with_facts(events: Iterator[Event], invocation: Any, rows: bool, columns: bool) -> Generator[Event, None, None]:
    """The events, those of assets last and with metadata. What dbt has made is told even where it failed later."""
    made: list[Output[Any] | AssetMaterialization] = []
    try:
        for event in events:
            if isinstance(event, (Output, AssetMaterialization)):
                made.append(event)
            else:
                yield event
    except DbtCliRuntimeError:
        yield from _told(made, invocation, rows, columns)
        raise
    yield from _told(made, invocation, rows, columns)


def _told(
    made: Sequence[Output[Any] | AssetMaterialization], invocation: Invocation, rows: bool, columns: bool
) -> Iterator[Event]:
    found = _facts([_unique_id(event) for event in made], invocation, rows, columns)
    for event in made:
        own: Mapping[str, Any] = found.get(_unique_id(event)) or {}
        metadata = {**event.metadata, **own}
        yield (
            Output(event.value, event.output_name, metadata=metadata)
            if isinstance(event, Output)
            else event.with_metadata(metadata)
        )


def _unique_id(event: Output[Any] | AssetMaterialization) -> str:
    told: Any = event.metadata["unique_id"]
    return str(getattr(told, "value", told))


def _facts(
    unique_ids: Sequence[str], invocation: Invocation, rows: bool, columns: bool
) -> Mapping[str, Mapping[str, Any]]:
    nodes = invocation.manifest["nodes"]
    # Counting the rows of a view runs its query: that may cost anything.
    countable = {key for key in unique_ids if (nodes[key].get("config") or {}).get("materialized") != "view"}
    wanted = unique_ids if columns else [key for key in unique_ids if key in countable]
    relations = [(*_relation(key, invocation), rows and key in countable) for key in wanted]
    if not relations:
        return {}
    try:
        answer = invocation.query(_sql(relations, columns))
    except DbtCliRuntimeError as error:
        if invocation.context is not None:
            invocation.context.log.warning("rows and columns are not known: %s", error.description)
        return {}
    return {key: _metadata([row for row in answer if row["unique_id"] == key]) for key in wanted}


def _relation(unique_id: str, invocation: Invocation) -> tuple[str, str, str, str]:
    node = invocation.manifest["nodes"][unique_id]
    told = invocation.relations.get(unique_id) or {}
    return (
        unique_id,
        str(told.get("database") or node.get("database") or ""),
        str(told.get("schema") or node.get("schema") or ""),
        str(told.get("alias") or node.get("alias") or node["name"]),
    )


def _sql(relations: Sequence[tuple[str, str, str, str, bool]], columns: bool) -> str:
    text = _TEMPLATE.replace("COLUMNS", _COLUMNS if columns else "")
    return text.replace("RELATIONS", repr([list(each) for each in relations]))


def _metadata(rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    metadata: dict[str, Any] = {}
    for row in rows:
        if not row["column_name"] and int(row["number"]) >= 0:
            metadata["dagster/row_count"] = int(row["number"])
    columns = sorted((row for row in rows if row["column_name"]), key=lambda row: row["number"])
    if columns:
        listed = [TableColumn(name=str(row["column_name"]), type=str(row["column_type"])) for row in columns]
        metadata["dagster/column_schema"] = TableSchema(columns=listed)
    return metadata
