"""`python -m tests.behaviour.report [--all]`: how many public names are there and conform, by how much they are used.

With `--all`, each difference and each placeholder is listed.
"""

from __future__ import annotations

import collections
import sys

from rostrum.compat.dagster.placeholders import is_placeholder, symbols
from tests.behaviour.conformance import all_symbols, differences, value_of


def state(module: str, name: str) -> tuple[str, list[str]]:
    """`conforms`, `differs`, `placeholder` or `fails`, and why."""
    try:
        if is_placeholder(value_of(module, name)):
            return "placeholder", []
        found = differences(module, name)
    except Exception as error:  # the report goes on
        return "fails", [f"{type(error).__name__}: {error}"]
    return ("differs" if found else "conforms"), found


def main(arguments: list[str]) -> int:
    """Print the counts; the exit status is the number of names that differ or fail (at most 100)."""
    counts: collections.Counter[tuple[str, str]] = collections.Counter()
    lines: list[str] = []
    for module, name in all_symbols():
        use = symbols()[module][name].get("use") or "submodules"
        word, why = state(module, name)
        counts[use, word] += 1
        counts[use, "total"] += 1
        if word != "conforms":
            lines.append(f"{word:12}{use:11}{module}.{name}")
            lines += [f"{'':12}  {told}" for told in why]
    if "--all" in arguments:
        print("\n".join(lines))
    words = ("conforms", "differs", "fails", "placeholder", "total")
    print("".join(f"{word:>13}" for word in ("use", *words)))
    for use in ("core", "common", "rare", "submodules"):
        print(f"{use:>13}" + "".join(f"{counts[use, word]:>13}" for word in words))
    return min(100, sum(count for (_, word), count in counts.items() if word in ("differs", "fails")))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
