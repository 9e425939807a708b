"""`IOManager`: what users subclass to store and load values."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from rostrum.definitions.contexts.storage import InputContext, OutputContext


class InputManager(ABC):
    """Loads the values of inputs."""

    @abstractmethod
    def load_input(self, context: InputContext) -> Any:
        """Load the value of an input."""


class IOManager(InputManager):
    """Stores outputs and loads them as inputs."""

    @abstractmethod
    def handle_output(self, context: OutputContext, obj: Any) -> None:
        """Store a value. May be called again for the same output (a retried step): the last one counts."""

    @abstractmethod
    def load_input(self, context: InputContext) -> Any:
        """Load what was stored for the upstream output."""
