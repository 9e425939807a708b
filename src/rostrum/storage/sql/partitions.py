"""Status of partitions in chunks (see `chunks.py`), and the keys of dynamic partitions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import func, select

from rostrum.model.assets import AssetKey
from rostrum.storage.sql import chunks
from rostrum.storage.sql.schema import dynamic_partitions, partition_chunks
from rostrum.storage.sql.statements import (
    Connection,
    Row,
    Statement,
    delete_rows,
    equal,
    insert_row,
    param,
    select_rows,
    upsert_row,
)

_T = partition_chunks.c
_ASSET = (_T.deployment, _T.asset_key)
_CHUNK = (_T.low, _T.high, _T.body)

_HOLDING = Statement(
    lambda _: select(*_CHUNK).where(*equal(_ASSET), _T.low <= param()).order_by(_T.low.desc()).limit(1)
)
_HOLDING_LOCKED = Statement(
    lambda _: (
        select(*_CHUNK).where(*equal(_ASSET), _T.low <= param()).order_by(_T.low.desc()).limit(1).with_for_update()
    )
)
_ALL = select_rows([_T.body], _ASSET, [_T.low])
_COUNTS = Statement(
    lambda _: select(func.sum(_T.materialized), func.sum(_T.failed), func.sum(_T.running)).where(*equal(_ASSET))
)
_PUT = upsert_row(partition_chunks)
_CLEAR = delete_rows(partition_chunks, _ASSET)

_D = dynamic_partitions.c
_DYNAMIC = select_rows([_D.partition_key], [_D.deployment, _D.name], [_D.position, _D.partition_key])
_LAST_POSITION = Statement(lambda _: select(func.max(_D.position)).where(*equal([_D.deployment, _D.name])))
_ADD_DYNAMIC = insert_row(dynamic_partitions, ignore=True)
_DELETE_DYNAMIC = delete_rows(dynamic_partitions, [_D.deployment, _D.name, _D.partition_key])


class SqlPartitions:
    """`PartitionTable`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def mark(self, asset_key: AssetKey, marks: Mapping[str, tuple[str, str]]) -> None:
        """Set or take back statuses: each chunk that holds one of the keys is read and written once."""
        self._db.require_writing()
        asset = str(asset_key)
        written: list[Row] = []
        for chunk, keys in self._touched(asset, marks, _HOLDING_LOCKED):
            low, high, entries = chunk
            chunks.apply(entries, {key: marks[key] for key in keys})
            for part_low, part_high, part in chunks.split(low, high, entries):
                written.append(
                    (self._db.deployment, asset, part_low, part_high, *chunks.counts(part), chunks.encode(part))
                )
        self._db.write_many(_PUT, written)

    def get(self, asset_key: AssetKey, keys: Iterable[str] | None = None) -> dict[str, str]:
        """Status by partition key."""
        asset = str(asset_key)
        found: dict[str, str] = {}
        if keys is None:
            for (body,) in self._db.rows(_ALL, self._db.deployment, asset):
                found.update((key, chunks.status_name(entry)) for key, entry in chunks.decode(body).items())
            return found
        for (_, _, entries), wanted in self._touched(asset, keys, _HOLDING):
            found.update((key, chunks.status_name(entries[key])) for key in wanted if key in entries)
        return found

    def counts(self, asset_key: AssetKey) -> dict[str, int]:
        """Numbers by status; statuses that nothing has are left out."""
        row = self._db.row(_COUNTS, self._db.deployment, str(asset_key)) or (0, 0, 0)
        return {
            name: int(number) for name, number in zip(("materialized", "failed", "running"), row, strict=True) if number
        }

    def clear(self, asset_key: AssetKey) -> None:
        """Forget the statuses of all partitions of an asset."""
        self._db.write(_CLEAR, self._db.deployment, str(asset_key))

    def dynamic(self, name: str) -> Sequence[str]:
        """Keys in the order they were added."""
        return [row[0] for row in self._db.rows(_DYNAMIC, self._db.deployment, name)]

    def add_dynamic(self, name: str, keys: Sequence[str]) -> None:
        """Add keys after the present ones."""
        self._db.dialect.serialize(self._db.driver, f"dynamic/{name}")
        row = self._db.row(_LAST_POSITION, self._db.deployment, name)
        last = (row[0] if row else None) or 0
        self._db.write_many(
            _ADD_DYNAMIC, [(self._db.deployment, name, key, position) for position, key in enumerate(keys, last + 1)]
        )

    def delete_dynamic(self, name: str, key: str) -> None:
        """Remove a key."""
        self._db.write(_DELETE_DYNAMIC, self._db.deployment, name, key)

    def _touched(
        self, asset: str, keys: Iterable[str], holding: Statement
    ) -> Iterable[tuple[tuple[int, int, chunks.Entries], list[str]]]:
        """Chunks that hold these keys (new ones where none does), each with its keys: one query a chunk."""
        places = sorted((chunks.hashed(key), key) for key in keys)
        start = 0
        while start < len(places):
            place = places[start][0]
            row = self._db.row(holding, self._db.deployment, asset, place)
            if row is not None and row[1] > place:
                low, high, entries = row[0], row[1], chunks.decode(row[2])
            else:
                low, high = chunks.first_range(place)
                entries = {}
            end = start
            while end < len(places) and places[end][0] < high:
                end += 1
            yield (low, high, entries), [key for _, key in places[start:end]]
            start = end
