"""Running coroutines of user code from code that is not async itself.

Where no event loop runs, one loop serves all calls of a `Coroutines`. Where one runs already in this thread (a
notebook, a test of pytest-asyncio, a web server), it cannot be entered again: there a thread with a loop of its own
runs them, with the context variables of the caller.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Coroutine
from contextvars import copy_context
from types import AsyncGeneratorType, CoroutineType
from typing import Any, cast

_COROUTINE = 0x80
"""The flag of code objects that are of `async def`."""


class Coroutines:
    """Runs coroutines to their end, one after another. To be closed."""

    __slots__ = ("_runner", "_thread", "_thread_runner")

    def __init__(self) -> None:
        self._runner: Any = None
        self._thread: Any = None
        self._thread_runner: Any = None

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """The result; what the coroutine raises is raised."""
        import asyncio  # tens of milliseconds, which most runs need not pay

        context = copy_context()  # what `Context.get()` finds is of the caller
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            if self._runner is None:
                self._runner = asyncio.Runner()
            return self._runner.run(coroutine, context=context)
        if self._thread is None:
            from concurrent.futures import ThreadPoolExecutor

            self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="coroutines")
            self._thread_runner = asyncio.Runner()
        return self._thread.submit(self._thread_runner.run, coroutine, context=context).result()

    def settled(self, value: Any) -> Any:
        """The value; of a coroutine its result, of an async generator the list of what it yields."""
        if type(value) is CoroutineType:
            return self.run(cast("Coroutine[Any, Any, Any]", value))
        if type(value) is AsyncGeneratorType:
            return self.run(_listed(cast("AsyncGenerator[Any, Any]", value)))
        return value

    def close(self) -> None:
        """Close the loops. Safe to call any number of times."""
        if self._runner is not None:
            self._runner.close()
        if self._thread is not None:
            self._thread.submit(self._thread_runner.close).result()
            self._thread.shutdown()
        self._runner = self._thread = self._thread_runner = None


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


async def _listed(source: AsyncGenerator[Any, Any]) -> list[Any]:
    return [each async for each in source]
