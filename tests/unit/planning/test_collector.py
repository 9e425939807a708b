"""Seldom collecting garbage while definitions and plans are made, and while a run goes on."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from rostrum.planning.collector import seldom_collecting, seldom_collecting_all


@pytest.fixture(autouse=True)
def usual() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    yield
    gc.set_threshold(*before)


def test_the_collector_is_as_before_afterwards() -> None:
    with seldom_collecting():
        assert gc.get_threshold()[0] > 100_000
    assert gc.get_threshold() == (700, 10, 10)


def test_the_collector_is_as_before_after_an_error() -> None:
    with pytest.raises(KeyError), seldom_collecting():
        raise KeyError
    assert gc.get_threshold() == (700, 10, 10)


def test_uses_inside_each_other_count_as_one() -> None:
    with seldom_collecting():
        with seldom_collecting():
            pass
        assert gc.get_threshold()[0] > 100_000
    assert gc.get_threshold() == (700, 10, 10)


def test_uses_beside_each_other_end_with_the_last() -> None:
    first, second = seldom_collecting(), seldom_collecting()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert gc.get_threshold()[0] > 100_000
    second.__exit__(None, None, None)
    assert gc.get_threshold() == (700, 10, 10)


def test_a_collector_that_is_off_stays_off() -> None:
    gc.set_threshold(0)
    with seldom_collecting():
        assert gc.get_threshold()[0] == 0


def test_what_user_code_sets_inside_is_kept() -> None:
    with seldom_collecting():
        gc.set_threshold(5, 5, 5)
    assert gc.get_threshold() == (5, 5, 5)


def test_while_a_run_goes_on_young_garbage_is_collected_as_usual() -> None:
    with seldom_collecting_all():
        young, middle, old = gc.get_threshold()
        assert (young, middle) == (700, 10)
        assert old >= 100
    assert gc.get_threshold() == (700, 10, 10)


def test_a_plan_made_in_a_run_leaves_the_thresholds_of_the_run() -> None:
    with seldom_collecting_all():
        of_run = gc.get_threshold()
        with seldom_collecting():
            assert gc.get_threshold()[0] > 100_000
        assert gc.get_threshold() == of_run
    assert gc.get_threshold() == (700, 10, 10)


def test_a_run_that_ends_while_a_plan_is_made_leaves_nothing_behind() -> None:
    run, plan = seldom_collecting_all(), seldom_collecting()
    run.__enter__()
    plan.__enter__()
    run.__exit__(None, None, None)
    assert gc.get_threshold()[0] > 100_000
    plan.__exit__(None, None, None)
    assert gc.get_threshold() == (700, 10, 10)


def test_what_user_code_sets_in_a_run_is_kept() -> None:
    with seldom_collecting_all():
        gc.set_threshold(50_000, 20, 30)
        with seldom_collecting():
            assert gc.get_threshold()[0] > 100_000
        assert gc.get_threshold()[:2] == (50_000, 20)
    assert gc.get_threshold() == (50_000, 20, 30)
