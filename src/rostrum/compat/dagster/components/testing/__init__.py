"""`dagster.components.testing`."""

from __future__ import annotations

from rostrum.components.loading import get_all_components_defs_within_project as get_all_components_defs_within_project
from rostrum.components.loading import get_component_defs_within_project as get_component_defs_within_project
from rostrum.components.testing import DefsFolderSandbox as DefsFolderSandbox
from rostrum.components.testing import copy_code_to_file as copy_code_to_file
from rostrum.components.testing import create_defs_folder_sandbox as create_defs_folder_sandbox
from rostrum.components.testing import get_module_path as get_module_path
from rostrum.components.testing import get_original_module_name as get_original_module_name
from rostrum.components.testing import random_importable_name as random_importable_name
