"""Captured output: whatever is written, in whatever pieces, by whichever replica, the limits are kept and no byte is
wrong.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rostrum.interfaces.logs import LogLimits, LogStore
from rostrum.testing.conformance.logs.files import RUN


def text(size: int, start: int = 0) -> bytes:
    """Bytes that tell where they are."""
    skip = start % 8
    return b"".join(b"%07d\n" % number for number in range(start // 8, (start + size) // 8 + 1))[skip : skip + size]


def everything(logs: LogStore, file_key: str, stream: str = "out", limit: int = 1000) -> list[tuple[int, bytes]]:
    """The stretches of a file that are kept: offset and bytes."""
    found: list[tuple[int, bytes]] = []
    offset = 0
    while (chunk := logs.read(RUN, file_key, stream, offset, limit)).data:
        if found and found[-1][0] + len(found[-1][1]) == chunk.offset:
            found[-1] = (found[-1][0], found[-1][1] + chunk.data)
        else:
            found.append((chunk.offset, chunk.data))
        offset = chunk.offset + len(chunk.data)
    return found


class LogLimitsConformance:
    """`LogStore`. The fixture `log_stores(limits)` opens the place of the test, each time as another replica would."""

    @pytest.fixture
    def logs(self, log_stores: Callable[[LogLimits], LogStore]) -> LogStore:
        """A store without limits that matter."""
        return log_stores(LogLimits())

    def test_what_is_left_out_is_no_gap(self, logs: LogStore) -> None:
        logs.append(RUN, "a", "out", 0, b"begin")
        assert logs.append(RUN, "a", "out", 1000, b"end", leave_out=True) == 1003
        assert logs.append(RUN, "a", "out", 1001, b"nd.") == 1004
        assert everything(logs, "a") == [(0, b"begin"), (1000, b"end.")]
        chunk = logs.read(RUN, "a", "out", 500, 2)
        assert (chunk.data, chunk.offset, chunk.size) == (b"en", 1000, 1004)
        assert logs.read(RUN, "a", "out", -2).data == b"d."
        assert logs.sizes(RUN) == {("a", "out"): 1004}
        assert logs.files(RUN) == ["a"]

    def test_a_file_keeps_its_first_and_its_last_part(self, log_stores: Callable[[LogLimits], LogStore]) -> None:
        logs = log_stores(LogLimits(1000, 2000))
        for offset in range(0, 10_000, 500):
            assert logs.append(RUN, "a", "out", offset, text(500, offset)) == offset + 500
        first, last = everything(logs, "a")
        assert first == (0, text(1000))
        assert last[0] + len(last[1]) == 10_000
        assert 2000 <= len(last[1]) <= 4000, "the limit, and not much more"
        assert last[1] == text(len(last[1]), last[0])
        logs.delete(RUN)
        assert logs.files(RUN) == []

    def test_one_large_write_keeps_the_limits(self, log_stores: Callable[[LogLimits], LogStore]) -> None:
        logs = log_stores(LogLimits(1000, 2000))
        assert logs.append(RUN, "a", "out", 0, text(30_000)) == 30_000
        kept = everything(logs, "a")
        assert kept[0] == (0, text(1000))
        assert kept[-1][1][-2000:] == text(2000, 28_000)

    def test_replicas_know_nothing_of_each_other(self, log_stores: Callable[[LogLimits], LogStore]) -> None:
        """A request that got no answer is sent again to another one, longer, and may arrive late at the first."""
        one, two = log_stores(LogLimits(1000, 1000)), log_stores(LogLimits(1000, 1000))
        assert one.append(RUN, "a", "out", 0, text(100)) == 100
        assert two.append(RUN, "a", "out", 100, text(80, 100)) == 180
        assert one.append(RUN, "a", "out", 100, text(50, 100)) in {150, 180}, "it may not have looked"
        assert one.append(RUN, "a", "out", 180, text(20, 180)) == 200
        assert two.append(RUN, "a", "out", 150, text(30, 150)) in {180, 200}
        assert two.append(RUN, "a", "out", 200, text(10, 200)) == 210
        for logs in (one, two):
            assert everything(logs, "a") == [(0, text(210))]
        two.complete(RUN, "a")
        assert one.read(RUN, "a", "out").complete

    def test_all_of_a_file_in_small_pieces(self, logs: LogStore) -> None:
        content = text(500)
        for offset in range(0, 500, 27):
            assert logs.append(RUN, "a", "out", offset, content[offset : offset + 27]) == min(offset + 27, 500)
        assert everything(logs, "a", limit=33) == [(0, content)]
        assert logs.sizes(RUN) == {("a", "out"): 500}
