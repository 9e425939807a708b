"""Names that expressions in every component file see: `env` (see templates), `context`, `project_root`,
`automation_condition`.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from rostrum.components.context import ComponentLoadContext
from rostrum.components.templates import Lazily


def standard_scope(context: ComponentLoadContext) -> Mapping[str, Any]:
    """The names, for the context of an instance."""
    return {
        "context": context,
        "project_root": str(context.project_root),
        "automation_condition": Lazily(_automation_condition),
        "load_component_at_path": context.load_component,
        "build_defs_at_path": context.build_defs,
    }


def _automation_condition() -> Any:
    # By name: most projects load without it, and it is much to load.
    return importlib.import_module("rostrum.definitions.automations.conditions").AutomationCondition
