# What editors and type checkers see of `dagster.components.utils`. Written by `./task generate`; do not edit.
from typing import Any

from dagster import DagsterError as DagsterError
from rostrum.compat.dagster.components.utils import TranslatorResolvingInfo as TranslatorResolvingInfo
from rostrum.compat.dagster.components.utils import ensure_loadable_path as ensure_loadable_path
from rostrum.compat.dagster.components.utils import exit_with_error as exit_with_error
from rostrum.compat.dagster.components.utils import format_error_message as format_error_message
from rostrum.compat.dagster.components.utils import get_path_for_package as get_path_for_package
from rostrum.compat.dagster.components.utils import get_path_from_module as get_path_from_module
from rostrum.compat.dagster.components.utils import get_venv_executable as get_venv_executable
from rostrum.compat.dagster.components.utils import install_to_venv as install_to_venv
from rostrum.compat.dagster.components.utils import is_macos as is_macos
from rostrum.compat.dagster.components.utils import is_windows as is_windows

__all__ = [
    "DagsterError",
    "TranslatorResolvingInfo",
    "ensure_loadable_path",
    "exit_with_error",
    "format_error_message",
    "get_path_for_package",
    "get_path_from_module",
    "get_venv_executable",
    "install_to_venv",
    "is_macos",
    "is_windows",
]
