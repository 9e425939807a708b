"""The config of a step out of the run config, as its function wants it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rostrum.definitions.ops import OpDefinition
from rostrum.definitions.signatures import MISSING, is_config
from rostrum.execution.type_checks import type_check, type_name
from rostrum.model.errors import ConfigError


class ConfigSlot:
    """What an op takes as config; looked up once a step."""

    __slots__ = ("_annotation", "_check", "_default", "_is_class", "_path", "_text", "is_wanted")

    def __init__(self, op: OpDefinition, path: Sequence[str]) -> None:
        self._path, self._text = path, ".".join(path)
        self._annotation = op.config_type
        self.is_wanted = op.signature.config is not None
        self._is_class = is_config(self._annotation)
        self._check = None if self._is_class else type_check(self._annotation)
        self._default = op.signature.defaults.get(op.signature.config or "", MISSING)

    def value(self, run_config: Mapping[str, Any]) -> Any:
        """Validated config; without a `config` parameter what the run config says, raw. Raises ConfigError naming the
        path.
        """
        if not run_config and not self.is_wanted:
            return None
        raw = config_at(run_config, self._path)
        if not self.is_wanted:
            return None if raw is MISSING else raw
        if raw is MISSING and self._default is not MISSING:
            return self._default.revealed() if self._is_class else self._default
        if self._is_class:
            return self._annotation.from_run_config(None if raw is MISSING else raw, self._text).revealed()
        if raw is MISSING:
            raise ConfigError(f"{self._text} is missing: it should be {type_name(self._annotation)}.")
        if self._check is not None and not self._check(raw):
            raise ConfigError(f"{self._text}: {raw!r} is not {type_name(self._annotation)}.")
        return raw


def config_at(config: Mapping[str, Any], path: Sequence[str]) -> Any:
    """What the run config has at a path, MISSING where it has nothing."""
    found: Any = config
    for part in path:
        if not isinstance(found, Mapping) or part not in found:
            return MISSING
        found = found[part]  # pyright: ignore[reportUnknownVariableType]
    return found  # pyright: ignore[reportUnknownVariableType]
