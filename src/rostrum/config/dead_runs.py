"""Runs that are ended without a daemon: those of scripts whose process is dead, by whoever waits for what they hold,
and those that somebody ends by force.
"""

from __future__ import annotations

import msgspec

from rostrum.config.deployment import Deployment
from rostrum.config.spools import drain
from rostrum.interfaces.launching import WorkerRef
from rostrum.model.events import RunCanceled
from rostrum.model.runs import Run
from rostrum.service.processes import LocalProcesses

IN_PROCESS = frozenset({"script", "cli"})
"""Launchers of runs that their own caller executes."""


def end_dead_runs(deployment: Deployment) -> int:
    """Fail runs in progress that a process of this host executed which is gone; returns how many."""
    processes, ended = LocalProcesses(), 0
    with deployment.storage.begin() as session:
        runs = [run for run in session.runs.in_progress() if run.worker is not None]
    for run in runs:
        ref = msgspec.convert(run.worker, WorkerRef)
        if ref.launcher in IN_PROCESS and processes.status(ref).state == "exited":
            message = f"the process that executed it, {ref.pid} on {ref.host}, has ended"
            deployment.runs.fail(run.run_id, "worker_died", message, epoch=run.epoch)
            ended += 1
    return ended


def end_by_force(deployment: Deployment, run: Run) -> Run:
    """End a cancelled run whose worker is a process of this host: kill it, store what it had accepted, then say so.
    Others are left to the daemon, which can reach them. Needs no daemon, and does no harm beside one.
    """
    processes = LocalProcesses()
    ref = msgspec.convert(run.worker, WorkerRef) if run.worker is not None else None
    if ref is None or not processes.is_here(ref):
        return run
    processes.terminate(ref, force=True)
    drain(deployment, run)
    return deployment.runs.finish(run.run_id, RunCanceled(at=deployment.clock.now()), epoch=run.epoch)
