"""Mistakes that come up while definitions are being made, kept until the whole file has been read.

While code is being loaded (`collecting`), a decorator or constructor that finds a mistake notes it and leaves a broken
definition in its place, so that one load tells all mistakes. Whoever uses a broken definition gets `Broken`, which is
no mistake of its own. Elsewhere, in scripts and tests, mistakes are raised where they are made.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

from rostrum.definitions.problems import Broken, located
from rostrum.definitions.sources import caller_source, function_source
from rostrum.model.errors import ArgumentError, DefinitionError
from rostrum.model.manifest import Source

T = TypeVar("T")
P = ParamSpec("P")
_noted: ContextVar[list[DefinitionError] | None] = ContextVar("noted", default=None)


@contextmanager
def collecting() -> Generator[list[DefinitionError], None, None]:
    """Note mistakes instead of raising them; yields the list of those noted so far."""
    noted: list[DefinitionError] = []
    token = _noted.set(noted)
    try:
        yield noted
    finally:
        _noted.reset(token)


def noting(kind: type[T]) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """For functions that make a definition of this kind, with the user's function as first argument or called by the
    user: mistakes are told with their place, and noted while they are collected.
    """

    def decorate(make: Callable[P, T]) -> Callable[P, T]:
        @wraps(make)
        def noted(*args: P.args, **kwargs: P.kwargs) -> T:
            try:
                return make(*args, **kwargs)
            except (DefinitionError, ArgumentError) as error:
                source = (function_source(args[0]) if args and callable(args[0]) else None) or caller_source()
                mistake = _placed(error, source)
                _note(mistake)
                return object.__new__(_broken(kind, mistake))

        return noted

    return decorate


def noting_init(init: Callable[P, None]) -> Callable[P, None]:
    """As `noting`, for constructors."""

    @wraps(init)
    def noted(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            init(*args, **kwargs)
        except (DefinitionError, ArgumentError) as error:
            mistake = _placed(error, caller_source())
            _note(mistake)
            made: Any = args[0]
            made.__class__ = _broken(cast("type[Any]", type(made)), mistake)

    return noted


def _placed(error: Exception, source: Source | None) -> DefinitionError:
    """The mistake with its place, which is looked for only now. Raises it where it is no DefinitionError."""
    try:
        with located(source):
            raise error
    except DefinitionError as mistake:
        return mistake


def _note(error: DefinitionError) -> None:
    """Note a mistake, or raise it where nobody collects."""
    noted = _noted.get()
    if noted is None:
        raise error
    if not isinstance(error, Broken):
        noted.append(error)


def _broken(kind: type[T], error: DefinitionError) -> type[T]:
    """A class of the same kind whose instances can only be passed on."""

    def refuse(self: Any, name: str) -> Any:
        if name.startswith("__"):
            return object.__getattribute__(self, name)
        raise Broken(str(error))

    def shown(_self: Any) -> str:
        return f"<broken {kind.__name__}: {error}>"

    members = {
        "__slots__": (),
        "__rostrum_broken__": True,
        "__getattribute__": refuse,
        "__repr__": shown,
        "__hash__": object.__hash__,
    }
    return cast("type[T]", type(kind.__name__, (kind,), members))


def is_broken(value: object) -> bool:
    """True for what stands where a definition could not be made."""
    return getattr(type(value), "__rostrum_broken__", False)


def all_in_one(errors: list[DefinitionError]) -> DefinitionError:
    """One error that tells all of them."""
    if len(errors) == 1:
        return errors[0]
    lines: list[str] = []
    for error in errors:
        # What follows an empty line explains, such as the picture of a tree.
        told = str(error).partition("\n\n")[0].splitlines()
        lines += [line.strip() for line in (told[1:] if told[0].startswith("there are ") else told)]
    listed = "\n".join(f"  {line}" for line in dict.fromkeys(lines))
    return DefinitionError(f"there are {len(dict.fromkeys(lines))} mistakes in the definitions:\n{listed}")
