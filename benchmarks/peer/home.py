"""A home folder of the peer's instance: SQLite, its default, and no telemetry."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

SETTINGS = "telemetry:\n  enabled: false\n"


@contextlib.contextmanager
def instance_home(settings: str = "") -> Iterator[Path]:
    """A new home, named by the environment."""
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        (home / "dagster.yaml").write_text(SETTINGS + settings)
        os.environ["DAGSTER_HOME"] = str(home)
        yield home
