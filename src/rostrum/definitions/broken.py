"""Mistakes that come up while definitions are being made, kept until the whole file has been read.

While code is being loaded (`collecting`), a decorator or constructor that finds a mistake notes it and leaves a broken
definition in its place, so that one load tells all mistakes. Whoever uses a broken definition gets `Broken`, which is
no mistake of its own. Elsewhere, in scripts and tests, mistakes are raised where they are made.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from types import CodeType, TracebackType
from typing import Any, ParamSpec, TypeVar, cast

from rostrum.definitions.arguments import Rule, is_harmless, misfits, told_raw, told_unexpected, unexpected
from rostrum.definitions.problems import Broken, located
from rostrum.definitions.sources import caller_source, function_source, is_own_file
from rostrum.model.errors import ArgumentError, ArgumentsError, DefinitionError, RostrumError, SelectionError
from rostrum.model.manifest import Source

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])
P = ParamSpec("P")
R = TypeVar("R", bound=RostrumError)
Mistake = DefinitionError | ArgumentError | SelectionError
_noted: ContextVar[list[Mistake] | None] = ContextVar("noted", default=None)
_CAUGHT = (DefinitionError, ArgumentError, SelectionError, TypeError, AttributeError)


@contextmanager
def collecting() -> Generator[list[Mistake], None, None]:
    """Note mistakes instead of raising them; yields the list of those noted so far."""
    noted: list[Mistake] = []
    token = _noted.set(noted)
    try:
        yield noted
    finally:
        _noted.reset(token)


def is_collecting() -> bool:
    """Mistakes are being noted: code is being loaded."""
    return _noted.get() is not None


def noting(
    kind: type[T], name: str | None = None, *, named: Callable[..., Any] | None = None, brings: Sequence[Any] = ()
) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """For functions that make a definition of this kind, with the user's function as first argument or called by the
    user: mistakes are told with their place, and noted while they are collected.

    The name of what could not be made is `name`, or what `named` says of the arguments, or that of the function;
    `brings` are definitions that come with it.
    """

    def decorate(make: Callable[P, T]) -> Callable[P, T]:
        @wraps(make)
        def noted(*args: P.args, **kwargs: P.kwargs) -> T:
            try:
                return make(*args, **kwargs)
            except _CAUGHT as error:
                function = args[0] if args and callable(args[0]) else None
                source = (function_source(function) if function is not None else None) or caller_source()
                label = getattr(function, "__name__", None) or make.__name__
                mistake = _placed(_own(error, label, cast("Any", make).__code__, kwargs), source)
                if not _is_noted(mistake):
                    __tracebackhide__ = True
                    raise _in_user_frames(mistake) from mistake.__cause__
                return object.__new__(_broken(kind, mistake, _name_of(name, named, args, kwargs), brings))

        return noted

    return decorate


def noting_init(init: Callable[P, None]) -> Callable[P, None]:
    """As `noting`, for constructors. Their arguments are compared with the kinds that they take."""
    label = init.__qualname__.partition(".")[0]
    code = init.__code__

    @wraps(init)
    def noted(*args: P.args, **kwargs: P.kwargs) -> None:
        given: dict[str, Any] = kwargs
        try:
            if given and (wrong := misfits(given, {})):
                given = _without(label, given, wrong, {})
            init(*args, **given)  # pyright: ignore[reportCallIssue]
        except _CAUGHT as error:
            repaired = _repaired(error, label, code, given)
            if repaired is not None:
                noted(*args, **repaired)  # pyright: ignore[reportCallIssue]
                return
            mistake = _placed(_own(error, label, code, given), caller_source())
            if not _is_noted(mistake):
                __tracebackhide__ = True
                raise _in_user_frames(mistake) from mistake.__cause__
            made: Any = args[0]
            kind = cast("type[Any]", type(made))
            name = given.get("key") or given.get("name") or (args[1:2] or (None,))[0]
            made.__class__ = _broken(kind, mistake, name, [*args[1:], *given.values()])

    return noted


def noting_call(kind: type[Any], *, decorates: bool = True, many: bool = False, **own: Rule) -> Callable[[F], F]:
    """For decorators that take arguments (`@asset(...)`) and, with `decorates=False`, for functions that return a
    definition: unknown keywords and arguments of a wrong kind are told with their place and the nearest name. With
    `many` the definition has a name that tells nothing of its parts.
    """

    def decorate(make: F) -> F:
        label, code = make.__name__, make.__code__

        @wraps(make)
        def noted(*args: Any, **kwargs: Any) -> Any:
            given = kwargs
            try:
                if given and (wrong := misfits(given, own)):
                    given = _without(label, given, wrong, own)
                return make(*args, **given)
            except _CAUGHT as error:
                repaired = _repaired(error, label, code, given)
                if repaired is not None:
                    return noted(*args, **repaired)
                mistake = _placed(_own(error, label, code, given), caller_source())
                if not _is_noted(mistake):
                    __tracebackhide__ = True
                    raise _in_user_frames(mistake) from mistake.__cause__
                return _instead(kind, mistake, decorates, args, {"key_prefix": ""} if many else given)

        return cast("F", noted)

    return decorate


def note(error: Mistake) -> None:
    """Note a mistake that leaves something usable behind, or raise it where nobody collects."""
    _note(error)


def _instead(kind: type[Any], mistake: Mistake, decorates: bool, args: Any, given: Mapping[str, Any]) -> Any:
    """A broken definition, or a decorator that gives one."""
    name = given.get("key") or given.get("name")

    def broken(function: Any = None) -> Any:
        called = None if "key_prefix" in given else name or getattr(function, "__name__", None)
        return object.__new__(_broken(kind, mistake, called, [*args, *given.values()]))

    if not decorates:
        name = name or (args[0] if args and isinstance(args[0], str) else None)
        return broken()
    return broken(args[0]) if args and callable(args[0]) else broken


def _without(label: str, given: dict[str, Any], wrong: dict[str, str], own: Mapping[str, Rule]) -> dict[str, Any]:
    """The arguments without those of a wrong kind, which are noted. Raises ArgumentsError where nobody collects, and
    where the definition would not be the one that was meant.
    """
    told = [f"{label}: {words}" for words in wrong.values()]
    serious = [name for name in wrong if not is_harmless(name, own)]
    if not is_collecting():
        raise ArgumentsError(" ".join(told))
    source = caller_source()
    last = told.pop() if serious else None
    for each in told:
        _note(_placed(ArgumentsError(each), source))
    if last is not None:
        raise ArgumentsError(last)
    return {name: value for name, value in given.items() if name not in wrong}


def _repaired(error: Exception, label: str, code: CodeType, given: Mapping[str, Any]) -> dict[str, Any] | None:
    """While mistakes are collected: the arguments by the names that were meant, once the wrong names are noted."""
    if not is_collecting() or isinstance(error, ArgumentsError):
        return None
    names = unexpected(error, code, given)
    if not names:
        return None
    _note(_placed(ArgumentsError(told_unexpected(label, names, code)), caller_source()))
    kept = {name: value for name, value in given.items() if name not in names}
    # What was given under the right name as well counts.
    return {**{meant: given[name] for name, meant in names.items() if meant is not None}, **kept}


def _own(error: Exception, label: str, code: CodeType, given: Mapping[str, Any]) -> Mistake:
    """The error as a mistake of the user's. What code of others raised goes on as it is."""
    if isinstance(error, (DefinitionError, ArgumentError, SelectionError)):
        return error
    entry = error.__traceback__
    while entry is not None:
        if not is_own_file(entry.tb_frame.f_code.co_filename):
            raise error
        entry = entry.tb_next
    names = unexpected(error, code, given)
    made = ArgumentsError(told_unexpected(label, names, code) if names else told_raw(label, error))
    made.__cause__ = None if names else error
    return made


def _placed(error: Mistake, source: Source | None) -> Mistake:
    """The mistake with its place, which is looked for only now."""
    try:
        with located(source):
            raise error
    except (DefinitionError, ArgumentError, SelectionError) as mistake:
        return mistake


def _note(error: Mistake) -> None:
    """Note a mistake, or raise it where nobody collects."""
    if not _is_noted(error):
        raise error


def _is_noted(error: Mistake) -> bool:
    """Note a mistake, where they are collected."""
    noted = _noted.get()
    if noted is not None and not isinstance(error, Broken):
        noted.append(error)
    return noted is not None


def folding(function: Callable[P, T]) -> Callable[P, T]:
    """For what users call: errors of ours come out with the user's frames and one of ours. What user code raises is
    left as it is.
    """

    @wraps(function)
    def folded(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except RostrumError as error:
            __tracebackhide__ = True
            _in_user_frames(error)
            raise

    return folded


def _in_user_frames(error: R) -> R:
    """The error with a traceback of the user's own lines: ours say nothing that it does not say itself. (What raises
    it adds one frame of ours, which pytest hides.)
    """
    entries: list[TracebackType] = []
    entry = error.__traceback__
    while entry is not None:
        file = entry.tb_frame.f_code.co_filename
        if not is_own_file(file) and file != contextlib.__file__:
            entries.append(entry)
        entry = entry.tb_next
    kept: TracebackType | None = None
    for each in reversed(entries):
        kept = TracebackType(kept, each.tb_frame, each.tb_lasti, each.tb_lineno)
    return error.with_traceback(kept)


def unnamed(*_args: Any) -> None:
    """For definitions of several things: what they are called is not known before they are made."""


def _name_of(name: str | None, named: Callable[..., Any] | None, args: Any, kwargs: Any) -> Any:
    if name is not None:
        return name
    if named is not None:
        try:
            return named(*args, **kwargs)
        except _CAUGHT:
            return None
    first = args[0] if args else kwargs.get("name")
    return getattr(first, "__name__", None) if callable(first) else first


def _broken(kind: type[T], error: Mistake, name: Any = None, brings: Sequence[Any] = ()) -> type[T]:
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
        "__rostrum_name__": name,
        "__rostrum_brings__": brings,
        "__getattribute__": refuse,
        "__repr__": shown,
        "__hash__": object.__hash__,
    }
    return cast("type[T]", type(kind.__name__, (kind,), members))


def is_broken(value: object) -> bool:
    """True for what stands where a definition could not be made."""
    return getattr(type(value), "__rostrum_broken__", False)


def broken_name(value: object) -> Any:
    """What a broken definition would have been called (of an asset: its key), None where that is not known."""
    return getattr(type(value), "__rostrum_name__", None)


def brought_by(value: object) -> Sequence[Any]:
    """What a broken definition was to be made of: among it may be definitions that are nowhere else."""
    return getattr(type(value), "__rostrum_brings__", ())


def without_name(value: T) -> T:
    """The same broken definition, called nobody knows what."""
    kind = type(value)
    return object.__new__(cast("type[T]", type(kind.__name__, (kind,), {"__slots__": (), "__rostrum_name__": None})))
