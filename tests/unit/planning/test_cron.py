"""Cron: what is valid, when it ticks, how it reads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostrum.model.errors import DefinitionError
from rostrum.planning import cron


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", "* * * *", "* * * * * *", "61 * * * *", "0 0 31 2 *", "hello", "0 25 * * *"])
def test_what_is_not_cron(text: str):
    with pytest.raises(DefinitionError):
        cron.validate((text,))


def test_an_unknown_time_zone():
    with pytest.raises(DefinitionError, match="IANA"):
        cron.validate(("@daily",), "Mars/Olympus")


def test_several_expressions_are_their_union():
    found = list(cron.ticks_between(("0 6 * * *", "0 */6 * * *"), "UTC", at(2024, 1, 1), at(2024, 1, 1, 12)))
    assert found == [at(2024, 1, 1, 6), at(2024, 1, 1, 12)]


@pytest.mark.parametrize(
    ("expression", "after", "expected"),
    [
        ("30 2 * * *", at(2024, 3, 10, 5), at(2024, 3, 10, 7)),  # 02:30 does not exist: right after the gap
        ("30 1 * * *", at(2024, 11, 3, 4), at(2024, 11, 3, 5, 30)),  # 01:30 comes twice: the first counts
        ("30 1 * * *", at(2024, 11, 3, 5, 30), at(2024, 11, 4, 6, 30)),
        ("30 * * * *", at(2024, 11, 3, 5, 30), at(2024, 11, 3, 6, 30)),  # every hour means every hour
        ("@daily", at(2024, 7, 1, 3), at(2024, 7, 1, 4)),
    ],
)
def test_daylight_saving_in_new_york(expression: str, after: datetime, expected: datetime):
    assert cron.next_tick((expression,), "America/New_York", after) == expected


def test_a_date_that_never_comes_ends_the_ticks():
    assert cron.next_tick(("0 0 29 2 1",), "UTC", at(2024, 1, 1)) is not None
    assert cron.previous_tick(("0 0 1 1 *",), "UTC", at(2024, 1, 1)) == at(2023, 1, 1)


EXPRESSIONS = st.sampled_from(
    ["*/7 * * * *", "0 * * * *", "30 1 * * *", "30 2 * * *", "0 9 * * 1-5", "0 0 1 * *", "0 0 29 2 *"]
)
ZONES = st.sampled_from(["UTC", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe"])
MOMENTS = st.datetimes(datetime(2015, 1, 1), datetime(2030, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))


@given(EXPRESSIONS, ZONES, MOMENTS)
def test_ticks_grow_and_the_previous_one_is_the_last_before(expression: str, zone: str, moment: datetime):
    found = list(islice(cron.ticks((expression,), zone, moment), 4))
    assert found == sorted(set(found))
    assert found[0] > moment
    previous = cron.previous_tick((expression,), zone, moment)
    assert previous is not None
    assert previous < moment
    following = cron.next_tick((expression,), zone, previous)
    assert following is not None
    assert following >= moment or following == moment


@given(MOMENTS)
def test_no_tick_is_lost_by_asking_piece_by_piece(moment: datetime):
    end = moment + timedelta(hours=9)
    whole = list(cron.ticks_between(("*/20 * * * *",), "Europe/Berlin", moment, end))
    middle = moment + timedelta(hours=4)
    parts = [
        *cron.ticks_between(("*/20 * * * *",), "Europe/Berlin", moment, middle),
        *cron.ticks_between(("*/20 * * * *",), "Europe/Berlin", middle, end),
    ]
    assert whole == parts


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("@daily", "every day at 00:00"),
        ("30 6 * * *", "every day at 06:30"),
        ("* * * * *", "every minute"),
        ("*/15 * * * *", "every 15 minutes"),
        ("0 * * * *", "every hour"),
        ("0 9 * * 1-5", "on weekdays at 09:00"),
        ("0 9 * * 7", "every Sunday at 09:00"),
        ("0 0 1 * *", "on day 1 of every month at 00:00"),
        ("0 0 1 1,6 *", "0 0 1 1,6 *"),
    ],
)
def test_in_words(expression: str, words: str):
    assert cron.describe(expression) == words
    assert cron.describe([expression]) == words
