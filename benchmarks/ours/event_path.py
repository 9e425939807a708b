"""12. Events from workers through the gateway into SQLite with all derived state; details: `benchmarks/events.py`."""

from __future__ import annotations

from benchmarks import events
from benchmarks.measure import arguments, emit

if __name__ == "__main__":
    figures = events.run(events=18_000 if arguments().quick else 60_000, workers=4, repeat=1)
    emit(
        **figures,
        cpu_us_per_event=figures["server_cpu_microseconds_per_event"] + figures["worker_cpu_microseconds_per_event"],
    )
