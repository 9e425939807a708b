"""Parts of captured output are cut between characters."""

from __future__ import annotations

import pytest

from rostrum.web.logs import whole


@pytest.mark.parametrize("text", ["plain", "naïve", "日本語", "🎻", ""])
def test_every_cut_of_a_text_loses_nothing(text: str) -> None:
    data = text.encode()
    for cut in range(len(data) + 1):
        first = whole(data[:cut])
        assert first.decode() + data[len(first) :].decode() == text


def test_bytes_that_are_no_text_are_not_held_back_for_ever() -> None:
    assert whole(b"\x80\x80\x80\x80\x80") == b"\x80\x80\x80\x80\x80"
    assert whole(b"a\xff\x80\x80\x80\x80") == b"a\xff\x80\x80\x80\x80"
