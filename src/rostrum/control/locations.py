"""Recording what code locations report: active version, failed newer version, unreachable server (law 6)."""

from __future__ import annotations

import msgspec

from rostrum.control.automations import apply_defaults
from rostrum.control.events import EventLog
from rostrum.control.unit import Unit
from rostrum.interfaces.clock import Clock
from rostrum.interfaces.doorbell import Doorbell
from rostrum.interfaces.locations import ManifestReply
from rostrum.interfaces.storage import Session
from rostrum.model.errors import ErrorInfo, InvocationError
from rostrum.model.events import LocationUpdated
from rostrum.model.locations import LocationState
from rostrum.model.manifest_parts import decode_automations, manifest_hash


class Locations:
    """The only writer of `LocationState`. The last version that loaded stays active whatever comes after it."""

    def __init__(self, events: EventLog, doorbell: Doorbell, clock: Clock) -> None:
        self._events = events
        self._doorbell = doorbell
        self._clock = clock

    def record(self, name: str, reply: ManifestReply) -> LocationState:
        """Store what a code location has answered. Writes only what has changed.

        Raises InvocationError when the reply names a manifest that is not stored and does not bring it: ask again
        without a known hash.
        """
        now = self._clock.now()
        with self._events.transaction() as session:
            before = _state(session, name)
            if reply.manifest_hash is not None:
                _store(session, reply)
            state = LocationState(
                name=name,
                manifest_hash=reply.manifest_hash or (before.manifest_hash if before else None),
                loaded_at=before.loaded_at if before else None,
                error=reply.error,
                error_at=now if reply.error else None,
                status="failed" if reply.error else "ready" if reply.manifest_hash else "loading",
                fork=reply.fork,
                updated_at=now,
            )
            changed = before is None or state.manifest_hash != before.manifest_hash
            if changed and reply.manifest_hash is not None:
                state = msgspec.structs.replace(state, loaded_at=now)
            if before is not None and reply.error == before.error:
                state = msgspec.structs.replace(state, error_at=before.error_at)
            self._put(session, before, state)
            if changed and reply.data is not None:
                apply_defaults(session, name, decode_automations(reply.data), now)
            elif changed and state.manifest_hash is not None:
                data = session.locations.manifest(state.manifest_hash)
                if data is not None:
                    apply_defaults(session, name, decode_automations(data), now)
        self._ring()
        return state

    def unreachable(self, name: str, error: ErrorInfo) -> LocationState:
        """The code server does not answer: the active version stays, and is shown with this error."""
        now = self._clock.now()
        with self._events.transaction() as session:
            before = _state(session, name) or LocationState(name=name, updated_at=now)
            if before.status == "unreachable" and before.error == error:
                return before
            state = msgspec.structs.replace(before, status="unreachable", error=error, error_at=now, updated_at=now)
            self._put(session, before, state)
        self._ring()
        return state

    def add(self, name: str) -> None:
        """Make a configured location known, before anything was heard of it."""
        with self._events.transaction() as session:
            if _state(session, name) is None:
                session.locations.put(LocationState(name=name, updated_at=self._clock.now()))
        self._ring()

    def remove(self, name: str) -> None:
        """Forget a location that is no longer configured. Its runs, assets and manifests stay."""
        with self._events.transaction() as session:
            session.locations.delete(name)
        self._ring()

    def _put(self, session: Session, before: LocationState | None, state: LocationState) -> None:
        if before is not None and msgspec.structs.replace(before, updated_at=state.updated_at) == state:
            return
        session.locations.put(state)
        stream = f"location/{state.name}"
        unit = Unit(session)
        event = LocationUpdated(
            at=state.updated_at,
            stream=stream,
            sequence=unit.last_sequence("", stream) + 1,
            location=state.name,
            manifest_hash=state.manifest_hash,
            error=state.error,
        )
        unit.append("", None, stream, [event])
        unit.finish()

    def _ring(self) -> None:
        self._doorbell.ring("locations")
        self._doorbell.ring("schedules")


def _state(session: Session, name: str) -> LocationState | None:
    return next((state for state in session.locations.states() if state.name == name), None)


def _store(session: Session, reply: ManifestReply) -> None:
    if reply.manifest_hash is None:
        return
    if reply.data is not None:
        if manifest_hash(reply.data) != reply.manifest_hash:
            raise InvocationError(
                f"the manifest sent does not have the hash {reply.manifest_hash}: it was changed on the way"
            )
        session.locations.put_manifest(reply.manifest_hash, reply.data)
    elif session.locations.manifest(reply.manifest_hash) is None:
        raise InvocationError(f"manifest {reply.manifest_hash} is not stored: it must be sent along")
