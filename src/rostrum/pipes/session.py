"""Orchestrating side: `open_pipes_session`, for whatever way there is to start the external process."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from rostrum.definitions.contexts.step import OpExecutionContext
from rostrum.definitions.events.outputs import AssetCheckResult, MaterializeResult
from rostrum.model.assets import AssetKey
from rostrum.model.errors import InvariantError, InvocationError, RostrumError
from rostrum.model.metadata import metadata_values
from rostrum.pipes.injectors import PipesContextInjector
from rostrum.pipes.messages import (
    PipesExecutionResult,
    PipesLaunchedData,
    PipesMessageHandler,
    PipesMessageReader,
)
from rostrum.pipes.protocol import (
    CONTEXT_CLI_ARGUMENT,
    CONTEXT_ENV_VAR,
    CONTEXT_PATH_ENV_VAR,
    MESSAGES_CLI_ARGUMENT,
    MESSAGES_ENV_VAR,
    MESSAGES_PATH_ENV_VAR,
    PipesContextData,
    PipesDataProvenance,
    encode_param,
)
from rostrum.pipes.readers import PipesCompositeMessageReader


class PipesSession:
    """What the external process must be started with, and what it has reported."""

    def __init__(
        self,
        context_data: PipesContextData,
        message_handler: PipesMessageHandler,
        context_injector_params: Mapping[str, Any],
        message_reader_params: Mapping[str, Any],
        context: OpExecutionContext,
        created_at: datetime | None = None,
    ) -> None:
        self.context_data, self.message_handler = context_data, message_handler
        self.context_injector_params, self.message_reader_params = context_injector_params, message_reader_params
        self.context, self.created_at = context, created_at

    def get_bootstrap_params(self) -> Mapping[str, Any]:
        """The two values, plain, by the names of the environment's variables."""
        return {CONTEXT_ENV_VAR: self.context_injector_params, MESSAGES_ENV_VAR: self.message_reader_params}

    def get_bootstrap_env_vars(self) -> Mapping[str, str]:
        """The two values as variables of the environment."""
        return {name: encode_param(value) for name, value in self.get_bootstrap_params().items()}

    def get_plain_env_vars(self) -> Mapping[str, str]:
        """Where context and messages are, as plain paths, where both are files of this machine: for shell scripts and
        others that would rather not decode the two values.
        """
        told = {CONTEXT_PATH_ENV_VAR: self.context_injector_params, MESSAGES_PATH_ENV_VAR: self.message_reader_params}
        return {name: params["path"] for name, params in told.items() if isinstance(params.get("path"), str)}

    def get_bootstrap_cli_arguments(self) -> Mapping[str, str]:
        """The two values as arguments."""
        return {
            CONTEXT_CLI_ARGUMENT: encode_param(self.context_injector_params),
            MESSAGES_CLI_ARGUMENT: encode_param(self.message_reader_params),
        }

    def get_per_writer_bootstrap_env_vars(self) -> Sequence[Mapping[str, str]]:
        """As `get_bootstrap_env_vars`, for each of several processes."""
        context = encode_param(self.context_injector_params)
        return [{CONTEXT_ENV_VAR: context, MESSAGES_ENV_VAR: encode_param(each)} for each in self._writers()]

    def get_per_writer_bootstrap_cli_arguments(self) -> Sequence[Mapping[str, str]]:
        """As `get_bootstrap_cli_arguments`, for each of several processes."""
        context = encode_param(self.context_injector_params)
        return [{CONTEXT_CLI_ARGUMENT: context, MESSAGES_CLI_ARGUMENT: encode_param(each)} for each in self._writers()]

    @property
    def default_remote_invocation_info(self) -> dict[str, str]:
        """Tags for the external process in the system where it runs."""
        told = {"dagster/run-id": self.context.run_id, "dagster/job": self.context.job_name}
        if self.context_data["partition_key"] is not None:
            told["dagster/partition-key"] = self.context_data["partition_key"]
        return told

    def report_launched(self, launched_payload: PipesLaunchedData) -> None:
        """Tell the readers what is known of the process that has been started."""
        self.message_handler.on_launched(launched_payload)

    def get_reported_results(self) -> Sequence[PipesExecutionResult]:
        """What has been reported since the last call."""
        return self.message_handler.get_reported_results()

    def get_custom_messages(self) -> Sequence[Any]:
        """Payloads of the custom messages so far."""
        return self.message_handler.get_custom_messages()

    def get_results(
        self, *, implicit_materializations: bool = True, metadata: Mapping[str, Any] | None = None
    ) -> Sequence[PipesExecutionResult]:
        """What has been reported; with `implicit_materializations` also a materialisation of each asset of which
        nothing was. `metadata` is put on all materialisations.
        """
        reported = list(self.get_reported_results())
        made = {each.asset_key for each in reported if isinstance(each, MaterializeResult)}
        if implicit_materializations:
            keys = sorted(self.context.selected_asset_keys) if self.context_data["asset_keys"] is not None else []
            reported += [MaterializeResult(asset_key=key) for key in keys if key not in made]
        if metadata:
            reported = [_with(each, metadata) if isinstance(each, MaterializeResult) else each for each in reported]
        return reported

    def _writers(self) -> Sequence[Mapping[str, Any]]:
        told: Any = self.message_reader_params.get(PipesCompositeMessageReader.READERS_KEY)
        return told if told is not None else [self.message_reader_params]


class PipesClientCompletedInvocation:
    """An external process that has ended, and what it has reported."""

    def __init__(self, session: PipesSession, metadata: Mapping[str, Any] | None = None) -> None:
        self._session = session
        self.metadata: Mapping[str, Any] = metadata_values(dict(metadata or {}))
        """What the client knows of the process, which is put on all materialisations."""

    def get_results(self, *, implicit_materializations: bool = True) -> Sequence[PipesExecutionResult]:
        """What has been reported; with `implicit_materializations` also a materialisation of each asset of which
        nothing was.
        """
        return self._session.get_results(implicit_materializations=implicit_materializations, metadata=self.metadata)

    def get_materialize_result(self, *, implicit_materialization: bool = True) -> MaterializeResult:
        """The only materialisation, with the verdicts of checks. Raises InvariantError where there are several, or
        none.
        """
        results = self.get_results(implicit_materializations=implicit_materialization)
        found = [each for each in results if isinstance(each, MaterializeResult)]
        if len(found) != 1:
            raise InvariantError(
                f"get_materialize_result: the external process reported {len(found)} materializations; use get_results."
            )
        checks = [each for each in results if isinstance(each, AssetCheckResult)]
        return _with(found[0], {}, checks) if checks else found[0]

    def get_asset_check_result(self) -> AssetCheckResult:
        """The only verdict of a check. Raises InvariantError where something else was reported."""
        results = self.get_results(implicit_materializations=False)
        found = [each for each in results if isinstance(each, AssetCheckResult)]
        if len(found) != 1 or len(results) != 1:
            raise InvariantError(
                f"get_asset_check_result: the external process reported {len(found)} check results and "
                f"{len(results) - len(found)} materializations; use get_results."
            )
        return found[0]

    def get_custom_messages(self) -> Sequence[Any]:
        """Payloads of the custom messages."""
        return self._session.get_custom_messages()


@contextmanager
def open_pipes_session(
    context: OpExecutionContext,
    context_injector: PipesContextInjector,
    message_reader: PipesMessageReader,
    extras: Mapping[str, Any] | None = None,
) -> Generator[PipesSession, None, None]:
    """A context manager that gives a session: start the external process in it with what `get_bootstrap_env_vars` (or
    one of its like) gives, and wait for it. When it is left all messages have been handled.
    """
    data = context_data_of(context, extras)
    handler = PipesMessageHandler(context, message_reader)
    try:
        with (
            context_injector.inject_context(data) as injected,
            handler.handle_messages() as told,
        ):
            yield PipesSession(data, handler, injected, told, context)
    finally:
        if handler.has_messages and not handler.received_opened_message:
            context.log.warning("[pipes] the external process has sent messages, and none that it had opened.")
        elif not handler.received_opened_message:
            context.log.warning(
                "[pipes] did not receive any messages from external process. Check stdout / stderr logs from the "
                "external process if possible.\n%s\n%s",
                context_injector.no_messages_debug_text(),
                message_reader.no_messages_debug_text(),
            )
        elif not handler.received_closed_message:
            context.log.warning(
                "[pipes] did not receive closed message from external process. Buffered messages may have been "
                "discarded without being delivered. Use `open_dagster_pipes` as a context manager (a with block) to "
                "ensure that cleanup is successfully completed."
            )


def context_data_of(context: OpExecutionContext, extras: Mapping[str, Any] | None = None) -> PipesContextData:
    """What the external process is told of a step."""
    keys = sorted(context.selected_asset_keys) or sorted({each.asset_key for each in context.selected_asset_check_keys})
    versions = _code_versions(context)
    texts = [str(key) for key in keys]
    several = context.has_partition_key_range
    single = context.partition_key if context.has_partition_key else None
    whole = context.partition_key_range if single is not None or several else None
    return {
        "asset_keys": texts or None,
        "code_version_by_asset_key": {str(key): versions.get(str(key)) for key in keys} if keys else None,
        "provenance_by_asset_key": {str(key): _provenance(context, key) for key in keys} if keys else None,
        "partition_key": str(single) if single is not None else None,
        "partition_key_range": {"start": str(whole.start), "end": str(whole.end)} if whole is not None else None,
        "partition_time_window": _window(context) if whole is not None else None,
        "run_id": context.run_id,
        "job_name": context.job_name,
        "retry_number": context.retry_number,
        "extras": dict(extras or {}),
    }


def _code_versions(context: OpExecutionContext) -> dict[str, str | None]:
    if not context.has_assets_def:
        return {}
    try:
        definition: Any = context.assets_def
    except InvocationError:
        return {}  # the step runs without its definitions at hand
    return {str(spec.key): spec.code_version for spec in definition.specs}


def _provenance(context: OpExecutionContext, key: AssetKey) -> PipesDataProvenance | None:
    try:
        found = context.get_asset_provenance(key)
    except RostrumError:
        return None  # the control plane is away: the process is not held up by that
    if found is None:
        return None
    return {
        "code_version": found.code_version,
        "input_data_versions": {str(each): version for each, version in found.input_data_versions.items()},
        "is_user_provided": found.is_user_provided,
    }


def _window(context: OpExecutionContext) -> Any:
    try:
        window = context.partition_time_window
    except InvocationError:
        return None  # partitions that are not of time
    return {"start": window.start.isoformat(), "end": window.end.isoformat()}


def _with(
    result: MaterializeResult, metadata: Mapping[str, Any], checks: Sequence[AssetCheckResult] = ()
) -> MaterializeResult:
    return MaterializeResult(
        asset_key=result.asset_key,
        metadata={**(result.metadata or {}), **metadata},
        check_results=[*(result.check_results or ()), *checks],
        data_version=result.data_version,
        tags=result.tags,
    )
