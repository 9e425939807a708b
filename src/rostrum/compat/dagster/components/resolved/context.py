"""`dagster.components.resolved.context`."""

from __future__ import annotations

from rostrum.components.resolution import ResolutionContext as ResolutionContext
from rostrum.model.errors import ResolutionError as ResolutionException

__all__ = ["ResolutionContext", "ResolutionException"]
