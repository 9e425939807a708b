"""`python -m benchmarks`: measure, print, and (for a whole run) renew the committed report."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import harness, peers, report
from benchmarks.cases import BENCHMARKS
from benchmarks.measure import SCRATCH

FOLDER = Path(__file__).resolve().parent


def main() -> int:
    """Read the options, measure."""
    options = _options()
    if options.report:
        (FOLDER / "REPORT.md").write_text(
            report.markdown(json.loads(Path(options.report).read_text())), encoding="utf-8"
        )
        return 0
    chosen = [each for each in BENCHMARKS if not options.names or each.name in options.names]
    if options.peer:
        peers.ensure()
    results: dict[str, Any] = {"machine": harness.machine(peer=options.peer), "quick": options.quick, "benchmarks": {}}
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as scratch:
        os.environ[SCRATCH] = scratch
        for benchmark in chosen:
            results["benchmarks"][benchmark.name] = harness.run(
                benchmark, peer=options.peer, repeat=options.repeat, quick=options.quick, say=_say
            )
    results["seconds"] = round(time.monotonic() - began)
    print(report.table(results))
    if options.json:
        Path(options.json).write_text(json.dumps(results, indent=1) + "\n")
    is_whole = len(chosen) == len(BENCHMARKS) and options.peer and not options.quick
    if is_whole:
        (FOLDER / "results.json").write_text(json.dumps(results, indent=1) + "\n")
        (FOLDER / "REPORT.md").write_text(report.markdown(results), encoding="utf-8")
        _say("benchmarks/REPORT.md and benchmarks/results.json are renewed")
    _say(f"{results['seconds']} s")
    return 1 if any(samples["problems"] for samples in results["benchmarks"].values()) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./task bench", description="Measures Rostrum, with --peer beside the peer.")
    names = [each.name for each in BENCHMARKS]
    parser.add_argument("names", nargs="*", metavar="name", help=f"only these: {', '.join(names)}")
    parser.add_argument(
        "--peer", action="store_true", help="run the peer too, by turns; its environment is made under .bench/"
    )
    parser.add_argument("--repeat", type=int, metavar="N", help="repetitions of each program (default: its own number)")
    parser.add_argument("--json", metavar="FILE", help="write all samples there")
    parser.add_argument("--quick", action="store_true", help="small sizes, once: to see that all works")
    parser.add_argument("--report", metavar="FILE", help="only make REPORT.md anew from a JSON file")
    options = parser.parse_args()
    if unknown := set(options.names) - set(names):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    return options


def _say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
