"""Which secrets a run uses, as far as names tell: in its config and in the fields of its resources. They are covered in
all that leaves the worker (`interfaces.masks`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from rostrum.definitions.config.env import EnvVar, IntEnvVar
from rostrum.interfaces.masks import KNOWN
from rostrum.model.runs import Run
from rostrum.model.secrets import looks_secret

_DEEPEST = 8


def note_secrets(run: Run, resources: Mapping[str, Any]) -> None:
    """Have the secrets of a run's config, and of the resources that are bound for it, covered from now on."""
    if run.config:
        KNOWN.add_fields(run.config)
    for resource in resources.values():
        fields = _fields(resource)
        if fields:
            KNOWN.add_fields(dict(_revealed(fields, _DEEPEST)))


def _fields(value: Any) -> Mapping[str, Any]:
    """Fields of a resource or config that is made of declared ones."""
    declared: Any = getattr(cast("Any", type(value)), "model_fields", None)
    given = getattr(value, "__dict__", None)
    return {name: given[name] for name in declared if name in given} if declared and given else {}


def _revealed(fields: Mapping[str, Any], depth: int) -> Iterable[tuple[str, Any]]:
    for name, value in fields.items():
        if isinstance(value, (EnvVar, IntEnvVar)):
            variable = value.env_var_name
            named = name if looks_secret(name) or not looks_secret(variable) else variable
            yield named, str(value.get_value() or "")
        elif depth and (inner := _fields(value)):
            yield name, dict(_revealed(inner, depth - 1))
        else:
            yield name, value
