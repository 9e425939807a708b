"""`dagster.components.utils`: small things that component packages use."""

from __future__ import annotations

import importlib.util
import platform
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from rostrum.components.translation import TranslatorResolvingInfo as TranslatorResolvingInfo
from rostrum.model.errors import InvocationError


@contextmanager
def ensure_loadable_path(path: Path) -> Generator[None, None, None]:
    """A folder is on the import path meanwhile."""
    added = str(path) not in sys.path
    if added:
        sys.path.append(str(path))
    try:
        yield
    finally:
        if added:
            sys.path.remove(str(path))


def format_error_message(message: str) -> str:
    """The message without the indentation of its source."""
    return " ".join(message.split())


def exit_with_error(error_message: str) -> None:
    """End the process with a message on standard error."""
    sys.stderr.write(f"Error: {format_error_message(error_message)}\n")
    raise SystemExit(1)


def get_path_from_module(module: ModuleType) -> Path:
    """Folder of a package; of a module its file."""
    paths = list(getattr(module, "__path__", ()))
    if paths:
        return Path(paths[0])
    return Path(module.__file__ or "")


def get_path_for_package(package_name: str) -> str:
    """Folder of a package by name. Raises InvocationError where there is none."""
    spec = importlib.util.find_spec(package_name)
    if spec is None or not spec.submodule_search_locations:
        raise InvocationError(f"there is no package {package_name!r}.")
    return spec.submodule_search_locations[0]


def is_windows() -> bool:
    """On Windows."""
    return sys.platform == "win32"


def is_macos() -> bool:
    """On macOS."""
    return platform.system() == "Darwin"


def get_venv_executable(venv_dir: Path, executable: str = "python") -> Path:
    """A program of a virtual environment."""
    return venv_dir / ("Scripts" if is_windows() else "bin") / (f"{executable}.exe" if is_windows() else executable)


def install_to_venv(venv_dir: Path, install_args: list[str]) -> None:
    """Install packages into a virtual environment."""
    python = get_venv_executable(venv_dir)
    subprocess.run(["uv", "pip", "install", "--python", str(python), *install_args], check=True)
