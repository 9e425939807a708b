"""`rostrum migrate`: rewrite a project that was written for Dagster, for those who want to move for good."""

from __future__ import annotations

import difflib
import shutil
import sys
from collections.abc import Sequence
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
    changed = [change for change in changes if change.text is not None]
    if check:
        for change in changed:
            _show(change)
    else:
        _write(changed)
    for change in changes:
        for line, told in change.notes:
            click.echo(f"{change.path}:{line}: {told}", err=True)
    left = sum(len(change.notes) for change in changes)
    click.echo(f"{len(changed)} files {'would change' if check else 'changed'}; {left} places to look at.", err=True)
    if check and changed:
        sys.exit(1)


def _show(change: Any) -> None:
    before, after = (text.splitlines(keepends=True) for text in (change.before, change.text))
    click.echo("".join(difflib.unified_diff(before, after, str(change.path), str(change.target))), nl=False)


def _write(changes: Sequence[Any]) -> None:
    """All files, or none: what cannot be written is found out before the first is replaced."""
    made: list[tuple[Path, Any]] = []
    try:
        for change in changes:
            beside = change.target.with_name(f".{change.target.name}.migrated")
            made.append((beside, change))
            beside.write_bytes(change.data)
            shutil.copymode(change.path, beside)
    except OSError as error:
        for beside, _ in made:
            beside.unlink(missing_ok=True)
        raise click.ClickException(f"nothing was changed: {error}") from error
    for beside, change in made:
        beside.replace(change.target)
        if change.target != change.path:
            change.path.unlink()
        click.echo(f"changed {change.target}")
