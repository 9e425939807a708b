"""1. What importing the definition library costs."""

from __future__ import annotations

from benchmarks.measure import arguments, emit, import_cost

if __name__ == "__main__":
    emit(**import_cost("from rostrum import asset, Definitions", 3 if arguments().quick else 9))
