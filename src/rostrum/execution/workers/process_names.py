"""Names of our processes as `ps`, `top` and `pkill` show them: forks have the command line of what they were forked
from.
"""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

RUN, STEP, SHARED, EVALUATOR = "rostrum-run", "rostrum-step", "rostrum-steps", "rostrum-eval"


def name_process(name: str) -> None:
    """Name this process (15 characters at most); nothing where the kernel does not offer it."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            Path("/proc/self/comm").write_text(name)
