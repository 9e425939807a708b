"""`dagster`, `dagster-webserver` and `dagster-daemon`: the classic command lines, as calls of Rostrum's.

Options are the classic ones; those that mean nothing here are taken, and a line on standard error tells so. Commands
that Rostrum does not have are one clear message and exit status 2.
"""

from __future__ import annotations

import functools
import importlib.metadata
import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

import click

from rostrum.cli.main import command as rostrum
from rostrum.cli.main import run
from rostrum.cli.options import key_values
from rostrum.compat import dagster as interface
from rostrum.config.workspace import LocationSpec, find_locations
from rostrum.model.errors import ConfigError
from rostrum.model.reserved_names import RANGE_END_TAG, RANGE_START_TAG

HELP = {"help_option_names": ["--help"], "max_content_width": 110}

_PROCESSES = "nothing; Rostrum starts its processes by itself"
ABSENT: Mapping[str, Mapping[str, str]] = {
    "dagster": {
        "debug": "`rostrum run bundle ID`; `rostrum run show ID`",
        "project": "a file with definitions; docs/getting-started.md has one",
        "schedule": "`rostrum definitions list`; the page Automations of `rostrum dev` switches and shows ticks",
        "sensor": "`rostrum definitions list`",
    },
    "api": {"resume_run": _PROCESSES},
    "asset": {
        "wipe": "`Instance.get().wipe_assets([...])` in Python",
        "wipe-partitions-status-cache": "nothing; there is no such cache",
    },
    "instance": {
        "concurrency": "`rostrum instance concurrency`, or `rostrum pool`",
        "migrate": "nothing; the schema is brought up to date when the instance is opened",
        "reindex": "nothing; there is no such index",
    },
    "job": {
        "backfill": "`rostrum job launch JOB --partition A --partition B`",
        "print": "`rostrum definitions list`",
        "scaffold_config": "the launch sheet of `rostrum dev`",
    },
    "run": {
        "delete": "`Instance.get().delete_run(run_id)` in Python",
        "migrate-repository": "nothing; runs name their code location",
        "wipe": "another home folder",
    },
    "dagster-daemon": {
        "debug": "the page System of `rostrum dev`",
        "liveness-check": "the page System of `rostrum dev`",
        "wipe": "nothing; a daemon that is gone is forgotten",
    },
}
"""Group -> command that is not there -> what to use instead."""


class _Group(click.Group):
    """A group whose unknown commands are told apart: known there, or known nowhere."""

    absent: Mapping[str, str]
    """Command that is not there -> what to use instead."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] in self.absent:
            name = f"{ctx.command_path} {' '.join(args[:2] if len(args) > 1 and args[1][:1].isalpha() else args[:1])}"
            _absent(name, self.absent[args[0]])
        return super().resolve_command(ctx, args)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if self.absent:
            with formatter.section("Not there; use instead"):
                formatter.write_dl(list(self.absent.items()))


def _absent(name: str, instead: str) -> NoReturn:
    click.echo(f"`{name}` is not part of Rostrum yet. Instead: {instead}.", err=True)
    sys.exit(2)


def _group(parent: _Group | None, name: str, told: str) -> _Group:
    made = _Group(name, context_settings=HELP, help=told)
    made.absent = ABSENT.get(name, {})
    if parent is not None:
        parent.add_command(made)
    return made


def _without_effect(*options: tuple[str, ...], flags: tuple[str, ...] = ()) -> Callable[..., Any]:
    """Options that are taken and told of."""

    def told(context: click.Context, parameter: click.Parameter, value: Any) -> None:
        if value and context.get_parameter_source(parameter.name or "") is click.core.ParameterSource.COMMANDLINE:
            click.echo(f"{parameter.opts[0]} has no effect here", err=True)

    def wrap(function: Callable[..., Any]) -> Callable[..., Any]:
        for names in options:
            function = click.option(*names, expose_value=False, callback=told, hidden=True)(function)
        for flag in flags:
            function = click.option(flag, is_flag=True, expose_value=False, callback=told, hidden=True)(function)
        return function

    return wrap


_logging = _without_effect(("--log-level",), ("--log-format",), ("--code-server-log-level",), ("--dagster-log-level",))
_database = _without_effect(
    ("--db-statement-timeout",), ("--db-pool-recycle",), ("--db-pool-max-overflow",), ("--live-data-poll-rate",)
)


def _target(function: Callable[..., Any]) -> Callable[..., Any]:
    """The classic options that say which code; passes them as arguments of `rostrum` (`code: list[str]`)."""

    @click.option("-f", "--python-file", multiple=True, envvar="DAGSTER_PYTHON_FILE", help="Python file.")
    @click.option("-m", "--module-name", multiple=True, envvar="DAGSTER_MODULE_NAME", help="Importable module.")
    @click.option("--package-name", multiple=True, envvar="DAGSTER_PACKAGE_NAME", help="Importable package.")
    @click.option("-a", "--attribute", envvar="DAGSTER_ATTRIBUTE", help="Name of the Definitions object.")
    @click.option("-d", "--working-directory", envvar="DAGSTER_WORKING_DIRECTORY", help="Folder of the code.")
    @click.option("-w", "--workspace", multiple=True, help="Workspace file.")
    @functools.wraps(function)
    def wrapped(
        *given: Any,
        python_file: tuple[str, ...],
        module_name: tuple[str, ...],
        package_name: tuple[str, ...],
        attribute: str | None,
        working_directory: str | None,
        workspace: tuple[str, ...],
        **named: Any,
    ) -> Any:
        if len(workspace) > 1:
            raise ConfigError("one workspace file at a time; put the locations of the others into it")
        code = [word for name in python_file for word in ("-f", name)]
        code += [word for name in (*module_name, *package_name) for word in ("-m", name)]
        code += ["-a", attribute] if attribute else []
        code += ["-d", working_directory] if working_directory else []
        code += ["-w", workspace[0]] if workspace else []
        return function(*given, code=code, **named)

    return wrapped


def _call(*words: str | list[str]) -> None:
    """Run `rostrum` with these words."""
    flat = [word for each in words for word in (each if isinstance(each, list) else [each])]
    run(rostrum, flat)


def _option(name: str, value: Any) -> list[str]:
    return [name, str(value)] if value is not None else []


def _config(files: tuple[str, ...], text: str | None) -> list[str]:
    """`--config` of `rostrum`, from files (the later ones win) or from JSON text."""
    if not files and not text:
        return []
    if len(files) == 1 and not text:
        return ["--config", files[0]]
    import yaml

    merged: dict[str, Any] = {}
    for each in (*(yaml.safe_load(Path(file).read_text(encoding="utf-8")) for file in files), json.loads(text or "{}")):
        merged = _merged(merged, each or {})
    with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False, encoding="utf-8") as kept:
        json.dump(merged, kept)
    return ["--config", kept.name]


def _merged(low: dict[str, Any], high: dict[str, Any]) -> dict[str, Any]:
    both = {
        name: _merged(low[name], high[name])
        if isinstance(low[name], dict) and isinstance(high[name], dict)
        else high[name]
        for name in low.keys() & high.keys()
    }
    return {**low, **high, **both}


def _tags(text: str | None) -> dict[str, str]:
    """Tags from JSON, or from `key=value`."""
    if not text:
        return {}
    if text.lstrip().startswith("{"):
        return {str(key): str(value) for key, value in json.loads(text).items()}
    return key_values(tuple(text.split(",")), "tag")


def _locations(code: list[str]) -> list[LocationSpec]:
    """What `code` names; read as `rostrum` reads it."""
    given: dict[str, list[str]] = {}
    for option, value in zip(code[::2], code[1::2], strict=True):
        given.setdefault(option, []).append(value)
    last = {option: values[-1] for option, values in given.items()}
    return find_locations(
        tuple(given.get("-f", ())), tuple(given.get("-m", ())), last.get("-w"), last.get("-a"), last.get("-d")
    )


def _one(code: list[str]) -> LocationSpec:
    found = _locations(code)
    if len(found) != 1:
        raise ConfigError(f"one code location at a time; {len(found)} were named")
    return found[0]


def _definitions(spec: LocationSpec) -> Any:
    from rostrum.config.targets import code_target
    from rostrum.definitions.location.loading import load_definitions

    return load_definitions(code_target(spec))


# ------------------------------------------------------------------------------------------------------------ dagster

_VERSION = f"{interface.__version__} (Rostrum {importlib.metadata.version('rostrum')})"
_dagster = click.version_option(_VERSION, "--version", "-v", prog_name="dagster")(
    _group(
        None,
        "dagster",
        "The classic commands, run by Rostrum. `rostrum --help` has more. Not affiliated with Dagster Labs.",
    )
)
_api = _group(_dagster, "api", "Serve code over gRPC; what containers are started with.")
_asset = _group(_dagster, "asset", "Make assets in this process, or list them.")
_code_server = _group(_dagster, "code-server", "Serve code over gRPC.")
_defs = _group(_dagster, "definitions", "Check that code loads.")
_instance = _group(_dagster, "instance", "Show the settings of the instance.")
_job = _group(_dagster, "job", "Execute, launch or list jobs.")
_runs = _group(_dagster, "run", "List runs.")


@_dagster.command("dev")
@_target
@_logging
@_database
@_without_effect(("--shutdown-pipe",), flags=("--verbose", "--use-legacy-code-server-behavior"))
@click.option("-h", "--host", "--dagit-host")
@click.option("-p", "--port", "--dagit-port")
def _dev(code: list[str], host: str | None, port: str | None) -> None:
    """UI, API, daemon and code servers on this machine."""
    _call("dev", code, _option("--host", host), _option("--port", port))


@_asset.command("materialize")
@_target
@click.option("--select", required=True)
@click.option("--partition")
@click.option("--partition-range")
@click.option("--config-json")
@click.option("-c", "--config", multiple=True)
def _materialize(
    code: list[str],
    select: str,
    partition: str | None,
    partition_range: str | None,
    config_json: str | None,
    config: tuple[str, ...],
) -> None:
    """Make assets in this process; exits 1 when the run fails."""
    if partition_range and partition:
        raise click.UsageError("--partition or --partition-range, not both")
    _call(
        "materialize",
        code,
        ["--select", select],
        _option("--partition", partition),
        _range(partition_range) if partition_range else [],
        _config(config, config_json),
    )


def _range(text: str) -> list[str]:
    """Tags by which a run makes all partitions of a range."""
    first, dots, last = text.partition("...")
    if not first or not dots or not last:
        raise click.UsageError(f"--partition-range {text!r}: write FIRST...LAST")
    return ["--tag", f"{RANGE_START_TAG}={first}", "--tag", f"{RANGE_END_TAG}={last}"]


@_asset.command("list")
@_target
@click.option("--select", default="*")
def _list_assets(code: list[str], select: str) -> None:
    """Print keys of assets."""
    from rostrum.config.targets import select as selected

    for key in selected(_definitions(_one(code)).manifest(), select):
        click.echo(str(key))


@_defs.command("validate")
@_target
@_logging
@_without_effect(flags=("--load-with-grpc",))
@click.option("-v", "--verbose", is_flag=True)
def _validate(code: list[str], verbose: bool) -> None:
    """Load everything; exits 1 when something is wrong."""
    _call("definitions", "validate", code, ["--verbose"] if verbose else [])


@_job.command("list")
@_target
@_without_effect(("-l", "--location"), ("-r", "--repository"))
def _list_jobs(code: list[str]) -> None:
    """Print names of jobs."""
    for spec in _locations(code):
        for job in _definitions(spec).resolved().manifest.jobs:
            click.echo(f"Job: {job.name}")


@_job.command("execute")
@_target
@_without_effect(("-r", "--repository"))
@click.option("-j", "--job")
@click.option("-c", "--config", multiple=True)
@click.option("--config-json")
@click.option("--tags")
@click.option("-o", "--op-selection")
def _execute_job(
    code: list[str],
    job: str | None,
    config: tuple[str, ...],
    config_json: str | None,
    tags: str | None,
    op_selection: str | None,
) -> None:
    """Execute a job in this process; exits 1 when the run fails."""
    from rostrum.cli.job import read_run_config
    from rostrum.config.deployment import open_control
    from rostrum.config.instance import find_home, read_instance
    from rostrum.config.local import LocalInstance
    from rostrum.execution.local import LocalRunner

    spec = _one(code)
    definitions = _definitions(spec)
    names = [each.name for each in definitions.resolved().manifest.jobs]
    chosen = job or (names[0] if len(names) == 1 else None)
    if chosen is None:
        raise click.UsageError(f"say which job, with --job; jobs: {', '.join(names) or 'none'}")
    if chosen not in names:
        raise click.UsageError(f"there is no job {chosen!r}; jobs: {', '.join(names) or 'none'}")
    file = _config(config, config_json)
    home = find_home()
    control = open_control(home, read_instance(home))
    control.locations.add(spec.name)
    run = (
        LocalRunner()
        .execute(
            definitions,
            job=chosen,
            run_config=read_run_config(file[1] if file else None),
            tags=_tags(tags),
            op_selection=tuple(op_selection.split(",")) if op_selection else (),
            instance=LocalInstance(control, spec.name, "cli"),
            raise_on_error=False,
            keep_values=False,
        )
        .run
    )
    click.echo(f"{run.run_id}: {run.status.value}, {run.steps_done} of {run.steps_total} steps")
    if run.error is not None:
        from rostrum.cli.run import print_error

        print_error(run.error)
    sys.exit(0 if run.status.value == "success" else 1)


@_job.command("launch")
@_target
@_without_effect(("-r", "--repository"), ("--run-id",), ("-o", "--op-selection"))
@click.option("-j", "--job", required=True)
@click.option("-l", "--location")
@click.option("-c", "--config", multiple=True)
@click.option("--config-json")
@click.option("--tags")
def _launch_job(
    code: list[str], job: str, location: str | None, config: tuple[str, ...], config_json: str | None, tags: str | None
) -> None:
    """Put a run of a job into the queue; a running daemon starts it."""
    if code:
        location = _made_known(code, location)
    labels = [word for key, value in _tags(tags).items() for word in ("--tag", f"{key}={value}")]
    _call("job", "launch", job, _option("--location", location), _config(config, config_json), labels)


def _made_known(code: list[str], location: str | None) -> str:
    """Load the code that is named, and record it: the instance may not know it yet, or as it was before."""
    from rostrum.config.deployment import open_control
    from rostrum.config.instance import find_home, read_instance
    from rostrum.config.local import make_known

    found = [spec for spec in _locations(code) if location in (None, spec.name)]
    if len(found) != 1:
        names = ", ".join(spec.name for spec in _locations(code))
        raise ConfigError(f"say which code location, with --location; the code that is named has {names}")
    (spec,) = found
    if spec.server is None:
        manifest = _definitions(spec).manifest()
        home = find_home()
        make_known(open_control(home, read_instance(home)), spec.name, manifest)
    return spec.name


def _serving(prefix: str) -> Callable[..., Any]:
    """The classic options of a code server."""

    def wrap(function: Callable[..., Any]) -> Callable[..., Any]:
        for made in (
            _target,
            _logging,
            _without_effect(
                ("-n", "--max-workers", "--max_workers"),
                ("--heartbeat-timeout",),
                ("--fixed-server-id",),
                ("--container-image",),
                ("--container-context",),
                ("--instance-ref",),
                ("--defs-state-info",),
                ("--startup-timeout",),
                ("--heartbeat-ttl",),
                flags=(
                    "--heartbeat",
                    "--lazy-load-user-code",
                    "--use-python-environment-entry-point",
                    "--empty-working-directory",
                    "--inject-env-vars-from-instance",
                    "--enable-metrics",
                ),
            ),
            click.option("-h", "--host", default="localhost", envvar=f"{prefix}_HOST"),
            click.option("-p", "--port", type=int, envvar=f"{prefix}_PORT"),
            click.option("-s", "--socket", envvar=f"{prefix}_SOCKET"),
            click.option("--location-name", envvar="DAGSTER_LOCATION_NAME"),
        ):
            function = made(function)
        return function

    return wrap


def _serve(code: list[str], host: str, port: int | None, socket: str | None, location_name: str | None) -> None:
    """Serve one code location over gRPC."""
    where = _option("--socket", socket) if socket else ["--host", host, *_option("--port", port)]
    _call("code-server", "start", code, where, _option("--location-name", location_name))


_code_server.command("start")(_serving("DAGSTER_CODE_SERVER")(_serve))
_api.command("grpc")(_serving("DAGSTER_GRPC")(_serve))


@_api.command("execute_run", context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def _execute_run(arguments: tuple[str, ...]) -> None:
    """Execute a run that has been launched: `rostrum run-worker`."""
    _call("run-worker", list(arguments))


@_api.command("execute_step", context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def _execute_step(arguments: tuple[str, ...]) -> None:
    """Run one attempt of one step: `rostrum step-worker`."""
    _call("step-worker", list(arguments))


@_api.command("grpc-health-check")
@click.option("-h", "--host", default="localhost")
@click.option("-p", "--port", type=int)
@click.option("-s", "--socket")
def _health(host: str, port: int | None, socket: str | None) -> None:
    """Exit 0 where a code server answers, 1 otherwise."""
    from rostrum.rpc.code_location import GrpcCodeLocation

    client = GrpcCodeLocation("probe", f"unix:{Path(socket).absolute()}" if socket else f"{host}:{port}")
    try:
        client.ping()
    finally:
        client.close()


@_instance.command("info")
def _info() -> None:
    """Print the settings of the instance."""
    import msgspec

    from rostrum.config.instance import find_home, read_instance

    home = find_home()
    click.echo(f"# home: {home.folder}\n" + msgspec.yaml.encode(read_instance(home)).decode().rstrip())


@_runs.command("list")
@click.option("--limit", type=int)
def _list_runs(limit: int | None) -> None:
    """List runs."""
    _call("run", "list", _option("--limit", limit))


# ------------------------------------------------------------------------------------------------- the other processes


@click.command("dagster-webserver", context_settings={**HELP, "auto_envvar_prefix": "DAGSTER_WEBSERVER"})
@_target
@_logging
@_database
@_without_effect(("--uvicorn-log-level",), ("--instance-ref",), ("--shutdown-pipe",), flags=("--suppress-warnings",))
@click.option("-h", "--host")
@click.option("-p", "--port", type=int)
@click.option("-l", "--path-prefix")
@click.option("--read-only", is_flag=True)
@click.version_option(_VERSION, prog_name="dagster-webserver")
def _webserver(code: list[str], host: str | None, port: int | None, path_prefix: str | None, read_only: bool) -> None:
    """Serve the UI and the API."""
    if path_prefix:
        _absent("dagster-webserver --path-prefix", "a host name of its own")
    if read_only:
        _absent("dagster-webserver --read-only", "users with the role `viewer`: `rostrum user add NAME`")
    _call("webserver", code, _option("--host", host), _option("--port", port))


_daemon = click.version_option(_VERSION, prog_name="dagster-daemon")(
    _group(None, "dagster-daemon", "The loops: queue, schedules, sensors, monitor.")
)


@_daemon.command("run")
@_target
@_logging
@_without_effect(("--instance-ref",), ("--shutdown-pipe",))
def _run_daemon(code: list[str]) -> None:
    """Launch queued runs, evaluate schedules, watch runs."""
    _call("daemon", "run", code)


def dagster() -> None:
    """Entry point of `dagster`."""
    run(_dagster)


def webserver() -> None:
    """Entry point of `dagster-webserver`."""
    run(_webserver)


def daemon() -> None:
    """Entry point of `dagster-daemon`."""
    run(_daemon)
