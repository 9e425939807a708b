"""Errors, grouped by who must act. The docstring of a class is its default message; `retryable` is data.

`ErrorInfo` is an exception as a value: it crosses processes, is stored with events and shown on screens.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from types import TracebackType
from typing import Any

import msgspec

_CHANCE_NUMBERS = re.compile(r"(?<!code )\b\d+(?:\.\d+)?\b")
"""Numbers in a message that differ each time: all but exit codes."""


def kind_of(value: object) -> str:
    """The type of a value in a sentence: `an int`, `a str`, `None`."""
    return "None" if value is None else one_of(type(value))


def one_of(kind: type) -> str:
    """A type in a sentence: `an int`, `a str`."""
    return f"{'an' if kind.__name__[:1] in 'aeioAEIO' else 'a'} {kind.__name__}"


class RostrumError(Exception):
    """Something went wrong in Rostrum."""

    code: str = "error"
    retryable: bool = False

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (self.__doc__ or "").strip())


class DefinitionError(RostrumError):
    """The definitions cannot be used as they are written. (Acts: the user, at load.)

    `mistakes` has one text for each, where several are told at once.
    """

    code = "definition"
    mistakes: Sequence[str] = ()


class ConfigSchemaError(DefinitionError):
    """A config schema cannot be used as written: an unsupported field type, a missing annotation, a bad default."""

    code = "config_schema"


class DateTextError(DefinitionError, ValueError):
    """A date is not written in the format of the partition keys."""

    code = "date_text"


class ConfigError(DefinitionError):
    """The configuration does not fit its schema. (Acts: whoever wrote the config.)

    `errors` has one object for each mistake (`reason`, `stack.levels`, `message`, `error_data`), where mistakes were
    found by comparing with a schema; `config_value` is what was given.
    """

    code = "config"

    def __init__(self, message: str | None = None, errors: Sequence[Any] = (), config_value: object = None) -> None:
        super().__init__(message)
        self.errors, self.config_value = list(errors), config_value


class ResolutionError(DefinitionError):
    """An expression or attribute in a component's YAML cannot be resolved."""

    code = "resolution"


class ComponentTreeError(DefinitionError):
    """Components of a project cannot be loaded. The message lists all mistakes and draws the tree."""

    code = "component_tree"


class UnresolvableSymbol(ComponentTreeError):
    """There is no Python object of this name."""

    code = "unresolvable_symbol"


class CodeImportError(DefinitionError):
    """The package of a project cannot be imported."""

    code = "code_import"


class UnresolvedVariable(ConfigError, RuntimeError):
    """A reference to an environment variable was used as if it were the value."""

    code = "unresolved_variable"


class InvocationError(RostrumError):
    """A definition or context was used in a way that it does not allow. (Acts: the user.)"""

    code = "invocation"


class DimensionsError(DefinitionError, InvocationError):
    """These dimensions cannot be those of one partitions definition."""

    code = "dimensions"


class ArgumentError(InvocationError):
    """An argument has a type or value that the function does not take."""

    code = "argument"


class ArgumentsError(ArgumentError, TypeError):
    """A function was called with a keyword that it does not take, or with an argument of another kind than its own."""

    code = "arguments"


class InvariantError(InvocationError):
    """User code broke a rule while it ran, or asked for something that does not apply here."""

    code = "invariant"


class PropertyError(InvariantError):
    """This property is not available on this context."""

    code = "property"


class OutputNotFound(InvariantError):
    """A required output was not produced."""

    code = "output_not_found"


class TypeCheckFailed(InvocationError):
    """A value is not of the type that its input or output declares.

    `description`, `metadata` and `type` tell what the check said of it.
    """

    code = "type_check"

    def __init__(
        self,
        message: str | None = None,
        *,
        description: str | None = None,
        metadata: dict[str, object] | None = None,
        type: object = None,
    ) -> None:
        super().__init__(message)
        self.description, self.metadata, self.type = description, metadata or {}, type


class MetadataError(InvocationError):
    """A value cannot be metadata."""

    code = "metadata"


class UnknownResource(InvocationError, AttributeError):
    """There is no such resource here. (An AttributeError, too, so that `hasattr` works.)"""

    code = "unknown_resource"


class SubprocessError(RostrumError):
    """A child process did not end as it should."""

    code = "subprocess"


class PipesExecutionError(RostrumError):
    """An external process that was started through Pipes has failed."""

    code = "pipes_execution"


class ExecutorRequirementsError(DefinitionError):
    """The executor needs something that this instance or this job does not give."""

    code = "executor_requirements"


class UserCodeError(RostrumError):
    """User code raised. (Acts: the user.) `info` tells what, with the user's frames first."""

    code = "user_code"

    def __init__(self, message: str | None = None, info: ErrorInfo | None = None) -> None:
        super().__init__(message)
        self.info = info

    @property
    def user_exception(self) -> BaseException | None:
        """What user code raised, where this error was raised in its process."""
        return self.__cause__

    @property
    def original_exc_info(self) -> tuple[type[BaseException] | None, BaseException | None, TracebackType | None]:
        """Class, exception and traceback of what user code raised, as `sys.exc_info()` tells them."""
        cause = self.__cause__
        return (type(cause), cause, cause.__traceback__) if cause is not None else (None, None, None)


class StepError(UserCodeError):
    """The body of a step raised."""

    code = "step"


class LoadInputError(UserCodeError):
    """An IO manager could not load an input."""

    code = "load_input"


class HandleOutputError(UserCodeError):
    """An IO manager could not store an output."""

    code = "handle_output"


class ResourceError(UserCodeError):
    """A resource could not be set up or torn down."""

    code = "resource"


class TypeCheckError(UserCodeError):
    """The function that checks a type raised."""

    code = "type_check_function"


class TypeLoadingError(UserCodeError):
    """The function that loads a type from config raised."""

    code = "type_loading"


class ConfigMappingError(UserCodeError):
    """The function of a config mapping raised."""

    code = "config_mapping"


class HookError(UserCodeError):
    """A hook raised."""

    code = "hook"


class ScheduleError(UserCodeError):
    """The function of a schedule raised."""

    code = "schedule"


class SensorError(UserCodeError):
    """The function of a sensor raised."""

    code = "sensor"


class CheckFailed(RostrumError):
    """A blocking check has failed."""

    code = "check_failed"


class MaxRetriesExceeded(RostrumError):
    """The step failed and has been tried as often as allowed."""

    code = "max_retries"


class ExecutionInterrupted(BaseException):
    """The run was asked to end while user code ran. Not an `Exception`, so that user code does not swallow it."""


class StepTimeout(KeyboardInterrupt):
    """An attempt of a step takes longer than it may: raised in its code like an interrupt. Clean up and let it pass."""

    @classmethod
    def of(cls, seconds: float) -> StepTimeout:
        """What is raised where the limit is so many seconds."""
        return cls(f"The attempt took longer than its time limit of {seconds:g} s.")


class StateError(RostrumError):
    """The request does not fit the present state. (Acts: the caller.)"""

    code = "state"


class NotFound(StateError):
    """There is no such thing."""

    code = "not_found"


class UnknownPartition(InvocationError, NotFound):
    """There is no such partition."""

    code = "unknown_partition"


class RunNotFound(NotFound):
    """There is no such run."""

    code = "run_not_found"


class StepNotFound(NotFound):
    """There is no such step in the run."""

    code = "step_not_found"


class SelectionError(StateError):
    """The selection cannot be read."""

    code = "selection"


class SubsetError(StateError):
    """The selection names something that does not exist, or a part of what is made only together."""

    code = "subset"


class IndivisibleError(DefinitionError, SubsetError):
    """A part was selected of what is made only together."""

    code = "indivisible"


class NotPartitioned(ArgumentError, StateError):
    """A partition was named, and nothing in the run is partitioned."""

    code = "not_partitioned"


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
    group: tuple[ErrorInfo, ...] = ()
    """The exceptions of an exception group; the message names them as well."""

    @property
    def first_line(self) -> str:
        """`ClassName: first line of the message`, at most 300 characters: what a list shows. Where the first line only
        says that there are mistakes, the first of them comes with it.
        """
        lines = self.message.strip().splitlines()
        head = lines[0] if lines else ""
        if len(lines) > 1 and (head.endswith(":") or self.group or self.code == "config"):
            first = lines[1].strip().removeprefix("- ").removeprefix("Error 1: ")
            head = f"{head.removesuffix(':')}: {first}"
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
        """Text that is equal for errors of the same cause: class, file and function of the user's frame. Without
        one the beginning of the message, where only numbers that are exit codes tell anything of the cause.
        """
        frame = self.user_frame
        if frame:
            return f"{self.class_name}@{frame.file}:{frame.function}"
        return f"{self.class_name}:{_CHANCE_NUMBERS.sub('#', self.message)[:80]}"
