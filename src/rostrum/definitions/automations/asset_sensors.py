"""Sensors that look at assets: at the materialisations of one, or of several."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rostrum.definitions.assets.selection import AssetSelection
from rostrum.definitions.automations.multi_asset_context import MultiAssetSensorEvaluationContext
from rostrum.definitions.automations.sensors import DefaultSensorStatus, SensorDefinition, SensorReturnTypesUnion
from rostrum.definitions.automations.targets import JobLike
from rostrum.definitions.automations.tick_contexts import SensorEvaluationContext
from rostrum.definitions.automations.tick_outcomes import TickOutcome
from rostrum.definitions.broken import noting, noting_call
from rostrum.definitions.names import KeyLike, asset_key_of
from rostrum.definitions.sources import caller_source, function_source
from rostrum.model.assets import AssetKey
from rostrum.model.errors import DefinitionError
from rostrum.model.manifest import Source


class AssetSensorDefinition(SensorDefinition):
    """Calls its function, with the context and the event, when the asset has been materialised since the last tick."""

    kind = "asset"
    _events = 1

    def __init__(
        self,
        name: str,
        asset_key: KeyLike,
        job_name: str | None,
        asset_materialization_fn: Callable[..., Any],
        minimum_interval_seconds: int | None = None,
        description: str | None = None,
        job: JobLike | None = None,
        jobs: Sequence[JobLike] | None = None,
        default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
        required_resource_keys: set[str] | None = None,
        tags: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        source: Source | None = None,
    ) -> None:
        self._asset_key = asset_key_of(asset_key)
        super().__init__(
            name,
            evaluation_fn=asset_materialization_fn,
            job_name=job_name,
            minimum_interval_seconds=minimum_interval_seconds,
            description=description,
            job=job,
            jobs=jobs,
            default_status=default_status,
            required_resource_keys=required_resource_keys,
            tags=tags,
            metadata=metadata,
            source=source or caller_source(),
        )

    @property
    def asset_key(self) -> AssetKey:
        """The asset that it looks at."""
        return self._asset_key

    @property
    def monitored_keys(self) -> tuple[AssetKey, ...]:
        """The asset that it looks at, as a tuple of one."""
        return (self._asset_key,)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function: with a context and an event, or, with a context alone, with the asset's newest event."""
        given = dict(kwargs)
        if len(args) == 1 and not set(self._tick_function.events) & given.keys():
            event = self._newest(args[0])
            return self._tick_function.invoke(self.context_type, (args[0], event), given)
        events = [given.pop(name) for name in self._tick_function.events if name in given]
        return self._tick_function.invoke(self.context_type, (*args, *events), given)

    def evaluate_tick(self, context: SensorEvaluationContext) -> TickOutcome:
        """Decide one tick: skipped where nothing has been materialised since the event that the cursor names."""
        event = self._newest(context)
        position = _position(context.instance, self._asset_key, event)
        if event is None or position == context.cursor:
            return TickOutcome(
                skip_message=f"No new materialization events found for asset key {self._asset_key!r}",
                cursor=context.cursor,
            )
        outcome = self._outcome(self._tick_function.call(context, event), context)
        outcome.cursor = position
        return outcome

    def _newest(self, context: SensorEvaluationContext) -> Any:
        return context.instance.get_latest_materialization_event(self._asset_key)


class MultiAssetSensorDefinition(SensorDefinition):
    """Calls its function, which looks at the materialisations of several assets through its context. What the context
    was told to advance over is not seen again.
    """

    kind = "multi_asset"
    context_type = MultiAssetSensorEvaluationContext

    def __init__(
        self,
        name: str,
        monitored_assets: Sequence[KeyLike] | AssetSelection,
        job_name: str | None,
        asset_materialization_fn: Callable[..., Any],
        minimum_interval_seconds: int | None = None,
        description: str | None = None,
        job: JobLike | None = None,
        jobs: Sequence[JobLike] | None = None,
        default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
        request_assets: AssetSelection | None = None,
        required_resource_keys: set[str] | None = None,
        tags: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        source: Source | None = None,
    ) -> None:
        self.monitored_assets: Sequence[AssetKey] | AssetSelection = (
            monitored_assets
            if isinstance(monitored_assets, AssetSelection)
            else [asset_key_of(each) for each in monitored_assets]
        )
        """What it looks at."""
        if not isinstance(self.monitored_assets, AssetSelection) and not self.monitored_assets:
            raise DefinitionError(f"sensor {name}: monitored_assets names no asset.")
        super().__init__(
            name,
            evaluation_fn=asset_materialization_fn,
            job_name=job_name,
            minimum_interval_seconds=minimum_interval_seconds,
            description=description,
            job=job,
            jobs=jobs,
            default_status=default_status,
            asset_selection=request_assets,
            required_resource_keys=required_resource_keys,
            tags=tags,
            metadata=metadata,
            source=source or caller_source(),
        )

    @property
    def monitored_keys(self) -> tuple[AssetKey, ...]:
        """Keys that were given one by one."""
        return () if isinstance(self.monitored_assets, AssetSelection) else tuple(self.monitored_assets)

    @property
    def monitored_selection(self) -> AssetSelection | None:
        """The selection that was given instead of keys."""
        return self.monitored_assets if isinstance(self.monitored_assets, AssetSelection) else None

    def evaluate_tick(self, context: SensorEvaluationContext) -> TickOutcome:
        """Decide one tick; the cursor of the outcome holds how far each asset has been looked at."""
        own = (
            context
            if isinstance(context, MultiAssetSensorEvaluationContext)
            else MultiAssetSensorEvaluationContext.of(context, self.monitored_assets)
        )
        outcome = self._outcome(self._tick_function.call(own), own)
        if outcome.run_requests and not own.cursor_updated:
            raise DefinitionError(
                f"sensor {self.name} asked for runs without moving its cursor, so the same events would ask for them "
                "again: call context.advance_cursor(...) or context.advance_all_cursors()."
            )
        own.update_cursor_after_evaluation()
        outcome.cursor = own.cursor
        return outcome


@noting_call(AssetSensorDefinition)
def asset_sensor(
    asset_key: KeyLike,
    *,
    job_name: str | None = None,
    name: str | None = None,
    minimum_interval_seconds: int | None = None,
    description: str | None = None,
    job: JobLike | None = None,
    jobs: Sequence[JobLike] | None = None,
    default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
    required_resource_keys: set[str] | None = None,
    tags: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Callable[[Callable[..., SensorReturnTypesUnion]], AssetSensorDefinition]:
    """Make a sensor of a function that is called when an asset has been materialised.

    It takes the context, the event, and resources, and returns what any sensor returns.
    """

    @noting(AssetSensorDefinition, name, brings=(job, *(jobs or ())))
    def decorate(function: Callable[..., Any]) -> AssetSensorDefinition:
        return AssetSensorDefinition(
            name or function.__name__,
            asset_key,
            job_name,
            function,
            minimum_interval_seconds,
            description or function.__doc__,
            job,
            jobs,
            default_status,
            required_resource_keys,
            tags,
            metadata,
            function_source(function),
        )

    return decorate


@noting_call(MultiAssetSensorDefinition)
def multi_asset_sensor(
    monitored_assets: Sequence[KeyLike] | AssetSelection,
    *,
    job_name: str | None = None,
    name: str | None = None,
    minimum_interval_seconds: int | None = None,
    description: str | None = None,
    job: JobLike | None = None,
    jobs: Sequence[JobLike] | None = None,
    default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
    request_assets: AssetSelection | None = None,
    required_resource_keys: set[str] | None = None,
    tags: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Callable[[Callable[..., SensorReturnTypesUnion]], MultiAssetSensorDefinition]:
    """Make a sensor of a function that looks at the materialisations of several assets, through a
    MultiAssetSensorEvaluationContext. `request_assets` or a job is what it launches.
    """

    @noting(MultiAssetSensorDefinition, name, brings=(job, *(jobs or ())))
    def decorate(function: Callable[..., Any]) -> MultiAssetSensorDefinition:
        return MultiAssetSensorDefinition(
            name or function.__name__,
            monitored_assets,
            job_name,
            function,
            minimum_interval_seconds,
            description or function.__doc__,
            job,
            jobs,
            default_status,
            request_assets,
            required_resource_keys,
            tags,
            metadata,
            function_source(function),
        )

    return decorate


def build_multi_asset_sensor_context(
    *,
    monitored_assets: Sequence[KeyLike] | AssetSelection,
    repository_def: Any = None,
    instance: Any = None,
    cursor: str | None = None,
    repository_name: str | None = None,
    cursor_from_latest_materializations: bool = False,
    resources: Mapping[str, Any] | None = None,
    definitions: Any = None,
    last_sensor_start_time: float | None = None,
) -> MultiAssetSensorEvaluationContext:
    """Context of the function of a multi-asset sensor, for tests. With `cursor_from_latest_materializations` all that
    has happened counts as seen.
    """
    if cursor is not None and cursor_from_latest_materializations:
        raise DefinitionError("build_multi_asset_sensor_context: give cursor or cursor_from_latest_materializations.")
    context = MultiAssetSensorEvaluationContext(
        None,
        monitored_assets,
        cursor=cursor,
        repository_name=repository_name,
        repository_def=repository_def,
        instance=instance,
        resource_defs=resources,
        definitions=definitions,
        last_sensor_start_time=last_sensor_start_time,
    )
    if cursor_from_latest_materializations:
        context.advance_all_cursors()
        context.update_cursor_after_evaluation()
        context.cursor_updated = False
    return context


def _position(instance: Any, key: AssetKey, event: Any) -> str | None:
    """Where the event stands among all, as text."""
    if event is None:
        return None
    own = getattr(event, "storage_id", None)
    if own is not None:
        return str(own)
    state = instance.get_asset_state(key)
    return str(state.last_materialization_id) if state is not None else None
