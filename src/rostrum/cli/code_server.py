"""`rostrum code-server`: serve one code location over gRPC."""

from __future__ import annotations

import os
from pathlib import Path

import click

from rostrum.cli.options import code_options
from rostrum.config.workspace import LocationSpec
from rostrum.model.errors import ConfigError
from rostrum.service.signals import stop_on_signals


@click.group("code-server")
def command() -> None:
    """Serve one code location over gRPC."""


@command.command("start")
@code_options
@click.option(
    "-h",
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on; anything but loopback needs a token.",
)
@click.option("-p", "--port", type=int, help="TCP port.")
@click.option("-s", "--socket", "socket_path", help="Unix socket instead of a port.")
@click.option("-n", "--location-name", help="Name of the code location (default: the file's or module's).")
@click.option("--fork", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True)
@click.option("--watch", is_flag=True, help="Reload when files change.")
@click.option("--tls-certificate", default="", help="Certificate of the server (PEM file).")
@click.option("--tls-key", default="", help="Its key (PEM file).")
def start(
    locations: list[LocationSpec],
    host: str,
    port: int | None,
    socket_path: str | None,
    location_name: str | None,
    fork: str,
    watch: bool,
    tls_certificate: str,
    tls_key: str,
) -> None:
    """Serve until stopped. The token, where one is needed, comes from the variable ROSTRUM_CODE_SERVER_TOKEN."""
    import logging

    import msgspec

    from rostrum.codeserver.main import TOKEN_VARIABLE
    from rostrum.codeserver.server import CodeServerOptions, serve
    from rostrum.config.targets import code_target
    from rostrum.service.clock import SystemClock

    if len(locations) != 1:
        raise ConfigError(f"a code server serves one code location; {len(locations)} were named")
    if (port is None) == (socket_path is None):
        raise ConfigError("say where to listen: --port or --socket")
    options = CodeServerOptions(
        location=location_name or locations[0].name,
        target=msgspec.Raw(msgspec.json.encode(code_target(locations[0]))),
        address=f"unix:{Path(socket_path).absolute()}" if socket_path else f"{host}:{port}",
        fork=fork,
        watch=watch,
        tls_certificate=tls_certificate,
        tls_key=tls_key,
    )
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    stop = stop_on_signals()
    serve(options, SystemClock(), stop, token=os.environ.pop(TOKEN_VARIABLE, None))
