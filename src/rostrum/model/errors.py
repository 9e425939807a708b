"""Errors, grouped by who must act. The docstring of a class is its default message; `retryable` is data.

`ErrorInfo` is an exception as a value: it crosses processes, is stored with events and shown on screens.
"""

from __future__ import annotations

import msgspec


class RostrumError(Exception):
    """Something went wrong in Rostrum."""

    code: str = "error"
    retryable: bool = False

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (self.__doc__ or "").strip())


class DefinitionError(RostrumError):
    """The definitions cannot be used as they are written. (Acts: the user, at load.)"""

    code = "definition"


class ConfigError(DefinitionError):
    """The configuration does not fit its schema. (Acts: whoever wrote the config.)"""

    code = "config"


class InvocationError(RostrumError):
    """A definition or context was used in a way that it does not allow. (Acts: the user.)"""

    code = "invocation"


class UserCodeError(RostrumError):
    """User code raised. (Acts: the user.) `info` tells what, with the user's frames first."""

    code = "user_code"

    def __init__(self, message: str | None = None, info: ErrorInfo | None = None) -> None:
        super().__init__(message)
        self.info = info


class StateError(RostrumError):
    """The request does not fit the present state. (Acts: the caller.)"""

    code = "state"


class NotFound(StateError):
    """There is no such thing."""

    code = "not_found"


class Conflict(StateError):
    """Somebody else was first, or the thing exists already."""

    code = "conflict"


class InvalidTransition(StateError):
    """This event cannot follow in this state."""

    code = "invalid_transition"


class Fenced(StateError):
    """The caller's epoch is over: another owner has taken the claim."""

    code = "fenced"


class Denied(StateError):
    """The principal may not do this."""

    code = "denied"


class Unavailable(RostrumError):
    """A component does not answer. Trying again later is safe. (Acts: the operator.)"""

    code = "unavailable"
    retryable = True


class Frame(msgspec.Struct, frozen=True, omit_defaults=True):
    """One frame of a traceback."""

    file: str
    """Path as the interpreter knew it; relative to the project where possible."""
    line: int
    """Line number, from 1."""
    function: str
    source: tuple[str, ...] = ()
    """Lines of code around `line`, `first_source_line` being the number of the first."""
    first_source_line: int = 0
    user: bool = False
    """True for the user's own code; False for Rostrum and libraries."""


class ErrorInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    """An exception as a value."""

    class_name: str
    message: str
    frames: tuple[Frame, ...] = ()
    """Outermost call first, as Python prints them."""
    cause: ErrorInfo | None = None
    code: str = ""
    """`RostrumError.code` where the exception was one of ours."""

    @property
    def first_line(self) -> str:
        """`ClassName: first line of the message`, at most 300 characters: what a list shows."""
        lines = self.message.strip().splitlines()
        head = lines[0] if lines else ""
        return (f"{self.class_name}: {head}" if head else self.class_name)[:300]

    @property
    def user_frame(self) -> Frame | None:
        """The innermost frame of the user's code, looking into causes when this error has none."""
        for frame in reversed(self.frames):
            if frame.user:
                return frame
        return self.cause.user_frame if self.cause else None

    @property
    def fingerprint(self) -> str:
        """Text that is equal for errors of the same cause: class, file, function and line of the user's frame."""
        frame = self.user_frame
        return f"{self.class_name}@{frame.file}:{frame.function}" if frame else f"{self.class_name}:{self.message[:80]}"
