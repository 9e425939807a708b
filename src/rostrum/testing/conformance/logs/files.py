"""Captured output: written by offset, read by offset, never outside, never more than the limits say."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rostrum.interfaces.logs import LogLimits, LogStore
from rostrum.model.errors import Conflict, InvocationError

RUN = "01890a5d-ac96-774b-bcce-b302099a8057"


class LogsConformance:
    """`LogStore`. The fixture `log_stores(limits)` opens the place of the test, each time as another replica would."""

    @pytest.fixture
    def logs(self, log_stores: Callable[[LogLimits], LogStore]) -> LogStore:
        """A store without limits that matter."""
        return log_stores(LogLimits())

    def test_what_is_written_is_read(self, logs: LogStore) -> None:
        assert logs.append(RUN, "step", "out", 0, b"hello ") == 6
        assert logs.append(RUN, "step", "out", 6, b"world\n") == 12
        chunk = logs.read(RUN, "step", "out")
        assert (chunk.data, chunk.offset, chunk.size, chunk.complete) == (b"hello world\n", 0, 12, False)

    def test_streams_files_and_runs_are_apart(self, logs: LogStore) -> None:
        logs.append(RUN, "a", "out", 0, b"1")
        logs.append(RUN, "a", "err", 0, b"22")
        logs.append(RUN, "b.c-d_e", "out", 0, b"333")
        logs.append("other", "a", "out", 0, b"4444")
        assert logs.read(RUN, "a", "out").data == b"1"
        assert logs.read(RUN, "a", "err").data == b"22"
        assert logs.read(RUN, "b.c-d_e", "out").data == b"333"
        assert logs.files(RUN) == ["a", "b.c-d_e"]
        assert logs.files("none") == []

    def test_overlap_is_passed_over(self, logs: LogStore) -> None:
        logs.append(RUN, "a", "out", 0, b"abcdef")
        assert logs.append(RUN, "a", "out", 0, b"XXX") == 6
        assert logs.append(RUN, "a", "out", 4, b"XXghi") == 9
        assert logs.read(RUN, "a", "out").data == b"abcdefghi"

    def test_gap_is_a_conflict(self, logs: LogStore) -> None:
        logs.append(RUN, "a", "out", 0, b"abc")
        for offset in (4, 1000, -1):
            with pytest.raises(Conflict):
                logs.append(RUN, "a", "out", offset, b"x")
        assert logs.read(RUN, "a", "out").size == 3

    def test_empty_data_closes_nothing(self, logs: LogStore) -> None:
        assert logs.append(RUN, "a", "out", 0, b"") == 0
        logs.append(RUN, "a", "out", 0, b"abc")
        assert logs.append(RUN, "a", "out", 3, b"") == 3
        assert not logs.read(RUN, "a", "out").complete

    def test_complete_marks_both_streams(self, logs: LogStore) -> None:
        logs.append(RUN, "a", "out", 0, b"abc")
        logs.complete(RUN, "a")
        logs.complete(RUN, "a")
        assert logs.read(RUN, "a", "out").complete
        assert logs.read(RUN, "a", "err").complete
        assert not logs.read(RUN, "b", "out").complete
        assert logs.files(RUN) == ["a"]

    def test_parts(self, logs: LogStore) -> None:
        logs.append(RUN, "a", "out", 0, b"0123456789")
        cases = [
            (0, 3, b"012", 0),
            (8, 5, b"89", 8),
            (10, 5, b"", 10),
            (99, 5, b"", 10),
            (-3, 9, b"789", 7),
            (-3, 2, b"78", 7),
            (-99, 2, b"01", 0),
        ]
        for offset, limit, data, start in cases:
            chunk = logs.read(RUN, "a", "out", offset, limit)
            assert (chunk.data, chunk.offset, chunk.size) == (data, start, 10)

    def test_missing_file_is_empty(self, logs: LogStore) -> None:
        chunk = logs.read(RUN, "a", "out")
        assert (chunk.data, chunk.offset, chunk.size, chunk.complete) == (b"", 0, 0, False)

    def test_delete(self, logs: LogStore) -> None:
        logs.append(RUN, "a", "out", 0, b"abc")
        logs.append("other", "a", "out", 0, b"abc")
        logs.delete(RUN)
        logs.delete(RUN)
        assert logs.files(RUN) == []
        assert logs.read(RUN, "a", "out").size == 0
        assert logs.files("other") == ["a"]

    def test_sizes_of_a_run(self, logs: LogStore) -> None:
        assert logs.sizes(RUN) == {}
        logs.append(RUN, "a", "out", 0, b"abc")
        logs.append(RUN, "a", "err", 0, b"abcd")
        logs.append(RUN, "b", "err", 0, b"x")
        logs.append("other", "b", "err", 0, b"x")
        logs.complete(RUN, "b")
        assert logs.sizes(RUN) == {("a", "out"): 3, ("a", "err"): 4, ("b", "err"): 1}

    @pytest.mark.parametrize(
        "bad", ["", ".", "..", "../x", "a/b", "/etc", "a\\b", "a\0b", "ä", "a b", "x" * 300, "a\n"]
    )
    def test_no_path_from_outside(self, logs: LogStore, bad: str) -> None:
        for run_id, key in ((bad, "a"), (RUN, bad)):
            with pytest.raises(InvocationError):
                logs.append(run_id, key, "out", 0, b"x")
            with pytest.raises(InvocationError):
                logs.read(run_id, key, "out")
            with pytest.raises(InvocationError):
                logs.complete(run_id, key)
        with pytest.raises(InvocationError):
            logs.files(bad)
        with pytest.raises(InvocationError):
            logs.sizes(bad)
        with pytest.raises(InvocationError):
            logs.delete(bad)
        with pytest.raises(InvocationError):
            logs.append(RUN, "a", bad, 0, b"x")
