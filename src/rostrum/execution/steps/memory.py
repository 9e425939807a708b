"""Values that stay in the memory of a process that does several steps: what the default IO manager has stored is not
loaded again there. It is stored all the same, for other processes and for who does the rest of the run later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from rostrum.definitions.ops.ops import OpOutput
from rostrum.execution.steps.prepared import Upstream

MISSING = object()
"""There is no such value here."""


class Memory:
    """By step, then by output and key of the item. `is_default`: whether a key means the IO manager that is used where
    the user bound none; his own are always asked.
    """

    def __init__(self, is_default: Callable[[str], bool]) -> None:
        self._is_default = is_default
        self._values: dict[str, dict[tuple[str, str | None], Any]] = {}

    def keep(self, step_key: str, output: OpOutput, mapping_key: str | None, value: Any) -> None:
        """Keep what has been stored of an output."""
        if output.partitions is None and self._is_default(output.io_manager_key):
            self._values.setdefault(step_key, {})[output.name, mapping_key] = value

    def find(self, upstream: Upstream, manager_key: str) -> Any:
        """The value that this IO manager would load, or `MISSING`."""
        values = self._values.get(upstream.step_key)
        if values is None or upstream.partitions is not None or not self._is_default(manager_key):
            return MISSING
        return values.get((upstream.output, upstream.mapping_key), MISSING)

    def forget(self, step_keys: Iterable[str]) -> None:
        """Nobody here wants these steps' values any more."""
        for key in step_keys:
            self._values.pop(key, None)

    def keep_only(self, step_key: str) -> None:
        """Forget the values of all other steps."""
        self._values = {key: values for key, values in self._values.items() if key == step_key}
