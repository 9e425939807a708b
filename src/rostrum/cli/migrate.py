"""`rostrum migrate`: rewrite a project that was written for Dagster, for those who want to move for good."""

from __future__ import annotations

import difflib
import sys
from pathlib import Path
from typing import Any

import click


@click.command("migrate")
@click.argument("path", type=click.Path(exists=True, path_type=Path), default=".")
@click.option("--check", is_flag=True, help="Write nothing: print what would change; exit 1 where something would.")
def command(path: Path, check: bool) -> None:
    """Rewrite imports, dependencies and files of the project in PATH to Rostrum's names.

    Not needed to run it: `import dagster` gives Rostrum's names where no such package is installed.
    """
    from rostrum.compat.migration import migrate

    changes = migrate(path)
    for change in changes:
        if check:
            _show(change)
        else:
            _write(change)
    for change in changes:
        for line, told in change.notes:
            click.echo(f"{change.path}:{line}: {told}", err=True)
    count = sum(change.text is not None for change in changes)
    left = sum(len(change.notes) for change in changes)
    click.echo(f"{count} files {'would change' if check else 'changed'}; {left} places to look at.", err=True)
    if check and count:
        sys.exit(1)


def _show(change: Any) -> None:
    if change.text is None:
        return
    before = change.path.read_text(encoding="utf-8").splitlines(keepends=True)
    after = change.text.splitlines(keepends=True)
    new = str(change.path.with_name(change.name) if change.name else change.path)
    click.echo("".join(difflib.unified_diff(before, after, str(change.path), new)), nl=False)


def _write(change: Any) -> None:
    if change.text is None:
        return
    target = change.path.with_name(change.name) if change.name else change.path
    target.write_bytes(change.text.encode())
    if target != change.path:
        change.path.unlink()
    click.echo(f"changed {target}")
