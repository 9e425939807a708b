"""Figures as a table for the terminal and as the committed `REPORT.md`."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from benchmarks.cases import BENCHMARKS, Figure, number
from benchmarks.harness import ratios, spread

INTRODUCTION = """# How fast it is

Made by `./task bench --peer` (see [README.md](README.md)); do not edit. *Median* is of all repetitions, *least* and
*most* their range. *Peer* is {peer}, measured by turns with ours in the same
invocation, in an environment of its own, through its public API; *ratio* says how many times better ours is (median of
the ratios pair by pair). Budgets are for a quiet machine with two cores.
{load}
"""

BUSY = """
**The machine was busy with other work when this was made (load {load} before the start): read the figures as upper
bounds.**
"""
QUIET_LOAD = 0.5


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
        """Whether the budget is met, by ratio where the figure alone misses it. A quick run is not judged."""
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
            statistics.median(found) if found and figure.compared else None,
            bool(results["quick"]),
        )


def told_ratio(ratio: float | None) -> str:
    """`12x`."""
    return f"{number(ratio)}x" if ratio is not None else ""


def markdown(results: dict[str, Any]) -> str:
    """The whole report."""
    machine = results["machine"]
    peer = ", ".join(f"{name} {version}" for name, version in machine["peer"].items()) or "not measured here"
    load = BUSY.format(load=machine["load_before"]) if machine["load_before"] > QUIET_LOAD else ""
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    parts = [
        INTRODUCTION.format(peer=peer, load=load),
        (
            f"{machine['date']}, commit {machine['commit']}; {machine['cores']} cores ({machine['processor']}), "
            f"{machine['memory_gib']} GiB, {machine['system']}, Python {machine['python']}; {versions}. "
            f"All of it took {results['seconds']} s.\n"
        ),
        _summary(results),
    ]
    for name, samples in results["benchmarks"].items():
        parts += _section(results, name, samples)
    return "\n".join(parts)


def _section(results: dict[str, Any], name: str, samples: dict[str, Any]) -> list[str]:
    benchmark = next(each for each in BENCHMARKS if each.name == name)
    of_peer = f"; of the peer: {len(samples['peer'])}" if samples["peer"] else ""
    lines = [
        f"## {benchmark.title}\n\nRepetitions: {len(samples['ours'])}{of_peer}.\n",
        "| figure | unit | least | median | most | budget | | peer | ratio | wanted |",
        "|---|---|--:|--:|--:|--:|---|--:|--:|--:|",
    ]
    for row in rows(results, name):
        figure = row.figure
        verdict = f"**{row.verdict}**" if row.verdict == "not met" else row.verdict
        cells = [figure.label.strip(), figure.unit, *_range(row), figure.budget, verdict, number(row.peer)]
        cells += [told_ratio(row.ratio), told_ratio(figure.ratio)]
        lines.append(f"| {' | '.join(cells)} |")
    lines += [
        f"\nProblem: {problem.splitlines()[0][:80]} ... {problem.splitlines()[-1][:200]}"
        for problem in samples["problems"]
    ]
    return [*lines, ""]


def _range(row: Row) -> list[str]:
    return [number(row.ours[key]) for key in ("min", "median", "max")]


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
        lines.append(f"\n{benchmark.title}")
        lines.append(_line("", ["least", "median", "most"], "unit", "budget", "", "peer", "ratio"))
        for row in rows(results, name):
            figure = row.figure
            ratio = told_ratio(row.ratio)
            lines.append(
                _line(figure.label, _range(row), figure.unit, figure.budget, row.verdict, number(row.peer), ratio)
            )
        lines.extend(f"  PROBLEM {problem}" for problem in samples["problems"])
    lines.append(f"\n{_summary(results)}")
    return "\n".join(lines)


def _line(label: str, found: list[str], unit: str, budget: str, verdict: str, peer: str, ratio: str) -> str:
    low, middle, high = found
    ours = f"  {label:44}{low:>10}{middle:>10}{high:>10}  {unit:12}"
    return f"{ours}{budget:>9} {verdict:13}{peer:>10}{ratio:>9}".rstrip()
