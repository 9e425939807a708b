from __future__ import annotations

from typing import Any, cast

import pytest

from rostrum.daemon.locations import LocationsService, LocationWatch
from rostrum.interfaces.locations import CodeLocation, CodeLocations, ManifestReply
from rostrum.model.errors import ErrorInfo, InvocationError, NotFound, Unavailable
from rostrum.model.locations import LocationState
from rostrum.model.manifest import Manifest
from rostrum.model.manifest_parts import encode_manifest, manifest_hash
from tests.control_plane import LOCATION, Plane

DATA = encode_manifest(Manifest())
GOOD = ManifestReply(manifest_hash=manifest_hash(DATA), data=DATA, revision=1, fork="fork")


class Location:
    name = "trains"

    def __init__(self, *answers: ManifestReply | Exception | None) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def manifest(self, known_hash: str | None = None) -> ManifestReply:
        self.asked.append("manifest")
        return cast("ManifestReply", self._next())

    def wait_for_change(self, revision: int, seconds: float) -> ManifestReply | None:
        self.asked.append(f"wait {revision}")
        return self._next()

    def _next(self) -> ManifestReply | None:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def state(plane: Plane) -> LocationState:
    with plane.storage.begin() as session:
        return next(state for state in session.locations.states() if state.name == "trains")


def watch(plane: Plane, location: Location) -> LocationWatch:
    return LocationWatch(cast("CodeLocation", location), plane.locations)


def test_the_last_good_version_stays() -> None:
    plane = Plane()
    error = ErrorInfo("SyntaxError", "bad")
    bad = ManifestReply(manifest_hash=GOOD.manifest_hash, error=error, revision=2)
    location = Location(GOOD, None, bad, Unavailable("gone"), Unavailable("gone"), GOOD)
    loop = watch(plane, location)
    now = plane.clock.now()
    assert loop.run_once(now) == 0
    assert (state(plane).status, state(plane).fork) == ("ready", "fork")
    loaded_at = state(plane).loaded_at
    plane.clock.advance(5)
    loop.run_once(now)
    loop.run_once(now)
    assert (state(plane).status, state(plane).error, state(plane).manifest_hash) == (
        "failed",
        error,
        GOOD.manifest_hash,
    )
    assert loop.run_once(now) > 0
    assert state(plane).status == "failed"  # one vain call says nothing yet
    loop.run_once(now)
    assert (state(plane).status, state(plane).manifest_hash) == ("unreachable", GOOD.manifest_hash)
    loop.run_once(now)
    assert (state(plane).status, state(plane).error, state(plane).loaded_at) == ("ready", None, loaded_at)
    assert location.asked == ["manifest", "wait 1", "wait 1", "wait 2", "wait 2", "manifest"]
    with plane.storage.begin() as session:
        events = [one.event.kind for one in session.events.tail(0)]
    assert events.count("location_updated") == 5  # with the one of the test's own location


def test_a_manifest_that_did_not_come_along_is_fetched() -> None:
    plane = Plane()
    short = ManifestReply(manifest_hash=GOOD.manifest_hash, revision=1)
    location = Location(short, GOOD)
    watch(plane, location).run_once(plane.clock.now())
    assert plane.manifests.location("trains").manifest == Manifest()
    with pytest.raises(InvocationError, match="changed on the way"):
        plane.locations.record("trains", ManifestReply(manifest_hash="0" * 32, data=DATA))


def test_cache_and_names() -> None:
    plane = Plane()
    assert plane.manifests.location(LOCATION) is plane.manifests.active()[LOCATION]
    plane.locations.add("trains")
    with pytest.raises(NotFound, match="never loaded"):
        plane.manifests.location("trains")
    plane.locations.remove("trains")
    with pytest.raises(NotFound, match="no code location"):
        plane.manifests.location("trains")


def test_service_starts_and_stops() -> None:
    plane = Plane()

    class Some:
        def names(self) -> list[str]:
            return ["trains"]

        def get(self, name: str) -> Any:
            return Location(GOOD, *[Unavailable("gone")] * 100)

    service = LocationsService(cast("CodeLocations", Some()), plane.locations, plane.clock)
    service.stop()
    service.start()
    service.start()
    seen = 0
    for _ in range(200):
        if state(plane).status == "ready":
            break
        seen = plane.doorbell.wait("locations", seen, 0.05)
    assert state(plane).status == "ready"
    service.stop()
    service.stop()
