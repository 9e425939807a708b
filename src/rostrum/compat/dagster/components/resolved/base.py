"""`dagster.components.resolved.base`."""

from __future__ import annotations

from rostrum.components.resolvable import Resolvable as Resolvable
from rostrum.components.resolvable import resolve_fields as resolve_fields
