"""Nothing reads the wall clock, sleeps or mints ids except `service/clock.py` (law 7): tests could not control it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.structure.source import Module, modules, parse

THE_CLOCK = "rostrum.service.clock"
BANNED = {
    "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today",
    "time.time", "time.time_ns", "time.sleep", "time.localtime", "time.gmtime", "time.ctime",
    "uuid.uuid1", "uuid.uuid4", "uuid.uuid6", "uuid.uuid7", "asyncio.sleep",
}  # fmt: skip
ASYNC_PACKAGES = ("rostrum.web", "rostrum.gateway", "rostrum.agent")  # they may yield to their event loop


def clock_uses(module: Module) -> Iterator[str]:
    """Each use of a banned function, under whatever name it was imported."""
    names = imported_names(module.tree)
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute | ast.Name):
            used = full_name(node, names)
            if used == "asyncio.sleep" and module.name.startswith(ASYNC_PACKAGES):
                continue
            if used in BANNED:
                yield f"{module.at(node)}: {used}"


def imported_names(tree: ast.Module) -> dict[str, str]:
    """Local name -> full dotted name, for imports at any level of nesting."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                names[alias.asname or alias.name.split(".")[0]] = (
                    alias.name if alias.asname else alias.name.split(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names


def full_name(node: ast.expr, names: dict[str, str]) -> str:
    """`dt.now` with `from datetime import datetime as dt` is `datetime.datetime.now`; else an empty string."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id not in names:
        return ""
    return ".".join([names[node.id], *reversed(parts)])


def test_only_the_clock_module_reads_the_clock() -> None:
    found = [use for module in modules() if module.name != THE_CLOCK for use in clock_uses(module)]
    assert not found, "take a Clock (rostrum.interfaces.clock) instead of:\n" + "\n".join(found)


@pytest.mark.parametrize(
    "text",
    [
        "from datetime import datetime\ndatetime.now()",
        "import datetime\ndatetime.datetime.now(datetime.UTC)",
        "import datetime as dt\ndt.date.today()",
        "from datetime import datetime as when\nfield(default_factory=when.utcnow)",
        "def f():\n    import time\n    time.time()",
        "from time import sleep\nsleep(1)",
        "from time import time as clock\nclock()",
        "import uuid\nnew = uuid.uuid4",
        "from uuid import uuid7\nuuid7()",
        "import asyncio\nasyncio.sleep(1)",
    ],
)
def test_a_planted_use_is_found(text: str) -> None:
    assert list(clock_uses(parse(text)))


@pytest.mark.parametrize(
    "text",
    [
        "import time\ntime.monotonic()\ntime.perf_counter()",
        "def f(clock):\n    return clock.now()",
        "from datetime import datetime\ndatetime.fromtimestamp(0)",
        "class Run:\n    def time(self): ...\nRun().time()",
    ],
)
def test_measuring_and_injected_clocks_are_fine(text: str) -> None:
    assert not list(clock_uses(parse(text)))
