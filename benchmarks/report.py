"""Figures as a table for the terminal and as the committed `REPORT.md`."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from benchmarks.cases import BENCHMARKS, Figure, number
from benchmarks.harness import ratios, spread

INTRODUCTION = """# How fast it is

Made by `./task bench --peer` (see [README.md](README.md)); do not edit. *Median* is of all repetitions, *least* and *most* their range.
*Peer* is {peer}, measured by turns with ours in the same invocation, in an environment of its own, through its public API;
*ratio* says how many times better ours is (median of the ratios pair by pair). Budgets are for a quiet machine with two cores.
{load}
"""


@dataclass(frozen=True)
class Row:
    """One figure, summed up."""

    figure: Figure
    ours: dict[str, float]
    peer: float | None
    ratio: float | None
    is_quick: bool

    @property
    def verdict(self) -> str:
        """Whether the budget is met; by the ratio where the figure alone misses it. Nothing is judged by a quick run."""
        if self.is_quick:
            return ""
        met = self.figure.meets(self.ours["median"])
        if met is None:
            return ""
        if met:
            return "met"
        wanted = self.figure.ratio
        by_ratio = wanted is not None and self.ratio is not None and self.ratio >= wanted
        return "met by ratio" if by_ratio else "not met"


def rows(results: dict[str, Any], name: str) -> Iterator[Row]:
    """Rows of a benchmark."""
    samples = results["benchmarks"][name]
    benchmark = next(each for each in BENCHMARKS if each.name == name)
    for figure in benchmark.figures:
        values = [sample[figure.name] for sample in samples["ours"] if figure.name in sample]
        if not values:
            continue
        others = [sample[figure.name] for sample in samples["peer"] if figure.name in sample]
        found = ratios(samples["ours"], samples["peer"], figure.name, more_is_better=figure.more_is_better)
        yield Row(
            figure,
            spread(values),
            statistics.median(others) if others else None,
            statistics.median(found) if found else None,
            bool(results["quick"]),
        )


def told_ratio(ratio: float | None) -> str:
    """`12x`."""
    return f"{number(ratio)}x" if ratio is not None else ""


def markdown(results: dict[str, Any]) -> str:
    """The whole report."""
    machine = results["machine"]
    peer = ", ".join(f"{name} {version}" for name, version in machine["peer"].items()) or "not measured here"
    load = ""
    if machine["load_before"] > 0.5:
        load = f"**The machine was busy with other work when this was made (load {machine['load_before']} before the start): read the figures as upper bounds.**\n"
    parts = [INTRODUCTION.format(peer=peer, load=load)]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    parts.append(
        f"{machine['date']}, commit {machine['commit']}; {machine['cores']} cores ({machine['processor']}), {machine['memory_gib']} GiB, "
        f"{machine['system']}, Python {machine['python']}; {versions}.\n"
    )
    parts.append(_summary(results))
    for name, samples in results["benchmarks"].items():
        benchmark = next(each for each in BENCHMARKS if each.name == name)
        counts = f"{len(samples['ours'])} repetitions" + (
            f", {len(samples['peer'])} of the peer" if samples["peer"] else ""
        )
        parts.append(f"## {benchmark.numbers}. {benchmark.what}\n\n{counts}.\n")
        parts.append("| figure | unit | least | median | most | budget | | peer | ratio |")
        parts.append("|---|---|--:|--:|--:|--:|---|--:|--:|")
        for row in rows(results, name):
            low, middle, high = (number(row.ours[key]) for key in ("min", "median", "max"))
            verdict = f"**{row.verdict}**" if row.verdict == "not met" else row.verdict
            parts.append(
                f"| {row.figure.label.strip()} | {row.figure.unit} | {low} | {middle} | {high} | {row.figure.budget} | {verdict} "
                f"| {number(row.peer)} | {told_ratio(row.ratio)} |"
            )
        parts.extend(f"\nProblem: {problem.splitlines()[0][:200]}" for problem in samples["problems"])
        parts.append("")
    return "\n".join(parts)


def _summary(results: dict[str, Any]) -> str:
    if results["quick"]:
        return "A quick run: small sizes, budgets are not judged.\n"
    verdicts = [row.verdict for name in results["benchmarks"] for row in rows(results, name) if row.verdict]
    missed = [
        f"{row.figure.label.strip()} ({number(row.ours['median'])} {row.figure.unit}, budget {row.figure.budget})"
        for name in results["benchmarks"]
        for row in rows(results, name)
        if row.verdict == "not met"
    ]
    text = f"{len(verdicts) - len(missed)} of {len(verdicts)} budgets are met."
    return f"{text} Not met: {'; '.join(missed)}.\n" if missed else f"{text}\n"


def table(results: dict[str, Any]) -> str:
    """For a terminal."""
    lines = []
    for name, samples in results["benchmarks"].items():
        benchmark = next(each for each in BENCHMARKS if each.name == name)
        lines.append(f"\n{benchmark.numbers}. {benchmark.what}")
        head = f"  {'':44}{'least':>10}{'median':>10}{'most':>10}  {'unit':12}{'budget':>9} {'':13}{'peer':>10}{'ratio':>9}"
        lines.append(head)
        for row in rows(results, name):
            low, middle, high = (number(row.ours[key]) for key in ("min", "median", "max"))
            lines.append(
                f"  {row.figure.label:44}{low:>10}{middle:>10}{high:>10}  {row.figure.unit:12}{row.figure.budget:>9} {row.verdict:13}"
                f"{number(row.peer):>10}{told_ratio(row.ratio):>9}"
            )
        lines.extend(f"  PROBLEM {problem}" for problem in samples["problems"])
    lines.append(f"\n{_summary(results)}")
    return "\n".join(lines)
