"""Orchestrating side: what is done with the messages of the external process."""

from __future__ import annotations

import logging
import sys
import traceback
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from queue import Empty, Queue
from types import TracebackType
from typing import Any, TypedDict, cast

from rostrum.definitions.contexts.step import OpExecutionContext
from rostrum.definitions.events.metadata import MetadataValue
from rostrum.definitions.events.outputs import AssetCheckResult, AssetCheckSeverity, MaterializeResult
from rostrum.model.assets import AssetKey
from rostrum.model.errors import RostrumError
from rostrum.model.metadata import MetadataValue as AnyMetadata
from rostrum.model.metadata import metadata_value
from rostrum.model.tables import TableColumn, TableColumnDep, TableColumnLineage, TableRecord, TableSchema
from rostrum.pipes.protocol import (
    PIPES_METADATA_TYPE_INFER,
    PIPES_PROTOCOL_VERSION_FIELD,
    PipesError,
    PipesException,
    PipesMessage,
    PipesOpenedData,
    to_asset_key_path,
)

PipesExecutionResult = MaterializeResult | AssetCheckResult
"""What an external process has reported, as `PipesSession.get_results` gives it."""
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "report_asset_materialization": ("asset_key",),
    "report_asset_check": ("asset_key", "check_name", "passed"),
    "log": ("message",),
    "report_custom_message": ("payload",),
    "log_external_stream": ("stream", "text"),
}
"""Params without which a message says nothing, by its method."""


class PipesLaunchedData(TypedDict, total=False):
    """What a client tells of the external process it has launched."""

    extras: Mapping[str, Any]


class PipesMessageReader(ABC):
    """Reads messages from where the external process writes them, and gives the params that tell where that is."""

    @abstractmethod
    def read_messages(self, handler: PipesMessageHandler) -> AbstractContextManager[Mapping[str, Any]]:
        """A context manager that gives the params; in it messages are passed to the handler, and when it is left all
        have been.
        """

    @abstractmethod
    def no_messages_debug_text(self) -> str:
        """Where messages were looked for: a sentence for the user."""

    def on_opened(self, opened_payload: PipesOpenedData) -> None:  # noqa: B027 - may be left as it is
        """Called with what the external process told when it opened."""

    def on_launched(self, launched_payload: PipesLaunchedData) -> None:  # noqa: B027 - may be left as it is
        """Called with what a client tells of the external process it has launched."""

    @property
    def expected_writer_count(self) -> int:
        """How many processes open and close."""
        return 1


class PipesMessageHandler:
    """Logs, keeps and sorts messages. What is reported waits for `get_results` of the session."""

    def __init__(self, context: OpExecutionContext, message_reader: PipesMessageReader) -> None:
        self._context, self._reader = context, message_reader
        self._results: Queue[PipesExecutionResult] = Queue()
        self._custom: list[Any] = []
        self._errors: list[str] = []
        self._opened = self._closed = 0
        self.has_messages = False
        """Whether anything has come."""
        self.exception: PipesException | None = None
        """What an external process was closed by, if by an exception."""

    @contextmanager
    def handle_messages(self) -> Generator[Mapping[str, Any], None, None]:
        """A context manager that gives the reader's params."""
        with self._reader.read_messages(self) as params:
            yield params

    @property
    def received_opened_message(self) -> bool:
        """Say whether all expected processes have opened."""
        return self._opened >= self._reader.expected_writer_count

    @property
    def received_closed_message(self) -> bool:
        """Say whether all expected processes have closed."""
        return self._closed >= self._reader.expected_writer_count

    def on_launched(self, launched_payload: PipesLaunchedData) -> None:
        """Pass on what a client tells of the external process it has launched."""
        self._reader.on_launched(launched_payload)

    def get_reported_results(self) -> Sequence[PipesExecutionResult]:
        """What has been reported since the last call."""
        found: list[PipesExecutionResult] = []
        while True:
            try:
                found.append(self._results.get_nowait())
            except Empty:
                return found

    def get_custom_messages(self) -> Sequence[Any]:
        """Payloads of the custom messages so far."""
        return list(self._custom)

    def report_pipes_framework_exception(
        self,
        origin: str,
        exc_info: tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None],
    ) -> None:
        """Log an exception of the machinery itself."""
        kind, error, trace = exc_info
        told = "".join(traceback.format_exception(kind, error, trace)) if kind is not None else ""
        self._context.log.error("[pipes] framework exception occurred in %s\n%s", origin, told)

    def handle_message(self, message: PipesMessage) -> None:
        """Take one message. Raises PipesError for one that is none, naming what is wrong with it."""
        self.has_messages = True
        plain = cast("Mapping[str, Any]", message)
        if PIPES_PROTOCOL_VERSION_FIELD not in plain:
            raise PipesError(f"a message without version: {dict(plain)}")
        method: str = plain.get("method", "")
        params: Mapping[str, Any] = plain.get("params") or {}
        missing = [name for name in _NEEDED.get(method, ()) if name not in params]
        if missing:
            raise PipesError(f"the message {method} has no {' and no '.join(missing)}, and was left out")
        if self.received_closed_message and method not in ("log_external_stream", "log"):
            self._context.log.warning("[pipes] unexpected message received after closed: `%s`", method)
        if method == "opened":
            self._opened += 1
            self._reader.on_opened(cast("PipesOpenedData", params))
            self._context.log.info("[pipes] external process successfully opened dagster pipes.")
        elif method == "closed":
            self._close(params)
        elif method == "report_asset_materialization":
            self._results.put(_materialization(params, self._metadata(params)))
        elif method == "report_asset_check":
            self._results.put(_check(params, self._metadata(params)))
        elif method == "log":
            self._context.log.log(_level(params.get("level")), str(params["message"]))
        elif method == "report_custom_message":
            self._custom.append(params["payload"])
        elif method == "log_external_stream":
            _print(params["stream"], params["text"])
        else:
            raise PipesError(f"Unknown message method: {method}")

    def _metadata(self, params: Mapping[str, Any]) -> dict[str, AnyMetadata]:
        """What can be read of it: one value that is wrong does not lose the report."""
        given: Any = params.get("metadata") or None
        if not isinstance(given, Mapping):
            if given is not None:
                self._context.log.warning("[pipes] metadata that is no mapping is left out: %.200r", given)
            return {}
        found: dict[str, AnyMetadata] = {}
        for key, value in cast("Mapping[str, Any]", given).items():
            try:
                found[key] = _metadata_value(key, value)
            except (PipesError, RostrumError, TypeError, ValueError, KeyError, AttributeError) as error:
                self._context.log.warning(
                    "[pipes] metadata %r is kept as text, since it cannot be read: %s", key, error
                )
                found[key] = MetadataValue.text(repr(value))
        return found

    def _close(self, params: Mapping[str, Any]) -> None:
        self._closed += 1
        exception: PipesException | None = params.get("exception")
        if exception is None:
            self._context.log.info("[pipes] external process closed.")
            return
        self.exception = exception
        self._context.log.warning("[pipes] external process pipes closed with error\n%s", "\n".join(_lines(exception)))


def _lines(error: PipesException) -> Iterator[str]:
    if error["cause"] is not None:
        yield from _lines(error["cause"])
        yield "The above exception was the direct cause of the following exception:"
    elif error["context"] is not None:
        yield from _lines(error["context"])
        yield "During handling of the above exception, another exception occurred:"
    yield from (line.rstrip() for line in error["stack"])
    yield error["message"].rstrip()


def _level(name: Any) -> int:
    return logging.getLevelNamesMapping().get(str(name).upper(), logging.INFO)


def _print(stream: str, text: str) -> None:
    """Show output of the external process as this one's."""
    target = sys.stderr if stream == "stderr" else sys.stdout
    target.write(text)
    target.flush()


def _materialization(params: Mapping[str, Any], metadata: dict[str, AnyMetadata]) -> MaterializeResult:
    return MaterializeResult(
        asset_key=AssetKey(to_asset_key_path(params["asset_key"])),
        metadata=metadata,
        data_version=params.get("data_version"),
    )


def _check(params: Mapping[str, Any], metadata: dict[str, AnyMetadata]) -> AssetCheckResult:
    return AssetCheckResult(
        asset_key=AssetKey(to_asset_key_path(params["asset_key"])),
        check_name=params["check_name"],
        passed=params["passed"],
        severity=AssetCheckSeverity[params.get("severity") or "ERROR"],
        metadata=metadata,
    )


def _metadata_value(key: str, value: Any) -> AnyMetadata:
    """A value with its type, or a plain one, as a script would write it."""
    if not isinstance(value, Mapping):
        return metadata_value(key, value)
    typed = cast("Mapping[str, Any]", value)
    if "raw_value" in typed:
        return resolved_metadata(key, typed["raw_value"], typed.get("type", PIPES_METADATA_TYPE_INFER))
    return metadata_value(key, typed)


def resolved_metadata(key: str, raw: Any, kind: str) -> AnyMetadata:
    """A metadata value as the external process has told it. Raises PipesError for a type that is none."""
    if kind == PIPES_METADATA_TYPE_INFER:
        return metadata_value(key, raw)
    if kind == "dagster_run":
        return MetadataValue.run(raw)
    if kind == "asset":
        return MetadataValue.asset(AssetKey(to_asset_key_path(raw)))
    if kind == "null":
        return MetadataValue.null()
    if kind == "table":
        whole = cast("Mapping[str, Any]", raw if isinstance(raw, dict) else {"records": raw})
        records: Sequence[Any] = whole["records"]
        schema: Any = whole.get("schema")
        return MetadataValue.table([TableRecord(each) for each in records], _schema(schema) if schema else None)
    if kind == "table_schema":
        return MetadataValue.table_schema(_schema(raw))
    if kind == "table_column_lineage":
        return MetadataValue.column_lineage(_lineage(raw))
    if kind in ("text", "url", "path", "notebook", "json", "md", "float", "int", "bool", "timestamp"):
        return getattr(MetadataValue, kind)(raw)
    raise PipesError(f"metadata {key!r}: {kind!r} is no type of metadata.")


def _schema(raw: Any) -> TableSchema:
    columns = cast("Sequence[Any]", raw["columns"] if isinstance(raw, dict) else raw)
    return TableSchema(
        [
            TableColumn(each)
            if isinstance(each, str)
            else TableColumn(each["name"], each.get("type") or "string", each.get("description"))
            for each in columns
        ]
    )


def _lineage(raw: Any) -> TableColumnLineage:
    told: Mapping[str, Sequence[Any]] = raw.get("deps_by_column", raw)
    return TableColumnLineage(
        {
            column: [
                TableColumnDep(AssetKey(to_asset_key_path(each["asset_key"])), each["column_name"]) for each in deps
            ]
            for column, deps in told.items()
        }
    )
