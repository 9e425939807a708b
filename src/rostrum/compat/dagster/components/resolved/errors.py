"""`dagster.components.resolved.errors`."""

from __future__ import annotations

from rostrum.model.errors import ResolutionError as ResolutionException

__all__ = ["ResolutionException"]
