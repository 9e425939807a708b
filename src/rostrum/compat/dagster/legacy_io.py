"""IO managers written as functions, with typed fields around them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from rostrum.definitions.resources.lifecycle import InitResourceContext, IOManagerDefinition
from rostrum.definitions.resources.resources import ConfigurableIOManagerFactory


class ConfigurableLegacyIOManagerAdapter(ConfigurableIOManagerFactory[Any]):
    """Typed fields are the config of the IO manager definition that `wrapped_io_manager` gives."""

    @property
    @abstractmethod
    def wrapped_io_manager(self) -> IOManagerDefinition:
        """The definition."""
        raise NotImplementedError(f"{type(self).__name__}.wrapped_io_manager")

    @contextmanager
    def yield_for_execution(self, context: InitResourceContext) -> Generator[Any, None, None]:
        """Opens the wrapped definition."""
        with self.wrapped_io_manager.open_for_execution(context.replace_config(self.to_run_config())) as value:
            yield value

    def create_io_manager(self, context: InitResourceContext) -> Any:
        """The IO manager that the wrapped definition makes."""
        return self.wrapped_io_manager(context.replace_config(self.to_run_config()))

    def load_input(self, context: Any) -> Any:
        """Known as an IO manager by this: the opened one does it."""
        raise NotImplementedError

    def handle_output(self, context: Any, obj: Any) -> None:
        """Known as an IO manager by this: the opened one does it."""
        raise NotImplementedError
