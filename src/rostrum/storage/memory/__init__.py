"""State in dictionaries: tests, and `materialize()` without an installation."""

from __future__ import annotations

from rostrum.storage.memory.storage import MemoryStorage

__all__ = ["MemoryStorage"]
