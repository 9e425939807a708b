"""What goes wrong between Rostrum and dbt."""

from __future__ import annotations

from rostrum.definitions.events.outputs import Failure
from rostrum.model.errors import DefinitionError


class DbtError(Failure):
    """A dbt command, or what is expected of it, failed."""


class DbtCliRuntimeError(DbtError):
    """A dbt command ended with an error; told with what dbt said."""


class DbtCliTaskOptionsError(DbtError):
    """A dbt command was given options that exclude each other."""


class DbtManifestError(DefinitionError):
    """A manifest that is not there, cannot be read, or does not describe what is asked of it."""


class DbtSelectionError(DefinitionError):
    """A selection that cannot be read, or that needs more than a manifest."""
