"""The flights that left New York in 2013: from raw files to a report, one partition a day."""

from __future__ import annotations

import os
from pathlib import Path

from flights import checks, core, jobs, marts, raw, stage
from flights.frames import FrameStore
from flights.source import Nycflights
from rostrum import Definitions, load_assets_from_modules

HOME = Path(os.environ.get("FLIGHTS_DATA") or Path(os.environ.get("ROSTRUM_HOME") or ".rostrum") / "flights").absolute()

defs = Definitions(
    assets=load_assets_from_modules([raw, stage, core, marts]),
    asset_checks=checks.ALL,
    jobs=[jobs.daily, jobs.refresh],
    schedules=[jobs.every_morning],
    resources={
        "nycflights": Nycflights(cache=str(HOME / "cache")),
        "io_manager": FrameStore(folder=str(HOME / "tables")),
    },
)
