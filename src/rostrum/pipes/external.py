"""External side: `open_pipes()` in a process that an orchestrator has started, and the `PipesContext` that it gives.

Needs the standard library alone. All names of the external side can be had from here.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from traceback import TracebackException
from types import TracebackType
from typing import Any, ClassVar, Self, cast

from rostrum.pipes.params import (
    PipesContextLoader,
    PipesDefaultContextLoader,
    PipesEnvVarParamsLoader,
    PipesParamsLoader,
)
from rostrum.pipes.protocol import (
    METADATA_TYPES,
    PIPES_METADATA_TYPE_INFER,
    PipesDataProvenance,
    PipesError,
    PipesException,
    PipesPartitionKeyRange,
    PipesTimeWindow,
    PipesWarning,
    Severity,
    message_of,
)
from rostrum.pipes.writers import PipesDefaultMessageWriter, PipesMessageWriter


class _MessageHandler(logging.Handler):
    """Makes messages of log records."""

    def __init__(self, context: PipesContext) -> None:
        super().__init__()
        self._context = context

    def emit(self, record: logging.LogRecord) -> None:
        self._context._send("log", {"message": record.getMessage(), "level": record.levelname})  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]


class PipesContext:
    """What this process is to make, and how it tells what it has made. A context manager: leaving it closes it."""

    _instance: ClassVar[PipesContext | None] = None

    @classmethod
    def is_initialized(cls) -> bool:
        """Say whether a context is there."""
        return cls._instance is not None

    @classmethod
    def set(cls, context: PipesContext) -> None:
        """Make a context the one of this process."""
        cls._instance = context

    @classmethod
    def get(cls) -> PipesContext:
        """The context of this process. Raises PipesError where there is none."""
        if cls._instance is None:
            raise PipesError("there is no Pipes context: call open_dagster_pipes() first.")
        return cls._instance

    def __init__(
        self, params_loader: PipesParamsLoader, context_loader: PipesContextLoader, message_writer: Any
    ) -> None:
        self._stack = ExitStack()
        self._data = self._stack.enter_context(context_loader.load_context(params_loader.load_context_params()))
        writer: PipesMessageWriter[Any] = message_writer
        self._channel = self._stack.enter_context(writer.open(params_loader.load_messages_params()))
        self._materialized: set[str] = set()
        self._closed = False
        self._logger = logging.Logger("dagster-pipes", logging.DEBUG)  # noqa: LOG001 - of this context alone
        self._logger.addHandler(_MessageHandler(self))
        self._send("opened", cast("Mapping[str, Any]", writer.get_opened_payload()))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close(_exception(error) if error is not None else None)

    def close(self, exc: PipesException | None = None) -> None:
        """Tell that nothing more comes, and which exception was the end. Doing it again changes nothing."""
        if self._closed:
            return
        self._send("closed", {"exception": exc} if exc is not None else {})
        self._closed = True
        self._logger.handlers.clear()
        self._stack.close()
        if PipesContext._instance is self:
            PipesContext._instance = None

    @property
    def is_closed(self) -> bool:
        """Say whether it has been closed."""
        return self._closed

    # --- what is to be made

    @property
    def is_asset_step(self) -> bool:
        """Say whether assets are to be made."""
        return self._data["asset_keys"] is not None

    @property
    def asset_key(self) -> str:
        """Key of the asset, segments joined by `/`. Raises PipesError where there is not exactly one."""
        keys = self.asset_keys
        if len(keys) != 1:
            raise PipesError(f"`asset_key` is undefined: this step makes {len(keys)} assets; use asset_keys.")
        return keys[0]

    @property
    def asset_keys(self) -> Sequence[str]:
        """Keys of the assets. Raises PipesError where the step makes none."""
        return self._of_asset("asset_keys")

    @property
    def provenance(self) -> PipesDataProvenance | None:
        """What the asset was last made of."""
        return self._of_asset("provenance_by_asset_key")[self.asset_key]

    @property
    def provenance_by_asset_key(self) -> Mapping[str, PipesDataProvenance | None]:
        """What the assets were last made of."""
        return self._of_asset("provenance_by_asset_key")

    @property
    def code_version(self) -> str | None:
        """Code version of the asset."""
        return self._of_asset("code_version_by_asset_key")[self.asset_key]

    @property
    def code_version_by_asset_key(self) -> Mapping[str, str | None]:
        """Code versions of the assets."""
        return self._of_asset("code_version_by_asset_key")

    @property
    def is_partition_step(self) -> bool:
        """Say whether the run is for partitions."""
        return self._data["partition_key_range"] is not None

    @property
    def partition_key(self) -> str:
        """The partition. Raises PipesError where there is not exactly one."""
        return self._of_partition("partition_key")

    @property
    def partition_key_range(self) -> PipesPartitionKeyRange:
        """First and last partition. Raises PipesError where there is none."""
        return self._of_partition("partition_key_range")

    @property
    def partition_time_window(self) -> PipesTimeWindow | None:
        """Start and end of the partitions; None where they are not of time."""
        self._of_partition("partition_key_range")
        return self._data["partition_time_window"]

    @property
    def run_id(self) -> str:
        """Id of the run."""
        return self._data["run_id"]

    @property
    def job_name(self) -> str | None:
        """Name of the job."""
        return self._data["job_name"]

    @property
    def retry_number(self) -> int:
        """How often the step has been tried before."""
        return self._data["retry_number"]

    @property
    def extras(self) -> Mapping[str, Any]:
        """What the user gave along."""
        return self._data["extras"]

    def get_extra(self, key: str) -> Any:
        """Something that the user gave along. Raises PipesError where it is not there."""
        extras = self._data["extras"]
        if key not in extras:
            raise PipesError(f"Extra `{key}` is undefined: extras has {sorted(extras) or 'nothing'}.")
        return extras[key]

    # --- what is told

    @property
    def log(self) -> logging.Logger:
        """Logger whose lines the orchestrator keeps with the run."""
        return self._logger

    def report_asset_materialization(
        self,
        metadata: Mapping[str, Any] | None = None,
        data_version: str | None = None,
        asset_key: str | None = None,
    ) -> None:
        """Tell that an asset has been made: once for each. Raises PipesError for a second time."""
        key = self._reported_key(asset_key, "report_asset_materialization")
        if key in self._materialized:
            raise PipesError(
                f"Calling `report_asset_materialization` with asset key `{key}` is undefined. Asset has already been "
                "materialized, so no additional data can be reported for it."
            )
        if data_version is not None and not isinstance(data_version, str):
            raise PipesError(f"report_asset_materialization: data_version is text, not {data_version!r}.")
        self._send(
            "report_asset_materialization",
            {"asset_key": key, "data_version": data_version, "metadata": _metadata(metadata)},
        )
        self._materialized.add(key)

    def report_asset_check(
        self,
        check_name: str,
        passed: bool,
        severity: Severity = "ERROR",
        metadata: Mapping[str, Any] | None = None,
        asset_key: str | None = None,
    ) -> None:
        """Tell the verdict of a check."""
        key = self._reported_key(asset_key, "report_asset_check")
        if not isinstance(check_name, str) or not isinstance(passed, bool):
            raise PipesError("report_asset_check: check_name is text and passed is a bool.")
        if severity not in ("WARN", "ERROR"):
            raise PipesError(f"report_asset_check: severity is 'WARN' or 'ERROR', not {severity!r}.")
        self._send(
            "report_asset_check",
            {
                "asset_key": key,
                "check_name": check_name,
                "passed": passed,
                "metadata": _metadata(metadata),
                "severity": severity,
            },
        )

    def report_custom_message(self, payload: Any) -> None:
        """Tell something that only the user's code on the other side understands: any JSON value."""
        self._send("report_custom_message", {"payload": payload})

    def log_external_stream(self, stream: str, text: str, extras: Mapping[str, Any] | None = None) -> None:
        """Tell some output of the process."""
        self._send("log_external_stream", {"stream": stream, "text": text, "extras": dict(extras or {})})

    def _send(self, method: str, params: Mapping[str, Any] | None = None) -> None:
        if self._closed:
            raise PipesError("Cannot send message after pipes context is closed.")
        self._channel.write_message(message_of(method, params))

    def _of_asset(self, field: str) -> Any:
        value: Any = cast("Mapping[str, Any]", self._data)[field]
        if value is None:
            raise PipesError(f"`{field}` is undefined: the current step does not target an asset.")
        return value

    def _of_partition(self, field: str) -> Any:
        value: Any = cast("Mapping[str, Any]", self._data)[field]
        if value is None:
            several = "it is for several partitions" if self.is_partition_step else "it is for no partition"
            raise PipesError(f"`{field}` is undefined for this step: {several}.")
        return value

    def _reported_key(self, asset_key: str | None, method: str) -> str:
        keys = self.asset_keys
        if asset_key is None:
            if len(keys) != 1:
                raise PipesError(
                    f"Calling `{method}` without passing an asset key is undefined: there are {len(keys)}."
                )
            return keys[0]
        if asset_key not in keys:
            raise PipesError(
                f"Invalid asset key: {asset_key!r} is none of the assets of this step ({', '.join(keys)}); method: "
                f"{method}."
            )
        return asset_key


def open_pipes(
    *,
    context_loader: PipesContextLoader | None = None,
    message_writer: Any = None,
    params_loader: PipesParamsLoader | None = None,
) -> PipesContext:
    """The context of this process, opened on the first call.

    Where no orchestrator has started the process it warns, and gives a stand-in on which everything can be called.
    """
    if PipesContext.is_initialized():
        return PipesContext.get()
    params = params_loader or PipesEnvVarParamsLoader()
    if params.is_dagster_pipes_process():
        context = PipesContext(
            params, context_loader or PipesDefaultContextLoader(), message_writer or PipesDefaultMessageWriter()
        )
    else:
        warnings.warn(
            "This process was not launched by an orchestrator: all calls to the Pipes context do nothing.",
            PipesWarning,
            stacklevel=2,
        )
        from unittest.mock import MagicMock  # slow to load, and of use only here

        context = cast("PipesContext", MagicMock())
    PipesContext.set(context)
    return context


def _metadata(metadata: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if metadata is None:
        return None
    found: dict[str, Any] = {}
    for key, value in metadata.items():
        if not isinstance(key, str):
            raise PipesError(f"metadata: {key!r} is no text.")
        if isinstance(value, dict) and set(cast("dict[str, Any]", value)) == {"type", "raw_value"}:
            kind = cast("dict[str, Any]", value)["type"]
            if kind not in METADATA_TYPES:
                raise PipesError(f"metadata {key!r}: {kind!r} is no type; it is one of {sorted(METADATA_TYPES)}.")
            found[key] = value
        else:
            found[key] = {"raw_value": value, "type": PIPES_METADATA_TYPE_INFER}
    return found


def _exception(error: BaseException) -> PipesException:
    return _told(TracebackException.from_exception(error))


def _told(error: TracebackException) -> PipesException:
    return {
        "message": "".join(list(error.format_exception_only())),
        "stack": error.stack.format(),
        "name": error.exc_type.__name__ if error.exc_type is not None else None,
        "cause": _told(error.__cause__) if error.__cause__ is not None else None,
        "context": _told(error.__context__)
        if error.__context__ is not None and not error.__suppress_context__
        else None,
    }
