"""The engine of steps that share a process: its main thread, where interrupts come at any moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from rostrum.executors.concurrent import Engine, Over
from rostrum.executors.places import Attempt
from rostrum.model.events import Event
from rostrum.model.plans import Step
from rostrum.planning.placement import MAIN


class Runner:
    def __init__(self) -> None:
        self.ran: list[str] = []

    def share(self) -> Callable[[], Any]:
        return lambda: None

    def run_step(self, step: Step, attempt: int, emit: Callable[[Event], None]) -> str:
        self.ran.append(step.key)
        return "step_succeeded"


class Interrupted(threading.Semaphore):
    """Is interrupted, once, just when something has been lined up."""

    has_been = False

    def acquire(self, blocking: bool = True, timeout: float | None = None) -> bool:
        if not self.has_been:
            self.has_been = True
            raise KeyboardInterrupt
        return super().acquire(blocking, timeout)

    __enter__ = acquire


def test_an_interrupt_just_when_a_step_is_lined_up_does_not_break_the_main_thread() -> None:
    runner = Runner()
    engine = Engine(runner, lambda: None, threads=1)  # type: ignore[arg-type]
    engine._more = Interrupted(0)
    taken, after = Attempt(Step("taken", "taken"), 1), Attempt(Step("after", "after"), 1)
    engine.start(taken, MAIN)
    serving = threading.Thread(target=engine.serve, daemon=True)
    serving.start()
    over: list[str] = []

    def collect() -> None:
        over.extend(attempt.step.key for attempt, _, done in engine.collect() if isinstance(done, Over))

    until(lambda: "taken" in over, collect)
    engine.start(after, MAIN)
    until(lambda: "after" in over, collect)
    engine.close()
    serving.join(10.0)
    assert (runner.ran, over) == (["after"], ["taken", "after"])


def until(condition: Callable[[], bool], each: Callable[[], None]) -> None:
    for _ in range(1000):
        each()
        if condition():
            return
        threading.Event().wait(0.005)
    raise AssertionError("it did not happen in time")
