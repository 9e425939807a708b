"""Names for expressions in YAML, made by functions of the user: `@template_var`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import getattr_static, signature
from typing import Any, TypeVar, cast

from rostrum.components.templates import Lazily

F = TypeVar("F", bound=Callable[..., Any])
_MARK = "__rostrum_template_var__"


def template_var(fn: Callable[..., Any] | None = None) -> Any:
    """Marks a function whose result expressions in YAML may name: at the top of the file that `template_vars_module`
    names, or a static method of a component class. It takes nothing or a ComponentLoadContext.
    """

    def mark(function: F) -> F:
        setattr(function, _MARK, True)
        return function

    return mark if fn is None else mark(fn)


def is_template_var(value: Any) -> bool:
    """Made by `@template_var`."""
    return getattr(value, _MARK, False) is True


def template_vars(values: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Names for expressions among the contents of a module."""
    return {name: Lazily(_calling(value, context)) for name, value in values.items() if is_template_var(value)}


def scope_of_class(cls: Any, context: Any) -> dict[str, Any]:
    """Names for expressions that a component class gives."""
    found: dict[str, Any] = dict(cls.get_additional_scope())
    for each in reversed(cast("tuple[type, ...]", cls.__mro__)):
        for name in vars(each):
            value = getattr_static(each, name)
            if isinstance(value, staticmethod):
                function = cast("staticmethod[..., Any]", value).__func__
                if is_template_var(function) or is_template_var(value):
                    found[name] = Lazily(_calling(function, context))
    return found


def _calling(function: Callable[..., Any], context: Any) -> Callable[[], Any]:
    return lambda: function(context) if signature(function).parameters else function()
