"""Captured output: in files of the local disk, or in an object store."""

from __future__ import annotations

from rostrum.storage.logs.local import LocalLogStore

__all__ = ["LocalLogStore"]
