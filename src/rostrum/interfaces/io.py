"""Where values of outputs go and come from."""

from __future__ import annotations

from typing import Any, Protocol


class IOManager(Protocol):
    """Stores and loads the values that steps exchange. Contexts are `definitions.contexts.OutputContext` and
    `InputContext`.
    """

    def handle_output(self, context: Any, value: Any) -> None:
        """Store a value. May be called again for the same output (a retried step): the last one counts."""
        ...

    def load_input(self, context: Any) -> Any:
        """Load what was stored for the upstream output."""
        ...
