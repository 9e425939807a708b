"""External side: how the process learns where its context is and where its messages go."""

from __future__ import annotations

import json
import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from rostrum.pipes.protocol import (
    CONTEXT_CLI_ARGUMENT,
    CONTEXT_ENV_VAR,
    CONTEXT_WIDGET_KEY,
    MESSAGES_CLI_ARGUMENT,
    MESSAGES_ENV_VAR,
    MESSAGES_WIDGET_KEY,
    PipesContextData,
    PipesError,
    decode_param,
)


class PipesParamsLoader(ABC):
    """Finds the two values that the orchestrator has told."""

    @abstractmethod
    def load_context_params(self) -> Mapping[str, Any]:
        """How to get the context."""

    @abstractmethod
    def load_messages_params(self) -> Mapping[str, Any]:
        """Where to write messages."""

    @abstractmethod
    def is_dagster_pipes_process(self) -> bool:
        """Say whether an orchestrator has started this process."""


class PipesMappingParamsLoader(PipesParamsLoader):
    """Finds them in a mapping, under the names of the environment's variables."""

    def __init__(self, mapping: Mapping[str, str]) -> None:
        self._mapping = mapping

    def is_dagster_pipes_process(self) -> bool:
        """True where the context's variable is there."""
        return CONTEXT_ENV_VAR in self._mapping

    def load_context_params(self) -> Mapping[str, Any]:
        """How to get the context."""
        return decode_param(self._mapping[CONTEXT_ENV_VAR])

    def load_messages_params(self) -> Mapping[str, Any]:
        """Where to write messages."""
        return decode_param(self._mapping[MESSAGES_ENV_VAR])


class PipesEnvVarParamsLoader(PipesMappingParamsLoader):
    """Finds them in the environment."""

    def __init__(self) -> None:
        super().__init__(os.environ)


class PipesCliArgsParamsLoader(PipesParamsLoader):
    """Finds them in the arguments of the process: `--dagster-pipes-context X --dagster-pipes-messages Y`."""

    def is_dagster_pipes_process(self) -> bool:
        """True where the context's argument is there."""
        return self._find(CONTEXT_CLI_ARGUMENT) is not None

    def load_context_params(self) -> Mapping[str, Any]:
        """How to get the context."""
        return self._load(CONTEXT_CLI_ARGUMENT)

    def load_messages_params(self) -> Mapping[str, Any]:
        """Where to write messages."""
        return self._load(MESSAGES_CLI_ARGUMENT)

    def _load(self, name: str) -> Mapping[str, Any]:
        value = self._find(name)
        if value is None:
            raise PipesError(f"the argument {name} is missing.")
        return decode_param(value)

    @staticmethod
    def _find(name: str) -> str | None:
        arguments = sys.argv[1:]
        for position, argument in enumerate(arguments):
            if argument.startswith(f"{name}="):
                return argument[len(name) + 1 :]
            if argument == name and position + 1 < len(arguments):
                return arguments[position + 1]
        return None


class PipesDatabricksNotebookWidgetsParamsLoader(PipesParamsLoader):
    """Finds them in the widgets of a Databricks notebook: pass `dbutils.widgets`."""

    def __init__(self, widgets: Any) -> None:
        self._widgets = widgets

    def is_dagster_pipes_process(self) -> bool:
        """True where the context's widget is there."""
        return self._get(CONTEXT_WIDGET_KEY) is not None

    def load_context_params(self) -> Mapping[str, Any]:
        """How to get the context."""
        return decode_param(self._widgets.get(CONTEXT_WIDGET_KEY))

    def load_messages_params(self) -> Mapping[str, Any]:
        """Where to write messages."""
        return decode_param(self._widgets.get(MESSAGES_WIDGET_KEY))

    def _get(self, key: str) -> Any:
        try:
            return self._widgets.get(key)
        except Exception as error:
            # A widget that is not there is told by an exception of another language, by its text alone.
            if "InputWidgetNotDefined" in str(error) or "No input widget" in str(error):
                return None
            raise


class PipesContextLoader(ABC):
    """Gets the context."""

    DIRECT_KEY = "data"
    FILE_PATH_KEY = "path"

    @abstractmethod
    def load_context(self, params: Mapping[str, Any]) -> AbstractContextManager[PipesContextData]:
        """A context manager that gives the context."""


class PipesDefaultContextLoader(PipesContextLoader):
    """The context is in the value itself (`data`) or in a file (`path`)."""

    @contextmanager
    def load_context(self, params: Mapping[str, Any]) -> Generator[PipesContextData, None, None]:
        """A context manager that gives the context."""
        if self.DIRECT_KEY in params:
            yield params[self.DIRECT_KEY]
        elif self.FILE_PATH_KEY in params:
            yield read_json(params[self.FILE_PATH_KEY])
        else:
            raise PipesError(
                f"the context's params have neither {self.FILE_PATH_KEY!r} nor {self.DIRECT_KEY!r}: {sorted(params)}. "
                "The orchestrator injects the context in another way: give the context_loader that belongs to it."
            )


def read_json(path: str) -> Any:
    """Content of a JSON file."""
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - pathlib is slow to load, and paths are texts here
        return json.load(file)


def text_param(params: Mapping[str, Any], key: str, of: object) -> str:
    """A text that must be there."""
    value = params.get(key)
    if not isinstance(value, str):
        raise PipesError(f"{type(of).__name__} needs the text {key!r} in its params, which are {sorted(params)}.")
    return value


def optional_text_param(params: Mapping[str, Any], key: str, of: object) -> str | None:
    """A text that may be there."""
    return text_param(params, key, of) if params.get(key) is not None else None
