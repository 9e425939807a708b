"""An interpreter with the published `dagster-pipes` package, as external processes of users have it: an environment of
its own under `.pipes-client/` (ignored by git), made when it is missing. None of it is read by us, or is in ours.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".pipes-client"
PYTHON = FOLDER / "bin/python"
REQUIREMENTS = ROOT / "tests/integration/pipes/requirements.txt"


def client_python() -> Path:
    """The interpreter; its environment is made when it is missing or its requirements have changed."""
    key = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()
    stamp = FOLDER / ".made"
    # Two test commands may start at once. (Not `.lock`: that is uv's own, and both would wait for each other.)
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / ".making").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != key:
            _make()
            stamp.write_text(key)
    return PYTHON


def _make() -> None:
    """With uv for speed, with pip where uv cannot."""
    uv = Path(sys.executable).parent / "uv"
    try:
        shutil.rmtree(FOLDER / "lib", ignore_errors=True)
        _run(uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, FOLDER)
        _run(uv, "pip", "install", "--quiet", "--python", PYTHON, "-r", REQUIREMENTS)
    except (OSError, subprocess.CalledProcessError):
        _run(sys.executable, "-m", "venv", "--clear", FOLDER)
        _run(PYTHON, "-m", "pip", "install", "--quiet", "-r", REQUIREMENTS)


def _run(*command: str | Path) -> None:
    environment = {"UV_SYSTEM_CERTS": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", **os.environ}
    arguments = [str(part) for part in command]
    subprocess.run(arguments, stdin=subprocess.DEVNULL, env=environment, check=True, timeout=600)
