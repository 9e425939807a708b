"""Classes of warnings that programs filter by, and names that `dagster` exports by accident."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final
from typing import Tuple as TypingTuple  # noqa: UP035 - the name is exported

__all__ = [
    "MAX_RUNTIME_SECONDS_TAG",
    "TYPE_CHECKING",
    "BetaWarning",
    "Callable",
    "ConfigArgumentWarning",
    "Final",
    "PreviewWarning",
    "SupersessionWarning",
    "TypingTuple",
    "deprecation_warning",
    "file_relative_path",
]

MAX_RUNTIME_SECONDS_TAG = "dagster/max_runtime"
"""Tag of a run: seconds after which it is ended."""
TYPE_CHECKING = False


class PreviewWarning(Warning):
    """Something is at an early stage. Rostrum warns of nothing in this way; the class is there to be filtered by."""


class BetaWarning(Warning):
    """Something may change. Rostrum warns of nothing in this way; the class is there to be filtered by."""


class SupersessionWarning(FutureWarning):
    """Something else should be used. Rostrum warns of nothing in this way; the class is there to be filtered by."""


class ConfigArgumentWarning(SyntaxWarning):
    """A parameter is called `config` but has no config class. Rostrum refuses that; the class is there to be filtered
    by.
    """


def deprecation_warning(
    subject: str, breaking_version: str, additional_warn_text: str | None = None, stacklevel: int = 3
) -> None:
    """Warn that `subject` goes away in a version."""
    import warnings

    more = f" {additional_warn_text}" if additional_warn_text else ""
    warnings.warn(f"{subject} is deprecated and goes away in {breaking_version}.{more}", DeprecationWarning, stacklevel)


def file_relative_path(dunderfile: str, relative_path: str) -> str:
    """A path from the folder of a file: `file_relative_path(__file__, "data.csv")`."""
    return os.path.join(Path(dunderfile).parent, relative_path)  # noqa: PTH118 - a joined `..` stays as written
