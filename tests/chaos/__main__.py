"""`python -m tests.chaos`: thousands of rounds; `--report` writes what they have shown."""

from __future__ import annotations

import argparse
import platform
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.chaos.rounds import BLOCK, Outcome, Round, drawn, play
from tests.chaos.world import World, can_run_out_of_memory


class Tally:
    """Counts of all rounds so far."""

    def __init__(self) -> None:
        self.rounds = self.runs = self.acted = 0
        self.seconds = 0.0
        self.by: dict[str, Counter[str]] = {"victim": Counter(), "moment": Counter(), "action": Counter()}
        self.statuses: Counter[str] = Counter()
        self.broken: list[str] = []

    def add(self, round_: Round, outcome: Outcome) -> None:
        """Take in one round."""
        self.rounds += 1
        self.runs += len(round_.jobs)
        self.seconds += outcome.seconds
        self.statuses.update(outcome.statuses)
        if outcome.acted:
            self.acted += 1
            for what, counter in self.by.items():
                counter[getattr(round_, what)] += 1
        self.broken += [f"{round_}: {each}" for each in outcome.broken]

    def text(self, first: int, oom: bool) -> str:
        """The report, in Markdown."""
        kernel = "" if oom else "; this machine offers no memory cgroup: nothing was killed by the kernel itself"
        ends = ", ".join(f"{count} {status}" for status, count in sorted(self.statuses.items()))
        lines = [
            "# Chaos",
            "",
            f"`./task chaos --rounds {self.rounds} --seed {first}` on {platform.system()}, Python",
            f"{platform.python_version()}: {self.rounds} rounds, {self.runs} runs, {self.seconds / 60:.0f} minutes",
            "of all worlds together.",
            f"In {self.acted} rounds the moment came and the victim was hit{kernel}.",
            "",
            "After each round: no stuck run, no leaked slot, no orphan process, no lost or doubled event, no event",
            "after a terminal state, no step left open, no step that succeeded twice or ran more often than its events",
            "say; and no run failed whose own workers were left alone.",
            "",
            f"Violations: **{len(self.broken)}**. Ends of runs: {ends}.",
        ]
        for what, counter in self.by.items():
            lines += ["", f"| {what} | rounds |", "|---|--:|", *(f"| {k} | {n} |" for k, n in counter.most_common())]
        lines += ["", *(f"- {each}" for each in self.broken)]
        return "\n".join(lines).rstrip() + "\n"


class Chaos:
    """Rounds in several worlds at once."""

    def __init__(self, given: argparse.Namespace) -> None:
        self._given, self._oom = given, can_run_out_of_memory()
        self._until = time.monotonic() + given.minutes * 60
        self._lock = threading.Lock()
        self._tally = Tally()

    def play(self) -> Tally:
        """All of them."""
        first, last = self._given.seed, self._given.seed + self._given.rounds
        blocks = [
            range(max(first, start), min(last, start + BLOCK)) for start in range(first - first % BLOCK, last, BLOCK)
        ]
        with ThreadPoolExecutor(self._given.worlds) as pool:
            for future in [pool.submit(self._block, block) for block in blocks]:
                future.result()
        return self._tally

    def report(self) -> str:
        """What they have shown, in Markdown."""
        return self._tally.text(self._given.seed, self._oom)

    def _is_over(self) -> bool:
        stops = bool(self._tally.broken) and not self._given.keep_going
        return stops or time.monotonic() > self._until

    def _block(self, seeds: range) -> None:
        """Rounds that share services."""
        world: World | None = None
        try:
            for seed in seeds:
                if self._is_over():
                    return
                round_ = drawn(seed, oom=self._oom)
                world = world or World(resumes=round_.resumes)
                outcome = play(world, round_)
                self._tell(world, round_, outcome)
                if outcome.broken:
                    world.close()
                    world = None
        finally:
            if world is not None:
                world.close()

    def _tell(self, world: World, round_: Round, outcome: Outcome) -> None:
        with self._lock:
            self._tally.add(round_, outcome)
            verdict = "BROKEN" if outcome.broken else "ok"
            print(f"{round_}: {verdict} {outcome.statuses} {outcome.seconds:.1f} s", flush=True)
            for each in outcome.broken:
                print(f"    {each}", flush=True)
            if outcome.broken:
                print(world.told_by_services(), file=sys.stderr)


def main(arguments: list[str]) -> int:
    """Play rounds; 1 where an invariant was broken."""
    parser = argparse.ArgumentParser(prog="./task chaos", description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1, help="of the first round; the next ones count on")
    parser.add_argument("--minutes", type=float, default=600.0, help="stop after this time")
    parser.add_argument("--worlds", type=int, default=1, help="how many homes with services of their own at once")
    parser.add_argument("--report", type=Path, help="write the report to this file")
    parser.add_argument("--keep-going", action="store_true", help="go on after a broken invariant")
    given = parser.parse_args(arguments)
    chaos = Chaos(given)
    tally = chaos.play()
    if given.report is not None:
        given.report.write_text(chaos.report())
    return 1 if tally.broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
