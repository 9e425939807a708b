"""Code locations, manifests and heartbeats of daemon loops."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from rostrum.model.locations import DaemonState, LocationState
from rostrum.model.manifest_parts import join_parts, manifest_parts, part_hash
from rostrum.storage.sql.codec import decode_daemon, decode_location, encode
from rostrum.storage.sql.schema import daemons, locations, manifests
from rostrum.storage.sql.schema import manifest_parts as parts_table
from rostrum.storage.sql.statements import Connection, delete_rows, insert_row, select_rows, upsert_row

_STATES = select_rows([locations.c.body], [locations.c.deployment], [locations.c.name])
_PUT = upsert_row(locations)
_DELETE = delete_rows(locations, [locations.c.deployment, locations.c.name])
_HAS_MANIFEST = select_rows([manifests.c.manifest_hash], [manifests.c.deployment, manifests.c.manifest_hash])
_MANIFEST = select_rows([manifests.c.body], [manifests.c.deployment, manifests.c.manifest_hash])
_PUT_MANIFEST = insert_row(manifests, ignore=True)
_HAS_PART = select_rows([parts_table.c.part_hash], [parts_table.c.deployment, parts_table.c.part_hash])
_PART = select_rows([parts_table.c.body], [parts_table.c.deployment, parts_table.c.part_hash])
_PUT_PART = insert_row(parts_table, ignore=True)
_LEVEL = 3
"""Of compression: the writer's place is held meanwhile, and higher levels save little on msgpack."""
_HASH_BYTES = 16
_LIST_OF_PARTS = b"\0"
"""Begins the body of a manifest that lists its parts; what was stored whole begins as zlib does."""
_DAEMONS = select_rows([daemons.c.body], [daemons.c.deployment], [daemons.c.loop, daemons.c.owner])
_PUT_DAEMON = upsert_row(daemons)


class SqlLocations:
    """`LocationTable`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def states(self) -> Sequence[LocationState]:
        """All locations by name."""
        return [decode_location(row[0]) for row in self._db.rows(_STATES, self._db.deployment)]

    def put(self, state: LocationState) -> None:
        """Insert or replace."""
        self._db.write(_PUT, self._db.deployment, state.name, encode(state))

    def delete(self, name: str) -> None:
        """Remove a location if it is there. Manifests stay: runs refer to them."""
        self._db.write(_DELETE, self._db.deployment, name)

    def put_manifest(self, manifest_hash: str, data: bytes) -> None:
        """Store a manifest, compressed, unless it is there: the parts that are not, and the list of all."""
        self._db.require_writing()
        deployment = self._db.deployment
        if self._db.row(_HAS_MANIFEST, deployment, manifest_hash) is not None:
            return
        parts = manifest_parts(data)
        if parts == [data]:
            self._db.write(_PUT_MANIFEST, deployment, manifest_hash, zlib.compress(data, _LEVEL))
            return
        hashes = [part_hash(part) for part in parts]
        for part, known in zip(parts, hashes, strict=True):
            if self._db.row(_HAS_PART, deployment, known.hex()) is None:
                self._db.write(_PUT_PART, deployment, known.hex(), zlib.compress(part, _LEVEL))
        self._db.write(_PUT_MANIFEST, deployment, manifest_hash, _LIST_OF_PARTS + b"".join(hashes))

    def manifest(self, manifest_hash: str) -> bytes | None:
        """The manifest as it was given."""
        row = self._db.row(_MANIFEST, self._db.deployment, manifest_hash)
        if row is None:
            return None
        body: bytes = row[0]
        if not body.startswith(_LIST_OF_PARTS):
            return zlib.decompress(body)
        hashes = [body[at : at + _HASH_BYTES].hex() for at in range(1, len(body), _HASH_BYTES)]
        found = [self._db.row(_PART, self._db.deployment, each) for each in hashes]
        parts = [zlib.decompress(part[0]) for part in found if part is not None]
        return join_parts(parts) if len(parts) == len(hashes) else None

    def daemons(self) -> Sequence[DaemonState]:
        """Heartbeats by loop and owner."""
        return [decode_daemon(row[0]) for row in self._db.rows(_DAEMONS, self._db.deployment)]

    def put_daemon(self, state: DaemonState) -> None:
        """Insert or replace."""
        self._db.write(_PUT_DAEMON, self._db.deployment, state.loop, state.owner, encode(state))
