"""The protocol between an orchestrating process and one that it has started, as both sides know it.

The orchestrator tells two values, in variables of the environment or as arguments: how to get the *context* (what is to
be made, of which partition, in which run), and where to write *messages*. Each value is `base64(zlib(JSON))`. A message
is one line of JSON. This module, like all of the external side, needs the standard library alone.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict

PIPES_PROTOCOL_VERSION_FIELD = "__dagster_pipes_version"
PIPES_PROTOCOL_VERSION = "0.1"
CONTEXT_ENV_VAR = "DAGSTER_PIPES_CONTEXT"
MESSAGES_ENV_VAR = "DAGSTER_PIPES_MESSAGES"
CONTEXT_PATH_ENV_VAR = "ROSTRUM_PIPES_CONTEXT_PATH"
MESSAGES_PATH_ENV_VAR = "ROSTRUM_PIPES_MESSAGES_PATH"
"""Plain paths, beside the two, for what would rather not decode: shell scripts."""
CONTEXT_CLI_ARGUMENT = "--dagster-pipes-context"
MESSAGES_CLI_ARGUMENT = "--dagster-pipes-messages"
CONTEXT_WIDGET_KEY = "DAGSTER_PIPES_CONTEXT"
MESSAGES_WIDGET_KEY = "DAGSTER_PIPES_MESSAGES"
ESCAPE_CHARACTER = "\\"
PIPES_METADATA_TYPE_INFER = "__infer__"
METADATA_TYPES = frozenset(
    {
        PIPES_METADATA_TYPE_INFER,
        "text",
        "url",
        "path",
        "notebook",
        "json",
        "md",
        "float",
        "int",
        "bool",
        "dagster_run",
        "asset",
        "null",
        "table",
        "table_schema",
        "table_column_lineage",
        "timestamp",
    }
)
"""What a metadata value may say of its type; `__infer__` leaves it to the orchestrator."""


class PipesError(Exception):
    """A rule of the protocol was broken, or something was asked that does not apply in this process."""


class PipesWarning(Warning):
    """Something about the protocol is not as it should be, but the process goes on."""


class PipesMessage(TypedDict):
    """One message."""

    __dagster_pipes_version: str
    method: str
    params: Mapping[str, Any] | None


class PipesException(TypedDict):
    """An exception as data."""

    message: str
    stack: Sequence[str]
    name: str | None
    cause: PipesException | None
    context: PipesException | None


class PipesTimeWindow(TypedDict):
    """Start and end of partitions, ISO 8601."""

    start: str
    end: str


class PipesPartitionKeyRange(TypedDict):
    """First and last partition."""

    start: str
    end: str


class PipesDataProvenance(TypedDict):
    """What an asset was last made of."""

    code_version: str
    input_data_versions: Mapping[str, str]
    is_user_provided: bool


class PipesContextData(TypedDict):
    """What the orchestrator tells."""

    asset_keys: Sequence[str] | None
    code_version_by_asset_key: Mapping[str, str | None] | None
    provenance_by_asset_key: Mapping[str, PipesDataProvenance | None] | None
    partition_key: str | None
    partition_key_range: PipesPartitionKeyRange | None
    partition_time_window: PipesTimeWindow | None
    run_id: str
    job_name: str | None
    retry_number: int
    extras: Mapping[str, Any]


class PipesMetadataValue(TypedDict):
    """A metadata value and its type."""

    type: str
    raw_value: Any


class PipesOpenedData(TypedDict, total=False):
    """What the external process tells when it opens."""

    extras: Mapping[str, Any]


class PipesLogWriterOpenedData(TypedDict, total=False):
    """What a log writer tells when it opens."""

    extras: Mapping[str, Any]


Severity = Literal["WARN", "ERROR"]


def encode_param(value: Any) -> str:
    """A value as text for the environment, an argument, a widget."""
    return base64.b64encode(zlib.compress(json.dumps(value).encode("utf-8"))).decode("ascii")


def decode_param(value: str) -> Any:
    """Read what `encode_param` wrote."""
    return json.loads(zlib.decompress(base64.b64decode(value)).decode("utf-8"))


def message_of(method: str, params: Mapping[str, Any] | None) -> PipesMessage:
    """A message."""
    made: Any = {PIPES_PROTOCOL_VERSION_FIELD: PIPES_PROTOCOL_VERSION, "method": method, "params": params}
    return made


def to_asset_key_path(asset_key: str) -> list[str]:
    """Segments of a key's text: split at slashes, where they are not escaped by a backslash."""
    parts = [""]
    escaped = False
    for character in asset_key:
        if escaped:
            parts[-1] += character if character in ("/", ESCAPE_CHARACTER) else ESCAPE_CHARACTER + character
            escaped = False
        elif character == ESCAPE_CHARACTER:
            escaped = True
        elif character == "/":
            parts.append("")
        else:
            parts[-1] += character
    if escaped:
        parts[-1] += ESCAPE_CHARACTER
    return parts
