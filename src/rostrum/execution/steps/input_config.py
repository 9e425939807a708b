"""Values of inputs that run config gives: raw, as `{value: v}`, from a file, or through the loader of their type."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from rostrum.definitions.config.types import loader_of
from rostrum.definitions.contexts.step_scope import StepScope
from rostrum.definitions.ops.op_config import judged
from rostrum.definitions.ops.signatures import MISSING
from rostrum.model.errors import ConfigError

LOADER_CONTEXT = "rostrum.definitions.contexts.step:OpExecutionContext"


def input_from_config(given: Any, annotation: Any, path: Sequence[str], scope: StepScope) -> Any:
    """The value of an input, MISSING when the config has none. Raises ConfigError for what cannot be read."""
    if given is MISSING:
        return given
    loader = loader_of(annotation)
    if loader is not None:
        config = judged(loader.schema_type, given, f"input {path[-1]!r}", path)
        module, _, name = LOADER_CONTEXT.partition(":")
        return loader.construct_from_config_value(getattr(importlib.import_module(module), name)(scope), config)
    entries = _mapping(given)
    if len(entries) != 1:
        return given
    kind, inner = next(iter(entries.items()))
    if kind == "value":
        return inner
    files = _mapping(inner)
    if kind in ("json", "pickle") and set(files) == {"path"}:
        return _read(kind, str(files["path"]), path)
    return given


def _mapping(value: Any) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def _read(kind: str, file: str, path: Sequence[str]) -> Any:
    try:
        content = Path(file).read_bytes()
    except OSError as error:
        raise ConfigError(f"{'.'.join(path)}: the file {file!r} cannot be read: {error.strerror}.") from error
    # Neither is loaded for the sake of runs that read no files.
    return importlib.import_module(kind).loads(content)
