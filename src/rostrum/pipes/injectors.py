"""Orchestrating side: how the external process gets its context."""

from __future__ import annotations

import json
import os
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from rostrum.pipes.protocol import PipesContextData


class PipesContextInjector(ABC):
    """Puts the context where the external process finds it, and gives the params that tell where that is."""

    @abstractmethod
    def inject_context(self, context_data: PipesContextData) -> AbstractContextManager[Mapping[str, Any]]:
        """A context manager that gives the params; leaving it cleans up."""

    @abstractmethod
    def no_messages_debug_text(self) -> str:
        """Where a process that has said nothing should have found its context: a sentence for the user."""


class PipesEnvContextInjector(PipesContextInjector):
    """The context is in the params themselves. For contexts that fit into a variable of the environment."""

    @contextmanager
    def inject_context(self, context_data: PipesContextData) -> Generator[Mapping[str, Any], None, None]:
        """A context manager that gives the params."""
        yield {"data": context_data}

    def no_messages_debug_text(self) -> str:
        """A sentence for the user."""
        return "Attempted to inject context directly, typically as an environment variable."


class PipesFileContextInjector(PipesContextInjector):
    """The context is in a file at `path`, which is removed at the end."""

    def __init__(self, path: str) -> None:
        self._path = path

    @contextmanager
    def inject_context(self, context_data: PipesContextData) -> Generator[Mapping[str, Any], None, None]:
        """A context manager that gives the params."""
        Path(self._path).write_text(json.dumps(context_data), encoding="utf-8")
        try:
            yield {"path": self._path}
        finally:
            Path(self._path).unlink(missing_ok=True)

    def no_messages_debug_text(self) -> str:
        """A sentence for the user."""
        return f"Attempted to inject context via file {self._path}"


class PipesTempFileContextInjector(PipesContextInjector):
    """The context is in a temporary file."""

    @contextmanager
    def inject_context(self, context_data: PipesContextData) -> Generator[Mapping[str, Any], None, None]:
        """A context manager that gives the params."""
        with tempfile.TemporaryDirectory(prefix="rostrum-pipes-") as folder:
            path = os.path.join(folder, "context")  # noqa: PTH118 - a text for another process
            with PipesFileContextInjector(path).inject_context(context_data) as params:
                yield params

    def no_messages_debug_text(self) -> str:
        """A sentence for the user."""
        return "Attempted to inject context via a temporary file."
