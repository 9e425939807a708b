"""`rostrum daemon`: the loops as a service of their own."""

from __future__ import annotations

import click

from rostrum.cli.options import code_options, home_option
from rostrum.config.instance import Home, InstanceSettings
from rostrum.config.workspace import LocationSpec
from rostrum.service.signals import stop_on_signals, wait_for


@click.group("daemon")
def command() -> None:
    """Run the daemon's loops."""


@command.command("run")
@code_options
@home_option
@click.option(
    "--code-servers/--no-code-servers",
    default=True,
    show_default=True,
    help="Start code servers for locations that are files or modules.",
)
def run(locations: list[LocationSpec], home: Home, settings: InstanceSettings, code_servers: bool) -> None:
    """Launch queued runs, evaluate schedules, watch runs and code locations. Any number of daemons is safe.

    Code servers of files and modules are started by one of them: pass --no-code-servers to the others.
    """
    import logging

    from rostrum.config.code_locations import LocationClients, server_processes
    from rostrum.config.daemon import daemon
    from rostrum.config.deployment import open_control

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    stop = stop_on_signals()
    deployment = open_control(home, settings)
    servers = server_processes(locations, home, deployment.clock, watch=False) if code_servers else []
    for server in servers:
        server.start()
    clients = LocationClients(locations, home)
    loops = daemon(deployment, clients, with_gateway=False, specs=locations)
    try:
        loops.start()
        click.echo("daemon is up")
        wait_for(stop)
    finally:
        loops.stop()
        clients.close()
        for server in servers:
            server.stop()
        deployment.storage.close()
