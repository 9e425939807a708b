"""6, 7, 8. `dagster dev`: cold start, memory, idleness, time from submission to user code, a burst of runs."""

from __future__ import annotations

import random

from benchmarks.measure import arguments, emit
from benchmarks.peer.dev import Dev
from benchmarks.servers import burst, cold_start, idle, latency

CODE = """
import time
from pathlib import Path
from dagster import Definitions, job, op

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
QUEUE = "concurrency:\n  runs:\n    max_concurrent_runs: 10\n"
DIRECT = "run_coordinator:\n  module: dagster.core.run_coordinator\n  class: DefaultRunCoordinator\n"


def main() -> None:
    quick = arguments().quick
    chance = random.Random(1)
    with Dev(CODE, settings=QUEUE) as dev:
        figures = cold_start(dev)
        figures |= idle(dev, 5 if quick else 20)
        dev.run_once()
        # The peer's queue is polled: without a random pause every submission would meet it at the same moment.
        figures |= latency(dev, 2 if quick else 5, pause=lambda: chance.uniform(0, 5))
        figures |= burst(dev, 10 if quick else 20)
    if not quick:
        with Dev(CODE, settings=DIRECT) as dev:
            dev.run_once()
            direct = latency(dev, 5, pause=lambda: 0.05, prefix="direct")
        figures["direct_p50_ms"] = direct["direct_p50_ms"]
    emit(**figures)


if __name__ == "__main__":
    main()
