"""Where the definitions are that an error of the engine is about: asked only when one is raised."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import contextmanager

from rostrum.definitions.ops.ops import OpDefinition
from rostrum.definitions.sources import shown
from rostrum.model.errors import NotPartitioned, RostrumError, UnknownPartition

_JUDGES = frozenset(f"rostrum.execution.steps.{name}" for name in ("results", "type_checks", "values"))
"""Modules that judge what a function has returned and what it is given."""
_MOST = 3
"""Definitions that are named."""


def tell_place(exception: BaseException, op: OpDefinition) -> None:
    """Have the message of an error that the engine itself has raised about a function name the place of the function.
    What user code raises stays as it is.
    """
    if not isinstance(exception, RostrumError) or op.source is None:
        return
    traceback = exception.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    if traceback is not None and traceback.tb_frame.f_globals.get("__name__") in _JUDGES:
        exception.args = (f"{exception} See {op.kind} {op.name} at {shown(op.source)}.",)


@contextmanager
def about(ops: Iterable[OpDefinition]) -> Generator[None]:
    """Have errors of partitions that are raised inside name what the run is of, and where that is defined."""
    try:
        yield
    except (UnknownPartition, NotPartitioned) as error:
        told = [f"{op.kind} {op.name} ({shown(op.source)})" for op in ops if op.source is not None]
        more = f" and {len(told) - _MOST} more" if len(told) > _MOST else ""
        if told:
            error.args = (f"{error} The run is of {', '.join(told[:_MOST])}{more}.",)
        raise
