"""Many attempts at once in this process: one in its main thread, some in threads, many in one event loop.

The engine knows no run worker: it is given attempts and hands on what they tell (`collect`), to the loop of an executor
that never forks, or down the line of a process that several steps share. All its methods may be called from any thread,
`serve` from the main one.

An interrupt is a KeyboardInterrupt (StepTimeout, where time is over) in the code of one attempt, or the cancel of its
task. Code that does not end in spite of it cannot be killed in a process that others share: it is abandoned, which
means that nothing of what it does is taken any more. The process should then end soon (`is_tainted`).
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from queue import SimpleQueue
from typing import Any

from rostrum.executors.places import Attempt, Ended
from rostrum.interfaces.execution import StepRunner
from rostrum.model.errors import ErrorInfo, StepTimeout, Unavailable
from rostrum.model.events import Event
from rostrum.planning.placement import MAIN, TASK, THREAD

_MOST_WAITING = 2000
"""Who tells an event while so many wait to be collected waits, too: a step cannot tell more than can be stored."""
_WAIT_SECONDS = 1.0
"""At most so long, for each: who collects may need a lock that the step's code holds."""

_HELD_SECONDS = 1.0
"""An event loop that has not answered for so long, and in which an attempt does not end, does not turn any more."""
_LOOP_HELD = (
    "The event loop of this process is held by code that blocks and does not end when it is interrupted: no async step "
    "goes on in it. Await what takes long (asyncio.to_thread), or give steps that may hang isolation='process'."
)

_Key = tuple[str, int]


class Over:
    """An attempt of which nothing more comes; `how` as in `places.Reports.ended`."""

    __slots__ = ("how",)

    def __init__(self, how: Ended | None = None) -> None:
        self.how = how


class Engine:
    """Runs attempts of one run. `wake` is called, from any thread, when there is something to `collect`."""

    def __init__(self, runner: StepRunner, wake: Callable[[], None], *, threads: int) -> None:
        self._runner, self._wake = runner, wake
        self._event_loop = runner.share()
        self._mail: deque[tuple[Attempt, Event | Over]] = deque()
        self._is_woken = False
        self._under_way: dict[_Key, tuple[Attempt, str]] = {}
        """Each attempt that is taken note of, with its lane."""
        self._early: dict[_Key, tuple[Attempt, type[BaseException]]] = {}
        """Interrupts that came before the code had begun."""
        self._pool = _Threads(self._run, threads)
        self._line: deque[Attempt] = deque()
        """Of the main thread; the first one runs."""
        self._more = threading.Semaphore(0)
        self._tasks: set[Any] = set()
        """Kept here: an event loop does not."""
        self._loop: Any = None
        """The loop that they run in."""
        self._is_over = False
        self._held_by = ""
        """Key of the step that has the main thread for ever."""
        self._pings: dict[_Key, tuple[float, threading.Event]] = {}
        """By attempt that is to end in the event loop: when the loop was asked whether it turns, and its answer."""
        self._is_loop_held = False
        self.is_tainted = False
        """Abandoned code still runs in this process."""

    # --- what is asked of it
    # -------------------------------------------------------------------------------------------

    def start(self, attempt: Attempt, lane: str) -> None:
        """Start an attempt, or put it at the end of its lane. Raises Unavailable where the lane is blocked for good."""
        if lane == MAIN and self._held_by:
            raise Unavailable(
                f"the main thread of this process is held by step {self._held_by}, which has not ended when it was "
                "interrupted; give steps that may hang isolation='process'."
            )
        if self._is_loop_held and self._awaits(attempt, lane):
            raise Unavailable(_LOOP_HELD)
        self._under_way[_key(attempt)] = attempt, lane
        if lane == MAIN:
            self._line.append(attempt)
            self._more.release()
        elif lane == TASK:
            self._loop = self._loop or self._event_loop()
            self._loop.call_soon_threadsafe(self._begin, attempt)
        else:
            self._pool.put(attempt)

    def interrupt(self, attempt: Attempt, level: int) -> None:
        """As `places.Place.interrupt`; level 2 asks once more."""
        if level >= 3:
            self._abandon(attempt)
            return
        self._ping(attempt)
        raising = KeyboardInterrupt if level else StepTimeout
        if not self._runner.interrupt(attempt.step, attempt.number, raising):
            self._early[_key(attempt)] = attempt, raising

    def look(self) -> None:
        """Send interrupts again that came too early, see whether the event loop turns. To be called now and then."""
        self._look_at_loop()
        if self._mail:
            self._wake()  # an interrupt may have come between what was told and the wake
        for key, (attempt, raising) in list(self._early.items()):
            if key not in self._under_way or self._runner.interrupt(attempt.step, attempt.number, raising):
                self._early.pop(key, None)

    def collect(self) -> Iterator[tuple[Attempt, list[Event], Over | None]]:
        """What attempts have told since it was called last: events in order, and whether that was all. What they tell
        meanwhile is left to the next call. For one thread at a time.
        """
        self._is_woken = False
        mail = self._mail
        left = len(mail)
        while left:
            attempt, told = mail.popleft()
            left -= 1
            events: list[Event] = []
            while not isinstance(told, Over):
                events.append(told)
                if not left or mail[0][0] is not attempt:
                    break
                told = mail.popleft()[1]
                left -= 1
            yield attempt, events, told if isinstance(told, Over) else None

    def serve(self) -> None:
        """Run the attempts of the main thread's lane in this thread until `close`."""
        while not self._is_over:
            try:
                self._more.acquire()
                if self._line and not self._is_over:  # (none, where an interrupt has taken it)
                    self._run(self._line[0])
                    self._line.popleft()
            except KeyboardInterrupt:
                # It came between two steps: the run is being cancelled.
                if self._line:
                    self._post(self._line.popleft(), Over())

    def close(self) -> None:
        """Let the threads go, cancel tasks, end `serve`. Any number of times."""
        self._is_over = True
        self._under_way.clear()
        self._pool.close()
        self._more.release()
        if self._tasks and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._cancel_all)

    # --- what it does
    # --------------------------------------------------------------------------------------------------

    def _run(self, attempt: Attempt) -> None:
        try:
            self._runner.run_step(attempt.step, attempt.number, partial(self._post, attempt))
        finally:
            self._post(attempt, Over())

    def _begin(self, attempt: Attempt) -> None:
        task = self._loop.create_task(self._run_async(attempt))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run_async(self, attempt: Attempt) -> None:
        try:
            await self._runner.run_step_async(attempt.step, attempt.number, partial(self._post, attempt))
        finally:
            self._post(attempt, Over())

    def _cancel_all(self) -> None:
        for task in list(self._tasks):
            task.cancel()

    def _post(self, attempt: Attempt, told: Event | Over) -> None:
        key = _key(attempt)
        if key not in self._under_way:
            return  # abandoned
        if isinstance(told, Over):
            del self._under_way[key]
        self._send(attempt, told)
        if len(self._mail) > _MOST_WAITING and not isinstance(told, Over):
            # Nothing that others use is held here: an interrupt may come between any two lines.
            door, until = threading.Lock(), time.monotonic() + _WAIT_SECONDS
            door.acquire()
            while len(self._mail) > _MOST_WAITING and not self._is_over and time.monotonic() < until:
                door.acquire(timeout=0.005)

    def _send(self, attempt: Attempt, told: Event | Over) -> None:
        self._mail.append((attempt, told))
        if not self._is_woken:
            self._is_woken = True
            self._wake()

    def _abandon(self, attempt: Attempt) -> None:
        self._ping(attempt)
        self._give_up(attempt, _abandoned(attempt))
        self._look_at_loop()

    def _give_up(self, attempt: Attempt, how: Ended) -> None:
        _, lane = self._under_way.pop(_key(attempt), (attempt, None))
        if lane is None:
            return
        self._runner.abandon(attempt.step, attempt.number)
        self.is_tainted = True
        if lane == MAIN:
            self._held_by = attempt.step.key
        elif lane == THREAD:
            self._pool.replace()
        self._send(attempt, Over(how))

    # --- whether the event loop turns
    # ------------------------------------------------------------------------------------

    def _awaits(self, attempt: Attempt, lane: str) -> bool:
        """Whether code of it runs in the event loop: of other lanes, too."""
        return lane == TASK or self._runner.is_async(attempt.step)

    def _ping(self, attempt: Attempt) -> None:
        key = _key(attempt)
        if key in self._pings or key not in self._under_way or not self._awaits(*self._under_way[key]):
            return
        answer = threading.Event()
        self._pings[key] = time.monotonic(), answer
        self._event_loop().call_soon_threadsafe(answer.set)

    def _look_at_loop(self) -> None:
        """Where an attempt was abandoned because code in the loop blocks, no other one there goes on either."""
        now = time.monotonic()
        for key, (asked, answer) in list(self._pings.items()):
            if answer.is_set():
                self._pings.pop(key, None)
            elif key not in self._under_way and now - asked >= _HELD_SECONDS and not self._is_loop_held:
                self._is_loop_held = True
                for attempt, lane in list(self._under_way.values()):
                    if self._awaits(attempt, lane):
                        self._give_up(attempt, _lost_with_loop())


class _Threads:
    """Daemon threads, started when they are needed: the end of the process does not wait for code that hangs."""

    def __init__(self, run: Callable[[Attempt], None], most: int) -> None:
        self._run, self._most = run, most
        self._queue: SimpleQueue[Attempt | None] = SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._count = 0

    def put(self, attempt: Attempt) -> None:
        """Have it run. By one caller at a time."""
        self._queue.put(attempt)
        if not self._idle.acquire(blocking=False) and self._count < self._most:
            self._count += 1
            threading.Thread(target=self._work, name=f"rostrum-step-{self._count}", daemon=True).start()

    def replace(self) -> None:
        """One of the threads does not come back."""
        self._most += 1

    def close(self) -> None:
        """No more comes."""
        for _ in range(self._count):
            self._queue.put(None)

    def _work(self) -> None:
        try:
            while (attempt := self._queue.get()) is not None:
                self._run(attempt)
                del attempt  # its values are not to be kept until the next one comes
                self._idle.release()
        finally:
            self._count -= 1  # whatever the engine may raise, another one takes its place


def _key(attempt: Attempt) -> _Key:
    return attempt.step.key, attempt.number


def _lost_with_loop() -> Ended:
    return Ended(cause="lost", error=ErrorInfo(class_name="StepAbandoned", message=_LOOP_HELD, code="step_abandoned"))


def _abandoned(attempt: Attempt) -> Ended:
    message = (
        f"Step {attempt.step.key} did not end when it was interrupted. It shares a process with others, which is not "
        "killed for it: what it does from now on is not taken. Give steps that may hang isolation='process'."
    )
    return Ended(cause="lost", error=ErrorInfo(class_name="StepAbandoned", message=message, code="step_abandoned"))
