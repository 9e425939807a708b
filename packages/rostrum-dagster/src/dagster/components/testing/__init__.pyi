# What editors and type checkers see of `dagster.components.testing`. Written by `./task generate`; do not edit.
from typing import Any

from rostrum.compat.dagster.components.testing import DefsFolderSandbox as DefsFolderSandbox
from rostrum.compat.dagster.components.testing import copy_code_to_file as copy_code_to_file
from rostrum.compat.dagster.components.testing import create_defs_folder_sandbox as create_defs_folder_sandbox
from rostrum.compat.dagster.components.testing import get_all_components_defs_within_project as get_all_components_defs_within_project
from rostrum.compat.dagster.components.testing import get_component_defs_within_project as get_component_defs_within_project
from rostrum.compat.dagster.components.testing import get_module_path as get_module_path
from rostrum.compat.dagster.components.testing import get_original_module_name as get_original_module_name
from rostrum.compat.dagster.components.testing import random_importable_name as random_importable_name

__all__ = [
    "DefsFolderSandbox",
    "copy_code_to_file",
    "create_defs_folder_sandbox",
    "get_all_components_defs_within_project",
    "get_component_defs_within_project",
    "get_module_path",
    "get_original_module_name",
    "random_importable_name",
    "scaffold_defs_sandbox",
]

def scaffold_defs_sandbox(*args: Any, **kwargs: Any) -> Any: ...
