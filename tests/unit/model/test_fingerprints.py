"""Errors of one cause have one fingerprint, whatever numbers they tell."""

from __future__ import annotations

import pytest

from rostrum.model.errors import ErrorInfo, Frame


def of(message: str, *frames: Frame) -> str:
    return ErrorInfo(class_name="StepWorkerDied", message=message, frames=frames).fingerprint


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("pid 7 was killed by SIGSEGV. It held 27 MiB.", "pid 81 was killed by SIGSEGV. It held 8.5 MiB."),
        ("nothing was heard of the run worker for 10 s", "nothing was heard of the run worker for 11.2 s"),
    ],
)
def test_numbers_of_chance_do_not_count(one: str, other: str) -> None:
    assert of(one) == of(other)


def test_what_tells_of_the_cause_counts() -> None:
    assert of("the process (pid 7) exited with code 7") != of("the process (pid 7) exited with code 137")
    assert of("killed by SIGSEGV") != of("killed by SIGKILL")
    frame = Frame(file="shop.py", line=3, function="orders", user=True)
    assert of("no gust", frame) == of("no rain", frame) == "StepWorkerDied@shop.py:orders"
