"""`dagster.components.core.load_defs`."""

from __future__ import annotations

from rostrum.components.loading import build_component_defs as build_component_defs
from rostrum.components.loading import load_defs as load_defs
from rostrum.components.loading import load_from_defs_folder as load_from_defs_folder
