"""6, 7, 8. `rostrum dev`: cold start, memory, idleness, time from submission to user code, a burst of runs."""

from __future__ import annotations

from benchmarks.measure import arguments, emit
from benchmarks.ours.dev import Dev
from benchmarks.servers import burst, cold_start, idle, latency

CODE = """
import os, time
from pathlib import Path
from rostrum import Definitions, job, op

MARKS = Path(__file__).parent / "marks"

@op
def mark(context):
    now = time.time()
    (MARKS / context.run_id).write_text(repr(now))

@job
def one():
    mark()

defs = Definitions(jobs=[one])
"""
QUEUE = "run_queue:\n  max_concurrent_runs: 10\n"

if __name__ == "__main__":
    quick = arguments().quick
    with Dev(CODE, settings=QUEUE) as dev:
        figures = cold_start(dev)
        figures |= idle(dev, 5 if quick else 20)
        dev.run_once()
        figures |= latency(dev, 10 if quick else 30, pause=lambda: 0.05)
        figures["direct_p50_ms"] = figures["latency_p50_ms"]
        figures |= burst(dev, 50 if quick else 200)
    emit(**figures)
