"""Code locations, manifests and heartbeats of daemon loops."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from rostrum.model.locations import DaemonState, LocationState
from rostrum.storage.sql.codec import decode_daemon, decode_location, encode
from rostrum.storage.sql.schema import daemons, locations, manifests
from rostrum.storage.sql.statements import Connection, delete_rows, insert_row, select_rows, upsert_row

_STATES = select_rows([locations.c.body], [locations.c.deployment], [locations.c.name])
_PUT = upsert_row(locations)
_DELETE = delete_rows(locations, [locations.c.deployment, locations.c.name])
_HAS_MANIFEST = select_rows([manifests.c.manifest_hash], [manifests.c.deployment, manifests.c.manifest_hash])
_MANIFEST = select_rows([manifests.c.body], [manifests.c.deployment, manifests.c.manifest_hash])
_PUT_MANIFEST = insert_row(manifests, ignore=True)
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
        """Store a manifest, compressed, unless it is there."""
        self._db.require_writing()
        if self._db.row(_HAS_MANIFEST, self._db.deployment, manifest_hash) is None:
            # Level 3: the writer's place is held meanwhile, and higher levels save little on msgpack.
            self._db.write(_PUT_MANIFEST, self._db.deployment, manifest_hash, zlib.compress(data, 3))

    def manifest(self, manifest_hash: str) -> bytes | None:
        """The manifest as it was given."""
        row = self._db.row(_MANIFEST, self._db.deployment, manifest_hash)
        return zlib.decompress(row[0]) if row else None

    def daemons(self) -> Sequence[DaemonState]:
        """Heartbeats by loop and owner."""
        return [decode_daemon(row[0]) for row in self._db.rows(_DAEMONS, self._db.deployment)]

    def put_daemon(self, state: DaemonState) -> None:
        """Insert or replace."""
        self._db.write(_PUT_DAEMON, self._db.deployment, state.loop, state.owner, encode(state))
