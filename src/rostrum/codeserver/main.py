"""Main of a code server process: `python -m rostrum.codeserver.main <CodeServerOptions as JSON> [lifeline
descriptor]`.

Ends on SIGTERM or SIGINT, or when its lifeline (a pipe from whoever started it) ends. The token comes in the
environment variable ROSTRUM_CODE_SERVER_TOKEN and is removed from it before anything of the user's is started.
"""

from __future__ import annotations

import logging
import os
import sys
import threading

import msgspec

from rostrum.codeserver.server import CodeServerOptions, serve
from rostrum.model.errors import RostrumError
from rostrum.service.clock import SystemClock
from rostrum.service.signals import stop_on_signals

TOKEN_VARIABLE = "ROSTRUM_CODE_SERVER_TOKEN"  # noqa: S105 - the name of a variable


def main(arguments: list[str]) -> int:
    """Serve until told to stop. Returns the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    options = msgspec.json.decode(arguments[0], type=CodeServerOptions)
    token = os.environ.pop(TOKEN_VARIABLE, None)
    stop = stop_on_signals()
    if len(arguments) > 1:
        _hold_lifeline(int(arguments[1]), stop)
    try:
        serve(options, SystemClock(), stop, token=token)
    except RostrumError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _hold_lifeline(descriptor: int, stop: threading.Event) -> None:
    """Stop when the other end of the pipe is closed, which a killed parent does too."""
    os.set_inheritable(descriptor, False)

    def wait() -> None:
        os.read(descriptor, 1)
        stop.set()

    threading.Thread(target=wait, name="lifeline", daemon=True).start()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
