"""`with_resources`: assets that bring their resources along."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from rostrum.model.errors import DefinitionError, InvocationError

T = TypeVar("T")


def with_resources(
    definitions: Iterable[T],
    resource_defs: Mapping[str, Any],
    resource_config_by_key: Mapping[str, Any] | None = None,
) -> list[T]:
    """The definitions, each with those of the resources that it asks for. Specs come back as they are.

    `resource_config_by_key`: config, `{key: {"config": ...}}`, for resources that are configured with `configured`.
    Raises DefinitionError where a resource that is asked for is in neither place, InvocationError for unusable config.
    """
    bound = dict(resource_defs)
    for key, given in (resource_config_by_key or {}).items():
        configured: Any = getattr(bound.get(key), "configured", None)
        if not isinstance(given, Mapping) or "config" not in given or configured is None:
            raise InvocationError(
                f"with_resources: the config for {key!r} needs the form {{'config': ...}} and a resource to configure."
            )
        bound[key] = configured(given["config"])
    made: list[T] = []
    for each in definitions:
        bind: Any = getattr(each, "with_resources", None)
        made.append(bind(bound) if bind is not None else each)
        wanted: frozenset[str] = (
            getattr(each, "required_resource_keys", frozenset()) if bind is not None else frozenset()
        )
        held: Mapping[str, Any] = getattr(made[-1], "resource_defs", {})
        missing = sorted(wanted - held.keys() - {"io_manager"})
        if missing:
            known = ", ".join(sorted(bound)) or "none"
            raise DefinitionError(f"{each!r} needs the resource {missing[0]!r}, which is not given. Given: {known}.")
    return made
