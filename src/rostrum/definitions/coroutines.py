"""Running coroutines of user code from code that is not async itself.

Where no event loop runs, one loop serves all calls of a `Coroutines` that come from the thread that called first. Where
one runs already in this thread (a notebook, a test of pytest-asyncio, a web server), it cannot be entered again: there,
and for calls from other threads, a thread with a loop of its own runs them. A process that runs steps concurrently has
all of them run there (`share`). The context variables are the caller's.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextvars import copy_context
from types import AsyncGeneratorType, CoroutineType
from typing import Any, cast

_COROUTINE, _ASYNC_GENERATOR = 0x80, 0x200
"""The flags of code objects that are of `async def`, without and with `yield`."""
_INTERRUPTIBLE_SECONDS = 0.1
_END_SECONDS = 20.0
"""Time that a coroutine has to clean up when it is interrupted."""
_CLOSE_SECONDS = 4.0
"""Time that code in a loop has to end when the loop is closed."""


class Coroutines:
    """Runs coroutines to their end. Any number of threads may call. To be closed. `around` is awaited in the place of
    those that run in another thread than the caller's.
    """

    __slots__ = ("_around", "_is_shared", "_lock", "_loop", "_owner", "_runner", "_thread")

    def __init__(self, around: Callable[[Coroutine[Any, Any, Any]], Coroutine[Any, Any, Any]] | None = None) -> None:
        self._around = around
        self._runner: Any = None
        self._owner = 0
        """Thread that the runner is of."""
        self._is_shared = False
        self._loop: Any = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def share(self) -> None:
        """Run everything in the one loop of `loop` from now on, whoever calls."""
        self._is_shared = True

    def loop(self) -> Any:
        """An event loop in a thread of its own, the same until `close`."""
        import asyncio

        with self._lock:
            if self._thread is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=_serve, args=(self._loop,), name="rostrum-coroutines", daemon=True
                )
                self._thread.start()
        return self._loop

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """The result; what the coroutine raises is raised."""
        import asyncio  # tens of milliseconds, which most runs need not pay

        here: Any = None
        try:
            here = asyncio.get_running_loop()
        except RuntimeError:
            if not self._is_shared and self._owner in (0, threading.get_ident()):
                if self._runner is None:
                    self._runner, self._owner = asyncio.Runner(), threading.get_ident()
                return _run_here(self._runner, coroutine)
        if self._around is not None:
            coroutine = self._around(coroutine)
        if here is not None and here is self._loop:
            return _run_beside(coroutine)
        return _run_in(self.loop(), coroutine)

    def settled(self, value: Any) -> Any:
        """The value; of a coroutine its result, of an async generator the list of what it yields."""
        if type(value) is CoroutineType:
            return self.run(cast("Coroutine[Any, Any, Any]", value))
        if type(value) is AsyncGeneratorType:
            return self.run(_listed(cast("AsyncGenerator[Any, Any]", value)))
        return value

    def close(self) -> None:
        """Close the loops. Safe to call any number of times. Code that hangs in the thread of a loop is left to it."""
        if self._runner is not None and self._owner == threading.get_ident():
            self._runner.close()
        if self._thread is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(_CLOSE_SECONDS)
        self._runner = self._thread = self._loop = None
        self._owner = 0


def _serve(loop: Any) -> None:
    """Run an event loop in this thread until somebody stops it, then leave nothing of it behind."""
    import asyncio

    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        if loop.run_until_complete(_end_tasks()):
            loop.run_until_complete(loop.shutdown_asyncgens())
        else:
            # Who has given that code up has told so: what the loop would say of it helps nobody.
            loop.set_exception_handler(_nothing)
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


def _nothing(_loop: Any, _context: dict[str, Any]) -> None:
    return None


async def _end_tasks() -> bool:
    """Cancel what still runs; once more, where that is swallowed. Returns whether all has ended."""
    import asyncio

    for _ in range(2):
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=_CLOSE_SECONDS / 4)
    return len(asyncio.all_tasks()) == 1


async def moved(apart: bool, function: Callable[..., Any], *args: Any) -> Any:
    """Call a function that may block: in a thread where `apart` says so, else here, in the event loop."""
    if not apart:
        return function(*args)
    import asyncio

    return await asyncio.to_thread(function, *args)


def settled(value: Any) -> Any:
    """As `Coroutines.settled`, for a single call."""
    if type(value) is not CoroutineType and type(value) is not AsyncGeneratorType:
        return value
    coroutines = Coroutines()
    try:
        return coroutines.settled(value)
    finally:
        coroutines.close()


def is_async(function: Any) -> bool:
    """Whether calling the function gives a coroutine."""
    code = getattr(function, "__code__", None)
    return code is not None and bool(code.co_flags & _COROUTINE)


def is_awaited(function: Any) -> bool:
    """Whether calling the function gives a coroutine or an async generator."""
    code = getattr(function, "__code__", None)
    return code is not None and bool(code.co_flags & (_COROUTINE | _ASYNC_GENERATOR))


def _run_here(runner: Any, coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run it in this thread; an interrupt cancels it, and comes when it has cleaned up."""
    import asyncio

    tasks: list[Any] = []

    async def run() -> Any:
        tasks.append(asyncio.current_task())
        return await coroutine

    try:
        return runner.run(run(), context=copy_context())
    except BaseException:
        until = time.monotonic() + _END_SECONDS
        while tasks and not tasks[0].done() and time.monotonic() < until:
            tasks[0].cancel()
            with contextlib.suppress(KeyboardInterrupt):  # once more: the task is cancelled once more
                runner.get_loop().run_until_complete(asyncio.wait(tasks, timeout=_END_SECONDS))
        raise


def _run_in(loop: Any, coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run it in a loop of another thread; an interrupt of this thread cancels it."""
    import concurrent.futures

    done: concurrent.futures.Future[Any] = concurrent.futures.Future()
    tasks: list[Any] = []

    def start() -> None:
        task = loop.create_task(_contained(coroutine))
        tasks.append(task)
        task.add_done_callback(finish)

    def finish(task: Any) -> None:
        if task.cancelled():
            done.cancel()
        elif task.exception() is not None:
            done.set_exception(task.exception())
        else:
            result, interrupt = task.result()
            done.set_exception(interrupt) if interrupt is not None else done.set_result(result)

    loop.call_soon_threadsafe(start, context=copy_context())
    try:
        _wait(done)
    except BaseException:
        # Interrupted: the coroutine is, too, and cleans up first.
        loop.call_soon_threadsafe(lambda: [task.cancel() for task in tasks])
        _wait(done)
        raise
    return done.result()


def _wait(done: Any) -> None:
    """Until it is done. An interrupt reaches a thread between two lines only: so there is one now and then."""
    import concurrent.futures

    while not done.done():
        concurrent.futures.wait((done,), timeout=_INTERRUPTIBLE_SECONDS)


def _run_beside(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run it while the loop of this thread waits: for sync code in an async step, which cannot await."""
    results: list[Any] = []
    raised: list[BaseException] = []

    def run(context: Any) -> None:
        import asyncio

        try:
            with asyncio.Runner() as runner:
                results.append(runner.run(coroutine, context=context))
        except BaseException as exception:  # noqa: BLE001 - raised again in the calling thread
            raised.append(exception)

    thread = threading.Thread(target=run, args=(copy_context(),), name="rostrum-coroutine")
    thread.start()
    thread.join()
    if raised:
        raise raised[0]
    return results[0]


async def _contained(coroutine: Coroutine[Any, Any, Any]) -> tuple[Any, BaseException | None]:
    """The result, or what would end the thread of the loop."""
    try:
        return await coroutine, None
    except (KeyboardInterrupt, SystemExit) as interrupt:
        return None, interrupt


async def _listed(source: AsyncGenerator[Any, Any]) -> list[Any]:
    return [each async for each in source]
