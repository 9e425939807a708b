"""Jobs that other processes make again: found by a name in a module, made there by a function where that is one."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any

from rostrum.definitions.location.definitions import Definitions
from rostrum.definitions.ops.graphs import GraphSpec
from rostrum.definitions.ops.job_specs import JobSpec
from rostrum.model.errors import InvariantError, kind_of


def made_job(found: Any, name: str, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None) -> JobSpec:
    """The job that `found` is, or makes of these arguments, or that a graph becomes; `name` is for the message. Raises
    InvariantError where it is none.
    """
    made: Any = found
    if callable(found) and not isinstance(found, (JobSpec, GraphSpec)):
        made = found(*args, **(kwargs or {}))
    if isinstance(made, GraphSpec):
        made = getattr(made, "to_job")()  # noqa: B009 - of the public class, which is not known here
    if not isinstance(made, JobSpec):
        raise InvariantError(f"{name} gives {kind_of(made)}, which is no job.")
    return made


def definitions_of_job(job: JobSpec) -> Definitions:
    """The definitions that the job was taken from, with it; else it alone."""
    return job.definitions.including(job) if job.definitions is not None else Definitions(jobs=[job])


def written(args: Sequence[Any], kwargs: Mapping[str, Any]) -> str | None:
    """Arguments as a text that `read` makes the same ones of; None where they are not plain values."""
    text = repr((tuple(args), dict(kwargs)))
    try:
        is_same = ast.literal_eval(text) == (tuple(args), dict(kwargs))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    return text if is_same else None


def read(arguments: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Arguments that `written` has written."""
    args, kwargs = ast.literal_eval(arguments)
    return args, kwargs
