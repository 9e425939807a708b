"""`rostrum dev`: everything on this machine, in one command."""

from __future__ import annotations

import os
import threading
import time
from functools import partial
from typing import Any

import click

from rostrum.cli.options import code_options, home_option
from rostrum.config.instance import Home, InstanceSettings
from rostrum.config.workspace import LocationSpec
from rostrum.service.signals import stop_on_signals, wait_for

READY_SECONDS = 60.0
_LOOKS, _LOOK_SECONDS = 10, 0.3
"""For the end of a run to be stored."""
DEV_VARIABLE = "ROSTRUM_DEV"
"""Says to user code that it is loaded by this command."""


@click.command("dev")
@code_options
@home_option
@click.option("-h", "--host", help="Address of the UI (default 127.0.0.1). Anything but loopback needs a user.")
@click.option("-p", "--port", type=int, help="Port of the UI (default 3000; 0 chooses a free one).")
@click.option("--watch/--no-watch", default=True, show_default=True, help="Reload code when its files change.")
@click.option("--fork", type=click.Choice(["auto", "always", "never"]), default="auto", help="How work is started.")
@click.option(
    "--in-process",
    is_flag=True,
    help="For debugging: import the code and execute runs in this very process, so that breakpoints work.",
)
@click.option(
    "--demo", is_flag=True, help="When all is up, launch sources, a month of partitions, and what reads them."
)
@click.option("--json", "as_json", is_flag=True, help="Tell what is up as one JSON line.")
def command(
    locations: list[LocationSpec],
    home: Home,
    settings: InstanceSettings,
    host: str | None,
    port: int | None,
    watch: bool,
    fork: str,
    in_process: bool,
    demo: bool,
    as_json: bool,
) -> None:
    """UI, GraphQL API, daemon and code servers on an embedded database. Stop with Ctrl-C; runs in flight go on and are
    found again.
    """
    began = time.monotonic()
    from rostrum.cli.serving import ServerThread, bind
    from rostrum.config.code_locations import LocationClients, server_processes
    from rostrum.config.deployment import open_control
    from rostrum.config.lock import hold_home

    hold_home(home)
    os.environ[DEV_VARIABLE] = "1"  # user code may bring up to date what it is made of, such as a dbt manifest
    host = host or settings.web.host
    stop = stop_on_signals()
    deployment = open_control(home, settings)
    inside = _inside(locations, deployment.clock, watch=watch) if in_process else None
    servers = [] if inside else server_processes(locations, home, deployment.clock, watch=watch, fork=fork)
    for server in servers:
        server.start()  # user code is imported while the rest starts

    from rostrum.config.daemon import daemon
    from rostrum.config.web import gateway_only, web_app
    from rostrum.gateway.sockets import bind_private_socket

    clients: Any = inside or LocationClients(locations, home)
    started: list[Any] = []
    try:
        deployment.events.start()
        listener = bind(host, settings.web.port if port is None else port)
        web = ServerThread(web_app(deployment, clients, host), listener, "web")
        gateway = ServerThread(gateway_only(deployment), bind_private_socket(home.sockets / "gateway.sock"), "gateway")
        loops = daemon(deployment, clients, with_gateway=True, specs=locations)
        for part in (gateway, web, loops):
            part.start()
            started.append(part)
        shown = f"[{host}]" if ":" in host else host
        _announce(
            f"http://{shown}:{listener.getsockname()[1]}", locations, home, time.monotonic() - began, as_json=as_json
        )
        if demo:
            _demo(deployment, locations, stop)
        if inside:
            inside.runs.work(stop, partial(_tell_end, deployment))
        wait_for(stop)
        if not as_json:
            fate = (
                "A run in execution is cancelled."
                if inside
                else "Runs in flight go on; the next `rostrum dev` finds them."
            )
            click.echo(f"\nStopping. {fate}")
    finally:
        for part in reversed(started):
            part.stop()
        deployment.events.stop()
        clients.close()
        if inside:
            inside.stop()
        for server in servers:
            server.stop()
        deployment.storage.close()


def _inside(locations: list[LocationSpec], clock: Any, *, watch: bool) -> Any:
    """The code, imported here: the daemon may ask for it from its first moment on."""
    from rostrum.config.in_process import InProcessLocations

    inside = InProcessLocations(locations, clock, watch=watch)
    inside.start()
    return inside


def _announce(url: str, locations: list[LocationSpec], home: Home, seconds: float, *, as_json: bool) -> None:
    if as_json:
        import msgspec

        ready = {
            "url": url,
            "pid": os.getpid(),
            "home": str(home.folder),
            "locations": [spec.name for spec in locations],
        }
        click.echo(msgspec.json.encode(ready).decode())
        return
    click.echo(
        f"{click.style('Rostrum', bold=True)} is up in {seconds:.1f} s:  {click.style(url, fg='cyan', underline=True)}"
    )
    click.echo(f"  code  {', '.join(spec.name for spec in locations)}")
    click.echo(f"  home  {home.folder}")


def _tell_end(deployment: Any, run_id: str) -> None:
    """How a run that was executed here has ended: whoever sits at this terminal sees why it failed."""
    from rostrum.cli.output import status_text, target_text
    from rostrum.cli.run_events import print_error

    run, bell = None, deployment.doorbell.count("events")
    for _ in range(_LOOKS):
        with deployment.storage.begin() as session:
            run = session.runs.get(run_id)
        if run is None or run.is_finished:
            break
        bell = deployment.doorbell.wait("events", bell, _LOOK_SECONDS)
    if run is None:
        return
    click.echo(f"{status_text(run)}  {target_text(run)}  {run_id}")
    if run.error is not None:
        print_error(run.error)


def _demo(deployment: Any, locations: list[LocationSpec], stop: threading.Event) -> None:
    from rostrum.cli.demo import launch_demo

    launch_demo(deployment, [spec.name for spec in locations], stop, READY_SECONDS)
