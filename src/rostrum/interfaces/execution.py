"""Running the steps of a plan: who runs one step (`StepRunner`), where steps run (`Executor`), and what both are given
(`RunHost`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import msgspec

from rostrum.interfaces.clock import Clock
from rostrum.interfaces.runs import StepsLine
from rostrum.model.events import Event
from rostrum.model.plans import Plan, Step
from rostrum.model.pools import SlotAnswer
from rostrum.model.principals import StepScope
from rostrum.model.runs import Run


class RemoteAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt for a worker elsewhere, which talks to the control plane itself."""

    scope: StepScope
    """What it may write: its stream ends with `scope.file_key`."""
    work: bytes
    """What it is to do; opaque here."""
    entry: str
    """`module:function` that does it: called with `work`, a `GatewayAccess` and the options of
    `codeserver.step_worker.run_step_work`."""
    run: Run
    code: dict[str, Any]
    """Where the code is, a `CodeTarget` as plain data."""


class Attempt(msgspec.Struct, frozen=True, gc=False):
    """One try of a step, from 1."""

    step: Step
    number: int
    apart: int = 0
    """How many attempts before it have failed through no fault of the code's, where those are counted apart from the
    policy's `max_retries`."""


class RunHost(Protocol):
    """What a run worker gives to its executor: the run's one stream of events, its slots, its time, the order to stop.

    All methods are called from the thread that executes.
    """

    @property
    def clock(self) -> Clock:
        """The run's time."""
        ...

    @property
    def stop(self) -> threading.Event:
        """Set when the run is to end early: no further step starts; running ones are interrupted, then killed."""
        ...

    def record(self, event: Event) -> None:
        """Give an event its place in the run's stream and append it. The caller hands the event over: it is stamped in
        place.
        """
        ...

    def note(self, event: Event) -> None:
        """Remember what matters of an event that a step worker has sent to the control plane itself: it has its place
        in another stream, and is not appended.
        """
        ...

    def limit(self, step: Step) -> AbstractContextManager[None]:
        """While it is open, raise StepTimeout in the calling thread when the step's time is over, again and again until
        it is closed. For steps that run in this process.
        """
        ...

    def tick(self) -> None:
        """To be called about four times a second while steps run in other processes: heartbeats, captured output,
        orders. Quick.
        """
        ...

    def worker_ended(self, pid: int) -> None:
        """A process that ran a step has ended: the rest of its captured output is taken, its log files are complete."""
        ...

    def output_ended(self, step_key: str, attempt: int) -> None:
        """Nothing more is written to the log files of an attempt whose process runs others too; where it has written
        anything, that has been recorded. From any thread.
        """
        ...

    def claim_slot(self, step: Step) -> SlotAnswer:
        """Take a slot of the step's pool; granted at once where it has none. Asking often is cheap: a refusal is
        remembered. A step that is refused is to be asked for again and again as long as it could start. Who gets the
        first refusal tells of it (`StepWaiting`).
        """
        ...

    def release_slot(self, step: Step) -> None:
        """The attempt has ended and its last event is recorded (that event frees the slot): others of the run that wait
        for the pool are asked for at once, not only when their refusal has grown old.
        """
        ...

    @property
    def steps(self) -> StepsLine | None:
        """See `RunSession.steps`. One thread of the executor's own may follow."""
        ...

    def answer(self, question: bytes) -> bytes:
        """Answer what a step worker asks of the run's session. Never raises for a failing one: the answer tells."""
        ...


class ConcurrentSteps(Protocol):
    """What a step runner can do where several attempts share its process."""

    async def run_step_async(self, step: Step, attempt: int, emit: Callable[[Event], None]) -> str:
        """The same for a step that `is_async`, in the running event loop. A cancel of the task is an interrupt."""
        ...

    def is_async(self, step: Step) -> bool:
        """Whether the step's function is a coroutine or an async generator."""
        ...

    def share(self) -> Callable[[], Any]:
        """From now on attempts run concurrently in this process, in threads and in an event loop, which the function
        returned gives. Called in the main thread, before `open`.
        """
        ...

    def interrupt(self, step: Step, attempt: int, raising: type[BaseException] = KeyboardInterrupt) -> bool:
        """Have user code of an attempt of this (shared) process end by this exception, or by the cancel of its task;
        False when it has not begun, or is over. From any thread. A call that blocks in a thread is not woken up.
        """
        ...

    def abandon(self, step: Step, attempt: int) -> None:
        """Take nothing more of an attempt of this process that does not end: no event, no output."""
        ...


class StepProcesses(Protocol):
    """How steps reach other processes."""

    def serve(self, line: int, lifeline: int, place: str) -> int:
        """Do what comes down the line as the only work of this process, which leads its process group, until it closes.

        `line` is a socket to the run worker, spoken by `interfaces/frames.py`; `lifeline` a pipe's reading end whose
        other end only the run worker holds: the whole group dies when it closes. `place`: `process` (one attempt after
        the other) or `shared` (several at once). Captures output, reseeds random generators, opens resources, runs,
        closes. Returns the exit code of the process.
        """
        ...

    def fresh_command(self, place: str) -> tuple[list[str], bytes]:
        """How to do the same in a new interpreter: the command (the numbers of two descriptors, line and lifeline, are
        appended to it), and the first frame to send down the line. Raises InvocationError where the code cannot be
        imported again.
        """
        ...

    def remote(self, step: Step, attempt: int, apart: int) -> RemoteAttempt:
        """The attempt as a worker elsewhere is told of it. Raises InvocationError where the code cannot be imported
        there.
        """
        ...


class StepRunner(ConcurrentSteps, StepProcesses, Protocol):
    """Executes one attempt of one step in the calling process. Knows the live definitions; owns user code and its
    errors.
    """

    def run_step(self, step: Step, attempt: int, emit: Callable[[Event], None]) -> str:
        """Run one attempt (several threads may, at once): `emit` its events, ending with one of `step_succeeded`,
        `step_failed`, `step_retrying`, `step_skipped`.

        Returns the kind of that last event. Never raises for user errors. KeyboardInterrupt (cancel) ends with
        `step_canceled`.
        """
        ...

    def items(self, step: Step) -> Mapping[str, Sequence[str]] | None:
        """Keys of the items by dynamic output, of a step that has succeeded; None when it has no dynamic output."""
        ...

    def adopt(self, steps: Sequence[Step]) -> None:
        """Take note of steps that have joined the run, or of which more is known."""
        ...

    def open(self, steps: list[Step], emit: Callable[[Event], None]) -> bool:
        """Set up the resources that these steps need in this process (once a process). False when that failed (events
        tell).
        """
        ...

    def close(self) -> None:
        """Tear resources down."""
        ...


class Executor(Protocol):
    """Executes a plan: decides where each step runs. One that steps share its process with, and that calls
    `RunHost.tick` all the same, has an attribute `ticks` that is true.
    """

    name: str
    isolates: bool
    """True when steps run in other processes: then this one runs no user code, starts no thread, and `RunHost.tick` is
    called.
    """

    def execute(self, plan: Plan, runner: StepRunner, host: RunHost) -> bool:
        """Run all steps in order of their dependencies; True when none failed.

        Every event goes to `host.record`, in order, from the calling thread. Whatever the outcome, no process is left
        behind.
        """
        ...
