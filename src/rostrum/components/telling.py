"""How mistakes of components are told: with the place of what asked for them, all at once, with a picture."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from rostrum.components.nodes import Node
from rostrum.definitions.error_info import error_info
from rostrum.definitions.location.load_errors import explained
from rostrum.definitions.problems import is_located
from rostrum.definitions.sources import relative
from rostrum.model.errors import ComponentTreeError, DefinitionError

T = TypeVar("T")


@contextmanager
def telling(what: str, place: str | None) -> Generator[None, None, None]:
    """Errors of the user's code as ComponentTreeErrors, with the place of what ran it."""
    try:
        yield
    except ComponentTreeError:
        raise
    except DefinitionError as error:
        if is_located(error):
            raise
        raise ComponentTreeError(f"{place or user_place(error)}: {error}") from error
    except (Exception, SystemExit) as error:
        at, said = user_place(error), f"{what}: {explained(error)}"
        told = f"{place}: {said} ({at})" if place else f"{at}: {said}"
        raise ComponentTreeError(told) from error


def each_of(nodes: Sequence[Node], step: Callable[[Node], T]) -> list[T]:
    """Results for all nodes; the mistakes of all in one error."""
    made: list[T] = []
    errors: list[DefinitionError] = []
    for node in nodes:
        try:
            made.append(step(node))
        except DefinitionError as error:
            errors.append(error)
    if len(errors) == 1:
        raise errors[0]
    if errors:
        lines = dict.fromkeys(line for error in errors for line in mistake_lines(error))
        raise ComponentTreeError("\n".join(lines)) from (errors[0].__cause__ or errors[0])
    return made


def told_with(error: DefinitionError, drawn: str) -> ComponentTreeError:
    """The error that users see: all mistakes, and the tree."""
    lines = mistake_lines(error)
    if len(lines) == 1:
        kind = type(error) if isinstance(error, ComponentTreeError) else ComponentTreeError
        return kind(f"{lines[0]}\n\n{drawn}")
    listed = "\n".join(f"  {line}" for line in lines)
    return ComponentTreeError(f"there are {len(lines)} mistakes in the components:\n{listed}\n\n{drawn}")


def mistake_lines(error: DefinitionError) -> list[str]:
    """The mistakes that an error tells, one per line; without the picture."""
    text = str(error).partition("\n\n")[0]
    lines = text.splitlines()
    return [line.strip() for line in (lines[1:] if lines and lines[0].startswith("there are ") else lines)]


def node_place(node: Node) -> str:
    """File and line of a node."""
    if node.document is not None:
        return str(node.document.positions.at(()))
    return relative(str(node.path))


def user_place(error: BaseException) -> str:
    """File and line of the user's code that raised."""
    frame = error_info(error).user_frame
    return f"{frame.file}:{frame.line}" if frame is not None else "<unknown>"
