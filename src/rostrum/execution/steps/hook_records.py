"""What hooks are told of an attempt."""

from __future__ import annotations

from typing import Any

from rostrum.definitions.contexts.step_scope import StepScope
from rostrum.execution.steps.results import Made


class HookRecord:
    """What hooks are told of an attempt: filled while the step runs."""

    __slots__ = ("metadata", "scope", "values")

    def __init__(self) -> None:
        self.scope: StepScope | None = None
        self.values: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {}

    def note(self, made: Made) -> None:
        """Keep the value and metadata of an output."""
        name, key = made.output.name, made.mapping_key
        if key is None:
            self.values[name], self.metadata[name] = made.value, made.metadata or {}
        else:
            self.values.setdefault(name, {})[key] = made.value
            self.metadata.setdefault(name, {})[key] = made.metadata or {}
