"""Small parts: frames, captured files, type checks, retries of slots, fencing."""

from __future__ import annotations

import os
import re
import threading
from pathlib import Path
from typing import Any, Literal, Optional, Union

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostrum.execution.notes import RunNotes
from rostrum.execution.output.capture import Redirect, Tail, file_key
from rostrum.execution.sessions import LineSession, answer_question
from rostrum.execution.steps.type_checks import type_check
from rostrum.execution.workers import run_worker as worker
from rostrum.executors.ledger import SUCCEEDED, Ledger
from rostrum.interfaces.frames import EVENTS, QUESTION, FrameReader, frame
from rostrum.interfaces.runs import Orders, ReadDynamicPartitions
from rostrum.model.assets import AssetKey
from rostrum.model.errors import Unavailable
from rostrum.model.events import EngineMessage, OutputStored, StepFailed
from rostrum.model.plans import FromStep, Plan, Step, StepInput
from rostrum.model.runs import RunTarget
from rostrum.testing.clock import FakeClock
from rostrum.testing.run_sessions import FakeRunSession


@given(st.lists(st.tuples(st.sampled_from([EVENTS, QUESTION]), st.binary(max_size=300))), st.integers(1, 50))
def test_frames_survive_any_cutting(frames: list[tuple[int, bytes]], size: int) -> None:
    data = b"".join(frame(kind, body) for kind, body in frames)
    reader = FrameReader()
    read = [each for start in range(0, len(data), size) for each in reader.feed(data[start : start + size])]
    assert read == frames


def test_an_impossible_frame_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be"):
        FrameReader().feed(b"\xff" * 8)


@given(st.text(min_size=1, max_size=200), st.text(min_size=1, max_size=200), st.integers(1, 3))
def test_file_keys_are_safe_and_different(one: str, other: str, attempt: int) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_.-]+", file_key(one, attempt))
    assert (file_key(one, 1) == file_key(other, 1)) == (one == other)
    keys = {file_key(one, attempt, epoch) for attempt in (1, 2, 3) for epoch in (1, 2, 3)}
    assert len(keys) == 9, "a worker of a later epoch writes other files"
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+", key) for key in keys)


def test_captured_output_is_read_by_offset(tmp_path: Path) -> None:
    written: list[tuple[str, str, int, bytes]] = []
    tail = Tail(tmp_path, lambda *chunk: written.append(chunk))
    tail.follow("k")
    tail.pump()
    assert written == []
    redirect = Redirect(tmp_path, "k")
    try:
        os.write(1, b"one")
        tail.pump()
        assert written == [("k", "out", 0, b"one")]
        print("two")
        os.write(2, b"err")
    finally:
        redirect.restore()
    print("elsewhere")
    assert tail.finish("k")
    assert not tail.finish("k")
    assert tail.keys == []
    assert written == [("k", "out", 0, b"one"), ("k", "out", 3, b"two\n"), ("k", "err", 0, b"err")]


@pytest.mark.parametrize(
    ("annotation", "good", "bad"),
    [
        (int, [1, True], ["x", 1.0, None]),
        (float, [1.0], [1, "x"]),
        (Optional[int], [1, None], ["x"]),  # noqa: UP045 - users write it
        (Union[int, str], [1, "x"], [1.5]),  # noqa: UP007
        (int | None, [None], ["x"]),
        (list, [[1, "x"]], [(1,)]),
        (list[int], [[], [1]], [["x"], (1,)]),
        (dict[str, int], [{}, {"a": 1}], [{1: 1}, {"a": "x"}, []]),
        (tuple[int, str], [(1, "x")], [(1,), ("x", 1)]),
        (tuple[int, ...], [(), (1, 2)], [("x",)]),
        (set[int], [{1}], [{"x"}, [1]]),
        (Literal["a", 1], ["a", 1], ["b", True]),
        (Path, [Path()], ["."]),
    ],
)
def test_type_checks(annotation: Any, good: list[Any], bad: list[Any]) -> None:
    check = type_check(annotation)
    assert check is not None
    assert all(check(value) for value in good)
    assert not any(check(value) for value in bad)


@pytest.mark.parametrize("annotation", [Any, object, "Forward", list[Any] | Any])
def test_what_cannot_be_checked_is_not(annotation: Any) -> None:
    check = type_check(annotation)
    assert check is None or check(object())


def _step(key: str, *sources: tuple[str, str], assets: tuple[str, ...] = ()) -> Step:
    inputs = tuple(StepInput(f"i{n}", (FromStep(*source),)) for n, source in enumerate(sources))
    return Step(key, key, inputs, tuple(s[0] for s in sources), tuple(AssetKey.of(a) for a in assets))


def test_an_end_that_was_told_is_not_told_again() -> None:
    ledger = Ledger(Plan((_step("a"), _step("b"))))
    clock = FakeClock()
    step = ledger.take()
    assert step is not None
    ledger.note(StepFailed(at=clock.now(), step_key=step.key, error=None))  # type: ignore[arg-type]
    assert [event.step_key for event in ledger.leftovers(clock)] == ["b"]


def test_only_missing_outputs_skip() -> None:
    ledger = Ledger(Plan((_step("a"), _step("b", ("a", "x")), _step("c", ("a", "y")))))
    first = ledger.take()
    assert first is not None
    ledger.note(OutputStored(at=FakeClock().now(), step_key="a", output="x"))
    assert [step.key for step in ledger.end(first, SUCCEEDED)] == ["c"]
    assert ledger.take().key == "b"  # type: ignore[union-attr]


def test_a_step_worker_asks_through_its_run_worker() -> None:
    session = FakeRunSession.started(RunTarget("l", "j"), FakeClock())
    line = LineSession(lambda events: None, lambda question: answer_question(session, question))
    line.add_dynamic_partitions("d", ["a", "b"])
    line.delete_dynamic_partition("d", "a")
    assert line.read(ReadDynamicPartitions("d")).keys == ("b",)
    session.away = True
    with pytest.raises(Unavailable, match="away"):
        line.read(ReadDynamicPartitions("d"))


def test_a_fenced_worker_writes_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_BEAT_SECONDS", 0.0)
    clock, stop = FakeClock(), threading.Event()
    session = FakeRunSession.started(RunTarget("l", "j"), clock)
    host = worker.WorkerHost(session.run, session, clock, stop, RunNotes(), None)
    host.record(EngineMessage(at=clock.now(), message="one"))
    session.orders = Orders(fenced=True)
    host.tick()
    assert stop.is_set()
    host.record(EngineMessage(at=clock.now(), message="two"))
    assert [event.sequence for event in session.events] == [1]
