# What editors and type checkers see of `dagster.components.testing`. Written by `./task generate`; do not edit.
from typing import Any

from dagster import get_all_components_defs_within_project as get_all_components_defs_within_project
from dagster import get_component_defs_within_project as get_component_defs_within_project

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

class DefsFolderSandbox:
    def __init__(self, *args: Any, **kwargs: Any) -> None: ...
    def __getattr__(self, name: str) -> Any: ...
def copy_code_to_file(*args: Any, **kwargs: Any) -> Any: ...
def create_defs_folder_sandbox(*args: Any, **kwargs: Any) -> Any: ...
def get_module_path(*args: Any, **kwargs: Any) -> Any: ...
def get_original_module_name(*args: Any, **kwargs: Any) -> Any: ...
def random_importable_name(*args: Any, **kwargs: Any) -> Any: ...
def scaffold_defs_sandbox(*args: Any, **kwargs: Any) -> Any: ...
