"""`rostrum definitions`: check code, and list what it defines, in this process: no instance, database or server."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import click
import msgspec

from rostrum.cli.options import code_options, json_option
from rostrum.cli.output import print_json, print_table
from rostrum.config.instance import named_home, read_instance
from rostrum.config.workspace import LocationSpec
from rostrum.model.errors import ErrorInfo, RostrumError
from rostrum.model.manifest import AssetNode, Manifest, Source

Items = list[dict[str, Any]]


class Examined(msgspec.Struct, frozen=True):
    """What loading a code location gave: its definitions, or `error`. Without `valid` and `error`: not loaded."""

    location: str
    valid: bool | None = None
    error: ErrorInfo | None = None
    assets: Items = []
    checks: Items = []
    jobs: Items = []
    schedules: Items = []
    sensors: Items = []
    resources: Items = []


_KINDS: Mapping[str, tuple[str, ...]] = {
    "assets": ("key", "group", "kinds", "deps", "source"),
    "checks": ("asset", "name", "blocking", "source"),
    "jobs": ("name", "source"),
    "schedules": ("name", "job", "cron", "timezone", "source"),
    "sensors": ("name", "kind", "jobs", "source"),
    "resources": ("key", "type", "source"),
}
"""What can be listed, and the columns of its table."""


@click.group("definitions")
def command() -> None:
    """Check that code loads, and list what it defines. Needs no instance, no database and no server."""


@command.command("validate")
@code_options
@click.option("-v", "--verbose", is_flag=True, help="Also print the places that a mistake comes from.")
@json_option
def validate(locations: list[LocationSpec], verbose: bool, as_json: bool) -> None:
    """Load everything and tell all mistakes; exits 1 when there is one. Nothing is run or recorded."""
    found = _examined(locations)
    if as_json:
        told = [{**_outcome(each), **{kind: len(getattr(each, kind)) for kind in _KINDS}} for each in found]
        print_json(told)
    else:
        for each in found:
            _tell(each, verbose=verbose)
    _exit(found)


@command.command("list")
@code_options
@json_option
def list_definitions(locations: list[LocationSpec], as_json: bool) -> None:
    """List assets, checks, jobs, schedules, sensors and resources; exits 1 when the code has mistakes."""
    found = _examined(locations)
    if as_json:
        print_json([{**_outcome(each), **{kind: getattr(each, kind) for kind in _KINDS}} for each in found])
        _exit(found)
    for each in found:
        if not each.valid:
            _tell(each)
            continue
        click.secho(each.location, bold=True)
        for kind, columns in _KINDS.items():
            items: Items = getattr(each, kind)
            if items:
                click.echo(f"\n{kind.capitalize()} ({len(items)})")
                print_table([name.capitalize() for name in columns], [_row(item, columns) for item in items])
        click.echo()
    _exit(found)


def _exit(found: Sequence[Examined]) -> None:
    sys.exit(1 if any(each.valid is False for each in found) else 0)


def _outcome(each: Examined) -> dict[str, Any]:
    return {"location": each.location, "valid": each.valid, "error": each.error.message if each.error else None}


def _row(item: dict[str, Any], columns: Sequence[str]) -> list[str]:
    values = [item[name] for name in columns]
    return [
        ", ".join(value) if isinstance(value, list) else "" if value is None else str(value)  # type: ignore[arg-type]
        for value in values
    ]


def _tell(each: Examined, *, verbose: bool = False) -> None:
    if each.valid is None:
        click.echo(f"{each.location}: served elsewhere, not loaded here")
    elif each.error is None:
        numbers = {kind: len(getattr(each, kind)) for kind in _KINDS}
        counts = [f"{number} {kind if number > 1 else kind[:-1]}" for kind, number in numbers.items() if number]
        click.echo(f"{each.location}: {', '.join(counts) or 'nothing is defined'}. All valid.")
    else:
        click.secho(f"{each.location}: {each.error.message}", fg="red", err=True)
        error: ErrorInfo | None = each.error if verbose else None
        while error is not None:
            for frame in error.frames:
                if frame.user:
                    click.echo(f"  {frame.file}:{frame.line} in {frame.function}", err=True)
            error = error.cause
            if error is not None and error.message not in each.error.message:
                click.echo(f"  caused by {error.first_line}", err=True)


# ------------------------------------------------------------------------------------------------------------- loading


def _examined(locations: Sequence[LocationSpec]) -> list[Examined]:
    """Load each. Several have a process each, since they may have modules of the same name; and one that names another
    Python is loaded by that.
    """
    alone = len(locations) == 1
    said = read_instance(named_home()).compat
    locations = [msgspec.structs.replace(spec, compat=spec.compat or said) for spec in locations]
    return [_here(spec) if alone and spec.executable is None else _elsewhere(spec) for spec in locations]


def _here(spec: LocationSpec) -> Examined:
    if spec.server is not None:
        return Examined(spec.name)
    from rostrum.config.targets import code_target
    from rostrum.definitions.location.encoding import encoded
    from rostrum.definitions.location.loading import load_definitions
    from rostrum.execution.user_code import guard

    loaded: list[Examined] = []

    def load() -> None:
        manifest = load_definitions(code_target(spec)).manifest()
        encoded(manifest)  # what cannot be stored is a mistake, too
        loaded.append(_listed(spec.name, manifest))

    with contextlib.redirect_stdout(sys.stderr):  # what the code prints is no part of our output
        raised = guard(load)
    if raised is None:
        return loaded[0]
    if raised.is_interrupt:
        raise click.Abort
    info = raised.info()
    if not isinstance(raised.exception, RostrumError):
        info = msgspec.structs.replace(info, message=info.first_line)
    return Examined(spec.name, valid=False, error=info)


def _elsewhere(spec: LocationSpec) -> Examined:
    if spec.server is not None:
        return Examined(spec.name)
    python = spec.executable or sys.executable
    done = subprocess.run([python, "-m", "rostrum.cli.definitions", *_arguments(spec)], stdout=-1, check=False)
    try:
        found = msgspec.json.decode(done.stdout, type=Examined)
    except msgspec.DecodeError:
        told = ErrorInfo(
            class_name="LoadCrash", message=f"the process that loaded it ended with status {done.returncode}"
        )
        return Examined(spec.name, valid=False, error=told)
    return msgspec.structs.replace(found, location=spec.name)


def _arguments(spec: LocationSpec) -> Iterator[str]:
    given = {"-f": spec.python_file, "-m": spec.module_name, "-a": spec.attribute, "-d": spec.working_directory}
    for option, value in {**given, "--compat": spec.compat}.items():
        if value is not None:
            yield from (option, value)


@click.command()
@code_options
def _child(locations: list[LocationSpec]) -> None:
    """One location, as JSON."""
    data = msgspec.json.encode(_here(locations[0]))
    sys.stdout.buffer.write(data)


def _listed(location: str, manifest: Manifest) -> Examined:
    return Examined(
        location,
        valid=True,
        assets=_sorted(map(_asset, manifest.assets)),
        checks=_sorted(
            {
                "asset": str(node.key.asset_key),
                "name": node.key.name,
                "blocking": node.blocking,
                "description": node.description,
                "source": _place(node.source),
            }
            for node in manifest.checks
        ),
        jobs=_sorted(
            {
                "name": node.name,
                "description": node.description,
                "assets": [str(key) for key in node.asset_selection],
                "source": _place(node.source),
            }
            for node in manifest.jobs
        ),
        schedules=_sorted(
            {
                "name": node.name,
                "job": node.job,
                "cron": list(node.cron),
                "timezone": node.timezone,
                "source": _place(node.source),
            }
            for node in manifest.schedules
        ),
        sensors=_sorted(
            {"name": node.name, "kind": node.kind, "jobs": list(node.jobs), "source": _place(node.source)}
            for node in manifest.sensors
        ),
        resources=_sorted(
            {
                "key": node.key,
                "type": node.type,
                "description": node.description,
                "source": _place(node.source),
            }
            for node in manifest.resources
        ),
    )


def _asset(node: AssetNode) -> dict[str, Any]:
    return {
        "key": str(node.key),
        "group": node.group,
        "kinds": list(node.kinds),
        "owners": list(node.owners),
        "description": node.description,
        "deps": [str(dep.asset_key) for dep in node.deps],
        "partitioned": node.partitions is not None,
        "executable": node.op is not None,
        "source": _place(node.source),
    }


def _sorted(items: Iterable[dict[str, Any]]) -> Items:
    """By their first fields, which are keys or names."""
    return sorted(items, key=lambda item: [str(value) for value in item.values()][:2])


def _place(source: Source | None) -> str | None:
    return f"{source.file}:{source.line}" if source is not None else None


if __name__ == "__main__":
    _child()
