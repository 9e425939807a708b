"""`@lazy_definitions`: a function that returns the `Definitions` of a file, called when the file's code is loaded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rostrum.definitions.location.definitions import Definitions
from rostrum.definitions.problems import located
from rostrum.definitions.sources import function_source
from rostrum.model.errors import DefinitionError, InvocationError, kind_of


class LazyDefinitions:
    """A function that returns Definitions. Each call runs it again. Made by `@lazy_definitions`."""

    __slots__ = ("__name__", "function", "source", "takes_context")

    def __init__(self, function: Callable[..., Definitions]) -> None:
        self.function, self.source = function, function_source(function)
        self.__name__ = getattr(function, "__name__", "definitions")
        code = getattr(function, "__code__", None)
        count = code.co_argcount + code.co_kwonlyargcount if code is not None else 0
        with located(self.source):
            if count > 1:
                raise DefinitionError(
                    f"@lazy_definitions: {self.__name__} takes {count} arguments; it may take one, a "
                    "ComponentLoadContext."
                )
        self.takes_context = count == 1

    def __call__(self, context: Any = None) -> Definitions:
        """The definitions. Raises DefinitionError when the function returns anything else."""
        if self.takes_context and context is None:
            raise InvocationError(
                f"{self.__name__} takes a ComponentLoadContext, which only files of a `defs` folder get: give one, or "
                "take no argument."
            )
        found: Any = self.function(context) if self.takes_context else self.function()
        if isinstance(found, Definitions):
            return found
        with located(self.source):
            raise DefinitionError(
                f"@lazy_definitions: {self.__name__} returned {kind_of(found)}; return Definitions(...)."
            )

    def __repr__(self) -> str:
        return f"<definitions {self.__name__}>"


def lazy_definitions(fn: Callable[..., Definitions]) -> LazyDefinitions:
    """Make a function's result the definitions of its file. The function takes nothing, or a ComponentLoadContext where
    the file lies in a `defs` folder. Other definitions at the top of the file do not count then.
    """
    if not callable(fn):
        raise DefinitionError(f"@lazy_definitions decorates a function; {fn!r} is {kind_of(fn)}.")
    return LazyDefinitions(fn)
