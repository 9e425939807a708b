"""Runs of scripts whose process is dead. Where a daemon runs its monitor ends them; where none does, whoever waits for
what they hold has to.
"""

from __future__ import annotations

import msgspec

from rostrum.config.deployment import Deployment
from rostrum.interfaces.launching import WorkerRef
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
