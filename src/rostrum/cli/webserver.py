"""`rostrum webserver`: UI, API and gateway as a service of its own."""

from __future__ import annotations

import click

from rostrum.cli.options import code_options, home_option
from rostrum.config.instance import Home, InstanceSettings
from rostrum.config.workspace import LocationSpec
from rostrum.service.signals import stop_on_signals, wait_for


@click.command("webserver")
@code_options
@home_option
@click.option("-h", "--host", help="Address (default 127.0.0.1). Anything but loopback needs a user.")
@click.option("-p", "--port", type=int, help="Port (default 3000; 0 chooses a free one).")
def command(
    locations: list[LocationSpec], home: Home, settings: InstanceSettings, host: str | None, port: int | None
) -> None:
    """Serve the UI, the API and the gateway; `rostrum daemon run` does the rest.

    One of those on a home folder also serves the gateway's unix socket there; when it ends, another one takes over.
    """
    from rostrum.cli.serving import ServerThread, bind
    from rostrum.config.code_locations import LocationClients
    from rostrum.config.daemon import gateway_heart
    from rostrum.config.deployment import open_control
    from rostrum.config.lock import hold_home
    from rostrum.config.web import gateway_only, web_app
    from rostrum.gateway.door import GatewayDoor
    from rostrum.gateway.sockets import bind_private_socket
    from rostrum.service.supervisor import Service, Supervisor

    stop = stop_on_signals()
    host = host or settings.web.host
    deployment = open_control(home, settings)
    clients = LocationClients(locations, home)
    deployment.events.start()
    listener = bind(host, settings.web.port if port is None else port)
    heart = Supervisor(deployment.storage, deployment.clock, [gateway_heart(deployment)])

    def serve_socket() -> list[Service]:
        socket = bind_private_socket(home.sockets / "gateway.sock")
        # Who serves the workers' address tells so: a heart elsewhere would say that they could be heard.
        return [ServerThread(gateway_only(deployment), socket, "gateway"), *([] if settings.gateway.url else [heart])]

    door = GatewayDoor(lambda: hold_home(home), serve_socket, deployment.clock)
    web = ServerThread(web_app(deployment, clients, host), listener, "web")
    parts: list[Service] = [web, door, *([heart] if settings.gateway.url else [])]
    try:
        for part in parts:
            part.start()
        if not door.is_open:
            click.echo(
                "another process serves the gateway's socket of this home; when it ends, this one will", err=True
            )
        click.echo(f"serving on http://{host}:{listener.getsockname()[1]}")
        wait_for(stop)
    finally:
        for part in reversed(parts):
            part.stop()
        deployment.events.stop()
        clients.close()
        deployment.storage.close()
