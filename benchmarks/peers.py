"""The peer's own virtual environment, made on demand under `.bench/` (ignored by git). None of it is read by us."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".bench/peer"
PYTHON = FOLDER / "bin/python"
REQUIREMENTS = Path(__file__).resolve().parent / "peer/requirements.txt"


def ensure() -> Path:
    """The peer's interpreter; the environment is made when it is missing or its requirements have changed."""
    key = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()
    stamp = FOLDER / ".made"
    if stamp.exists() and stamp.read_text() == key:
        return PYTHON
    print("making the peer's environment (a minute or two, once)", file=sys.stderr, flush=True)
    shutil.rmtree(FOLDER, ignore_errors=True)
    uv = Path(sys.executable).parent / "uv"
    if uv.exists():
        _run(uv, "venv", "--quiet", "--python", sys.executable, FOLDER)
        # With byte code, as pip makes it: without, the peer would compile itself at every start of a process.
        _run(uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", PYTHON, "-r", REQUIREMENTS)
    else:
        _run(sys.executable, "-m", "venv", FOLDER)
        _run(PYTHON, "-m", "pip", "install", "--quiet", "-r", REQUIREMENTS)
    stamp.write_text(key)
    return PYTHON


def versions() -> dict[str, str]:
    """Installed versions of what is compared with."""
    names = [line.partition("==")[0] for line in REQUIREMENTS.read_text().split() if "==" in line]
    code = f"import importlib.metadata as m; print(*[m.version(n) for n in {names!r}])"
    done = subprocess.run([PYTHON, "-c", code], capture_output=True, text=True, check=True)
    return dict(zip(names, done.stdout.split(), strict=True))


def _run(*command: str | Path) -> None:
    subprocess.run([str(part) for part in command], check=True, stdin=subprocess.DEVNULL)
