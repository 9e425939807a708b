"""How names are ranked."""

from __future__ import annotations

from rostrum.web.search import score


def test_a_word_beats_a_part_and_a_part_beats_scattered_letters() -> None:
    word, part, scattered, absent = (
        score("delay", name) for name in ("core/delays_by_hour", "undelayed", "daily_relay", "weather")
    )
    assert word is not None
    assert part is not None
    assert scattered is not None
    assert word < part < scattered
    assert absent is None
