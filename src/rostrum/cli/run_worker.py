"""`rostrum run-worker`: execute one run in this process. Started by launchers of containers and pods, by schedulers."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from rostrum.cli.worker_options import NOTHING_TO_DO, code_of, worker_command


@worker_command("run-worker")
def command(run_id: str | None, **code: Any) -> None:
    """Execute a run that has been launched.

    The address of the gateway and the run's token come from the environment (ROSTRUM_GATEWAY, ROSTRUM_RUN_TOKEN,
    ROSTRUM_RUN_ID); a `.env` file here is read, and proxies are used as the environment says. All else is asked of the
    gateway. The code is what the options name, else what ROSTRUM_CODE says, else what is found here.

    Exit status: 0 the run succeeded, 1 it did not, 2 something is missing or wrong that this command was given, 3 there
    is nothing to execute (any more), 4 the gateway does not answer.
    """
    import contextlib
    import logging

    import msgspec

    from rostrum.cli.worker_options import worker_orders
    from rostrum.codeserver.bootstrap import ask_for_run
    from rostrum.codeserver.loading import load
    from rostrum.codeserver.worker import run_worker
    from rostrum.execution import fork_safety
    from rostrum.model.errors import Denied, Fenced, NotFound
    from rostrum.service.clock import SystemClock
    from rostrum.service.own_folders import own_folder

    orders = worker_orders(run_id)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    told = os.environ.get("ROSTRUM_SPOOL_DIR")
    with contextlib.nullcontext(told) if told else own_folder("run-worker") as spool:
        try:
            spec = ask_for_run(orders, SystemClock(), str(spool))
        except (Fenced, NotFound, Denied) as error:
            click.secho(f"{type(error).__name__}: {error}", fg="red", err=True)
            sys.exit(NOTHING_TO_DO)
        sockets = fork_safety.open_sockets()
        loaded = load(msgspec.Raw(msgspec.json.encode(code_of(orders.code, spec.run.target.location, **code))))
        verdict = fork_safety.judge(fork_safety.look(sockets), "auto")
        status = run_worker(spec, loaded, may_fork=verdict == fork_safety.FORK)
    sys.exit(status)
