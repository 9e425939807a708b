"""The benchmarks: their numbers, figures and budgets. Budgets are told as met or not, never asserted.

A program of the same name exists in `ours/` and, where a peer does the same work, in `peer/`. Budgets are for a
two-core machine; ratios to the peer, measured in the same invocation, are what counts.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One number that a program tells."""

    name: str
    label: str
    unit: str
    at_most: float | None = None
    at_least: float | None = None
    """The budget, in `unit`; a figure without one is for information."""
    ratio: float | None = None
    """How many times better than the peer it is to be."""
    more_is_better: bool = False
    compared: bool = True
    """False: a ratio to the peer's figure would mean nothing."""

    def meets(self, value: float) -> bool | None:
        """None where there is no budget."""
        if self.at_most is not None:
            return value <= self.at_most
        if self.at_least is not None:
            return value >= self.at_least
        return None

    @property
    def budget(self) -> str:
        """For people."""
        if self.at_most is not None:
            return f"≤ {number(self.at_most)}"
        return f"≥ {number(self.at_least)}" if self.at_least is not None else ""


@dataclass(frozen=True)
class Benchmark:
    """One program (and its twin of the peer) with its figures."""

    name: str
    numbers: str
    """Of the table of budgets; empty: it has none there."""
    what: str
    figures: tuple[Figure, ...]
    repeat: int = 5
    peer_repeat: int = 3
    """0: the peer has nothing to compare with."""

    @property
    def title(self) -> str:
        """Its heading."""
        return f"{self.numbers}. {self.what}" if self.numbers else self.what


def number(value: float | None) -> str:
    """Three significant digits, thousands apart."""
    if value is None:
        return ""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}".replace(",", " ")
    return f"{value:.3g}"


def _less(name: str, label: str, unit: str, at_most: float | None = None, ratio: float | None = None) -> Figure:
    return Figure(name, label, unit, at_most=at_most, ratio=ratio)


def _more(name: str, label: str, unit: str, at_least: float | None = None, ratio: float | None = None) -> Figure:
    return Figure(name, label, unit, at_least=at_least, ratio=ratio, more_is_better=True)


BENCHMARKS = (
    Benchmark(
        "imports", "1", "import of the definition library: what it adds to a bare interpreter",
        (
            _less("over_bare_ms", "import, wall", "ms", 60, 8),
            _less("cpu_over_bare_ms", "import, processor", "ms"),
            _less("modules", "modules loaded", "", 150),
            _less("memory_mib", "memory of the process (peak)", "MiB", 30),
        ),
    ),
    Benchmark(
        "in_process", "2", "a job of ops in the caller's process, nothing persisted",
        (
            _more("steps_per_second_100", "100 ops", "steps/s", 5000, 40),
            _more("steps_per_second_1000", "1 000 ops", "steps/s", 5000),
            _more("steps_per_second_10000", "10 000 ops", "steps/s", 5000),
            Figure("growth", "cost of a step, largest job over 100 ops", "x", at_most=1.5, compared=False),
        ),
        peer_repeat=2,
    ),
    Benchmark(
        "in_process_sqlite", "3", "the same, every event and all derived state in SQLite",
        (
            _more("steps_per_second_100", "100 ops", "steps/s", 1500, 50),
            _more("steps_per_second_1000", "1 000 ops", "steps/s", 1500),
            _less("cpu_ms_per_step_100", "processor time a step, 100 ops", "ms"),
        ),
    ),
    Benchmark(
        "materialize", "4", "materialize() of 100 chained assets, values on disk",
        (
            _more("steps_per_second_none", "nothing persisted", "steps/s", 3000, 50),
            _more("steps_per_second_sqlite", "SQLite", "steps/s", 1000, 50),
            _less("cpu_ms_per_step_none", "processor time a step, nothing persisted", "ms"),
            _less("cpu_ms_per_step_sqlite", "processor time a step, SQLite", "ms"),
        ),
    ),
    Benchmark(
        "multiprocess", "5", "multiprocess executor, trivial ops, 2 at once, SQLite",
        (
            _less("ms_per_step", "a step, wall", "ms", 12, 100),
            _less("cpu_ms_per_step", "a step, processor", "ms"),
        ),
        peer_repeat=2,
    ),
    Benchmark(
        "fan_out", "", "a wide fan-out, mapped and collected; SQLite (peer: those coroutines that end in 4 min)",
        (
            _more("in_process_1000_items_per_s", "1 000 items, one after the other in process", "items/s", 1500, 50),
            _less("multiprocess_ms_per_item", "1 000 items, a process each, 2 at once", "ms", 12),
            _more("async_10000_items_per_s", "10 000 coroutines in one process, a status each", "items/s", 2000),
            _less("async_10000_kb_per_item", "memory an item", "kB", 20),
            _more("async_10000_memory_items_per_s", "the same, values in memory", "items/s", 2000),
            _more("bare_files_items_per_s", "nothing but the files of their values, same disk", "items/s"),
        ),
        repeat=2,
        peer_repeat=1,
    ),
    Benchmark(
        "fib", "18", "40 tiny tasks in sequence (fib 10), 10 long ones (fib 33); SQLite",
        (
            _less("in_process_tiny_s", "40 tiny, in process", "s", 0.05, 24),
            _less("multiprocess_tiny_s", "40 tiny, a process each", "s", 0.5, 130),
            _less("in_process_long_s", "10 long, in process", "s", 3.45, 1.1),
            _less("multiprocess_long_s", "10 long, a process each", "s", 3.6, 6),
            _less("bare_long_s", "10 long, bare Python, same machine", "s"),
        ),
        repeat=3,
        peer_repeat=1,
    ),
    Benchmark(
        "server", "6-8", "the development server: runs through queue, launcher, worker; cold start and rest",
        (
            _less("latency_p50_ms", "submission to user code, queued, p50", "ms", 40, 50),
            _less("latency_p95_ms", "submission to user code, queued, p95", "ms", 100, 50),
            _less("direct_p50_ms", "the same, peer without its queue, p50", "ms"),
            _less("latency_cpu_ms_per_run", "processor time of a run, server included", "ms", 50, 40),
            _more("runs_per_minute", "burst, 10 slots", "runs/min", 2000, 40),
            _less("submit_ms", "one submission by the API", "ms"),
            _less("burst_cpu_ms_per_run", "processor time of a run in the burst", "ms"),
            _less("start_s", "cold start to code loaded, wall", "s"),
            _less("start_cpu_s", "cold start, processor", "s", 1.2),
            _less("pss_mib", "memory of all processes (PSS)", "MiB", 150),
            _less("rss_mib", "memory of all processes (RSS)", "MiB"),
            _less("processes", "processes", ""),
            _less("idle_percent_of_a_core", "idle", "% of a core", 0.5),
        ),
        repeat=3,
        peer_repeat=1,
    ),
    Benchmark(
        "scale", "9", "definitions of many assets: build, resolve, serialise (the peer without serialising)",
        (
            _less("seconds_1000", "1 000 assets", "s"),
            _less("seconds_5000", "5 000 assets", "s"),
            _less("seconds_10000", "10 000 assets", "s", 1.0, 17),
            Figure("growth", "cost of an asset, 10 000 over 1 000", "x", at_most=1.5, compared=False),
            _less("build_s_10000", "  of it building", "s"),
            _less("compile_s_10000", "  of it resolving", "s"),
            _less("encode_s_10000", "  of it encoding and hashing", "s"),
            _less("compressed_kb_10000", "manifest, compressed", "kB", 2500),
            _less("changed_kb_10000", "sent again for one changed asset", "kB", 20),
            _less("memory_mib_10000", "memory of the process", "MiB"),
        ),
        peer_repeat=1,
    ),
    Benchmark(
        "listing", "10-11", "the development server on 10 000 assets: until ready, and listing all of them",
        (
            _less("ready_s", "start to code loaded, wall", "s"),
            _less("ready_cpu_s", "start, processor", "s", 2.5, 10),
            _less("ready_pss_mib", "memory of all processes (PSS)", "MiB", 200),
            _less("list_cpu_ms", "list after a change, processor", "ms", 20, 40),
            _less("list_first_cpu_ms", "list for the first time, processor", "ms"),
            _less("list_cached_cpu_ms", "list again, processor", "ms"),
            _less("list_304_cpu_ms", "list unchanged (304), processor", "ms"),
            _less("list_kb", "answer as sent", "kB", 120),
        ),
        repeat=2,
        peer_repeat=1,
    ),
    Benchmark(
        "event_path", "12", "events of four workers through the gateway, all state stored (peer: one process)",
        (
            _more("events_per_second", "events stored", "events/s", 10_000, 80),
            _less("cpu_us_per_event", "processor time an event", "µs"),
            _less("stored_p50_ms", "one event, accepted and stored, p50", "ms"),
            _less("stored_p95_ms", "one event, accepted and stored, p95", "ms"),
            _more("bare_insert_per_second", "bare batched inserts into SQLite, same machine", "rows/s"),
        ),
        repeat=3,
    ),
)  # fmt: skip
