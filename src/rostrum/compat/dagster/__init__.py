"""Dagster's public names, as Rostrum's own. Not affiliated with Dagster Labs.

A name is looked up in this order: what a module of this package defines (`_TABLE`), what Rostrum calls otherwise
(`_RENAMED`), what Rostrum calls the same.
"""

from __future__ import annotations

import importlib
from typing import Any

import rostrum

__version__ = "1.13.27"
"""Version of the interface that is followed."""

_TABLE: dict[str, tuple[str, ...]] = {}
"""Module of this package -> names that it defines."""

_RENAMED: dict[str, str] = {
    "AssetCheckKey": "rostrum.model.assets:CheckKey",
    "DagsterConfigMappingFunctionError": "rostrum.model.errors:ConfigMappingError",
    "DagsterError": "rostrum.model.errors:RostrumError",
    "DagsterExecutionInterruptedError": "rostrum.model.errors:ExecutionInterrupted",
    "DagsterExecutionStepExecutionError": "rostrum.model.errors:StepError",
    "DagsterExecutionStepNotFoundError": "rostrum.model.errors:StepNotFound",
    "DagsterInvalidConfigDefinitionError": "rostrum.model.errors:ConfigSchemaError",
    "DagsterInvalidConfigError": "rostrum.model.errors:ConfigError",
    "DagsterInvalidDefinitionError": "rostrum.model.errors:DefinitionError",
    "DagsterInvalidInvocationError": "rostrum.model.errors:InvocationError",
    "DagsterInvalidSubsetError": "rostrum.model.errors:SubsetError",
    "DagsterInvariantViolationError": "rostrum.model.errors:InvariantError",
    "DagsterResourceFunctionError": "rostrum.model.errors:ResourceError",
    "DagsterRunNotFoundError": "rostrum.model.errors:RunNotFound",
    "DagsterStepOutputNotFoundError": "rostrum.model.errors:OutputNotFound",
    "DagsterSubprocessError": "rostrum.model.errors:SubprocessError",
    "DagsterTypeCheckDidNotPass": "rostrum.model.errors:TypeCheckFailed",
    "DagsterTypeCheckError": "rostrum.model.errors:TypeCheckError",
    "DagsterUnknownPartitionError": "rostrum.model.errors:UnknownPartition",
    "DagsterUnknownResourceError": "rostrum.model.errors:UnknownResource",
    "DagsterUnmetExecutorRequirementsError": "rostrum.model.errors:ExecutorRequirementsError",
    "DagsterUserCodeExecutionError": "rostrum.model.errors:UserCodeError",
    "get_dagster_logger": "rostrum.definitions.logs:get_logger",
}
"""Name here -> `module:name` in Rostrum."""

_MODULE_OF = {name: f"{__name__}.{module}" for module, names in _TABLE.items() for name in names}


def __getattr__(name: str) -> Any:
    if name in _MODULE_OF:
        value = getattr(importlib.import_module(_MODULE_OF[name]), name)
    elif name in _RENAMED:
        module, _, attribute = _RENAMED[name].partition(":")
        value = getattr(importlib.import_module(module), attribute)
    elif not name.startswith("_") and name in rostrum.__all__:
        value = getattr(rostrum, name)
    else:
        raise AttributeError(f"module 'dagster' (Rostrum's) has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULE_OF, *_RENAMED, *(name for name in rostrum.__all__ if name != "__version__")})
