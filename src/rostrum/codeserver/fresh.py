"""A fresh process that imports the user's code, waits for one request, and becomes the worker or evaluator that was
asked for.

Used where forking is not safe: `python -m rostrum.codeserver.fresh <ZygoteOptions as JSON>`, `listener` being the
channel.
"""

from __future__ import annotations

import signal
import socket
import sys

import msgspec

from rostrum.codeserver.child import exit_after, live_as_evaluator, live_as_worker
from rostrum.codeserver.loading import Code, load
from rostrum.codeserver.messages import StartEvaluator, StartWorker, ZygoteOptions, receive
from rostrum.codeserver.sources import use_sources


def main(argument: str) -> None:
    """Load, wait, live."""
    options = msgspec.json.decode(argument, type=ZygoteOptions)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C in the terminal is for the command that started all this
    channel = socket.socket(fileno=options.listener)
    channel.set_inheritable(False)
    if options.sources >= 0:
        use_sources(options.sources)
    code = load(options.target)
    exit_after(lambda: _live(channel, code, options))


def _live(channel: socket.socket, code: Code, options: ZygoteOptions) -> int:
    request = receive(channel)
    if isinstance(request, StartEvaluator):
        _, descriptors, _, _ = socket.recv_fds(channel, 1, 1)
        channel.close()
        return live_as_evaluator(socket.socket(fileno=descriptors[0]), code)
    channel.close()
    if isinstance(request, StartWorker):
        return live_as_worker(request, code, options.workers_dir, may_fork=False)
    return 0  # the zygote has no use for us any more


if __name__ == "__main__":
    main(sys.argv[1])
