"""A home folder of the peer's instance: SQLite, its default, and no telemetry."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import scratch

SETTINGS = "telemetry:\n  enabled: false\n"


@contextlib.contextmanager
def instance_home(settings: str = "") -> Iterator[Path]:
    """A new home, named by the environment."""
    with scratch() as home:
        (home / "dagster.yaml").write_text(SETTINGS + settings)
        os.environ["DAGSTER_HOME"] = str(home)
        yield home
