"""Captured output in files of the local disk."""

from __future__ import annotations

from rostrum.storage.logs.local import LocalLogStore

__all__ = ["LocalLogStore"]
