"""`rostrum step-worker`: run one attempt of one step in this process. Started by launchers of containers and pods."""

from __future__ import annotations

import sys
from typing import Any

import click
import msgspec

from rostrum.cli.worker_options import NOTHING_TO_DO, UNDELIVERED, code_of, worker_command

_TERMINATED = 143


@worker_command("step-worker")
def command(run_id: str | None, **code: Any) -> None:
    """Run one attempt of one step of a run.

    What it is to do comes from the environment: ROSTRUM_STEP_WORK beside what `rostrum run-worker` needs. A `.env` file
    here is read, and proxies are used as the environment says.

    Exit status: 0 how the step ended has been told to the gateway, 2 something is missing or wrong that this command
    was given, 3 nobody waits for this attempt (any more), 4 the gateway has not answered for two minutes (no code was
    called) or has not taken what was told, 143 it was made to end.
    """
    from rostrum.cli.worker_options import worker_orders
    from rostrum.codeserver import step_worker
    from rostrum.execution.workers.process_names import STEP, name_process
    from rostrum.execution.workers.remote_work import read_work
    from rostrum.interfaces.launching import GatewayAccess
    from rostrum.model.errors import ConfigError

    orders = worker_orders(run_id)
    if orders.work is None:
        raise ConfigError("ROSTRUM_STEP_WORK must be in the environment: a launcher starts this command and sets it")
    work = orders.work
    if orders.code is not None or any(
        code.values()
    ):  # where the code is here may differ from where the run worker has it
        told = read_work(work)
        target = code_of(orders.code, told.run.target.location, **code)
        work = msgspec.msgpack.encode(msgspec.structs.replace(told, target=target))
    name_process(STEP)
    how = step_worker.run_step_work(work, GatewayAccess(orders.gateway, orders.token), own=True)
    click.echo(how, err=True)
    codes = {
        step_worker.DONE: 0,
        step_worker.INTERRUPTED: _TERMINATED,
        step_worker.UNDELIVERED: UNDELIVERED,
    }
    sys.exit(codes.get(how, NOTHING_TO_DO))
