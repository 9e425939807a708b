"""Runs the measured programs, each in a fresh process, ours and the peer's in turn: A B A B."""

from __future__ import annotations

import datetime as dt
import os
import platform
import re
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import peers
from benchmarks.cases import Benchmark
from benchmarks.measure import last_json

ROOT = Path(__file__).resolve().parent.parent
OURS = ("sqlalchemy", "msgspec", "grpcio", "uvicorn", "starlette")
LIMIT_SECONDS = 600
PATHS = re.compile(r"(?<![\w.])/[\w.+-]+(/[\w.+-]+)+")
"""Paths of this machine: they have no place in a report."""
DISTURBING = {"PYTHONDONTWRITEBYTECODE", "PYTHONWARNINGS", "PYTHONDEVMODE", "ROSTRUM_HOME"}
"""Settings of the caller that would change what is measured: without byte code every import compiles."""

Sample = dict[str, float]


class ProgramFailed(Exception):
    """A measured program did not come to its end."""


def measured(python: Path | str, module: str, *, quick: bool) -> Sample:
    """Run one program; its figures, with `_wall_s`, `_cpu_s` and `_peak_mib` of the whole program."""
    command = [str(python), "-m", module, *(["--quick"] if quick else [])]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    kept = {name: value for name, value in os.environ.items() if name not in DISTURBING}
    environment = kept | {"PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))}
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=LIMIT_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise ProgramFailed(f"{module} did not end within {LIMIT_SECONDS} s") from None
    if done.returncode:
        told = (done.stderr or done.stdout).strip()
        print(told[-4000:], file=sys.stderr)
        last = PATHS.sub("...", told.splitlines()[-1] if told else "it printed nothing")
        raise ProgramFailed(f"{module} ended with status {done.returncode}: {last[:300]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {**last_json(done.stdout), "_wall_s": time.perf_counter() - began, "_cpu_s": cpu}


def run(
    benchmark: Benchmark, *, peer: bool, repeat: int | None, quick: bool, say: Callable[[str], None]
) -> dict[str, Any]:
    """All samples of a benchmark: `ours`, `peer` (in pairs by position), and `problems`."""
    rounds = repeat or (1 if quick else benchmark.repeat)
    peer_rounds = min(rounds, 1 if quick else benchmark.peer_repeat) if peer and benchmark.peer_repeat else 0
    found: dict[str, Any] = {"ours": [], "peer": [], "problems": []}
    for turn in range(rounds):
        sides = [("ours", sys.executable, f"benchmarks.ours.{benchmark.name}")]
        if turn < peer_rounds:
            sides.append(("peer", peers.PYTHON, f"benchmarks.peer.{benchmark.name}"))
        for side, python, module in sides:
            say(f"{benchmark.name}: {side} {turn + 1}/{peer_rounds if side == 'peer' else rounds}")
            try:
                found[side].append(measured(python, module, quick=quick))
            except ProgramFailed as failure:
                found["problems"].append(f"{side}: {failure}")
    return found


def ratios(ours: Sequence[Sample], peer: Sequence[Sample], name: str, *, more_is_better: bool) -> list[float]:
    """How many times better ours is, pair by pair. More pairs cannot be made than the peer was run."""
    pairs = [(one[name], other[name]) for one, other in zip(ours, peer, strict=False) if name in one and name in other]
    return [(a / b if more_is_better else b / a) for a, b in pairs if a > 0 and b > 0]


def spread(values: Sequence[float]) -> dict[str, float]:
    """Least, middle and greatest; `spread` is their range over the middle."""
    middle = statistics.median(values)
    least, greatest = min(values), max(values)
    return {"min": least, "median": middle, "max": greatest, "spread": (greatest - least) / middle if middle else 0.0}


def machine(*, peer: bool) -> dict[str, Any]:
    """What it was measured on; nothing that names the machine."""
    import importlib.metadata as metadata

    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return {
        "date": dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": commit.stdout.strip(),
        "cores": len(os.sched_getaffinity(0)),
        "processor": model,
        "memory_gib": round(memory),
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2),
        "versions": {"rostrum": metadata.version("rostrum"), **{name: metadata.version(name) for name in OURS}},
        "peer": peers.versions() if peer else {},
    }
