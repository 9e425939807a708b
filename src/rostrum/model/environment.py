"""What is installed where definitions were loaded."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from typing import Any

import msgspec

_INFO = re.compile(r"(?P<name>[^-]+)-(?P<version>[^-]+)(?:-py[\d.]+)?\.(?:dist|egg)-info")


class Environment(msgspec.Struct, frozen=True, omit_defaults=True):
    """A Python, its platform and the distributions on its import path: names with versions."""

    python: str = ""
    platform: str = ""
    packages: dict[str, str] = {}

    @classmethod
    def here(cls, path: Iterable[str] | None = None) -> Environment:
        """That of this process, or of another import path. Reads names of folders only: a millisecond."""
        import platform  # what only defines things need not load these
        from pathlib import Path

        found: dict[str, str] = {}
        for folder in sys.path if path is None else path:
            for name in _listed(Path(folder)):
                info = _INFO.fullmatch(name)
                if info is not None:  # the first on the path is the one that is imported
                    found.setdefault(info["name"].replace("_", "-").lower(), info["version"])
        return cls(sys.version, platform.platform(), dict(sorted(found.items())))


def _listed(folder: Any) -> list[str]:
    try:
        return [each.name for each in folder.iterdir()]
    except OSError:  # a zip file, or nothing
        return []
