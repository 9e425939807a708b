"""Values that stay in the memory of a process that does several steps: what the default IO manager has stored is not
loaded again there. It is stored all the same, for other processes and for who does the rest of the run later.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

MISSING = object()
"""There is no such value here."""


class Memory:
    """By step, then by output and key of the item."""

    def __init__(self) -> None:
        self._values: dict[str, dict[tuple[str, str | None], Any]] = {}

    def keep(self, step_key: str, output: str, mapping_key: str | None, value: Any) -> None:
        """Keep the value of an output."""
        self._values.setdefault(step_key, {})[output, mapping_key] = value

    def find(self, step_key: str, output: str, mapping_key: str | None) -> Any:
        """The value, or `MISSING`."""
        values = self._values.get(step_key)
        return values.get((output, mapping_key), MISSING) if values is not None else MISSING

    def forget(self, step_keys: Iterable[str]) -> None:
        """Nobody here wants these steps' values any more."""
        for key in step_keys:
            self._values.pop(key, None)

    def keep_only(self, step_key: str) -> None:
        """Forget the values of all other steps."""
        self._values = {key: values for key, values in self._values.items() if key == step_key}
