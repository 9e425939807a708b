"""The two tables behind `import dagster`: what modules of this package define, and what Rostrum calls otherwise.

Names that are in neither are looked up in `rostrum` under the same name (`rostrum.__all__`); what is nowhere is a
placeholder that tells so when it is used (`placeholders`).
"""

from __future__ import annotations

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
