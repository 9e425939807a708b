"""Calling the function of an asset, op or check directly, in tests and scripts: no run, no IO managers, no checks of
types.

A context may come first; config and inputs by position or by name; resources by name, by position after the others,
or through the context.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

from rostrum.definitions.ops.signatures import MISSING, is_config
from rostrum.model.errors import InvocationError

_PLAIN = (bool, int, float, str, bytes, list, tuple, dict, set)
"""What is no context, and no stand-in for one either."""


def call_directly(what: str, op: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """Bind arguments as users mean them and call. `what` names the definition in errors.

    Raises InvocationError for a missing context, input, config or resource, and for what is too much.
    """
    signature = op.signature
    bound = dict(kwargs)
    rest = list(args)
    context: Any = None
    name = signature.context
    if name is not None and name in bound:
        context = bound[name]
    elif rest and (
        is_context(rest[0]) or (name is not None and not isinstance(rest[0], _PLAIN) and _fills(signature, rest, bound))
    ):
        context = rest.pop(0)
    elif name is None and "context" in bound and "context" not in signature.names:
        context = bound.pop("context")
    if name is not None:
        if context is None:
            raise InvocationError(
                f"{what} has context argument, but no context was provided. Give one first, e.g. "
                "build_asset_context() or build_op_context()."
            )
        bound[name] = context
    bind: Any = getattr(context, "bind", None)
    if bind is not None:
        bind(op)
        _fill_config(what, op, context)
    _place(what, signature, rest, bound)
    for resource in signature.resources:
        if resource not in bound:
            bound[resource] = _resource(what, resource, context, signature.defaults)
    if signature.config is not None and signature.config not in bound:
        bound[signature.config] = _config(what, signature, context)
    for each in signature.inputs:
        if each not in bound and each not in signature.defaults:
            raise InvocationError(
                f"No value provided for required input {each!r} of {what}: pass it by position or as {each}=..."
            )
    return op.function(**bound)


def _fill_config(what: str, op: Any, context: Any) -> None:
    """Let the context's config be judged by the op's schema, and get its defaults. Raises ConfigError."""
    if getattr(op, "config_schema", None) is None or not hasattr(context, "use_op_config"):
        return
    given = context.op_config
    module = importlib.import_module("rostrum.definitions.ops.op_config")  # loads schemas
    context.use_op_config(module.judged(op.config_schema, MISSING if given is None else given, what, ("config",)))


def is_context(value: Any) -> bool:
    """True for contexts of ops, assets and checks: told by name, so that their module need not be loaded."""
    return any(kind.__name__ == "OpExecutionContext" for kind in type(value).__mro__)


def _fills(signature: Any, args: Sequence[Any], given: dict[str, Any]) -> bool:
    """Whether so many arguments can only mean that the first is the context (a mock, for instance)."""
    needed = [name for name in signature.inputs if name not in given and name not in signature.defaults]
    if signature.config is not None and signature.config not in given:
        needed.append(signature.config)
    return len(args) > len(needed)


def _place(what: str, signature: Any, args: Sequence[Any], bound: dict[str, Any]) -> None:
    """Arguments by position: in the function's order where there is one for each, else resources come last."""
    free = [name for name in signature.names if name != signature.context and name not in bound]
    if len(args) > len(free) or unknown(signature, bound):
        wrong = unknown(signature, bound)
        told = f"has no argument {wrong!r}" if wrong else f"takes {len(free)} more arguments, {len(args)} were given"
        listed = ", ".join(name for name in signature.names if name != signature.context) or "none"
        raise InvocationError(f"{what} {told}; its arguments are: {listed}.")
    if len(args) < len(free):
        free.sort(key=lambda name: name in signature.resources)
    bound.update(zip(free, args, strict=False))


def unknown(signature: Any, bound: dict[str, Any]) -> str | None:
    """The first name that is no parameter."""
    if signature.has_kwargs:
        return None
    return next((name for name in bound if name not in signature.names), None)


def _resource(what: str, name: str, context: Any, defaults: dict[str, Any]) -> Any:
    if context is not None:
        value = getattr(context.resources, name, MISSING)
        if value is not MISSING:
            return value
    if name in defaults:
        return defaults[name]
    raise InvocationError(
        f"{what} needs the resource {name!r}: give it by name ({name}=...) or in the context's resources."
    )


def _config(what: str, signature: Any, context: Any) -> Any:
    name = signature.config
    annotation = signature.annotation(name)
    given = getattr(context, "op_config", None) if context is not None else None
    if given is None or given == {}:
        if name in signature.defaults:
            return signature.defaults[name]
        if not is_config(annotation):
            raise InvocationError(f"No value provided for the config of {what}: give {name}=....")
        return annotation()
    if is_config(annotation) and isinstance(given, dict):
        return annotation(**given)
    return given
