"""`import dagster` gives Rostrum's: the corpus is written as users of that package write."""

from __future__ import annotations

from rostrum.compat import aliases

aliases.install()
