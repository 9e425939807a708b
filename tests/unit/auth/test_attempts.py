"""Failed logins are counted by name and by address, within a window."""

from __future__ import annotations

import pytest

from rostrum.auth import attempts
from rostrum.auth.attempts import MOST, WINDOW_SECONDS, Attempts, TooManyAttempts
from rostrum.testing.clock import FakeClock


def test_the_window_passes() -> None:
    clock = FakeClock()
    tried = Attempts(clock)
    for _ in range(MOST):
        tried.begin("ann", "10.0.0.1")
        clock.advance(1)
    with pytest.raises(TooManyAttempts) as refused:
        tried.begin("ann", "10.0.0.1")
    assert WINDOW_SECONDS - MOST < refused.value.retry_after_seconds <= WINDOW_SECONDS
    clock.advance(refused.value.retry_after_seconds)
    tried.begin("ann", "10.0.0.1")


def test_a_name_from_many_addresses_and_an_address_with_many_names() -> None:
    tried = Attempts(FakeClock())
    for number in range(MOST):
        tried.begin("ann", f"10.0.0.{number}")
        tried.begin(f"user {number}", "10.1.1.1")
    for name, address in (("ann", "10.9.9.9"), ("bob", "10.1.1.1")):
        with pytest.raises(TooManyAttempts):
            tried.begin(name, address)
    tried.begin("bob", "10.9.9.9")


def test_logging_in_does_not_count() -> None:
    tried = Attempts(FakeClock())
    for _ in range(MOST * 3):
        tried.begin("ann", "10.0.0.1")
        tried.succeeded("ann", "10.0.0.1")


def test_memory_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "_KEPT", 50)
    tried = Attempts(FakeClock())
    for number in range(500):
        tried.begin(f"user {number}", f"10.0.0.{number}")
    assert len(tried._tried) <= 51
