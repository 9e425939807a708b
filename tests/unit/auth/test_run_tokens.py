"""Run tokens: good for one run, one epoch, one deployment, for a while."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rostrum.auth.run_tokens import RunTokens, installation_key
from rostrum.interfaces.run_tokens import narrowed
from rostrum.model.principals import StepScope
from rostrum.storage.memory import MemoryStorage
from rostrum.testing.clock import FakeClock

CLOCK = FakeClock()
TOKENS = RunTokens(b"k" * 32, CLOCK)


def test_a_token_names_its_run_and_epoch() -> None:
    principal = TOKENS.verify(TOKENS.mint("r1", 3))
    assert principal is not None
    assert (principal.kind, principal.run_id, principal.epoch) == ("run", "r1", 3)


def test_tokens_expire_and_are_renewed_half_way() -> None:
    clock = FakeClock()
    tokens = RunTokens(b"k" * 32, clock, seconds=100)
    token = tokens.mint("r1", 1)
    clock.advance(49)
    assert tokens.fresh(token) is None
    clock.advance(2)
    fresh = tokens.fresh(token)
    assert fresh is not None
    clock.advance(50)
    assert tokens.verify(token) is None
    assert tokens.fresh(token) is None
    assert tokens.verify(fresh[0]) is not None
    assert (fresh[1] - clock.now()).total_seconds() == 50


def test_a_narrowed_token_stays_narrow_when_it_is_renewed() -> None:
    clock = FakeClock()
    tokens = RunTokens(b"k" * 32, clock, seconds=100)
    scope = StepScope("load[x]", 2, "load_x_-2")
    token = narrowed(tokens.mint("r1", 3), scope)
    principal = tokens.verify(token)
    assert principal is not None
    assert (principal.kind, principal.run_id, principal.epoch, principal.step) == ("step", "r1", 3, scope)
    clock.advance(51)
    fresh = tokens.fresh(token)
    assert fresh is not None
    renewed = tokens.verify(fresh[0])
    assert renewed == principal
    clock.advance(50)
    assert tokens.verify(token) is None


@given(st.text(alphabet=st.characters(codec="ascii"), max_size=60), st.integers(0, 2))
def test_no_part_of_a_narrowed_token_can_be_replaced(text: str, place: int) -> None:
    parts = narrowed(TOKENS.mint("r1", 1), StepScope("a", 1, "a")).split(".")
    changed = [*parts[:place], text, *parts[place + 1 :]]
    assert changed == parts or TOKENS.verify(".".join(changed)) is None


def test_other_keys_and_deployments_are_refused() -> None:
    token = TOKENS.mint("r1", 1)
    assert RunTokens(b"x" * 32, CLOCK).verify(token) is None
    assert RunTokens(b"k" * 32, CLOCK, deployment="other").verify(token) is None


@given(st.text(max_size=200))
def test_garbage_is_refused(text: str) -> None:
    assert TOKENS.verify(text) is None


@given(st.integers(0, 10_000), st.characters(codec="ascii"))
def test_a_changed_token_is_refused(place: int, character: str) -> None:
    token = TOKENS.mint("r1", 1)
    place %= len(token)
    changed = token[:place] + character + token[place + 1 :]
    assert changed == token or TOKENS.verify(changed) is None


def test_the_key_is_made_once() -> None:
    storage = MemoryStorage(CLOCK)
    key = installation_key(storage)
    assert len(key) == 32
    assert installation_key(storage) == key
