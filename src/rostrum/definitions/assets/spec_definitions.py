"""From partitions as data back to the definitions that user code knows."""

from __future__ import annotations

from rostrum.definitions.partitions import multi as multi_partitions
from rostrum.definitions.partitions import time_windows as time_partitions
from rostrum.definitions.partitions.definition import (
    DynamicPartitionsDefinition,
    PartitionsDefinition,
    StaticPartitionsDefinition,
    own_definitions,
)
from rostrum.definitions.partitions.keys import key_of as key_of
from rostrum.model.partitions import DynamicPartitions, MultiPartitions, PartitionsSpec, StaticPartitions


def definition_of(spec: PartitionsSpec) -> PartitionsDefinition:
    """A definition equal to the one that the data came from; of a class of the user's the very one."""
    if own_definitions:
        own = own_definitions.get(spec)
        if own is not None:
            return own
    if isinstance(spec, StaticPartitions):
        return StaticPartitionsDefinition(spec.keys)
    if isinstance(spec, DynamicPartitions):
        return DynamicPartitionsDefinition(name=spec.name)
    if isinstance(spec, MultiPartitions):
        return multi_partitions.MultiPartitionsDefinition({name: definition_of(each) for name, each in spec.dimensions})
    kind = _time_class(spec.cron)
    made = kind.__new__(kind)
    made._spec = spec  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    return made


def _time_class(cron: str) -> type[time_partitions.TimeWindowPartitionsDefinition]:
    """The class whose cadence a cron expression has."""
    fields = cron.split()
    if len(fields) != 5 or not fields[0].isdigit():
        return time_partitions.TimeWindowPartitionsDefinition
    _, hour, day, month, weekday = fields
    if (hour, day, month, weekday) == ("*", "*", "*", "*"):
        return time_partitions.HourlyPartitionsDefinition
    if hour.isdigit() and (day, month, weekday) == ("*", "*", "*"):
        return time_partitions.DailyPartitionsDefinition
    if hour.isdigit() and (day, month) == ("*", "*") and weekday.isdigit():
        return time_partitions.WeeklyPartitionsDefinition
    if hour.isdigit() and day.isdigit() and (month, weekday) == ("*", "*"):
        return time_partitions.MonthlyPartitionsDefinition
    return time_partitions.TimeWindowPartitionsDefinition
