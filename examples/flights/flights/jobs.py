"""The daily job and its schedule."""

from __future__ import annotations

from flights.raw import days
from rostrum import AssetSelection, ScheduleDefinition, define_asset_job

daily = define_asset_job(
    "daily",
    selection=AssetSelection.groups("raw", "stage", "core")
    - AssetSelection.assets(["raw", "airlines"], ["raw", "airports"], ["raw", "planes"]),
    partitions_def=days,
    description="One day from raw files to figures.",
)

refresh = define_asset_job("refresh", selection=AssetSelection.groups("marts"), description="The report over all days.")

every_morning = ScheduleDefinition(
    name="every_morning",
    job=refresh,
    cron_schedule="30 6 * * *",
    execution_timezone="America/New_York",
    description="The report, before people come in.",
)
