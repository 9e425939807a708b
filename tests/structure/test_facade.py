"""`import rostrum` is cheap: what it loads is counted, because counts do not wobble as milliseconds do."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

BUDGET = 140
FORBIDDEN = {
    "sqlalchemy", "alembic", "grpc", "google.protobuf", "starlette", "strawberry", "graphql", "uvicorn", "pydantic",
    "pandas", "numpy", "click", "rich", "yaml", "cryptography", "argon2", "kubernetes", "docker",
}  # fmt: skip


def loaded_by(statement: str) -> set[str]:
    """Modules that a fresh interpreter has after a statement, counted as the benchmark does: telling loads none."""
    code = f"{statement}\nimport sys; print(*sys.modules)"
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    command = [sys.executable, "-X", "faulthandler", "-c", code]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "statement",
    ["import rostrum", "from rostrum import asset, Definitions"],
)
def test_the_facade_stays_within_its_budget(statement: str) -> None:
    extra = loaded_by(statement) - loaded_by("pass")
    loaded = {name for name in extra if any(name == bad or name.startswith(f"{bad}.") for bad in FORBIDDEN)}
    assert not loaded, f"`{statement}` loads {sorted(loaded)[:5]}"
    assert len(extra) <= BUDGET, f"`{statement}` loads {len(extra)} modules: {sorted(extra)}"


def test_the_facade_itself_loads_nothing_else() -> None:
    extra = loaded_by("import rostrum") - loaded_by("pass")
    assert {name for name in extra if name.startswith("rostrum.")} == set()


def test_the_command_line_starts_light() -> None:
    """`rostrum --help` builds the command tree only: processes are imported by the command that starts them."""
    extra = loaded_by("import rostrum.cli.main") - loaded_by("pass")
    heavy = {"sqlalchemy", "alembic", "grpc", "starlette", "strawberry", "uvicorn", "pandas", "numpy"}
    assert not heavy & extra, sorted(heavy & extra)
