"""Checks of values against the types of inputs and outputs, and what is said of a value that does not fit.

Rules: `int` takes bool, `float` does not take int, bare containers check the container, `list[T]` and the like look
inside, any other class means isinstance; what cannot be checked (`Any`, `Sequence[T]`, type variables) is not; a
`DataType` says so itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

from rostrum.definitions.config.types import Check, DataType, TypeCheck, TypeCheckContext, value_check
from rostrum.definitions.contexts.step_scope import StepScope
from rostrum.definitions.events.outputs import inner_type
from rostrum.definitions.ops.signatures import MISSING
from rostrum.definitions.resources.scoped import ScopedResources
from rostrum.model.errors import TypeCheckFailed, kind_of

type_check = value_check
"""The check that an annotation asks for, None when it asks for nothing that can be checked."""

__all__ = ["Check", "checked", "type_check", "type_name"]


def type_name(annotation: Any) -> str:
    """How an annotation is shown."""
    annotation = inner_type(annotation, MISSING)
    if annotation is MISSING:
        return "Any"
    own = getattr(annotation, "__rostrum_type__", annotation)
    if hasattr(own, "display_name"):
        return own.display_name
    return (
        annotation.__name__
        if isinstance(annotation, type) and not get_args(annotation)
        else str(annotation).replace("typing.", "")
    )


def checked(check: Check, what: Callable[[], str], annotation: Any, value: Any, scope: StepScope) -> TypeCheck | None:
    """The verdict, where the type tells more than yes. Raises TypeCheckFailed when the value does not fit.

    `what` names the input or output, e.g. `output 'result' of step a`; it is asked only where there is more to tell.
    """
    if isinstance(annotation, DataType):
        context = TypeCheckContext(scope.run.run_id, scope.log, ScopedResources(scope.resources))
        verdict: Any = annotation.type_check(context, value)
    else:
        verdict = check(value)
        if verdict is True:
            return None
    told = verdict if isinstance(verdict, TypeCheck) else None
    if verdict:
        return told
    description = told.description if told is not None else None
    reason = f" {description}" if description else ""
    message = f"Type check failed for {what()}: expected type {type_name(annotation)!r}, got {value!r:.200}, "
    raise TypeCheckFailed(
        f"{message}{kind_of(value)}.{reason}",
        description=description or f"{value!r:.200} is {kind_of(value)}",
        metadata=dict(told.metadata) if told is not None else None,
        type=annotation,
    )
