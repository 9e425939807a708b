"""By this file Rostrum knows that this package is a shim of its own."""

from __future__ import annotations
