"""Switching schedules and sensors on and off, and what is true of those never switched: the definition's default."""

from __future__ import annotations

from datetime import datetime

import msgspec

from rostrum.control.manifests import LoadedManifest, ManifestCache
from rostrum.interfaces.clock import Clock
from rostrum.interfaces.doorbell import Doorbell
from rostrum.interfaces.storage import Session, Storage
from rostrum.model.errors import NotFound
from rostrum.model.manifest import Manifest
from rostrum.model.ticks import AutomationKey, AutomationState

BY_DEFAULT = "default"


class Automations:
    """The verbs on schedules and sensors."""

    def __init__(self, storage: Storage, doorbell: Doorbell, clock: Clock, manifests: ManifestCache) -> None:
        self._storage = storage
        self._doorbell = doorbell
        self._clock = clock
        self._manifests = manifests

    def set_running(self, key: AutomationKey, running: bool, by: str) -> AutomationState:
        """Switch on or off. To what it is already: nothing changes. Raises NotFound for an unknown name."""
        with self._storage.begin(write=True) as session:
            kind, _ = _defined(self._manifests.location(key.location, session), key)
            now = self._clock.now()
            state = session.automations.get(key) or AutomationState(key=key, kind=kind, changed_at=now)
            if state.running != running or state.changed_by in {"", BY_DEFAULT}:
                # Ticks before a switch-on are not made up for; confirming a default does not move that mark.
                changed_at = now if state.running != running else state.changed_at
                state = msgspec.structs.replace(state, running=running, changed_at=changed_at, changed_by=by)
                session.automations.put(state)
        self._doorbell.ring("schedules")
        return state

    def reset(self, key: AutomationKey) -> AutomationState:
        """Forget the switch: the definition's default applies again. Raises NotFound when nothing has that name."""
        with self._storage.begin(write=True) as session:
            kind, running = _defined(self._manifests.location(key.location, session), key)
            now = self._clock.now()
            state = session.automations.get(key) or AutomationState(key=key, kind=kind, changed_at=now)
            changed_at = now if state.running != running else state.changed_at
            state = msgspec.structs.replace(state, running=running, changed_at=changed_at, changed_by=BY_DEFAULT)
            session.automations.put(state)
        self._doorbell.ring("schedules")
        return state


def apply_defaults(session: Session, location: str, manifest: Manifest, now: datetime) -> None:
    """Give every schedule and sensor of a manifest a state. What a user has switched stays as it is."""
    wanted = [(node.name, "schedule", node.default_running) for node in manifest.schedules]
    wanted += [(node.name, "sensor", node.default_running) for node in manifest.sensors]
    if not wanted:
        return
    states = session.automations.states()
    for name, kind, running in wanted:
        key = AutomationKey(location, name)
        state = states.get(key)
        if state is None:
            state = AutomationState(key=key, kind=kind, running=running, changed_at=now, changed_by=BY_DEFAULT)
            session.automations.put(state)
        elif state.changed_by == BY_DEFAULT and state.running != running:
            session.automations.put(msgspec.structs.replace(state, running=running, changed_at=now))


def _defined(loaded: LoadedManifest, key: AutomationKey) -> tuple[str, bool]:
    if key.name in loaded.schedules:
        return "schedule", loaded.schedules[key.name].default_running
    if key.name in loaded.sensors:
        return "sensor", loaded.sensors[key.name].default_running
    raise NotFound(f"code location {key.location!r} has no schedule or sensor {key.name!r}")
