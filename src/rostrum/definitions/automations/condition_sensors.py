"""`AutomationConditionSensorDefinition`: evaluates the automation conditions of a selection of assets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rostrum.definitions.assets.selection import AssetSelection, SelectionLike
from rostrum.definitions.automations.conditions import AutomationCondition
from rostrum.definitions.automations.sensors import DefaultSensorStatus, SensorDefinition
from rostrum.definitions.automations.tick_contexts import SensorEvaluationContext
from rostrum.definitions.automations.tick_outcomes import TickOutcome
from rostrum.definitions.broken import noting_init
from rostrum.definitions.names import string_tags
from rostrum.definitions.sources import caller_source
from rostrum.model.errors import DefinitionError, InvocationError
from rostrum.model.manifest import Source


class AutomationConditionSensorDefinition(SensorDefinition):
    """Evaluates the conditions of its assets and checks at an interval, and asks for what they ask for. Assets that no
    such sensor covers belong to one that every location has by itself.
    """

    __slots__ = ("default_condition", "emit_backfills", "monitored_selection", "run_tags", "use_user_code_server")
    kind = "automation"

    @noting_init
    def __init__(
        self,
        name: str,
        *,
        target: SelectionLike,
        tags: Mapping[str, Any] | None = None,
        run_tags: Mapping[str, Any] | None = None,
        default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
        minimum_interval_seconds: int | None = None,
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        emit_backfills: bool = True,
        use_user_code_server: bool = False,
        default_condition: AutomationCondition | None = None,
        asset_job_keys: Sequence[Any] | None = None,
        source: Source | None = None,
    ) -> None:
        if asset_job_keys:
            raise DefinitionError(
                f"sensor {name}: asset_job_keys is not supported: conditions ask for assets, not for whole jobs; give "
                "the jobs' assets as `target`."
            )
        super().__init__(
            name,
            evaluation_fn=_not_here,
            minimum_interval_seconds=minimum_interval_seconds,
            description=description,
            default_status=default_status,
            tags=tags,
            metadata=metadata,
            source=source or caller_source(),
        )
        self.monitored_selection = AssetSelection.from_coercible(target)
        self.run_tags = string_tags(run_tags)
        """Tags of the runs that it asks for."""
        self.emit_backfills = emit_backfills
        """Whether what does not fit into one run becomes a backfill."""
        self.use_user_code_server = use_user_code_server
        self.default_condition = default_condition
        """Condition of assets that have none."""

    @property
    def asset_selection(self) -> AssetSelection:
        """Assets whose conditions it evaluates."""
        return self.monitored_selection

    def evaluate_tick(self, context: SensorEvaluationContext) -> TickOutcome:
        """Evaluated by the daemon: raises InvocationError."""
        raise InvocationError(
            f"sensor {self.name} evaluates conditions, which the daemon does; in tests use "
            "evaluate_automation_conditions."
        )


def _not_here() -> None:
    raise InvocationError("automation conditions are evaluated by the daemon.")
