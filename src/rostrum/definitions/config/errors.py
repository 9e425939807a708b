"""What is wrong with config, as values: one `EvaluationError` a mistake, with its reason, its place and its text.

Paths are written from the root (`root:ops:my_op:config:a`), positions in lists as `config[1]`, values of maps as
`:'a':value`. Values of fields that look like secrets are never repeated.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any

from rostrum.model.errors import ConfigError
from rostrum.model.secrets import MASK, looks_secret, masked_field


class EvaluationErrorReason(Enum):
    """Why config does not fit."""

    RUNTIME_TYPE_MISMATCH = "RUNTIME_TYPE_MISMATCH"
    MISSING_REQUIRED_FIELD = "MISSING_REQUIRED_FIELD"
    MISSING_REQUIRED_FIELDS = "MISSING_REQUIRED_FIELDS"
    FIELD_NOT_DEFINED = "FIELD_NOT_DEFINED"
    FIELDS_NOT_DEFINED = "FIELDS_NOT_DEFINED"
    FIELD_ALIAS_COLLISION = "FIELD_ALIAS_COLLISION"
    SELECTOR_FIELD_ERROR = "SELECTOR_FIELD_ERROR"
    FAILED_POST_PROCESSING = "FAILED_POST_PROCESSING"


class EvaluationStack:
    """A place in config. Made longer by `field`, `item`, `key` and `value`, which give a new one."""

    __slots__ = ("_parts", "levels")

    def __init__(self, levels: Sequence[str] = (), parts: Sequence[str] = ()) -> None:
        self.levels: list[str] = list(levels)
        """Names of the fields on the way, positions as text."""
        self._parts = tuple(parts)

    @staticmethod
    def at(*names: str) -> EvaluationStack:
        """The place below these fields."""
        return EvaluationStack(names, [f":{name}" for name in names])

    def field(self, name: str) -> EvaluationStack:
        """A field below."""
        return EvaluationStack([*self.levels, name], [*self._parts, f":{name}"])

    def item(self, position: int) -> EvaluationStack:
        """An item of the list here."""
        return EvaluationStack([*self.levels, str(position)], [*self._parts, f"[{position}]"])

    def key(self, key: Any) -> EvaluationStack:
        """A key of the map here."""
        return EvaluationStack([*self.levels, str(key)], [*self._parts, f":{key!r}:key"])

    def value(self, key: Any) -> EvaluationStack:
        """The value of a key of the map here."""
        return EvaluationStack([*self.levels, str(key)], [*self._parts, f":{key!r}:value"])

    @property
    def path(self) -> str:
        """`root:ops:my_op:config`."""
        return "root" + "".join(self._parts)

    @property
    def told(self) -> str:
        """`at path root:...`, or `at the root`."""
        return f"at path {self.path}" if self._parts else "at the root"

    def shown(self, value: Any) -> str:
        """The value here, as a message may repeat it."""
        if any(looks_secret(name) for name in self.levels[-2:]) and not isinstance(value, dict):
            return MASK
        return f"{masked_field('', value)!r:.200}"


class EvaluationError:
    """One mistake."""

    __slots__ = ("error_data", "message", "reason", "stack")

    def __init__(
        self, stack: EvaluationStack, reason: EvaluationErrorReason, message: str, error_data: Any = None
    ) -> None:
        self.stack, self.reason, self.message = stack, reason, message
        self.error_data: Any = error_data
        """Names of the fields that are missing or unknown, or the value."""

    def __repr__(self) -> str:
        return f"<{self.reason.value} {self.stack.told}>"


def raise_errors(what: str, errors: Sequence[EvaluationError], value: Any) -> None:
    """Raise ConfigError that tells all of them; nothing when there are none."""
    if errors:
        told = "\n".join(f"    Error {number}: {error.message}" for number, error in enumerate(errors, 1))
        raise ConfigError(f"Error in config for {what}\n{told}", errors, value)
