"""`dagster.components.core.component_tree`."""

from __future__ import annotations

from rostrum.components.tree import ComponentTree as ComponentTree
from rostrum.model.errors import ComponentTreeError as ComponentTreeException

__all__ = ["ComponentTreeException"]
