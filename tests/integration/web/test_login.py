"""Logging in under attack: few passwords are verified at once, few wrong ones are taken, and nothing else waits."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from rostrum.auth.attempts import MOST
from rostrum.auth.passwords import MAXIMUM_BYTES, LocalUsers
from rostrum.model.errors import ConfigError
from rostrum.web import app
from tests.integration.web.conftest import Site


def test_many_wrong_logins_are_refused_for_a_minute(guarded: Site) -> None:
    wrong = {"name": "admin", "password": "wrong password"}
    answers = [guarded.client.post("/login", json=wrong) for _ in range(MOST + 1)]
    assert [answer.status_code for answer in answers] == [401] * MOST + [429]
    assert 0 < int(answers[-1].headers["retry-after"]) <= 60
    assert answers[-1].json()["errors"][0]["extensions"] == {"code": "too_many_attempts", "retryable": True}


def test_few_passwords_are_verified_at_once_and_others_are_served_meanwhile(
    guarded: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard, go = threading.Lock(), threading.Event()
    inside: list[int] = []
    most: list[int] = []
    busy = threading.Event()

    def slow(_self: object, _name: str, _password: str) -> None:
        with guard:
            inside.append(1)
            most.append(len(inside))
            if len(inside) == app.LOGINS_AT_ONCE:
                busy.set()
        go.wait(20)
        with guard:
            inside.pop()

    monkeypatch.setattr(LocalUsers, "authenticate", slow)

    def log_in(number: int) -> int:
        return guarded.client.post("/login", json={"name": f"user {number}", "password": "x"}).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(log_in, number) for number in range(8)]
        try:
            assert busy.wait(20)
            assert guarded.client.get("/health").status_code == 200
        finally:
            go.set()
        assert [answer.result() for answer in answers] == [401] * 8
    assert max(most) == app.LOGINS_AT_ONCE


def test_long_passwords_and_bodies(guarded: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    users = LocalUsers(guarded.deployment.storage, guarded.deployment.clock)
    with pytest.raises(ConfigError, match="1024 is the most"):
        users.add("ann", "x" * (MAXIMUM_BYTES + 1), ("viewer",))
    monkeypatch.setattr("rostrum.auth.passwords._HASHER", None)
    assert users.authenticate("viewer", "x" * (MAXIMUM_BYTES + 1)) is None
    answer = guarded.client.post("/login", json={"name": "viewer", "password": "x" * app.MAX_LOGIN_BODY})
    assert answer.status_code == 400
    assert "4096" in answer.json()["errors"][0]["message"]
