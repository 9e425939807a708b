"""The `rostrum` command: one subcommand a process or verb, each imported when it is called."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping

import click

from rostrum.config.extras import missing_extra
from rostrum.model.errors import RostrumError

_COMMANDS: Mapping[str, tuple[str, str]] = {
    "dev": ("rostrum.cli.dev", "Run everything on this machine: UI, API, daemon and code servers."),
    "materialize": ("rostrum.cli.materialize", "Materialise assets in this process, recorded in the instance."),
    "definitions": ("rostrum.cli.definitions", "Check that code loads; list what it defines."),
    "job": ("rostrum.cli.job", "Launch jobs."),
    "run": ("rostrum.cli.run", "List, show, follow, cancel and retry runs."),
    "pool": ("rostrum.cli.pool", "Limits of pools: who holds slots, who waits; set limits while running."),
    "queue": ("rostrum.cli.queue", "What queued runs wait for; hold the queue, let it go on."),
    "webserver": ("rostrum.cli.webserver", "Serve the UI, the API and the gateway."),
    "daemon": ("rostrum.cli.daemon", "Run the daemon's loops."),
    "run-worker": ("rostrum.cli.run_worker", "Execute one launched run (what containers and schedulers start)."),
    "step-worker": ("rostrum.cli.step_worker", "Run one step of a run (what containers start)."),
    "code-server": ("rostrum.cli.code_server", "Serve one code location over gRPC."),
    "api": ("rostrum.cli.api", "Classic names of the processes (`api grpc`)."),
    "instance": ("rostrum.cli.instance", "Classic names of limits (`instance concurrency`)."),
    "user": ("rostrum.cli.user", "Manage local users and their API tokens."),
    "migrate": ("rostrum.cli.migrate", "Rewrite a project that was written for Dagster."),
    "completion": ("rostrum.cli.completion", "Print the shell completion script."),
}


class _LazyGroup(click.Group):
    """Lists commands without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        found = _COMMANDS.get(cmd_name)
        return importlib.import_module(found[0]).command if found else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, told) for name, (_, told) in _COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        import difflib

        if args and args[0] not in _COMMANDS:
            close = difflib.get_close_matches(args[0], _COMMANDS, n=1)
            hint = f" Did you mean {close[0]}?" if close else ""
            raise click.UsageError(f"There is no command {args[0]!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)


@click.command(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="rostrum")
def command() -> None:
    """Rostrum: declare data assets, ops, jobs, schedules and checks in Python; plan, run, watch and explain them."""


def main() -> None:
    """Entry point of `rostrum`."""
    run(command)


def run(group: click.Command, arguments: list[str] | None = None) -> None:
    """Run a command line (default: this process's): errors of ours are one clear message and exit status 1, never a
    traceback.
    """
    try:
        group(arguments, prog_name=group.name if group is not command else "rostrum", standalone_mode=False)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except RostrumError as error:
        click.secho(f"{type(error).__name__}: {error}", fg="red", err=True)
        sys.exit(1)
    except ModuleNotFoundError as error:
        hint = missing_extra(error)
        if hint is None:
            raise
        click.secho(f"{error}; {hint}", fg="red", err=True)
        sys.exit(1)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(141)


if __name__ == "__main__":
    main()
