"""`configured`: a definition like another one, with its config fixed or made by a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rostrum.model.errors import ArgumentError


def configured(configurable: Any, config_schema: Any = None, **kwargs: Any) -> Callable[[Any], Any]:
    """Make a definition of another one: `configured(definition)(config)`, or as a decorator of the function that turns
    config of `config_schema` into that of the definition; the function's name is the new name, unless `name` is given.
    """
    make = getattr(configurable, "configured", None)
    if not callable(make) or isinstance(configurable, type):
        raise ArgumentError(f"configured: {configurable!r} has no config that could be fixed.")

    def decorate(config_or_config_fn: Any) -> Any:
        options = dict(kwargs)
        if "name" not in options and callable(config_or_config_fn) and hasattr(configurable, "name"):
            options["name"] = config_or_config_fn.__name__
        if "description" not in options and callable(config_or_config_fn) and config_or_config_fn.__doc__:
            options["description"] = config_or_config_fn.__doc__
        return make(config_or_config_fn, config_schema=config_schema, **options)

    return decorate
