# What editors and type checkers see of `dagster_pipes`. Written by `./task generate`; do not edit.
from typing import Any

from rostrum.compat.dagster_pipes import DAGSTER_PIPES_CONTEXT_CLI_ARGUMENT as DAGSTER_PIPES_CONTEXT_CLI_ARGUMENT
from rostrum.compat.dagster_pipes import DAGSTER_PIPES_CONTEXT_ENV_VAR as DAGSTER_PIPES_CONTEXT_ENV_VAR
from rostrum.compat.dagster_pipes import DAGSTER_PIPES_CONTEXT_WIDGET_KEY as DAGSTER_PIPES_CONTEXT_WIDGET_KEY
from rostrum.compat.dagster_pipes import DAGSTER_PIPES_MESSAGES_CLI_ARGUMENT as DAGSTER_PIPES_MESSAGES_CLI_ARGUMENT
from rostrum.compat.dagster_pipes import DAGSTER_PIPES_MESSAGES_ENV_VAR as DAGSTER_PIPES_MESSAGES_ENV_VAR
from rostrum.compat.dagster_pipes import DAGSTER_PIPES_MESSAGES_WIDGET_KEY as DAGSTER_PIPES_MESSAGES_WIDGET_KEY
from rostrum.compat.dagster_pipes import DagsterPipesError as DagsterPipesError
from rostrum.compat.dagster_pipes import DagsterPipesWarning as DagsterPipesWarning
from rostrum.compat.dagster_pipes import ESCAPE_CHARACTER as ESCAPE_CHARACTER
from rostrum.compat.dagster_pipes import ExcThread as ExcThread
from rostrum.compat.dagster_pipes import PIPES_METADATA_TYPE_INFER as PIPES_METADATA_TYPE_INFER
from rostrum.compat.dagster_pipes import PIPES_PROTOCOL_VERSION as PIPES_PROTOCOL_VERSION
from rostrum.compat.dagster_pipes import PIPES_PROTOCOL_VERSION_FIELD as PIPES_PROTOCOL_VERSION_FIELD
from rostrum.compat.dagster_pipes import PipesAzureBlobStorageContextLoader as PipesAzureBlobStorageContextLoader
from rostrum.compat.dagster_pipes import PipesAzureBlobStorageMessageWriter as PipesAzureBlobStorageMessageWriter
from rostrum.compat.dagster_pipes import PipesAzureBlobStorageMessageWriterChannel as PipesAzureBlobStorageMessageWriterChannel
from rostrum.compat.dagster_pipes import PipesBlobStoreMessageWriter as PipesBlobStoreMessageWriter
from rostrum.compat.dagster_pipes import PipesBlobStoreMessageWriterChannel as PipesBlobStoreMessageWriterChannel
from rostrum.compat.dagster_pipes import PipesBufferedFilesystemMessageWriterChannel as PipesBufferedFilesystemMessageWriterChannel
from rostrum.compat.dagster_pipes import PipesBufferedStreamMessageWriterChannel as PipesBufferedStreamMessageWriterChannel
from rostrum.compat.dagster_pipes import PipesCliArgsParamsLoader as PipesCliArgsParamsLoader
from rostrum.compat.dagster_pipes import PipesContext as PipesContext
from rostrum.compat.dagster_pipes import PipesContextData as PipesContextData
from rostrum.compat.dagster_pipes import PipesContextLoader as PipesContextLoader
from rostrum.compat.dagster_pipes import PipesDataProvenance as PipesDataProvenance
from rostrum.compat.dagster_pipes import PipesDatabricksNotebookWidgetsParamsLoader as PipesDatabricksNotebookWidgetsParamsLoader
from rostrum.compat.dagster_pipes import PipesDbfsContextLoader as PipesDbfsContextLoader
from rostrum.compat.dagster_pipes import PipesDbfsMessageWriter as PipesDbfsMessageWriter
from rostrum.compat.dagster_pipes import PipesDefaultContextLoader as PipesDefaultContextLoader
from rostrum.compat.dagster_pipes import PipesDefaultLogWriter as PipesDefaultLogWriter
from rostrum.compat.dagster_pipes import PipesDefaultLogWriterChannel as PipesDefaultLogWriterChannel
from rostrum.compat.dagster_pipes import PipesDefaultMessageWriter as PipesDefaultMessageWriter
from rostrum.compat.dagster_pipes import PipesEnvVarParamsLoader as PipesEnvVarParamsLoader
from rostrum.compat.dagster_pipes import PipesException as PipesException
from rostrum.compat.dagster_pipes import PipesFileMessageWriterChannel as PipesFileMessageWriterChannel
from rostrum.compat.dagster_pipes import PipesGCSContextLoader as PipesGCSContextLoader
from rostrum.compat.dagster_pipes import PipesGCSMessageWriter as PipesGCSMessageWriter
from rostrum.compat.dagster_pipes import PipesGCSMessageWriterChannel as PipesGCSMessageWriterChannel
from rostrum.compat.dagster_pipes import PipesLogWriter as PipesLogWriter
from rostrum.compat.dagster_pipes import PipesLogWriterChannel as PipesLogWriterChannel
from rostrum.compat.dagster_pipes import PipesLogWriterOpenedData as PipesLogWriterOpenedData
from rostrum.compat.dagster_pipes import PipesMappingParamsLoader as PipesMappingParamsLoader
from rostrum.compat.dagster_pipes import PipesMessage as PipesMessage
from rostrum.compat.dagster_pipes import PipesMessageWriter as PipesMessageWriter
from rostrum.compat.dagster_pipes import PipesMessageWriterChannel as PipesMessageWriterChannel
from rostrum.compat.dagster_pipes import PipesMetadataValue as PipesMetadataValue
from rostrum.compat.dagster_pipes import PipesOpenedData as PipesOpenedData
from rostrum.compat.dagster_pipes import PipesParamsLoader as PipesParamsLoader
from rostrum.compat.dagster_pipes import PipesPartitionKeyRange as PipesPartitionKeyRange
from rostrum.compat.dagster_pipes import PipesPrefectLogsMessageWriter as PipesPrefectLogsMessageWriter
from rostrum.compat.dagster_pipes import PipesPrefectLogsMessageWriterChannel as PipesPrefectLogsMessageWriterChannel
from rostrum.compat.dagster_pipes import PipesS3ContextLoader as PipesS3ContextLoader
from rostrum.compat.dagster_pipes import PipesS3MessageWriter as PipesS3MessageWriter
from rostrum.compat.dagster_pipes import PipesS3MessageWriterChannel as PipesS3MessageWriterChannel
from rostrum.compat.dagster_pipes import PipesStdioFileLogWriter as PipesStdioFileLogWriter
from rostrum.compat.dagster_pipes import PipesStdioFileLogWriterChannel as PipesStdioFileLogWriterChannel
from rostrum.compat.dagster_pipes import PipesStdioLogWriter as PipesStdioLogWriter
from rostrum.compat.dagster_pipes import PipesStdioLogWriterChannel as PipesStdioLogWriterChannel
from rostrum.compat.dagster_pipes import PipesStreamMessageWriterChannel as PipesStreamMessageWriterChannel
from rostrum.compat.dagster_pipes import PipesTimeWindow as PipesTimeWindow
from rostrum.compat.dagster_pipes import PipesUnityCatalogVolumesContextLoader as PipesUnityCatalogVolumesContextLoader
from rostrum.compat.dagster_pipes import PipesUnityCatalogVolumesMessageWriter as PipesUnityCatalogVolumesMessageWriter
from rostrum.compat.dagster_pipes import decode_env_var as decode_env_var
from rostrum.compat.dagster_pipes import decode_param as decode_param
from rostrum.compat.dagster_pipes import encode_env_var as encode_env_var
from rostrum.compat.dagster_pipes import encode_param as encode_param
from rostrum.compat.dagster_pipes import open_dagster_pipes as open_dagster_pipes
from rostrum.compat.dagster_pipes import to_asset_key_path as to_asset_key_path

__all__ = [
    "DAGSTER_PIPES_CONTEXT_CLI_ARGUMENT",
    "DAGSTER_PIPES_CONTEXT_ENV_VAR",
    "DAGSTER_PIPES_CONTEXT_WIDGET_KEY",
    "DAGSTER_PIPES_MESSAGES_CLI_ARGUMENT",
    "DAGSTER_PIPES_MESSAGES_ENV_VAR",
    "DAGSTER_PIPES_MESSAGES_WIDGET_KEY",
    "DagsterPipesError",
    "DagsterPipesWarning",
    "ESCAPE_CHARACTER",
    "ExcThread",
    "PIPES_METADATA_TYPE_INFER",
    "PIPES_PROTOCOL_VERSION",
    "PIPES_PROTOCOL_VERSION_FIELD",
    "PipesAzureBlobStorageContextLoader",
    "PipesAzureBlobStorageMessageWriter",
    "PipesAzureBlobStorageMessageWriterChannel",
    "PipesBlobStoreMessageWriter",
    "PipesBlobStoreMessageWriterChannel",
    "PipesBufferedFilesystemMessageWriterChannel",
    "PipesBufferedStreamMessageWriterChannel",
    "PipesCliArgsParamsLoader",
    "PipesContext",
    "PipesContextData",
    "PipesContextLoader",
    "PipesDataProvenance",
    "PipesDatabricksNotebookWidgetsParamsLoader",
    "PipesDbfsContextLoader",
    "PipesDbfsMessageWriter",
    "PipesDefaultContextLoader",
    "PipesDefaultLogWriter",
    "PipesDefaultLogWriterChannel",
    "PipesDefaultMessageWriter",
    "PipesEnvVarParamsLoader",
    "PipesException",
    "PipesFileMessageWriterChannel",
    "PipesGCSContextLoader",
    "PipesGCSMessageWriter",
    "PipesGCSMessageWriterChannel",
    "PipesLogWriter",
    "PipesLogWriterChannel",
    "PipesLogWriterOpenedData",
    "PipesMappingParamsLoader",
    "PipesMessage",
    "PipesMessageWriter",
    "PipesMessageWriterChannel",
    "PipesMetadataValue",
    "PipesOpenedData",
    "PipesParamsLoader",
    "PipesPartitionKeyRange",
    "PipesPrefectLogsMessageWriter",
    "PipesPrefectLogsMessageWriterChannel",
    "PipesS3ContextLoader",
    "PipesS3MessageWriter",
    "PipesS3MessageWriterChannel",
    "PipesStdioFileLogWriter",
    "PipesStdioFileLogWriterChannel",
    "PipesStdioLogWriter",
    "PipesStdioLogWriterChannel",
    "PipesStreamMessageWriterChannel",
    "PipesTimeWindow",
    "PipesUnityCatalogVolumesContextLoader",
    "PipesUnityCatalogVolumesMessageWriter",
    "decode_env_var",
    "decode_param",
    "encode_env_var",
    "encode_param",
    "open_dagster_pipes",
    "to_asset_key_path",
]
