from __future__ import annotations

from collections.abc import Sequence

from rostrum.gateway.door import GatewayDoor
from rostrum.model.errors import Conflict, Unavailable
from rostrum.service.supervisor import Service
from rostrum.testing.clock import FakeClock


class Home:
    """A lock that one may hold, and what is served under it."""

    def __init__(self) -> None:
        self.is_taken = True
        self.fails = False
        self.told: list[str] = []

    def lock(self) -> None:
        if self.is_taken:
            raise Conflict("another process has it")
        self.is_taken = True

    def services(self) -> Sequence[Service]:
        if self.fails:
            raise Unavailable("not now")
        return [Named("socket", self.told), Named("heart", self.told)]


class Named:
    def __init__(self, name: str, told: list[str]) -> None:
        self._name, self._told = name, told

    def start(self) -> None:
        self._told.append(f"{self._name} starts")

    def stop(self) -> None:
        self._told.append(f"{self._name} stops")


def test_the_next_one_opens_when_the_lock_is_free() -> None:
    home, clock = Home(), FakeClock()
    door = GatewayDoor(home.lock, home.services, clock)
    assert door.try_once(clock.now()) == 1.0
    assert (door.is_open, home.told) == (False, [])
    home.is_taken = False
    assert door.try_once(clock.now()) > 60
    assert door.is_open
    assert door.try_once(clock.now()) > 60, "and only once"
    door.stop()
    assert home.told == ["socket starts", "heart starts", "heart stops", "socket stops"]


def test_the_first_one_opens_at_once() -> None:
    home = Home()
    home.is_taken = False
    door = GatewayDoor(home.lock, home.services, FakeClock())
    door.start()
    assert door.is_open
    door.stop()


def test_a_lock_that_is_ours_is_not_asked_for_again() -> None:
    home, clock = Home(), FakeClock()
    home.is_taken, home.fails = False, True
    door = GatewayDoor(home.lock, home.services, clock)
    for _ in range(2):
        try:
            door.try_once(clock.now())
        except Unavailable:
            continue  # the loop reports it and tries again
    home.fails = False
    door.try_once(clock.now())
    assert door.is_open
