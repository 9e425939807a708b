"""What the measured programs share: figures as JSON, processor time and memory of process trees. Standard library only.

It runs under the peer's interpreter as well, so it imports neither third-party packages nor Rostrum.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Self, TypeVar

T = TypeVar("T")

SCRATCH = "BENCHMARK_SCRATCH"
"""Environment variable that names the folder for what is stored while it is measured."""
MARK = "BENCHMARK_TREE"
"""Environment variable by which the processes of one measured server are found, whoever their parent is."""
_TICK = os.sysconf("SC_CLK_TCK")
MIB = 1024 * 1024


def arguments() -> argparse.Namespace:
    """Options that the harness gives to every program."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--part", default="")
    return parser.parse_args()


def emit(**figures: float | None) -> None:
    """Print the figures: the last line of a program's output."""
    print(json.dumps({name: value for name, value in figures.items() if value is not None}), flush=True)


def last_json(text: str) -> dict[str, float]:
    """Figures from a program's output."""
    return json.loads(text.strip().splitlines()[-1])


def part(program: str, name: str, *, quick: bool = False) -> dict[str, float]:
    """Run a part of the calling program in a fresh process; its figures."""
    command = [sys.executable, "-m", program, "--part", name, *(["--quick"] if quick else [])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{program} --part {name} failed:\n{done.stderr[-4000:]}")
    return last_json(done.stdout)


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A new folder to store in. Within a whole run of benchmarks it is left behind: ext4 does not use the inodes of
    deleted files again for some minutes, and searches past all of them, so that after many deletions each new file
    takes ten times as long. No measurement is to pay for the one before.
    """
    kept = os.environ.get(SCRATCH)
    if kept:
        yield Path(tempfile.mkdtemp(prefix="bench-", dir=kept))
        return
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


class Timer:
    """Wall and processor seconds of a block (this process and its finished children)."""

    def __enter__(self) -> Self:
        self._cpu, self._wall = _own_cpu(), time.perf_counter()
        return self

    def __exit__(self, *raised: object) -> None:
        self.wall = time.perf_counter() - self._wall
        self.cpu = _own_cpu() - self._cpu


def _own_cpu() -> float:
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def until(what: str, ask: Callable[[], T], seconds: float, pause: float = 0.01) -> T:
    """Ask until the answer is true."""
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError, ValueError):
            if answer := ask():
                return answer
        if time.monotonic() > deadline:
            raise SystemExit(f"waited {seconds} s in vain until {what}")
        time.sleep(pause)


# --------------------------------------------------------------------------------------------------- trees of processes


def tree(mark: str) -> list[int]:
    """Living processes that carry the mark in their environment."""
    wanted = f"{MARK}={mark}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if wanted in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
    return found


def cpu_of(pids: Sequence[int]) -> float:
    """Processor seconds used by these processes and by their finished children."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += sum(int(field) for field in fields[11:15])
    return total / _TICK


def busy_of(pid: int) -> float:
    """Processor seconds of the living threads of a process, to the nanosecond (`cpu_of` counts in ticks of 10 ms)."""
    total = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            total += int((thread / "schedstat").read_text().split()[0])
    return total / 1e9


def pss_of(pids: Sequence[int]) -> float:
    """Proportional set size together, MiB: shared pages are counted once."""
    return sum(_rollup(pid, "Pss:") for pid in pids) / 1024


def rss_of(pids: Sequence[int]) -> float:
    """Resident set size together, MiB."""
    return sum(_rollup(pid, "Rss:") for pid in pids) / 1024


def _rollup(pid: int, field: str) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith(field):
                return int(line.split()[1])
    return 0


def end(mark: str, seconds: float = 10.0) -> None:
    """End all processes of a tree: ask, then kill."""
    import signal

    for number, patience in ((signal.SIGTERM, seconds), (signal.SIGKILL, 2.0)):
        for pid in tree(mark):
            with contextlib.suppress(OSError):
                os.kill(pid, number)
        deadline = time.monotonic() + patience
        while tree(mark) and time.monotonic() < deadline:
            time.sleep(0.05)


# -------------------------------------------------------------------------------------------------------------- figures


def percentile(values: Sequence[float], percent: float) -> float:
    """Of a sample: the value that `percent` of it do not exceed (linear between neighbours)."""
    ordered = sorted(values)
    place = (len(ordered) - 1) * percent / 100
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def median(values: Sequence[float]) -> float:
    """The middle."""
    return statistics.median(values)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Standard output and error go nowhere for a while: what a terminal costs is not measured."""
    saved = os.dup(1), os.dup(2)
    sink = os.open(os.devnull, os.O_WRONLY)
    try:
        sys.stdout.flush()
        os.dup2(sink, 1)
        os.dup2(sink, 2)
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(saved[0], 1)
        os.dup2(saved[1], 2)
        for number in (*saved, sink):
            os.close(number)


def import_cost(statement: str, rounds: int) -> dict[str, float]:
    """What a statement adds to a bare interpreter: milliseconds and modules; and the memory of the process."""
    tell = (
        "import sys,resource;"
        "print(len(sys.modules), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,"
        " sum(resource.getrusage(resource.RUSAGE_SELF)[:2]))"
    )
    bare: list[list[float]] = []
    full: list[list[float]] = []
    for _ in range(rounds + 1):
        for code, into in ((tell, bare), (f"{statement};{tell}", full)):
            began = time.perf_counter()
            done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
            into.append([time.perf_counter() - began, *map(float, done.stdout.split())])
    del bare[0], full[0]  # the first finds cold files

    def middle(rows: Sequence[Sequence[float]], column: int) -> float:
        return median([row[column] for row in rows])

    return {
        "bare_ms": middle(bare, 0) * 1000,
        "over_bare_ms": median([one[0] - other[0] for one, other in zip(full, bare, strict=True)]) * 1000,
        "cpu_over_bare_ms": median([one[3] - other[3] for one, other in zip(full, bare, strict=True)]) * 1000,
        "modules": middle(full, 1) - middle(bare, 1),
        "memory_mib": middle(full, 2),
    }
