"""Partitions in YAML: `partitions_def: {type: daily, start_date: "2026-01-01"}`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from rostrum.components.resolution import ResolutionContext
from rostrum.components.resolvable import Model
from rostrum.definitions.partitions.definition import (
    DynamicPartitionsDefinition,
    PartitionsDefinition,
    StaticPartitionsDefinition,
)
from rostrum.definitions.partitions.time_windows import (
    DailyPartitionsDefinition,
    HourlyPartitionsDefinition,
    MonthlyPartitionsDefinition,
    TimeWindowPartitionsDefinition,
    WeeklyPartitionsDefinition,
)


class _TimeModel(Model):
    start_date: str
    end_date: str | None = None
    timezone: str | None = None
    minute_offset: int | str | None = None
    fmt: str | None = None
    end_offset: int | str | None = None


class HourlyPartitionsDefinitionModel(_TimeModel):
    """Partitions of an hour."""

    type: Literal["hourly"]


class DailyPartitionsDefinitionModel(_TimeModel):
    """Partitions of a day."""

    type: Literal["daily"]
    hour_offset: int | str | None = None


class WeeklyPartitionsDefinitionModel(_TimeModel):
    """Partitions of a week."""

    type: Literal["weekly"]
    day_offset: int | str | None = None
    hour_offset: int | str | None = None


class MonthlyPartitionsDefinitionModel(_TimeModel):
    """Partitions of a month."""

    type: Literal["monthly"]
    day_offset: int | str | None = None
    hour_offset: int | str | None = None


class TimeWindowPartitionsDefinitionModel(Model):
    """Partitions between the ticks of a cron expression."""

    type: Literal["time_window"]
    start_date: str
    cron_schedule: str
    end_date: str | None = None
    timezone: str | None = None
    fmt: str = "%Y-%m-%d"


class StaticPartitionsDefinitionModel(Model):
    """Partitions by name."""

    type: Literal["static"]
    partition_keys: list[str] | str


class DynamicPartitionsDefinitionModel(Model):
    """Partitions that are added while the system runs."""

    type: Literal["dynamic"]
    name: str


PartitionsModel = Annotated[
    HourlyPartitionsDefinitionModel
    | DailyPartitionsDefinitionModel
    | WeeklyPartitionsDefinitionModel
    | MonthlyPartitionsDefinitionModel
    | TimeWindowPartitionsDefinitionModel
    | StaticPartitionsDefinitionModel
    | DynamicPartitionsDefinitionModel,
    Field(discriminator="type"),
]

_CLASSES: dict[str, Any] = {
    "hourly": HourlyPartitionsDefinition,
    "daily": DailyPartitionsDefinition,
    "weekly": WeeklyPartitionsDefinition,
    "monthly": MonthlyPartitionsDefinition,
    "time_window": TimeWindowPartitionsDefinition,
    "static": StaticPartitionsDefinition,
    "dynamic": DynamicPartitionsDefinition,
}


def made_partitions(context: ResolutionContext, model: Any) -> PartitionsDefinition | None:
    """Partitions from YAML, or those that an expression gave."""
    if not isinstance(model, BaseModel):
        return context.resolve_value(model)
    values: dict[str, Any] = dict(context.resolve_value(model))
    kind = _CLASSES[values.pop("type")]
    values = {name: value for name, value in values.items() if value is not None}
    if kind is TimeWindowPartitionsDefinition:
        values["start"], values["end"] = values.pop("start_date"), values.pop("end_date", None)
        values.setdefault("fmt", "%Y-%m-%d")
    return kind(**values)
