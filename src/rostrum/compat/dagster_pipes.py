"""`dagster_pipes`: the external side of Pipes under the peer's names. Needs the standard library alone."""

from __future__ import annotations

from typing import TYPE_CHECKING as TYPE_CHECKING

from rostrum.pipes import external as _external
from rostrum.pipes import protocol as _protocol
from rostrum.pipes.external import PipesContext as PipesContext
from rostrum.pipes.params import PipesCliArgsParamsLoader as PipesCliArgsParamsLoader
from rostrum.pipes.params import PipesContextLoader as PipesContextLoader
from rostrum.pipes.params import (
    PipesDatabricksNotebookWidgetsParamsLoader as PipesDatabricksNotebookWidgetsParamsLoader,
)
from rostrum.pipes.params import PipesDefaultContextLoader as PipesDefaultContextLoader
from rostrum.pipes.params import PipesEnvVarParamsLoader as PipesEnvVarParamsLoader
from rostrum.pipes.params import PipesMappingParamsLoader as PipesMappingParamsLoader
from rostrum.pipes.params import PipesParamsLoader as PipesParamsLoader
from rostrum.pipes.protocol import ESCAPE_CHARACTER as ESCAPE_CHARACTER
from rostrum.pipes.protocol import PIPES_METADATA_TYPE_INFER as PIPES_METADATA_TYPE_INFER
from rostrum.pipes.protocol import PIPES_PROTOCOL_VERSION as PIPES_PROTOCOL_VERSION
from rostrum.pipes.protocol import PIPES_PROTOCOL_VERSION_FIELD as PIPES_PROTOCOL_VERSION_FIELD
from rostrum.pipes.protocol import PipesContextData as PipesContextData
from rostrum.pipes.protocol import PipesDataProvenance as PipesDataProvenance
from rostrum.pipes.protocol import PipesException as PipesException
from rostrum.pipes.protocol import PipesLogWriterOpenedData as PipesLogWriterOpenedData
from rostrum.pipes.protocol import PipesMessage as PipesMessage
from rostrum.pipes.protocol import PipesMetadataValue as PipesMetadataValue
from rostrum.pipes.protocol import PipesOpenedData as PipesOpenedData
from rostrum.pipes.protocol import PipesPartitionKeyRange as PipesPartitionKeyRange
from rostrum.pipes.protocol import PipesTimeWindow as PipesTimeWindow
from rostrum.pipes.protocol import decode_param as decode_param
from rostrum.pipes.protocol import encode_param as encode_param
from rostrum.pipes.protocol import to_asset_key_path as to_asset_key_path
from rostrum.pipes.stores import PipesAzureBlobStorageContextLoader as PipesAzureBlobStorageContextLoader
from rostrum.pipes.stores import PipesAzureBlobStorageMessageWriter as PipesAzureBlobStorageMessageWriter
from rostrum.pipes.stores import (
    PipesAzureBlobStorageMessageWriterChannel as PipesAzureBlobStorageMessageWriterChannel,
)
from rostrum.pipes.stores import PipesDbfsContextLoader as PipesDbfsContextLoader
from rostrum.pipes.stores import PipesDbfsMessageWriter as PipesDbfsMessageWriter
from rostrum.pipes.stores import PipesGCSContextLoader as PipesGCSContextLoader
from rostrum.pipes.stores import PipesGCSMessageWriter as PipesGCSMessageWriter
from rostrum.pipes.stores import PipesGCSMessageWriterChannel as PipesGCSMessageWriterChannel
from rostrum.pipes.stores import PipesPrefectLogsMessageWriter as PipesPrefectLogsMessageWriter
from rostrum.pipes.stores import PipesPrefectLogsMessageWriterChannel as PipesPrefectLogsMessageWriterChannel
from rostrum.pipes.stores import PipesS3ContextLoader as PipesS3ContextLoader
from rostrum.pipes.stores import PipesS3MessageWriter as PipesS3MessageWriter
from rostrum.pipes.stores import PipesS3MessageWriterChannel as PipesS3MessageWriterChannel
from rostrum.pipes.stores import PipesUnityCatalogVolumesContextLoader as PipesUnityCatalogVolumesContextLoader
from rostrum.pipes.stores import PipesUnityCatalogVolumesMessageWriter as PipesUnityCatalogVolumesMessageWriter
from rostrum.pipes.writers import ExcThread as ExcThread
from rostrum.pipes.writers import PipesBlobStoreMessageWriter as PipesBlobStoreMessageWriter
from rostrum.pipes.writers import PipesBlobStoreMessageWriterChannel as PipesBlobStoreMessageWriterChannel
from rostrum.pipes.writers import (
    PipesBufferedFilesystemMessageWriterChannel as PipesBufferedFilesystemMessageWriterChannel,
)
from rostrum.pipes.writers import PipesBufferedStreamMessageWriterChannel as PipesBufferedStreamMessageWriterChannel
from rostrum.pipes.writers import PipesDefaultLogWriter as PipesDefaultLogWriter
from rostrum.pipes.writers import PipesDefaultLogWriterChannel as PipesDefaultLogWriterChannel
from rostrum.pipes.writers import PipesDefaultMessageWriter as PipesDefaultMessageWriter
from rostrum.pipes.writers import PipesFileMessageWriterChannel as PipesFileMessageWriterChannel
from rostrum.pipes.writers import PipesLogWriter as PipesLogWriter
from rostrum.pipes.writers import PipesLogWriterChannel as PipesLogWriterChannel
from rostrum.pipes.writers import PipesMessageWriter as PipesMessageWriter
from rostrum.pipes.writers import PipesMessageWriterChannel as PipesMessageWriterChannel
from rostrum.pipes.writers import PipesStdioFileLogWriter as PipesStdioFileLogWriter
from rostrum.pipes.writers import PipesStdioFileLogWriterChannel as PipesStdioFileLogWriterChannel
from rostrum.pipes.writers import PipesStdioLogWriter as PipesStdioLogWriter
from rostrum.pipes.writers import PipesStdioLogWriterChannel as PipesStdioLogWriterChannel
from rostrum.pipes.writers import PipesStreamMessageWriterChannel as PipesStreamMessageWriterChannel

open_dagster_pipes = _external.open_pipes
DAGSTER_PIPES_CONTEXT_CLI_ARGUMENT = _protocol.CONTEXT_CLI_ARGUMENT
DAGSTER_PIPES_CONTEXT_ENV_VAR = _protocol.CONTEXT_ENV_VAR
DAGSTER_PIPES_CONTEXT_WIDGET_KEY = _protocol.CONTEXT_WIDGET_KEY
DAGSTER_PIPES_MESSAGES_CLI_ARGUMENT = _protocol.MESSAGES_CLI_ARGUMENT
DAGSTER_PIPES_MESSAGES_ENV_VAR = _protocol.MESSAGES_ENV_VAR
DAGSTER_PIPES_MESSAGES_WIDGET_KEY = _protocol.MESSAGES_WIDGET_KEY
DagsterPipesError = _protocol.PipesError
DagsterPipesWarning = _protocol.PipesWarning
encode_env_var = encode_param
decode_env_var = decode_param
PipesExtras = dict
"""Type of what a user gives along."""
PipesParams = dict
"""Type of the decoded params."""
