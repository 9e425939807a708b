"""The state that contexts of an attempt are views on, filled from what is known of run and step."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial
from typing import Any

from rostrum.definitions.contexts.step_scope import StepScope
from rostrum.definitions.instance.run_instance import RunInstance
from rostrum.definitions.location.live import Resolved
from rostrum.execution.active import Active
from rostrum.execution.steps.events import logged
from rostrum.execution.steps.prepared import Prepared, asset_upstream
from rostrum.execution.steps.values import Values
from rostrum.interfaces.clock import Clock
from rostrum.model.assets import AssetKey
from rostrum.model.errors import RostrumError
from rostrum.model.partitions import PartitionsSpec
from rostrum.model.runs import Run


class Scopes:
    """Of the attempts of a run in this process."""

    def __init__(
        self,
        resolved: Resolved,
        run: Run,
        clock: Clock,
        logger: logging.Logger,
        values: Values,
        partition_keys: tuple[str, ...],
    ) -> None:
        self._resolved, self._run, self._clock, self._logger = resolved, run, clock, logger
        self._values, self._partition_keys = values, partition_keys
        self.partitions: PartitionsSpec | None = None
        """Definition that the run's partition keys are of, for steps without partitioned assets."""

    def make(
        self, prepared: Prepared, active: Active, resources: Mapping[str, Any], config: Any, instance: RunInstance
    ) -> StepScope:
        """Of an attempt that begins."""
        scope = StepScope(
            run=self._run,
            step=prepared.step,
            op=prepared.op,
            log=self._logger,
            resources=resources,
            log_event=_no_event,
            now=self._clock.now,
            config=config,
            attempt=active.attempt,
            instance=instance,
            mapping_key=prepared.step.mapping_keys[-1] if prepared.step.mapping_keys else None,
            partitions=prepared.partitions or self.partitions,
            partition_keys=self._partition_keys,
            definitions=self._resolved,
        )
        scope.load_asset = self._load_asset
        scope.log_event = partial(self._log_event, scope, active)
        return scope

    def _load_asset(self, scope: StepScope, key: AssetKey, annotation: Any, partition: str | None) -> Any:
        return self._values.load_asset(asset_upstream(key, self._resolved), scope, annotation, partition)

    def _log_event(self, scope: StepScope, active: Active, event: Any) -> None:
        active.emit(logged(event, scope.step.key, self._clock.now()))


def _no_event(event: Any) -> None:
    raise RostrumError(f"{type(event).__name__} was logged before the step began")
